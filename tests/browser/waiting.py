"""Waiting in a page. Playwright's own `wait_for_function` evaluates text there, which the policy forbids."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page


def until(page: Page, expression: str, arg: Any = None, timeout: float = 30) -> None:
    """Wait until a JavaScript expression, or a function of `arg`, is true; at most `timeout` seconds."""
    ends = time.monotonic() + timeout
    while not page.evaluate(expression, arg):
        assert time.monotonic() < ends, f"still not so: {expression}"
        page.wait_for_timeout(20)


def see_all(page: Page) -> None:
    """Have every picture loaded, also those that are put off until they come into view; none may be broken."""
    page.eval_on_selector_all("img", "all => all.forEach(i => { i.loading = 'eager'; })")
    until(page, "[...document.images].every(i => i.complete)")
    assert page.evaluate("[...document.images].filter(i => !i.naturalWidth).map(i => i.src)") == []
