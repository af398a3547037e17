import dataclasses
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import html5lib
import pytest

from reportgen.animation import Media
from reportgen.article import page as pages
from reportgen.article.page import Article, Chapter, render
from reportgen.article.player import Player, Players, Series
from reportgen.article.sections import Column, Table
from reportgen.errors import TemplateError
from reportgen.experiment import Experiment

PICTURE = Media(
    name="loss",
    kind="picture",
    alt="The loss falls",
    width=640,
    height=360,
    file="loss.svg",
    dark="loss-dark.svg",
    poster=None,
    files={"loss.svg": b"<svg/>", "loss-dark.svg": b"<svg />"},
)
ANIMATION = Media(
    name="fit",
    kind="animation",
    alt="A line turns",
    width=480,
    height=360,
    file="fit.gif",
    dark=None,
    poster="fit.png",
    files={"fit.gif": b"GIF89a", "fit.png": b"\x89PNG"},
)
LIGHT, DARK = (PICTURE.named(file) for file in PICTURE.files)
MOVING, STILL = (ANIMATION.named(file) for file in ANIMATION.files)
TABLE = Table(
    name="totals",
    columns=(Column(label="Arm"), Column(label="Total", format=".2f"), Column(label="Runs")),
    rows=(("none", 1.5, 30), ("L1", -12.25, 4000), ("L2", None, 30)),
)
ARTICLE = Article(
    experiment=Experiment(title="Weights", sections=()),
    chapters=(
        Chapter(name="first", number=1, title="The first", findings={"share": 0.25, "values": 7, "nothing": None}),
        Chapter(name="second", number=2, title="The second", findings={}),
    ),
    headlines=("Half of it is zero.",),
    media={"loss": PICTURE, "fit": ANIMATION},
    tables={"totals": TABLE},
    facts={"runs": 180, "updates": 720_000, "diverged": 0, "versions": {"reportgen": "0.1.0", "numpy": "2.0"}},
)
PLAYERS = Players(
    players={"fit": Player(scenes=("fit",), panels=(("L1", 0),))},
    series=(
        Series(arm="L1", trajectories=({"weights": "eJwDAAAAAAE=", "steps": [0], "layers": [], "samples": None},)),
    ),
)
PLAYING = dataclasses.replace(ARTICLE, players=PLAYERS)
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

    def tell(text: str, second: str = "", article: Article = ARTICLE, single_file: bool = False) -> str:
        (templates / "sections" / "first.html").write_text(IMPORT + text, encoding="utf-8")
        (templates / "sections" / "second.html").write_text(IMPORT + second, encoding="utf-8")
        return render(article, single_file=single_file, templates=templates)

    return tell


def text_of(html: str) -> str:
    body = html5lib.parse(html, namespaceHTMLElements=False).find("body")
    return " ".join("".join(body.itertext()).split())


def body_of(html: str) -> str:
    return html.partition("<body>")[2]


# What the macros make


def test_a_page_is_html_without_a_mistake(tell: Tell) -> None:
    everything = (
        '{{ m.figure("loss", "Loss.") }}{{ m.animation("fit", "Fit.") }}{{ m.table("totals", "Totals.") }}'
        '{% call m.note("Aside") %}<p>Beside.</p>{% endcall %}<p>$x$: $$\\sum_i |w_i|$$ {{ m.ref("fit") }}</p>'
    )

    parser = html5lib.HTMLParser(strict=True)

    for single_file in (True, False):
        parser.parse(tell(everything, single_file=single_file))


def test_figures_and_tables_are_numbered_apart_in_the_order_of_the_page(tell: Tell) -> None:
    html = tell('{{ m.animation("fit", "A.") }}{{ m.table("totals", "B.") }}', '{{ m.figure("loss", "C.") }}')

    text = text_of(html)

    assert "Figure 1 A." in text
    assert "Table 1 B." in text
    assert "Figure 2 C." in text


def test_a_reference_knows_the_number_of_what_comes_later(tell: Tell) -> None:
    html = tell('<p>See {{ m.ref("loss") }}.</p>{{ m.animation("fit") }}', '{{ m.figure("loss") }}')

    assert '<p>See <a href="#figure-loss">Figure&nbsp;2</a>.</p>' in html


def test_a_caption_may_hold_formulas_and_references(tell: Tell) -> None:
    html = tell('{% call m.figure("loss") %}Where $x$ is {{ m.ref("totals") }}.{% endcall %}{{ m.table("totals") }}')

    caption = 'Where <math><mi>x</mi></math> is <a href="#table-totals">Table&nbsp;1</a>.</figcaption>'
    assert caption in html


def test_a_caption_given_as_a_string_stays_text(tell: Tell) -> None:
    assert "a &lt; b</figcaption>" in tell('{{ m.figure("loss", "a < b") }}')


