"""Experiment files: TOML to `Experiment`, with all mistakes reported at once, and the JSON Schema for editors.

There is no list of tables and keys here. They are the fields of classes, so a new field of a data set, a penalty or the
training is a new key, checked and in the schema.
"""

from __future__ import annotations

import dataclasses
import tomllib
import typing
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BeforeValidator, Field

from reportgen import plugins
from reportgen.datasets import Dataset, datasets
from reportgen.datasets.table import beside
from reportgen.errors import ExperimentError, did_you_mean
from reportgen.experiment import Arm, Experiment, format_names, section_names, toml, wrong_file_hint
from reportgen.experiment.toml import TomlTable, instance_from, table_class
from reportgen.experiment.toml.positions import positions
from reportgen.penalties import Penalty, check_shapes, penalties
from reportgen.penalties.none import NoPenalty
from reportgen.plugins import Plugin
from reportgen.registry import Registry


def load(path: Path, shared: tuple[Plugin, ...] = ()) -> Experiment:
    """Read an experiment file and use its plugins, beside those that it shares with the others of its site.

    Raises `ExperimentError` with one line for every mistake in it or in them.
    """
    wrong_file_hint.check(path)
    return parse(toml.read(path, "experiment file"), str(path), path.parent, shared)


def parse(
    text: str, name: str = "experiment", folder: Path | None = None, shared: tuple[Plugin, ...] = ()
) -> Experiment:
    """The experiment that `text` describes; `name` begins every message.

    `folder` is that of the file that `text` is from; without one there can be no plugins.
    """
    own = _plugins(text, name, folder, shared)
    with plugins.using(own), beside(folder or Path()):
        experiment = toml.parse(text, name, _kind(own))
        for arm in experiment.arms:
            check_shapes(arm.penalty)
    return experiment


def plugins_of(path: Path) -> tuple[Plugin, ...]:
    """The plugins of an experiment file, in use; whatever else may be wrong with that file."""
    wrong_file_hint.check(path)
    return _plugins(toml.read(path, "experiment file"), str(path), path.parent, ())


def named_files(path: Path) -> list[Path]:
    """The plugins and the table that an experiment file names, as far as it can be read."""
    with suppress(ExperimentError):
        text = toml.read(path, "experiment file")
        return [path.parent / name for name in (*_plugin_names(text), *_table_name(text))]
    return []


def _plugins(text: str, name: str, folder: Path | None, shared: tuple[Plugin, ...]) -> tuple[Plugin, ...]:
    found: tuple[Plugin, ...] = ()
    if folder and (names := _plugin_names(text)):
        where = positions(text.replace("\r\n", "\n"))
        found = plugins.read(names, folder, lambda i: "{}:{}:{}".format(name, *where["plugins", i]))
    # One that the experiment and its site name is one.
    together = tuple({plugin.module: plugin for plugin in (*shared, *found)}.values())
    plugins.use(together)
    return together


def _plugin_names(text: str) -> list[str]:
    """What `plugins` names in a file; nothing where that is not as it should be, as whoever reads all of it tells."""
    names = _tables(text).get("plugins")
    return names if isinstance(names, list) and all(isinstance(name, str) and name for name in names) else []


def _table_name(text: str) -> list[str]:
    """The file that the table [data] names, if any."""
    data = _tables(text).get("data")
    name = data.get("file") if isinstance(data, dict) else None
    return [name] if isinstance(name, str) and name else []


def _tables(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text.replace("\r\n", "\n"))
    except (ValueError, RecursionError):
        return {}


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


def schema(own: tuple[Plugin, ...] = ()) -> dict[str, Any]:
    """JSON Schema of an experiment file with these plugins, which are in use."""
    return toml.schema(_kind(own), "reportgen experiment")


def _one_of(registry: Registry[Any], key: str, make: Callable[[str, type], type[TomlTable]]) -> Any:
    """The type of a table whose `key` names its kind."""
    tables = tuple(make(name, registry[name]) for name in registry.names())
    return Annotated[typing.Union[tables], Field(discriminator=key)]  # noqa: UP007  # the members are known at run time only


PluginNames = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=500)], ...], Field(max_length=50)]
"""Files, relative to the one that names them."""


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
    parts: Any = cls  # a dataclass, which the type does not say
    found = {part.name for part in dataclasses.fields(parts) if part.metadata.get("found")}
    return table_class(
        f"data set {name}",
        cls,
        keys=keys,
        without=found,
        make=lambda file: _Draw(instance_from(file, cls), file.seed, file.fresh),
    )


def _arm_table(name: str, cls: type[Penalty]) -> type[TomlTable]:
    keys: dict[str, Any] = {"penalty": (Literal[name], Field(description="The name of the penalty."))}
    if cls is not NoPenalty:
        # A penalty needs a strength.
        keys["strength"] = (typing.get_type_hints(Arm, include_extras=True)["strength"], ...)
    return table_class(
        f"arm {name}", Arm, cls, keys=keys, make=lambda file: instance_from(file, Arm, penalty=instance_from(file, cls))
    )


RENAMED = {"why": "overfitting", "others": "overfitting", "closed_form": "penalties"}
"""Sections of old files, and the ones that took them over."""


def _current_name(section: Any) -> Any:
    return RENAMED.get(section, section) if isinstance(section, str) else section


@cache
def _model(own: tuple[Plugin, ...]) -> type[TomlTable]:
    """The whole file, with the kinds of plugins that are in use."""
    data, arm = _one_of(datasets, "name", _data_table), _one_of(penalties, "penalty", _arm_table)
    # These names are known at run time only.
    section, form = Annotated[Literal[section_names()], BeforeValidator(_current_name)], Literal[format_names()]
    keys = {
        "data": (data, ...),
        "arms": (tuple[arm, ...], Field(min_length=1)),  # type: ignore[valid-type]
        "sections": (tuple[section, ...], Field(min_length=1)),  # type: ignore[valid-type]
        "formats": (tuple[form, ...], ()),  # type: ignore[valid-type]
        "plugins": (PluginNames, ()),
    }
    return table_class(
        "experiment",
        Experiment,
        keys=keys,
        make=lambda file: _experiment(file, own),
        without=("data_seed", "fresh_data"),
    )


def _experiment(file: Any, own: tuple[Plugin, ...]) -> Experiment:
    if file.plugins and not own:
        raise ExperimentError("plugins must lie beside an experiment file, and this text is of no file")
    if file.sweep and "landscape" not in file.sections:
        # Otherwise nothing would be trained, without a message. Python code may have a sweep that no section shows.
        raise ExperimentError("sweep is shown by the section 'landscape', which must be among the sections")
    # An old file may name two sections that are one now.
    once = [
        name for i, name in enumerate(file.sections) if name not in RENAMED.values() or name not in file.sections[:i]
    ]
    return instance_from(file, Experiment, **file.data._asdict(), sections=tuple(once), plugins=own)


def _kind(own: tuple[Plugin, ...]) -> toml.Kind[Experiment]:
    return toml.Kind("experiment file", lambda: _model(own))
