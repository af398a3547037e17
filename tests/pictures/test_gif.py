"""GIF and APNG, the formats whose files are checked when they are written."""

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


def test_gif_and_apng_show_the_same_whatever_their_size():
    for shape in ((64, 64), (47, 63), (1, 1), (1, 9)):
        for count in (1, 2, 5):
            gif, apng = map(decoded, encoded([noise(seed, shape) for seed in range(count)]))
            assert gif.shape == (count, *shape)
            np.testing.assert_array_equal(gif, apng)


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