def test_one_name_for_a_figure_and_a_table_needs_the_kind(tell: Tell) -> None:
    twins = dataclasses.replace(ARTICLE, tables={"loss": dataclasses.replace(TABLE, name="loss")})
    both = '{{ m.figure("loss") }}{{ m.table("loss") }}'

    assert 'id="figure-loss"' in tell(both, article=twins)
    assert '<a href="#table-loss">Table&nbsp;1</a>' in tell(both + '{{ m.ref("loss", "table") }}', article=twins)
    with pytest.raises(TemplateError) as caught:
        tell(both + '{{ m.ref("loss") }}', article=twins)
    assert str(caught.value) == (
        "template sections/first.html:2: 'loss' is a figure and a table; say which: m.ref('loss', \"table\")"
    )


def test_a_chapter_is_linked_by_its_number_or_named_where_it_is_not(tell: Tell) -> None:
    html = tell(
        '<p>{{ m.chapter("second") }}, {{ m.chapter("penalties") }}, {{ m.chapter("penalties", "theory") }}</p>'
    )

    assert '<p><a href="#second">section&nbsp;2</a>, another section, theory</p>' in html


def test_a_picture_has_its_size_its_words_and_a_dark_twin(tell: Tell) -> None:
    html = tell('{{ m.figure("loss") }}')

    shape = 'width="640" height="360" alt="The loss falls" decoding="async" loading="lazy">'
    assert f'<img class="light" src="media/{LIGHT}" {shape}' in html
    assert f'<img class="dark" src="media/{DARK}" {shape}' in html


def test_a_picture_without_a_dark_twin_is_shown_on_every_page(tell: Tell) -> None:
    plain = dataclasses.replace(ARTICLE, media={"loss": dataclasses.replace(PICTURE, dark=None)})

    html = tell('{{ m.figure("loss") }}', article=plain)

    assert f'<img src="media/{LIGHT}"' in html
    assert 'class="dark"' not in html


def test_an_animation_comes_with_its_still_and_a_control(tell: Tell) -> None:
    html = tell('{{ m.animation("fit") }}')

    assert f'class="moving" src="media/{MOVING}" width="480" height="360" alt="A line turns"' in html
    assert f'class="still" src="media/{STILL}" width="480" height="360" alt="A line turns"' in html
    assert "PausePlay figure 1" in text_of(html)
    assert 'id="pause-all"' in html


def test_an_animation_that_the_page_can_draw_itself_comes_with_a_player_and_its_data(tell: Tell) -> None:
    plain, playing = tell('{{ m.animation("fit") }}'), tell('{{ m.animation("fit") }}', article=PLAYING)

    assert "data-player" not in plain
    assert "<script" not in plain
    tree = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(playing)
    assert [figure.get("data-player") for figure in tree.findall(".//figure")] == ["fit"]
    data, *scripts = tree.findall(".//script")
    assert json.loads(data.text) == json.loads(json.dumps(PLAYERS.data()))
    assert [script.text.count('"use strict"') for script in scripts] == [1, 1]


def test_a_table_prints_numbers_as_its_columns_say(tell: Tell) -> None:
    html = tell('{{ m.table("totals") }}')

    rows = html5lib.parse(html, namespaceHTMLElements=False).findall(".//tbody/tr")
    assert [["".join(cell.itertext()) for cell in row] for row in rows] == [
        ["none", "1.50", "30"],
        ["L1", "−12.25", "4,000"],
        ["L2", "–", "30"],
    ]
    assert [(cell.tag, cell.get("scope"), cell.get("class")) for cell in rows[0]] == [
        ("th", "row", "short"),
        ("td", None, "number"),
        ("td", None, "number"),
    ]


def test_a_long_table_shows_its_beginning_and_offers_the_rest(tell: Tell) -> None:
    long = dataclasses.replace(TABLE, rows=tuple(("arm", float(i), i) for i in range(1200)), shown=5)

    html = tell('{{ m.table("totals") }}', article=dataclasses.replace(ARTICLE, tables={"totals": long}))

    assert html.count("<tr>") == 6
    assert "The first 5 of 1,200 rows; all of them: totals.csv" in text_of(html)
    assert re.search(r'<a href="media/totals-[0-9a-f]{8}\.csv" download="totals\.csv">', html)


def test_a_page_on_its_own_holds_everything(tell: Tell) -> None:
    html = tell('{{ m.figure("loss") }}{{ m.animation("fit") }}{{ m.table("totals") }}', single_file=True)

    tree = html5lib.parse(html, namespaceHTMLElements=False)
    addresses = [e.get(name) for e in tree.iter() for name in ("src", "srcset", "href") if e.get(name) is not None]
    assert all(address.startswith(("data:", "#")) for address in addresses)
    assert "data:image/svg+xml,<svg/>" in addresses
    assert "data:text/csv;base64,QXJtLFRvdGFsLFJ1bnMKbm9uZSwxLjUsMzAKTDEsLTEyLjI1LDQwMDAKTDIsLDMwCg==" in addresses


