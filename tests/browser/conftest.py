"""What the tests of pages share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

WIDTHS = (320, 360, 600, 1000, 1920)


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Page]]:
    """A function that opens a file or an address in a fresh browser profile, offline unless it is told otherwise."""
    contexts = []

    def visit(place: Path | str, listen: Callable[[Page], None] = lambda page: None, **options: Any) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, "offline": True} | options)
        contexts.append(context)
        page = context.new_page()
        listen(page)
        page.goto(place if isinstance(place, str) else place.as_uri(), wait_until="load")
        return page

    yield visit
    for context in contexts:
        context.close()


@pytest.fixture
def faults(axe: str) -> Callable[..., list[str]]:
    """A function from a page to what is wrong with it for readers: what axe finds, and windows too narrow for it."""

    def faults(page: Page, frame: bool = False) -> list[str]:
        found = []
        # A page inside a frame has its headings and landmarks around it.
        off = {name: {"enabled": False} for name in ("page-has-heading-one", "region") if frame}
        page.evaluate(axe)
        for width, scheme in ((1280, "light"), (360, "dark")):
            page.set_viewport_size({"width": width, "height": 740})
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            told = page.evaluate("rules => axe.run({ resultTypes: ['violations'], rules })", off)["violations"]
            found += [f"{width} {scheme} {v['id']}: {n['html'][:200]}" for v in told for n in v["nodes"]]
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 740})
            # What scripts draw follows the window by a frame.
            page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
            if page.evaluate("document.documentElement.scrollWidth") > width:
                found.append(f"wider than {width}")
        page.set_viewport_size({"width": 1280, "height": 900})
        return found

    return faults


@pytest.fixture
def served() -> Iterator[Callable[[Path], str]]:
    """A function from a folder to the address of a server on this machine, as hosts have it, with the page for 404."""
    servers = []

    class Handler(SimpleHTTPRequestHandler):
        def send_error(self, code: int, *_: Any) -> None:
            self.send_response(code)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            pages = [*Path(self.directory).glob("404.html"), *Path(self.directory).glob("*/404.html")]
            self.wfile.write(pages[0].read_bytes() if pages else b"")

        def log_message(self, *_: Any) -> None:
            pass

    def serve(folder: Path) -> str:
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
        servers.append(server)
        Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()
