"""Hostile text in every place where a page shows text, in a real browser: it is shown, and it does nothing."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import soak
from browser.watching import Watch
from hostile import RUN, SAMPLE, SOAK
from reports import section

from reportgen.experiment import Experiment, Reference
from reportgen.page.article import media_results, render, render_embeds
from reportgen.page.embed import snippets
from reportgen.page.report import Report
from reportgen.pictures.media import Media
from reportgen.sections import Column, Table
from reportgen.sections.player import Player, PlayerSet, RunChoices
from reportgen.text import escape_control_characters

if TYPE_CHECKING:
    from playwright.sync_api import Page

Open = Callable[..., "Page"]

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
        "files": {"p.png": GIF, "m.gif": GIF, "m.png": GIF},
    }
    pictures = {
        f"picture-{i}": Media(name=f"picture-{i}", kind="picture", alt=text, file="p.png", poster=None, **shape)
        for i, text in enumerate(texts)
    }
    moving = Media(name="moving", kind="animation", alt=texts[0], file="m.gif", poster="m.png", **shape)
    # Values that check themselves would refuse some of it; the page must not depend on that.
    entries = [unchecked(Reference(title="x"), title=text, authors=text, venue=text, url=text) for text in texts]
    return Report(
        experiment=unchecked(Experiment(sections=()), title=texts[0], author=texts[0], reading=tuple(entries)),
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
            series=(
                RunChoices(
                    arm=texts[0],
                    trajectories=tuple(PACKED | {"label": text, "ranked_by": texts[-1]} for text in texts),
                ),
            ),
        ),
        versions={"reportgen": "0"},
    )


def all_of(page: Page, selector: str, what: str = "e.textContent") -> list[str]:
    found: list[str] = page.eval_on_selector_all(selector, f"all => all.map(e => {what})")
    return found


def test_text_is_shown_as_it_is_and_does_nothing(visit: Open, tmp_path: Path, templates: Path) -> None:
    wanted = report(SAMPLE)
    for media in wanted.media.values():
        for path, content in media.published.items():
            (tmp_path / path).parent.mkdir(exist_ok=True)
            (tmp_path / path).write_bytes(content)
    file = tmp_path / "page.html"
    file.write_bytes(render(wanted, single_file=False, templates=templates).encode())
    watch = Watch()

    page = visit(file, watch)
    page.locator(".player select.run").wait_for()
    page.mouse.move(300, 300)
    page.keyboard.press("Tab")

    texts = [escape_control_characters(text) for text in SAMPLE]
    for place in ("p.text", ".note p a", "#table-rows tbody th", "#table-rows tbody td", "#table-columns thead th"):
        assert all_of(page, place) == texts, place
    for place, what in [("p.text", "e.title"), ("p.text", "e.dataset.text"), ("figure.picture img", "e.alt")]:
        assert all_of(page, place, what) == texts, (place, what)
    assert all_of(page, "h1, head title") == [texts[0]] * 2
    assert all_of(page, "meta[name=author], .author", "e.content ?? e.textContent") == [texts[0]] * 2
    assert all_of(page, ".reading cite") == texts
    assert all_of(page, ".abstract li") == [text for text in texts if text][:4]
    captions = [told.split("\xa0", 1)[1].split()[1:] for told in all_of(page, "figure.picture figcaption")]
    assert captions == [text.split() for text in texts]
    assert [told.split(" ", 1)[1] for told in all_of(page, "nav li a")][2:] == [text for text in texts if text]
    assert [told.split(" ", 1)[1] for told in all_of(page, ".chapter h2 a")][2:] == [text for text in texts if text]
    assert all_of(page, ".reading li bdi:first-child") == [text for text in texts if text]
    assert page.evaluate(
        "() => { const texts = JSON.parse(document.getElementById('island').textContent);"
        "const same = list => list.length === texts.length && texts.every((text, i) => text === list[i]);"
        "return [same([...document.querySelectorAll('select.run option')].map(o => o.textContent)),"
        "same(JSON.parse(document.getElementById('attribute').dataset.json))] }"
    ) == [True, True]
    assert all_of(page, ".player .whose") == [f"by total test error under {texts[-1]}"]
    for address in all_of(page, "a[href]", "e.getAttribute('href')"):
        assert address.startswith(("#", "https://", "data:text/csv;base64,", "media/", "results.json", "report.html"))
    assert watch.quiet(page)
    soak.record("hostile strings in every place of a page that shows text", len(SAMPLE), 0)


def test_pages_to_embed_show_text(visit: Open, tmp_path: Path) -> None:
    plain = report(["x"])
    texts = SAMPLE[:: 1 if SOAK else 3]
    moving = {f"m{i}": dataclasses.replace(plain.media["moving"], name=f"m{i}", alt=t) for i, t in enumerate(texts)}
    wanted = dataclasses.replace(plain, media=moving, players=PlayerSet())
    published = {path: content for media in moving.values() for path, content in media.published.items()}
    pages = {f"embed/{name}": text.encode() for name, text in render_embeds(wanted).items()}
    for path, content in (published | pages).items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(content)
    watch = Watch()

    page = visit(tmp_path / "embed" / "index.html", watch)

    assert all_of(page, "section > p:not(.files)") == [escape_control_characters(text) for text in texts]
    told = [text for name, media in moving.items() for text in snippets(name, media_results(media)).values()]
    assert all_of(page, "pre code") == told
    assert watch.quiet(page)


def test_what_became_markup_after_all_is_blocked(visit: Open, tmp_path: Path, served: Callable[[Path], str]) -> None:
    """The policy knows the scripts that this build put in, and no others. Without it all of this would happen."""
    address = served(tmp_path)
    (tmp_path / "sections").mkdir()
    (tmp_path / "sections" / "reading.html").write_text(
        f"<script>{RUN}</script><img src=x onerror={RUN}><p style='color: red' id=p>x</p>"
        f"<style>p {{ color: blue }}</style><img src={address}x.png><base href={address}>",
        "utf-8",
    )
    wanted = dataclasses.replace(report(["x"]), sections=(section("reading", title="x"),))
    html = render(wanted, single_file=True, templates=tmp_path)
    for policy in (True, False):
        watch, answered = Watch(), set[str]()

        def listen(page: Page, watch: Watch = watch, answered: set[str] = answered) -> None:
            watch(page)
            page.on("response", lambda response: answered.add(response.url))

        (tmp_path / "page.html").write_text(html if policy else re.sub(r"<meta http-equiv=[^>]*>", "", html), "utf-8")
        page = visit(tmp_path / "page.html", listen, offline=False)
        page.wait_for_timeout(200)

        happened = page.evaluate("[window.ran, getComputedStyle(document.getElementById('p')).color]")
        broken = {told.partition("-")[0] for told in page.evaluate("violations")}
        assert happened == ([None, "rgb(31, 35, 40)"] if policy else [1, "rgb(255, 0, 0)"])
        assert broken == ({"script", "style", "img", "base"} if policy else set())
        assert (f"{address}x.png" in answered) is not policy
