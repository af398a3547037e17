"""ffmpeg, in every way that it fails: no film comes of it, and no file stays behind."""

import os
import resource
import sys
import tempfile

import imageio_ffmpeg
import numpy as np
import pytest

from reportgen.errors import MachineError
from reportgen.pictures import film as film_module
from reportgen.pictures.formats import formats
from reportgen.pictures.palette import Palette

REAL = imageio_ffmpeg.get_ffmpeg_exe()
FILMS = ("mp4", "webm")


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
    """Puts a shell script in the place of ffmpeg; `writing` in it is 1 for a film that is written."""

    def put(script):
        file = tmp_path / "ffmpeg"
        heading = f'#!/bin/sh\nreal={REAL}\nfor last; do :; done\ncase "$last" in /*) writing=1 ;; esac\n'
        file.write_text(f"{heading}{script}\n")
        file.chmod(0o755)
        monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(file))

    return put


def noise(count, size=(48, 64)):
    """Frames that no encoder makes small."""
    rng = np.random.default_rng(0)
    return (rng.integers(0, 1 << 24, size, dtype=np.uint32) | np.uint32(0xFF000000) for _ in range(count))


def film(name="mp4", count=20, frames=None):
    delays = [5] * (count - 1) + [60]
    return formats[name]().encode(frames or noise(count), Palette(np.zeros(1, np.uint32)), delays)


def error_of(call, *arguments, code="RG303", **options):
    with pytest.raises(MachineError) as caught:
        call(*arguments, **options)
    assert caught.value.code == code
    return caught.value


def test_a_full_disk_is_reported_as_one(messages):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))  # the same to a program as a disk that is full
    try:
        errors = {name: error_of(film, name, code="RG301") for name in FILMS}
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    messages(**errors)


def test_a_film_that_is_not_as_it_was_meant_does_not_count(fake, messages):
    scripts = {
        "seven frames and success": '[ ! $writing ] && exec "$real" "$@"; head -c 86016 | "$real" "$@"',
        "cut short": '[ ! $writing ] && exec "$real" "$@"; "$real" "$@" && truncate -s 20000 "$last"',
        "failure at once": "exit 3",
        "killed in the middle": "head -c 100000 >/dev/null; kill -9 $$",
    }
    for name in FILMS:
        errors = {}
        for case, script in scripts.items():
            fake(script)
            errors[case] = error_of(film, name)
        messages(**errors)


def test_a_program_that_hangs_is_ended(fake, monkeypatch):
    monkeypatch.setattr(film_module, "_PATIENCE", 1)
    fake("exec sleep 600")
    error_of(film, count=40)  # more than a pipe holds, so that the writer waits too
    error_of(formats["mp4"]().check_available)


def test_an_interruption_does_not_wait_for_the_program(fake):
    def frames():
        yield from noise(1)
        raise KeyboardInterrupt

    fake("exec sleep 1000")  # longer than a test may take
    with pytest.raises(KeyboardInterrupt):
        film(frames=frames())


def test_a_missing_program_is_reported_with_the_way_to_it(fake, monkeypatch, messages):
    def check(name="mp4"):
        return error_of(formats[name]().check_available)

    fake("echo ' V..... png  PNG'")
    errors = {f"no encoder for {name}": check(name) for name in FILMS}
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", "/nowhere/ffmpeg")
    errors["named and missing"] = check()
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    errors["no imageio-ffmpeg"] = check()
    messages(**errors)


def test_an_ffmpeg_in_the_working_folder_is_not_used(tmp_path, monkeypatch):
    (tmp_path / "ffmpeg").write_text("#!/bin/sh\ntouch used\n")
    (tmp_path / "ffmpeg").chmod(0o755)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "ffmpeg").symlink_to(REAL)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", "ffmpeg")
    monkeypatch.setenv("PATH", f".{os.pathsep}")
    error_of(film)
    monkeypatch.setenv("PATH", f".{os.pathsep}{tmp_path / 'bin'}")
    film()

    assert not (tmp_path / "used").exists()


def test_the_number_of_processors_does_not_show():
    """Encoders take a thread for each processor unless told, and then write other bytes."""
    processors = os.sched_getaffinity(0)
    if len(processors) == 1:
        pytest.skip("takes two processors")
    for name in FILMS:
        with_many = film(name, count=3, frames=noise(3, (512, 512)))
        os.sched_setaffinity(0, {min(processors)})
        try:
            assert film(name, count=3, frames=noise(3, (512, 512))) == with_many
        finally:
            os.sched_setaffinity(0, processors)
