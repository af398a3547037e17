import dataclasses
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import html5lib
import pytest
from reports import section

from reportgen.errors import TemplateError
from reportgen.experiment import Experiment
from reportgen.page import article as pages
from reportgen.page.article import render
from reportgen.page.report import Report
from reportgen.pictures.media import Media
from reportgen.sections import Column, Table
from reportgen.sections.player import Player, PlayerSet, RunChoices

PICTURE = Media(
    **{"name": "loss", "kind": "picture", "alt": "The loss falls", "width": 640, "height": 360, "poster": None},
    **{"file": "loss.svg", "dark": "loss-dark.svg", "files": {"loss.svg": b"<svg/>", "loss-dark.svg": b"<svg />"}},
)
ANIMATION = Media(
    **{"name": "fit", "kind": "animation", "alt": "A line turns", "width": 480, "height": 360, "dark": None},
    **{"file": "fit.gif", "poster": "fit.png", "files": {"fit.gif": b"GIF89a", "fit.png": b"\x89PNG"}},
)
LIGHT, DARK = (PICTURE.named(file) for file in PICTURE.files)
MOVING, STILL = (ANIMATION.named(file) for file in ANIMATION.files)
TABLE = Table(
    name="totals",
    columns=(Column(label="Arm"), Column(label="Total", format=".2f"), Column(label="Runs")),
    rows=(("none", 1.5, 30), ("L1", -12.25, 4000), ("L2", None, 30)),
)
FIRST = section(
    "first",
    title="The first",
    findings={"share": 0.25, "values": 7, "nothing": None},
    headline="Half of it is zero.",
    steps={f"run {i}": 4000 for i in range(180)},
)
REPORT = Report(
    experiment=Experiment(title="Weights", sections=()),
    sections=(FIRST, section("second", title="The second")),
    media={"loss": PICTURE, "fit": ANIMATION},
    tables={"totals": TABLE},
    versions={"reportgen": "0.1.0", "numpy": "2.0"},
)
PLAYERS = PlayerSet(
    players={"fit": Player(scenes=("fit",), panels=(("L1", 0),))},
    series=(
        RunChoices(arm="L1", trajectories=({"weights": "eJwDAAAAAAE=", "steps": [0], "layers": [], "samples": None},)),
    ),
)
PLAYING = dataclasses.replace(REPORT, players=PLAYERS)
IMPORT = '{% import "macros.html" as m with context %}\n'

Tell = Callable[..., str]


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    """A copy of the templates, with two sections that say nothing yet."""
    folder = tmp_path / "templates"
    shutil.copytree(pages.template_folder(), folder, ignore=shutil.ignore_patterns("sections"))
    (folder / "sections").mkdir()
    for name in ("first", "second"):
        (folder / "sections" / f"{name}.html").write_text("")
    return folder


@pytest.fixture
def tell(templates: Path) -> Tell:
    """The page, with the given text as the first section."""

    def tell(text: str, second: str = "", report: Report = REPORT, single_file: bool = False) -> str:
        (templates / "sections" / "first.html").write_text(IMPORT + text, encoding="utf-8")
        (templates / "sections" / "second.html").write_text(IMPORT + second, encoding="utf-8")
        return render(report, single_file=single_file, templates=templates)

    return tell


def parsed(html: str) -> Any:
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(html)


def text_of(html: str) -> str:
    return " ".join("".join(parsed(html).find("body").itertext()).split())


# What the macros make


def test_figures_and_tables_are_numbered_apart_in_the_order_of_the_page(tell: Tell) -> None:
    html = tell(
        '<p>See {{ m.ref("loss") }}.</p>{{ m.animation("fit", "A.") }}{{ m.table("totals", "B.") }}',
        '{{ m.figure("loss", "C.") }}',
    )

    text = text_of(html)

    assert [part in text for part in ("Figure 1 A.", "Table 1 B.", "Figure 2 C.")] == [True] * 3
    assert '<p>See <a href="#figure-loss">Figure&nbsp;2</a>.</p>' in html, "what comes later has its number"


