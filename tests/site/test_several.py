"""Pages of a site: what they show of experiments, and how they lead to each other."""

import json
import re
from collections import Counter
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from sites import BASE, PNG, SETTINGS, experiment, linked, made, metas, text, tree, words

from reportgen.companions import check
from reportgen.errors import ExperimentError
from reportgen.site.site_target import SiteTarget

PLACED = """
{{ figure strip | A strip of {{ number reading.share .0% }}, unlike {{ ref two/strip }}: {{ claim holds }} }}

{{ figure two/strip }}

{{ animation weights | Own weights }}

{{ animation two/weights | Other weights }}

{{ table errors }}

{{ table two/errors | Of the other }}

{{ claim two/holds }} It is {{ number two/reading.arms.l1 }}, see {{ ref strip }}, {{ ref two/weights }},
{{ ref errors }}.
"""
TWO = {
    "posts/one.toml": experiment("One", "2026-01-02"),
    "posts/two.toml": experiment("Two", "2026-01-03"),
    "posts/both.md": text(PLACED, title="Both", date="2026-01-04", experiment="one"),
}


def titles(page):
    return [words(e) for e in tree(page).iter("h2") if e.find("a") is not None]


def media(files, folder):
    return {name.removeprefix(f"{folder}media/") for name in files if name.startswith(f"{folder}media/")}


def test_nothing_is_wrong_with_a_site_and_its_cache_rules_name_what_may_be_kept(make):
    files = make(
        TWO
        | {
            "posts/bare.md": text(title="Bare", tags=["L1", "λ & µ"]),
            "pages/index.md": "# Front\n\n{{ figure one/strip }}\n",
            "pages/about.md": text("[both](../posts/both.md#figure-two-strip)", date=None, title="About"),
            "pages/multimedia.md": "# Multimedia\n\nwords\n",
            "logo.png": PNG,
        },
        f'{SETTINGS}logo = "logo.png"\nfooter = "*By* [me](https://example.org/)"\n'
        'links = [{label = "L", address = "mailto:a@b.c"}]\n',
    )

    assert not [problem for problem in check.inspect(files) if "/embed/" not in problem.file]
    rules = re.findall(r"^(/.*)\n  Cache-Control: (.*)$", files["_headers"].decode(), re.MULTILINE)
    assert {place for place, _ in rules} == {
        f"/{name.partition('media/')[0]}media/*" for name in files if name.startswith("media/") or "/media/" in name
    }
    assert {rule for _, rule in rules} == {"public, max-age=31536000, immutable"}


def test_a_text_places_things_of_several_experiments_and_says_what_their_results_say(make):
    files = make(TWO)
    page = files["both/index.html"]
    shown = words(tree(page).find("body"))
    results = json.loads(files["two/results.json"])

    assert "Figure 1 A strip of 25%, unlike Figure 2: It holds <in> one." in shown
    assert "Figure 2 A strip" in shown
    assert "Figure 4 Other weights" in shown
    assert "It holds <in> two. It is 7, see Figure 1, Figure 4, Table 1." in shown
    assert f"{results['claims']['holds']['sentence']} It is {results['findings']['reading']['arms']['l1']}," in shown
    assert "Table 2 Of the other" in shown
    ids = Counter(e.get("id") for e in tree(page).iter() if e.get("id"))
    assert {"figure-strip", "figure-two-strip", "figure-two-weights", "table-two-errors"} <= ids.keys()
    assert set(ids.values()) == {1}
    weights = {}
    for figure in tree(page).iter("figure"):
        for script in (e for e in figure.iter("script") if e.get("class") == "player-data"):
            (series,) = json.loads(script.text)["series"].values()
            (runs,) = series["trajectories"]
            weights[figure.get("data-player")] = runs["weights"]
    assert weights == {"weights": "one", "two/weights": "two"}, "players show their own trainings"


def test_a_page_publishes_what_it_shows_and_no_more(make):
    files = make(
        TWO
        | {
            "pages/one-figure.md": text("{{ figure data }}", title="D", date=None, experiment="one"),
            "pages/nothing.md": text("words", title="N", date=None, experiment="one"),
        }
    )

    for folder in ("both/", "one-figure/", "nothing/"):
        page = files[f"{folder}index.html"].decode()
        refers = set(re.findall(r'(?:src|href)="media/([^"]+)"', page)) | set(
            re.findall(rf"{folder}media/([^\"]+)", page + files["index.html"].decode())
        )
        assert media(files, folder) == refers, folder
    assert media(files, "nothing/") == set()
    assert media(files, "one-figure/") == set(), "a drawing is in its page"
    assert '<svg class="chart"' in files["one-figure/index.html"].decode()


def test_references_to_what_is_not_there_are_all_told_with_their_places(make, messages):
    wrong = {
        "posts/a.md": text("{{ figure stripe }}\n\n{{ number reading.shar }}", experiment="one", picture="date"),
        "pages/b.md": "# B\n\n{{ claim two/hold }} {{ claim two/moot }} {{ ref nothing }}",
        "pages/c.md": text("x", picture="strip"),
    }
    with pytest.raises(ExperimentError) as caught:
        make(TWO | wrong)

    messages(str(caught.value))


