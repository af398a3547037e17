"""What the page needs to move its animations itself: trajectories packed for `templates/static/player.js`.

A weight becomes a whole number of 32767ths of the largest in its trajectory, zero only if it is zero. What is written
is how these numbers change from record to record, weight after weight: small changes of either sign as small numbers,
all lower bytes before the upper ones, deflated. As text that is a fifth of the weights in float32, or a tenth if many
rest at zero.
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
from reportgen.pictures import Animation
from reportgen.pictures.scenes import scenes
from reportgen.registry import stored
from reportgen.sections import Trained
from reportgen.store.encoding import digest
from reportgen.training.run import Run
from reportgen.training.trajectory import Trajectory

RECORDS = 101
"""The most records of a trajectory that a page holds."""

RUNS = 5
"""The most runs of an arm among which a reader can choose."""

BUDGET = 1_000_000
"""The most bytes that all packed trajectories of a page may have together."""

_TOP, _NO_NUMBER = 32767, -32768


@dataclass(frozen=True, eq=False, kw_only=True)
class RunChoices:
    """Trainings that differ only by seed, and among which a reader may therefore choose."""

    arm: str | None
    """The label of the arm that these are runs of; None if they are of none."""
    trajectories: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class Player:
    """An animation that the page draws itself."""

    scenes: tuple[str, ...]
    panels: tuple[tuple[str, int], ...]
    """Title and place in `Players.series` of what each panel shows."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Players:
    """All players of a page by the name of their animation, and the trainings they show."""

    players: Mapping[str, Player] = dataclasses.field(default_factory=dict)
    series: tuple[RunChoices, ...] = ()

    def __contains__(self, name: object) -> bool:
        return name in self.players

    def __len__(self) -> int:
        return len(self.players)

    def only(self, *names: str) -> Players:
        """Those players alone, with no more data than they show: for a page that holds one of them."""
        used = sorted({place for name in names for _, place in self.players[name].panels})
        return Players(
            players={
                name: dataclasses.replace(
                    self.players[name],
                    panels=tuple((title, used.index(place)) for title, place in self.players[name].panels),
                )
                for name in names
            },
            series=tuple(self.series[place] for place in used),
        )

    def data(self) -> dict[str, Any]:
        """What `player.js` reads; data that several trainings share is there once."""
        shared: list[Any] = []

        def place(value: Any) -> int:
            if value not in shared:
                shared.append(value)
            return shared.index(value)

        return {
            "players": {
                name: {"scenes": p.scenes, "panels": [{"title": t, "series": s} for t, s in p.panels]}
                for name, p in self.players.items()
            },
            "series": [
                {
                    "arm": s.arm,
                    "trajectories": [
                        dict(t) | {key: place(t[key]) for key in ("steps", "layers", "samples")} for t in s.trajectories
                    ],
                }
                for s in self.series
            ],
            "shared": shared,
        }


@stored
@dataclass(frozen=True, eq=False, kw_only=True)
class PlayerData:
    """Players that one section could have, and all they could show."""

    players: tuple[tuple[str, tuple[str, ...], tuple[tuple[str, str], ...]], ...] = ()
    """Name and scenes of each animation, and of its panels the title and the run, by digest."""
    packed: Mapping[str, tuple[Mapping[str, Any], ...]] = dataclasses.field(default_factory=dict)
    """By run: its trajectory packed, and then those that differ from it only by seeds."""
    arms: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """The label of the arm, for runs that are the first of one."""


def player_data(experiment: Experiment, animations: Iterable[Animation], trained: Trained) -> PlayerData:
    """Players for those of `animations` that the page can draw itself.

    What a panel shows is known by its run; others of `trained` that differ from it only by seeds can take its place.
    """
    drawn, steps = set(scenes.stating("in_page", True)), experiment.run(0).steps
    players: list[Any] = []
    runs: dict[Run, str] = {}
    for animation in animations:
        # One clock moves all players, so they show trainings of one length, and nothing but their steps.
        if not set(animation.scenes) <= drawn or set(animation.inputs) != {"panels"}:
            continue
        panels = [(panel.title, panel.trajectory.run) for panel in animation.inputs["panels"]]
        if any(run.steps != steps or _hopeless(trained[run]) for _, run in panels):
            continue
        names = {run: digest(run) for _, run in panels}
        runs |= names
        players.append((animation.name, animation.scenes, tuple((title, names[run]) for title, run in panels)))
    firsts = {experiment.arm_runs(arm)[0]: arm.label for arm in experiment.arms}
    return PlayerData(
        players=tuple(players),
        packed={
            runs[run]: tuple(packed_trajectory(trained[other]) for other in others[:RUNS])
            for run, others in _like(runs, trained).items()
        },
        arms={runs[run]: label for run, label in firsts.items() if run in runs},
    )


