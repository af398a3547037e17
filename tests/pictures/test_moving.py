"""What each scene of training shows; what holds for all of them is tested with the animations."""

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.image import AxesImage
from matplotlib.text import Text

from reportgen.datasets.digits import Digits
from reportgen.datasets.moons import Moons
from reportgen.datasets.sparse_linear import SparseLinear
from reportgen.errors import DataError
from reportgen.pictures import style
from reportgen.pictures.picture import Panel
from reportgen.pictures.scenes import scenes
from reportgen.training.network import Network
from reportgen.training.run import Run, Training
from reportgen.training.trajectory import Trajectory

RNG = np.random.default_rng(0)
SEVERAL = Run(data=SparseLinear(inputs=4, relevant=2, samples=30, test_samples=20), network=Network(hidden=(3,)))
PLANE = Run(data=Moons(), network=Network(hidden=(3,)), training=Training(loss="logistic"))
PIXELS = Run(data=Digits(), network=Network(hidden=()), training=Training(loss="softmax"))
SHADES = 8
"""Shades of a class in the scene "boundary"."""
OF_WEIGHTS = sorted({name for name in scenes.names() if scenes[name].of_training} - {"boundary", "fit", "predicted"})
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


def test_filters_stand_in_rows_of_inputs_and_columns_of_outputs_with_gaps_between():
    w = noise(2, 2, 3, 4, 5)
    made = scene("weights", trajectory(w))
    made.show(1)
    (cells,) = shown(made)

    assert cells.shape == (4 * 3 - 1, 5 * 4 - 1)
    for i in range(4):
        for o in range(5):
            filter_cells = cells[3 * i : 3 * i + 2, 4 * o : 4 * o + 3]
            np.testing.assert_array_equal(filter_cells, w[1, :, :, i, o].astype(np.float32))


def test_a_large_matrix_keeps_its_largest_weights_and_says_so():
    w = noise(1, 900, 700) / 100
    w[0, 123, 456], w[0, 899, 699] = -2, 1
    made = scene("weights", trajectory(w))
    (cells,) = shown(made)
    (label,) = (text for text in words(made) if "900×700" in text)
    down, across = map(int, label.partition("largest of ")[2].split("×"))

    assert cells.shape == (-(-900 // down), -(-700 // across))
    assert (cells[123 // down, 456 // across], cells[-1, -1]) == (-2, 1)


def lines(made):
    return [artist for artist in made.moving if isinstance(artist, LineCollection)]


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


def test_singular_values_equal_those_of_numpy():
    w, filters = noise(3, 6, 4), noise(3, 2, 2, 3, 5)
    made = scene("singular_values", trajectory(w, filters))
    for frame in range(3):
        made.show(frame)
        expected = [np.linalg.svd(m, compute_uv=False) for m in (w[frame], filters[frame].reshape(12, 5))]
        np.testing.assert_allclose(heights(made.moving[0]), np.concatenate(expected))


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


def test_areas_have_the_color_of_the_likeliest_class_and_are_paler_where_it_is_less_certain():
    kernels = [noise(2, *shape) for shape in PLANE.shapes]
    made, t = scene("boundary", trajectory(*kernels, source=PLANE)), trajectory(*kernels, source=PLANE)
    (image,) = (artist for artist in made.moving if isinstance(artist, AxesImage))
    left, right, low, high = image.get_extent()
    for frame in (0, 1):
        made.show(frame)
        cells = np.asarray(image.get_array())
        rows, columns = cells.shape
        for row, column in ((0, 0), (rows - 1, 3), (rows // 2, columns // 2), (5, columns - 1)):
            x = left + (column + 0.5) * (right - left) / columns, low + (row + 0.5) * (high - low) / rows
            output = float(t.predict(np.array([x]), frame)[0, 0])
            number, sure = (output >= 0), abs(2 / (1 + np.exp(-output)) - 1)

            assert divmod(cells[row, column], SHADES) == (number, min(int(sure * SHADES), SHADES - 1))


def test_what_a_scene_cannot_draw_is_refused_with_a_way_out(messages):
    recording = trajectory(noise(2, 2, 3), noise(2, 3, 1))
    several = trajectory(*[noise(1, *shape) for shape in SEVERAL.shapes], source=SEVERAL)
    cases = {
        "filters": ("network", trajectory(noise(1, 3, 3, 1, 8), noise(1, 8, 2), layers=("conv2d", "dense"))),
        "no chain": ("network", trajectory(noise(1, 2, 3), noise(1, 4, 1))),
        "several inputs": ("fit", several),
        "no data": ("fit", recording),
        "no classes": ("boundary", several),
        "classes of more inputs": ("boundary", trajectory(noise(1, 64, 10), source=PIXELS)),
        "no weights": ("weights", trajectory()),
        "empty layer": ("weights", trajectory(noise(2, 2, 3), noise(2, 0, 3), layers=("a", "b"))),
    }

    def refusal(name, t):
        with pytest.raises(DataError) as refused:
            scene(name, t)
        return str(refused.value)

    messages(**{case: refusal(*arguments) for case, arguments in cases.items()})
    for name in OF_WEIGHTS:
        assert scene(name, recording).frames == 2
        assert f"'{name}' draws weights" in refusal(name, trajectory())


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", OF_WEIGHTS)
def test_weights_as_large_as_numbers_can_be_are_drawn(name):
    for dtype in (np.float16, np.float64):
        w = noise(2, 3, 4).astype(dtype)
        w[1, 0] = np.finfo(dtype).max
        layers = [w] if name == "network" else [w, np.broadcast_to(w[:, None, None], (2, 2, 2, 3, 4))]
        made = scene(name, trajectory(*layers))
        with style.look():
            for frame in (0, 1):
                made.show(frame)
                made.figure.draw_without_rendering()