def test_a_caption_may_hold_formulas_and_references_and_as_a_string_is_text(tell: Tell) -> None:
    html = tell('{% call m.figure("loss") %}Where $x$ is {{ m.ref("totals") }}.{% endcall %}{{ m.table("totals") }}')

    assert 'Where <math><mi>x</mi></math> is <a href="#table-totals">Table&nbsp;1</a>.</figcaption>' in html
    assert "a &lt; b</figcaption>" in tell('{{ m.figure("loss", "a < b") }}')


def test_one_name_for_a_figure_and_a_table_needs_the_kind(tell: Tell, messages: Callable[..., None]) -> None:
    twins = dataclasses.replace(REPORT, tables={"loss": dataclasses.replace(TABLE, name="loss")})
    both = '{{ m.figure("loss") }}{{ m.table("loss") }}'

    assert '<a href="#table-loss">Table&nbsp;1</a>' in tell(both + '{{ m.ref("loss", "table") }}', report=twins)
    with pytest.raises(TemplateError) as caught:
        tell(both + '{{ m.ref("loss") }}', report=twins)
    messages(caught.value)


def test_a_section_is_linked_by_its_number_or_named_where_it_is_not(tell: Tell) -> None:
    references = '{{ m.section("second") }}, {{ m.section("penalties") }}, {{ m.section("penalties", "theory") }}'

    assert '<p><a href="#second">section&nbsp;2</a>, another section, theory</p>' in tell(f"<p>{references}</p>")


def test_a_picture_has_its_size_its_words_and_a_dark_twin(tell: Tell) -> None:
    plain = dataclasses.replace(REPORT, media={"loss": dataclasses.replace(PICTURE, dark=None)})
    html, alone = tell('{{ m.figure("loss") }}'), tell('{{ m.figure("loss") }}', report=plain)

    shape = 'width="640" height="360" alt="The loss falls" decoding="async" loading="lazy">'
    assert f'<img class="light" src="media/{LIGHT}" {shape}' in html
    assert f'<img class="dark" src="media/{DARK}" {shape}' in html
    assert f'<img src="media/{LIGHT}"' in alone
    assert 'class="dark"' not in alone


def test_an_animation_comes_with_its_still_and_a_control(tell: Tell) -> None:
    html = tell('{{ m.animation("fit") }}')

    for kind, file in (("moving", MOVING), ("still", STILL)):
        assert f'class="{kind}" src="media/{file}" width="480" height="360" alt="A line turns"' in html
    assert "PausePlay figure 1" in text_of(html)
    assert 'id="pause-all"' in html
    assert "<script" not in html


def test_an_animation_that_the_page_can_draw_itself_comes_with_a_player_and_its_data(tell: Tell) -> None:
    tree = parsed(tell('{{ m.animation("fit") }}', report=PLAYING))

    assert [figure.get("data-player") for figure in tree.findall(".//figure")] == ["fit"]
    data, *scripts = tree.findall(".//script")
    assert json.loads(data.text) == json.loads(json.dumps(PLAYERS.data()))
    assert [script.text.count('"use strict"') for script in scripts] == [1, 1]


def test_a_table_prints_numbers_as_its_columns_say_and_offers_the_rest(tell: Tell) -> None:
    rows = parsed(tell('{{ m.table("totals") }}')).findall(".//tbody/tr")
    assert [["".join(cell.itertext()) for cell in row] for row in rows] == [
        ["none", "1.50", "30"],
        ["L1", "−12.25", "4,000"],
        ["L2", "–", "30"],
    ]
    first = [(cell.tag, cell.get("scope"), cell.get("class")) for cell in rows[0]]
    assert first == [("th", "row", "short"), ("td", None, "number"), ("td", None, "number")]

    long = dataclasses.replace(TABLE, rows=tuple(("arm", float(i), i) for i in range(1200)), shown=5)
    html = tell('{{ m.table("totals") }}', report=dataclasses.replace(REPORT, tables={"totals": long}))
    assert html.count("<tr>") == 6
    assert "The first 5 of 1,200 rows; all of them: totals.csv" in text_of(html)
    assert re.search(r'<a href="media/totals-[0-9a-f]{8}\.csv" download="totals\.csv">', html)


