"""Every page that is written, opened from a folder and from a server: its policy breaks nothing, and it asks for
nothing but itself and its pictures."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import html5lib
import pytest

from reportgen.article.difference.comparing import difference
from reportgen.article.difference.page import render
from reportgen.article.results import load

if TYPE_CHECKING:
    from playwright.sync_api import Page

PAGES = [
    "report.html",
    "index.html",
    "embed/index.html",
    "embed/weights-l1.html",
    "embed/fit-side-by-side.html",
    "embed/constraint-path.html",
]
Open = Callable[..., "Page"]


@pytest.fixture
def changed(report: Path, tmp_path: Path) -> Path:
    """The page of a difference."""
    one, other = load(report), load(report)
    other["experiment"]["title"] = "another"
    other["findings"]["errors"]["runs"] = 7
    file = tmp_path / "difference.html"
    file.write_text(render(difference(one, other, names=("a", "b"))), "utf-8")
    return file


@pytest.fixture
def served() -> Iterator[Callable[[Path], str]]:
    """A function from a folder to the address of a server on this machine that serves it."""
    servers = []

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

    def serve(folder: Path) -> str:
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
        servers.append(server)
        Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def opened(visit: Open, file: Path, address: str) -> list[str]:
    """Everything that a page complains of or asks for, but for itself and its pictures, until all of it was seen."""
    told: list[str] = []

    def listen(page: Page) -> None:
        page.add_init_script(
            "window.violations = [];"
            "addEventListener('securitypolicyviolation', e => violations.push(e.violatedDirective + e.blockedURI));"
        )
        page.on("console", lambda message: told.append(message.text))
        page.on("pageerror", lambda error: told.append(str(error)))
        page.on("requestfailed", lambda request: told.append(f"failed {request.url}"))
        page.on("request", lambda request: asked.append(request.url))

    asked: list[str] = []
    page = visit(file, listen, offline=False)
    if address != file.as_uri():
        page.wait_for_load_state("networkidle")
        asked.clear()
        page.goto(address, wait_until="load")
    # Pictures that are put off until they come into view, and players that start then.
    for _ in range(40):
        page.mouse.wheel(0, 3000)
        page.wait_for_timeout(15)
    page.wait_for_load_state("networkidle")
    folder = address.rpartition("/")[0].removesuffix("/embed")
    pictures = re.compile(re.escape(folder) + r"/media/[\w-]+\.(?:gif|png|svg)$")
    told += [url for url in asked if url != address and not url.startswith("data:") and not pictures.match(url)]
    told += page.evaluate("violations")
    broken = page.eval_on_selector_all("img", "all => all.filter(i => i.complete && !i.naturalWidth).map(i => i.src)")
    return told + [f"broken {source[:80]}" for source in broken]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_from_a_folder_breaks_no_rule_of_its_policy(report: Path, visit: Open, name: str) -> None:
    assert opened(visit, report / name, (report / name).as_uri()) == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_from_a_server_breaks_no_rule_of_its_policy(
    report: Path, visit: Open, served: Callable[[Path], str], name: str
) -> None:
    assert opened(visit, report / name, f"{served(report)}/{name}") == []


def test_a_difference_breaks_no_rule_of_its_policy(changed: Path, visit: Open) -> None:
    assert opened(visit, changed, changed.as_uri()) == []


def test_scripts_work_under_the_policy(report: Path, visit: Open) -> None:
    page = visit(report / "report.html")

    page.locator("#weights-l1, #figure-weights-l1 .player canvas").first.wait_for()
    assert page.locator(".player").count() > 5
    assert not page.locator("#figure-live .bench").is_hidden()


def test_every_page_has_a_strict_policy_before_anything_else(report: Path, changed: Path) -> None:
    pages = [*report.rglob("*.html"), changed]
    assert len(pages) > 5
    for file in pages:
        head = html5lib.parse(file.read_text("utf-8"), namespaceHTMLElements=False).find("head")
        charset, meta = list(head)[:2]
        assert charset.get("charset") == "utf-8"
        assert meta.get("http-equiv") == "Content-Security-Policy"
        rules = dict(rule.split(" ", 1) for rule in meta.get("content").split("; "))
        assert [rules.pop(name) for name in ("default-src", "base-uri", "form-action")] == ["'none'"] * 3
        beside = file.name not in ("report.html", changed.name)
        assert rules.pop("img-src") == ("'self' file: data:" if beside else "data:")
        assert rules.keys() <= {"script-src", "style-src"}
        for sources in rules.values():
            assert re.fullmatch(r"('sha256-[A-Za-z0-9+/]{43}=' ?)+", sources)


def test_data_for_scripts_is_strict_json(report: Path) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    islands = 0
    for file in report.rglob("*.html"):
        tree = html5lib.parse(file.read_text("utf-8"), namespaceHTMLElements=False)
        texts = [e.text for e in tree.iter("script") if e.get("type") == "application/json"]
        texts += [e.get("data-settings") for e in tree.iter("button") if e.get("data-settings")]
        for text in texts:
            json.loads(text, parse_constant=refuse)
        islands += len(texts)
    assert islands > 10
