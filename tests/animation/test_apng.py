from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageSequence

from reportgen.animation.deltas import encode_all
from reportgen.animation.formats.apng import Apng
from reportgen.animation.formats.gif import Gif
from reportgen.animation.palette import Palette

NONE = np.empty(0, np.uint32)
FORMATS = [Gif(), Apng()]


def pixels(colours):
    """Opaque pixels of 24-bit colours."""
    return np.asarray(colours, np.uint32) | 0xFF000000


def encoded(frames, delays=None):
    """A GIF and an APNG of the same frames."""
    return encode_all(FORMATS, frames, Palette.of(frames, NONE), delays or [5] * len(frames))


def decoded(data):
    with Image.open(BytesIO(data)) as file:
        return np.stack([np.asarray(image.convert("RGB")) for image in ImageSequence.Iterator(file)])


def noise(seed, shape=(64, 64)):
    return pixels(np.random.default_rng(seed).integers(0, 1 << 24, shape))


@given(arrays(np.uint32, (4, 5, 7), elements=st.sampled_from([0, 0xFFFFFF, 0x123456, 0x0000FF, 0x010000])))
def test_an_apng_of_few_colours_is_lossless(colours):
    _, data = encoded(list(pixels(colours)))
    shown = decoded(data).astype(np.uint32)
    np.testing.assert_array_equal(shown[..., 0] | shown[..., 1] << 8 | shown[..., 2] << 16, colours)


@pytest.mark.parametrize("shape", [(64, 64), (47, 63), (1, 1), (1, 9)])
@pytest.mark.parametrize("count", [1, 2, 5])
def test_gif_and_apng_show_the_same(shape, count):
    gif, apng = encoded([noise(seed, shape) for seed in range(count)])

    assert decoded(gif).shape == (count, *shape, 3)
    np.testing.assert_array_equal(decoded(gif), decoded(apng))


def test_a_file_written_in_company_is_the_file_written_alone():
    frames = [noise(seed) for seed in range(4)]
    palette = Palette.of(frames, NONE)
    alone = [kind.encode(frames, palette, [4] * 4) for kind in FORMATS]

    assert alone == encode_all(FORMATS, frames, palette, [4] * 4)
    assert alone == encoded(frames, [4] * 4)


def test_identical_frames_keep_their_number_and_time():
    _, data = encoded([noise(0)] * 6, [7] * 5 + [120])
    with Image.open(BytesIO(data)) as file:
        assert file.n_frames == 6
        assert file.info["loop"] == 0
        durations = [image.info["duration"] for image in ImageSequence.Iterator(file)]
    assert durations == [70.0] * 5 + [1200.0]


def test_what_knows_no_animation_shows_the_first_frame():
    _, data = encoded([pixels(np.full((4, 4), colour)) for colour in (0x0000FF, 0xFF0000)])
    still = data.replace(b"acTL", b"acTl")
    with Image.open(BytesIO(data)) as file:
        assert file.default_image is False
    assert still != data
    assert (decoded(data)[0] == (255, 0, 0)).all()


@pytest.mark.parametrize(
    ("frames", "duration", "message"),
    [
        (4, 15, "the APNG decodes to 3 frames in 15 cs, not 4 in 15"),
        (3, 16, "the APNG decodes to 3 frames in 15 cs, not 3 in 16"),
    ],
)
def test_a_file_that_is_not_what_was_meant_is_found(frames, duration, message):
    _, data = encoded([pixels(np.full((4, 4), i)) for i in range(3)])
    with pytest.raises(RuntimeError) as error:
        Apng().check(data, frames, duration)
    assert str(error.value) == message


@pytest.mark.parametrize("kind", FORMATS)
def test_an_animation_of_odd_size_is_as_wide_and_high_as_its_frames(kind):
    frames = [np.kron(noise(seed, (60, 81)), np.ones((8, 8), np.uint32))[:479, :641] for seed in range(2)]
    data = kind.encode(frames, Palette.of(frames, NONE), [5, 5])
    assert decoded(data).shape == (2, 479, 641, 3)


@pytest.mark.parametrize("missing", [1, 13, 4000])
@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_cut_short_is_found(kind, missing):
    data = kind.encode([noise(seed) for seed in range(3)], Palette.of([noise(0)], NONE), [5] * 3)[:-missing]
    with pytest.raises(RuntimeError) as error:
        kind.check(data, 3, 15)
    assert str(error.value) == f"the {kind.suffix.upper()} has no end: {len(data)} bytes of 3 frames"


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_with_a_hole_is_found(kind):
    data = kind.encode([noise(seed) for seed in range(3)], Palette.of([noise(0)], NONE), [5] * 3)
    # Half a frame is missing in the middle; what stands after it is in its place.
    with pytest.raises(RuntimeError, match=rf"the {kind.suffix.upper()} (cannot be read after|decodes to) \d "):
        kind.check(data[: len(data) // 2] + data[len(data) // 2 + 2000 :], 3, 15)
