"""`reportgen embed` and `reportgen names`: what a report has to place elsewhere."""

import re

import pytest
from click.testing import CliRunner

from reportgen.cli.program import program
from reportgen.markdown.markdown import parse
from reportgen.markdown.references import ReferenceTargets, check_references
from reportgen.page.results import load


def run(*arguments):
    return CliRunner().invoke(program, list(map(str, arguments)), prog_name="reportgen")


@pytest.fixture
def embed(report):
    return lambda *arguments: run("embed", *arguments, "-o", report)


def test_animations_are_listed_and_each_has_snippets_with_the_address(embed):
    listed, snippets = embed(), embed("weights-l1", "--base", "https://example.org/r")

    assert any(line.split()[:2] == ["weights-l1", "640×480"] for line in listed.stdout.splitlines())
    assert [line for line in snippets.stdout.splitlines() if line.endswith(":")] == ["markdown:", "image:", "player:"]
    assert snippets.stdout.count("https://example.org/r/") == 3


def test_every_name_is_one_that_a_text_can_refer_to(report):
    listed = run("names", report).stdout.splitlines()
    found = load(report)
    names = {kind: [n for n, m in found["media"].items() if m["kind"] == kind] for kind in ("picture", "animation")}
    known = ReferenceTargets(
        name="it",
        figures=names["picture"],
        animations=names["animation"],
        tables=found["tables"],
        sections=found["findings"],
        claims={name: claim["sentence"] for name, claim in found["claims"].items()},
        findings=found["findings"],
    )
    references = [re.match(r"{{.*?}}", line)[0] for line in listed]

    assert {reference.split()[1] for reference in references} == {
        *("figure", "animation", "table", "section", "claim", "number")
    }
    for start in range(0, len(references), 500):
        text = "# T\n\n" + "\n\n".join(references[start : start + 500])
        check_references(parse(text, "text"), lambda name: known)
    # What a number is at present stands beside it.
    (line,) = [line for line in listed if line.startswith("{{ number errors.equivalence }}")]
    assert float(line.split("}}")[1]) == pytest.approx(found["findings"]["errors"]["equivalence"], rel=1e-2)
