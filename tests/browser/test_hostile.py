"""Hostile text in every place where a page shows text, in a real browser: it is shown, and it does nothing."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from browser.watching import Watch
from hostile import RUN, SAMPLE, SOAK
from reports import section

from reportgen.companions.diff.comparing import difference
from reportgen.companions.diff.diff_page import ROWS
from reportgen.companions.diff.diff_page import render as render_difference
from reportgen.errors import ExperimentError
from reportgen.experiment import Experiment, Reference
from reportgen.page.article import media_results, render, render_embeds
from reportgen.page.embed import snippets
from reportgen.page.report import Report
from reportgen.pictures.media import Media
from reportgen.sections import Column, Table
from reportgen.sections.player import Player, PlayerSet, RunChoices
from reportgen.text import holdable, printable

if TYPE_CHECKING:
    from playwright.sync_api import Page

Open = Callable[..., "Page"]

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'
GIF = bytes.fromhex("47494638396101000100800000ffffff00000021f90401000000002c00000000010001000002024401003b")
PACKED = {
    **{"weights": "eJxjYAAAAAIAAQ==", "largest": 1.0, "limit": 1.0, "steps": [0], "layers": [[1, 1, 0]]},
    **{"activation": "linear", "samples": None, "diverged": None},
}

SECTION = """{% import "macros.html" as m with context %}
{% for text in f.texts %}
<p class="text" title="{{ text }}" data-text="{{ text }}">{{ text }}</p>
{% call m.note(text) %}<p><a href="#x">{{ text }}</a></p>{% endcall %}
{% endfor %}
{{ m.table("rows", f.texts[0]) }}
{{ m.table("columns") }}
{% for text in f.texts %}
{{ m.figure("picture-" ~ loop.index0, text) }}
{% endfor %}
{{ m.animation("moving") }}
<div id="attribute" data-json="{{ f.texts|tojson|forceescape }}"></div>
<script type="application/json" id="island">{{ f.texts|tojson }}</script>
"""


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    folder = tmp_path / "templates"
    (folder / "sections").mkdir(parents=True)
    (folder / "sections" / "hostile.html").write_text(SECTION, "utf-8")
    for i in range(len(SAMPLE)):
        (folder / "sections" / f"c{i}.html").write_text("", "utf-8")
    return folder


def unchecked(value: Any, **fields: Any) -> Any:
    for name, given in fields.items():
        object.__setattr__(value, name, given)
    return value


def report(texts: list[str]) -> Report:
    shape: dict[str, Any] = {
        "width": 10,
        "height": 10,
        "dark": None,
        "files": {"a.svg": SVG, "m.gif": GIF, "m.png": GIF},
    }
    pictures = {
        f"picture-{i}": Media(name=f"picture-{i}", kind="picture", alt=text, file="a.svg", poster=None, **shape)
        for i, text in enumerate(texts)
    }
    moving = Media(
        name="moving",
        kind="animation",
        alt=texts[0],
        file="m.gif",
        poster="m.png",
        **shape,
    )
    # Values that check themselves would refuse some of it; the page must not depend on that.
    entries = [unchecked(Reference(title="x"), title=text, authors=text, venue=text, url=text) for text in texts]
    return Report(
        experiment=unchecked(Experiment(sections=()), reading=tuple(entries)),
        sections=(
            section("hostile", findings={"texts": texts}, steps={"a": 1}),
            section("reading"),
            *(section(f"c{i}", title=text, headline=text) for i, text in enumerate(texts)),
        ),
        media={**pictures, "moving": moving},
        tables={
            "rows": Table(
                name="rows", columns=(Column(label="x"), Column(label="y")), rows=tuple((t, t) for t in texts)
            ),
            "columns": Table(name="columns", columns=tuple(Column(label=t) for t in texts), rows=(tuple(texts),)),
        },
        players=PlayerSet(
            players={"moving": Player(scenes=("weights",), panels=((texts[0], 0),))},
            series=tuple(RunChoices(arm=text, trajectories=(PACKED,)) for text in texts),
        ),
        versions={"reportgen": "0"},
    )


def all_of(page: Page, selector: str, what: str = "e.textContent") -> list[str]:
    found: list[str] = page.eval_on_selector_all(selector, f"all => all.map(e => {what})")
    return found


@pytest.mark.parametrize("single_file", [True, False])
def test_text_is_shown_as_it_is_and_does_nothing(
    visit: Open, tmp_path: Path, templates: Path, single_file: bool
) -> None:
    wanted = report(SAMPLE)
    for media in wanted.media.values():
        for path, content in media.published.items():
            (tmp_path / path).parent.mkdir(exist_ok=True)
            (tmp_path / path).write_bytes(content)
    file = tmp_path / "page.html"
    file.write_bytes(render(wanted, single_file=single_file, templates=templates).encode())
    watch = Watch()

    page = visit(file, watch)
    page.locator(".player select.arm").wait_for()
    page.mouse.move(300, 300)
    page.keyboard.press("Tab")

    texts = [holdable(text) for text in SAMPLE]
    assert all_of(page, "p.text") == texts
    assert all_of(page, "p.text", "e.title") == texts
    assert all_of(page, "p.text", "e.dataset.text") == texts
    assert all_of(page, ".note p a") == texts
    assert all_of(page, "#table-rows tbody th") == texts
    assert all_of(page, "#table-rows tbody td") == texts
    assert all_of(page, "#table-columns thead th") == texts
    assert all_of(page, "#table-rows figcaption")[0].endswith(f" {texts[0]}")
    assert all_of(page, "figure.picture img", "e.alt") == texts
    captions = [told.split("\xa0", 1)[1].split()[1:] for told in all_of(page, "figure.picture figcaption")]
    assert captions == [text.split() for text in texts]
    assert all_of(page, ".abstract li") == texts
    assert [told.split(" ", 1)[1] for told in all_of(page, "nav li a")][2:] == texts
    assert [told.split(" ", 1)[1] for told in all_of(page, ".chapter h2 a")][2:] == texts
    assert all_of(page, ".reading cite") == texts
    assert all_of(page, ".reading li bdi:first-child") == [text for text in texts if text]
    assert page.evaluate(
        "() => { const texts = JSON.parse(document.getElementById('island').textContent);"
        "const same = list => list.length === texts.length && texts.every((text, i) => text === list[i]);"
        "return [same([...document.querySelectorAll('select.arm option')].map(o => o.textContent)),"
        "same(JSON.parse(document.getElementById('attribute').dataset.json))] }"
    ) == [True, True]
    for address in all_of(page, "a[href]", "e.getAttribute('href')"):
        assert address.startswith(("#", "https://", "data:text/csv;base64,", "media/", "results.json", "report.html"))
    assert watch.quiet(page)


def test_text_that_turns_the_direction_of_reading_turns_its_own_alone(
    visit: Open, tmp_path: Path, templates: Path
) -> None:
    text = "<p><span id=a>\u202eabc</span> <span id=b>def</span></p>"
    (templates / "sections" / "hostile.html").write_text(text, "utf-8")
    (tmp_path / "page.html").write_bytes(render(report(["x"]), single_file=True, templates=templates).encode())

    page = visit(tmp_path / "page.html")

    left, right = (page.locator(which).bounding_box()["x"] for which in ("#a", "#b"))  # type: ignore[index]
    assert left < right


def titled(text: str) -> Experiment | str:
    """An experiment with the text wherever it may have one, or why it may not."""
    try:
        return Experiment(title=text, author=text, reading=(Reference(title=text),), sections=())
    except ExperimentError as error:
        return str(error)


def test_titles_are_refused_or_stay_titles(visit: Open, tmp_path: Path) -> None:
    plain = dataclasses.replace(report(["x"]), sections=(), media={}, players=PlayerSet())
    kept = {text: made for text in SAMPLE if isinstance(made := titled(text), Experiment)}
    shown = list(kept.items())[:: 1 if SOAK else 3]
    refused = {text: made for text in SAMPLE if isinstance(made := titled(text), str)}
    watch, page = Watch(), None
    for text, experiment in shown:
        file = tmp_path / "page.html"
        file.write_bytes(render(dataclasses.replace(plain, experiment=experiment), single_file=True).encode())
        if page is None:
            page = visit(file, watch)
        else:
            page.goto(file.as_uri())
        assert all_of(page, "h1, head title") == [text, text]
        assert all_of(page, "meta[name=author], .author", "e.content ?? e.textContent") == [text, text] * bool(text)
        assert watch.quiet(page)

    assert [error for error in refused.values() if printable(error) != error] == []
    unfit = [text for text in SAMPLE if holdable(text) != text or len(text) > 500 or set("\n\t") & set(text)]
    assert set(unfit) <= refused.keys()
    assert 10 < len(refused) < len(SAMPLE) / 3


def test_pages_to_embed_show_text(visit: Open, tmp_path: Path) -> None:
    plain = report(["x"])
    moving = {f"m{i}": dataclasses.replace(plain.media["moving"], name=f"m{i}", alt=t) for i, t in enumerate(SAMPLE)}
    wanted = dataclasses.replace(plain, media=moving, players=PlayerSet())
    published = {path: content for media in moving.values() for path, content in media.published.items()}
    pages = {f"embed/{name}": text.encode() for name, text in render_embeds(wanted).items()}
    for path, content in (published | pages).items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(content)
    watch = Watch()

    page = visit(tmp_path / "embed" / "index.html", watch)

    assert all_of(page, "section > p:not(.files)") == [holdable(text) for text in SAMPLE]
    told = [text for name, media in moving.items() for text in snippets(name, media_results(media)).values()]
    assert all_of(page, "pre code") == told
    assert watch.quiet(page)
    for name, media in list(moving.items())[:: 1 if SOAK else 4]:
        page.goto((tmp_path / "embed" / f"{name}.html").as_uri())
        assert all_of(page, "img.moving", "e.alt") == [holdable(media.alt)]
        assert watch.quiet(page)


def test_a_difference_shows_names_and_sentences_as_text(visit: Open, tmp_path: Path) -> None:
    for start in range(0, len(SAMPLE), ROWS):
        texts = SAMPLE[start : start + ROWS]

        def results(which: int, texts: list[str] = texts) -> dict[str, Any]:
            return {
                "experiment": {text: f"{text}{which}" for text in texts},
                "facts": {"versions": {text: f"{which}{text}" for text in texts}},
                "claims": {
                    text: {
                        "section": "s",
                        "post": text,
                        "outcome": ["supported", text][which],
                        "sentence": text + "a b"[which:],
                    }
                    for text in texts
                },
                "findings": {
                    "s": {f"n{text}": which + 1 for text in texts} | {f"t{text}": f"{text}{which}" for text in texts}
                },
                "tables": {text: {"rows": [[text, which]]} for text in texts},
                "media": {f"{which}{text}": {"inputs": {}} for text in texts},
            }

        names = texts[0], texts[-1]
        file = tmp_path / "difference.html"
        file.write_bytes(render_difference(difference(results(0), results(1), names=names)).encode())
        watch = Watch()

        page = visit(file, watch)

        shown = all_of(page, "#only li")
        assert set(shown) == {printable(f"picture {which}{text}") for which in (0, 1) for text in texts}
        assert {told.rpartition(" ")[0] for told in all_of(page, ".claim h3")} >= {
            printable(text) for text in texts if text
        }
        assert watch.quiet(page)


@pytest.mark.parametrize("policy", [True, False])
def test_what_became_markup_after_all_is_blocked(
    visit: Open, tmp_path: Path, served: Callable[[Path], str], policy: bool
) -> None:
    """The policy knows the scripts that this build put in, and no others. Without it all of this would happen."""
    address, watch = served(tmp_path), Watch()
    (tmp_path / "sections").mkdir()
    (tmp_path / "sections" / "reading.html").write_text(
        f"<script>{RUN}</script><img src=x onerror={RUN}><p style='color: red' id=p>x</p>"
        f"<style>p {{ color: blue }}</style><img src={address}x.png><base href={address}>",
        "utf-8",
    )
    wanted = dataclasses.replace(report(["x"]), sections=(section("reading", title="x"),))
    html = render(wanted, single_file=True, templates=tmp_path)
    if not policy:
        html = re.sub(r"<meta http-equiv=[^>]*>", "", html)
    (tmp_path / "page.html").write_text(html, "utf-8")
    answered: list[str] = []

    def listen(page: Page) -> None:
        watch(page)
        page.on("response", lambda response: answered.append(response.url))

    page = visit(tmp_path / "page.html", listen, offline=False)
    page.wait_for_timeout(200)

    happened = page.evaluate("[window.ran, getComputedStyle(document.getElementById('p')).color]")
    broken = {told.partition("-")[0] for told in page.evaluate("violations")}
    if policy:
        assert happened == [None, "rgb(31, 35, 40)"]
        assert broken == {"script", "style", "img", "base"}
    else:
        assert happened == [1, "rgb(255, 0, 0)"]
        assert broken == set()
    assert (f"{address}x.png" in answered) is not policy
