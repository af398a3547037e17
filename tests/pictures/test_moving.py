"""What each scene of training shows; what holds for all of them is tested with the animations."""

import dataclasses
import itertools

import numpy as np
import pytest
from matplotlib.collections import EllipseCollection, LineCollection
from matplotlib.colors import to_rgb, to_rgba
from matplotlib.image import AxesImage
from matplotlib.text import Text

from reportgen.datasets.sparse_linear import SparseLinear
from reportgen.errors import DataError
from reportgen.penalties.l1 import L1
from reportgen.pictures import Panel, style, trajectory_views
from reportgen.pictures.scenes import scenes
from reportgen.training.network import Network
from reportgen.training.run import Run
from reportgen.training.trajectory import Trajectory

RNG = np.random.default_rng(0)
SEVERAL = Run(data=SparseLinear(inputs=4, relevant=2, samples=30, test_samples=20), network=Network(hidden=(3,)))
OF_WEIGHTS = sorted({name for name in scenes.names() if scenes[name].of_training} - {"fit", "predicted"})
"""Scenes of training that need no data."""


def trajectory(*kernels, source=None, layers=()):
    """Kernels [S, …] as a training."""
    records = len(kernels[0]) if kernels else 1
    return Trajectory(
        source=source,
        steps=np.arange(records, dtype=np.int32) * 10,
        kernels=kernels,
        biases=tuple(np.zeros((records, w.shape[-1])) for w in kernels),
        loss=None,
        penalty=None,
        layers=layers,
    )


def noise(*shape):
    return RNG.normal(size=shape)


def scene(name, *trajectories, title=""):
    with style.look():
        made = scenes[name](panels=[Panel(title=title, trajectory=t) for t in trajectories])
        made.figure.draw_without_rendering()
    return made


def words(made):
    return [text.get_text() for text in made.figure.findobj(Text) if text.get_text() and text.get_visible()]


def shown(made):
    """What the heat maps show."""
    return [np.asarray(artist.get_array()) for artist in made.moving if isinstance(artist, AxesImage)]


# Weight maps


def test_filters_stand_in_rows_of_inputs_and_columns_of_outputs_with_gaps_between():
    w = noise(2, 2, 3, 4, 5)
    made = scene("weights", trajectory(w))
    made.show(1)
    (cells,) = shown(made)

    assert cells.shape == (4 * 3 - 1, 5 * 4 - 1)
    for i in range(4):
        for o in range(5):
            np.testing.assert_array_equal(
                cells[3 * i : 3 * i + 2, 4 * o : 4 * o + 3], w[1, :, :, i, o].astype(np.float32)
            )
    image = made.moving[0]
    assert image.to_rgba(cells)[2].tolist() == [list(to_rgba(style.GRID))] * 19


def test_kernels_of_any_number_of_axes_have_a_picture():
    shapes = {(3,): (1, 3), (): (1, 1), (4, 2, 3): (3, 14), (1, 1, 2, 3): (2, 3), (2, 2, 2, 1, 1): (4, 2)}

    assert {shape: shown(scene("weights", trajectory(noise(2, *shape))))[0].shape for shape in shapes} == shapes


