"""A blog in a browser: every kind of page as readers meet it, on any screen, with and without scripts, and on paper."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import pytest
from browser import blog as contents
from browser.waiting import see_all, until
from browser.watching import Watch

from reportgen.pipeline.build import build
from reportgen.pipeline.options import BuildOptions
from reportgen.site.site_target import SiteTarget

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

KINDS = {
    "front": "index.html",
    "experiment": "l1-or-l2/index.html",
    "post": "hello/index.html",
    "players": "train/index.html",
    "page": "everything/index.html",
    "tag": "tags/l1/index.html",
    "missing": "404.html",
    "snippets": "l1-or-l2/embed/index.html",
    "frame": "l1-or-l2/embed/weights-l1.html",
}
"""A page of each kind."""

Open = Callable[..., "Page"]


@pytest.fixture(scope="session")
def blog(shared_folder: Path, cache: Path) -> Path:
    """The blog of `browser.blog`, built. It is shared: read it, do not change it."""
    out = shared_folder / "served" / "blog"
    with (shared_folder / "blog.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (out / "index.html").exists():
            out.parent.mkdir()
            build(SiteTarget(contents.write(shared_folder / "blog")), out, BuildOptions(cache=cache))
    return out


@pytest.fixture
def address(blog: Path, served: Callable[[Path], str]) -> str:
    """Where the blog is served as hosts do it, from a folder of theirs."""
    return f"{served(blog.parent)}blog/"


@pytest.fixture
def look(browser: Browser, address: str) -> Iterator[Open]:
    """A function that opens a page of the blog, by kind or by its place, in a fresh browser profile."""
    opened = []

    def look(kind: str, listen: Callable[[Page], None] = lambda page: None, **options: Any) -> Page:
        context = browser.new_context(
            **{"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce"} | options
        )
        opened.append(context)
        page = context.new_page()
        listen(page)
        page.goto(urljoin(address, KINDS.get(kind, kind)), wait_until="load")
        return page

    yield look
    for context in opened:
        context.close()


def texts(page: Page, selector: str) -> list[str]:
    found: list[str] = page.eval_on_selector_all(selector, "all => all.map(e => e.textContent)")
    return [text.strip() for text in found]


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_opens_without_an_error_or_a_request_and_everyone_can_read_it(
    look: Open, blog: Path, address: str, html_mistakes: Any, faults: Callable[..., list[str]], kind: str
) -> None:
    watch = Watch(address)
    page = look(kind, watch)
    see_all(page)

    assert html_mistakes(blog / KINDS[kind]) == []
    assert watch.quiet(page)
    assert urljoin(address, KINDS[kind]) in watch.asked
    assert faults(page, frame=kind == "frame") == []


def test_axe_finds_nothing_on_any_page_of_the_documentation(docs_site: Path, visit: Open, axe: str) -> None:
    said: list[str] = []

    def listen(page: Page) -> None:
        page.on("console", lambda message: said.append(f"{page.url}: {message.text}"))
        page.on("pageerror", lambda error: said.append(f"{page.url}: {error}"))

    files = sorted([docs_site / "404.html", *docs_site.rglob("index.html")])
    assert len(files) > 15
    page = visit(files[0], listen)
    for i, file in enumerate(files):
        page.set_viewport_size({"width": (1280, 360)[i % 2], "height": 740})
        page.emulate_media(color_scheme=("light", "dark")[i % 2])  # type: ignore[arg-type]
        page.goto(file.as_uri(), wait_until="load")
        page.evaluate(axe)
        found = page.evaluate("axe.run({ resultTypes: ['violations'] })")["violations"]
        assert [f"{v['id']}: {n['html'][:200]}" for v in found for n in v["nodes"]] == [], file
        page.set_viewport_size({"width": 360, "height": 740})
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, file
    assert said == []


def test_keys_reach_every_entry_and_every_card(look: Open) -> None:
    page = look("front")
    wanted = page.eval_on_selector_all("a", "all => all.map(e => e.href)")
    reached = []
    for _ in wanted:
        page.keyboard.press("Tab")
        found = page.evaluate(
            """() => {
              const at = document.activeElement;
              const marked = e => e && getComputedStyle(e).outlineStyle !== 'none';
              const box = at.getBoundingClientRect();
              return [at.href, marked(at) || marked(at.closest('article')), box.width > 0 && box.left >= 0];
            }"""
        )
        assert found[1:] == [True, True], found
        reached.append(found[0])

    assert reached == wanted
    assert page.locator(".cards h2 a").count() == 5
    assert page.locator("nav.site li a").count() == 8


def test_links_lead_on_and_back(look: Open, address: str) -> None:
    page = look("page")
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "Skip to the text"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")
    assert texts(page, "nav.site li a")[:3] == ["About", "Data sets", "Everything a page can hold"]
    assert texts(page, "nav.site [aria-current=page]") == ["Everything a page can hold"]
    page.get_by_role("navigation", name="Reading order").get_by_role("link", name="Gallery").click()
    assert page.url == f"{address}gallery/index.html"

    page.goto(f"{address}no/such/page/index.html")
    page.get_by_role("link", name="The front page").click()
    assert page.url == f"{address}index.html"

    card = page.locator(".cards article", has_text="One network, emptied")
    card.locator("img").first.click(force=True)
    assert page.url == f"{address}hello/index.html", "all of a card leads to its post, but its tags to theirs"
    page.go_back()
    card.get_by_role("link", name="sparsity").click()
    assert page.url == f"{address}tags/sparsity/index.html"
    assert texts(page, ".cards h2")[-1] == "What L1 and L2 do to the same weights"


def test_players_of_two_lengths_are_in_step_and_a_network_trains_on_one_page(look: Open) -> None:
    watch = Watch("http://127.0.0.1")
    page = look("players", watch)
    first, second = (page.locator(f"#figure-{name} .player") for name in ("weights-l1", "l1-or-l2-weights-l1"))

    def steps() -> list[str | None]:
        page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        return [player.get_attribute("data-step") for player in (first, second)]

    until(page, "document.querySelectorAll('figure[data-player] .player[data-step]').length === 2")
    slider = page.locator(".controls .position")
    assert slider.count() == 1, "one for both"
    slider.press("Home")
    assert steps() == ["0", "0"]
    slider.press("End")
    assert steps() == ["3600", "2400"]
    assert page.locator(".controls .step").inner_text() == "step 3,600"
    until(page, "document.querySelector('.said').textContent.includes('3,600 steps')")
    zero = page.locator("[data-reading=zero]").inner_text()
    page.locator("#live-penalty").select_option(label="L2")
    until(page, f"document.querySelector('[data-reading=zero]').textContent !== '{zero}'")
    assert watch.quiet(page)
