"""How fast frames become a GIF, beside matplotlib's own way, and what the files are like.

    python benchmarks/animation.py [--rounds N] [--scene NAME] [--scale N]

120 frames of a scene at 640×480 and at 1280×960, each job in a fresh process of one thread. Counted is the processor
time of all of it but imports: building the figure, drawing, choosing the palette, writing the file and reading it back.
Matplotlib's way is `FuncAnimation` with `PillowWriter` on the same figure, whose artists are updated, never cleared.
Nothing is trained: the weights are made up.

The scene "weights" is drawn without ticks, which makes it light for matplotlib too. "ticks" is the same with ticks,
numbers and frames around its matrices, as heat maps are usually drawn.

Errors are differences of one color channel, 0 to 255, between a frame of the GIF and the frame that was drawn, which
the tests hold to be what matplotlib draws. Files are compared with what `gifsicle -O3` makes of the same frames.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

FRAMES, DELAY = 120, 5
SPEED = {("weights", 1): 40, ("ticks", 1): 40, ("fit", 1): 28, ("weights", 2): 32, ("ticks", 2): 32, ("fit", 2): 22}
"""How many times as fast as matplotlib a scene must be at a scale."""
MEMORY = {1: 110, 2: 130}
BYTES, ERROR, TEXT_ERROR = 1.05, 18, 6
PSNR = {"weights": 50, "ticks": 50, "fit": 64}


def panels(scene: str) -> Any:
    """One network, with the data of a default run: weights that wander and shrink, or a line that comes to the data."""
    import numpy as np

    from reportgen.pictures.picture import Panel
    from reportgen.training.run import Run
    from reportgen.training.trajectory import Trajectory

    run, rng = Run(), np.random.default_rng(0)
    kernels, biases = run.initial_weights()
    fade = np.linspace(1, 0, FRAMES) ** 1.5

    def wandering(start: Any, pace: float) -> Any:
        walk = rng.normal(0, pace, (FRAMES, *start.shape)).cumsum(axis=0)
        return ((start + walk) * fade.reshape(-1, *[1] * start.ndim)).astype(np.float32)

    def even(shape: tuple[int, ...], values: Any) -> Any:
        return np.broadcast_to(values.reshape(-1, *[1] * len(shape)), (FRAMES, *shape)).astype(np.float32)

    if scene == "fit":
        # In sight and in motion to the end. A slope is the product of all layers, summed over their 10 units.
        slope = 2 - 1.7 * fade + 0.05 * np.sin(np.arange(FRAMES))
        level, width = (slope / 1000) ** (1 / len(kernels)), 1 + 4 * fade
        moving = tuple(even(kernel.shape, level) for kernel in kernels)
        resting = [even(bias.shape, 0 * width) for bias in biases[:-1]]
        offsets = (*resting, even(biases[-1].shape, width))
    else:
        moving = tuple(wandering(kernel, 0.03) for kernel in kernels)
        offsets = tuple(wandering(bias, 0.01) for bias in biases)
    steps = np.arange(FRAMES, dtype=np.int32) * 40
    trajectory = Trajectory(source=run, steps=steps, kernels=moving, biases=offsets, loss=None, penalty=None)
    return (Panel(title="", trajectory=trajectory),)


def made(scene: str) -> Any:
    """The scene of that name."""
    from reportgen.pictures.scenes import scenes

    drawn = scenes["weights" if scene == "ticks" else scene](panels(scene))
    if scene == "ticks":
        for axes in drawn.figure.axes:
            axes.set_axis_on()
            axes.grid(visible=False)
    return drawn


def ours(scene: str, scale: int) -> bytes:
    from reportgen.pictures.formats import formats
    from reportgen.pictures.palette import Palette
    from reportgen.pictures.raster import Raster

    raster = Raster(made(scene), scale)
    sample = sorted({round(i * (raster.count - 1) / 19) for i in range(20)})
    palette = Palette.from_frames(raster.frames(sample), raster.colormap)
    return formats["gif"]().encode(raster.frames(), palette, [DELAY] * FRAMES)


def theirs(scene: str, scale: int) -> bytes:
    from matplotlib.animation import FuncAnimation, PillowWriter
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    drawn = made(scene)
    drawn.figure.set_dpi(96 * scale)
    FigureCanvasAgg(drawn.figure)
    moving = FuncAnimation(drawn.figure, drawn.show, frames=FRAMES, blit=False, cache_frame_data=False)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "theirs.gif"
        moving.save(file, PillowWriter(fps=100 // DELAY))
        return file.read_bytes()


def job(way: str, scene: str, scale: int, out: Path) -> None:
    """Do one job in this process; print its seconds and the most memory, in MB, that the process ever had."""
    from PIL import Image

    from reportgen.pictures import style

    # What each way needs is loaded before the clock starts.
    Image.preinit()
    if way == "ours":
        from reportgen.pictures.formats import formats

        formats["gif"]
    else:
        import matplotlib.animation  # noqa: F401
    with style.look():
        made(scene)
        began = time.process_time()
        data = {"ours": ours, "theirs": theirs}[way](scene, scale)
        took = time.process_time() - began
    out.write_bytes(data)
    print(json.dumps({"seconds": took, "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000}))


def errors(scene: str, scale: int, file: Path) -> None:
    """Print how far the frames of a file are from those drawn: anywhere, on letters, and on the whole."""
    import numpy as np
    from matplotlib.text import Text
    from PIL import Image, ImageSequence

    from reportgen.pictures import style
    from reportgen.pictures.raster import Raster

    largest, on_text, total = 0, 0, 0.0
    with style.look(), Image.open(file) as gif:
        drawn = made(scene)
        raster = Raster(drawn, scale)
        frames = raster.frames()
        for image, frame in zip(ImageSequence.Iterator(gif), frames, strict=True):
            exact = frame.copy().view(np.uint8).reshape(*frame.shape, 4)[..., :3].astype(np.int32)
            off = np.abs(np.asarray(image.convert("RGB")).astype(np.int32) - exact)
            largest, total = max(largest, int(off.max())), total + float((off**2).mean())
            renderer = drawn.figure.canvas.get_renderer()
            for text in drawn.figure.findobj(Text):
                if text.get_visible() and text.get_text():
                    box = text.get_window_extent(renderer).extents.round().astype(int).clip(0)
                    letters = off[::-1][box[1] : box[3], box[0] : box[2]]
                    on_text = max(on_text, int(letters.max(initial=0)))
    psnr = 10 * np.log10(255**2 / max(total / FRAMES, 1e-9))
    print(json.dumps({"largest": largest, "text": on_text, "psnr": float(psnr)}))


def alone(*arguments: object) -> dict[str, float]:
    """What one fresh process says that has one thread and our package, wherever it lies."""
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    environment = {**os.environ, **one, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    command = [sys.executable, __file__, "--alone", *map(str, arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, arguments))} failed:\n{done.stderr[-3000:]}")
    answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return answer


def optimized(file: Path) -> int:
    """Bytes of the same frames as `gifsicle -O3` writes them; 0 if it is not here."""
    if not shutil.which("gifsicle"):
        return 0
    return len(subprocess.run(["gifsicle", "-O3", file], capture_output=True, check=True).stdout)


def measured(scene: str, scale: int, rounds: int, folder: Path) -> list[tuple[str, str, str, bool]]:
    """Rows of a table: what, how much, the target, and whether it is met."""
    file, other = folder / "ours.gif", folder / "theirs.gif"
    answers = []
    for _ in range(rounds):
        # One after the other, so that a busy minute slows both.
        answers.append((alone("theirs", scene, scale, other), alone("ours", scene, scale, file)))
    seconds = [statistics.median(pair[way]["seconds"] for pair in answers) for way in (0, 1)]
    memory = [statistics.median(pair[way]["memory"] for pair in answers) for way in (0, 1)]
    ratio = statistics.median(slow["seconds"] / fast["seconds"] for slow, fast in answers)
    off, size, least = alone("errors", scene, scale, file), file.stat().st_size, optimized(file)
    speed = SPEED[scene, scale]
    return [
        ("matplotlib", f"{seconds[0]:.2f} s", "", True),
        ("ours", f"{seconds[1]:.2f} s = {ratio:.1f}×", f"≥ {speed}×", ratio >= speed),
        ("peak memory of matplotlib", f"{memory[0]:.0f} MB", "", True),
        ("peak memory of ours", f"{memory[1]:.0f} MB", f"≤ {MEMORY[scale]} MB", memory[1] <= MEMORY[scale]),
        ("file of matplotlib", f"{other.stat().st_size / 1000:,.0f} kB", "", True),
        ("file of ours", f"{size / 1000:,.0f} kB", "", True),
        ("of gifsicle -O3", f"{size / least:.3f}×", f"≤ {BYTES}×", size <= BYTES * least)
        if least
        else ("of gifsicle -O3", "not installed", "", True),
        ("largest error", f"{off['largest']}", f"≤ {ERROR}", off["largest"] <= ERROR),
        ("largest error on text", f"{off['text']}", f"≤ {TEXT_ERROR}", off["text"] <= TEXT_ERROR),
        ("PSNR", f"{off['psnr']:.1f} dB", f"≥ {PSNR[scene]} dB", off["psnr"] >= PSNR[scene]),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1, help="how often each job is done")
    parser.add_argument("--scene", choices=sorted(PSNR), help="only this one")
    parser.add_argument("--scale", type=int, choices=sorted(MEMORY), help="only this one: 1 is 640×480, 2 is 1280×960")
    parser.add_argument("--alone", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.alone:
        way, scene, scale, file = given.alone
        if way == "errors":
            return errors(scene, int(scale), Path(file))
        return job(way, scene, int(scale), Path(file))

    with tempfile.TemporaryDirectory() as folder:
        for scene, scale in SPEED:
            if given.scene in (None, scene) and given.scale in (None, scale):
                print(f"\n{scene}, {640 * scale}×{480 * scale}, {FRAMES} frames")
                for name, value, target, met in measured(scene, scale, given.rounds, Path(folder)):
                    print(
                        f"  {name:27} {value:>17}  {target:>9}  {'' if not target else 'met' if met else 'FALLS SHORT'}"
                    )


if __name__ == "__main__":
    main()
