"""The documentation, which is a site of reportgen's own, in a real browser: every page of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

Open = Callable[..., Page]

WINDOWS = {
    "desktop, light": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "telephone, dark": {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark"},
}


@pytest.mark.parametrize("window", WINDOWS)
def test_axe_finds_nothing_on_any_page(docs_site: Path, visit: Open, axe: str, window: str) -> None:
    found, said = [], []

    def listen(page: Page) -> None:
        page.on("console", lambda message: said.append(f"{page.url}: {message.text}"))
        page.on("pageerror", lambda error: said.append(f"{page.url}: {error}"))

    files = sorted([docs_site / "404.html", *docs_site.rglob("index.html")])
    assert len(files) > 15
    page = visit(files[0], listen, **WINDOWS[window])
    for file in files:
        page.goto(file.as_uri(), wait_until="load")
        page.evaluate(axe)
        result = page.evaluate("axe.run({ resultTypes: ['violations'] })")
        found += [
            f"{file.parent.name}: {violation['id']}: {node['html'][:200]} {node['failureSummary']}"
            for violation in result["violations"]
            for node in violation["nodes"]
        ]
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        found += [f"{file.parent.name}: {overflow} pixels too wide"] if overflow > 0 else []

    assert found == []
    assert said == []
