"""Experiments: what is compared, as a value, and the TOML file it is written in.

Settings, their limits and the messages about mistakes in them belong here. Computation does not.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from dataclasses import field
from typing import Annotated, Any

from pydantic import Field

from reportgen.datasets import Dataset
from reportgen.datasets.line import Line
from reportgen.datasets.table import TableFile
from reportgen.errors import ExperimentError, did_you_mean
from reportgen.experiment import limits
from reportgen.experiment.animation_settings import AnimationSettings
from reportgen.experiment.site_settings import Date, Language, SiteSettings, Tags
from reportgen.losses import loss_of
from reportgen.penalties import Penalty
from reportgen.penalties.none import NoPenalty
from reportgen.plugins import Plugin
from reportgen.registry import Registry
from reportgen.tables.study_settings import StudySettings
from reportgen.training.network import Network
from reportgen.training.run import Optimizer, Recording, Run, Step, Training
from reportgen.values import Abstract, Label, checked, short_repr

SECTIONS_PACKAGE = "reportgen.sections.kinds"
FORMATS_PACKAGE = "reportgen.pictures.formats"

MOST_ARMS = 40
"""The most arms of an experiment: every arm is compared with every other, and pictures have seven colors."""


def _own() -> Any:
    """A field of an arm that takes the place of a field of the experiment; None leaves that."""
    return field(default=None, metadata={"described": "if set", "own": True})


def _is_own(part: dataclasses.Field[Any]) -> bool:
    return bool(part.metadata.get("own"))


@checked
class Arm:
    """Runs that differ only by seed. Arms differ by their penalty, and by the settings of network and training that an
    arm has of its own; everything else is the experiment's."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,40}$")]
    """Unique; used in file names."""
    label: Annotated[Label, Field(max_length=60)] = ""
    """The name of the arm in the report; `name` by default."""
    penalty: Penalty = field(default_factory=NoPenalty)
    strength: Annotated[float, Field(ge=0)] = 0.0
    """Weight of the penalty in the cost, λ."""
    step: Step = "subgradient"
    """Part of the gradient, or a proximal step after each update."""
    hidden: Annotated[tuple[Annotated[int, Field(ge=1, le=4096)], ...], Field(max_length=32)] | None = _own()
    """The units of each hidden layer in this arm, in place of those in `[network]`."""
    dropout: Annotated[float, Field(ge=0, lt=1)] | None = _own()
    """Dropout in this arm, in place of that in `[network]`."""
    optimizer: Optimizer | None = _own()
    """The optimizer of this arm, in place of that in `[training]`."""
    learning_rate: Annotated[float, Field(gt=0)] | None = _own()
    """The learning rate of this arm, in place of that in `[training]`."""
    weight_decay: Annotated[float, Field(ge=0)] | None = _own()
    """Decoupled weight decay in this arm, in place of that in `[training]`."""
    early_stopping: Annotated[int, Field(ge=0)] | None = _own()
    """Patience of early stopping in this arm, in epochs, in place of that in `[training]`; 0 does not stop early."""

    def __post_init__(self) -> None:
        if self.strength and isinstance(self.penalty, NoPenalty):
            raise ExperimentError(f"strength must be 0 without a penalty, got {self.strength}")
        if not self.label:
            object.__setattr__(self, "label", self.name)

    @property
    def own_settings(self) -> dict[str, Any]:
        """The settings of network and training that the arm has of its own, by name; empty if only the penalty is."""
        values = {part.name: getattr(self, part.name) for part in dataclasses.fields(self) if _is_own(part)}
        return {name: value for name, value in values.items() if value is not None}

    def applied_to(self, run: Run) -> Run:
        """`run` with the penalty and the own settings of the arm; seeds, data and recording stay."""

        def own_fields(part: Any) -> dict[str, Any]:
            return {name: value for name, value in self.own_settings.items() if hasattr(part, name)}

        return dataclasses.replace(
            run,
            network=dataclasses.replace(run.network, **own_fields(run.network)),
            training=dataclasses.replace(run.training, **own_fields(run.training)),
            penalty=self.penalty,
            strength=self.strength,
            step=self.step,
        )


@checked
class Runs:
    """How many networks each arm trains, and from which seeds."""

    count: Annotated[int, Field(ge=1, le=100_000)] = 30
    """Triples of data, sample order and initial weights; every arm trains on the same ones."""
    seed: Annotated[int, Field(ge=0)] = 0
    """The i-th run shuffles its samples and draws its initial weights from seed + i."""


@checked
class Comparison:
    """What counts as a difference, fixed before anything is trained."""

    equivalence: Annotated[float, Field(ge=0)] = 0.2
    """Arms are practically equal if their errors differ by at most this much for each test sample, in standard
    deviations of the noise of the targets. So it means the same for ten test samples and for a thousand. With classes,
    errors are log-losses in nats, and the standard deviation is that of the targets themselves, 0 and 1: 0.2 is a
    difference of 0.1 nats a sample for two classes of equal size, and of 0.06 for ten."""
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    """Coverage of every interval, and so the confidence of every verdict."""
    resamples: Annotated[int, Field(ge=100, le=1_000_000)] = 10_000
    """Draws of the bootstrap behind an interval."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Seed of the bootstrap."""

    @property
    def fewest_pairs(self) -> int:
        """The fewest pairs that can decide anything, however large the effect.

        All of fewer pairs have one sign by chance more often than the rule may err.
        """
        return math.ceil(math.log2(2 / (1 - self.confidence)))


