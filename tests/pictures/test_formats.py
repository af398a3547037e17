"""What holds for every format; a new file in `formats` needs nothing here unless it is neither picture nor film."""

import dataclasses
import weakref
from io import BytesIO

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

from reportgen.pictures import Animation
from reportgen.pictures.draw import render
from reportgen.pictures.formats import formats
from reportgen.pictures.formats.webp import check_webp
from reportgen.pictures.palette import Palette
from reportgen.pictures.timeline import Timeline

NAMES = formats.names()
FILMS = {"mp4", "webm"}
COLORS = np.array([0x000000, 0xFFFFFF, 0x2222CC, 0x22AA44, 0xCC7722], np.uint32) | np.uint32(0xFF000000)


def pictures(count, width=64, height=48, seed=0):
    """Frames of colored squares of 16 pixels."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        squares = rng.choice(COLORS, (-(-height // 16), -(-width // 16)))
        yield np.repeat(np.repeat(squares, 16, axis=0), 16, axis=1)[:height, :width]


def encoded(name, frames, delays):
    return formats[name]().encode(frames, Palette(COLORS), delays)


def decoded(name, data, tmp_path):
    """Frames [frame, row, column, channel], and seconds."""
    if name not in FILMS:
        image = Image.open(BytesIO(data))
        frames, seconds = [], 0.0
        for index in range(getattr(image, "n_frames", 1)):
            image.seek(index)
            frames.append(np.asarray(image.convert("RGB")))
            seconds += image.info.get("duration", 0) / 1000
        return np.stack(frames), seconds
    file = tmp_path / f"film.{name}"
    file.write_bytes(data)
    reader = imageio_ffmpeg.read_frames(file)
    about = next(reader)
    width, height = about["size"]
    frames = np.stack([np.frombuffer(frame, np.uint8).reshape(height, width, 3) for frame in reader])
    return frames, len(frames) / about["fps"]


def channels(frames):
    return np.stack([frame.view(np.uint8).reshape(*frame.shape, 4)[..., :3] for frame in frames])


@pytest.mark.parametrize("name", NAMES)
def test_what_is_decoded_is_what_was_meant(name, tmp_path):
    shown, seconds = decoded(name, encoded(name, pictures(12), [8] * 11 + [120]), tmp_path)
    held = 15 if name in FILMS else 1  # a film repeats its last frame

    assert shown.shape == (11 + held, 48, 64, 3)
    assert seconds == pytest.approx(2.08, abs=0.02)
    wanted = channels(pictures(12))
    if name not in FILMS:
        np.testing.assert_array_equal(shown, wanted)
    else:
        # Squares keep their colors; edges may blur.
        inside = np.s_[:, 8::16, 8::16]
        assert np.abs(shown[:12][inside].astype(int) - wanted[inside]).max() <= 6


@pytest.mark.parametrize("name", NAMES)
def test_the_same_frames_give_the_same_bytes(name):
    delays = [7] * 19 + [93]
    assert encoded(name, pictures(20), delays) == encoded(name, pictures(20), delays)


@pytest.mark.parametrize("name", NAMES)
def test_no_size_is_odd_enough_to_fail(name, tmp_path):
    for width, height in ((63, 47), (1, 1), (64, 1)):
        shown, _ = decoded(name, encoded(name, pictures(3, width, height), [10] * 3), tmp_path)
        even = (height + height % 2, width + width % 2)
        assert shown.shape[1:3] == (even if name in FILMS else (height, width))
        if name in FILMS and width == 63:
            assert np.median(shown[:, -1]) >= 250  # the line that was added is paper, if a little blurred


@pytest.mark.parametrize("name", NAMES)
def test_long_and_equal_frames_keep_their_time(name, tmp_path):
    shown, seconds = decoded(name, encoded(name, pictures(1), [500]), tmp_path)
    assert len(shown) == (25 if name in FILMS else 1)
    assert seconds == pytest.approx(5) or name not in FILMS
    _, seconds = decoded(name, encoded(name, pictures(3), [1000] * 3), tmp_path)
    assert seconds == pytest.approx(30, abs=0.02)
    _, seconds = decoded(name, encoded(name, [next(pictures(1))] * 10, [10] * 9 + [60]), tmp_path)
    assert seconds == pytest.approx(1.5, abs=0.02) or (name == "webp" and seconds == 0)  # one picture has no time


@pytest.mark.parametrize("name", NAMES)
def test_no_format_collects_frames(name):
    living, most = set(), 0

    def frames():
        nonlocal most
        for index in range(40):
            frame = np.full((64, 64), COLORS[index % 5])
            living.add(index)
            weakref.finalize(frame, living.discard, index)
            most = max(most, len(living))
            yield frame

    encoded(name, frames(), [5] * 40)
    assert most <= 4


def test_each_format_is_named_after_its_file_and_there():
    for name in NAMES:
        assert formats[name].suffix == name
        formats[name]().check_available()


def test_a_webp_that_is_not_what_was_meant_is_found():
    data = encoded("webp", pictures(3), [10] * 3)
    with pytest.raises(RuntimeError, match="the WebP decodes to 3 frames in 300 ms, not 3 in 300, or to other pixels"):
        check_webp(data, [1, 2, 3], 300)


SAMPLE = Animation(
    name="sample",
    scenes=("constraint_path",),
    inputs={"strengths": np.linspace(0, 2, 6)},
    alt="",
    timeline=Timeline(length=1.0, hold=0.4),
)


def test_media_have_the_formats_asked_for_besides_the_usual_ones():
    media = render(SAMPLE, formats=("webp", "gif"))

    assert set(media.files) == {"sample.gif", "sample.apng", "sample.png", "sample.webp"}
    assert (media.file, media.poster) == ("sample.gif", "sample.png")
    assert render(SAMPLE).files == {name: data for name, data in media.files.items() if name != "sample.webp"}


def test_the_file_to_put_inside_a_page_is_the_smallest_that_shows_the_same():
    media = render(SAMPLE)
    sizes = {"a.gif": b"123", "a.apng": b"12", "a.png": b"1", "a.webp": b"1"}
    assert dataclasses.replace(media, file="a.gif", files=sizes).small == "a.apng"
    assert dataclasses.replace(media, file="a.gif", files=sizes | {"a.gif": b""}).small == "a.gif"
    assert dataclasses.replace(media, kind="picture", file="b.svg", files={"b.svg": b"12"}).small == "b.svg"
