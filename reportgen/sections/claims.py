"""Claims: sentences that state a result, each with the test that decides which sentence is printed.

A section lists its claims. A claim's `test` sees the section's findings as `results.json` holds them, so that a reader
can repeat it from that file. The template of the section places the sentence with `{{ claim("NAME") }}`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import jinja2

from reportgen.errors import TemplateError
from reportgen.experiment import Experiment
from reportgen.registry import stored
from reportgen.sections.wording import describe_interval, is_post, why_undecided
from reportgen.text import at_most, number

Outcome = Literal["supported", "not supported", "undecided"]


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One statement, and the sentence that the article prints for each outcome.

    Sentences are Jinja2 templates of plain text: `f` are the findings of the section, `e` is the experiment. The filter
    `num` prints numbers, `at_most` rounds them up, and `why` gives the reason of an undecided difference. They refer to
    no figure, so that each can be read alone.
    """

    name: str
    """Unique in an article."""
    test: Callable[[dict[str, Any]], bool | Outcome | None]
    """True for supported, False for not supported, or the name of the outcome; None if the claim does not apply to the
    experiment. A number that could not be computed is None in findings; a claim whose test compares it is undecided."""
    supported: str
    refuted: str
    """The sentence for "not supported"."""
    undecided: str = ""
    post: str = ""
    """What the post of 2018 said, for the table that compares it with the measurement of the post's experiment."""


@stored
@dataclass(frozen=True, kw_only=True)
class DecidedClaim:
    """A claim with its outcome."""

    name: str
    section: str
    post: str
    """Empty if the experiment is not that of the post, about which it says nothing."""
    outcome: Outcome | None
    """None if it does not apply to this experiment."""
    sentence: str
    """What the article says; empty if it does not apply."""


def decide(claim: Claim, section: str, findings: dict[str, Any], e: Experiment) -> DecidedClaim:
    """Decide a claim from the findings of its section, which are plain JSON values.

    Raises `TemplateError` if the sentence names a value that is missing.
    """
    outcome = _outcome(claim, findings)
    sentences = {"supported": claim.supported, "not supported": claim.refuted, "undecided": claim.undecided, None: ""}
    try:
        sentence = _environment().from_string(sentences[outcome]).render(f=findings, e=e)
    except (jinja2.TemplateError, TypeError, ValueError, ArithmeticError) as error:
        raise TemplateError(f"claim {claim.name!r} of section {section!r}, {outcome}: {error}") from error
    return DecidedClaim(
        name=claim.name, section=section, post=claim.post if is_post(e) else "", outcome=outcome, sentence=sentence
    )


def _outcome(claim: Claim, findings: dict[str, Any]) -> Outcome | None:
    try:
        outcome = claim.test(findings)
    except TypeError:
        if not _has_missing_number(findings):
            raise
        return "undecided"
    return _named(outcome)


def _named(outcome: bool | Outcome | None) -> Outcome | None:
    return ("supported" if outcome else "not supported") if isinstance(outcome, bool) else outcome


def _has_missing_number(value: Any) -> bool:
    """True if `value` is, or contains, None."""
    if isinstance(value, Mapping):
        return any(map(_has_missing_number, value.values()))
    return value is None or (isinstance(value, list) and any(map(_has_missing_number, value)))


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined)  # noqa: S701  # text, which the page escapes
    environment.filters |= {"num": number, "at_most": at_most, "why": why_undecided, "interval": describe_interval}
    return environment


def difference_outcome(difference: Mapping[str, Any], *expected: str) -> Outcome:
    """The outcome of a claim that a verdict is one of `expected`; by default that it is "better"."""
    verdict = difference["verdict"]
    if verdict == "undecided":
        return "undecided"
    return "supported" if verdict in (expected or ("better",)) else "not supported"


def bound_outcome(found: Mapping[str, Any], expected: str = "above") -> Outcome:
    """The outcome of a claim that a mean is `expected` ("above", "below") of the bound of `helpers.against_bound`."""
    return difference_outcome(found, expected)


def all_outcomes(*parts: bool | Outcome | None) -> Outcome | None:
    """The outcome of a claim of several parts: supported if all are, not supported if one is not.

    None if a part does not apply, or if there is none.
    """
    return _first_of(parts, "not supported", "undecided", "supported")


def any_outcome(*parts: bool | Outcome | None) -> Outcome | None:
    """The outcome of a claim that one of several parts holds; None if a part does not apply, or if there is none."""
    return _first_of(parts, "supported", "undecided", "not supported")


def _first_of(parts: Sequence[bool | Outcome | None], *order: Outcome) -> Outcome | None:
    named = {_named(part) for part in parts}
    return None if None in named else next((outcome for outcome in order if outcome in named), None)


def majority_outcome(rate: Mapping[str, Any] | None) -> Outcome | None:
    """The outcome of a claim that an event happens in most runs, from `rate_findings`; None if there are no runs."""
    if not rate or not rate["count"]:
        return None
    return "supported" if rate["low"] > 0.5 else "not supported" if rate["high"] < 0.5 else "undecided"
