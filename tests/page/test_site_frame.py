"""What stands around the text of a page, and the themes that it is dressed in."""

import dataclasses
import re

import pytest
import sites
from sites import BASE, PNG, experiment, linked, metas, tree

from reportgen.errors import ExperimentError, RefusedError, TemplateError
from reportgen.experiment.file import parse
from reportgen.experiment.site_settings import Colors, Link, SiteSettings, contrast
from reportgen.page.page_head import PageHead, PreviewCard, SiteFrame, slug, standalone_head
from reportgen.page.site_frame import read_frame, style_sheet
from reportgen.pipeline import report
from reportgen.pipeline.options import BuildOptions
from reportgen.pipeline.preview_cache import PreviewCache
from reportgen.pipeline.report_target import ReportTarget
from reportgen.text import shortened

SITE = f'[site]\ntitle = "Notes"\nbase = "{BASE}"\n'


@pytest.fixture
def single(tmp_path, cache, monkeypatch):
    """A function from the table [site] of an experiment, and files beside it, to the files of its report."""
    monkeypatch.setattr(report, "make_report", sites.report)

    def make(site=SITE, files=None, templates=None):
        for name, content in (files or {}).items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
        told = parse(experiment("One", tags=["L1"]) + site)
        target = ReportTarget(told, beside=tmp_path, templates=templates)
        target.made_from()
        return dict(PreviewCache().files(target, BuildOptions(cache=cache, executor="serial")))

    return make


def test_a_single_report_stands_in_its_site(single):
    files = single(f'{SITE}logo = "logo.png"\nfooter = "*By* me"\n', {"logo.png": PNG})

    page = files["index.html"]
    (logo,) = [e for e in tree(page).iter("img") if "logo" in e.get("src")]
    assert logo.get("src") in files
    assert (logo.get("width"), logo.get("height"), logo.get("alt")) == ("28", "28", "")
    assert "<em>By</em> me" in page.decode()
    assert metas(page)["og:url"] == linked(page)["url"] == BASE
    assert metas(page)["og:image"].removeprefix(BASE) in files
    # There is one page only, so tags lead nowhere.
    assert b"tags/" not in page

    without = single("")
    assert b"og:" not in without["index.html"]
    assert b"masthead" not in without["index.html"].partition(b"<body")[2]
    assert not [name for name in without if "card-" in name]


def test_a_report_in_one_file_leads_to_its_site_by_the_full_address_only(single):
    page = single(f'{SITE}logo = "logo.png"\n', {"logo.png": PNG})["report.html"]

    assert b"logo" not in re.sub(rb"(?s)<(style|script).*?</\1>", b"", page)
    assert [e.get("href") for e in tree(page).iter("a") if e.get("class") == "home"] == [f"{BASE}index.html"]

    nowhere = single('[site]\ntitle = "Notes"\n')["report.html"]
    assert not [e for e in tree(nowhere).iter("a") if e.get("class") == "home"]


def test_pages_to_embed_say_nothing_of_the_site(single):
    files = single()

    assert metas(files["embed/index.html"])["robots"] == "noindex"
    assert b'class="masthead"' not in files["embed/weights.html"]
    (home,) = [e.get("href") for e in tree(files["embed/index.html"]).iter("a") if e.get("class") == "home"]
    assert home == "../index.html"


def test_colors_and_styles_come_after_ours(single):
    settings = f'{SITE}css = "own.css"\n[site.colors]\naccent = "#7a1f5c"\naccent_dark = "#e59ccb"\n'
    page = single(settings, {"own.css": "p { color: teal }\n"})["index.html"].decode()

    (sheet,) = re.findall(r"(?s)<style>(.*?)</style>", page)
    ours, light, dark, own = (sheet.index(part) for part in ("--accent: #00619a", "#7a1f5c", "#e59ccb", "teal"))
    assert ours < light < dark < own


def test_a_color_for_light_pages_leaves_dark_ones_as_they_are():
    only_light = style_sheet(Colors(accent="#00619a"), "")

    assert only_light.startswith("@media print, (prefers-color-scheme: light) {")
    assert contrast("#00619a", "#14171c") < 4.5  # which is why
    assert style_sheet(Colors(), "p {}") == "p {}"


def test_what_a_site_names_is_looked_at_before_anything_is_computed(single, monkeypatch):
    monkeypatch.setattr(report, "make_report", None)
    for more, content, error in [
        ('logo = "a.png"', None, "there is no such file"),
        ('logo = "b.png"', b"x", "it is no PNG"),
        ('css = "a.css"', None, "cannot read style sheet"),
        ('css = "b.css"', b"</script>", "holds '</script'"),
        ('theme = "a"', None, "cannot read theme"),
        ('footer = "{{ figure x }}"', None, "footer:1:1: only text"),
        ('footer = "# A\\n\\n# B"', None, "footer:3:1: a page has one # heading"),
    ]:
        with pytest.raises(ExperimentError, match=re.escape(error)):
            single(f"{SITE}{more}\n", {more.split('"')[1]: content} if content else {})


def test_nothing_comes_from_outside_of_the_folder_of_the_experiment(tmp_path):
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "a.png").write_bytes(PNG)
    (inside / "b.png").symlink_to(tmp_path / "a.png")
    for key in ("logo", "css", "theme"):
        for name in ("../a.png", "b.png"):
            told = parse(f'{experiment()}{SITE}{key} = "{name}"\n')
            with pytest.raises(RefusedError) as refused:
                ReportTarget(told, beside=inside).made_from()
            assert (refused.value.code, refused.value.exit_code) == ("RG702", 4), (key, name)


