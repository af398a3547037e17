"""References of prose, looked up in the results of builds."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reportgen.errors import did_you_mean
from reportgen.markdown.markdown import BuildReference, Position, Prose, raise_mistakes
from reportgen.text import number, shorten
from reportgen.values import short


@dataclass(frozen=True, kw_only=True)
class ReferenceTargets:
    """Everything in one experiment that prose may refer to."""

    name: str
    """The name of the experiment in error messages."""
    figures: Collection[str] = ()
    animations: Collection[str] = ()
    tables: Collection[str] = ()
    sections: Collection[str] = ()
    claims: Mapping[str, str] = field(default_factory=dict)
    """The sentence of each claim; empty for a claim that does not apply."""
    findings: Mapping[str, Any] = field(default_factory=dict)
    """Findings by section, as in `results.json`."""


def check_references(
    prose: Prose,
    known: Callable[[str | None], ReferenceTargets | None],
    experiments: Collection[str] = (),
    *,
    part: bool = False,
) -> None:
    """Raise `ExperimentError` with every invalid reference of `prose`, and its position.

    `part` says that the page shows more than this prose, to which it may refer.

    `known` returns the targets in an experiment, or None for an unknown one; its argument None stands for the
    experiment of the page. `experiments` are the names that `known` accepts.
    """
    mistakes: list[tuple[Position, str]] = []
    shown = [reference for reference in prose.references if reference.kind in ("figure", "animation", "table")]
    sections = part or any(reference.kind == "section" for reference in prose.references)
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
    """The value at a path such as `sparsity.arms.l1.share`: keys, and items of lists by their `name` or index.

    Raises `ValueError` that names the missing part and the existing ones.
    """
    value, passed = findings, ""
    while path:
        part, value, rest = _take_part(value, path, passed)
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
    """Numbers and texts by their paths, without lists of unnamed items."""
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
    """A finding as text for readers; raises `ValueError` for a value that is no number and no text."""
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
    ids = {other.id for other in shown if other.full_name == reference.full_name}
    if len(ids) > 1:
        raise ValueError(f"{reference.full_name!r} is a figure and a table of this page; link to #{min(ids)} instead")
    if not ids and not sections:  # the figures of a section are known only when the page is rendered
        names = {other.full_name for other in shown}
        message = f"this page shows no figure and no table {short(reference.full_name)!r}."
        raise ValueError(message + (did_you_mean(reference.full_name, names) if names else ""))


def _check(
    reference: BuildReference, known: Callable[[str | None], ReferenceTargets | None], experiments: Collection[str]
) -> None:
    kind, name = reference.kind, reference.name
    targets = known(reference.experiment)
    if targets is None and reference.experiment is None:
        raise ValueError(f"this page has no experiment; name one: {{{{ {kind} EXPERIMENT/{name} }}}}")
    if targets is None:
        listed = did_you_mean(reference.experiment or "", experiments) if experiments else ""
        raise ValueError(f"there is no experiment {short(reference.experiment or '')!r}.{listed}")
    if kind == "number":
        try:
            value = value_at(targets.findings, name)
        except _MissingPartError as error:
            raise ValueError(f"{short(name)!r}: {error} in {targets.name}{error.hint}") from error
        try:
            number_text(value, reference.spec)
        except ValueError as error:
            raise ValueError(f"{short(name)!r} {error}.{_parts_hint(value)}") from error
        return
    names: dict[str, Collection[str]] = {
        "figure": targets.figures,
        "animation": targets.animations,
        "table": targets.tables,
        "section": targets.sections,
        "claim": targets.claims,
    }
    if name not in names[kind]:
        other = next((other for other, group in names.items() if name in group), None)
        if other:
            raise ValueError(
                f"{name!r} is {'an' if other[0] == 'a' else 'a'} {other}; write {{{{ {other} {reference.full_name} }}}}"
            )
        listed = did_you_mean(name, names[kind]) if names[kind] else f" It has no {kind}s."
        raise ValueError(f"there is no {kind} {short(name)!r} in {targets.name}.{listed}")
    if kind == "claim" and not targets.claims[name]:
        raise ValueError(f"claim {name!r} does not apply to {targets.name}, which does not measure what it is about")


class _MissingPartError(ValueError):
    """A part of a path does not exist; `hint` names the existing ones."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def _take_part(value: Any, path: str, passed: str) -> tuple[str, Any, str]:
    """The first part of `path`, its value, and the rest of the path; a key may contain dots."""
    dots = [i for i, character in enumerate(path) if character == "."]
    parts = [path[:i] for i in (*dots, len(path))]
    keys = _keys(value)
    for part in parts[:8]:
        if part in keys:
            return part, keys[part], path[len(part) + 1 :]
    where = f" in {passed!r}" if passed else ""
    if not keys:
        raise _MissingPartError(f"there is no {short(parts[0])!r}{where}", f": {passed!r} is {_describe_value(value)}")
    raise _MissingPartError(f"there is no {short(parts[0])!r}{where}", f".{_suggest_key(parts[0], keys)}")


def _keys(value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return {str(key): item for key, item in value.items()}
    if not isinstance(value, Sequence) or isinstance(value, str):
        return {}
    named = {str(item["name"]): item for item in value if isinstance(item, Mapping) and "name" in item}
    return {**{str(i): item for i, item in enumerate(value)}, **named}


def _suggest_key(part: str, keys: Mapping[str, Any]) -> str:
    """`did_you_mean` for keys, by names rather than indices, of limited length."""
    names = [key for key in keys if not key.isdecimal()] or [f"0 to {len(keys) - 1}"]
    hint = did_you_mean(part, names)
    return hint if len(hint) < 400 else f"{hint[:400].rpartition(', ')[0]}, …"


def _parts_hint(value: Any) -> str:
    keys = _keys(value)
    return f" Go on with one of its parts: {_suggest_key('', keys).removeprefix(' ReferenceTargets: ')}" if keys else ""


def _describe_value(value: Any) -> str:
    return "text" if isinstance(value, str) else "empty" if isinstance(value, Mapping | Sequence) else "a value"
