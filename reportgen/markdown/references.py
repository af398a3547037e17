"""What prose refers to, looked up in what builds have found and drawn."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reportgen.errors import did_you_mean
from reportgen.markdown.markdown import BuildReference, Place, Prose, raise_mistakes
from reportgen.text import number, shorten
from reportgen.values import short


@dataclass(frozen=True, kw_only=True)
class Known:
    """What prose may refer to of one experiment."""

    name: str
    """What the experiment is called in errors."""
    figures: Collection[str] = ()
    animations: Collection[str] = ()
    tables: Collection[str] = ()
    sections: Collection[str] = ()
    claims: Mapping[str, str] = field(default_factory=dict)
    """What each says; nothing where it does not apply."""
    findings: Mapping[str, Any] = field(default_factory=dict)
    """As `results.json` has them: by section."""


def check_references(
    prose: Prose, known: Callable[[str | None], Known | None], experiments: Collection[str] = ()
) -> None:
    """Raise `ExperimentError` with every reference of `prose` that leads nowhere, and its place.

    `known` is asked for what an experiment has, None being the one of the page, and answers None if there is no such;
    `experiments` are the names that it knows.
    """
    mistakes: list[tuple[Place, str]] = []
    shown = [reference for reference in prose.references if reference.kind in ("figure", "animation", "table")]
    sections = any(reference.kind == "section" for reference in prose.references)
    for reference in prose.references:
        try:
            if reference.kind == "ref":
                _check_ref(reference, shown, sections)
            else:
                _check(reference, known, experiments)
        except ValueError as error:
            mistakes.append(((reference.line, reference.column), str(error)))
    raise_mistakes(prose.name, mistakes)


def value_at(findings: Any, path: str) -> Any:
    """What `findings` have at `sparsity.arms.l1.share`: keys, and items of lists by their `name` or from 0.

    Raises `ValueError` that names the part that is not there, and those that are.
    """
    value, passed = findings, ""
    while path:
        part, value, rest = _step(value, path, passed)
        passed, path = f"{passed}.{part}" if passed else part, rest
    return value


def available_references(results: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Every reference that prose can make to the results of a build, with its content."""
    for name, item in results["media"].items():
        yield f"{{{{ {'figure' if item['kind'] == 'picture' else 'animation'} {name} }}}}", shorten(item["alt"], 90)
    for name, table in results["tables"].items():
        yield f"{{{{ table {name} }}}}", shorten(", ".join(table["columns"]), 90)
    for name in results["findings"]:
        yield f"{{{{ section {name} }}}}", ""
    for name, claim in results["claims"].items():
        if claim["sentence"]:
            yield f"{{{{ claim {name} }}}}", claim["sentence"]
    for path, value in _leaves(results["findings"], ""):
        yield f"{{{{ number {path} }}}}", number_text(value)


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Numbers and texts by their paths; a list without names in it is left out, since nobody counts its items."""
    if isinstance(value, Mapping):
        keys = {str(key): item for key, item in value.items()}
    elif isinstance(value, list):
        keys = {str(item["name"]): item for item in value if isinstance(item, Mapping) and "name" in item}
    else:
        if isinstance(value, int | float | str) and not isinstance(value, bool):
            yield path, value
        return
    for key, item in keys.items():
        if not set(key) & set(" {}|"):
            yield from _leaves(item, f"{path}.{key}" if path else key)


def number_text(value: Any, spec: str = "") -> str:
    """A finding as a reader wants it; raises `ValueError` for what is no number and no text."""
    if isinstance(value, str) and not spec:
        return value
    if isinstance(value, bool | str) or not isinstance(value, int | float | None):
        what = "yes or no" if isinstance(value, bool) else "text" if isinstance(value, str) else "several values"
        raise ValueError(f"is {what}, no number{f' to write as {spec}' if isinstance(value, str) else ''}")
    try:
        return number(value, spec)
    except ValueError as error:
        raise ValueError(f"is {number(value)}, which cannot be written as {spec}") from error


def _check_ref(reference: BuildReference, shown: Iterable[BuildReference], sections: bool) -> None:
    found = {other.id for other in shown if other.told == reference.told}
    if len(found) > 1:
        raise ValueError(f"{reference.told!r} is a figure and a table of this page; link to #{min(found)} instead")
    if not found and not sections:  # what a section shows is known when the page is made
        names = {other.told for other in shown}
        what = f"this page shows no figure and no table {short(reference.told)!r}."
        raise ValueError(what + (did_you_mean(reference.told, names) if names else ""))


def _check(
    reference: BuildReference, known: Callable[[str | None], Known | None], experiments: Collection[str]
) -> None:
    kind, name = reference.kind, reference.name
    there = known(reference.experiment)
    if there is None and reference.experiment is None:
        raise ValueError(f"this page has no experiment; say whose: {{{{ {kind} EXPERIMENT/{name} }}}}")
    if there is None:
        listed = did_you_mean(reference.experiment or "", experiments) if experiments else ""
        raise ValueError(f"there is no experiment {short(reference.experiment or '')!r}.{listed}")
    if kind == "number":
        try:
            value = value_at(there.findings, name)
        except ValueError as error:
            raise ValueError(f"{short(name)!r}: {error} in {there.name}{_rest(error)}") from error
        try:
            number_text(value, reference.spec)
        except ValueError as error:
            raise ValueError(f"{short(name)!r} {error}.{_deeper(value)}") from error
        return
    names: dict[str, Collection[str]] = {
        "figure": there.figures,
        "animation": there.animations,
        "table": there.tables,
        "section": there.sections,
        "claim": there.claims,
    }
    if name not in names[kind]:
        other = next((other for other, those in names.items() if name in those), None)
        if other:
            raise ValueError(
                f"{name!r} is {'an' if other[0] == 'a' else 'a'} {other}; write {{{{ {other} {reference.told} }}}}"
            )
        listed = did_you_mean(name, names[kind]) if names[kind] else f" It has no {kind}s."
        raise ValueError(f"there is no {kind} {short(name)!r} in {there.name}.{listed}")
    if kind == "claim" and not there.claims[name]:
        raise ValueError(f"claim {name!r} does not apply to {there.name}: nothing that it is about was measured there")


class _Missing(ValueError):
    """A part of a path that is not there."""

    def __init__(self, what: str, rest: str) -> None:
        super().__init__(what)
        self.rest = rest


def _rest(error: ValueError) -> str:
    return error.rest if isinstance(error, _Missing) else ""


def _step(value: Any, path: str, passed: str) -> tuple[str, Any, str]:
    """The first part of `path`, what it leads to, and the rest; a key may hold dots itself."""
    dots = [i for i, letter in enumerate(path) if letter == "."]
    parts = [path[:i] for i in (*dots, len(path))]
    keys = _keys(value)
    for part in parts[:8]:
        if part in keys:
            return part, keys[part], path[len(part) + 1 :]
    where = f" in {passed!r}" if passed else ""
    if not keys:
        raise _Missing(f"there is no {short(parts[0])!r}{where}", f": {passed!r} is {_kind(value)}")
    raise _Missing(f"there is no {short(parts[0])!r}{where}", f".{_did_you_mean(parts[0], keys)}")


def _keys(value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return {str(key): item for key, item in value.items()}
    if not isinstance(value, Sequence) or isinstance(value, str):
        return {}
    named = {str(item["name"]): item for item in value if isinstance(item, Mapping) and "name" in item}
    return {**{str(i): item for i, item in enumerate(value)}, **named}


def _did_you_mean(part: str, keys: Mapping[str, Any]) -> str:
    """Names rather than numbers of items, and not hundreds of them."""
    names = [key for key in keys if not key.isdecimal()] or [f"0 to {len(keys) - 1}"]
    told = did_you_mean(part, names)
    return told if len(told) < 400 else f"{told[:400].rpartition(', ')[0]}, …"


def _deeper(value: Any) -> str:
    keys = _keys(value)
    return f" Go on with one of its parts: {_did_you_mean('', keys).removeprefix(' Known: ')}" if keys else ""


def _kind(value: Any) -> str:
    return "text" if isinstance(value, str) else "empty" if isinstance(value, Mapping | Sequence) else "a value"
