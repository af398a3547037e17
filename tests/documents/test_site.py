"""The documentation as a site."""

import re
import tomllib
from html import unescape

from click.testing import CliRunner
from documents.snippets import ROOT

from reportgen.cli.program import program
from reportgen.experiment.file import on_offer

SETTINGS = tomllib.loads((ROOT / "docs" / "reportgen.toml").read_text("utf-8"))


def test_every_page_is_listed():
    assert sorted(SETTINGS["pages"]) == sorted(file.name for file in (ROOT / "docs").glob("*.md"))


def test_the_gallery_has_every_experiment_that_ships():
    headings = re.findall(r"^## (.+)$", (ROOT / "docs" / "gallery.md").read_text("utf-8"), re.MULTILINE)

    assert sorted(headings) == sorted(on_offer())


def test_nothing_is_wrong_with_it(docs_site):
    found = CliRunner().invoke(program, ["check", str(docs_site), "--strict"])

    assert found.exit_code == 0, found.output


def test_the_front_page_plays_a_training_and_states_what_was_found(docs_site):
    page = (docs_site / "index.html").read_text("utf-8")

    assert 'data-player="' in page
    assert re.search(r"keeps \d+\.\d inputs on average", unescape(page))


def test_no_reference_is_left_in_the_text(docs_site):
    for file in docs_site.rglob("index.html"):
        text = re.sub(r"<(code|pre|script)\b.*?</\1>", "", file.read_text("utf-8"), flags=re.DOTALL)
        assert "{{" not in text, file
