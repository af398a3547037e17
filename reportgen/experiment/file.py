"""Experiment files: TOML to `Experiment`, with all mistakes reported at once, and the JSON Schema for editors.

There is no list of tables and keys here. They are the fields of classes, so a new field of a data set, a penalty or the
training is a new key, checked and in the schema.
"""

from __future__ import annotations

import typing
from collections.abc import Callable
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field

from reportgen.datasets import Dataset, datasets
from reportgen.errors import ExperimentError, did_you_mean
from reportgen.experiment import Arm, Experiment, format_names, section_names, toml, wrong_file_hint
from reportgen.experiment.toml import TomlTable, instance_from, table_class
from reportgen.penalties import Penalty, penalties
from reportgen.penalties.none import NoPenalty
from reportgen.registry import Registry


def load(path: Path) -> Experiment:
    """Read an experiment file; raises `ExperimentError` with one line for every mistake in it."""
    wrong_file_hint.check(path)
    return toml.load(path, _KIND)


def parse(text: str, name: str = "experiment") -> Experiment:
    """The experiment that `text` describes; every message begins with `name`."""
    return toml.parse(text, name, _KIND)


def shipped(name: str = "default") -> str:
    """The text of an experiment file that comes with the package."""
    files = _shipped()
    if name not in files:
        raise ExperimentError(f"unknown experiment {name!r}.{did_you_mean(name, files)}")
    text: str = files[name].read_text(encoding="utf-8")
    return text


def shipped_descriptions() -> dict[str, str]:
    """The first line of each shipped experiment file, which describes it, by name; the default is first."""
    names = sorted(_shipped(), key=lambda name: (name != "default", name))
    return {name: shipped(name).partition("\n")[0].removeprefix("#").strip() for name in names}


def _shipped() -> dict[str, Any]:
    folder = resources.files("reportgen.experiment") / "shipped"
    return {file.name.removesuffix(".toml"): file for file in folder.iterdir() if file.name.endswith(".toml")}


def schema() -> dict[str, Any]:
    """JSON Schema of an experiment file."""
    return toml.schema(_KIND, "reportgen experiment")


def _one_of(registry: Registry[Any], key: str, make: Callable[[str, type], type[TomlTable]]) -> Any:
    """The type of a table whose `key` names its kind."""
    tables = tuple(make(name, registry[name]) for name in registry.names())
    return Annotated[typing.Union[tables], Field(discriminator=key)]  # noqa: UP007  # the members are known at run time only


class _Draw(NamedTuple):
    """The settings of the table [data]."""

    data: Dataset
    data_seed: int
    fresh_data: bool


def _data_table(name: str, cls: type[Dataset]) -> type[TomlTable]:
    keys = {
        "name": (Literal[name], Field(description="The name of the data set.")),
        "seed": (Annotated[int, Field(ge=0)], Field(0, description="Seed of the data set.")),
        "fresh": (bool, Field(False, description="Each run has a draw of its own, from seed + i.")),
    }
    return table_class(
        f"data set {name}", cls, keys=keys, make=lambda file: _Draw(instance_from(file, cls), file.seed, file.fresh)
    )


def _arm_table(name: str, cls: type[Penalty]) -> type[TomlTable]:
    keys: dict[str, Any] = {"penalty": (Literal[name], Field(description="The name of the penalty."))}
    if cls is not NoPenalty:
        # A penalty needs a strength.
        keys["strength"] = (typing.get_type_hints(Arm, include_extras=True)["strength"], ...)
    return table_class(
        f"arm {name}", Arm, cls, keys=keys, make=lambda file: instance_from(file, Arm, penalty=instance_from(file, cls))
    )


@cache
def _model() -> type[TomlTable]:
    """The whole file."""
    data, arm = _one_of(datasets, "name", _data_table), _one_of(penalties, "penalty", _arm_table)
    # These names are known at run time only.
    section, form = Literal[section_names()], Literal[format_names()]
    keys = {
        "data": (data, ...),
        "arms": (tuple[arm, ...], Field(min_length=1)),  # type: ignore[valid-type]
        "sections": (tuple[section, ...], Field(min_length=1)),  # type: ignore[valid-type]
        "formats": (tuple[form, ...], ()),  # type: ignore[valid-type]
    }
    return table_class("experiment", Experiment, keys=keys, make=_experiment, without=("data_seed", "fresh_data"))


def _experiment(file: Any) -> Experiment:
    if file.sweep and "landscape" not in file.sections:
        # Otherwise nothing would be trained, without a message. Python code may have a sweep that no section shows.
        raise ExperimentError("sweep is shown by the section 'landscape', which must be among the sections")
    return instance_from(file, Experiment, **file.data._asdict())


_KIND: toml.Kind[Experiment] = toml.Kind("experiment file", _model)
