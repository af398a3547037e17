"""What stands around the text of a page, and the themes that it is dressed in."""

import re

import pytest
import sites
from sites import BASE, PNG, experiment, linked, metas, tree

from reportgen.errors import ExperimentError, RefusedError, TemplateError
from reportgen.experiment.file import parse
from reportgen.pipeline import report
from reportgen.pipeline.options import BuildOptions
from reportgen.pipeline.preview_cache import PreviewCache
from reportgen.pipeline.report_target import ReportTarget

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
    assert b"masthead" not in without["index.html"].partition(b"<body")[2]
    # A report that knows no address still has a card, beside the page.
    told = metas(without["index.html"])
    assert told["og:image"] in [name for name in without if name.startswith("media/card-")]
    assert not told.keys() & {"og:url", "og:site_name"}
    assert b'rel="canonical"' not in without["index.html"]
    assert b"application/ld+json" not in without["index.html"]


def test_a_report_in_one_file_leads_to_its_site_by_the_full_address_only(single):
    page = single(f'{SITE}logo = "logo.png"\n', {"logo.png": PNG})["report.html"]

    assert b"logo" not in re.sub(rb"(?s)<(style|script).*?</\1>", b"", page)
    assert [e.get("href") for e in tree(page).iter("a") if e.get("class") == "home"] == [f"{BASE}index.html"]

    nowhere = single('[site]\ntitle = "Notes"\n')["report.html"]
    assert not [e for e in tree(nowhere).iter("a") if e.get("class") == "home"]


def test_colors_and_styles_come_after_ours(single):
    settings = f'{SITE}css = "own.css"\n[site.colors]\naccent = "#7a1f5c"\naccent_dark = "#e59ccb"\n'
    page = single(settings, {"own.css": "p { color: teal }\n"})["index.html"].decode()

    (sheet,) = re.findall(r"(?s)<style>(.*?)</style>", page)
    ours, light, dark, own = (sheet.index(part) for part in ("--accent: #00619a", "#7a1f5c", "#e59ccb", "teal"))
    assert ours < light < dark < own


def test_what_a_site_names_is_looked_at_before_anything_is_computed(single, monkeypatch):
    monkeypatch.setattr(report, "make_report", None)
    for more, content, error in [
        ('logo = "a.png"', None, "there is no such file"),
        ('logo = "b.png"', b"x", "it is no PNG"),
        ('css = "b.css"', b"</script>", "holds '</script'"),
        ('theme = "a"', None, "cannot read theme"),
        ('footer = "{{ figure x }}"', None, "footer:1:1: only text"),
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


THEME = f'{SITE}theme = "mine"\n'


def test_a_theme_extends_pages_and_sections_and_has_a_style_sheet_of_its_own(single):
    reading = '<p>Mine.</p>\n{% include "reportgen/sections/reading.html" %}\n'
    footer = "{% block footer %}<p>Before.</p>{{ super() }}{% endblock %}\n"
    files = single(
        THEME,
        {
            "mine/sections/reading.html": reading,
            "mine/article.html": '{% extends "reportgen/article.html" %}\n' + footer,
            "mine/static/site.css": ".mine { color: teal }\n",
        },
    )

    page = files["index.html"].decode()
    assert re.search(r"<p>Mine\.</p>\s*<p>The file of this experiment lists nothing to read", page)
    assert re.search(r"<p>Before\.</p>\s*<footer>", page)
    assert ".mine { color: teal }" in page
    assert ".masthead {" not in page
    assert "--accent: #00619a" in page


def test_a_mistake_of_a_theme_is_told_with_its_line(single):
    ours = '{% extends "reportgen/article.html" %}\n'
    for i, (name, content, told) in enumerate(
        [
            ("article.html", ours + "{% block footer %}{{ nothing }}{% endblock %}", "article.html:2: "),
            ("article.html", '{% extends "reportgen/articel.html" %}', "template reportgen/articel.html is missing"),
            ("article.html", '{% extends "reportgen//etc/passwd" %}', "reportgen//etc/passwd is missing"),
            ("article.html", '{% extends "article.html" %}', "calls itself endlessly"),
            ("site/masthead.html", "{{ site.titel }}", "site/masthead.html:1: "),
        ]
    ):
        with pytest.raises(TemplateError, match=re.escape(told)) as caught:
            single(f'{SITE}theme = "{i}"\n', {f"{i}/reportgen/x.html": "x", f"{i}/{name}": content})
        assert caught.value.exit_code == 2
