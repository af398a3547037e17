"""GIF and APNG, the formats whose files are checked when they are written."""

import struct
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageSequence

from reportgen.pictures.deltas import encode_all
from reportgen.pictures.formats.apng import Apng
from reportgen.pictures.formats.gif import Gif
from reportgen.pictures.palette import Palette

NONE = np.empty(0, np.uint32)
FORMATS = [Gif(), Apng()]


def pixels(colors):
    """Opaque pixels of 24-bit colors."""
    return np.asarray(colors, np.uint32) | 0xFF000000


def encoded(frames, delays=None):
    """A GIF and an APNG of the same frames."""
    return encode_all(FORMATS, frames, Palette.from_frames(frames, NONE), delays or [5] * len(frames))


def decoded(data):
    with Image.open(BytesIO(data)) as file:
        rgb = np.stack([np.asarray(image.convert("RGB")) for image in ImageSequence.Iterator(file)]).astype(np.uint32)
    return rgb[..., 0] | rgb[..., 1] << 8 | rgb[..., 2] << 16


def noise(seed, shape=(64, 64)):
    return pixels(np.random.default_rng(seed).integers(0, 1 << 24, shape))


@given(arrays(np.uint32, (4, 5, 7), elements=st.sampled_from([0, 0xFFFFFF, 0x123456, 0x0000FF, 0x010000])))
def test_few_colors_are_lossless(colors):
    for data in encoded(list(pixels(colors))):
        np.testing.assert_array_equal(decoded(data), colors)


def test_255_colors_are_lossless_and_256_are_not_far_off():
    for count, off in ((255, 0), (256, 1)):
        colors = np.arange(count, dtype=np.uint32).reshape(1, 15 + count % 15, -1)
        for data in encoded(list(pixels(colors))):
            assert np.abs(decoded(data).astype(int) - colors).max() <= off


def test_gif_and_apng_show_the_same_whatever_their_size():
    for shape in ((64, 64), (47, 63), (1, 1), (1, 9)):
        for count in (1, 2, 5):
            gif, apng = map(decoded, encoded([noise(seed, shape) for seed in range(count)]))
            assert gif.shape == (count, *shape)
            np.testing.assert_array_equal(gif, apng)


def test_a_file_written_in_company_is_the_file_written_alone():
    frames = [noise(seed) for seed in range(4)]
    palette = Palette.from_frames(frames, NONE)
    alone = [kind.encode(frames, palette, [4] * 4) for kind in FORMATS]

    assert alone == encode_all(FORMATS, frames, palette, [4] * 4) == encoded(frames, [4] * 4)


def test_identical_frames_keep_their_number_and_time():
    for data in encoded([noise(0)] * 6, [7] * 5 + [120]):
        with Image.open(BytesIO(data)) as file:
            assert (file.n_frames, file.info["loop"]) == (6, 0)
            assert [image.info["duration"] for image in ImageSequence.Iterator(file)] == [70.0] * 5 + [1200.0]


def test_what_knows_no_animation_shows_the_first_frame():
    _, data = encoded([pixels(np.full((4, 4), color)) for color in (0x0000FF, 0xFF0000)])
    with Image.open(BytesIO(data)) as file:
        assert file.default_image is False
    assert (decoded(data)[0] == 0x0000FF).all()


def test_a_frame_of_few_colors_is_coded_in_few_bits():
    many = np.arange(200, dtype=np.uint32).reshape(10, 20)
    one = np.where(many == 199, 198, many)
    data, _ = encoded([pixels(many), pixels(one), pixels(many)])

    np.testing.assert_array_equal(decoded(data), [many, one, many])
    # After the place and the size of a frame, and its flags, comes the length of its codes.
    assert data[-1 - 22 :].count(struct.pack("<HHHHBB", 19, 9, 1, 1, 0, 2)) == 1


@pytest.mark.parametrize("kind", FORMATS, ids=lambda kind: kind.suffix)
def test_a_file_that_is_not_what_was_meant_is_found(kind):
    name = kind.suffix.upper()
    data = kind.encode([noise(seed) for seed in range(3)], Palette.from_frames([noise(0)], NONE), [5] * 3)
    middle = len(data) // 2

    kind.check(data, 3, 15)
    for wrong, frames, duration, told in [
        (data, 4, 15, f"the {name} decodes to 3 frames in 15 cs, not 4 in 15"),
        (data, 3, 16, f"the {name} decodes to 3 frames in 15 cs, not 3 in 16"),
        *((data[:-missing], 3, 15, f"the {name} has no end: {len(data) - missing} bytes") for missing in (1, 13, 4000)),
        # Half a frame is missing in the middle; what stands after it is in its place.
        (data[:middle] + data[middle + 2000 :], 3, 15, rf"the {name} (cannot be read after|decodes to) \d "),
    ]:
        with pytest.raises(RuntimeError, match=told):
            kind.check(wrong, frames, duration)
