"""A theme can replace each paragraph of a section by itself: paragraphs stand in blocks that have names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import nodes
from reports import section

from reportgen.experiment import Experiment
from reportgen.page import article
from reportgen.page.report import Report

FOLDER = article.template_folder() / "sections"
NAMES = sorted(file.stem for file in FOLDER.glob("*.html"))

WITHOUT: set[str] = set()
"""Sections whose paragraphs have no blocks yet."""


def outside(node: nodes.Node, inside: bool = False) -> Iterator[int]:
    """The lines of paragraphs with text that stand in no block; those in loops and macros cannot."""
    if isinstance(node, nodes.For | nodes.Macro):
        return
    inside = inside or isinstance(node, nodes.Block)
    if isinstance(node, nodes.TemplateData) and not inside:
        for i, line in enumerate(node.data.split("\n")):
            if re.search(r"<p( [^>]*)?>(?!</p>)", line):
                yield node.lineno + i
    for child in node.iter_child_nodes():
        yield from outside(child, inside)


def paragraphs(name: str) -> list[int]:
    environment = article._environment((article.template_folder(),), article._printable, ())
    return list(outside(environment.parse((FOLDER / f"{name}.html").read_text("utf-8"))))


@pytest.mark.parametrize("name", NAMES)
def test_each_paragraph_of_a_section_stands_in_a_block(name: str) -> None:
    if name in WITHOUT:
        assert paragraphs(name), f"{name} has blocks; take it off the list"
    else:
        assert paragraphs(name) == [], name


def test_a_theme_replaces_one_paragraph_and_the_others_stay(tmp_path: Path) -> None:
    report = Report(
        experiment=Experiment(sections=("sparsity", "rank")),
        sections=(section("rank", findings={"matrices": 0}), section("ledger")),
        media={},
        tables={},
        versions={},
    )
    (tmp_path / "sections").mkdir()
    (tmp_path / "sections" / "rank.html").write_text(
        '{% extends "reportgen/sections/rank.html" %}\n'
        "{% block none %}<p>Mine, {{ f.matrices }}, {{ m.section('ledger') }}.</p>{{ super() }}{% endblock %}"
    )
    plain = render_text(report)
    themed = render_text(report, tmp_path)

    assert "<p>Mine, 0, " in themed
    assert themed.index("Mine, 0,") < themed.index("No matrix between hidden layers")
    assert "Mine" not in plain
    assert "No section of this page claims a result." in themed


def render_text(report: Report, templates: Path | None = None) -> str:
    return " ".join(article.render(report, single_file=True, templates=templates).split())
