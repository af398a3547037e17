"""What a page does besides showing itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page


class Watch:
    """What must not happen in a page."""

    def __init__(self, home: str = "file:///") -> None:
        self.home = home
        """Where all that a page asks for lies."""
        self.asked: list[str] = []
        self.seen: list[str] = []

    def __call__(self, page: Page) -> None:
        page.add_init_script(
            "window.violations = [];"
            "addEventListener('securitypolicyviolation', e => violations.push(e.violatedDirective + e.blockedURI));"
        )
        page.on("dialog", lambda dialog: (self.seen.append(f"dialog {dialog.message}"), dialog.dismiss()))
        page.on("console", lambda message: self.seen.append(message.text))
        page.on("pageerror", lambda error: self.seen.append(str(error)))
        page.on("request", lambda request: self.ask(request.url))
        page.on("requestfailed", lambda request: self.seen.append(f"failed {request.url}"))

    def ask(self, url: str) -> None:
        self.asked += [] if url.startswith("data:") else [url]
        if not url.startswith(("data:", self.home)) or "passwd" in url:
            self.seen.append(f"request {url}")

    def quiet(self, page: Page) -> bool:
        """Whether nothing has happened; what has is what a failing test shows."""
        assert self.seen == [], self.seen
        foreign = "document.querySelectorAll('iframe,object,embed,base,form').length"
        assert page.evaluate(f"[window.ran, violations.length, {foreign}]") == [None, 0, 0]
        return True
