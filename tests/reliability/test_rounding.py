"""The benchmark that tells which verdicts hang on rounding."""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from reportgen.experiment import Experiment
from reportgen.penalties.group_lasso import GroupLasso
from reportgen.penalties.l1 import L1
from reportgen.sections import Section, Trained
from reportgen.sections.claims import Claim
from reportgen.sections.helpers import vary
from reportgen.training.network import Network
from reportgen.training.run import Recording, Run, Training

SMALL = """
sections = ["reading"]
[data]
name = "line"
[training]
epochs = 1
[runs]
count = 2
[[arms]]
name = "none"
penalty = "none"
"""


@pytest.fixture
def rounding(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")
    return importlib.import_module("rounding")


def test_the_loop_in_float64_trains_as_the_compiled_one(rounding):
    plain = Run(network=Network(hidden=(6,)), training=Training(epochs=5), recording=Recording(every=7))
    runs = [
        plain,
        *(vary(plain, penalty=penalty, strength=0.3) for penalty in (L1(), GroupLasso())),
        *(vary(plain, penalty=penalty, strength=0.1, step="proximal") for penalty in (L1(), GroupLasso())),
    ]
    batches = {"batch_size": 16, "order": "reshuffled", "loss": "huber", "schedule": "cosine", "full_batch_steps": 9}
    other = vary(plain, network={"activation": "tanh", "dropout": 0.2}, training=batches)
    runs += [
        vary(other, training={"optimizer": "momentum"}, penalty=L1(), strength=0.1, step="proximal"),
        vary(other, training={"optimizer": "adam"}, penalty=L1(), strength=0.1, step="proximal"),
    ]

    assert rounding.check_float64(runs) == len(runs)


@dataclass(frozen=True)
class Thrown:
    """Verdicts from the bits of weights."""

    coins: list[dict[str, str | None]]
    steady: dict[str, str | None]


class Coin(Section[Thrown]):
    """Two verdicts and two claims: one of each hangs on the last bits of the weights, the other does not."""

    title = "A coin"
    claims = (
        Claim(name="the-coin-is-better", test=lambda f: f.coins[0].verdict == "better"),
        Claim(name="the-other-is-better", test=lambda f: f.steady.verdict == "better"),
    )
    fair = True

    def runs(self, e: Experiment) -> list[Run]:
        return e.arm_runs(e.arms[0])

    def findings(self, e: Experiment, trained: Trained, study: None) -> Thrown:
        bits = np.concatenate([np.float32(t.kernels[0][-1]).ravel().view(np.uint32) for t in trained.values()])
        coin = "better" if bits.sum() % 2 and self.fair else "worse"
        return Thrown(
            coins=[{"label": "thrown", "verdict": coin, "reason": None}],
            steady={"verdict": "better" if bits.any() else "worse", "reason": None},
        )


class Loaded(Coin):
    fair = False


@pytest.mark.parametrize(("section", "options", "changed"), [(Coin, ["--no-float64"], True), (Loaded, [], False)])
def test_a_verdict_that_hangs_on_the_last_bits_is_reported(
    rounding, section, options, changed, monkeypatch, capsys, tmp_path
):
    file = tmp_path / "small.toml"
    file.write_text(SMALL, "utf-8")
    monkeypatch.setattr(rounding, "sections", {"reading": section})
    monkeypatch.setattr(sys, "argv", ["rounding.py", "--repeats", "12", "--experiment", str(file), *options])

    with pytest.raises(SystemExit) as ended:
        rounding.main()

    printed = capsys.readouterr().out
    assert ended.value.code == int(changed)
    for path in ("reading.coins[thrown]", "reading: claim the-coin-is-better"):
        assert (path in printed) == changed
    for path in ("reading.steady", "reading: claim the-other-is-better"):
        assert path not in printed
