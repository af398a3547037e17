"""Feature selection by the lasso: fifty inputs of which ten count."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from reportgen.datasets.sparse_linear import SparseLinear
from reportgen.experiment import Experiment
from reportgen.penalties.elastic_net import ElasticNet
from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.penalties.none import NoPenalty
from reportgen.pictures.picture import Animation, Picture
from reportgen.sections import Column, Findings, Section, Table, Trained, sections
from reportgen.sections.claims import Claim, Outcome, difference_outcome
from reportgen.sections.helpers import as_findings, default_penalty, kinds_by_name
from reportgen.statistics.comparison import compare
from reportgen.training.network import Network
from reportgen.training.run import Recording, Run, Training

DATA = SparseLinear()
# Fixed before any run: σ·√(2 ln p / n), which pure noise rarely exceeds, times 2 for a loss without a half.
UNIVERSAL = 2 * DATA.noise * (2 * np.log(DATA.inputs) / DATA.samples) ** 0.5
FACTORS = (0.05, 0.1, 0.2, 0.4, 0.7, 1.0, 1.5, 2.5, 4.0)
ARMS = kinds_by_name(NoPenalty, L1, L2, ElasticNet)
_DRAWS = 30
MARGIN = DATA.noise**2 / 2
"""Mean squared errors within ± this are practically equal: half of what the noise itself adds to each of them."""
_COST = (
    "L1's error on new samples less that without a penalty is {{ f.error_difference.estimate|num('.2f') }} on average "
    "(interval {{ f.error_difference.low|num('.2f') }} to {{ f.error_difference.high|num('.2f') }}"
)
_SAVED = (
    "If every input costs the same to measure, dropping what L1 drops saves {{ f.saving|num('.0%') }} of the cost of "
    "data collection"
)


def linear_run(kind: str, λ: float, draw: int) -> Run:
    """A run of a linear model of the sparse data, on full batches until it converges."""
    training = Training(batch_size=DATA.samples, epochs=400, learning_rate=0.1, schedule="linear", loss="squared")
    return Run(
        data=DATA,
        network=Network(hidden=()),
        training=training,
        penalty=default_penalty(kind),
        strength=0.0 if kind == "none" else λ,
        step=ARMS[kind].default_step,
        recording=Recording.ENDS_ONLY,
        data_seed=draw,
        order_seed=draw,
        init_seed=draw,
    )


@sections.register("selection")
class Selection(Section):
    """The post's "50 coefficients, 10 non-zero", with counts over many draws."""

    title = "Choosing inputs: ten of fifty count"
    claims = (
        Claim(
            name="l1-selects-inputs",
            post="L1 gives sparse weights and so selects features: of fifty coefficients ten are left, and the other "
            "forty were irrelevant.",
            test=lambda f: _selects_inputs(f["arms"]["l1"], f),
            supported="L1 keeps {{ f.arms.l1.picked|num('.1f') }} inputs on average: {{ f.arms.l1.found|num('.1f') }} "
            "of the {{ f.relevant }} that count and {{ f.arms.l1.false_picks|num('.1f') }} of the "
            "{{ f.inputs - f.relevant }} that do not. So the advertisement holds{% if f.arms.l1.false_picks > 0 %}, "
            "with a footnote: not everything that L1 keeps is relevant{% endif %}.",
            refuted="L1 keeps {{ f.arms.l1.picked|num('.1f') }} inputs on average: {{ f.arms.l1.found|num('.1f') }} "
            "of the {{ f.relevant }} that count and {{ f.arms.l1.false_picks|num('.1f') }} of the "
            "{{ f.inputs - f.relevant }} that do not. That is less than the advertisement promises.",
        ),
        Claim(
            name="l2-selects-nothing",
            test=lambda f: f["arms"]["l2"]["picked"] == f["inputs"],
            supported="L2 keeps all {{ f.inputs|num }}: it makes weights small, and small is not zero.",
            refuted="L2 keeps {{ f.arms.l2.picked|num('.1f') }} of {{ f.inputs|num }}.",
        ),
        Claim(
            name="elastic-net-keeps-more",
            test=lambda f: difference_outcome(f["kept_difference"], "worse"),
            supported="The elastic net, at the same λ and with its share of both, keeps more than L1: "
            "{{ f.arms.elastic_net.picked|num('.1f') }}, of which {{ f.arms.elastic_net.false_picks|num('.1f') }} do "
            "not count (difference {{ f.kept_difference.estimate|num('.1f') }}, interval "
            "{{ f.kept_difference.low|num('.1f') }} to {{ f.kept_difference.high|num('.1f') }}).",
            refuted="The elastic net, at the same λ, keeps no more than L1 does: "
            "{{ f.arms.elastic_net.picked|num('.1f') }} inputs.",
            undecided="Whether the elastic net keeps more inputs than L1 at the same λ is undecided: it keeps "
            "{{ f.arms.elastic_net.picked|num('.1f') }} (difference {{ f.kept_difference.estimate|num('.1f') }}, "
            "interval {{ f.kept_difference.low|num('.1f') }} to {{ f.kept_difference.high|num('.1f') }}).",
        ),
        Claim(
            name="fewer-inputs-cost-less",
            post="What is dropped need not be measured: collecting data becomes cheaper.",
            test=lambda f: _saves_at_no_cost(f),
            supported=f"{_SAVED}. It is bought without a practical loss: {_COST}), against a margin of "
            "{{ f.margin|num('g') }}.",
            refuted=f"{_SAVED}. That is not free: {_COST}), beyond the margin of {{{{ f.margin|num('g') }}}}, because "
            "L1 also shrinks the weights it keeps.",
            undecided=f"{_SAVED}. Whether that costs anything is undecided: {_COST}), against a margin of "
            "{{ f.margin|num('g') }}.",
        ),
        Claim(
            name="predicting-is-not-selecting",
            test=lambda f: (
                f["sharpest"]["strength"] < 0.999 * f["strength"]
                and f["sharpest"]["false_picks"] > f["arms"]["l1"]["false_picks"] + 1
            ),
            supported="But there L1 picks {{ f.sharpest.false_picks|num('.1f') }} irrelevant inputs. The λ that "
            "predicts best is not the λ that selects best, and one has to know which of the two one wants.",
            refuted="There L1 picks {{ f.sharpest.false_picks|num('.1f') }} irrelevant inputs, so here one λ serves "
            "both ends.",
        ),
    )

    def runs(self, e: Experiment) -> Iterable[Run]:
        draws = min(_DRAWS, e.runs.count)
        yield from (linear_run(kind, UNIVERSAL, draw) for kind in ARMS for draw in range(draws))
        yield from (linear_run("l1", UNIVERSAL * f, draw) for f in FACTORS for draw in range(draws))

    def findings(self, e: Experiment, trained: Trained, study: object) -> Findings:
        draws = range(min(_DRAWS, e.runs.count))
        counts = {kind: [_count_inputs(trained[linear_run(kind, UNIVERSAL, d)], d) for d in draws] for kind in ARMS}
        arms = {kind: _summarize_counts(each) for kind, each in counts.items()}
        path = [
            _summarize_counts([_count_inputs(trained[linear_run("l1", UNIVERSAL * f, d)], d) for d in draws])
            for f in FACTORS
        ]

        def values(kind: str, what: str) -> Any:
            return np.array([count[what] for count in counts[kind]])

        errors = compare(values("l1", "error"), values("none", "error"), MARGIN, e.comparison)
        # A difference of one input is within the margin.
        kept = compare(values("elastic_net", "picked"), values("l1", "picked"), 1.0, e.comparison)
        sharpest = int(np.argmin([point["error"] for point in path]))
        picked = arms["l1"]["picked"]
        return {
            "inputs": DATA.inputs,
            "relevant": DATA.relevant,
            "samples": DATA.samples,
            "draws": len(draws),
            "margin": MARGIN,
            "error_difference": as_findings(errors),
            "kept_difference": as_findings(kept),
            "strength": float(UNIVERSAL),
            "arms": {kind: {"label": ARMS[kind].look().title, **counts} for kind, counts in arms.items()},
            "path": {"strengths": [float(UNIVERSAL * f) for f in FACTORS], "counts": path},
            "saving": 1 - picked / DATA.inputs,
            "sharpest": {"strength": float(UNIVERSAL * FACTORS[sharpest]), **path[sharpest]},
        }

    def media(
        self, e: Experiment, trained: Trained, study: object, findings: Findings
    ) -> Iterable[Picture | Animation]:
        estimates = [
            {
                "label": of.look().title,
                "arm": of.look().arm,
                "values": trained[linear_run(kind, UNIVERSAL, 0)].kernels[0][-1][:, 0],
            }
            for kind, of in ARMS.items()
        ]
        yield Picture(
            name="coefficients",
            figure="coefficients",
            inputs={"truth": DATA.weights(0)[:, 0], "estimates": estimates},
            alt=f"Estimates of {DATA.inputs} weights in one draw, of which {DATA.relevant} are truly not zero. "
            "On average over the draws, the weights that are not exactly zero number "
            + ", ".join(f"{arm['picked']:.1f} with {arm['label']}" for arm in findings["arms"].values())
            + ".",
        )
        l1 = findings["arms"]["l1"]
        path, x = findings["path"]["counts"], findings["path"]["strengths"]
        counted = {"found": "relevant, found", "false_picks": "irrelevant, picked"}
        yield Picture(
            name="selection-path",
            figure="curves",
            inputs={
                "panels": [
                    {
                        "title": "Inputs with a weight",
                        "xlabel": "λ",
                        "ylabel": "inputs",
                        "xscale": "log",
                        "series": [
                            {"label": label, "x": x, "y": [c[key] for c in path]} for key, label in counted.items()
                        ],
                        "marks": [{"x": float(UNIVERSAL), "label": "λ fixed beforehand"}],
                        "levels": [{"y": DATA.relevant, "label": "truly relevant"}],
                    },
                    {
                        "title": "Error on new samples",
                        "xlabel": "λ",
                        "ylabel": "mean squared error",
                        "xscale": "log",
                        "series": [
                            {"label": L1.look().title, "arm": L1.look().arm, "x": x, "y": [c["error"] for c in path]}
                        ],
                        "levels": [{"y": DATA.noise**2, "label": "noise alone"}],
                    },
                ]
            },
            alt=f"Left: as λ grows from {x[0]:.2g} to {x[-1]:.2g}, the irrelevant inputs that L1 picks fall from "
            f"{path[0]['false_picks']:.0f} to {path[-1]['false_picks']:.0f}, and the relevant ones it finds from "
            f"{path[0]['found']:.0f} to {path[-1]['found']:.0f}. Right: the error on new samples over the same λ. "
            f"At the λ fixed beforehand L1 finds {l1['found']:.1f} and falsely picks {l1['false_picks']:.1f}.",
        )

    def tables(self, e: Experiment, findings: Findings) -> Iterable[Table]:
        yield Table(
            name="selection",
            columns=(
                Column(label="penalty"),
                Column(label="inputs with a weight", format=".1f"),
                Column(label="relevant found", format=".1f"),
                Column(label="false picks", format=".1f"),
                Column(label="mean squared error, new samples", format=".2f"),
            ),
            rows=tuple(
                (arm["label"], arm["picked"], arm["found"], arm["false_picks"], arm["error"])
                for arm in findings["arms"].values()
            ),
        )

    def headline(self, e: Experiment, findings: Findings) -> str:
        l1 = findings["arms"]["l1"]
        return (
            f"Of {findings['inputs']} inputs with {findings['relevant']} that count, L1 by proximal steps keeps "
            f"{l1['picked']:.1f} on average: {l1['found']:.1f} that count and {l1['false_picks']:.1f} that do not. "
            f"L2 keeps {findings['arms']['l2']['picked']:.0f}."
        )


def _selects_inputs(l1: Mapping[str, Any], f: Mapping[str, Any]) -> bool:
    """True if nine tenths of the relevant inputs are kept and nine tenths of the others dropped."""
    found: bool = l1["found"] >= 0.9 * f["relevant"]
    return found and l1["false_picks"] <= 0.1 * (f["inputs"] - f["relevant"])


def _saves_at_no_cost(f: Mapping[str, Any]) -> Outcome:
    verdict = f["error_difference"]["verdict"]
    if verdict == "undecided":
        return "undecided"
    return "supported" if verdict != "worse" and f["saving"] > 0 else "not supported"


def _count_inputs(trajectory: Any, draw: int) -> dict[str, float]:
    data, truth = trajectory.run.draw(), DATA.weights(draw)[:, 0] != 0
    picked = trajectory.kernels[0][-1][:, 0] != 0
    return {
        "picked": float(picked.sum()),
        "found": float((picked & truth).sum()),
        "false_picks": float((picked & ~truth).sum()),
        "error": float(np.mean((trajectory.predict(data.x_test) - data.y_test) ** 2)),
    }


def _summarize_counts(counts: list[dict[str, float]]) -> dict[str, float]:
    return {key: float(np.mean([c[key] for c in counts])) for key in counts[0]}