def test_a_page_on_its_own_holds_the_smallest_file_of_an_animation(tell: Tell) -> None:
    files = ANIMATION.files | {"fit.apng": b"PNG"}
    article = dataclasses.replace(ARTICLE, media={"fit": dataclasses.replace(ANIMATION, files=files)})

    alone, beside = (tell('{{ m.animation("fit") }}', article=article, single_file=single) for single in (True, False))

    assert 'class="moving" src="data:image/png;base64,UE5H"' in alone
    assert f'class="moving" src="media/{MOVING}"' in beside


def test_code_is_highlighted_without_styles_of_its_own(tell: Tell) -> None:
    html = tell('{{ m.code("proximal_step", "A step.") }}')

    assert '<span class="k">' in html or '<span class="kn">' in html
    assert "<figcaption>A step.</figcaption>" in html
    assert " style=" not in body_of(html)


def test_a_finding_called_like_a_method_of_a_dictionary_is_the_finding(tell: Tell) -> None:
    assert "<p>7</p>" in tell("<p>{{ f.values }}</p>")


# Hostile text


def test_names_and_titles_stay_text(tell: Tell) -> None:
    nasty = "\"><script>alert(1)</script>{{ 7*7 }}{% raise %}$x$'</title></style>&amp;"
    article = dataclasses.replace(
        ARTICLE,
        experiment=Experiment(title=nasty, author=nasty),
        chapters=(
            dataclasses.replace(ARTICLE.chapters[0], title=nasty, findings={"label": nasty}),
            ARTICLE.chapters[1],
        ),
        headlines=(nasty,),
        media={"loss": dataclasses.replace(PICTURE, alt=nasty)},
        tables={"totals": Table(name="totals", columns=(Column(label=nasty),), rows=((nasty,),))},
    )

    html = tell('<p>{{ f.label }}</p>{{ m.figure("loss", f.label) }}{{ m.table("totals", f.label) }}', article=article)

    tree = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(html)
    assert tree.find(".//script") is None
    assert tree.find(".//title").text == nasty
    assert tree.find(".//h1").text == nasty
    assert tree.find(".//img").get("alt") == nasty
    assert tree.find(".//meta[@name='description']").get("content") == nasty
    assert tree.find(".//tbody/tr/th").text == nasty
    assert text_of(html).count("{{ 7*7 }}") == 10
    assert "<math" not in html
    assert {e.tag for e in tree.iter() if isinstance(e.tag, str) for key in e.attrib if key.startswith("on")} == set()


def test_labels_in_the_data_of_players_stay_data(tell: Tell) -> None:
    nasty = "</script><script>alert(1)</script><!--<script>\u2028{{ 7*7 }}"
    series = dataclasses.replace(PLAYERS.series[0], arm=nasty)
    article = dataclasses.replace(ARTICLE, players=dataclasses.replace(PLAYERS, series=(series,)))

    tree = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(tell("", article=article))

    assert len(tree.findall(".//script")) == 3
    assert json.loads(tree.find(".//script").text)["series"][0]["arm"] == nasty


# Formulas


def test_formulas_become_mathml_and_lines_keep_their_numbers() -> None:
    source = "a $x$\n$$\n\\frac{1}{2}\n$$\n{{ b }}"

    done = pages.Formulas(pages.jinja2.Environment()).preprocess(source, "name")

    assert done.count("\n") == source.count("\n")
    assert done.startswith("a <math><mi>x</mi></math>\n")
    assert "<mfrac>" in done
    assert done.endswith("{{ b }}")


@pytest.mark.parametrize(
    ("source", "becomes"),
    [
        ("costs $5 and $6", "costs $5 and $6"),
        ("costs $5–$6", "costs $5–$6"),
        (r"\$5$x$\$6", "$5<math><mi>x</mi></math>$6"),
        ("{# $x$ #}", "{# $x$ #}"),
        ("{{ '$' ~ a }} {% if b == '$' %}", "{{ '$' ~ a }} {% if b == '$' %}"),
        ("in $x$.", 'in <span class="keep"><math><mi>x</mi></math>.</span>'),
    ],
)
def test_dollars_are_formulas_only_where_they_enclose_one(source: str, becomes: str) -> None:
    assert pages.Formulas(pages.jinja2.Environment()).preprocess(source, None) == becomes


def test_aligned_equations_need_no_inline_style(tell: Tell) -> None:
    html = tell(r"$$\begin{aligned} a &= b \\ c &= d \end{aligned}$$")

    assert '<mtd class="right">' in html
    assert " style=" not in body_of(html)


