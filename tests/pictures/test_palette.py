import numpy as np

from reportgen.pictures.palette import Palette

NONE = np.empty(0, np.uint32)


def shown(palette, colors):
    """The colors of pixels after they went through the palette."""
    rgb = palette.colors[palette.indices(np.asarray(colors, np.uint32))].astype(np.uint32)
    return rgb[..., 0] | rgb[..., 1] << 8 | rgb[..., 2] << 16


def error(colors, others):
    """The largest difference of a channel."""
    return max(np.abs((colors >> s & 255).astype(int) - (others >> s & 255).astype(int)).max() for s in (0, 8, 16))


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
