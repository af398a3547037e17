"""The report on a table as a reader uses it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import table_experiments
from browser.watching import Watch

import reportgen

if TYPE_CHECKING:
    from playwright.sync_api import Page

Open = Callable[..., "Page"]
MARKUP = '<img src=x onerror="document.title=1">'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    """The report on a table with a column whose name is markup, and a category with such a level."""
    folder = tmp_path_factory.mktemp("table")
    rows = table_experiments.rows()
    quoted = MARKUP.replace('"', '""')
    for row in rows:
        row["place"] = row["place"].replace("west", f'"{quoted}"')
    renamed = [{(f'"{quoted}"' if name == "noise" else name): value for name, value in row.items()} for row in rows]
    path = table_experiments.write(folder / "houses.csv", renamed)
    reportgen.build(table_experiments.experiment(path), folder / "out", cache=cache)
    return folder / "out"


def test_it_is_valid_opens_without_a_request_and_everyone_can_read_it(
    folder: Path, visit: Open, html_mistakes: Any, faults: Callable[..., list[str]]
) -> None:
    watch = Watch()
    page = visit(folder / "report.html", watch)

    assert html_mistakes(folder / "report.html") == []
    assert page.title() == "What predicts price?"
    assert MARKUP in page.locator("body").inner_text()
    page.locator("#open-folds").check()
    assert faults(page) == []
    assert watch.quiet(page)


def test_the_slider_shows_what_is_kept_at_each_strength(folder: Path, visit: Open) -> None:
    page = visit(folder / "report.html")
    slider, kept = page.locator("#path-strength"), page.locator(".path-kept li")

    slider.focus()
    page.keyboard.press("Home")
    first = page.locator("#figure-column-path canvas").evaluate("canvas => canvas.toDataURL()")
    assert kept.count() == 0
    page.keyboard.press("End")
    assert kept.count() > 4
    assert kept.first.inner_text().split()[0] in ("size", "twin")
    assert page.locator("#figure-column-path [data-count]").inner_text().startswith("5 of 5 columns kept, error ")
    assert page.locator("#figure-column-path canvas").evaluate("canvas => canvas.toDataURL()") != first


def test_without_scripts_the_decision_and_the_last_frame_are_there(folder: Path, visit: Open) -> None:
    page = visit(folder / "report.html", java_script_enabled=False)

    assert page.locator(".drop-list li").count() == 5
    price = page.locator(".drop-list li", has_text="size").locator(".detail").first
    assert price.inner_text() == "4.00"
    assert price.bounding_box()["width"] > 10, "it can be seen"
    assert page.locator("#figure-column-path svg").is_visible()
    assert not page.locator("#figure-column-path .bench").is_visible()
