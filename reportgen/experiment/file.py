"""Experiment files: TOML to `Experiment`, with every mistake found at once, and the JSON Schema for editors.

Tables and keys are not listed here. They are the fields of the classes that they fill, so a new field of a data set,
a penalty or the training is a new key, checked and in the schema.
"""

from __future__ import annotations

import ast
import dataclasses
import difflib
import inspect
import itertools
import re
import textwrap
import tomllib
import typing
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, Strict, ValidationError, create_model, model_validator
from pydantic_core import ErrorDetails

from reportgen import files
from reportgen.datasets import datasets
from reportgen.errors import ExperimentError, did_you_mean, reason
from reportgen.experiment import Arm, Comparison, Experiment, Reference, Runs, Sweep, format_names, section_names
from reportgen.experiment.positions import Path as _Path
from reportgen.experiment.positions import complaint, positions
from reportgen.network import Network
from reportgen.penalties import penalties
from reportgen.registry import Registry
from reportgen.run import Recording, Training
from reportgen.values import short, shown, wording

_LARGEST = 50_000
"""Bytes of an experiment file; a hand-written one has some thousands."""

_MOST = 40
"""Mistakes that are told; who has more of them begins with these."""


def load(path: Path) -> Experiment:
    """Read an experiment file; raises `ExperimentError` with one line for every mistake in it."""
    try:
        content = files.read(path, _LARGEST)
    except OSError as error:
        raise ExperimentError(f"cannot read experiment file {path}: {reason(error)}") from error
    except ValueError as error:
        raise ExperimentError(f"cannot use experiment file {path}: {error}", code="RG403") from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ExperimentError(f"{path}:{line}:1: not UTF-8 text; save the file as UTF-8", code="RG401") from error
    return parse(text, str(path))


def parse(text: str, name: str = "experiment") -> Experiment:
    """The experiment that `text` describes; `name` stands in front of every mistake."""
    text = text.replace("\r\n", "\n")
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        what, line, column = complaint(error, text)
        raise ExperimentError(f"{name}:{line}:{column}: {what}", code="RG401") from error
    except ValueError as error:  # int() refuses to read thousands of digits
        raise ExperimentError(f"{name}:1:1: not valid TOML: {error}", code="RG401") from error
    except RecursionError as error:
        raise ExperimentError(f"{name}:1:1: nested too deeply to be an experiment file", code="RG401") from error
    code = ""
    try:
        return _experiment(_model().model_validate(tables))
    except ValidationError as error:
        complaints = error.errors(include_url=False)
    except ValueError as error:
        complaints = [ErrorDetails(type="value_error", loc=(), msg="", input=None, ctx={"error": error})]
        code = getattr(error.__cause__, "code", "")
    try:
        where = positions(text)
    except RecursionError as error:
        raise ExperimentError(f"{name}:1:1: nested too deeply to be an experiment file", code="RG401") from error
    found = sorted((_place(details, where), i) for i, details in enumerate(complaints))
    mistakes = dict.fromkeys(
        f"{name}:{line}:{column}: {_told(path, complaints[i])}" for (line, column, path), i in found[:_MOST]
    )
    if more := found[_MOST:]:
        line, column, _ = more[0][0]
        mistakes[f"{name}:{line}:{column}: {len(more):,} more mistakes from here on"] = None
    raise ExperimentError("\n".join(mistakes), code=code)


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
    described = _model().model_json_schema(mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **described, "title": "reportgen experiment"}