def test_a_page_on_its_own_holds_everything_and_the_smallest_file_of_an_animation(tell: Tell) -> None:
    small = dataclasses.replace(ANIMATION, files=ANIMATION.files | {"fit.apng": b"PNG"})
    report = dataclasses.replace(REPORT, media={"loss": PICTURE, "fit": small})
    html = tell('{{ m.figure("loss") }}{{ m.animation("fit") }}{{ m.table("totals") }}', "", report, single_file=True)

    addresses = [e.get(name) for e in parsed(html).iter() for name in ("src", "srcset", "href") if e.get(name)]
    assert all(address.startswith(("data:", "#")) for address in addresses)
    assert "data:image/svg+xml,<svg/>" in addresses
    assert "data:text/csv;base64,QXJtLFRvdGFsLFJ1bnMKbm9uZSwxLjUsMzAKTDEsLTEyLjI1LDQwMDAKTDIsLDMwCg==" in addresses
    assert 'class="moving" src="data:image/png;base64,UE5H"' in html


def test_code_formulas_and_notes_need_no_inline_style(tell: Tell) -> None:
    html = tell(
        '{{ m.code("proximal_step", "A step.") }}{% call m.note("Aside") %}<p>Beside.</p>{% endcall %}'
        r"<p>so $$\begin{aligned} a &= b \\ c &= d \end{aligned}$$</p>"
    )

    assert '<span class="k">' in html or '<span class="kn">' in html
    assert "<figcaption>A step.</figcaption>" in html
    assert '<p>so <span class="formula" role="group" aria-label="Formula" tabindex="0"><math display="block">' in html
    assert '<mtd class="right">' in html
    assert " style=" not in html.partition("<body>")[2]


# Hostile text


def test_names_and_titles_stay_text(tell: Tell) -> None:
    nasty = "\"><script>alert(1)</script>{{ 7*7 }}{% raise %}$x$'</title></style>&amp;"
    first = dataclasses.replace(REPORT.sections[0], title=nasty, findings={"label": nasty}, headline=nasty)
    report = dataclasses.replace(
        REPORT,
        experiment=Experiment(title=nasty, author=nasty),
        sections=(first, REPORT.sections[1]),
        media={"loss": dataclasses.replace(PICTURE, alt=nasty)},
        tables={"totals": Table(name="totals", columns=(Column(label=nasty),), rows=((nasty,),))},
    )

    html = tell('<p>{{ f.label }}</p>{{ m.figure("loss", f.label) }}{{ m.table("totals", f.label) }}', report=report)

    tree = parsed(html)
    assert tree.find(".//script") is None
    assert [tree.find(f".//{place}").text for place in ("title", "h1", "tbody/tr/th")] == [nasty] * 3
    assert tree.find(".//img").get("alt") == nasty
    assert tree.find(".//meta[@name='description']").get("content") == nasty
    assert text_of(html).count("{{ 7*7 }}") == 10
    assert "<math" not in html
    assert not [key for e in tree.iter() if isinstance(e.tag, str) for key in e.attrib if key.startswith("on")]


def test_labels_in_the_data_of_players_stay_data(tell: Tell) -> None:
    nasty = "</script><script>alert(1)</script><!--<script>\u2028{{ 7*7 }}"
    series = dataclasses.replace(PLAYERS.series[0], arm=nasty)
    report = dataclasses.replace(REPORT, players=dataclasses.replace(PLAYERS, series=(series,)))

    scripts = parsed(tell("", report=report)).findall(".//script")

    assert len(scripts) == 3
    assert json.loads(scripts[0].text)["series"][0]["arm"] == nasty


