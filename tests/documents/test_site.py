"""The documentation as a site, and the pictures that it shows."""

import re
import subprocess
import sys
import tomllib
from html import unescape

import pytest
from browser import install
from click.testing import CliRunner
from documents.snippets import ROOT
from PIL import Image

from reportgen.cli.program import program
from reportgen.experiment.file import shipped_descriptions

PICTURES = {"desktop": (1280, 800), "telephone": (720, 1280)}


def test_every_page_is_listed_and_every_experiment_that_ships_is_in_the_gallery():
    settings = tomllib.loads((ROOT / "docs" / "reportgen.toml").read_text("utf-8"))
    headings = re.findall(r"^## (.+)$", (ROOT / "docs" / "gallery.md").read_text("utf-8"), re.MULTILINE)

    assert sorted(settings["pages"]) == sorted(file.name for file in (ROOT / "docs").glob("*.md"))
    assert sorted(headings) == sorted(["Posts", *shipped_descriptions()])


def text_of(page: str) -> str:
    """The text of a page without its elements, with single spaces."""
    return " ".join(unescape(re.sub(r"<[^>]*>", "", page)).split())


def test_nothing_is_wrong_with_it_and_its_front_page_plays_a_training(docs_site):
    found = CliRunner().invoke(program, ["check", str(docs_site), "--strict"])
    front = (docs_site / "index.html").read_text("utf-8")

    assert found.exit_code == 0, found.output
    assert 'data-player="' in front
    assert re.search(r"among \d+ inputs, of which \d+ count\. L1 keeps \d+ on average: \d+ that count", text_of(front))
    for file in docs_site.rglob("index.html"):
        text = re.sub(r"<(code|pre|script)\b.*?</\1>", "", file.read_text("utf-8"), flags=re.DOTALL)
        assert "{{" not in text, file


def test_the_script_makes_the_pictures_in_docs_from_a_report(report, tmp_path):
    if install.find() is None:
        pytest.skip(install.ADVICE)

    # In a process of its own: there is one loop of Playwright in each, and other tests may have theirs.
    subprocess.run([sys.executable, ROOT / "docs" / "screenshots.py", report, tmp_path], check=True, timeout=300)

    assert {file.stem: Image.open(file).size for file in (tmp_path / "pictures").iterdir()} == PICTURES
    assert Image.open(tmp_path / "weights.gif").n_frames > 1
    kept = (ROOT / "docs" / "pictures").iterdir()
    assert {file.stem: Image.open(file).size for file in kept if file.stem in PICTURES} == PICTURES