MOST_SWEPT = 1_000_000_000
"""The most runs of a sweep: days on one machine."""


@checked
class Sweep:
    """One arm, trained at every pair of a strength and a learning rate: the cells of a landscape.

    The i-th run of every cell has the data, the order and the initial weights of the i-th run of an arm. Only the end
    of each run is kept: its errors, its zeros, and whether it diverged.
    """

    arm: str
    """The name of the arm whose penalty and kind of step are used."""
    strengths: tuple[Annotated[float, Field(ge=0)], ...] = (0.0, 0.01, 0.03, 0.1, 0.3, 1.0)
    """Values of λ in rising order; 0 is no penalty."""
    learning_rates: tuple[Annotated[float, Field(gt=0)], ...] = (0.001, 0.003, 0.01, 0.03)
    """Values of η in rising order."""
    count: Annotated[int, Field(ge=1, le=10_000_000)] = 1_000
    """Runs in each cell. They are trained in chunks of 256, so a multiple of 256 wastes no work."""
    weights: bool = False
    """Also keep the last weights of every run in the store; `reportgen.store.sweep` reads them."""
    trajectories: Annotated[int, Field(ge=0, le=10)] = 0
    """How many runs of each cell are also recorded, as `[recording]` says, and written to the folder `trajectories`."""

    def __post_init__(self) -> None:
        for name, values in {"strengths": self.strengths, "learning_rates": self.learning_rates}.items():
            if not 1 <= len(values) <= 100:
                raise ExperimentError(f"{name} must be 1 to 100 values, got {len(values)}")
            if any(later <= earlier for earlier, later in itertools.pairwise(values)):
                raise ExperimentError(f"{name} must rise from each value to the next, got {short_repr(list(values))}")
        if (runs := len(self.strengths) * len(self.learning_rates) * self.count) > MOST_SWEPT:
            raise ExperimentError(f"count must leave at most {MOST_SWEPT:,} runs in all cells together, got {runs:,}")


@checked
class Reference:
    """An entry of the reading list."""

    title: Label
    """The title of the work."""
    authors: Label = ""
    """All authors, as the list should show them."""
    venue: Label = ""
    """The journal, conference or publisher."""
    year: int | None = None
    """The year of publication."""
    url: Annotated[Label, Field(pattern=r"^(https://\S+)?$")] = ""
    """The address that the title links to; it begins with https://."""


@checked
class Text:
    """Markdown of the author, between the sections of the article.

    It can place figures, tables, numbers and claims of the article by reference, as posts of a site do.
    """

    before: str = ""
    """The section that the text comes before; without it, the text comes after the last section."""
    markdown: Annotated[str, Field(min_length=1)]
    """The text. Between ''' and ''', backslashes of formulas stay as they are."""


