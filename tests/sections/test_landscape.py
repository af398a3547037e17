"""What the section on a sweep says of landscapes that were planted."""

import dataclasses

import numpy as np
import pytest
from planted import decide

from reportgen.experiment import Arm, Comparison, Experiment, Sweep
from reportgen.penalties.l1 import L1
from reportgen.sections import sections
from reportgen.sections.result import plain_findings

E = Experiment(
    arms=(Arm(name="l1", penalty=L1(), strength=0.3, step="proximal"),),
    comparison=Comparison(resamples=500),
    sweep=Sweep(arm="l1", strengths=(0.0, 0.01, 0.1, 1.0), learning_rates=(0.0001, 0.001, 0.01), count=200),
)
REACH = 4000
"""Steps of its trainings."""


class Planted:
    """What a sweep found, from functions of a cell; `noise` is what a run has of its own in each cell."""

    def __init__(self, error, zero=lambda cell: 0.0, diverged=lambda cell: 0.0, noise=0.1):
        self.error, self.zero, self.diverged, self.noise = error, zero, diverged, noise

    def values(self, cell):
        luck = np.random.default_rng(0).normal(0, 2, 200)
        own = np.random.default_rng([1, *np.array(cell).view(np.uint64)]).normal(0, self.noise, 200)
        lost = np.arange(200) < 200 * self.diverged(cell)
        share = np.where(lost, np.nan, self.zero(cell))
        return {
            "test": np.where(lost, np.nan, self.error(cell) + luck + own),
            "train": share,
            "zero": share,
            "dead": share,
            "size": share,
            "diverged": np.where(lost, 5, -1),
        }


def told(planted, e=E):
    section = sections["landscape"]()
    findings = section.findings(e, {}, planted)
    claims = {c.name: decide(c, "landscape", plain_findings(findings), e) for c in section.claims}
    return findings, {name: claim.outcome for name, claim in claims.items()}, section


def bowl(depth):
    """An error that is least at λ = 0.1, η = 0.001, and so much larger a step away."""

    def error(cell):
        away = abs(np.log10(max(cell.strength, 1e-3)) + 1) + abs(np.log10(cell.learning_rate) + 3)
        return 20 + depth * away

    return error


def test_a_best_cell_stands_out_in_a_steep_bowl_and_not_in_a_shallow_one():
    findings, outcomes, section = told(Planted(bowl(5)))

    assert (findings.best.strength, findings.best.learning_rate) == (0.1, 0.001)
    assert findings.place == [2, 1]
    assert [n.difference.verdict for n in findings.neighbors] == ["worse"] * 4
    assert outcomes["the-best-setting-is-no-peak"] == "not supported"
    assert outcomes["some-strength-beats-none"] == "supported"
    table, _ = section.tables(E, findings)
    assert [row[3] for row in table.rows] == sorted(row[3] for row in table.rows)

    findings, outcomes, _ = told(Planted(bowl(0.2)))
    assert {n.difference.verdict for n in findings.neighbors} == {"practically equal"}
    assert outcomes["the-best-setting-is-no-peak"] == "supported"
    assert outcomes["some-strength-beats-none"] == "not supported"


def test_cells_are_compared_by_runs_that_had_no_part_in_the_choice():
    class Turning(Planted):
        """One cell is good in most of its first half and bad in the second."""

        def values(self, cell):
            values = super().values(cell)
            if cell == (0.01, 0.001):
                values["test"] = values["test"] + np.where(np.arange(200) < 90, -15, 15)
            return values

    findings, outcomes, _ = told(Turning(bowl(5)))

    assert findings.best.strength == 0.01
    assert "better" in {n.difference.verdict for n in findings.neighbors}
    assert outcomes["the-best-setting-is-no-peak"] == "not supported"
    assert findings.pairs == 100


def pulled(cell):
    return min(1.0, cell.strength * cell.learning_rate * REACH / 1.3)


def turned(cell):
    return 0.4 if cell.strength * cell.learning_rate > 9e-3 else pulled(cell)


WEAK = dataclasses.replace(E, sweep=dataclasses.replace(E.sweep, strengths=(0.0, 0.0001, 0.001)))
"""No pull of this sweep gets far."""


@pytest.mark.parametrize(
    ("claim", "supported", "refuted", "undecided"),
    [
        (
            "the-best-setting-is-no-peak",
            (Planted(bowl(0.2)), E),
            (Planted(bowl(5)), E),
            (Planted(bowl(1), noise=30), E),
        ),
        ("some-strength-beats-none", (Planted(bowl(5)), E), (Planted(bowl(0.2)), E), (Planted(bowl(1), noise=30), E)),
        (
            "zeros-are-a-matter-of-distance",
            (Planted(bowl(1), pulled), E),
            (Planted(bowl(1), turned), E),
            (Planted(bowl(1), pulled), WEAK),
        ),
    ],
)
def test_every_claim_comes_out_as_the_landscape_was_planted(claim, supported, refuted, undecided):
    worlds = {"supported": supported, "not supported": refuted, "undecided": undecided}
    assert {outcome: told(*world)[1][claim] for outcome, world in worlds.items()} == {o: o for o in worlds}


def test_correlations_describe_the_cells_and_the_reach_is_that_of_the_initial_weights():
    findings, _, _ = told(Planted(bowl(1), pulled))
    assert 0.5 < findings.reach.size < 0.74
    assert findings.correlations.product > findings.correlations.strength
    assert told(Planted(bowl(1), lambda cell: 0.8 * cell.strength))[0].correlations.strength == pytest.approx(1)
    assert told(Planted(bowl(1)))[0].correlations is None, "no cell has zeros"


def test_cells_that_diverged_are_counted_and_never_chosen():
    def lost(cell):
        return {0.1: 0.9, 1.0: 0.01}.get(cell.strength, 0.0)

    findings, _, _ = told(Planted(bowl(5), diverged=lost))

    assert findings.best.strength == 0.01
    assert 0.1 not in [n.strength for n in findings.neighbors], "its few survivors say little"
    assert findings.diverged == 6
