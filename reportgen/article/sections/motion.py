"""One run of each arm in motion: its weights, and in step with them the line it fits."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reportgen.analysis.sparsity import below_share, zero_share
from reportgen.article.common import frames_of, grid, is_curve, threshold, trained_arm
from reportgen.article.sections import Findings, Section, Trained, sections
from reportgen.experiment import Arm, Experiment
from reportgen.figures import Animation, Picture
from reportgen.network import Weights, forward
from reportgen.run import Run
from reportgen.trajectory import Trajectory


@sections.register("motion")
class Motion(Section):
    """The animations of the first run of each arm."""

    title = "Watching the weights"

    def runs(self, e: Experiment) -> Iterable[Run]:
        return [run for arm in e.arms for run in e.arm_runs(arm)]

    def findings(self, e: Experiment, trained: Trained, study: object) -> Findings:
        band = threshold(e)
        arms = []
        for arm in e.arms:
            members = trained_arm(e, arm, trained)
            first, ended = members[0], [t for t in members if t.diverged is None]
            kernels, _ = first.at(-1)
            seconds = [second for t in ended if (second := _second_direction(t.at(-1)[0])) is not None]
            arms.append(
                {
                    "name": arm.name,
                    "label": arm.label,
                    "below": below_share(kernels, band),
                    "zero": zero_share(kernels),
                    "largest": float(max(np.abs(w).max() for w in kernels)),
                    "second_direction": max(seconds, default=None),
                    "rank_one_change": max((_rank_one_change(t) for t in ended), default=None) if seconds else None,
                    "diverged": first.diverged,
                }
            )
        pair = [arm.name for arm in _pair(e)]
        return {
            "arms": arms,
            "threshold": band,
            "pair": pair,
            "curve": is_curve(e),
            "run": 1,
            "runs": e.runs.count,
        }

    def media(
        self, e: Experiment, trained: Trained, study: object, findings: Findings
    ) -> Iterable[Picture | Animation]:
        first = {arm.name: trained_arm(e, arm, trained)[0] for arm in e.arms}
        for arm, found in zip(e.arms, findings["arms"], strict=True):
            t = first[arm.name]
            yield weights_animation(
                f"weights-{arm.name}",
                [(arm.label, t)],
                alt=f"Weight matrices of one network trained with {arm.label}, over {t.steps[-1]} steps. "
                f"At the end {found['below']:.0%} of the weights are within {findings['threshold']:.2g} of zero, "
                f"{found['zero']:.0%} exactly zero; the largest is {found['largest']:.2f}.",
            )
            if is_curve(e):
                yield fit_animation(e, f"fit-{arm.name}", [(arm.label, t)])
        pair = _pair(e)
        if len(pair) == 2:
            both = [(arm.label, first[arm.name]) for arm in pair]
            shares = {found["name"]: found["below"] for found in findings["arms"]}
            yield weights_animation(
                "weights-side-by-side",
                both,
                alt="Weight matrices of two networks from the same start, in step: "
                + " and ".join(
                    f"{arm.label} ends with {shares[arm.name]:.0%} of its weights within "
                    f"{findings['threshold']:.2g} of zero"
                    for arm in pair
                )
                + ".",
            )
            if is_curve(e):
                yield fit_animation(e, "fit-side-by-side", both)


def _second_direction(kernels: Sequence[Weights]) -> float | None:
    """Largest share, over the matrices between hidden layers, of the second singular value in the first.

    Zero says that each of these matrices is of rank one: all its rows are multiples of a single row.
    """
    values = [np.linalg.svd(w, compute_uv=False) for w in kernels[1:-1] if min(w.shape) > 1]
    return max((float(s[1] / s[0]) for s in values if s[0] > 0), default=None)


def _rank_one_change(trajectory: Trajectory) -> float:
    """How far outputs at training inputs move when each matrix between hidden layers becomes its rank-one part."""
    kernels, biases = ([np.asarray(w, np.float64) for w in part] for part in trajectory.at(-1))
    reduced = [kernels[0], *(_rank_one(w) for w in kernels[1:-1]), kernels[-1]]
    x, activation = trajectory.run.draw().x_train, trajectory.run.network.activation
    change = forward(reduced, biases, x, activation) - forward(kernels, biases, x, activation)
    return float(np.abs(change).max())


def _rank_one(w: Weights) -> Weights:
    """The nearest matrix of rank one."""
    u, s, v = np.linalg.svd(w)
    part: Weights = s[0] * np.outer(u[:, 0], v[0])
    return part


def _pair(e: Experiment) -> Sequence[Arm]:
    """The arms to set side by side: the first with L1 and the first with L2, if there are such."""
    by_kind: dict[str, Arm] = {}
    for arm in e.arms:
        by_kind.setdefault(type(arm.penalty).__name__, arm)
    return [by_kind[kind] for kind in ("L1", "L2") if kind in by_kind]


def weights_animation(name: str, networks: Sequence[tuple[str, Trajectory]], alt: str) -> Animation:
    """Weight matrices of one or several trajectories in step."""
    frames = frames_of(min((t for _, t in networks), key=lambda t: len(t.steps)))
    return Animation(
        name=name,
        scene="weights",
        inputs={
            "networks": [{"title": label, "kernels": [w[frames] for w in t.kernels]} for label, t in networks],
            "steps": networks[0][1].steps[frames],
        },
        alt=alt,
    )


def fit_animation(e: Experiment, name: str, networks: Sequence[tuple[str, Trajectory]]) -> Animation:
    """The functions of one or several trajectories in step, over the training samples."""
    data = e.run(0).draw()
    x = grid(e, 2 if e.network.activation == "linear" else 120)
    frames = frames_of(min((t for _, t in networks), key=lambda t: len(t.steps)))
    truth = data.truth or (None, None)
    panels: list[dict[str, Any]] = [{"title": label, "lines": _curves(t, x, frames)} for label, t in networks]
    ends = "; ".join(
        f"{label}: at first from {line[0, 0]:.1f} to {line[0, -1]:.1f}, at the end from {line[-1, 0]:.1f} to "
        f"{line[-1, -1]:.1f}, and in the second half of the frames never further than {_wander(line):.1f} from that"
        for label, line in ((panel["title"], panel["lines"]) for panel in panels)
    )
    return Animation(
        name=name,
        scene="fit",
        inputs={
            "panels": panels,
            "grid": x[:, 0],
            "x": data.x_train[:, 0],
            "y": data.y_train[:, 0],
            "outlier": data.outlier_train,
            "truth_x": None if truth[0] is None else truth[0][:, 0],
            "truth_y": None if truth[1] is None else truth[1][:, 0],
            "steps": networks[0][1].steps[frames],
        },
        alt=f"The fitted function over {networks[0][1].steps[-1]} steps, between x = {x[0, 0]:.1f} and "
        f"x = {x[-1, 0]:.1f}. {ends}.",
    )


def _wander(lines: NDArray[np.float64]) -> float:
    """How far lines [frames, points] of the second half lie from the last one, at most."""
    return float(np.abs(lines[len(lines) // 2 :] - lines[-1]).max())


def _curves(trajectory: Trajectory, x: NDArray[np.float64], frames: NDArray[np.intp]) -> NDArray[np.float64]:
    """Outputs [frames, points] of a one-input network at the chosen records."""
    return np.stack([trajectory.predict(x, record)[:, 0] for record in frames])