@checked
class Experiment:
    """All settings of a build. Equal experiments give equal reports."""

    title: Label = "L1 and L2 regularization, measured"
    """The title of the article."""
    author: Label = ""
    """The author, shown below the title."""
    language: Language = "en"
    """The language of the title and the labels, such as "en" or "pt-BR", for browsers and screen readers."""
    abstract: Abstract = ""
    """A summary, shown below the title. Link previews and lists of posts show it too, or else the first finding."""
    date: Date = ""
    """The date of publication, like 2026-11-23; posts of a site need one."""
    tags: Tags = ()
    """Topics, in a word or two each."""
    picture: Annotated[str, Field(max_length=200)] = field(default="", metadata={"described": "if any"})
    """The figure or animation for link previews and lists of posts; the first one that moves unless given."""
    site: SiteSettings | None = None
    """The site of the report, if there is no `reportgen.toml`."""
    data: Dataset = field(default_factory=Line)
    """The data set that the networks learn."""
    data_seed: Annotated[int, Field(ge=0)] = 0
    fresh_data: bool = False
    """Each run has a draw of the data of its own; otherwise all runs share one."""
    network: Network = field(default_factory=Network)
    training: Training = field(default_factory=Training)
    recording: Recording = field(default_factory=Recording)
    runs: Runs = field(default_factory=Runs)
    comparison: Comparison = field(default_factory=Comparison)
    arms: tuple[Arm, ...] = field(default_factory=lambda: (Arm(name="none"),))
    """The arms that are compared."""
    sections: tuple[str, ...] = ()
    """The sections of the article, in reading order."""
    text: tuple[Text, ...] = field(default=(), metadata={"described": "if any"})
    reading: tuple[Reference, ...] = ()
    """The reading list."""
    formats: tuple[str, ...] = ()
    """More formats for animations, besides GIF and APNG; videos need the extra "video"."""
    animation: AnimationSettings = field(default_factory=AnimationSettings)
    sweep: Sweep | None = None
    """The sweep that the section "landscape" shows."""
    study: StudySettings | None = field(default=None, metadata={"described": "if any"})
    """The study of a table, if it should differ from the usual one."""
    plugins: tuple[Plugin, ...] = field(default=(), metadata={"described": "if any"})
    """Python files with penalties, data sets, figures or sections of your own, beside this file or below it. They are
    code, and run when the experiment is read."""

    def __post_init__(self) -> None:
        if not 1 <= len(self.arms) <= MOST_ARMS:
            raise ExperimentError(f"arms must be 1 to {MOST_ARMS}, got {len(self.arms):,}")
        for name in self.formats:
            if name not in format_names():
                raise ExperimentError(f"unknown format {name!r}.{did_you_mean(name, format_names())}")
        named = {"arms": [arm.name for arm in self.arms], "sections": self.sections, "formats": self.formats}
        for key, names in named.items():
            if twice := {name for name in names if list(names).count(name) > 1}:
                raise ExperimentError(f"{key} must have different names; {min(twice)!r} occurs twice")
        for i, text in enumerate(self.text):
            if text.before and text.before not in self.sections:
                raise ExperimentError(
                    f"text[{i + 1}].before must name a section of the article, got {short_repr(text.before)}."
                    + (did_you_mean(text.before, self.sections) if self.sections else " It has none.")
                )
        if self.sweep:
            swept = {arm.name for arm in self.arms if not (isinstance(arm.penalty, NoPenalty) or arm.own_settings)}
            if self.sweep.arm not in swept:
                own = {arm.name for arm in self.arms if arm.own_settings}
                without = " and without settings of its own" if self.sweep.arm in own else ""
                raise ExperimentError(
                    f"arm must name an arm with a penalty{without}, got {short_repr(self.sweep.arm)}."
                    + (did_you_mean(self.sweep.arm, swept) if swept else " There is none.")
                )
        elif "landscape" in self.sections:
            raise ExperimentError("sections must not have 'landscape' without a table [sweep]")
        of_table = list(filter(is_about_table, self.sections))
        if of_table and not isinstance(self.data, TableFile):
            raise ExperimentError(f'sections must not have {of_table[0]!r} without a table, name = "table" in [data]')
        if self.study and not isinstance(self.data, TableFile):
            raise ExperimentError('study needs a table: name = "table" in [data]')
        if (colors := len(self.animation.colors.arms)) not in (0, len(self.arms)):
            raise ExperimentError(
                f"animation must have a color for each of {len(self.arms)} arms in colors.arms, or none; got {colors}"
            )
        if all(arm.own_settings for arm in self.arms):
            raise ExperimentError(
                "arms must have one without settings of its own such as dropout, which the others are compared with; "
                "what all arms share belongs in [network] and [training]"
            )
        # Create the first run now, so that mistakes in it are reported before anything starts.
        first = self.run(0)
        for i, arm in enumerate(self.arms):
            try:
                arm.applied_to(first)
            except ExperimentError as error:
                key = str(error).partition(" ")[0]
                if key in arm.own_settings:
                    raise ExperimentError(f"arms[{i + 1}].{error}", code=error.code) from error
                raise
        limits.check(self)

    def run(self, i: int) -> Run:
        """The i-th run without a penalty; the i-th run of an arm differs from it by what the arm says.

        So the i-th runs of all arms share data, order of samples and, where their networks have the same shapes,
        initial weights. An arm that stops early trains on those samples, in that order, that it does not hold out.
        """
        return Run(
            data=self.data,
            network=self.network,
            training=self.training,
            recording=self.recording,
            data_seed=self.data_seed + (i if self.fresh_data else 0),
            order_seed=self.runs.seed + i,
            init_seed=self.runs.seed + i,
        )

    @property
    def margin(self) -> float:
        """The margin of total test errors: `equivalence` times noise times the number of test targets.

        Classes have no noise of their own. Their targets are 0 and 1, and count once for each sample; the standard
        deviation of the targets stands in for the noise. So with two classes as frequent and `equivalence` 0.2 the
        margin is 0.1 nats for each test sample: there the probabilities given to the right classes differ by a factor
        of 1.1, on (geometric) average.
        """
        return self.margin_of(self.run(0))

    def margin_of(self, run: Run) -> float:
        """The margin of total test errors on the data of a run."""
        data = run.draw()
        return self.comparison.equivalence * data.noise_scale * loss_of(run.training.loss).counted(data.y_test)

    def arm_runs(self, arm: Arm) -> list[Run]:
        """The runs of an arm."""
        return [arm.applied_to(self.run(i)) for i in range(self.runs.count)]


def section_names() -> tuple[str, ...]:
    """The names of all sections."""
    return Registry[object]("section", SECTIONS_PACKAGE).names()


def is_about_table(section: str) -> bool:
    """True for the name of a section about a table; imports no section."""
    return bool(Registry[object]("section", SECTIONS_PACKAGE).stated(section, "of_table"))


def format_names() -> tuple[str, ...]:
    """The names of all animation formats."""
    return Registry[object]("format", FORMATS_PACKAGE).names()
