"""Planted worlds: findings of which the truth is known, made by the product's own statistics."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from reportgen.experiment import Comparison, Experiment
from reportgen.sections import sections
from reportgen.sections.claims import Claim, Outcome, sentence
from reportgen.sections.claims import decide as decide_claim
from reportgen.sections.helpers import as_findings, rate_findings
from reportgen.sections.result import plain_findings
from reportgen.statistics.comparison import compare
from reportgen.statistics.rates import compare_rates

PAIRS = 30
WORLDS = {"better": (-5.0, 1.0), "worse": (5.0, 1.0), "practically equal": (0.0, 0.1), "undecided": (-1.0, 2.0)}
"""Mean and standard deviation of paired differences with each verdict, against a margin of one."""
RULE = Comparison(resamples=500)


class Told(NamedTuple):
    """What a claim comes to, and its sentence in the template of its section."""

    outcome: Outcome | None
    sentence: str
    post: str


def decide(claim: Claim, section: str, findings: Any, e: Experiment) -> Told:
    """Decide a claim from findings, a dataclass or a dict, and read its sentence."""
    findings = plain_findings(findings)
    decided = decide_claim(claim, section, findings, e)
    return Told(decided.outcome, sentence(decided, findings, e), decided.post)


def planted_findings(findings: dict[str, Any]) -> dict[str, Any]:
    """Findings, of which some may be dataclasses, as claims get them."""
    planted = dataclasses.make_dataclass("Planted", findings)
    return plain_findings(planted(**findings))


def difference(verdict: str) -> dict[str, Any]:
    """The difference of two arms that comes out with this verdict."""
    mean, deviation = WORLDS[verdict]
    noise = np.random.default_rng(0).standard_normal(PAIRS)
    found = as_findings(compare(mean + deviation * noise, np.zeros(PAIRS), 1.0, RULE))
    assert found["verdict"] == verdict
    return found


def rate(events: int, count: int = PAIRS) -> dict[str, Any]:
    """How often an event happened."""
    return rate_findings(np.arange(count) < events, RULE)


def rates(first: int, second: int, count: int = PAIRS) -> dict[str, Any]:
    """How often an event happened in two groups of paired runs."""
    return as_findings(compare_rates(np.arange(count) < first, np.arange(count) < second, RULE))


def outcomes(section: str, name: str, worlds: Iterable[dict[str, Any]]) -> list[str | None]:
    """What a claim of a section comes to in each world, given as findings. Outcomes have sentences of their own."""
    claim = next(claim for claim in sections[section].claims if claim.name == name)
    decided = [decide(claim, section, findings, Experiment()) for findings in worlds]
    assert len({d.sentence for d in decided}) == len(decided), name
    return [d.outcome for d in decided]
