"""`reportgen names`: what it lists can be placed."""

import re

import pytest
from click.testing import CliRunner
from reportgen.article.prose import parse
from reportgen.article.references import Known, check_references
from reportgen.article.results import load

from reportgen.cli.program import program


@pytest.fixture(scope="module")
def listed(report):
    said = CliRunner().invoke(program, ["names", str(report)])
    assert said.exit_code == 0, said.output
    return said.stdout.splitlines()


def test_every_reference_is_one_that_a_text_can_make(report, listed):
    found = load(report)
    names = {kind: [n for n, m in found["media"].items() if m["kind"] == kind] for kind in ("picture", "animation")}
    known = Known(
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


def test_what_a_number_is_at_present_stands_beside_it(report, listed):
    threshold = load(report)["findings"]["sparsity"]["threshold"]

    (line,) = [line for line in listed if line.startswith("{{ number sparsity.threshold }}")]
    assert float(line.split("}}")[1]) == pytest.approx(threshold, rel=1e-2)


def test_a_word_chooses(report):
    lines = CliRunner().invoke(program, ["names", str(report), "--only", "Histogram"]).stdout.splitlines()

    assert lines
    assert all("histogram" in line.lower() for line in lines)
    nothing = CliRunner().invoke(program, ["names", str(report), "--only", "no such word"])
    assert nothing.stdout == f"{report} has nothing with 'no such word' in it.\n"


def test_a_folder_without_a_report_is_told_with_the_way_out(tmp_path):
    said = CliRunner().invoke(program, ["names", str(tmp_path)])

    assert said.exit_code == 3
    assert "reportgen build -o DIR" in said.stderr