def test_the_front_page_lists_the_posts_the_newest_first(make):
    posts = {
        "posts/old.md": text(title="Old", date="2025-12-31", abstract="Of old."),
        "posts/new.toml": experiment("New", "2026-02-01", abstract="What is new."),
        "posts/between.md": text("First words of [it](new.toml). {{ number new/reading.share .0% }}", title="Between"),
    }
    files = make(posts)

    assert titles(files["index.html"]) == ["New", "Between", "Old"]
    shown = words(tree(files["index.html"]).find("body"))
    for told in ("What is new.", "Old Of old.", "First words of it. 25%", "1 February 2026"):
        assert told in shown
    assert metas(files["index.html"])["og:type"] == "website"
    front = {"pages/index.md": "# Welcome\n\nHello. [About](about.md)\n", "pages/about.md": "# About"}
    page = make(posts | front)["index.html"]
    shown = words(tree(page).find("body"))
    assert shown.index("Hello.") < shown.index("1 February 2026")
    assert words(tree(page).find(".//title")) == "Welcome · Notes"
    assert b'href="about/index.html"' in page


def test_tags_that_differ_by_capitals_are_one(make):
    files = make(
        {
            "posts/a.md": text(title="A", tags=["L1", "Ünder Way"]),
            "posts/b.toml": experiment("B", "2026-02-01", tags=["l1", "L1", "cafe\u0301"]),
            "posts/c.md": text(title="C", tags=["café"]),
        }
    )

    assert {name for name in files if name.startswith("tags/")} == {
        f"tags/{name}/index.html" for name in ("l1", "ünder-way", "café")
    }
    assert titles(files["tags/l1/index.html"]) == ["B", "A"]
    assert titles(files["tags/café/index.html"]) == ["B", "C"]
    assert metas(files["tags/l1/index.html"])["description"] == "2 posts on l1"


def test_the_page_for_what_is_not_there_leads_home_from_anywhere(make):
    for base, root in {BASE: "/notes/", "": "/"}.items():
        files = make({"pages/a.md": "# A", "logo.png": PNG}, f'title = "T"\nbase = "{base}"\nlogo = "logo.png"\n')

        page = tree(files["404.html"])
        ways = {e.get(key) for e in page.iter() for key in ("href", "src") if e.get(key)} - {"#page-text"}
        assert ways
        assert all(way.startswith(root) for way in ways), base
        assert {way.removeprefix(root) for way in ways} <= files.keys()
        assert metas(files["404.html"])["robots"] == "noindex"


def test_a_page_says_in_full_where_it_is(make):
    files = make(
        {
            "posts/a.md": text("Words.", title="A", tags=["x", "y"], updated="2026-05-01", author="Eve"),
            "pages/b.md": "# B",
            "posts/r.toml": experiment("R", "2026-02-01"),
        },
        SETTINGS + 'description = "About."\n',
    )

    for folder, title in (("a/", "A"), ("b/", "B"), ("r/", "R"), ("", "Notes"), ("tags/x/", "x")):
        page = files[f"{folder}index.html"]
        (canonical,) = [e.get("href") for e in tree(page).iter("link") if e.get("rel") == "canonical"]
        told = metas(page)
        assert canonical == told["og:url"] == linked(page)["url"] == BASE + folder
        assert told["og:title"] == title
        assert told["og:site_name"] == "Notes"
        assert linked(page)["isPartOf"] == {"@type": "WebSite", "name": "Notes", "url": BASE}
        if folder in ("a/", "r/", ""):
            assert linked(page)["image"] == told["og:image"]
            assert told["og:image"].startswith(f"{BASE}{folder}media/card-")
            with Image.open(BytesIO(files[told["og:image"].removeprefix(BASE)])) as card:
                assert card.size == (1200, 630) == (int(told["og:image:width"]), int(told["og:image:height"]))
        else:
            assert "og:image" not in told
    post = linked(files["a/index.html"])
    assert (post["@type"], post["headline"], post["keywords"]) == ("Article", "A", ["x", "y"])
    assert post["author"] == {"@type": "Person", "name": "Eve"}
    assert (post["datePublished"], post["dateModified"]) == ("2026-01-01", "2026-05-01")


def test_two_builds_of_a_folder_are_equal_wherever_they_run(make, monkeypatch, tmp_path):
    folder = TWO | {"pages/a.md": text("![pixel](p.png)", title="A", date=None), "pages/p.png": PNG, "logo.png": PNG}
    settings = SETTINGS + 'logo = "logo.png"\n'
    first = make(folder, settings)

    monkeypatch.chdir(tmp_path)
    again = made(Path("site"), tmp_path / "other")

    assert again == first
    assert not [name for name, content in first.items() if str(tmp_path).encode() in content]
    assert SiteTarget(tmp_path / "site").made_from() == SiteTarget(Path("site")).made_from()
