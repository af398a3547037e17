import numpy as np
import pytest

from reportgen.errors import DataError
from reportgen.pictures.timeline import Timeline
from reportgen.training.trajectory import Trajectory


def recorded(steps, weights=None):
    """One layer of one weight."""
    steps = np.asarray(steps, np.int32)
    values = np.zeros(len(steps)) if weights is None else np.asarray(weights)
    kernel = values.astype(np.float32).reshape(-1, 1, 1)
    return Trajectory(source=None, steps=steps, kernels=(kernel,), biases=(kernel[:, 0],), loss=None, penalty=None)


def shown(timeline, *trajectories):
    """The steps that each trajectory shows."""
    return [t.steps[r].tolist() for t, r in zip(trajectories, timeline.records(trajectories), strict=True)]


def test_even_frames_are_evenly_spaced_in_steps_not_in_records():
    # As with `at`: the first steps were recorded one by one.
    trajectory = recorded([*range(20), *range(20, 1001, 20)])

    assert shown(Timeline(length=2, hold=1, rate=10), trajectory) == [list(range(0, 1001, 100))]
    assert shown(Timeline(), recorded([0, 20, 40])) == [[0, 20, 40]]


def test_slow_in_shows_more_frames_where_the_weights_change_most():
    steps = np.arange(0, 1001)
    trajectory = recorded(steps, np.exp(-steps / 50))
    (even,), (slow,) = (shown(Timeline(pace=pace), trajectory) for pace in ("even", "slow-in"))

    assert slow[0] == even[0] == 0
    assert slow[-1] == even[-1] == 1000
    assert sum(step <= 100 for step in even) == 5
    assert sum(step <= 100 for step in slow) > 20


def test_trajectories_in_step_show_the_steps_that_all_have():
    often, seldom, ended = recorded(range(0, 101, 5)), recorded(range(0, 101, 10)), recorded(range(0, 51, 5))

    assert shown(Timeline(), often, seldom, ended) == [list(range(0, 51, 10))] * 3
    with pytest.raises(DataError, match="there is no step at which all the trajectories were recorded"):
        Timeline().records([recorded([0, 10]), recorded([5, 15])])


def test_delays_last_the_length_and_hold_the_end():
    for frames in (1, 2, 24, 60, 120, 400):
        delays = Timeline().delays(frames)
        assert len(delays) == frames
        assert len(set(delays[:-1])) <= 1
        assert min(delays) >= 2
        assert delays[-1] >= 120
        assert sum(delays) == (500 if frames < 200 else 2 * (frames - 1) + 120)


def test_the_distance_of_records_that_is_advised_is_the_largest_that_gives_every_frame_a_step():
    for last, timeline in [(4000, Timeline()), (997, Timeline(rate=25)), (100, Timeline(rate=10)), (60, Timeline())]:
        every = timeline.fitting_every([recorded([0, last])])
        assert every is not None

        def frames(distance, last=last, timeline=timeline):
            (steps,) = shown(timeline, recorded(sorted({*range(0, last, distance), last})))
            return len(steps)

        assert frames(every) == timeline.frames
        assert not any(frames(more) == timeline.frames for more in range(every + 1, last))
    assert Timeline().fitting_every([recorded([0, 10, 20])]) is None
