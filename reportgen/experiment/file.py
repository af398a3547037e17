"""Experiment files: TOML to `Experiment`, with every mistake found at once, and the JSON Schema for editors.

Tables and keys are not listed here. They are the fields of the classes that they fill, so a new field of a data set,
a penalty or the training is a new key, checked and in the schema.
"""

from __future__ import annotations

import datetime
import typing
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from reportgen.datasets import datasets
from reportgen.errors import ExperimentError, did_you_mean
from reportgen.experiment import (
    Arm,
    Comparison,
    Experiment,
    Reference,
    Runs,
    Sweep,
    format_names,
    section_names,
    toml,
    wrong_file_hint,
)
from reportgen.experiment.site_settings import Colours, Link, SiteSettings
from reportgen.experiment.toml import made, notes, table
from reportgen.penalties import penalties
from reportgen.penalties.none import NoPenalty
from reportgen.registry import Registry
from reportgen.training.network import Network
from reportgen.training.run import Recording, Training


def load(path: Path) -> Experiment:
    """Read an experiment file; raises `ExperimentError` with one line for every mistake in it."""
    wrong_file_hint.check(path)
    return toml.load(path, _kind())


def parse(text: str, name: str = "experiment") -> Experiment:
    """The experiment that `text` describes; `name` stands in front of every mistake."""
    return toml.parse(text, name, _kind())


def shipped(name: str = "default") -> str:
    """The text of an experiment file that comes with the package."""
    files = _shipped()
    if name not in files:
        raise ExperimentError(f"unknown experiment {name!r}.{did_you_mean(name, files)}")
    text: str = files[name].read_text(encoding="utf-8")
    return text


def on_offer() -> dict[str, str]:
    """What each shipped experiment file says of itself in its first line, by name; the default comes first."""
    names = sorted(_shipped(), key=lambda name: (name != "default", name))
    return {name: shipped(name).partition("\n")[0].removeprefix("#").strip() for name in names}


def _shipped() -> dict[str, Any]:
    folder = resources.files("reportgen.experiment") / "shipped"
    return {file.name.removesuffix(".toml"): file for file in folder.iterdir() if file.name.endswith(".toml")}


def schema() -> dict[str, Any]:
    """JSON Schema of an experiment file."""
    return toml.schema(_model(), "reportgen experiment")


def _kind() -> toml.Kind[Experiment]:
    return toml.Kind("experiment file", _model, _experiment)


def site_table(name: str = "site", **more: Any) -> type[toml.Table]:
    """The table of a `SiteSettings`, with `more` keys beside its own."""
    colours, link = table(Colours, "colours"), table(Link, "link")
    return table(
        SiteSettings,
        name,
        colours=(colours, Field(default_factory=colours, description=colours.__doc__)),
        links=(list[link], Field([], description=notes(SiteSettings)["links"])),  # type: ignore[valid-type]
        checked=False,
        **more,
    )


def site_made(file: Any) -> SiteSettings:
    """The `SiteSettings` of such a table; raises `ValueError`."""
    return made(
        file,
        SiteSettings,
        colours=made(file.colours, Colours),
        links=tuple(made(link, Link) for link in file.links),
    )


def _one_of(registry: Registry[Any], key: str, make: Any) -> Any:
    """A table that is of the kind its `key` names."""
    models = tuple(make(name, registry[name]) for name in registry.names())
    return Annotated[typing.Union[models], Field(discriminator=key)]  # noqa: UP007  # the members are known at run time only


def _data_table(name: str, cls: type) -> type[toml.Table]:
    return table(
        cls,
        f"data set {name}",
        name=(Literal[name], Field(description="Which data set.")),
        seed=(Annotated[int, Field(ge=0)], Field(0, description="The draw of the data set.")),
        fresh=(bool, Field(False, description="A draw of its own for each run, from seed + i.")),
    )


def _arm_table(name: str, cls: type) -> type[toml.Table]:
    hints, told = typing.get_type_hints(Arm, include_extras=True), notes(Arm)
    # Who names a penalty has to say how strong it is.
    defaults = {"name": ..., "label": "", "strength": 0.0 if cls is NoPenalty else ..., "step": "subgradient"}
    keys: dict[str, Any] = {key: (hints[key], Field(value, description=told[key])) for key, value in defaults.items()}
    return table(cls, f"arm {name}", penalty=(Literal[name], Field(description="Which penalty.")), **keys)


_PLAIN = {
    "network": Network,
    "training": Training,
    "recording": Recording,
    "runs": Runs,
    "comparison": Comparison,
}
"""Tables that are one class each and may be left out."""


@cache
def _model() -> type[toml.Table]:
    """The whole file."""
    plain = {name: table(cls, name) for name, cls in _PLAIN.items()}
    arm, reference = _one_of(penalties, "penalty", _arm_table), table(Reference, "reference")
    # These names are known at run time only.
    section, form = Literal[section_names()], Literal[format_names()]
    formats = 'Formats in which animations are also written, beside GIF and APNG; films need the extra "video".'
    return table(
        Experiment,
        "experiment",
        without=["data_seed", "fresh_data"],
        checked=False,  # it is made of more than its table
        data=(_one_of(datasets, "name", _data_table), Field(description="What is learnt.")),
        arms=(list[arm], Field(min_length=1, description="What is compared.")),  # type: ignore[valid-type]
        sections=(list[section], Field(min_length=1, description="In reading order.")),  # type: ignore[valid-type]
        formats=(list[form], Field([], description=formats)),  # type: ignore[valid-type]
        reading=(list[reference], Field([], description="The reading list.")),  # type: ignore[valid-type]
        date=(datetime.date | None, Field(None, description=notes(Experiment)["date"])),
        site=(site_table() | None, Field(None, description=notes(Experiment)["site"])),
        sweep=(table(Sweep, "sweep") | None, Field(None, description=notes(Experiment)["sweep"])),
        **{name: (kind, Field(default_factory=kind, description=kind.__doc__)) for name, kind in plain.items()},
    )


def _experiment(file: Any) -> Experiment:
    if file.sweep and "landscape" not in file.sections:
        # Silently training nothing is not what its author wants; in Python it is as with an arm that no section shows.
        raise ValueError("sweep is shown by the section 'landscape', which must be among the sections")
    return made(
        file,
        Experiment,
        data=made(file.data, datasets[file.data.name]),
        data_seed=file.data.seed,
        fresh_data=file.data.fresh,
        arms=tuple(made(arm, Arm, penalty=made(arm, penalties[arm.penalty])) for arm in file.arms),
        sections=tuple(file.sections),
        formats=tuple(file.formats),
        reading=tuple(made(entry, Reference) for entry in file.reading),
        sweep=file.sweep and made(file.sweep, Sweep),
        tags=tuple(file.tags),
        date=file.date.isoformat() if file.date else "",
        site=file.site and site_made(file.site),
        **{name: made(getattr(file, name), cls) for name, cls in _PLAIN.items()},
    )
