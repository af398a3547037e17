"""What the tests of pages share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Page]]:
    """A function that opens a file in a fresh, offline browser profile and waits for its pictures."""
    contexts = []

    def visit(file: Path, listen: Callable[[Page], None] = lambda page: None, **options: Any) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, "offline": True} | options)
        contexts.append(context)
        page = context.new_page()
        listen(page)
        page.goto(file.as_uri(), wait_until="load")
        return page

    yield visit
    for context in contexts:
        context.close()