def test_a_wide_formula_can_be_scrolled_from_the_keyboard(tell: Tell) -> None:
    assert '<p>so <span class="formula" role="group" aria-label="Formula" tabindex="0"><math display="block">' in tell(
        "<p>so $$x$$</p>"
    )


def test_braces_in_formulas_mean_nothing_to_jinja2(tell: Tell) -> None:
    assert "{{x}}{%{#" in text_of(tell(r"$\text{\{\{x\}\}\{\%\{\#}$"))


# Mistakes in templates


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "\n{{ f.shaer }}",
            "sections/first.html:3: there is no 'shaer' here. Did you mean 'share'? Known: nothing, share, values.",
        ),
        ("{{ g }}", "sections/first.html:2: 'g' is undefined"),
        ("{{ f.share|num('.2q') }}", "sections/first.html:2: Unknown format code 'q' for object of type 'float'"),
        ("{{ f.share + 'a' }}", "sections/first.html:2: unsupported operand type(s) for +: 'float' and 'str'"),
        ("{{ f.nothing }}", "sections/first.html:2: None cannot be printed"),
        (
            "{{ m.figrue('x') }}",
            "sections/first.html:2: there is no 'figrue' here. Did you mean 'figure'? "
            "Known: animation, bare_animation, chapter, code, figure, note, players, ref, row, table.",
        ),
        ("{% if f.share %}", "sections/first.html:2: Unexpected end of template. …"),
        ("{{ f.share|nmu }}", "sections/first.html:2: No filter named 'nmu'."),
        ("a\nb $\\alhpa$", "sections/first.html:3: formula '\\\\alhpa': Unknown command \"\\alhpa\"."),
        ("$\\frac{a$", "sections/first.html:2: formula '\\\\frac{a': Expected closing token \"}\", but reached …"),
        (
            "$\\lambda = {{ f.share }}$",
            "sections/first.html:2: formula '\\\\lambda = {{ f.share }}': a value cannot stand inside a formula; "
            "end it before and begin anew",
        ),
        (
            "{{ m.figure('loss', 'with $x$') }}",
            "sections/first.html:2: a formula cannot stand inside {{ }}; put the text into a {% call %} block",
        ),
        (
            "<p>\n{{ m.figure('los') }}",
            "sections/first.html:3: there is no picture 'los' in this build. Did you mean 'loss'? Known: fit, loss.",
        ),
        (
            "{{ m.table('total') }}",
            "sections/first.html:2: there is no table 'total' in this build. Did you mean 'totals'? Known: totals.",
        ),
        (
            "{{ m.figure('loss') }}\n{{ m.figure('loss') }}",
            "sections/first.html:3: figure 'loss' is shown twice; refer to it with m.ref('loss')",
        ),
        (
            "{{ m.figure('loss') }}{{ m.ref('fit') }}",
            "sections/first.html:2: this page shows no figure or table 'fit'. Known: loss.",
        ),
        (
            "{{ m.chapter('penaltys') }}",
            "sections/first.html:2: there is no section 'penaltys'. Did you mean 'penalties'? Known: closed_form, …",
        ),
        (
            "{{ m.code('keras') }}",
            "sections/first.html:2: there is no snippet 'keras'. Did you mean 'keras_today'? "
            "Known: keras_today, plain_tensorflow, proximal_step.",
        ),
    ],
)
def test_a_mistake_is_named_with_its_line(tell: Tell, text: str, message: str) -> None:
    with pytest.raises(TemplateError) as caught:
        tell(text)

    said, beginning = str(caught.value), f"template {message}".removesuffix("…")
    assert said.startswith(beginning)
    assert said == beginning or message.endswith("…")
    assert "\n" not in said
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "name", ["article.html", "macros.html", "sections/second.html", "static/article.css", "static/player.js"]
)
def test_a_template_that_is_missing_is_named(
    tell: Tell, templates: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "template_folder", lambda: templates)
    tell("")
    (templates / name).unlink()

    with pytest.raises(TemplateError) as caught:
        render(PLAYING, single_file=True)

    assert str(caught.value) == f"template {name} is missing from {templates}"


def test_a_script_that_would_end_within_the_page_is_refused(tell: Tell, templates: Path) -> None:
    (templates / "static" / "plots.js").write_text('const end = "</Script>";\n')

    with pytest.raises(TemplateError) as caught:
        tell("", article=PLAYING)
    assert str(caught.value) == (
        "template macros.html:{}: static/plots.js holds '</Script', which would end or hide a script inside a page"
    ).format(str(caught.value).split(":")[1])


def test_a_mistake_in_a_macro_is_named_there(tell: Tell, templates: Path) -> None:
    (templates / "macros.html").write_text("{% macro figure(name) %}\n{{ oops }}\n{% endmacro %}\n")

    with pytest.raises(TemplateError, match=r"^template macros\.html:2: 'oops' is undefined$"):
        tell("{{ m.figure('loss') }}")
