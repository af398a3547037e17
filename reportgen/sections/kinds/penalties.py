"""The penalties: their formulas, shapes, gradients and proximal steps."""

import inspect
from collections.abc import Iterable, Sequence

import numpy as np

from reportgen.experiment import Experiment
from reportgen.penalties import Penalty
from reportgen.penalties.elastic_net import ElasticNet
from reportgen.penalties.group_lasso import GroupLasso
from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.penalties.none import NoPenalty
from reportgen.pictures.picture import Animation, Picture
from reportgen.sections import Findings, Section, Trained, sections
from reportgen.sections.helpers import kinds_by_name
from reportgen.sections.wording import join_words

_SHOWN = (2.0, 1.0, 0.25)
_SCALE = 0.3
"""η·λ of the example of a proximal step, for every penalty; the text names it."""


@sections.register("penalties")
class Penalties(Section[Findings]):
    """Formulas and pictures of the penalties; the section needs no runs."""

    title = "Four penalties, four shapes"

    def findings(self, e: Experiment, trained: Trained, study: object) -> Findings:
        weights = np.array(_SHOWN).reshape(-1, 1, 1)
        shrunk = {
            name: [float(w) for w in kind().prox(weights, _SCALE, np).ravel()]
            for name, kind in kinds_by_name(L1, L2, ElasticNet).items()
        }
        # Both are outgoing weights of one unit, so for the group lasso they are one group.
        pair = GroupLasso().prox(np.array([[1.0, 0.25]]), _SCALE, np)[0]
        inputs, width = e.network.shapes(*e.data.shape)[0]
        found: Findings = {
            "scale": _SCALE,
            "weights": list(_SHOWN),
            "shrunk": shrunk,
            "group": [float(w) for w in pair],
            "mix": ElasticNet().mix,
            "mixes": [{"label": a.label, "mix": a.penalty.mix} for a in e.arms if isinstance(a.penalty, ElasticNet)],
            "inputs": inputs,
            "width": width,
        }
        if own := _other_penalties(e):
            found["own"] = [{"title": p.title, "about": _first_paragraph(p), "convex": p.convex} for p in own]
        return found

    def media(
        self, e: Experiment, trained: Trained, study: object, findings: Findings
    ) -> Iterable[Picture | Animation]:
        yield Picture(
            name="penalty-curves",
            figure="penalty_curves",
            alt="Three panels over one weight. The penalties: L1 is a V, L2 a parabola, elastic net a rounded V. Their "
            "slopes: L1 and elastic net jump at zero, L2 passes straight through it. Their proximal steps: L1 and "
            "elastic net are flat at zero around the origin, L2 is a line through it.",
        )
        if own := _other_penalties(e):
            yield _curves_picture(own)
        yield Picture(
            name="penalty-surfaces",
            figure="penalty_surfaces",
            alt="Four surfaces over two weights: L1 an upturned pyramid with creases along both axes, L2 a smooth "
            "bowl, elastic net a bowl with creases, group lasso a cone with a single sharp point at the origin.",
        )
        yield Picture(
            name="penalty-contours",
            figure="penalty_contours",
            alt="Level lines of the four penalties over two weights: diamonds for L1, circles for L2, rounded diamonds "
            "with corners on the axes for elastic net, circles about a sharp point for the group lasso.",
        )
        yield Picture(
            name="constraint",
            figure="constraint",
            alt="Ellipses of equal loss around the best fit meet the L1 diamond at a corner, where one weight is zero, "
            "and the L2 disc at a point where neither weight is zero.",
        )
        yield Animation(
            name="constraint-path",
            scenes=("constraint_path",),
            alt="As λ grows, the diamond and the disc shrink. The L1 solution slides to an axis, stays on it with one "
            "weight at zero and reaches the origin; the L2 solution moves towards the origin along a curve and never "
            "touches an axis.",
        )


def _other_penalties(e: Experiment) -> list[Penalty]:
    """The penalties of the arms other than the four of the package, each kind once."""
    shown = (NoPenalty, L1, L2, ElasticNet, GroupLasso)
    kinds = {type(arm.penalty): arm.penalty for arm in reversed(e.arms) if not isinstance(arm.penalty, shown)}
    return list(reversed(kinds.values()))


def _first_paragraph(of: Penalty) -> str:
    """The first paragraph of a penalty's docstring."""
    return (inspect.getdoc(of) or "").partition("\n\n")[0]


def _curves_picture(own: Sequence[Penalty]) -> Picture:
    """The picture of penalty, slope and proximal step at strength 1, beside those of L1."""
    w = np.linspace(-2.5, 2.5, 501)
    column = w[:, np.newaxis, np.newaxis]
    drawn = [L1(), *own]
    values = {
        "penalty": [p.cost(column, np) for p in drawn],
        "slope": [p.subgradient(column, np)[:, 0, 0] for p in drawn],
        "proximal step": [p.prox(column, 1.0, np)[:, 0, 0] for p in drawn],
    }
    return Picture(
        name="penalty-curves-own",
        figure="curves",
        inputs={
            "panels": [
                {
                    "title": title,
                    "xlabel": "w",
                    "ylabel": "",
                    "series": [
                        {"label": p.title, "arm": p.look("subgradient").arm, "x": w, "y": y}
                        for p, y in zip(drawn, curves, strict=True)
                    ],
                }
                for title, curves in values.items()
            ]
        },
        alt="Penalty, slope and proximal step of one weight between -2.5 and 2.5, for "
        + join_words([p.title for p in drawn])
        + ". At w = 2.5 the proximal step leaves "
        + join_words(
            [f"{steps[-1]:.2f} under {p.title}" for p, steps in zip(drawn, values["proximal step"], strict=True)]
        )
        + ".",
    )
