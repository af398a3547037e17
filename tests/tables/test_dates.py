"""Dates in the usual spellings, against those of the standard library."""

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

from reportgen.tables.dates import read_dates


def days(*moment, zone=UTC):
    return (datetime(*moment, tzinfo=zone) - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(days=1)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-02-29", (2024, 2, 29)),
        ("2024-2-9 7:05", (2024, 2, 9, 7, 5)),
        ("2024-02-29T23:59:58.123Z", (2024, 2, 29, 23, 59, 58)),
        ("2024/02/29", (2024, 2, 29)),
        ("29.02.2024", (2024, 2, 29)),
        ("1.3.69", (2069, 3, 1)),
        ("1.3.70", (1970, 3, 1)),
        ("29 Feb 2024", (2024, 2, 29)),
        ("29-feb-2024", (2024, 2, 29)),
        ("February 29, 2024", (2024, 2, 29)),
        ("2/29/2024 12:30 AM", (2024, 2, 29, 0, 30)),
        ("2/29/2024 1:30 PM", (2024, 2, 29, 13, 30)),
    ],
)
def test_a_date_is_a_day(text, moment):
    assert read_dates([text]).days == pytest.approx([days(*moment)], abs=1e-9)


def test_a_zone_counts():
    zone = timezone(timedelta(hours=5, minutes=30))

    assert read_dates(["2024-01-01T00:00+05:30"]).days == pytest.approx([days(2024, 1, 1, zone=zone)], abs=1e-9)


def test_one_date_shows_the_order_of_all():
    european, american = read_dates(["3/4/2024", "13/4/2024"]), read_dates(["3/4/2024", "3/14/2024"])
    unknown = read_dates(["3/4/2024", "5/6/2024"])

    assert european.days[0] == days(2024, 4, 3)
    assert american.days[0] == unknown.days[0] == days(2024, 3, 4)
    assert (european.ambiguous, american.ambiguous, unknown.ambiguous) == (False, False, True)
    assert not read_dates(["3/3/2024"]).ambiguous


@pytest.mark.parametrize(
    "text", ["", "soon", "2024", "2024-13-01", "2023-02-29", "31.4.2024", "1 Xyz 2024", "12:30", "1.5"]
)
def test_what_is_no_date_is_not_read(text):
    assert np.isnan(read_dates([text]).days).all()
