"""The dial of λ as a reader turns it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from browser.waiting import see_all, until
from browser.watching import Watch

import reportgen
from reportgen.experiment import Runs
from reportgen.experiment.file import parse, shipped

if TYPE_CHECKING:
    from playwright.sync_api import Page

Open = Callable[..., "Page"]
_SHIPPED = parse(shipped())
EXPERIMENT = dataclasses.replace(
    _SHIPPED,
    sections=("dial",),
    reading=(),
    runs=Runs(count=2),
    training=dataclasses.replace(_SHIPPED.training, schedule="linear", epochs=20),
)
TELEPHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}


@pytest.fixture(scope="module")
def article(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    """The report of an experiment that has this section alone."""
    folder = tmp_path_factory.mktemp("dial")
    reportgen.build(EXPERIMENT, folder, cache=cache)
    return folder / "report.html"


def shown(page: Page) -> dict[str, Any]:
    """What stands in the panels, and a digest of each canvas."""
    until(
        page, "document.getElementById('figure-dial').dataset.shown === document.getElementById('dial-strength').value"
    )
    found: dict[str, Any] = page.evaluate(
        "({ texts: [...document.querySelectorAll('.multiple p')].map(e => e.textContent),"
        " pictures: [...document.querySelectorAll('.turned canvas')].map(e => e.toDataURL()) })"
    )
    return found


def test_the_slider_turns_all_pictures_and_counts_with_the_keyboard(article: Path, visit: Open) -> None:
    watch = Watch()
    page = visit(article, watch)
    before = shown(page)
    assert page.locator("output[for=dial-strength]").inner_text() == "0.3"
    assert page.locator(".multiple").count() == 4
    assert len(set(before["pictures"])) == len(before["pictures"]) == 4 * 2 + 2

    page.locator("#dial-strength").focus()
    page.keyboard.press("End")
    after = shown(page)

    assert page.locator("#dial-strength").get_attribute("aria-valuetext") == "5"
    assert all(a != b for a, b in zip(before["pictures"], after["pictures"], strict=True))
    assert before["texts"] != after["texts"]
    page.keyboard.press("Home")
    assert all(text.startswith("0 of 220 zero") for text in shown(page)["texts"])
    assert watch.quiet(page)


def test_a_tap_on_a_curve_sets_lambda_there_and_the_slider_stays_in_view(article: Path, visit: Open) -> None:
    page = visit(article, **TELEPHONE)
    until(page, "document.querySelector('.turned .bench:not([hidden])')")
    canvas = page.locator("[data-curve=error]")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box
    page.touchscreen.tap(box["x"] + box["width"] - 13, box["y"] + box["height"] / 2)

    until(page, "document.getElementById('dial-strength').value === document.getElementById('dial-strength').max")
    place = page.locator("#dial-strength").bounding_box()
    assert place
    assert 0 <= place["y"] < 740


def test_without_scripts_there_is_a_still_and_the_page_is_sound(
    article: Path, visit: Open, faults: Callable[..., list[str]]
) -> None:
    page = visit(article, java_script_enabled=False)
    assert page.locator(".turned noscript .chart").is_visible()
    assert page.locator(".turned .bench").is_hidden()

    page = visit(article)
    see_all(page)
    assert faults(page) == []
