"""The differences between two builds as text."""

from __future__ import annotations

import difflib
import json
import math
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from reportgen.companions.diff import ABSENT, Change, Estimate, ListChange, Number, Outcome, ReportDiff, TableChange
from reportgen.text import number, plural, printable
from reportgen.values import short

MOST = 10
"""Number of lines per kind of number, unless all are requested."""

MOST_IMPORTANT = 40
"""Number of lines of settings, of verdicts and of claims."""

Item = TypeVar("Item")


def text(diff: ReportDiff, *, everything: bool = False) -> str:
    """The output of `reportgen diff`, the most important first. Without `everything` long lists are cut."""
    if not diff.any:
        return printable(nothing(diff))
    lines = [f"{diff.first} → {diff.second}", *(f"  {sentence}" for sentence in summary(diff))]

    def part(title: str, items: Sequence[Item], lines_of: Callable[[Item], Iterator[str]], most: int) -> None:
        if not items:
            return
        shown = items if everything else items[:most]
        lines.extend(["", f"{title} ({len(items):,})"])
        lines.extend(f"  {line}" for item in shown for line in lines_of(item))
        if len(shown) < len(items):
            lines.append(f"  … and {len(items) - len(shown):,} more; --all shows them")

    part("Settings", diff.settings, _change, MOST_IMPORTANT)
    part("Versions", diff.versions, _change, MOST_IMPORTANT)
    part("Verdicts that flipped", diff.flipped, _estimate, MOST_IMPORTANT)
    part("Claims that came out otherwise", diff.claims, _outcome, MOST_IMPORTANT)
    part("Estimates that moved, their verdicts as before", diff.moved, _estimate, MOST)
    part("Numbers", diff.numbers, _number, MOST)
    part("Lists of numbers", diff.series, _series, MOST)
    part("Other findings", diff.others, _change, MOST)
    if everything:
        part("Claims with the same outcome", diff.reworded, _outcome, 0)
    part("Tables", diff.tables, _table, MOST)
    part("Pictures drawn from other numbers", diff.pictures, _name, MOST)
    part(f"Only in {diff.first}", diff.only_first, _name, MOST)
    part(f"Only in {diff.second}", diff.only_second, _name, MOST)
    return "\n".join(map(printable, lines))


def nothing(diff: ReportDiff) -> str:
    """The line for two equal builds."""
    within = f", to within a share of {number(diff.tolerance)}" if diff.tolerance else ""
    return f"{diff.first} and {diff.second} hold the same settings, numbers, verdicts and claims{within}."


def summary(diff: ReportDiff) -> list[str]:
    """The differences in a few sentences."""
    outside = sum(estimate.within is False for estimate in diff.estimates)
    sentences = [
        f"{_count(len(diff.settings), 'setting')} and {_count(len(diff.versions), 'version')} differ.",
        f"{_count(len(diff.flipped), 'verdict')} flipped, {_count(len(diff.claims), 'claim')} came out otherwise; "
        f"{_count(len(diff.reworded), 'claim')} came out as before and read otherwise.",
        f"{_count(len(diff.estimates), 'estimate')} with an interval moved, "
        f"{f'{outside:,}' if outside else 'none'} of them out of the interval that they had."
        if diff.estimates
        else "",
        f"{_count(len(diff.numbers), 'other number')} and {_count(len(diff.series), 'list')} of numbers changed.",
    ]
    return [sentence[0].upper() + sentence[1:] for sentence in sentences if sentence]


def _count(count: int, thing: str) -> str:
    return plural(count, thing) if count else f"no {thing}s"


def value(given: Any) -> str:
    """A setting or a finding as short text."""
    if given is ABSENT:
        return "absent"
    if isinstance(given, bool) or given is None:
        return {True: "yes", False: "no", None: "none"}[given]
    if isinstance(given, str):
        return short(given) if given else "empty"
    return short(str(given) if isinstance(given, int | float) else json.dumps(given, ensure_ascii=False))


def pair(old: float | None, new: float | None) -> tuple[str, str]:
    """Two numbers with three digits, or with as many as are needed to show a difference."""
    if old == new:
        return _number_text(old), _number_text(new)
    for spec in ("", *(f".{digits}g" for digits in range(4, 18))):
        texts = (_number_text(old, spec), _number_text(new, spec))
        if texts[0] != texts[1]:
            break
    return texts


def _number_text(given: float | None, spec: str = "") -> str:
    return "no number" if given is None else number(given, spec)


def change(item: Number) -> str:
    """The change of a number: `"+0.75 (+12%)"`."""
    if item.change is None:
        return ""
    share = (
        "" if item.relative is None else f" ({_signed(item.relative, '.1%' if abs(item.relative) < 0.1 else '.0%')})"
    )
    return f"{_signed(item.change)}{share}" if not item.relative or abs(item.relative) < 100 else _signed(item.change)


def _signed(given: float, spec: str = "") -> str:
    return f"{'+' if given > 0 else ''}{number(given, spec)}"


