"""A machine that is in the way: one line and exit code 5; and one that is merely poor, on which a build works."""

import re

import pytest
from environment.conftest import NOBODY, TINY, built, works

STILL = TINY.replace('["penalties", "errors", "motion"]', '["penalties"]').replace('formats = ["mp4"]\n', "")
"""It trains nothing, and draws."""


@pytest.mark.skipif(not works(*NOBODY), reason="needs root")
@pytest.mark.parametrize(
    ("place", "code", "told"),
    [
        ("out", 5, r"reportgen: cannot write to the output folder out: Permission denied\n"),
        ("store", 4, r"reportgen\[RG103\]: other users can write to the store store; .*\n"),
    ],
)
def test_a_folder_that_is_not_ours_is_told_before_any_work(anywhere, place, code, told):
    (anywhere / place).mkdir(mode=0o555)

    done = built(anywhere, experiment=STILL, before=NOBODY)

    assert done.returncode == code
    assert re.fullmatch(told, done.stderr)


@pytest.mark.skipif(not works("strace", "-V"), reason="needs strace")
def test_a_build_connects_to_nothing_and_leaves_no_encoding_to_the_locale(tmp_path):
    log = tmp_path / "log"
    strict = {"PYTHONWARNDEFAULTENCODING": "1", "PYTHONWARNINGS": "always::EncodingWarning", "LC_ALL": "C"}

    # TensorFlow's packages bind a port of the loopback to see whether there is IPv6, and let go of it.
    done = built(tmp_path, before=["strace", "-f", "-e", "trace=connect,sendto,sendmsg", "-o", str(log)], env=strict)

    assert done.returncode == 0, done.stderr
    assert "exited with 0" in log.read_text()
    assert re.findall(r"\b\w+\(.*AF_INET.*", log.read_text()) == []
    assert re.findall(r"^(?!.*site-packages).*/reportgen/.*EncodingWarning.*$", done.stderr, re.MULTILINE) == []


def test_a_missing_ffmpeg_is_told_before_training(tmp_path):
    done = built(tmp_path, env={"IMAGEIO_FFMPEG_EXE": "/nowhere/ffmpeg"})

    assert done.stderr == (
        "reportgen[RG303]: mp4 needs ffmpeg, and there is no program /nowhere/ffmpeg (IMAGEIO_FFMPEG_EXE)\n"
    )
    assert done.returncode == 5
    assert not (tmp_path / "store").exists()
