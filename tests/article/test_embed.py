"""Snippets to paste, and what they lead to."""

import json
import re
from xml.etree import ElementTree

import pytest

from reportgen.article.embed import CONTROLS, animations, check_base, chosen, snippets
from reportgen.errors import DataError, ExperimentError

ITEM = {"kind": "animation", "alt": 'A "fit" <b> of [x]', "width": 640, "height": 480, "files": ["fit.gif", "fit.png"]}
FILM = ITEM | {"files": ["fit.gif", "fit.mp4", "fit.png", "fit.webm"]}


OTHER = "cannot use {file}: these are not the results of a build"


def element(text):
    return ElementTree.fromstring(
        re.sub(r"(<(?:img|source)[^>]*)>", r"\1/>", text.replace(" controls loop muted playsinline", ""))
    )


def test_an_image_has_its_address_its_size_and_its_words():
    image = element(snippets("fit", ITEM, "https://example.org/r/")["image"])

    assert image.tag == "img"
    assert image.attrib["src"] == "https://example.org/r/media/fit.gif"
    assert (image.attrib["width"], image.attrib["height"]) == ("640", "480")
    assert image.attrib["alt"] == ITEM["alt"]


def test_markdown_keeps_hostile_words_as_words():
    assert snippets("fit", ITEM)["markdown"] == r'![A "fit" \<b\> of \[x\]](media/fit.gif)'


def test_a_frame_has_room_for_the_controls():
    text = snippets("fit", ITEM)["player"]

    assert text.startswith('<iframe src="embed/fit.html" width="640" height="670" title="A &quot;fit&quot; &lt;b&gt;')
    assert CONTROLS == 670 - 480


def test_a_film_has_a_poster_and_every_source():
    film = element(snippets("fit", FILM)["video"])

    assert film.attrib["poster"] == "media/fit.png"
    assert [(s.attrib["src"], s.attrib["type"]) for s in film] == [
        ("media/fit.mp4", "video/mp4"),
        ("media/fit.webm", "video/webm"),
    ]
    assert "video" not in snippets("fit", ITEM)


@pytest.mark.parametrize("address", ["https://example.org/r", "https://example.org/r/", "http://localhost:8000"])
def test_a_base_ends_in_a_slash(address):
    assert check_base(address) == address.rstrip("/") + "/"


@pytest.mark.parametrize("address", ["example.org", "javascript:alert(1)", 'https://x"y', "https://x/?a", "file:///x"])
def test_what_is_no_address_of_a_site_is_told(address):
    with pytest.raises(ExperimentError, match=r"is not the address of a site, like https://example\.org/report/"):
        check_base(address)


def test_an_unknown_animation_is_met_with_the_one_meant():
    with pytest.raises(ExperimentError) as error:
        chosen({"fit": ITEM}, "fitt")
    assert str(error.value) == "this report has no animation 'fitt'. Did you mean 'fit'? Known: fit."


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[]", OTHER),
        ('{"schema": 1}', "cannot use {file}: it has layout 1 and this reportgen reads 2; build its experiment again"),
        (None, "there is no report in {out}: results.json is missing; reportgen build -o DIR makes one"),
    ],
)
def test_results_that_cannot_be_used_are_told(tmp_path, content, message):
    file = tmp_path / "results.json"
    if content is not None:
        file.write_text(content, "utf-8")
    with pytest.raises(DataError) as error:
        animations(tmp_path)
    assert str(error.value) == message.format(file=file, out=tmp_path)


def test_every_animation_of_a_report_has_its_page_and_its_files(report):
    known = animations(report)

    assert known
    assert {file.stem for file in (report / "embed").iterdir()} == {*known, "index"}
    for name, item in known.items():
        assert {f"{name}.gif", f"{name}.png"} <= set(item["files"])
        assert all((report / "media" / file).is_file() for file in item["files"])


def test_the_results_say_what_stands_in_the_folder(report):
    media = json.loads((report / "results.json").read_text("utf-8"))["media"]

    assert {file for item in media.values() for file in item["files"]} == {f.name for f in (report / "media").iterdir()}