class _Table(BaseModel):
    """A table of the file: no key unknown, no value of another type."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)


def _table(cls: type, name: str, /, without: Iterable[str] = (), **more: Any) -> type[_Table]:
    """The table whose keys are the fields of a dataclass (but `without` some), and `more` as `create_model` takes."""
    hints = typing.get_type_hints(cls, include_extras=True)
    notes = _notes(cls)
    fields: dict[str, Any] = dict(more)
    for part in dataclasses.fields(cls):
        if part.name in without or part.name in more:
            continue
        default: Any = ...
        if part.default is not dataclasses.MISSING:
            default = part.default
        elif part.default_factory is not dataclasses.MISSING:
            default = part.default_factory()
        # TOML has arrays and no tuples.
        hint = Annotated[hints[part.name], Strict(False)] if isinstance(default, tuple) else hints[part.name]
        fields[part.name] = (hint, Field(default, description=notes.get(part.name)))

    def check(self: BaseModel) -> BaseModel:
        _made(self, cls)
        return self

    # A class' own checks run with the others, so that their complaints come in the same list.
    checks: dict[str, Any] = {} if cls is Experiment else {"check": model_validator(mode="after")(check)}
    return create_model(name, __base__=_Table, __doc__=inspect.getdoc(cls), __validators__=checks, **fields)


def _made(table: BaseModel, cls: type, **more: Any) -> Any:
    """The instance of `cls` that a table describes, with `more` where the table has it in another form."""
    names = {part.name for part in dataclasses.fields(cls)} - more.keys()
    values = {name: getattr(table, name) for name in type(table).model_fields if name in names}
    try:
        return cls(**values, **more)
    except ExperimentError as error:
        raise ValueError(str(error)) from error


@cache
def _notes(cls: type) -> dict[str, str]:
    """What the strings under a dataclass' fields say."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(cls)))
    body = next(node.body for node in tree.body if isinstance(node, ast.ClassDef))
    notes = {}
    for field, below in itertools.pairwise(body):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(note))):
                notes[name] = inspect.cleandoc(note)
    return notes


def _one_of(registry: Registry[Any], key: str, make: Any) -> Any:
    """A table that is of the kind its `key` names."""
    models = tuple(make(name, registry[name]) for name in registry.names())
    return Annotated[typing.Union[models], Field(discriminator=key)]  # noqa: UP007  # the members are known at run time only


def _data_table(name: str, cls: type) -> type[_Table]:
    return _table(
        cls,
        f"data set {name}",
        name=(Literal[name], Field(description="Which data set.")),
        seed=(Annotated[int, Field(ge=0)], Field(0, description="The draw of the data set.")),
        fresh=(bool, Field(False, description="A draw of its own for each run, from seed + i.")),
    )


def _arm_table(name: str, cls: type) -> type[_Table]:
    hints, notes = typing.get_type_hints(Arm, include_extras=True), _notes(Arm)
    # Who names a penalty has to say how strong it is.
    defaults = {"name": ..., "label": "", "strength": 0.0 if name == "none" else ..., "step": "subgradient"}
    keys: dict[str, Any] = {key: (hints[key], Field(value, description=notes[key])) for key, value in defaults.items()}
    return _table(cls, f"arm {name}", penalty=(Literal[name], Field(description="Which penalty.")), **keys)


_PLAIN = {
    "network": Network,
    "training": Training,
    "recording": Recording,
    "runs": Runs,
    "comparison": Comparison,
}
"""Tables that are one class each and may be left out."""


@cache
def _model() -> type[_Table]:
    """The whole file."""
    plain = {name: _table(cls, name) for name, cls in _PLAIN.items()}
    arm, reference = _one_of(penalties, "penalty", _arm_table), _table(Reference, "reference")
    # These names are known at run time only.
    section, form = Literal[section_names()], Literal[format_names()]
    formats = 'Formats in which animations are also written, beside GIF and APNG; films need the extra "video".'
    return _table(
        Experiment,
        "experiment",
        without=["data_seed", "fresh_data"],
        data=(_one_of(datasets, "name", _data_table), Field(description="What is learnt.")),
        arms=(list[arm], Field(min_length=1, description="What is compared.")),  # type: ignore[valid-type]
        sections=(list[section], Field(min_length=1, description="In reading order.")),  # type: ignore[valid-type]
        formats=(list[form], Field([], description=formats)),  # type: ignore[valid-type]
        reading=(list[reference], Field([], description="The reading list.")),  # type: ignore[valid-type]
        sweep=(_table(Sweep, "sweep") | None, Field(None, description=_notes(Experiment)["sweep"])),
        **{name: (table, Field(default_factory=table, description=table.__doc__)) for name, table in plain.items()},
    )


