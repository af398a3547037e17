"""Folds: open without scripts and on paper, closed in a browser, all opened by one box."""

import pytest
from browser.waiting import until

pytestmark = pytest.mark.usefixtures("report")
OPEN = "all => all.filter(fold => fold.open).length"


def count(page):
    return page.eval_on_selector_all("details.numbers", OPEN)


def test_one_box_opens_all_numbers_and_closes_them(visit, report):
    page = visit(report / "report.html")
    total = page.locator("details.numbers").count()

    assert total > 5
    assert count(page) == 0
    page.get_by_label("Show all numbers").check()
    assert count(page) == total
    page.get_by_label("Show all numbers").uncheck()
    assert count(page) == 0


def test_folds_are_open_without_scripts_and_on_paper(visit, report):
    page = visit(report / "report.html", java_script_enabled=False)
    assert page.locator("details.numbers:not([open])").count() == 0
    assert not page.get_by_label("Show all numbers").is_visible()

    page = visit(report / "report.html")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert count(page) == page.locator("details.numbers").count()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert count(page) == 0


def test_a_link_into_a_fold_opens_it(visit, report):
    page = visit(report / "report.html")
    inside = page.locator("details.numbers figure[id]").first
    page.evaluate("id => { location.hash = id }", inside.get_attribute("id"))

    until(page, "document.querySelector('details.numbers[open] figure:target') !== null")
    assert inside.is_visible()
