import tracemalloc

import imageio.v3 as iio
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from reportgen.animation.formats.gif import Gif, check_gif, write_gif
from reportgen.animation.palette import Palette

NONE = np.empty(0, np.uint32)


def pixels(colours):
    """Opaque pixels of 24-bit colours."""
    return np.asarray(colours, np.uint32) | 0xFF000000


def encoded(frames, delays=None):
    return Gif().encode(frames, Palette.of(frames, NONE), delays or [5] * len(frames))


def decoded(data):
    rgb = iio.imread(data, plugin="pillow", extension=".gif", index=None)[..., :3].astype(np.uint32)
    return rgb[..., 0] | rgb[..., 1] << 8 | rgb[..., 2] << 16


@given(arrays(np.uint32, (4, 5, 7), elements=st.sampled_from([0, 0xFFFFFF, 0x123456, 0x0000FF, 0x010000])))
def test_a_gif_of_few_colours_is_lossless(colours):
    np.testing.assert_array_equal(decoded(encoded(list(pixels(colours)))), colours)


def test_255_colours_are_lossless_and_256_are_not_far_off():
    exact = np.arange(255, dtype=np.uint32).reshape(1, 15, 17)
    np.testing.assert_array_equal(decoded(encoded(list(pixels(exact)))), exact)

    many = np.arange(256, dtype=np.uint32).reshape(1, 16, 16)
    assert np.abs(decoded(encoded(list(pixels(many)))).astype(int) - many).max() <= 1


def test_identical_frames_keep_their_number_and_time():
    still = pixels(np.zeros((9, 9)))
    data = encoded([still] * 6, [7] * 5 + [120])

    check_gif(data, 6, 155)
    assert decoded(data).shape == (6, 9, 9)


def test_frequent_colours_stay_as_they_are_and_rare_ones_have_a_near_one():
    rng = np.random.default_rng(0)
    frame = rng.integers(0, 1 << 24, (60, 60), dtype=np.uint32)
    frame[:30] = 0x336699
    shown = decoded(encoded([pixels(frame)])).reshape(60, 60)
    channels = [np.abs((shown >> s & 255).astype(int) - (frame >> s & 255).astype(int)) for s in (0, 8, 16)]

    assert (shown[:30] == 0x336699).all()
    assert max(c.max() for c in channels) <= 64  # 127 centres among 1,800 random colours


def test_a_colour_that_the_palette_never_saw_gets_the_nearest():
    palette = Palette(np.array([0x000000, 0x0000FF, 0xFFFFFF], np.uint32))
    assert palette.indices(pixels([[0x0000F0, 0x101010, 0xFEFEFE]])).tolist() == [[1, 0, 2]]


@pytest.mark.parametrize(
    ("frames", "duration", "message"),
    [
        (4, 15, "the GIF decodes to 3 frames in 15 cs, not 4 in 15"),
        (3, 16, "the GIF decodes to 3 frames in 15 cs, not 3 in 16"),
    ],
)
def test_a_file_that_is_not_what_was_meant_is_found(frames, duration, message):
    data = encoded([pixels(np.full((4, 4), i)) for i in range(3)])
    with pytest.raises(RuntimeError) as error:
        check_gif(data, frames, duration)
    assert str(error.value) == message


def test_memory_does_not_grow_with_the_number_of_frames():
    class Nowhere:
        def write(self, data):
            return len(data)

    def peak(count):
        palette = Palette(np.arange(200, dtype=np.uint32))
        frames = (pixels(np.full((200, 200), i % 200)) for i in range(count))
        tracemalloc.start()
        write_gif(Nowhere(), frames, palette, [2] * count)
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    assert peak(300) < 1.1 * peak(10)