def test_a_large_matrix_keeps_its_largest_weights_and_says_so():
    w = noise(1, 900, 700) / 100
    w[0, 123, 456], w[0, 899, 699] = -2, 1
    made = scene("weights", trajectory(w))
    (cells,) = shown(made)
    (label,) = (text for text in words(made) if "900×700" in text)
    down, across = map(int, label.partition("largest of ")[2].split("×"))

    assert cells.shape == (-(-900 // down), -(-700 // across))
    assert (cells[123 // down, 456 // across], cells[-1, -1]) == (-2, 1)
    np.testing.assert_array_equal(np.abs(cells[0, 0]), np.abs(w[0, :down, :across]).max())
    box = made.moving[0].axes.bbox
    assert min(box.width / cells.shape[1], box.height / cells.shape[0]) >= 2


def test_filters_too_many_for_gaps_become_cells_and_what_is_no_number_spoils_its_own():
    w = noise(1, 3, 3, 64, 128)
    made = scene("weights", trajectory(w), trajectory(w), trajectory(w))
    small = noise(1, 4, 4)
    small[0, 3, 0] = np.nan

    assert any("largest of 3×3" in text.replace("\n", " ") for text in words(made))
    assert np.abs(shown(made)[0]).max() == np.abs(w).max()
    assert np.isnan(trajectory_views.block_extremes(small, (2, 2))).tolist() == [[[False, False], [True, False]]]


def test_infinite_weights_are_gray_and_do_not_spoil_the_scale():
    w = np.array([[[1.0, np.inf, -np.inf, np.nan, -2.0]]])
    made = scene("weights", trajectory(w))
    image = made.moving[0]

    assert image.get_clim() == (-2, 2)
    assert [tuple(c[:3]) == to_rgb(style.GRAY) for c in image.to_rgba(image.get_array())[0]] == [0, 1, 1, 1, 0]


def test_layers_are_called_what_their_program_calls_them_and_names_do_not_touch():
    names = ("encoder", "W" * 80)
    told = words(scene("weights", trajectory(noise(1, 2, 3), noise(1, 3, 4), layers=names)))
    made = scene("weights", *[trajectory(*[noise(1, 10, 10)] * 12)] * 3)
    boxes = [text.get_window_extent() for text in made.figure.texts if "10×10" in text.get_text()]

    assert "encoder · 2×3" in told
    assert any(text.startswith("WWW") and text.endswith("… · 3×4") for text in told)
    assert len(boxes) == 36
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


# Network


def lines(made):
    return [artist for artist in made.moving if isinstance(artist, LineCollection)]


def units(made):
    (nodes,) = (artist for artist in made.moving if isinstance(artist, EllipseCollection))
    return nodes


def test_a_line_is_as_wide_as_its_weight_is_large_and_has_the_color_of_its_sign():
    w = np.array([[[0.0, 0.0, 0.0]], [[1.0, -0.5, 0.25]]])
    made = scene("network", trajectory(w))
    made.show(1)
    (edges,) = lines(made)
    widths, ends = np.array(edges.get_linewidth()), [path.vertices[1, 1] for path in edges.get_paths()]
    by_unit = np.argsort(ends)
    colors = np.asarray(edges.get_color())[by_unit]

    np.testing.assert_allclose(widths[by_unit] / widths.max(), [1, 0.5, 0.25], atol=0.03)
    assert [red > blue for red, _, blue, _ in colors] == [True, False, True]
    made.show(0)
    assert not np.any(edges.get_linewidth())


def test_lines_end_at_the_units_that_they_join():
    made = scene("network", trajectory(noise(1, 2, 3), noise(1, 3, 1)))
    ends = np.concatenate([path.vertices for edges in lines(made) for path in edges.get_paths()])
    places = units(made).get_offsets()

    assert len(places) == 6
    assert {tuple(end) for end in ends.round(6)} == {tuple(place) for place in np.asarray(places).round(6)}


def test_a_unit_that_nobody_would_miss_is_pale():
    first, second = np.ones((2, 1, 3)), np.ones((2, 3, 1))
    first[1, :, 0] = 0  # no longer fed
    second[1, 1] = 1e-6  # no longer read
    made = scene("network", trajectory(first, second))
    run = Run(penalty=L1(), strength=0.3, network=Network(hidden=(3,)))
    of_run = scene("network", trajectory(np.array([[[1.0, 0.0029, 0.0031]]]), np.ones((1, 3, 1)), source=run))

    def pale(made, frame):
        made.show(frame)
        return [tuple(c[:3]) == to_rgb(style.PAPER) for c in units(made).get_facecolor()]

    assert pale(made, 0) == [False] * 5
    assert pale(made, 1) == [False, True, True, False, False]
    assert pale(of_run, 0) == [False, False, True, False, False], "a run knows the band in which weights are dead"


def test_of_a_wide_layer_the_units_with_the_largest_weights_are_shown():
    w, after = np.full((1, 2, 300), 0.01), np.full((1, 300, 1), 0.01)
    w[0, 1, 200], after[0, 100] = -1, 1
    made = scene("network", trajectory(w, after))

    assert any("24 of 300" in text for text in words(made))
    made.show(0)
    assert [np.count_nonzero(np.array(edges.get_linewidth()) > 1) for edges in lines(made)] == [1, 1]
    assert len(units(made).get_offsets()) == 2 + 24 + 1


# Paths


def test_every_weight_has_a_path_that_is_uncovered_as_far_as_the_frame():
    w = noise(5, 2, 3)
    made = scene("paths", trajectory(w))
    still = [a for a in made.figure.axes[0].collections if isinstance(a, LineCollection) and a not in made.moving]
    drawn = max(still, key=lambda artist: len(artist.get_paths()))
    paper, _, heads = made.moving[:3]

    np.testing.assert_allclose([path.vertices[:, 1] for path in drawn.get_paths()], w.reshape(5, 6).T)
    for frame, now in enumerate([0, 10, 20, 30, 40]):
        made.show(frame)
        assert paper.get_x() == now
        assert paper.get_x() + paper.get_width() == made.figure.axes[0].get_xlim()[1]
        np.testing.assert_allclose(heads.get_offsets(), [(now, value) for value in w[frame].ravel()])


def test_of_many_weights_the_largest_have_a_path():
    w = noise(2, 60, 50)
    w[1, 7, 7], w[0, 50, 40] = 9, -9
    made = scene("paths", trajectory(w))
    heads = made.moving[2]

    assert "500 of 3,000 weights: half are the largest" in words(made)
    assert len(heads.get_offsets()) == 500
    made.show(0)
    assert np.min(heads.get_offsets()[:, 1]) == -9
    made.show(1)
    assert np.max(heads.get_offsets()[:, 1]) == 9


# Histogram


def heights(bars):
    return np.array([path.vertices[:, 1].max() for path in bars.get_paths()])


def test_bars_add_up_to_the_number_of_weights_and_zeros_are_told_apart():
    w = noise(3, 10, 10)
    w[1][w[1] < 0.5] = 0
    w[2, 0, 0] = np.nan
    made = scene("histogram", trajectory(w, noise(3, 10, 2)))
    every, exact = made.moving[:2]

    for frame, counted in ((0, 120), (1, 120), (2, 119)):
        made.show(frame)
        assert heights(every).sum() == counted
        assert heights(exact).sum() == (w[frame] == 0).sum()
    made.show(1)
    assert f"exactly zero {(w[1] == 0).sum() / 120:.1%}" in [text.replace("\u2007", "") for text in words(made)]


def test_a_large_network_is_counted_in_logarithms():
    small, large = (scene("histogram", trajectory(noise(1, n, n))) for n in (10, 300))

    assert [made.figure.axes[0].get_yscale() for made in (small, large)] == ["function", "symlog"]


# Singular values


def test_singular_values_equal_those_of_numpy():
    w, filters = noise(3, 6, 4), noise(3, 2, 2, 3, 5)
    made = scene("singular_values", trajectory(w, filters))
    for frame in range(3):
        made.show(frame)
        expected = [np.linalg.svd(m, compute_uv=False) for m in (w[frame], filters[frame].reshape(12, 5))]
        np.testing.assert_allclose(heights(made.moving[0]), np.concatenate(expected))


def test_the_largest_singular_values_are_shown_and_none_of_what_is_no_number():
    large = scene("singular_values", trajectory(noise(1, 30, 40)))
    w = noise(2, 3, 3)
    w[1, 0, 0] = np.inf
    infinite = scene("singular_values", trajectory(w))
    large.show(0)
    infinite.show(1)

    assert len(heights(large.moving[0])) == 20
    assert any("20 of 30" in text for text in words(large))
    assert not heights(infinite.moving[0]).any()


# Predictions


def test_predictions_stand_above_what_was_measured_and_their_error_is_told():
    kernels = [noise(2, *shape) for shape in SEVERAL.shapes]
    t = trajectory(*kernels, source=SEVERAL)
    made = scene("predicted", t)
    data = SEVERAL.draw()
    for frame in (0, 1):
        made.show(frame)
        training, test = made.moving[:2]
        np.testing.assert_allclose(test.get_xydata(), np.hstack([data.y_test, t.predict(data.x_test, frame)]))
        np.testing.assert_allclose(training.get_xydata(), np.hstack([data.y_train, t.predict(data.x_train, frame)]))
        error = np.sqrt(np.mean((t.predict(data.x_test, frame) - data.y_test) ** 2))
        (told,) = (text for text in words(made) if "RMSE" in text)
        assert float(told.split()[-1].strip("\u2007\u2008")) == pytest.approx(error, abs=0.01)


# All of them


def test_what_a_scene_cannot_draw_is_refused_with_a_way_out(messages):
    recording = trajectory(noise(2, 2, 3), noise(2, 3, 1))
    several = trajectory(*[noise(1, *shape) for shape in SEVERAL.shapes], source=SEVERAL)
    cases = {
        "filters": ("network", trajectory(noise(1, 3, 3, 1, 8), noise(1, 8, 2), layers=("conv2d", "dense"))),
        "no chain": ("network", trajectory(noise(1, 2, 3), noise(1, 4, 1))),
        "several inputs": ("fit", several),
        "no data": ("fit", recording),
        "no weights": ("weights", trajectory()),
        "empty layer": ("weights", trajectory(noise(2, 2, 3), noise(2, 0, 3), layers=("a", "b"))),
    }

    def refusal(name, t):
        with pytest.raises(DataError) as refused:
            scene(name, t)
        return str(refused.value)

    messages(**{case: refusal(*arguments) for case, arguments in cases.items()})
    assert "needs the data" in refusal("predicted", recording)
    for name in OF_WEIGHTS:
        assert scene(name, recording).frames == 2
        assert f"'{name}' draws weights" in refusal(name, trajectory())
        assert "'b' has none" in refusal(name, trajectory(noise(2, 2, 3), noise(2, 0, 3), layers=("a", "b")))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", OF_WEIGHTS)
def test_weights_as_large_as_numbers_can_be_are_drawn(name):
    for dtype in (np.float16, np.float32, np.float64):
        w = noise(2, 3, 4).astype(dtype)
        w[1, 0] = np.finfo(dtype).max
        layers = [w] if name == "network" else [w, np.broadcast_to(w[:, None, None], (2, 2, 2, 3, 4))]
        made = scene(name, trajectory(*layers))
        with style.look():
            for frame in (0, 1):
                made.show(frame)
                made.figure.draw_without_rendering()


def test_numbers_below_the_axes_stand_apart_and_a_legend_leaves_room_for_the_counter():
    long = dataclasses.replace(trajectory(noise(3, 2, 2)), steps=np.array([0, 1, 4_000_000], np.int32))
    for axes in scene("paths", *[long] * 3).figure.axes:
        labels = [label.get_window_extent() for label in axes.get_xticklabels() if label.get_text()]
        inside = [box for box in labels if axes.bbox.x0 - 1 <= (box.x0 + box.x1) / 2 <= axes.bbox.x1 + 1]
        assert len(inside) >= 2
        assert all(a.x1 + 6 < b.x0 for a, b in itertools.pairwise(inside))

    named = scene("paths", trajectory(*[noise(1, 2, 2)] * 4, layers=["W" * 40] * 4))
    (legend,) = named.figure.legends
    assert legend.get_window_extent().x0 > named.moving[-1].get_window_extent().x1 + 10


def test_numbers_beside_the_axes_stay_inside_the_picture():
    for name, size in itertools.product(("fit", "paths", "histogram", "predicted"), (1e-6, 1e7)):
        run = Run(data=SparseLinear(inputs=1, relevant=1, noise=size), network=Network(hidden=()))
        made = scene(name, *[trajectory(size * noise(2, 1, 1), source=run)] * 3, title="L1")
        boxes = np.array([axes.get_tightbbox().extents for axes in made.figure.axes])
        assert boxes.min() >= -0.5, (name, size)
        assert (boxes[:, 2:] <= made.figure.get_size_inches() * 96 + 0.5).all(), (name, size)
