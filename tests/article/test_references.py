import pytest

from reportgen.article.prose import parse
from reportgen.article.references import Known, check_references, number_text, value_at
from reportgen.errors import ExperimentError

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


@pytest.mark.parametrize(
    ("reference", "told"),
    [
        ("figure strp", "there is no figure 'strp' in quick. Did you mean 'strip'? Known: data, strip."),
        ("figure weights-l1", "'weights-l1' is an animation; write {{ animation weights-l1 }}"),
        ("animation quick/data", "'data' is a figure; write {{ figure quick/data }}"),
        ("figure quik/data", "there is no experiment 'quik'. Did you mean 'quick'? Known: quick."),
        ("claim mot", "there is no claim 'mot' in quick. Did you mean 'moot'? Known: moot, so."),
        ("claim moot", "claim 'moot' does not apply to quick: nothing that it is about was measured there"),
        ("ref data", "this page shows no figure and no table 'data'."),
        ("number eror.x", "'eror.x': there is no 'eror' in quick. Did you mean 'errors'? Known: errors."),
        (
            "number errors.arms.non.median",
            "'errors.arms.non.median': there is no 'non' in 'errors.arms' in quick. "
            "Did you mean 'none'? Known: l1, none.",
        ),
        (
            "number errors.runs.5",
            "'errors.runs.5': there is no '5' in 'errors.runs' in quick. Known: 0 to 1.",
        ),
        (
            "number errors.verdict.x",
            "'errors.verdict.x': there is no 'x' in 'errors.verdict' in quick: 'errors.verdict' is text",
        ),
        ("number errors.arms.l1", "'errors.arms.l1' is several values, no number. Go on with one of its parts: "),
        ("number errors.arms.l1.best", "'errors.arms.l1.best' is yes or no, no number."),
        ("number errors.verdict .1%", "'errors.verdict' is text, no number to write as .1%."),
        ("number errors.arms.l1.median d", "'errors.arms.l1.median' is 0.25, which cannot be written as d."),
    ],
)
def test_what_is_not_there_is_told_with_its_place_and_what_is(reference, told) -> None:
    with pytest.raises(ExperimentError) as caught:
        check(f"text\n\n{{{{ {reference} }}}}")

    assert str(caught.value).startswith(f"page.md:3:1: {told}")


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(ExperimentError) as caught:
        check("{{ figure x | {{ number y }} }}\n\na {{ claim z }}")

    assert [line.split(": ")[0] for line in str(caught.value).split("\n")] == [
        "page.md:1:1",
        "page.md:1:15",
        "page.md:3:3",
    ]


def test_a_page_without_an_experiment_asks_whose() -> None:
    with pytest.raises(ExperimentError, match=r"say whose: {{ figure EXPERIMENT/data }}$"):
        check("{{ figure data }}", own=None)
    check("{{ figure quick/data }}", own=None)


def test_a_name_of_a_figure_and_of_a_table_is_ambiguous() -> None:
    both = Known(name="both", figures=["x"], tables=["x"])
    with pytest.raises(ExperimentError, match="is a figure and a table of this page; link to #figure-x instead"):
        check("{{ figure x }}\n\n{{ table x }}\n\n{{ ref x }}", own=both)


def test_what_a_section_shows_may_be_referred_to() -> None:
    check("{{ section sparsity }}\n\n{{ ref threshold }}")


def test_keys_with_dots_are_found() -> None:
    assert value_at(FINDINGS, "errors.tried.λ 0.5") == 3
    assert value_at(FINDINGS, "errors.tried.0.5") == 7


def test_a_number_is_written_as_in_articles() -> None:
    assert number_text(4000) == "4,000"
    assert number_text(0.25, ".1%") == "25.0%"
    assert number_text(None) == "–"
    assert number_text("better") == "better"
