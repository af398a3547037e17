"""Snippets to paste, and what they lead to."""

import bisect
import hashlib
import json
import re

import pytest

from reportgen.errors import DataError, ExperimentError
from reportgen.page import results
from reportgen.page.embed import animations, check_base

ITEM = {
    "kind": "animation",
    "alt": 'A "fit" <b> of [x]',
    "width": 640,
    "height": 480,
    "files": ["embed/fit.gif", "embed/fit.png", "media/fit-01234567.gif"],
}


def test_a_base_is_the_address_of_a_site_and_ends_in_a_slash():
    for address in ("https://example.org/r", "https://example.org/r/", "http://localhost:8000"):
        assert check_base(address) == address.rstrip("/") + "/"
    for address in ("example.org", "javascript:alert(1)", 'https://x"y', "https://x/?a", "file:///x"):
        with pytest.raises(ExperimentError, match="is not the address of a site"):
            check_base(address)


def test_the_results_say_what_stands_in_the_folder_under_the_names_of_its_content(report):
    media = json.loads((report / "results.json").read_text("utf-8"))["media"]
    told = {file for item in media.values() for file in item["files"]}
    there = {f"{file.parent.name}/{file.name}" for file in report.glob("*/*") if file.parent.name in ("media", "embed")}

    # The card is no picture of the article.
    assert told == {file for file in there if not file.endswith((".html", ".csv")) and "/card-" not in file}
    for file in (report / "media").iterdir():
        assert file.stem.rpartition("-")[2] == hashlib.sha256(file.read_bytes()).hexdigest()[:8]


def test_results_that_no_build_wrote_are_not_made_into_snippets(tmp_path):
    parts = ("experiment", "facts", "claims", "findings", "tables")
    for name, change in [
        ('"><script>', {}),
        ("fit", {"files": ["javascript:alert(1).mp4"]}),
        ("fit", {"files": ["embed/../../x.mp4"]}),
        ("fit", {"width": "1 onload=x"}),
        ("fit", {"files": "embed/fit.gif"}),
    ]:
        content = {"schema": results.SCHEMA} | {part: {} for part in parts} | {"media": {name: ITEM | change}}
        (tmp_path / "results.json").write_text(json.dumps(content), "utf-8")
        with pytest.raises(DataError, match="its results have a picture that no build writes"):
            print(name, change, animations(tmp_path))


def test_the_page_of_snippets_shows_all_animations_in_the_order_of_the_article(report):
    page, article = ((report / name).read_text("utf-8") for name in ("embed/index.html", "index.html"))
    live, *names = re.findall(r'<h2 id="([^"]+)"', page)
    links = re.findall(r'<a href="#([^"]+)">\s*<img', page)
    sections = [found.start() for found in re.finditer(r'<section class="chapter', article)]
    places = [bisect.bisect(sections, article.index(f'id="figure-{name}"')) for name in names]

    assert live == "live", "the network that trains in the page"
    assert links == names
    assert set(names) == set(animations(report))
    assert places == sorted(places)
    assert len(set(places)) > 2
