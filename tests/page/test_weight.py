"""A page that is too heavy, and what it is told."""

import base64
import logging

import pytest

from reportgen.errors import ExperimentError
from reportgen.page import weight


def page(pictures=0, players=0):
    """A page of so many bytes of each, nearly."""
    data = base64.b64encode(b"p" * (pictures * 3 // 4)).decode()
    return (
        f'<figure class="animation" id="figure-weights-l1"><img src="data:image/png;base64,{data}"></figure>'
        f'<script type="application/json" id="player-data">{"1" * players}</script>'
    ).encode()


def test_a_heavy_page_is_warned_of_with_the_setting_that_helps_most(caplog, messages):
    caplog.set_level(logging.WARNING, "reportgen")
    weight.check_weight(page(pictures=20_000_000))
    assert not caplog.records, "a page of usual size"

    weight.check_weight(page(pictures=24_000_000, players=3_000_000))
    messages(caplog.records[0].getMessage())
    assert {record.code for record in caplog.records} == {"RG703"}


def test_a_page_that_no_browser_opens_is_not_made():
    with pytest.raises(ExperimentError, match=r"^report.html would have 101 MB, .*players") as caught:
        weight.check_weight(page(players=101_000_000))

    assert (caught.value.code, caught.value.exit_code) == ("RG703", 2)
