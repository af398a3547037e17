"""What holds for every format; a new file in `formats` needs nothing here unless it is neither picture nor film."""

import weakref
from io import BytesIO

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

from reportgen.pictures.formats import formats
from reportgen.pictures.palette import Palette

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
    data = encoded(name, pictures(12), [8] * 11 + [120])
    assert data == encoded(name, pictures(12), [8] * 11 + [120]), "the same frames, the same bytes"
    shown, seconds = decoded(name, data, tmp_path)
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
def test_no_size_is_odd_enough_to_fail(name, tmp_path):
    for width, height in ((63, 47), (1, 1), (64, 1)):
        shown, _ = decoded(name, encoded(name, pictures(3, width, height), [10] * 3), tmp_path)
        even = (height + height % 2, width + width % 2)
        assert shown.shape[1:3] == (even if name in FILMS else (height, width))


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