def _experiment(file: Any) -> Experiment:
    if file.sweep and "landscape" not in file.sections:
        # Silently training nothing is not what its author wants; in Python it is as with an arm that no section shows.
        raise ValueError("sweep is shown by the section 'landscape', which must be among the sections")
    return _made(  # type: ignore[no-any-return]
        file,
        Experiment,
        data=_made(file.data, datasets[file.data.name]),
        data_seed=file.data.seed,
        fresh_data=file.data.fresh,
        arms=tuple(_made(arm, Arm, penalty=_made(arm, penalties[arm.penalty])) for arm in file.arms),
        sections=tuple(file.sections),
        formats=tuple(file.formats),
        reading=tuple(_made(entry, Reference) for entry in file.reading),
        sweep=file.sweep and _made(file.sweep, Sweep),
        **{name: _made(getattr(file, name), cls) for name, cls in _PLAIN.items()},
    )


def _place(details: ErrorDetails, where: Mapping[_Path, tuple[int, int]]) -> tuple[int, int, str]:
    """Line, column and key of one complaint of pydantic's."""
    path = _without_tags(details["loc"], where)
    if details["type"] == "value_error":
        # A check over several keys: its text begins with the one to change.
        named = [known for known in where if known[: len(path)] == path and known[-1] == _wording(details).split()[0]]
        path = min(named, key=len, default=path)
    place = next((where[path[:n]] for n in range(len(path), 0, -1) if path[:n] in where), (1, 1))
    key = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{short(part)}" for part in path).lstrip(".")
    return (*place, key)


def _told(key: str, details: ErrorDetails) -> str:
    """`"key: what is wrong, what is allowed"`."""
    what = _wording(details)
    return f"{key}: {what.removeprefix(key.rpartition('.')[2] + ' ')}" if key else what


def _without_tags(loc: _Path, where: Mapping[_Path, Any]) -> _Path:
    """pydantic puts the chosen kind of a table into its paths; the file has no such key."""
    path: _Path = ()
    for i, part in enumerate(loc):
        in_table = (path[:1] == ("data",) and i == 1) or (path[:1] == ("arms",) and i == 2)
        if not (in_table and part in _kinds() and (*path, part) not in where):
            path = (*path, part)
    return path


@cache
def _kinds() -> set[str]:
    return {*datasets.names(), *penalties.names()}


def _wording(details: ErrorDetails) -> str:
    kind, given, context = details["type"], details["input"], details.get("ctx", {})
    key = str(details["loc"][-1]) if details["loc"] else ""
    if kind == "extra_forbidden":
        return f"unknown key.{did_you_mean(short(key), _keys_beside(details['loc']))}"
    if kind == "missing":
        return "is required and missing"
    if kind == "literal_error":
        known = [str(name) for name in _listed(context["expected"])]
        return f"must be one of {context['expected']}, got {shown(given)}.{_closest(given, known)}"
    if kind == "union_tag_invalid":
        tag, known = str(context["tag"]), _listed(context["expected_tags"])
        return f"{_discriminator(context)} {shown(tag)} is not known.{did_you_mean(short(tag), known)}"
    if kind == "union_tag_not_found":
        return f"{_discriminator(context)} is required and missing"
    if kind == "value_error":
        return str(context["error"])
    return wording(details["msg"], given)


def _listed(expected: str) -> list[str]:
    return re.findall(r"'([^']*)'", expected)


def _closest(given: Any, known: list[str]) -> str:
    close = difflib.get_close_matches(short(str(given)), known, n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


def _discriminator(context: Mapping[str, Any]) -> str:
    return str(context["discriminator"]).strip("'")


def _keys_beside(loc: tuple[int | str, ...]) -> list[str]:
    """The keys that are known in the table where an unknown one was found."""
    model: Any = _model()
    kinds = {name: _data_table(name, datasets[name]) for name in datasets.names()}
    arms = {name: _arm_table(name, penalties[name]) for name in penalties.names()}
    match loc:
        case ("data", kind, _):
            model = kinds[str(kind)]
        case ("arms", int(), kind, _):
            model = arms[str(kind)]
        case ("reading", int(), _):
            model = _table(Reference, "reference")
        case ("sweep", _):
            model = _table(Sweep, "sweep")
        case (str(table), _) if table in _PLAIN:
            model = _table(_PLAIN[table], table)
    return list(model.model_fields)
