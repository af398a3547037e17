"""What MP4 and WebM share: films, which imageio writes and reads back with a program, ffmpeg.

ffmpeg may be missing, and it is not believed: with a full disk it has written seven of thirty frames and reported
success. A film counts only if it decodes to as many frames, as large, for as long as were meant.
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
from matplotlib.colors import to_rgb

from reportgen.errors import FULL, MachineError, machine_error
from reportgen.pictures import style
from reportgen.pictures.palette import Palette
from reportgen.pictures.raster import Pixels

GET_IT = "pip install imageio-ffmpeg"

_PATIENCE = 120.0
"""Seconds without a frame taken or given after which ffmpeg counts as hanging."""

_SLOWEST = 20
"""Hundredths of a second that a frame may last; players are not made for films of one frame in ten seconds."""

# Two threads write other bytes than one, and bitexact leaves the date and the version out.
_REPEATABLE = ["-threads", "1", "-filter_threads", "1", "-fflags", "+bitexact", "-flags:v", "+bitexact"]
# Films store brightness and color apart; without the label players guess the rule by the size of the picture.
_COLORS = [
    "-vf",
    "scale=out_color_matrix=bt709:out_range=tv:flags=bicubic+accurate_rnd+full_chroma_int+bitexact,format=yuv420p",
    *("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv"),
]


class Film:
    """A format of films; a subclass names its encoder."""

    suffix: str
    media_type: str
    always = False
    encoder: str
    options: Sequence[str]
    """Options of ffmpeg for this encoder and container."""

    def made_by(self) -> str:
        return identity()

    def check_available(self) -> None:
        if f" {self.encoder} " not in _ask(self.suffix, "-encoders"):
            raise _missing(
                f"{self.suffix} needs an ffmpeg with {self.encoder}, which this one is without; {GET_IT} brings one"
            )

    def encode(self, frames: Iterable[Pixels], palette: Palette, delays: Sequence[int]) -> bytes:
        """A film of frames with `delays` in hundredths of a second, of which all but the last are equal.

        A film has one rate, so the last frame is repeated for as long as it is held.
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
        with _watched(writer) as progress:
            for frame, count in zip(frames, counts, strict=True):
                picture = _pad(frame)
                for _ in range(count):
                    try:
                        writer.append_data(picture)
                    except OSError:  # ffmpeg has ended before the film, which will be too short
                        return picture.shape[1], picture.shape[0]
                    progress.set()
        return picture.shape[1], picture.shape[0]

    def _check(self, file: Path, size: tuple[int, int], frames: int, seconds: Fraction) -> None:
        """Compare what a player gets with what was meant."""
        count, shown, duration = _read(file)
        # Durations are told in hundredths of a second.
        if (count, shown) == (frames, size) and abs(duration - seconds) < 0.015:
            return
        try:  # imageio does not say why ffmpeg failed; a full disk is full still
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
def identity() -> str:
    """The version and the libraries of the ffmpeg that films are made with; "none" if there is none."""
    try:
        answer = _ask("film", "-version")
    except MachineError:
        return "none"
    return " ".join(line for line in answer.splitlines() if line.startswith(("ffmpeg version", "lib")))


def even(width: int, height: int) -> tuple[int, int]:
    """The size of a film of pictures of that size."""
    return width + width % 2, height + height % 2


def _pad(frame: Pixels) -> np.ndarray[Any, Any]:
    """Channels of a frame; sides of an odd length get a line of paper, for colors are stored for two by two pixels."""
    height, width = frame.shape
    red, green, blue = (round(255 * share) for share in to_rgb(style.PAPER))
    paper = np.uint32(red | green << 8 | blue << 16 | 255 << 24)
    padded = np.pad(frame, ((0, height % 2), (0, width % 2)), constant_values=paper)
    return padded.astype("<u4", copy=False).view(np.uint8).reshape(*padded.shape, 4)


def _read(file: Path) -> tuple[int, tuple[int, int], float]:
    """Number, size and seconds of the frames that a film decodes to."""
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
        with _watched(reader) as progress:
            about = reader.get_meta_data()
            size, seconds = about["source_size"], about["duration"]
            for _ in reader:
                count += 1
                progress.set()
    except (OSError, RuntimeError, LookupError, ValueError):
        pass  # it is damaged, or no film
    return count, size, seconds


@contextmanager
def _watched(plugin: Any) -> Iterator[Event]:
    """Close a reader or writer of imageio in the end, and kill its ffmpeg if the event is not set for too long.

    imageio itself waits for ever, so this one thing reaches into it.
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
    """The ffmpeg that imageio uses: what the environment names, what imageio-ffmpeg brings, or one on the path."""
    try:
        import imageio_ffmpeg
    except ImportError:
        raise _missing(f"{kind} needs ffmpeg, which comes with {GET_IT}") from None
    logging.getLogger("imageio_ffmpeg").setLevel(logging.CRITICAL)  # what fails is told as an error
    try:
        given = imageio_ffmpeg.get_ffmpeg_exe()
    except RuntimeError:
        raise _missing(f"{kind} needs ffmpeg, of which imageio-ffmpeg has none for this machine") from None
    # A program of that name in the working folder is not the one that is meant.
    places = filter(os.path.isabs, os.environ.get("PATH", os.defpath).split(os.pathsep))
    found = shutil.which(given, path=os.pathsep.join(places))
    if found is None:
        raise _missing(f"{kind} needs ffmpeg, and there is no program {given} (IMAGEIO_FFMPEG_EXE)")
    found = str(Path(found).absolute())
    if found != given:
        os.environ["IMAGEIO_FFMPEG_EXE"] = found
    return found


def _ask(kind: str, question: str) -> str:
    """What ffmpeg answers to a question about itself."""
    program = _find_program(kind)
    command = [program, "-v", "error", question]
    try:
        done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=_PATIENCE)  # noqa: S603
    except OSError as error:
        raise _missing(f"{kind} needs ffmpeg, and {program} does not start: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise _missing(f"{kind} needs ffmpeg, and {program} does not answer") from error
    return done.stdout.decode(errors="replace")


def _missing(what: str) -> MachineError:
    return MachineError(what, code="RG303")