def test_an_edited_file_of_the_site_makes_the_report_again(tmp_path):
    told = parse(f'{experiment()}{SITE}css = "templates/static/article.css"\n')
    (tmp_path / "templates" / "static").mkdir(parents=True)

    def made_from(text):
        (tmp_path / "templates" / "static" / "article.css").write_text(text)
        return ReportTarget(told, beside=tmp_path).made_from()

    first, second = made_from("p {}"), made_from("a {}")

    assert {name for name in first if first[name] != second[name]} == {"file templates/static/article.css"}
    assert first.keys() > ReportTarget(parse(experiment())).made_from().keys() - {"experiment.site"}


THEME = f'{SITE}theme = "mine"\n'


def test_a_theme_extends_pages_and_sections_and_has_a_style_sheet_of_its_own(single):
    reading = '<p>Mine.</p>\n{% include "reportgen/sections/reading.html" %}\n'
    footer = "{% block footer %}<p>Before.</p>{{ super() }}{% endblock %}\n"
    files = single(
        THEME,
        {
            "mine/sections/reading.html": reading,
            "mine/article.html": '{% extends "reportgen/base.html" %}\n' + footer,
            "mine/static/site.css": ".mine { color: teal }\n",
        },
    )

    page = files["index.html"].decode()
    assert re.search(r'<p>Mine\.</p>\s*<ul class="reading">', page)
    assert re.search(r"<p>Before\.</p>\s*<footer>", page)
    assert ".mine { color: teal }" in page
    assert ".masthead {" not in page
    assert "--accent: #00619a" in page


def test_a_mistake_of_a_theme_is_told_with_its_line(single):
    ours = '{% extends "reportgen/base.html" %}\n'
    for i, (name, content, told) in enumerate(
        [
            ("article.html", ours + "{% block footer %}{{ nothing }}{% endblock %}", "article.html:2: "),
            ("article.html", '{% extends "reportgen/articel.html" %}', "template reportgen/articel.html is missing"),
            ("article.html", '\n{% extends "reportgen/../../../etc/passwd" %}', "../../../etc/passwd is missing"),
            ("article.html", '{% extends "reportgen//etc/passwd" %}', "reportgen//etc/passwd is missing"),
            ("article.html", '{% include "reportgen/x.html" %}', "is missing"),  # although the theme has one
            ("article.html", '{% extends "article.html" %}', "calls itself endlessly"),
            ("sections/reading.html", "<p>\n{% if %}", "sections/reading.html:2: "),
            ("site/masthead.html", "{{ site.titel }}", "site/masthead.html:1: "),
        ]
    ):
        with pytest.raises(TemplateError, match=re.escape(told)) as caught:
            single(f'{SITE}theme = "{i}"\n', {f"{i}/reportgen/x.html": "x", f"{i}/{name}": content})
        assert caught.value.exit_code == 2


def test_templates_that_are_named_win_over_the_theme(single, tmp_path):
    files = {"mine/sections/reading.html": "<p>Theme.</p>", "other/sections/reading.html": "<p>Other.</p>"}

    page = single(THEME, files, templates=tmp_path / "other")["index.html"]

    assert b"<p>Other.</p>" in page
    assert b"<p>Theme.</p>" not in page


def test_a_text_is_shortened_to_whole_words():
    for text, short in [
        ("a  b\nc", "a b c"),
        ("word " * 100, "word " * 39 + "word …"),
        ("x" * 300, "x" * 200 + " …"),
        ("w" * 150 + ", " + "y" * 100, "w" * 150 + " …"),
    ]:
        assert shortened(text) == short


def test_a_tag_is_a_part_of_an_address():
    tags = {
        "L1": "l1",
        "λ & µ": "λ-μ",
        "Straße": "strasse",
        "e\u0301": "é",
        "../..": "-",
        "C++": "c",
        "a/b\\c": "a-b-c",
    }

    assert {text: slug(text) for text in tags} == tags


def test_a_page_that_may_lie_anywhere_has_full_addresses_or_none():
    around = SiteFrame(title="T", address=BASE, home="../")

    assert standalone_head(PageHead(title="P", path="p/", site=around)).site.home == BASE
    assert standalone_head(PageHead(title="P", site=SiteFrame(title="T"))).site is None
    assert standalone_head(PageHead(title="P")).site is None


def test_days_are_written_out_where_the_language_is_known():
    page = PageHead(title="P", date="2026-11-03")

    assert page.day == "3 November 2026"
    assert dataclasses.replace(page, language="en-GB").day == "3 November 2026"
    assert dataclasses.replace(page, language="de").day == "2026-11-03"


def test_the_surroundings_of_a_page_are_a_value(tmp_path):
    site = SiteSettings(title="T", base=BASE, footer="x", links=(Link(label="L", address="https://a.b"),))

    first, second = (read_frame(site, tmp_path)[0] for _ in range(2))

    assert first == second
    assert hash(PageHead(title="P", site=first)) == hash(PageHead(title="P", site=second))
    card = PreviewCard(path="media/card.png", alt="P", width=1200, height=630)
    assert PageHead(title="P", site=first, card=card) != PageHead(title="P", site=first)
