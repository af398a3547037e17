import dataclasses
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
    **{"file": "loss.svg", "files": {"loss.svg": b'<svg aria-label="The loss falls"></svg>'}},
)
ANIMATION = Media(
    **{"name": "fit", "kind": "animation", "alt": "A line turns", "width": 480, "height": 360},
    **{"file": "fit.gif", "poster": "fit.png", "files": {"fit.gif": b"GIF89a", "fit.png": b"\x89PNG"}},
)
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


def test_figures_and_tables_are_numbered_apart_in_the_order_of_the_page(tell: Tell) -> None:
    html = tell(
        '<p>See {{ m.ref("loss") }}.</p>{{ m.animation("fit", "A.") }}{{ m.table("totals", "B.") }}',
        '{{ m.figure("loss", "C.") }}',
    )

    text = text_of(html)

    assert [part in text for part in ("Figure 1 A.", "Table 1 B.", "Figure 2 C.")] == [True] * 3
    assert '<p>See <a href="#figure-loss">Figure&nbsp;2</a>.</p>' in html, "what comes later has its number"


def test_a_table_prints_numbers_as_its_columns_say_and_offers_the_rest(tell: Tell) -> None:
    rows = parsed(tell('{{ m.table("totals") }}')).findall(".//tbody/tr")
    assert [["".join(cell.itertext()) for cell in row] for row in rows] == [
        ["none", "1.50", "30"],
        ["L1", "−12.25", "4,000"],
        ["L2", "–", "30"],
    ]


def test_a_page_on_its_own_holds_all_but_moving_pictures_except_those_that_it_keeps_at_its_end(tell: Tell) -> None:
    files = ANIMATION.files | {"fit.apng": b"PNG"}
    kept = dataclasses.replace(ANIMATION, name="kept", files=files, keep=True)
    report = dataclasses.replace(REPORT, media={"loss": PICTURE, "fit": ANIMATION, "kept": kept})
    text = '{{ m.figure("loss") }}{{ m.animation("fit") }}{{ m.animation("kept") }}{{ m.table("totals") }}'
    html, beside = (tell(text, "", report, single_file=single) for single in (True, False))
    moving = f"media/{ANIMATION.named('fit.gif')}"

    addresses = [e.get(name) for e in parsed(html).iter() for name in ("src", "srcset", "href") if e.get(name)]
    assert [a for a in addresses if not a.startswith(("data:", "#"))] == [moving, f"media/{kept.named('fit.gif')}"]
    assert [text_of(page).count("kB, in the folder media beside this page)") for page in (html, beside)] == [2, 0]
    assert html.count("image/gif") == 0
    assert html.count('src="data:image/png;base64,UE5H"') == 1, "the smallest file"
    assert html.index('<section class="kept"') > html.index("</footer>")
    assert '<svg class="chart" aria-label="The loss falls"></svg>' in html
    assert "data:text/csv;base64,QXJtLFRvdGFsLFJ1bnMKbm9uZSwxLjUsMzAKTDEsLTEyLjI1LDQwMDAKTDIsLDMwCg==" in addresses

    assert f'src="media/{kept.named("fit.gif")}"' in beside
    assert f'href="{moving}"' in beside
    assert 'class="kept"' not in tell('{{ m.animation("fit") }}', "", REPORT)


# Hostile text


def test_cells_of_a_table_are_text_whatever_they_hold(tell: Tell) -> None:
    cells = ("<b>&amp;</b>", "a\n<i>", "</td><script>1</script>")
    table = Table(name="totals", columns=tuple(Column(label=label) for label in "abc"), rows=(cells,))
    html = tell('{{ m.table("totals") }}', report=dataclasses.replace(REPORT, tables={"totals": table}))

    (row,) = parsed(html).findall(".//tbody/tr")
    assert ["".join(cell.itertext()) for cell in row] == list(cells)
    assert [len(cell) for cell in row] == [0, 0, 0]


# Formulas


def test_formulas_become_mathml_only_where_dollars_enclose_one(tell: Tell) -> None:
    formulas = pages.Formulas(pages.jinja2.Environment())
    for source, becomes in [
        ("costs $5 and $6", "costs $5 and $6"),
        (r"\$5$x$\$6", "$5<math><mi>x</mi></math>$6"),
        ("{{ '$' ~ a }} {% if b == '$' %}", "{{ '$' ~ a }} {% if b == '$' %}"),
        ("in $x$.", 'in <span class="keep"><math><mi>x</mi></math>.</span>'),
    ]:
        assert formulas.preprocess(source, None) == becomes


MISTAKES = [
    "\n{{ f.shaer }}",
    "{{ g }}",
    "{{ f.share + 'a' }}",
    "{{ m.figrue('x') }}",
    "{{ f.share|nmu }}",
    "a\nb $\\alhpa$",
    "$\\lambda = {{ f.share }}$",
    "{{ m.figure('loss', 'with $x$') }}",
    "{{ m.table('total') }}",
    "{{ m.figure('loss') }}\n{{ m.figure('loss') }}",
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


def test_a_template_that_is_missing_is_named(tell: Tell, templates: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "template_folder", lambda: templates)
    tell("{{ m.animation('fit', 'A line.') }}")
    for name in ("sections/second.html", "static/player.js", "article.html"):
        (templates / name).unlink()
        with pytest.raises(TemplateError) as caught:
            render(PLAYING, single_file=True)
        assert str(caught.value) == f"template {name} is missing from {templates}"


def test_a_mistake_in_a_macro_or_a_script_is_named_there(tell: Tell, templates: Path) -> None:
    (templates / "static" / "plots.js").write_text('const end = "</Script>";\n')
    with pytest.raises(TemplateError, match=r"^template macros\.html:\d+: static/plots\.js holds '</Script', which"):
        tell("{{ m.animation('fit', 'A line.') }}", report=PLAYING)

    (templates / "macros.html").write_text("{% macro figure(name) %}\n{{ oops }}\n{% endmacro %}\n")
    with pytest.raises(TemplateError, match=r"^template macros\.html:2: 'oops' is undefined$"):
        tell("{{ m.figure('loss') }}")


def test_a_script_stands_once_before_the_first_section_that_needs_it(tell: Tell, templates: Path) -> None:
    (templates / "static" / "plots.js").write_text("plots();\n")
    (templates / "static" / "live.js").write_text("live();\n")
    (templates / "static" / "folds.js").write_text("folds();\n")
    needing = [
        dataclasses.replace(FIRST, scripts=("plots.js",)),
        section("second", title="The second", scripts=("plots.js", "live.js")),
    ]

    html = tell("One.", "Two.", report=dataclasses.replace(PLAYING, sections=tuple(needing)))

    order = ["folds();", "plots();", "One.", "live();", "Two."]
    assert [html.count(part) for part in order] == [1] * 5
    assert sorted(order, key=html.index) == order
    assert html.count("'sha256-") == 4, "three scripts and a style are allowed"