def interval(estimate: Mapping[str, Any]) -> str:
    """`"−4.33 (−13.3 to 13.2)"`."""
    return f"{_number_text(estimate['estimate'])} ({_number_text(estimate['low'])} to {_number_text(estimate['high'])})"


def verdicts(estimate: Estimate) -> str:
    """`"undecided → better"`; one word for an unchanged verdict, and nothing without a verdict."""
    old, new = (side.get("verdict") for side in (estimate.old, estimate.new))
    if old == new:
        return value(old) if isinstance(old, str) else ""
    return f"{value(old)} → {value(new)}"


def where(estimate: Estimate) -> str:
    """The position of the new estimate relative to the old interval."""
    if estimate.within is None:
        return "one of them is missing"
    place = "inside" if estimate.within else "outside"
    if estimate.shift is None or math.isinf(estimate.shift):
        return f"{place} the old interval"
    return f"moved {shift(estimate)} half-widths, {place} the old interval"


def shift(estimate: Estimate) -> str:
    """The change of an estimate, in half-widths of its old interval."""
    return "–" if estimate.shift is None else number(estimate.shift, ".1f")


def outcome(given: str | None) -> str:
    """The outcome of a claim, or that it does not apply to the experiment."""
    return value(given) if given else "does not apply"


def marked(old: str, new: str) -> tuple[list[tuple[str, bool]], list[tuple[str, bool]]]:
    """Two sentences in pieces, each with True if the other sentence does not have it."""
    one, other = (re.findall(r"\S+\s*", sentence) for sentence in (old, new))
    if len(one) * len(other) > 250_000:  # longer than any of our sentences, and slow to compare
        return [(old, False)], [(new, False)]
    parts: tuple[list[tuple[str, bool]], list[tuple[str, bool]]] = ([], [])
    for kind, i, j, k, m in difflib.SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        for side, words in zip(parts, (one[i:j], other[k:m]), strict=True):
            if words:
                side.append(("".join(words), kind != "equal"))
    return parts


def lengths(item: ListChange) -> str:
    """`"30 values, 29 changed"`, or the numbers of values if they differ."""
    if item.changed is None:
        return f"{item.old:,} → {item.new:,} values"
    return f"{_count(item.new, 'value')}, {item.changed:,} changed"


def _change(item: Change) -> Iterator[str]:
    if item.kind == "changed":
        yield f"{item.path}: {value(item.old)} → {value(item.new)}"
    else:
        given = item.new if item.kind == "added" else item.old
        listed = item.path.endswith("]") or isinstance(given, dict | list)
        yield f"{item.path}: {item.kind}" + ("" if listed else f", {value(given)}")


def _estimate(item: Estimate) -> Iterator[str]:
    yield ": ".join(filter(None, (item.path, item.about, verdicts(item))))
    pairs = pairs_of(item)
    yield f"    {interval(item.old)} → {interval(item.new)}{f', {pairs}' if pairs else ''}; {where(item)}"


def pairs_of(estimate: Estimate) -> str:
    """The number of pairs of runs behind an estimate, if known."""
    old, new = (side.get("pairs") for side in (estimate.old, estimate.new))
    if old is None and new is None:
        return ""
    return f"{value(old)} pairs" if old == new else f"{value(old)} → {value(new)} pairs"


def _outcome(claim: Outcome) -> Iterator[str]:
    came = f"{outcome(claim.old)} → {outcome(claim.new)}" if claim.flipped else outcome(claim.new)
    yield f"{claim.name} ({claim.section}): {came}"
    for when, sentence in (("before", claim.old_sentence), ("now", claim.new_sentence)):
        # Escape first: wrapping breaks at characters that a terminal obeys.
        wrapped = printable(sentence) or "(no sentence)"
        yield from textwrap.wrap(wrapped, 100, initial_indent=f"    {when + ':':<8}", subsequent_indent=" " * 12)


def sides(item: Number) -> tuple[str, str]:
    """A number before and now, with its interval if it has one."""
    old, new = pair(item.old, item.new)
    if item.old_interval and item.new_interval:
        old, new = (
            f"{estimate} ({_number_text(low)} to {_number_text(high)})"
            for estimate, (low, high) in ((old, item.old_interval), (new, item.new_interval))
        )
    return old, new


def _number(item: Number) -> Iterator[str]:
    old, new = sides(item)
    notes = [change(item), "as a setting" if item.repeats_setting else ""]
    yield "; ".join(filter(None, (f"{item.path}: {old} → {new}", *notes)))


def _series(item: ListChange) -> Iterator[str]:
    old, new = pair(item.old_median, item.new_median)
    yield f"{item.path}: {lengths(item)}, median {old}" + (f" → {new}" if old != new else "")


def _table(item: TableChange) -> Iterator[str]:
    rows = f", {item.old_rows:,} → {item.new_rows:,} rows" if item.old_rows != item.new_rows else ""
    yield f"{item.name}: {item.changed:,} of {_count(item.cells, 'cell')} changed{rows}"


def _name(name: str) -> Iterator[str]:
    yield name
