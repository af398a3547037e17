"""The data of players: trajectories packed for `templates/static/player.js`, which draws animations in the page.

A weight becomes an integer number of 32767ths of the largest weight in its trajectory; only an exact zero becomes 0.
The packed text holds the differences of these integers between records, weight after weight, zigzag-encoded, all lower
bytes before all upper bytes, deflated, in base64. It takes a fifth of the bytes of float32 weights, or a tenth if many
weights stay at zero.
"""

from __future__ import annotations

import base64
import dataclasses
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reportgen.experiment import Experiment
from reportgen.pictures.picture import Animation
from reportgen.pictures.scenes import scenes
from reportgen.registry import stored
from reportgen.sections import Trained
from reportgen.store.encoding import digest
from reportgen.training.run import Run
from reportgen.training.trajectory import Trajectory

RECORDS = 61
"""The most records of a trajectory that a page holds."""

RUNS = 3
"""The most runs of an arm that a reader can choose from."""

BUDGET = 1_000_000
"""The most bytes of all packed trajectories of a page together."""

_TOP, _NO_NUMBER = 32767, -32768


@dataclass(frozen=True, eq=False, kw_only=True)
class RunChoices:
    """Runs that differ only by their seeds: a reader can choose which of them a panel shows."""

    arm: str | None
    """The label of their arm; None if they belong to none."""
    trajectories: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class Player:
    """An animation that the page draws itself."""

    scenes: tuple[str, ...]
    panels: tuple[tuple[str, int], ...]
    """For each panel its title and the index in `PlayerSet.series` of its runs."""


@dataclass(frozen=True, eq=False, kw_only=True)
class PlayerSet:
    """All players of a page by the names of their animations, and the runs that they show."""

    players: Mapping[str, Player] = dataclasses.field(default_factory=dict)
    series: tuple[RunChoices, ...] = ()

    def __contains__(self, name: object) -> bool:
        return name in self.players

    def __len__(self) -> int:
        return len(self.players)

    def data(self, name: str, before: Iterable[str] = ()) -> dict[str, Any]:
        """The data of one player for `player.js`, without the runs that the players `before` it on the page have.

        Values that several of its runs share are written once.
        """
        had = {index for other in before if other != name for _, index in self.players[other].panels}
        panels = self.players[name].panels
        shared: list[Any] = []

        def share(value: Any) -> int:
            if value not in shared:
                shared.append(value)
            return shared.index(value)

        return {
            "scenes": self.players[name].scenes,
            "panels": [{"title": title, "series": index} for title, index in panels],
            "series": {
                str(index): {
                    "arm": self.series[index].arm,
                    "trajectories": [
                        dict(t) | {key: share(t[key]) for key in ("steps", "layers", "samples")}
                        for t in self.series[index].trajectories
                    ],
                }
                for index in sorted({index for _, index in panels} - had)
            },
            "shared": shared,
        }


@stored
@dataclass(frozen=True, eq=False, kw_only=True)
class PlayerData:
    """The players that one section offers, and the runs that they can show."""

    players: tuple[tuple[str, tuple[str, ...], tuple[tuple[str, str], ...]], ...] = ()
    """Name and scenes of each animation, and for each of its panels the title and the digest of the run."""
    packed: Mapping[str, tuple[Mapping[str, Any], ...]] = dataclasses.field(default_factory=dict)
    """By digest of a run: its packed trajectory, then those of runs that differ from it only by seeds."""
    arms: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """By digest of a run: the label of its arm, if it belongs to one."""


def player_data(experiment: Experiment, animations: Iterable[Animation], trained: Trained) -> PlayerData:
    """Players for those of `animations` that the page can draw itself.

    A panel shows one run; a reader can choose others of `trained` that differ from it only by seeds.
    """
    # Statistics load SciPy, which pages from stored results do without.
    from reportgen.sections.shown_runs import ranked_runs, ranking_arm

    drawn = set(scenes.stating("in_page", True))
    players: list[Any] = []
    runs: dict[Run, str] = {}
    with_others: set[Run] = set()
    for animation in animations:
        if not set(animation.scenes) <= drawn or set(animation.inputs) != {"panels"}:
            continue
        panels = [(panel.title, panel.trajectory.run) for panel in animation.inputs["panels"]]
        if any(_is_too_large(trained[run]) for _, run in panels) or len({run.steps for _, run in panels}) > 1:
            continue
        names = {run: digest(run) for _, run in panels}
        runs |= names
        with_others |= set() if animation.one_run else set(names)
        players.append((animation.name, animation.scenes, tuple((title, names[run]) for title, run in panels)))
    arm_of = {run: arm for arm in experiment.arms for run in experiment.arm_runs(arm)}
    first = ranking_arm(experiment)
    labels: dict[Run, dict[str, str]] = {}
    if all(run in trained for run in experiment.arm_runs(first)):
        for one in ranked_runs(experiment, trained, first):
            label = {"label": one.label, "ranked_by": first.label}
            labels |= {experiment.arm_runs(arm)[one.index]: label for arm in experiment.arms}
    return PlayerData(
        players=tuple(players),
        packed={
            runs[run]: tuple(
                pack_trajectory(trained[other]) | labels.get(other, {})
                for other in others[: RUNS if run in with_others else 1]
            )
            for run, others in _runs_by_seed(runs, trained).items()
        },
        arms={name: arm.label for run, name in runs.items() if (arm := arm_of.get(run))},
    )


