"""Files that somebody put into the working folder, and settings of the user: none is picked up."""

import os
import shutil

import pytest
from environment.conftest import built, tree

MODULES = (
    *("sitecustomize", "usercustomize", "tensorflow", "numpy", "matplotlib", "click", "jinja2", "PIL", "scipy"),
    *("multiprocessing", "pickle", "pathlib", "re", "json", "random", "typing", "tomllib", "ctypes", "secrets"),
)


@pytest.fixture
def planted(tmp_path):
    """A folder in which each file, if it is used, leaves a file called `used`."""
    folder = tmp_path / "somewhere"
    folder.mkdir()
    used = tmp_path / "used"
    for name in MODULES:
        code = f"open({str(used)!r}, 'a').write({name!r})\nraise SystemExit('planted {name}')\n"
        (folder / f"{name}.py").write_text(code)
    (folder / "keras").mkdir()
    shutil.copy(folder / "numpy.py", folder / "keras" / "__init__.py")
    for name in ("ffmpeg", "fc-list", "uname", "gcc"):
        (folder / name).write_text(f"#!/bin/sh\necho {name} >> {used}\nexit 1\n")
        (folder / name).chmod(0o755)
    os.mkfifo(folder / "matplotlibrc")  # whoever opens it waits for ever
    (folder / ".env").write_text("REPORTGEN_CACHE_DIR=wrong\nMPLBACKEND=wrong\n")
    return folder


def test_what_lies_in_the_working_folder_is_not_used(planted, ordinary):
    """The module is tried, for Python looks for modules in the working folder then."""
    before = set(planted.iterdir())

    done = built(planted, env={"PATH": f".:{os.environ['PATH']}::"}, timeout=120)

    assert done.returncode == 0, done.stderr
    assert not (planted.parent / "used").exists()
    assert {file.name for file in set(planted.iterdir()) - before} == {"out", "store", "tiny.toml"}
    assert tree(planted / "out") == ordinary


def test_settings_of_the_user_change_nothing(tmp_path, ordinary):
    home = tmp_path / "home"
    for folder in (".config/matplotlib", ".matplotlib", "somewhere"):
        (home / folder / "stylelib").mkdir(parents=True)
        (home / folder / "matplotlibrc").write_bytes(b"lines.linewidth: 9\nno such key: 1\nfont.family: serif\n\xff")
        (home / folder / "stylelib" / "default.mplstyle").write_text("lines.linewidth: 9\n")
    (home / ".keras").mkdir()
    (home / ".keras" / "keras.json").write_text('{"floatx": "float16", "backend": "wrong"}')
    inside = {"HOME": str(home), "PATH": os.environ["PATH"], "MPLBACKEND": "no_such_thing"}
    elsewhere = {"MATPLOTLIBRC": str(home / "somewhere"), "MPLCONFIGDIR": str(home / "somewhere")}
    compiler = {"XLA_FLAGS": "--no_such_flag", "TF_XLA_FLAGS": "--no_such_flag", "SOURCE_DATE_EPOCH": "1"}
    before = tree(home)

    done = built(tmp_path, env={**inside, **elsewhere, **compiler})

    assert done.returncode == 0, done.stderr
    assert tree(tmp_path / "out") == ordinary
    assert tree(home) == before