def pack(offers: Sequence[PlayerData]) -> Players:
    """The players of a page, from what its sections offer.

    What does not fit into `BUDGET` is left out: further runs first, then players, and their GIF remains.
    """
    # Sections that show the same run know its first ones by the same seeds; the one that knows most counts.
    known: dict[str, tuple[Mapping[str, Any], ...]] = {}
    for one in offers:
        known |= {run: packed for run, packed in one.packed.items() if len(packed) > len(known.get(run, ()))}
    shown: dict[str, tuple[tuple[str, ...], tuple[tuple[str, str], ...]]] = {}
    places: dict[str, int] = {}
    size = 0
    for name, side_by_side, panels in (player for one in offers for player in one.players):
        new = [run for run in dict.fromkeys(run for _, run in panels) if run not in places]
        added = sum(_size(known[run][0]) for run in new)
        if size + added <= BUDGET:
            size += added
            places |= {run: len(places) + i for i, run in enumerate(new)}
            shown[name] = side_by_side, panels
    count = 1
    for place in range(1, RUNS):
        # All or none: the choice of a run is one for the whole page.
        size += sum(_size(known[run][place]) for run in places if place < len(known[run]))
        if size > BUDGET:
            break
        count += 1
    arms = {run: label for one in offers for run, label in one.arms.items()}
    return Players(
        players={
            name: Player(scenes=scenes, panels=tuple((title, places[run]) for title, run in panels))
            for name, (scenes, panels) in shown.items()
        },
        series=tuple(RunChoices(arm=arms.get(run), trajectories=known[run][:count]) for run in places),
    )


def together(parts: Mapping[str, Players]) -> Players:
    """The players of several articles on one page; before the names of each stands the key of its part."""
    players: dict[str, Player] = {}
    series: list[RunChoices] = []
    for prefix, part in parts.items():
        for name, player in part.players.items():
            panels = tuple((title, place + len(series)) for title, place in player.panels)
            players[prefix + name] = dataclasses.replace(player, panels=panels)
        series += part.series
    return Players(players=players, series=tuple(series))


def _like(runs: Iterable[Run], trained: Trained) -> dict[Run, list[Run]]:
    """For each of `runs` itself and those of `trained` that differ from it only by seeds, in the order of these."""
    families: dict[object, list[Run]] = {}
    for run in trained:
        families.setdefault(_seedless(run), []).append(run)
    return {run: [run, *sorted((r for r in families[_seedless(run)] if r != run), key=_seeds)] for run in runs}


_SEEDS = ("init_seed", "order_seed", "data_seed")


def _seeds(run: Run) -> tuple[int, ...]:
    return tuple(getattr(run, name) for name in _SEEDS)


def _seedless(run: Run) -> object:
    return tuple(getattr(run, field.name) for field in dataclasses.fields(run) if field.name not in _SEEDS)


def packed_trajectory(t: Trajectory) -> dict[str, Any]:
    """A trajectory as plain values, with the weights of at most `RECORDS` records as text."""
    records = np.unique(np.linspace(0, len(t.steps) - 1, min(len(t.steps), RECORDS)).round().astype(np.intp))
    t = t.only(records)
    arrays = [a for pair in zip(t.kernels, t.biases, strict=True) for a in pair]
    w = np.concatenate([a.reshape(len(records), -1) for a in arrays], axis=1).astype(np.float64)
    finite = np.isfinite(w)
    largest = float(np.abs(w[finite]).max(initial=0)) or 1.0
    with np.errstate(invalid="ignore"):
        whole = np.rint(w / largest * _TOP)
        # Zero says that a weight was put out, so nothing else may become zero.
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
        "layers": [[*k.shape[1:], b.shape[1]] for k, b in zip(t.kernels, t.biases, strict=True)],
        "activation": t.run.network.activation,
        "samples": data
        and {
            "x": _short(data.x_train),
            "y": _short(data.y_train),
            "outlier": data.outlier_train.astype(int).tolist(),
            "truth": data.truth and {"x": _short(data.truth[0]), "y": _short(data.truth[1])},
        },
        "diverged": t.diverged,
    }


def _short(values: NDArray[np.float64]) -> list[float]:
    """Numbers of one column in so many digits as a drawing needs."""
    return [float(f"{value:.5g}") for value in values[:, 0]]


def _hopeless(t: Trajectory) -> bool:
    """Whether packing would take gigabytes of memory, to find that nothing of it fits."""
    weights = sum(a[0].size for a in (*t.kernels, *t.biases))
    return bool(weights * min(len(t.steps), RECORDS) > 8 * BUDGET)


def _size(packed: Mapping[str, Any]) -> int:
    return len(packed["weights"])
