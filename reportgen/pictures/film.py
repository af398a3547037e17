"""The code that MP4 and WebM share: imageio writes videos and reads them back with the program ffmpeg.

ffmpeg may be missing, and its exit code is no proof: with a full disk it wrote seven of thirty frames and reported
success. So every video is decoded, and must have the expected number of frames, size and duration.
"""

from __future__ import annotations

import inspect
import logging
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from functools import cache
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np

from reportgen.errors import FULL, MachineError, machine_error
from reportgen.pictures.palette import Palette
from reportgen.pictures.raster import Pixels

INSTALL_HINT = "pip install imageio-ffmpeg"

_PATIENCE = 120.0
"""Seconds without a frame after which ffmpeg counts as hanging."""

_SLOWEST = 20
"""The longest duration of a frame, in hundredths of a second; players handle videos with very slow rates badly."""

# The bytes depend on the number of threads; bitexact leaves out the date and the version.
_REPEATABLE = ["-threads", "1", "-filter_threads", "1", "-fflags", "+bitexact", "-flags:v", "+bitexact"]
# Videos store brightness and color separately; without this label players guess the conversion by the size.
_COLORS = [
    "-vf",
    "scale=out_color_matrix=bt709:out_range=tv:flags=bicubic+accurate_rnd+full_chroma_int+bitexact,format=yuv420p",
    *("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv"),
]


