"""What a page shows, and who makes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from typing import Any, ClassVar

import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from PIL import Image

from reportgen.executors import Workers, executors
from reportgen.experiment import Experiment
from reportgen.pictures import style
from reportgen.pictures.formats import formats
from reportgen.pictures.palette import Palette
from reportgen.pictures.picture import Animation, Panel, Picture
from reportgen.pictures.raster import Pixels
from reportgen.pictures.scenes import scenes
from reportgen.pictures.stills import figures
from reportgen.sections import Section, Trained, sections
from reportgen.sections.claims import Claim
from reportgen.sections.helpers import article_animation, trained_arm
from reportgen.training.run import Run


@figures.register("ranked")
def ranked(groups: Sequence[Mapping[str, Any]]) -> Figure:
    """A line for each group, its values in falling order."""
    figure = style.blank_figure(200)
    axes = figure.subplots()
    for group in groups:
        axes.plot(np.sort(group["values"])[::-1])
    return figure


@scenes.register("largest_weight")
class LargestWeight:
    """A bar as high as the largest weight."""

    of_training: ClassVar[bool] = True

    def __init__(self, panels: Sequence[Panel], counter: bool = True) -> None:
        trajectory = panels[0].trajectory
        self.frames = len(trajectory.steps)
        self._sizes = [max(float(abs(w[i]).max()) for w in trajectory.kernels) for i in range(self.frames)]
        self.figure = Figure((2, 1))
        axes = self.figure.subplots()
        axes.set(ylim=(0, max(self._sizes)))
        (self._bar,) = axes.bar([0], [0])
        self.moving: Sequence[Artist] = [self._bar]

    def show(self, frame: int) -> None:
        self._bar.set_height(self._sizes[frame])


@dataclass(frozen=True)
class LargestFindings:
    """What the section found."""

    most: float
    penalties: list[str]


@sections.register("largest")
class Largest(Section[LargestFindings]):
    """The largest weight of each arm."""

    title = "The largest weight"
    claims = (Claim(name="some-weight-is-large", test=lambda f: f.most > 0.1),)

    def runs(self, e: Experiment) -> Iterable[Run]:
        return [run for arm in e.arms for run in e.arm_runs(arm)]

    def study(self, e: Experiment) -> Any:
        return {"penalties": [type(arm.penalty).__name__ for arm in e.arms]}

    def findings(self, e: Experiment, trained: Trained, study: Any) -> LargestFindings:
        sizes = [[float(abs(w).max()) for w in t.at(-1)[0]] for arm in e.arms for t in trained_arm(e, arm, trained)]
        return LargestFindings(most=max(map(max, sizes)), **study)

    def media(
        self, e: Experiment, trained: Trained, study: Any, findings: LargestFindings
    ) -> Iterable[Picture | Animation]:
        first = trained_arm(e, e.arms[-1], trained)[0]
        values = np.concatenate([abs(w).ravel() for w in first.at(-1)[0]])
        yield Picture(name="ranked", figure="ranked", inputs={"groups": [{"values": values}]}, alt="Falling sizes.")
        yield article_animation("largest", ["largest_weight"], [Panel(title="far", trajectory=first)], "A bar grows.")


@formats.register("tiff")
class Tiff:
    """All frames in one file for printers."""

    suffix = "tiff"
    media_type = "image/tiff"
    always = False

    def encoder_identity(self) -> str:
        return ""

    def check_available(self) -> None:
        pass

    def encode(self, frames: Iterable[Pixels], palette: Palette, delays: Sequence[int]) -> bytes:
        first, *others = (Image.fromarray(f.view(np.uint8).reshape(*f.shape, 4)).convert("RGB") for f in frames)
        out = BytesIO()
        first.save(out, "tiff", save_all=True, append_images=others, compression="tiff_deflate")
        return out.getvalue()


@executors.register("thread")
class Thread(Workers):
    """A thread of this process."""

    workers = 1

    def __init__(self) -> None:
        super().__init__()
        self._pool = ThreadPoolExecutor(1)

    def submit(self, task: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        return self._pool.submit(task, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._pool.shutdown(wait, cancel_futures=cancel_futures)
