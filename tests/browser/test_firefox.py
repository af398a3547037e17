"""The report in a stock Firefox, where one is installed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import bidi

RIGHT, END = "\ue014", "\ue010"


@pytest.fixture(scope="module")
def firefox() -> Iterator[bidi.Firefox]:
    found = bidi.find()
    if not found:
        # Another browser than Chromium is a second opinion; CI need not have one.
        pytest.skip(
            f"No Firefox was found: put one on PATH as one of {', '.join(bidi.NAMES)}, or name it in REPORTGEN_FIREFOX"
        )
    with bidi.Firefox(found) as browser:
        yield browser


def problems(events: list[dict[str, Any]], home: str) -> list[str]:
    """What a page may not do: write to the console, fail, or ask for anything that does not lie beside it."""
    found = []
    for event in events:
        params = event["params"]
        if event["method"] == "log.entryAdded":
            found.append(f"{params['level']}: {params['text']}")
        elif not (url := params["request"]["url"]).startswith(("data:", "chrome:", "resource:", home)):
            found.append(f"request: {url[:200]}")
    return found


@pytest.mark.parametrize("name", ["report.html", "index.html"])
@pytest.mark.parametrize("width", [1280, 360])
def test_it_opens_without_an_error_or_a_request_and_every_figure_lives(
    firefox: bidi.Firefox, report: Path, name: str, width: int
) -> None:
    firefox.events.clear()
    firefox.open((report / name).as_uri(), width)
    firefox.until("[...document.querySelectorAll('figure[data-player]')].every(f => 'alive' in f.dataset)")

    assert firefox.evaluate("document.querySelectorAll('[data-alive]').length") > 5
    assert firefox.evaluate("document.documentElement.scrollWidth") <= width
    assert problems(firefox.events, f"{report.as_uri()}/") == []
    shown = "[...document.querySelectorAll('.picture .chart')].map(c => c.getBoundingClientRect().width)"
    assert min(firefox.evaluate(shown)) > 200
    font = "[...new Set([...document.querySelectorAll('.chart text')].map(t => getComputedStyle(t).fontFamily))]"
    assert firefox.evaluate(font) == [
        firefox.evaluate("getComputedStyle(document.querySelector('figcaption')).fontFamily")
    ]
    fill = "getComputedStyle(document.querySelector('.chart [fill=\"var(--ink)\"]')).fill"
    assert firefox.evaluate(fill) == firefox.evaluate("getComputedStyle(document.body).color")


def test_a_slider_moves_its_figure(firefox: bidi.Firefox, report: Path) -> None:
    firefox.open((report / "report.html").as_uri())
    slider = "document.querySelector('figure[data-player] input[type=range]')"
    firefox.until(f"{slider} !== null")
    firefox.evaluate(f"{slider}.scrollIntoView() ?? {slider}.focus()")
    before = firefox.evaluate(f"[Number({slider}.value), Number({slider}.max)]")

    firefox.press(END)
    assert firefox.evaluate(f"Number({slider}.value)") == before[1]
    said = firefox.evaluate(f"{slider}.closest('figure').innerText")
    firefox.press("\ue012")  # left
    firefox.until(f"Number({slider}.value) < {before[1]}")
    assert firefox.evaluate(f"{slider}.closest('figure').innerText") != said
