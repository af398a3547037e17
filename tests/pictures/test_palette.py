import numpy as np
import pytest

from reportgen.pictures.palette import MAX_COLORS, UNCHANGED, Palette

NONE = np.empty(0, np.uint32)


def shown(palette, colors):
    """The colors of pixels after they went through the palette."""
    rgb = palette.colors[palette.indices(np.asarray(colors, np.uint32))].astype(np.uint32)
    return rgb[..., 0] | rgb[..., 1] << 8 | rgb[..., 2] << 16


def error(colors, others):
    """The largest difference of a channel."""
    return max(np.abs((colors >> s & 255).astype(int) - (others >> s & 255).astype(int)).max() for s in (0, 8, 16))


def test_as_many_colors_as_fit_stay_as_they_are():
    colors = np.random.default_rng(0).choice(1 << 24, MAX_COLORS, replace=False).astype(np.uint32)
    palette = Palette(colors)

    np.testing.assert_array_equal(shown(palette, colors), colors)
    assert UNCHANGED not in palette.indices(colors)


def test_a_color_that_the_palette_never_saw_gets_the_nearest():
    palette = Palette(np.array([0x000000, 0x0000FF, 0xFFFFFF], np.uint32))
    assert shown(palette, [[0x0000F0, 0x101010, 0xFEFEFE]]).tolist() == [[0x0000FF, 0x000000, 0xFFFFFF]]


def test_every_color_gets_the_nearest():
    colors = np.random.default_rng(1).integers(0, 1 << 24, 9000, dtype=np.uint32)
    palette = Palette(colors)
    rgb = np.stack([colors >> s & 255 for s in (0, 8, 16)], axis=-1).astype(int)
    distances = ((rgb[:, np.newaxis] - palette.colors[1:].astype(int)) ** 2).sum(axis=-1)
    chosen = palette.indices(colors).astype(int) - 1

    np.testing.assert_array_equal(distances[np.arange(9000), chosen], distances.min(axis=1))


def test_frequent_colors_stay_as_they_are_and_rare_ones_have_a_near_one():
    rng = np.random.default_rng(0)
    frame = rng.integers(0, 1 << 24, (60, 60), dtype=np.uint32)
    frame[::2, ::2] = 0x336699
    palette = Palette.from_frames([frame], NONE)
    after = shown(palette, frame)

    assert (after[::2, ::2] == 0x336699).all()
    assert error(frame, after) <= 60  # 191 places for 2,700 random colors


def test_blends_of_two_colors_have_near_ones():
    # Edges of letters and lines on paper: a few ramps, of 256 colors each.
    ends = [(0x1F, 0x23, 0x28), (0x59, 0x63, 0x6E), (0xD5, 0x5E, 0x00), (0x00, 0x72, 0xB2), (0xE6, 0x9F, 0x00)]
    share = np.linspace(0, 1, 256)[:, np.newaxis]
    ramps = np.concatenate([np.rint(255 + share * (np.array(end) - 255)) for end in ends]).astype(np.uint32)
    colors = np.unique(ramps[:, 0] | ramps[:, 1] << 8 | ramps[:, 2] << 16)

    assert len(colors) > 1000
    assert error(colors, shown(Palette(colors), colors)) <= 4


def test_colors_that_move_come_first():
    still = np.arange(100, dtype=np.uint32).reshape(10, 10)
    frames = [still.copy() for _ in range(4)]
    for index, frame in enumerate(frames[1:]):
        frame[5, 5] = 0x990000 + index % 2
    palette = Palette.from_frames(frames, np.array([0x123456], np.uint32))

    assert palette.indices(np.array([0x990000, 0x990001], np.uint32)).max() <= 3


@pytest.mark.parametrize("count", [300, 5000])
def test_the_same_colors_give_the_same_palette(count):
    colors = np.unique(np.random.default_rng(2).integers(0, 1 << 24, count, dtype=np.uint32))
    np.testing.assert_array_equal(Palette(colors).colors, Palette(colors.copy()).colors)
