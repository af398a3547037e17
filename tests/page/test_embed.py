"""Snippets to paste, and what they lead to."""

import hashlib
import json
import re
from xml.etree import ElementTree

import pytest

from reportgen.errors import DataError, ExperimentError
from reportgen.page import results
from reportgen.page.embed import CONTROLS, animations, check_base, find_animation, snippets

ITEM = {
    "kind": "animation",
    "alt": 'A "fit" <b> of [x]',
    "width": 640,
    "height": 480,
    "files": ["embed/fit.gif", "embed/fit.png", "media/fit-01234567.gif"],
}
FILM = ITEM | {"files": [f"embed/fit.{kind}" for kind in ("gif", "mp4", "png", "webm")]}


def element(text):
    return ElementTree.fromstring(
        re.sub(r"(<(?:img|source)[^>]*)>", r"\1/>", text.replace(" controls loop muted playsinline", ""))
    )


def test_an_image_has_its_address_its_size_and_its_words():
    image = element(snippets("fit", ITEM, "https://example.org/r/")["image"])

    assert image.tag == "img"
    assert image.attrib["src"] == "https://example.org/r/embed/fit.gif"
    assert (image.attrib["width"], image.attrib["height"]) == ("640", "480")
    assert image.attrib["alt"] == ITEM["alt"]


def test_markdown_keeps_hostile_words_as_words():
    assert snippets("fit", ITEM)["markdown"] == r'![A "fit" \<b\> of \[x\]](embed/fit.gif)'


def test_a_frame_has_room_for_the_controls():
    text = snippets("fit", ITEM)["player"]

    assert text.startswith('<iframe src="embed/fit.html" width="640" height="670" title="A &quot;fit&quot; &lt;b&gt;')
    assert CONTROLS == 670 - 480


def test_a_film_has_a_poster_and_every_source():
    film = element(snippets("fit", FILM)["video"])

    assert film.attrib["poster"] == "embed/fit.png"
    assert [(s.attrib["src"], s.attrib["type"]) for s in film] == [
        ("embed/fit.mp4", "video/mp4"),
        ("embed/fit.webm", "video/webm"),
    ]
    assert "video" not in snippets("fit", ITEM)


def test_a_base_is_the_address_of_a_site_and_ends_in_a_slash():
    for address in ("https://example.org/r", "https://example.org/r/", "http://localhost:8000"):
        assert check_base(address) == address.rstrip("/") + "/"
    for address in ("example.org", "javascript:alert(1)", 'https://x"y', "https://x/?a", "file:///x"):
        with pytest.raises(ExperimentError, match="is not the address of a site"):
            check_base(address)


def test_an_unknown_animation_is_met_with_the_one_meant():
    with pytest.raises(ExperimentError, match="Did you mean 'fit'"):
        find_animation({"fit": ITEM}, "fitt")


def test_every_animation_of_a_report_has_its_page_and_its_files(report):
    known = animations(report)

    assert known
    assert {file.stem for file in (report / "embed").iterdir()} == {*known, "index"}
    for name, item in known.items():
        assert {f"embed/{name}.gif", f"embed/{name}.apng", f"embed/{name}.png"} <= set(item["files"])


def test_the_results_say_what_stands_in_the_folder_under_the_names_of_its_content(report):
    media = json.loads((report / "results.json").read_text("utf-8"))["media"]
    told = {file for item in media.values() for file in item["files"]}
    there = {f"{file.parent.name}/{file.name}" for file in report.glob("*/*") if file.parent.name in ("media", "embed")}

    assert told == {file for file in there if not file.endswith((".html", ".csv"))}
    for file in (report / "media").iterdir():
        assert file.stem.rpartition("-")[2] == hashlib.sha256(file.read_bytes()).hexdigest()[:8]


def test_results_that_no_build_wrote_are_not_made_into_snippets(tmp_path):
    parts = ("experiment", "facts", "claims", "findings", "tables")
    for name, change in [
        ('"><script>', {}),
        ("../fit", {}),
        ("fit", {"files": ["javascript:alert(1).mp4"]}),
        ("fit", {"files": ["embed/../../x.mp4"]}),
        ("fit", {"width": "1 onload=x"}),
        ("fit", {"height": True}),
        ("fit", {"alt": None}),
        ("fit", {"kind": ["animation"]}),
        ("fit", {"files": "embed/fit.gif"}),
    ]:
        content = {"schema": results.SCHEMA} | {part: {} for part in parts} | {"media": {name: ITEM | change}}
        (tmp_path / "results.json").write_text(json.dumps(content), "utf-8")
        with pytest.raises(DataError, match="its results have a picture that no build writes"):
            print(name, change, animations(tmp_path))


def test_words_that_would_leave_a_snippet_stay_in_it():
    item = ITEM | {"alt": "a\n\n# b $x$ &lt; \x1b[31m \u202e"}
    found = snippets("fit", item)

    assert found["markdown"] == r"![a # b \$x\$ \&lt; \\x1b\[31m \\u202e](embed/fit.gif)"
    assert element(found["image"]).attrib["alt"] == r"a # b $x$ &lt; \x1b[31m \u202e"
