"""Comparing the results of two builds."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reportgen.companions.diff import (
    ABSENT,
    TOLERANCE,
    Change,
    Estimate,
    ListChange,
    Number,
    Outcome,
    ReportDiff,
    TableChange,
)
from reportgen.values import short


def compare(
    old: dict[str, Any], new: dict[str, Any], *, names: tuple[str, str], tolerance: float = TOLERANCE
) -> ReportDiff:
    """The differences between two results from `results.load`; `names` are the names of the builds.

    `tolerance` is the relative difference up to which two numbers count as equal.
    """
    return _Comparing(tolerance).builds(old, new, names)


ENDS = ("estimate", "low", "high")
"""Keys that make an object an estimate."""

Path = tuple[str, ...]
Leaf = tuple[Path, Any, Any]
Test = Callable[[Any], bool]


@dataclass(frozen=True)
class _Comparing:
    tolerance: float

    def builds(self, old: dict[str, Any], new: dict[str, Any], names: tuple[str, str]) -> ReportDiff:
        only: tuple[list[str], list[str]] = ([], [])
        settings = [
            Change(path=_joined(path), old=a, new=b)
            for path, a, b in _leaves(old["experiment"], new["experiment"], ())
            if not self.same(a, b)
        ]
        # A section that one build does not have takes its claims with it.
        shared = old["findings"].keys() & new["findings"].keys()
        claims = [
            {name: claim for name, claim in results["claims"].items() if claim["section"] in shared}
            for results in (old, new)
        ]
        outcomes = self.claims(claims[0], claims[1], only)
        leaves = self.findings(old, new, only)
        kinds: dict[Test, list[Leaf]] = {_is_estimate: [], _is_number: [], _is_series: [], _is_anything: []}
        for leaf in leaves:
            kinds[next(test for test in kinds if test(leaf[1]) and test(leaf[2]))].append(leaf)
        estimates, numbers = map(_estimate, kinds[_is_estimate]), self.numbers(kinds[_is_number], settings)
        return ReportDiff(
            first=names[0],
            second=names[1],
            tolerance=self.tolerance,
            settings=tuple(settings),
            versions=tuple(
                Change(path=_joined(path), old=a, new=b)
                for path, a, b in _leaves(old["facts"].get("versions"), new["facts"].get("versions"), ())
                if a != b
            ),
            claims=tuple(sorted((claim for claim in outcomes if claim.flipped), key=_claim_order)),
            reworded=tuple(claim for claim in outcomes if not claim.flipped),
            estimates=tuple(sorted(estimates, key=_estimate_order)),
            numbers=tuple(sorted(numbers, key=lambda number: (number.repeats_setting, -number.surprise))),
            series=tuple(map(self.series, kinds[_is_series])),
            others=tuple(Change(path=_joined(path), old=a, new=b) for path, a, b in kinds[_is_anything]),
            tables=tuple(self.tables(old["tables"], new["tables"], only)),
            pictures=tuple(self.pictures(old["media"], new["media"], only)),
            only_first=tuple(only[0]),
            only_second=tuple(only[1]),
        )

    def same(self, old: Any, new: Any) -> bool:
        """True if two values are equal within the tolerance."""
        if isinstance(old, dict) and isinstance(new, dict):
            return old.keys() == new.keys() and all(self.same(value, new[key]) for key, value in old.items())
        if isinstance(old, list) and isinstance(new, list):
            return len(old) == len(new) and all(map(self.same, old, new))
        if _is_number(old) and _is_number(new):
            a, b = _finite(old), _finite(new)
            if a is None or b is None:
                return a is b
            # Near zero every rounding error is a large relative difference.
            return math.isclose(a, b, rel_tol=self.tolerance, abs_tol=self.tolerance * 1e-6)
        return type(old) is type(new) and bool(old == new)

    def claims(self, old: Any, new: Any, only: tuple[list[str], list[str]]) -> list[Outcome]:
        """Claims of both builds whose outcome or sentence differs."""
        outcomes = []
        for name, a, b in _shared_items(old, new, "claim", only):
            first, second = ((claim["outcome"], claim["sentence"]) for claim in (a, b))
            if first != second:
                outcomes.append(
                    Outcome(
                        name=name,
                        section=b["section"],
                        post=b["post"],
                        old=first[0],
                        new=second[0],
                        old_sentence=first[1],
                        new_sentence=second[1],
                    )
                )
        return outcomes

    def findings(self, old: Any, new: Any, only: tuple[list[str], list[str]]) -> list[Leaf]:
        """Values that both builds have and that differ."""
        facts = ({key: value for key, value in results["facts"].items() if key != "versions"} for results in (old, new))
        leaves = list(_leaves(next(facts), next(facts), ("facts",)))
        for name, a, b in _shared_items(old["findings"], new["findings"], "section", only):
            leaves += _without_repetitions(leaf for leaf in _leaves(a, b, (name,)) if not self.same(leaf[1], leaf[2]))
        kept = []
        for path, a, b in leaves:
            if a is ABSENT or b is ABSENT:
                only[a is ABSENT].append(_joined(path))
            elif not self.same(a, b):
                kept.append((path, a, b))
        return kept

    def numbers(self, leaves: list[Leaf], settings: list[Change]) -> list[Number]:
        """Single numbers; `x_low` and `x_high` become the interval of a number `x` beside them."""
        ends: dict[Path, tuple[Any, Any]] = {path: (_finite(a), _finite(b)) for path, a, b in leaves}
        repeated = {(s.old, s.new) for s in settings if _finite(s.old) is not None and _finite(s.new) is not None}
        numbers = []
        for path, (a, b) in ends.items():
            name = path[-1]
            if name.endswith(("_low", "_high")) and (*path[:-1], name.rpartition("_")[0]) in ends:
                continue
            low, high = ((ends.get((*path[:-1], f"{name}_{end}")) or (None, None)) for end in ("low", "high"))
            numbers.append(
                Number(
                    path=_joined(path),
                    old=a,
                    new=b,
                    old_interval=None if low[0] is None or high[0] is None else (low[0], high[0]),
                    new_interval=None if low[1] is None or high[1] is None else (low[1], high[1]),
                    repeats_setting=(a, b) in repeated,
                )
            )
        return numbers

    def series(self, leaf: Leaf) -> ListChange:
        path, *lists = leaf
        old, new = (list(_flatten(values)) for values in lists)
        medians = [
            statistics.median(numbers) if (numbers := [v for v in map(_finite, values) if v is not None]) else None
            for values in (old, new)
        ]
        changed = sum(not self.same(a, b) for a, b in zip(old, new, strict=False)) if len(old) == len(new) else None
        return ListChange(
            path=_joined(path),
            old=len(old),
            new=len(new),
            changed=changed,
            old_median=medians[0],
            new_median=medians[1],
        )

    def tables(self, old: Any, new: Any, only: tuple[list[str], list[str]]) -> Iterator[TableChange]:
        # The table of claims is compared as claims.
        old, new = ({name: table for name, table in tables.items() if name != "claims"} for tables in (old, new))
        for name, a, b in _shared_items(old, new, "table", only):
            if self.same(a["rows"], b["rows"]):
                continue
            cells = [pair for rows in zip(a["rows"], b["rows"], strict=False) for pair in zip(*rows, strict=False)]
            yield TableChange(
                name=name,
                old_rows=len(a["rows"]),
                new_rows=len(b["rows"]),
                cells=len(cells),
                changed=sum(not self.same(*pair) for pair in cells),
            )

    def pictures(self, old: Any, new: Any, only: tuple[list[str], list[str]]) -> Iterator[str]:
        for name, a, b in _shared_items(old, new, "picture", only):
            inputs = [item.get("inputs") if isinstance(item, dict) else item for item in (a, b)]
            if not self.same(*inputs):
                yield name


def _shared_items(old: Any, new: Any, what: str, only: tuple[list[str], list[str]]) -> Iterator[tuple[str, Any, Any]]:
    """Name and values of the items that both have; the names of the other items are added to `only`."""
    for name in sorted({*old, *new}):
        if name in old and name in new:
            yield name, old[name], new[name]
        else:
            only[name in new].append(f"{what} {name}")


def _leaves(old: Any, new: Any, path: Path) -> Iterator[Leaf]:
    """Pairs of values at the same path: numbers, texts, lists of them, and whole estimates."""
    if isinstance(old, dict) and isinstance(new, dict):
        if _is_estimate(old) and _is_estimate(new):
            new = _swapped(new) if _names(old) == _names(new)[::-1] != _names(new) else new
            yield path, _scalars(old), _scalars(new)
            old, new = ({key: value for key, value in part.items() if _nested(key, value)} for part in (old, new))
        for key in sorted({*old, *new}):
            yield from _leaves(old.get(key, ABSENT), new.get(key, ABSENT), (*path, key))
    elif isinstance(old, list) and isinstance(new, list) and old + new and all(isinstance(i, dict) for i in old + new):
        for label, a, b in _matched(old, new):
            yield from _leaves(a, b, (*path, f"[{label}]"))
    elif _is_set(old) and _is_set(new) and set(old) != set(new):
        first, second = set(old), set(new)
        for item in dict.fromkeys(old + new):
            if item not in second:
                yield (*path, f"[{short(item)}]"), item, ABSENT
            elif item not in first:
                yield (*path, f"[{short(item)}]"), ABSENT, item
    elif isinstance(old, dict | list) and new is None:
        yield path, old, ABSENT
    elif old is None and isinstance(new, dict | list):
        yield path, ABSENT, new
    else:
        yield path, old, new


NAMES = ("names", "name", "first", "second", "label", "title", "loss", "penalty", "schedule", "step")
SETTINGS = ("learning_rate", "strength", "share", "size", "threshold")
"""Keys that identify the items of a list: texts, and numbers that are settings and not measured."""


def _matched(old: list[Any], new: list[Any]) -> Iterator[tuple[str, Any, Any]]:
    """Matching items of two lists: by as many keys as are needed to identify them, or else by index."""
    keys: list[str] = []
    for key in NAMES + SETTINGS:
        is_valid = _is_setting if key in SETTINGS else _is_name
        if not all(is_valid(item.get(key)) for item in old + new):
            continue
        keys.append(key)
        known = [{_identity(item, keys): item for item in items} for items in (old, new)]
        if len(known[0]) == len(old) and len(known[1]) == len(new):
            for identity in dict.fromkeys((*known[0], *known[1])):
                yield ", ".join(identity), known[0].get(identity, ABSENT), known[1].get(identity, ABSENT)
            return
    for i in range(max(len(old), len(new))):
        yield str(i), old[i] if i < len(old) else ABSENT, new[i] if i < len(new) else ABSENT


def _is_name(value: Any) -> bool:
    return isinstance(value, str) or (_is_set(value) and bool(value))


def _is_setting(value: Any) -> bool:
    return isinstance(value, str | int | float)


def _identity(item: Mapping[str, Any], keys: Sequence[str]) -> tuple[str, ...]:
    parts: list[str] = []
    for key in keys:
        # Two names in either order are one pair.
        parts += sorted(item[key]) if isinstance(item[key], list) else [short(str(item[key]))]
    return tuple(parts)


def _without_repetitions(leaves: Iterable[Leaf]) -> Iterator[Leaf]:
    """Leaves without repetitions: sections store some findings under a second name, for their templates."""
    groups: dict[Path, list[Leaf]] = {}
    for leaf in leaves:
        # An estimate is a group of its own.
        groups.setdefault(leaf[0] if _is_estimate(leaf[1]) and _is_estimate(leaf[2]) else leaf[0][:-1], []).append(leaf)
    seen = set()
    for path, group in groups.items():
        contents = json.dumps([(leaf[0][len(path) :], *map(_fingerprint, leaf[1:])) for leaf in group])
        if contents not in seen or (len(group) == 1 and not _is_estimate(group[0][1])):
            yield from group
        seen.add(contents)


def _fingerprint(value: Any) -> Any:
    """A value that is equal for copies of one value, and different for others."""
    if value is ABSENT:
        return {"absent": True}
    if not _is_estimate(value):
        return value
    names = _names(value)
    value = _swapped(value) if names > names[::-1] else value
    # A copy may have the arms swapped, which rounds its numbers.
    return sorted(names), [f"{_finite(value[key]):.9g}" for key in ENDS if _finite(value[key]) is not None]


def _names(estimate: Mapping[str, Any]) -> list[str]:
    names = estimate.get("names")
    found = names if isinstance(names, list) else [estimate.get("first"), estimate.get("second")]
    return [name for name in found if isinstance(name, str)]


def _swapped(estimate: dict[str, Any]) -> dict[str, Any]:
    """The same comparison with the arms swapped: second minus first."""
    e = estimate
    verdicts = {"better": "worse", "worse": "better"}
    turned = {
        **{key: _minus(0, e.get(key)) for key in ("estimate", "median", "iqm")},
        **{"low": _minus(0, e["high"]), "high": _minus(0, e["low"])},
        **{"superiority": _minus(1, e.get("superiority"))},
        **{"superiority_low": _minus(1, e.get("superiority_high"))},
        **{"superiority_high": _minus(1, e.get("superiority_low"))},
        **{"first": e.get("second"), "second": e.get("first"), "names": _names(e)[::-1]},
        **{"verdict": verdicts.get(str(e.get("verdict")), e.get("verdict"))},
    }
    return {key: turned.get(key, value) for key, value in e.items()}


def _minus(a: int, value: Any) -> float | None:
    return None if (number := _finite(value)) is None else a - number


def _estimate(leaf: Leaf) -> Estimate:
    path, old, new = leaf
    about = [old.get("first"), old.get("second")]
    return Estimate(
        path=_joined(path),
        about=" − ".join(about) if all(isinstance(name, str) for name in about) else "",
        **{
            side: {key: _finite(value) if _is_number(value) else value for key, value in values.items()}
            for side, values in (("old", old), ("new", new))
        },
    )


def _scalars(estimate: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in estimate.items() if not _nested(key, value)}


def _nested(key: str, value: Any) -> bool:
    return isinstance(value, dict | list) and key != "names"


def _is_estimate(value: Any) -> bool:
    return isinstance(value, dict) and all(key in value and _is_number(value[key]) for key in ENDS)


def _is_number(value: Any) -> bool:
    """True for a number or for a missing value."""
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _finite(value: Any) -> float | None:
    """The number if it is finite, else None; JSON has numbers that are too large for a float."""
    if value is None or isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return value if math.isfinite(value) else None
    except OverflowError:
        return None


def _is_set(value: Any) -> bool:
    """True for a list of different texts."""
    return isinstance(value, list) and all(isinstance(item, str) for item in value) and len(set(value)) == len(value)


def _is_series(value: Any) -> bool:
    return isinstance(value, list) and all(_is_number(item) or isinstance(item, bool) for item in _flatten(value))


def _is_anything(_: Any) -> bool:
    return True


def _flatten(values: Any) -> Iterator[Any]:
    for value in values:
        if isinstance(value, list):
            yield from _flatten(value)
        else:
            yield value


def _joined(path: Path) -> str:
    return "".join(part if part.startswith("[") or not i else f".{part}" for i, part in enumerate(path))


def _claim_order(claim: Outcome) -> tuple[bool, bool, str]:
    """Sort key: reversed claims first, then undecided ones, then claims that apply to one build only."""
    outcomes = {claim.old, claim.new}
    return None in outcomes, "undecided" in outcomes, claim.name


def _estimate_order(estimate: Estimate) -> tuple[bool, bool, bool, float, str]:
    shift = math.inf if estimate.shift is None else estimate.shift
    return not estimate.reversed, not estimate.flipped, estimate.within is True, -shift, estimate.path
