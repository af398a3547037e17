"""The author's Markdown between the sections of an article, and the cards that a post ends with."""

import dataclasses
import re

import pytest
import sites
from sites import BASE, experiment, text, tree, words

from reportgen.errors import ExperimentError, RefusedError
from reportgen.experiment import Experiment, Text
from reportgen.experiment.file import parse
from reportgen.pipeline.report_target import ReportTarget
from reportgen.sections.result import without_page_settings


def article(*texts, **more):
    """An experiment file with one section, called "reading", and with texts: pairs of its `before` and Markdown."""
    written = "".join(f"[[text]]\nbefore = '{before}'\nmarkdown = '''\n{markdown}\n'''\n" for before, markdown in texts)
    return experiment(**more).replace('["experiment"]', '["reading"]') + written


def mistakes(make, *texts):
    with pytest.raises(ExperimentError) as caught:
        make({"posts/p.toml": article(*texts)})
    return re.sub(r"^.*?/site/", "", str(caught.value), flags=re.MULTILINE)


def test_a_text_stands_where_it_is_said_with_results_of_its_article(make):
    first = "## Why\n\nA share of {{ number reading.share .0% }}. {{ claim holds }} [More](#reading).[^1]\n\n[^1]: One."
    last = "## Why\n\n{{ figure strip | *Mine*. }}\n\n{{ ref strip }} is a figure.[^1]\n\n[^1]: Two."
    page = make({"posts/p.toml": article(("reading", first), ("", last))})["p/index.html"]
    shown, ids = words(tree(page).find("body")), [e.get("id") for e in tree(page).iter() if e.get("id")]

    places = [shown.index(part) for part in ("A share of 25%.", "Further reading", "Figure 1 Mine.", "Figure 1 is a")]
    assert "It holds <in> an-experiment." in shown
    assert places[0] < shown.rindex("Further reading") < places[2] < places[3]
    assert {"why", "why-2", "fn1", "text-2-fn1"} <= {*ids}
    assert len(ids) == len({*ids})
    anchors = [e.get("href")[1:] for e in tree(page).iter("a") if e.get("href", "").startswith("#")]
    assert {*anchors} <= {*ids}


def test_mistakes_in_texts_are_told_with_their_places(make, messages):
    messages(
        mistakes(
            make,
            ("reading", "# Title\n\nWords."),
            ("reading", "[x](nowhere.md) {{ number quick/reading.share }}"),
            ("", "Words.\n\n{{ section reading }}\n\n![A picture](none.png)"),
        ),
        mistakes(make, ("", "{{ figure strp }}\n\n{{ number reading.sahre }}"), ("", "{{ claim moot }}")),
        mistakes(make, ("", "Words, then {{ ref strip }}.")),
        mistakes(make, ("reding", "Words.")),
    )


def test_a_text_on_the_line_of_its_key_and_one_without_a_file_have_places_too(make):
    written = experiment().replace('["experiment"]', '["reading"]') + '[[text]]\nmarkdown = "{{ figure strp }}"\n'
    with pytest.raises(ExperimentError, match=r"p\.toml:13:1: there is no figure 'strp' in this article"):
        make({"posts/p.toml": written})
    alone = Experiment(sections=(), text=(Text(markdown="x"), Text(markdown="a\n[b](other.md)")))
    with pytest.raises(ExperimentError, match=r"^text\[2\]:2:1: there is no page 'other\.md' in this site$"):
        ReportTarget(alone)


def test_a_text_shows_pictures_beside_its_file_and_in_the_single_file_too(make, tmp_path):
    files = {"posts/p.toml": article(("", "![A dot](dot.png)\n\n[Other](q.toml)")), "posts/dot.png": sites.PNG}
    made = make({**files, "posts/q.toml": experiment("Q")})
    alone = made["p/report.html"].decode()

    (picture,) = [name for name in made if re.match(r"p/media/dot-\w+\.png", name)]
    assert f'src="{picture.removeprefix("p/")}"' in made["p/index.html"].decode()
    assert 'src="data:image/png;base64,' in alone
    assert 'href="../q/index.html"' in made["p/index.html"].decode()
    assert f'href="{BASE}q/index.html"' in alone
    (tmp_path / "outside.png").write_bytes(sites.PNG)
    with pytest.raises(RefusedError, match="lies outside"):
        make({"posts/p.toml": article(("", "![A dot](../../outside.png)"))})


def test_texts_are_no_part_of_what_sections_are_computed_from():
    plain = parse(experiment())
    written = dataclasses.replace(plain, text=(Text(markdown="Words."),))

    assert without_page_settings(written) == without_page_settings(plain)


def test_the_abstract_is_shown_below_the_title(make):
    page = tree(make({"posts/p.toml": article(abstract="In <short>.")})["p/index.html"])

    assert words(page.find("body/main")).startswith("In <short>.")


def test_a_post_is_represented_by_the_picture_that_it_names(make):
    front = make({"posts/p.toml": article(picture="strip")})["index.html"].decode()
    assert "media/strip-" in front
    assert "media/weights-" not in front
    with pytest.raises(ExperimentError, match="picture must name one of the article, got 'stripe'"):
        make({"posts/p.toml": article(picture="stripe")})


def test_a_post_ends_with_cards_of_those_that_share_a_tag(make):
    posts = {
        "posts/a.toml": experiment("A", tags=["L1", "L2"], abstract="What A is about."),
        "posts/b.md": text(title="B", tags=["l1"], experiment="a"),
        "posts/c.md": text(title="C", tags=["L2", "L1"], date="2025-01-01"),
        "posts/d.md": text(title="D", tags=["Other"]),
    }
    made = make(posts)

    def cards(page):
        found = [e for e in tree(made[page]).iter("section") if e.get("class") == "related"]
        return [[words(h3) for h3 in section.iter("h3")] for section in found]

    assert cards("a/index.html") == [["C", "B"]], "the one with more tags in common first"
    assert cards("b/index.html") == [["A", "C"]]
    assert cards("d/index.html") == []
    assert cards("a/report.html") == [], "a single file shows no pictures of other pages"
    (card,) = [e for e in tree(made["b/index.html"]).iter("article") if "What A" in words(e)]
    for image in card.iter("img"):
        assert image.get("src").replace("../", "") in made
