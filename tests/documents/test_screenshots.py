"""The pictures that README and the documentation show are made by a script, and small enough for a repository."""

import importlib.util
import io
import subprocess
import sys

import pytest
from browser import install
from documents.snippets import ROOT
from PIL import Image

SIZES = {"desktop": (1280, 800), "telephone": (720, 1280)}


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("screenshots", ROOT / "docs" / "screenshots.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_script_makes_all_pictures_from_a_report(report, tmp_path):
    if install.find() is None:
        pytest.skip(install.ADVICE)

    # In a process of its own: there is one loop of Playwright in each, and other tests may have theirs.
    subprocess.run([sys.executable, ROOT / "docs" / "screenshots.py", report, tmp_path], check=True, timeout=300)

    made = {file.stem: Image.open(file).size for file in (tmp_path / "pictures").iterdir()}
    assert made == SIZES
    assert Image.open(tmp_path / "weights.gif").n_frames > 1


def test_a_picture_that_a_repository_should_not_keep_is_refused(script, tmp_path):
    with pytest.raises(SystemExit, match=r"big\.png would take 250,001 bytes, more than 250,000"):
        script.write(tmp_path / "big.png", bytes(250_001))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", SIZES)
def test_the_pictures_in_docs_are_those_of_the_script(name):
    content = (ROOT / "docs" / "pictures" / f"{name}.png").read_bytes()

    assert Image.open(io.BytesIO(content)).size == SIZES[name]
    assert len(content) <= 250_000
