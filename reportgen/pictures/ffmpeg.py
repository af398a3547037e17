"""Films by ffmpeg, a program that may be missing, and that is not believed.

With a full disk it has been seen to write seven of thirty frames and to exit with 0. So a film counts only if ffmpeg
exits with 0, complains of nothing, and decodes what it wrote to as many frames, as large, for as long.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path
from threading import Event, Thread
from typing import IO, Any

import numpy as np
from matplotlib.colors import to_rgb

from reportgen.errors import FULL, MachineError
from reportgen.pictures import style
from reportgen.pictures.raster import Pixels

GET_IT = "pip install 'reportgen[video]'"

_PATIENCE = 120.0
"""Seconds without a frame taken or a word said, after which ffmpeg counts as hanging."""

_SLOWEST = 20
"""Hundredths of a second that a frame may last; players are not made for films of one frame in ten seconds."""

# Two threads write other bytes than one, and bitexact leaves the date and the version out.
_REPEATABLE = ["-threads", "1", "-filter_threads", "1", "-fflags", "+bitexact", "-flags:v", "+bitexact"]
# Films store brightness and colour apart; without the label players guess the rule by the size of the picture.
_COLOURS = [
    "-vf",
    "scale=out_color_matrix=bt709:out_range=tv:flags=bicubic+accurate_rnd+full_chroma_int+bitexact,format=yuv420p",
    *("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv"),
]


def check_encoder(kind: str, encoder: str) -> None:
    """Raise `MachineError`, which says how to get it, unless there is an ffmpeg with `encoder`."""
    known = _run([_program(kind), "-v", "error", "-encoders"], kind)
    if f" {encoder} ".encode() not in known:
        raise _missing(f"{kind} needs an ffmpeg with {encoder}, which this one is without; {GET_IT} brings one")


@cache
def identity() -> str:
    """The version and the libraries of the ffmpeg that films are made with; "none" if there is none."""
    try:
        said = _run([_program("film"), "-version"], "film").decode(errors="replace")
    except MachineError:
        return "none"
    return " ".join(line for line in said.splitlines() if line.startswith(("ffmpeg version", "lib")))


def film(kind: str, codec: Sequence[str], frames: Iterable[Pixels], delays: Sequence[int]) -> bytes:
    """A film of frames with `delays` in hundredths of a second, of which all but the last are equal.

    `kind` is the suffix of its file. A film has one rate, so the last frame is repeated for as long as it is held.
    Sides of an odd length get a line of paper, for colours are stored for two by two pixels.
    """
    repeats = -(-delays[0] // _SLOWEST)
    rate = Fraction(100 * repeats, delays[0])
    counts = [repeats] * (len(delays) - 1) + [max(1, round(delays[-1] * rate / 100))]
    padded = (_even(frame) for frame in frames)
    first = next(padded)
    height, width = first.shape
    program = _program(kind)
    with tempfile.TemporaryDirectory(prefix="reportgen-") as folder:
        file = str(Path(folder) / f"film.{kind}")
        size = ["-video_size", f"{width}x{height}", "-framerate", str(rate)]
        pixels = ["-f", "rawvideo", "-pix_fmt", "rgb0", *size, "-i", "pipe:0"]
        command = [program, "-v", "error", *pixels, *_COLOURS, *codec, *_REPEATABLE, "-map_metadata", "-1", file]
        _run(command, kind, _repeated(first, padded, counts))
        _check(program, kind, file, (width, height), sum(counts), sum(counts) / rate)
        return Path(file).read_bytes()


def even(width: int, height: int) -> tuple[int, int]:
    """The size of a film of pictures of that size."""
    return width + width % 2, height + height % 2


def _even(frame: Pixels) -> Pixels:
    height, width = frame.shape
    if height % 2 == width % 2 == 0:
        return frame
    red, green, blue = (round(255 * share) for share in to_rgb(style.PAPER))
    paper = np.uint32(red | green << 8 | blue << 16 | 255 << 24)
    return np.pad(frame, ((0, height % 2), (0, width % 2)), constant_values=paper)


def _repeated(first: Pixels, others: Iterable[Pixels], counts: Sequence[int]) -> Iterator[memoryview]:
    """The bytes of each frame, as often as it is shown."""

    def frames() -> Iterator[Pixels]:
        yield first
        yield from others

    for frame, count in zip(frames(), counts, strict=True):
        for _ in range(count):
            yield np.ascontiguousarray(frame, "<u4").data.cast("B")


def _program(kind: str) -> str:
    """The ffmpeg to use: what the environment names, what imageio-ffmpeg brings, or one on the path."""
    try:
        import imageio_ffmpeg
    except ImportError:
        raise _missing(f"{kind} needs ffmpeg, which comes with {GET_IT}") from None
    try:
        given = imageio_ffmpeg.get_ffmpeg_exe()
    except RuntimeError:
        raise _missing(f"{kind} needs ffmpeg, of which imageio-ffmpeg has none for this machine") from None
    # A program of that name in the working folder is not the one that is meant.
    places = filter(os.path.isabs, os.environ.get("PATH", os.defpath).split(os.pathsep))
    found: str | None = shutil.which(given, path=os.pathsep.join(places))
    if found is None:
        raise _missing(f"{kind} needs ffmpeg, and there is no program {given} (IMAGEIO_FFMPEG_EXE)")
    return str(Path(found).absolute())


def _missing(what: str) -> MachineError:
    return MachineError(what, code="RG303")


def _check(program: str, kind: str, file: str, size: tuple[int, int], frames: int, seconds: Fraction) -> None:
    """Decode a film and compare what a player gets with what was meant."""
    answer = _run([program, "-v", "error", "-threads", "1", "-i", file, "-f", "framecrc", "pipe:1"], kind)
    try:
        table = answer.decode()
        heads = dict(line[1:].split(": ", 1) for line in table.splitlines() if line.startswith("#"))
        rows = [line.split(",") for line in table.splitlines() if line and not line.startswith("#")]
        end = sum(int(number) for number in rows[-1][2:4]) * Fraction(heads["tb 0"]) if rows else Fraction(0)
    except (ValueError, LookupError, ArithmeticError) as error:
        raise _missing(f"{program} does not answer as ffmpeg does; install ffmpeg, or {GET_IT}") from error
    found = heads.get("dimensions 0", "").strip(), len(rows)
    # Times in a WebM are whole milliseconds.
    if found != ("{}x{}".format(*size), frames) or abs(end - seconds) > Fraction(1, 200):
        raise MachineError(
            f"ffmpeg was to write {frames} frames of {size[0]}×{size[1]} in {float(seconds):.2f} s as {kind}, "
            f"and the file decodes to {len(rows)} of {found[0].replace('x', '×') or 'no size'} in {float(end):.2f} s",
            code="RG303",
        )


def _run(command: Sequence[str], kind: str, chunks: Iterable[memoryview] = ()) -> bytes:
    """What ffmpeg writes to standard output, given `chunks`; raises `MachineError` unless all is well."""
    quiet = {name: value for name, value in os.environ.items() if name != "FFREPORT"}  # it would leave a log file
    pipe = subprocess.PIPE
    try:
        process: Any = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=quiet)  # noqa: S603  # no shell
    except OSError as error:
        raise _missing(f"{kind} needs ffmpeg, and {command[0]} does not start: {error.strerror}") from error
    with process:
        said, wrote, alive = bytearray(), bytearray(), Event()
        readers = [
            Thread(target=_keep, args=(process.stderr, said, 10_000, alive), daemon=True),
            Thread(target=_keep, args=(process.stdout, wrote, 1 << 30, alive), daemon=True),
        ]
        watch = Thread(target=_watch, args=(process, alive), daemon=True)
        for thread in (*readers, watch):
            thread.start()
        try:
            for chunk in chunks:
                process.stdin.write(chunk)
                alive.set()
        except BrokenPipeError:
            pass  # it has ended, and says why
        except BaseException:
            process.kill()
            raise
        finally:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
            for thread in (watch, *readers):
                thread.join()
    complaint = _complaint(process.returncode, said.decode(errors="replace"))
    if complaint:
        if any(os.strerror(number) in complaint for number in FULL):
            raise MachineError(f"disk full writing {kind} in {tempfile.gettempdir()}: {complaint}", code="RG301")
        raise MachineError(f"ffmpeg could not make the {kind}: {complaint}", code="RG303")
    return bytes(wrote)


def _keep(stream: IO[bytes], kept: bytearray, most: int, alive: Event) -> None:
    """Read a stream to its end, lest its writer waits, and keep its beginning."""
    while block := os.read(stream.fileno(), 65536):
        alive.set()
        kept += block[: most - len(kept)]


def _watch(process: subprocess.Popen[bytes], alive: Event) -> None:
    """Wait for the end of a process, and bring it about if nothing happens."""
    while process.poll() is None:
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            if not alive.is_set():
                process.kill()
            alive.clear()


def _complaint(code: int, said: str) -> str:
    """What went wrong, in one line; nothing if nothing did."""
    lines = [line.split("] ", 1)[-1] for line in said.splitlines() if line.strip()]
    full = [line for line in lines if any(os.strerror(number) in line for number in FULL)]
    if lines:
        line = (full or lines)[0]
        return line if len(line) <= 200 else f"{line[:200]}…"
    if code < 0:
        return f"it was ended by {signal.Signals(-code).name}"
    return f"it left with {code} and without a word" if code else ""