def pack_players(offers: Sequence[PlayerData]) -> PlayerSet:
    """The players of a page, from what its sections offer.

    What does not fit into `BUDGET` is left out: first the runs to choose from, then players, which stay animations.
    """
    # Several sections may offer the same run, with the same seeds first; the longest list has all of them.
    known: dict[str, tuple[Mapping[str, Any], ...]] = {}
    for offer in offers:
        known |= {run: packed for run, packed in offer.packed.items() if len(packed) > len(known.get(run, ()))}
    shown: dict[str, tuple[tuple[str, ...], tuple[tuple[str, str], ...]]] = {}
    indices: dict[str, int] = {}
    size = 0
    for name, shown_scenes, panels in (player for offer in offers for player in offer.players):
        new = [run for run in dict.fromkeys(run for _, run in panels) if run not in indices]
        added = sum(_size(known[run][0]) for run in new)
        if size + added <= BUDGET:
            size += added
            indices |= {run: len(indices) + i for i, run in enumerate(new)}
            shown[name] = shown_scenes, panels
    count = 1
    for seed in range(1, RUNS):
        # All or none: one choice of a run counts for the whole page.
        size += sum(_size(known[run][seed]) for run in indices if seed < len(known[run]))
        if size > BUDGET:
            break
        count += 1
    arms = {run: label for offer in offers for run, label in offer.arms.items()}
    return PlayerSet(
        players={
            name: Player(scenes=scenes, panels=tuple((title, indices[run]) for title, run in panels))
            for name, (scenes, panels) in shown.items()
        },
        series=tuple(RunChoices(arm=arms.get(run), trajectories=known[run][:count]) for run in indices),
    )


def merge_players(parts: Mapping[str, PlayerSet]) -> PlayerSet:
    """The players of several articles on one page; the key of its part precedes the name of each player."""
    players: dict[str, Player] = {}
    series: list[RunChoices] = []
    for prefix, part in parts.items():
        for name, player in part.players.items():
            panels = tuple((title, index + len(series)) for title, index in player.panels)
            players[prefix + name] = dataclasses.replace(player, panels=panels)
        series += part.series
    return PlayerSet(players=players, series=tuple(series))


def _runs_by_seed(runs: Iterable[Run], trained: Trained) -> dict[Run, list[Run]]:
    """For each of `runs`: the run, then those of `trained` that differ from it only by seeds, sorted by seeds."""
    families: dict[object, list[Run]] = {}
    for run in trained:
        families.setdefault(_seedless(run), []).append(run)
    return {run: [run, *sorted((r for r in families[_seedless(run)] if r != run), key=_seeds)] for run in runs}


_SEEDS = ("init_seed", "order_seed", "data_seed")


def _seeds(run: Run) -> tuple[int, ...]:
    return tuple(getattr(run, name) for name in _SEEDS)


def _seedless(run: Run) -> object:
    return tuple(getattr(run, field.name) for field in dataclasses.fields(run) if field.name not in _SEEDS)


def pack_trajectory(t: Trajectory) -> dict[str, Any]:
    """A trajectory as plain values: the weights of at most `RECORDS` records as text."""
    records = np.unique(np.linspace(0, len(t.steps) - 1, min(len(t.steps), RECORDS)).round().astype(np.intp))
    t = t.only(records)
    arrays = [a for pair in zip(t.kernels, t.biases, strict=True) for a in pair]
    w = np.concatenate([a.reshape(len(records), -1) for a in arrays], axis=1).astype(np.float64)
    finite = np.isfinite(w)
    largest = float(np.abs(w[finite]).max(initial=0)) or 1.0
    with np.errstate(invalid="ignore"):
        whole = np.rint(w / largest * _TOP)
        # Zero means an exactly zero weight, so no other weight may be rounded to it.
        whole = np.where((whole == 0) & (w != 0), np.sign(w), whole)
    whole = np.where(finite, whole, _NO_NUMBER).astype(np.int16)
    change = np.diff(whole, axis=0, prepend=np.int16(0)).T
    folded = (change << 1) ^ (change >> 15)
    planes = np.ascontiguousarray(folded.astype("<i2")).view(np.uint8).reshape(-1, 2).T
    data = t.run.draw() if t.run.data.shape == (1, 1) else None
    return {
        "weights": base64.b64encode(zlib.compress(planes.tobytes(), 9)).decode(),
        "largest": largest,
        "limit": max(float(np.abs(k[np.isfinite(k)]).max(initial=0)) for k in t.kernels) or 1.0,
        "steps": t.steps.tolist(),
        "length": t.run.steps,
        "band": t.run.training.learning_rate * t.run.strength,
        "layers": [[*k.shape[1:], b.shape[1]] for k, b in zip(t.kernels, t.biases, strict=True)],
        "activation": t.run.network.activation,
        "samples": data
        and {
            "x": _rounded(data.x_train),
            "y": _rounded(data.y_train),
            "outlier": data.outlier_train.astype(int).tolist(),
            "truth": data.truth and {"x": _rounded(data.truth[0]), "y": _rounded(data.truth[1])},
        },
        "diverged": t.diverged,
    }


def _rounded(values: NDArray[np.float64]) -> list[float]:
    """The numbers of one column with five significant digits, enough for a drawing."""
    return [float(f"{value:.5g}") for value in values[:, 0]]


def _is_too_large(t: Trajectory) -> bool:
    """True if the packed trajectory could never fit `BUDGET`; packing it could take gigabytes of memory."""
    weights = sum(a[0].size for a in (*t.kernels, *t.biases))
    return bool(weights * min(len(t.steps), RECORDS) > 8 * BUDGET)


def _size(packed: Mapping[str, Any]) -> int:
    return len(packed["weights"])
