"""Claims: sentences that state a result, each bound to the numbers that decide which sentence it is.

A section lists its claims. A claim's `test` sees the section's findings as `results.json` holds them, so whoever has
that file can decide it again; the template of the section places the sentence with `{{ claim("NAME") }}`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import jinja2

from reportgen.errors import TemplateError
from reportgen.experiment import Experiment
from reportgen.registry import stored
from reportgen.text import number

Outcome = Literal["supported", "not supported", "undecided"]


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One statement, and what the article says for each way it may turn out.

    Sentences are plain text with Jinja2's braces in it: `f` are the findings of the section, `e` is the experiment,
    numbers are printed with the filter `num`. They refer to no figure, so that they can be read alone too.
    """

    name: str
    """Unique in an article."""
    test: Callable[[dict[str, Any]], bool | Outcome | None]
    """True for supported, False for not supported, or the outcome by its name; None where the experiment has nothing
    that the claim is about. A number that could not be computed is None in findings, and a test that compares it
    leaves the claim undecided."""
    supported: str
    refuted: str
    """What is said when it is not supported."""
    undecided: str = ""
    post: str = ""
    """What the post of 2018 said, for the table that sets its claims against what was measured."""


@stored
@dataclass(frozen=True, kw_only=True)
class DecidedClaim:
    """A claim, decided."""

    name: str
    section: str
    post: str
    outcome: Outcome | None
    """None if it does not apply to this experiment."""
    sentence: str
    """What the article says; empty if it does not apply."""


def decide(claim: Claim, section: str, findings: dict[str, Any], e: Experiment) -> DecidedClaim:
    """Decide a claim from the findings of its section, which are plain JSON values.

    Raises `TemplateError` if the sentence asks for what is not there.
    """
    outcome = _outcome(claim, findings)
    sentences = {"supported": claim.supported, "not supported": claim.refuted, "undecided": claim.undecided, None: ""}
    try:
        sentence = _environment().from_string(sentences[outcome]).render(f=findings, e=e)
    except (jinja2.TemplateError, TypeError, ValueError, ArithmeticError) as error:
        raise TemplateError(f"claim {claim.name!r} of section {section!r}, {outcome}: {error}") from error
    return DecidedClaim(name=claim.name, section=section, post=claim.post, outcome=outcome, sentence=sentence)


def _outcome(claim: Claim, findings: dict[str, Any]) -> Outcome | None:
    try:
        found = claim.test(findings)
    except TypeError:
        if not _incomplete(findings):
            raise
        return "undecided"
    if isinstance(found, bool):
        return "supported" if found else "not supported"
    return found


def _incomplete(value: Any) -> bool:
    """Whether a number is missing somewhere."""
    if isinstance(value, Mapping):
        return any(map(_incomplete, value.values()))
    return value is None or (isinstance(value, list) and any(map(_incomplete, value)))


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined)  # noqa: S701  # text, which the page escapes
    environment.filters["num"] = number
    return environment


def of_difference(difference: Mapping[str, Any], expected: str = "better") -> Outcome:
    """The outcome of a claim that one arm is `expected` ("better", "worse", "practically equal") than another."""
    verdict = difference["verdict"]
    return "undecided" if verdict == "undecided" else "supported" if verdict == expected else "not supported"
