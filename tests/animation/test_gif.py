import io
import struct
import tracemalloc

import imageio.v3 as iio
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from reportgen.animation.deltas import write_all
from reportgen.animation.formats.apng import Apng
from reportgen.animation.formats.gif import Gif
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

    Gif().check(data, 6, 155)
    assert decoded(data).shape == (6, 9, 9)


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
        Gif().check(data, frames, duration)
    assert str(error.value) == message


def test_a_frame_of_few_colours_is_coded_in_few_bits():
    many = np.arange(200, dtype=np.uint32).reshape(10, 20)
    one = np.where(many == 199, 198, many)
    frames = [pixels(many), pixels(one), pixels(many)]
    data = encoded(frames)

    np.testing.assert_array_equal(decoded(data), [many, one, many])
    # After the place and the size of a frame, and its flags, comes the length of its codes.
    assert data[-1 - 22 :].count(struct.pack("<HHHHBB", 19, 9, 1, 1, 0, 2)) == 1


def test_memory_does_not_grow_with_the_number_of_frames():
    class Nowhere(io.BytesIO):
        def write(self, data):
            return len(data)

    def peak(count):
        palette = Palette(np.arange(200, dtype=np.uint32))
        frames = (pixels(np.full((99, 99), i % 200)) for i in range(count))
        tracemalloc.start()
        write_all([(kind, Nowhere()) for kind in (Gif(), Apng())], frames, palette, [2] * count)
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    assert peak(1000) < 1.1 * peak(250)
