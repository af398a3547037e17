import pytest

from reportgen.errors import ExperimentError
from reportgen.markdown.markdown import parse
from reportgen.markdown.references import Known, check_references, number_text, value_at

FINDINGS = {
    "errors": {
        "arms": [{"name": "none", "median": 4000.5}, {"name": "l1", "median": 0.25, "best": True}],
        "tried": {"λ 0.5": 3, "0.5": 7},
        "verdict": "better",
        "lost": None,
        "runs": [1, 2],
    }
}
QUICK = Known(
    name="quick",
    figures=["data", "strip"],
    animations=["weights-l1"],
    tables=["errors"],
    sections=["sparsity"],
    claims={"so": "It is so.", "moot": ""},
    findings=FINDINGS,
)


def check(text, own=QUICK):
    experiments = {None: own, "quick": QUICK}
    check_references(parse(text, "page.md"), experiments.get, ["quick"])


def test_what_is_there_is_no_mistake() -> None:
    check(
        "{{ figure data }}\n\n"
        "{{ animation quick/weights-l1 | {{ number errors.arms.l1.median .2f }}, {{ ref errors }} }}"
        "\n\n{{ table errors }}\n\n{{ section sparsity }}\n\n{{ claim so }} {{ ref data }} {{ ref quick/weights-l1 }}"
        "{{ number errors.arms.0.median }} {{ number quick/errors.verdict }} {{ number errors.tried.0.5 .1% }}"
    )


MISSING = [
    "figure strp",
    "figure quik/data",
    "claim moot",
    "ref data",
    "number eror.x",
    "number errors.arms.non.median",
    "number errors.runs.5",
    "number errors.arms.l1.best",
    "number errors.verdict .1%",
]


def refused(text, own=QUICK):
    with pytest.raises(ExperimentError) as caught:
        check(text, own)
    return str(caught.value)


def test_what_is_not_there_is_told_with_its_place_and_what_is(messages) -> None:
    told = {reference: refused(f"text\n\n{{{{ {reference} }}}}") for reference in MISSING}

    assert all(message.startswith("page.md:3:1: ") for message in told.values())
    messages(**told)


def test_a_number_is_found_and_written_as_in_articles() -> None:
    assert (value_at(FINDINGS, "errors.tried.λ 0.5"), value_at(FINDINGS, "errors.tried.0.5")) == (3, 7)
    assert [number_text(value) for value in (4000, None, "better")] == ["4,000", "–", "better"]
    assert number_text(0.25, ".1%") == "25.0%"