class VideoFormat:
    """A video format; a subclass names its encoder."""

    suffix: str
    media_type: str
    always = False
    encoder: str
    options: Sequence[str]
    """Options of ffmpeg for this encoder and container."""

    def encoder_identity(self) -> str:
        return ffmpeg_identity()

    def check_available(self) -> None:
        if f" {self.encoder} " not in _query_ffmpeg(self.suffix, "-encoders"):
            raise _missing_error(
                f"{self.suffix} needs an ffmpeg with {self.encoder}, which this one lacks; {INSTALL_HINT}"
            )

    def encode(self, frames: Iterable[Pixels], palette: Palette, delays: Sequence[int]) -> bytes:
        """The video of frames with `delays` in hundredths of a second, of which all but the last are equal.

        A video has one rate, so the last frame is repeated for its delay.
        """
        repeats = -(-delays[0] // _SLOWEST)
        rate = Fraction(100 * repeats, delays[0])
        counts = [repeats] * (len(delays) - 1) + [max(1, round(delays[-1] * rate / 100))]
        _find_program(self.suffix)
        with tempfile.TemporaryDirectory(prefix="reportgen-") as folder:
            file = Path(folder) / f"film.{self.suffix}"
            size = self._write(file, frames, counts, rate)
            self._check(file, size, sum(counts), sum(counts) / rate)
            return file.read_bytes()

    def _write(self, file: Path, frames: Iterable[Pixels], counts: Sequence[int], rate: Fraction) -> tuple[int, int]:
        """Write each frame as often as it is shown; return their width and height."""
        import imageio.v2

        writer = imageio.v2.get_writer(
            file,
            format="FFMPEG",
            mode="I",
            fps=float(rate),
            input_params=["-r", str(rate)],  # `fps` is rounded to hundredths by some versions
            codec=self.encoder,
            quality=None,
            pixelformat="yuv420p",
            macro_block_size=1,
            ffmpeg_log_level="quiet",
            output_params=[*_COLORS, *self.options, *_REPEATABLE, "-map_metadata", "-1"],
        )
        with _kill_when_idle(writer) as progress:
            for frame, count in zip(frames, counts, strict=True):
                picture = _pad(frame)
                for _ in range(count):
                    try:
                        writer.append_data(picture)
                    except OSError:  # ffmpeg has ended early; `_check` finds that the video is too short
                        return picture.shape[1], picture.shape[0]
                    progress.set()
        return picture.shape[1], picture.shape[0]

    def _check(self, file: Path, size: tuple[int, int], frames: int, seconds: Fraction) -> None:
        """Decode the video and compare its frames, size and duration with the expected ones."""
        count, shown, duration = _decode(file)
        # ffmpeg rounds durations to hundredths of a second.
        if (count, shown) == (frames, size) and abs(duration - seconds) < 0.015:
            return
        try:  # imageio does not say why ffmpeg failed; check whether the disk is full
            with file.open("ab") as rest:
                rest.write(bytes(1 << 16))
                rest.flush()
                os.fsync(rest.fileno())
        except OSError as error:
            if error.errno in FULL:
                raise machine_error(f"{self.suffix} in {tempfile.gettempdir()}", error) from error
        raise MachineError(
            f"ffmpeg was to write {frames} frames of {size[0]}×{size[1]} in {float(seconds):.2f} s as {self.suffix}, "
            f"and the file decodes to {count} of {shown[0]}×{shown[1]} in {duration:.2f} s; with "
            "FFREPORT=file=ffmpeg-%t.log in its environment ffmpeg writes down why",
            code="RG303",
        )


@cache
def ffmpeg_identity() -> str:
    """The version and the libraries of the ffmpeg that encodes videos; "none" if it is missing."""
    try:
        answer = _query_ffmpeg("film", "-version")
    except MachineError:
        return "none"
    return " ".join(line for line in answer.splitlines() if line.startswith(("ffmpeg version", "lib")))


def video_size(width: int, height: int) -> tuple[int, int]:
    """The size of a video of frames of this size; its sides must be even."""
    return width + width % 2, height + height % 2


def _pad(frame: Pixels) -> np.ndarray[Any, Any]:
    """The channels of a frame; of odd sides the last line is doubled, since colors are stored for two by two pixels."""
    height, width = frame.shape
    padded = np.pad(frame, ((0, height % 2), (0, width % 2)), mode="edge")
    return padded.astype("<u4", copy=False).view(np.uint8).reshape(*padded.shape, 4)


def _decode(file: Path) -> tuple[int, tuple[int, int], float]:
    """Number, size and duration of the frames that a video decodes to."""
    import imageio.v2

    count, size, seconds = 0, (0, 0), 0.0
    try:
        reader = imageio.v2.get_reader(
            file,
            format="FFMPEG",
            mode="I",
            input_params=["-xerror", "-err_detect", "explode"],  # end at a damaged frame instead of guessing it
            output_params=["-fps_mode", "passthrough"],  # add no frames where some are missing
        )
        with _kill_when_idle(reader) as progress:
            about = reader.get_meta_data()
            size, seconds = about["source_size"], about["duration"]
            for _ in reader:
                count += 1
                progress.set()
    except (OSError, RuntimeError, LookupError, ValueError):
        pass  # damaged, or not a video
    return count, size, seconds


@contextmanager
def _kill_when_idle(plugin: Any) -> Iterator[Event]:
    """Close a reader or writer of imageio at the end, and kill its ffmpeg if the event is not set for too long.

    imageio itself has no timeout, so this function uses its private generators.
    """
    progress, closed = Event(), Event()

    def kill() -> None:
        generator = getattr(plugin, "_write_gen", None) or getattr(plugin, "_read_gen", None)
        for value in inspect.getgeneratorlocals(generator).values() if generator else ():
            if isinstance(value, subprocess.Popen):
                value.kill()

    def watch() -> None:
        while not closed.wait(_PATIENCE):
            if not progress.is_set():
                kill()
            progress.clear()

    thread = Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield progress
    except BaseException:
        kill()
        raise
    finally:
        plugin.close()
        closed.set()
        thread.join()


def _find_program(kind: str) -> str:
    """The path of the ffmpeg that imageio uses: from the environment, from imageio-ffmpeg, or from the search path."""
    try:
        import imageio_ffmpeg
    except ImportError:
        raise _missing_error(f"{kind} needs ffmpeg; {INSTALL_HINT}") from None
    logging.getLogger("imageio_ffmpeg").setLevel(logging.CRITICAL)  # failures are raised as errors
    try:
        program = imageio_ffmpeg.get_ffmpeg_exe()
    except RuntimeError:
        raise _missing_error(f"{kind} needs ffmpeg, of which imageio-ffmpeg has none for this machine") from None
    # Never run a program of that name from the working folder.
    places = filter(os.path.isabs, os.environ.get("PATH", os.defpath).split(os.pathsep))
    path = shutil.which(program, path=os.pathsep.join(places))
    if path is None:
        raise _missing_error(f"{kind} needs ffmpeg, and there is no program {program} (IMAGEIO_FFMPEG_EXE)")
    path = str(Path(path).absolute())
    if path != program:
        os.environ["IMAGEIO_FFMPEG_EXE"] = path
    return path


def _query_ffmpeg(kind: str, question: str) -> str:
    """The output of ffmpeg for an option that prints information."""
    program = _find_program(kind)
    command = [program, "-v", "error", question]
    try:
        done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=_PATIENCE)  # noqa: S603
    except OSError as error:
        raise _missing_error(f"{kind} needs ffmpeg, and {program} does not start: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise _missing_error(f"{kind} needs ffmpeg, and {program} does not answer") from error
    return done.stdout.decode(errors="replace")


def _missing_error(what: str) -> MachineError:
    return MachineError(what, code="RG303")
