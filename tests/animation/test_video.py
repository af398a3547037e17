"""ffmpeg, in every way that it fails: no film comes of it, and no file stays behind."""

import os
import resource
import subprocess
import sys
import tempfile
import time

import imageio_ffmpeg
import numpy as np
import pytest

from reportgen.animation import ffmpeg
from reportgen.animation.formats import formats
from reportgen.animation.palette import Palette
from reportgen.errors import MachineError

REAL = imageio_ffmpeg.get_ffmpeg_exe()
BOTH = pytest.mark.parametrize("name", ["mp4", "webm"])


@pytest.fixture(autouse=True)
def scratch(tmp_path, monkeypatch):
    """Where temporary files go; it must be as empty after a test as before."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert not list(folder.iterdir())


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """Puts a shell script in the place of ffmpeg; `real` in it is the real one."""

    def put(script):
        file = tmp_path / "ffmpeg"
        file.write_text(f"#!/bin/sh\nreal={REAL}\n{script}\n")
        file.chmod(0o755)
        monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(file))

    return put


def film(name="mp4", count=20, frames=None):
    """Noise, which no encoder makes small."""
    rng = np.random.default_rng(0)
    noise = (rng.integers(0, 1 << 24, (48, 64), dtype=np.uint32) | np.uint32(0xFF000000) for _ in range(count))
    delays = [5] * (count - 1) + [60]
    return formats[name]().encode(frames or noise, Palette(np.zeros(1, np.uint32)), delays)


def complaint(*arguments, **options):
    with pytest.raises(MachineError) as error:
        film(*arguments, **options)
    return str(error.value)


@BOTH
def test_a_full_disk(name, tmp_path, monkeypatch):
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48k", "tmpfs", small], capture_output=True)
    if mounted.returncode:
        pytest.skip("only root may mount a small disk")
    try:
        monkeypatch.setattr(tempfile, "tempdir", str(small))
        said = complaint(name)
        assert not list(small.iterdir())
    finally:
        subprocess.run(["umount", small], check=True)

    assert said.startswith(f"disk full writing {name} in {small}: ")
    assert said.endswith("No space left on device")


@BOTH
def test_files_may_not_be_that_large(name):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        said = complaint(name)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert said == f"ffmpeg could not make the {name}: it was ended by SIGXFSZ"


@BOTH
def test_fewer_frames_than_were_meant_without_a_word(fake, name):
    """What a full disk made of an older ffmpeg: a film that plays, too short, and an exit code of 0."""
    fake('case "$*" in *rawvideo*) head -c 86016 | exec "$real" "$@" ;; *) exec "$real" "$@" ;; esac')

    assert complaint(name) == (
        f"ffmpeg was to write 31 frames of 64×48 in 1.55 s as {name}, and the file decodes to 7 of 64×48 in 0.35 s"
    )


@BOTH
def test_a_file_cut_short(fake, name):
    fake('"$real" "$@" || exit; case "$*" in *rawvideo*) for last; do :; done; truncate -s 20000 "$last" ;; esac')

    assert "ffmpeg" in complaint(name)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("exit 3", "it left with 3 and without a word"),
        ("echo '[out#0/mp4 @ 0x5581] I do not want to' >&2; cat >/dev/null; exit 0", "I do not want to"),
        ("kill -9 $$", "it was ended by SIGKILL"),
        ("head -c 100000 >/dev/null; kill -9 $$", "it was ended by SIGKILL"),
        ("head -c 5000000 /dev/zero | tr '\\0' 'x' >&2; exit 1", "x" * 200 + "…"),
    ],
)
def test_a_program_that_fails(fake, script, said):
    fake(script)
    assert complaint() == f"ffmpeg could not make the mp4: {said}"


def test_a_reason_that_is_a_full_disk_is_told_before_others(fake, scratch):
    fake("echo 'one reason' >&2; echo 'Disk: No space left on device' >&2; exit 1")
    assert complaint() == f"disk full writing mp4 in {scratch}: Disk: No space left on device"


@pytest.mark.parametrize(("script", "code"), [("exit 3", "RG303"), ("echo 'No space left on device' >&2", "RG301")])
def test_what_is_missing_or_fails_can_be_looked_up(fake, script, code):
    fake(script)
    with pytest.raises(MachineError) as error:
        film()
    assert error.value.code == code


def test_an_ffmpeg_in_the_working_folder_is_not_the_one_that_is_meant(tmp_path, monkeypatch):
    (tmp_path / "ffmpeg").write_text("#!/bin/sh\ntouch used\n")
    (tmp_path / "ffmpeg").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f".{os.pathsep}")
    monkeypatch.setattr(imageio_ffmpeg, "get_ffmpeg_exe", lambda: "ffmpeg")
    with pytest.raises(MachineError, match="no program ffmpeg") as error:
        film()

    assert error.value.code == "RG303"
    assert not (tmp_path / "used").exists()


def test_a_program_that_hangs(fake, monkeypatch):
    monkeypatch.setattr(ffmpeg, "_PATIENCE", 0.3)
    fake("exec sleep 60")

    # More than a pipe holds, so that the writer waits too.
    assert complaint(count=40) == "ffmpeg could not make the mp4: it was ended by SIGKILL"


def test_a_program_that_writes_something_else(fake):
    fake('for last; do :; done; cat >/dev/null; case "$*" in *rawvideo*) echo hello > "$last" ;; *) exit 0 ;; esac')
    assert complaint().endswith("and the file decodes to 0 of no size in 0.00 s")


def test_interrupted_in_the_middle_it_does_not_wait_for_the_end(fake):
    def frames():
        yield np.zeros((48, 64), np.uint32)
        raise KeyboardInterrupt

    fake("exec sleep 60")
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        film(frames=frames())

    assert time.monotonic() - began < 20


@BOTH
def test_the_number_of_processors_does_not_show(name):
    """Encoders take a thread for each processor unless told, and then write other bytes."""
    all_of_them = os.sched_getaffinity(0)
    if len(all_of_them) == 1:
        pytest.skip("takes two processors")

    def large():
        rng = np.random.default_rng(0)
        return (rng.integers(0, 1 << 24, (512, 512), dtype=np.uint32) for _ in range(6))

    with_many = film(name, count=6, frames=large())
    os.sched_setaffinity(0, {min(all_of_them)})
    try:
        assert film(name, count=6, frames=large()) == with_many
    finally:
        os.sched_setaffinity(0, all_of_them)


def test_a_log_file_is_not_wanted(monkeypatch, tmp_path):
    monkeypatch.setenv("FFREPORT", f"file={tmp_path / 'log'}")
    film()
    assert not (tmp_path / "log").exists()


@BOTH
def test_without_imageio_ffmpeg_the_way_to_it_is_told(name, monkeypatch):
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(MachineError) as error:
        formats[name]().check_available()

    assert str(error.value) == f"{name} needs ffmpeg, which comes with pip install 'reportgen[video]'"


def test_the_program_that_the_environment_names_is_not_there(monkeypatch):
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", "/nowhere/ffmpeg")
    with pytest.raises(MachineError) as error:
        formats["mp4"]().check_available()

    assert str(error.value) == "mp4 needs ffmpeg, and there is no program /nowhere/ffmpeg (IMAGEIO_FFMPEG_EXE)"


def test_imageio_ffmpeg_without_a_program(monkeypatch):
    def none():
        raise RuntimeError

    monkeypatch.setattr(imageio_ffmpeg, "get_ffmpeg_exe", none)
    with pytest.raises(MachineError) as error:
        formats["mp4"]().check_available()

    assert str(error.value) == "mp4 needs ffmpeg, of which imageio-ffmpeg has none for this machine"


@BOTH
def test_an_ffmpeg_without_the_encoder(fake, name):
    fake("echo ' V..... png  PNG'")
    with pytest.raises(MachineError) as error:
        formats[name]().check_available()

    encoder = {"mp4": "libx264", "webm": "libvpx-vp9"}[name]
    assert str(error.value) == (
        f"{name} needs an ffmpeg with {encoder}, which this one is without; pip install 'reportgen[video]' brings one"
    )


@BOTH
def test_players_get_what_they_all_understand(name, tmp_path):
    file = tmp_path / f"film.{name}"
    file.write_bytes(film(name))
    told = subprocess.run([REAL, "-i", file], capture_output=True, text=True).stderr

    assert {"mp4": "Video: h264", "webm": "Video: vp9"}[name] in told
    assert "yuv420p(tv, bt709" in told


def test_an_mp4_can_start_before_all_of_it_is_there():
    data = film()
    assert 0 < data.index(b"moov") < data.index(b"mdat")


def test_no_file_descriptor_is_handed_on(fake, tmp_path):
    fake(f'ls -l /proc/self/fd > {tmp_path / "open"}; exec "$real" "$@"')
    with (tmp_path / "lock").open("w") as lock:
        os.set_inheritable(lock.fileno(), True)
        film()

    assert "lock" not in (tmp_path / "open").read_text()