# Formulas


def test_formulas_become_mathml_only_where_dollars_enclose_one(tell: Tell) -> None:
    formulas = pages.Formulas(pages.jinja2.Environment())
    for source, becomes in [
        ("costs $5 and $6", "costs $5 and $6"),
        ("costs $5–$6", "costs $5–$6"),
        (r"\$5$x$\$6", "$5<math><mi>x</mi></math>$6"),
        ("{# $x$ #}", "{# $x$ #}"),
        ("{{ '$' ~ a }} {% if b == '$' %}", "{{ '$' ~ a }} {% if b == '$' %}"),
        ("in $x$.", 'in <span class="keep"><math><mi>x</mi></math>.</span>'),
    ]:
        assert formulas.preprocess(source, None) == becomes

    lines = "a $x$\n$$\n\\frac{1}{2}\n$$\n{{ b }}"
    assert formulas.preprocess(lines, "name").count("\n") == lines.count("\n"), "mistakes keep their line"
    assert "{{x}}{%{#" in text_of(tell(r"$\text{\{\{x\}\}\{\%\{\#}$")), "braces in formulas mean nothing to Jinja2"


# Mistakes in templates

MISTAKES = [
    "\n{{ f.shaer }}",
    "{{ g }}",
    "{{ f.share|num('.2q') }}",
    "{{ f.share + 'a' }}",
    "{{ f.nothing }}",
    "{{ m.figrue('x') }}",
    "{% if f.share %}",
    "{{ f.share|nmu }}",
    "a\nb $\\alhpa$",
    "$\\lambda = {{ f.share }}$",
    "{{ m.figure('loss', 'with $x$') }}",
    "<p>\n{{ m.figure('los') }}",
    "{{ m.table('total') }}",
    "{{ m.figure('loss') }}\n{{ m.figure('loss') }}",
    "{{ m.figure('loss') }}{{ m.ref('fit') }}",
    "{{ m.code('keras') }}",
]


def test_a_mistake_is_named_with_its_line(tell: Tell, messages: Callable[..., None]) -> None:
    told = {}
    for text in MISTAKES:
        with pytest.raises(TemplateError) as caught:
            tell(text)
        told[text] = str(caught.value)
        assert re.match(r"template sections/first\.html:[23]: [^\n]+$", told[text]), told[text]
        assert caught.value.exit_code == 2
    messages(**told)
    with pytest.raises(TemplateError, match=r"first.html:2: there is no section 'penaltys'. Did you mean 'penalties'"):
        tell("{{ m.section('penaltys') }}")
    assert "<p>7</p>" in tell("<p>{{ f.values }}</p>"), "a finding called like a method of a dictionary"


def test_a_template_that_is_missing_is_named(tell: Tell, templates: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "template_folder", lambda: templates)
    tell("")
    for name in ("static/player.js", "sections/second.html", "static/article.css", "macros.html", "article.html"):
        (templates / name).unlink()
        with pytest.raises(TemplateError) as caught:
            render(PLAYING, single_file=True)
        assert str(caught.value) == f"template {name} is missing from {templates}"


def test_a_mistake_in_a_macro_or_a_script_is_named_there(tell: Tell, templates: Path) -> None:
    (templates / "static" / "plots.js").write_text('const end = "</Script>";\n')
    with pytest.raises(TemplateError, match=r"^template macros\.html:\d+: static/plots\.js holds '</Script', which"):
        tell("", report=PLAYING)

    (templates / "macros.html").write_text("{% macro figure(name) %}\n{{ oops }}\n{% endmacro %}\n")
    with pytest.raises(TemplateError, match=r"^template macros\.html:2: 'oops' is undefined$"):
        tell("{{ m.figure('loss') }}")
