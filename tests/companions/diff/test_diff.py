"""The difference of two builds: found in their results, put into words and onto a page."""

import copy
import json

import pytest

from reportgen.companions.diff import as_json
from reportgen.companions.diff.comparing import compare
from reportgen.companions.diff.diff_page import render
from reportgen.companions.diff.words import text
from reportgen.errors import DataError
from reportgen.page.results import SCHEMA, load


def compared(first, second, estimate, **others):
    """A comparison as findings hold it: an interval of ± 2 around the estimate."""
    verdict = "better" if estimate < -3 else "worse" if estimate > 3 else "undecided"
    own = {"estimate": estimate, "low": estimate - 2.0, "high": estimate + 2.0, "verdict": verdict, "pairs": 30}
    return {"names": [first, second], "first": first.upper(), "second": second.upper(), **own, **others}


def results():
    return {
        "schema": SCHEMA,
        "experiment": {
            "kind": "Experiment",
            "runs": {"count": 30},
            "arms": [{"name": "none", "strength": 0.0}, {"name": "l1", "strength": 0.3}],
            "sections": ["errors", "sparsity"],
        },
        "facts": {"runs": 60, "diverged": 0, "versions": {"numpy": "2.0", "tensorflow": "2.21"}},
        "headlines": [],
        "claims": {
            name: {"name": name, "section": section, "outcome": outcome, "post": "", "sentence": f"{name} is 1 of 2."}
            for name, section, outcome in [
                ("l2-wins", "errors", "supported"),
                ("zeros", "sparsity", "not supported"),
                ("ties", "errors", "undecided"),
            ]
        },
        "findings": {
            "errors": {
                "arms": [
                    {"name": "none", "median": 10.0, "totals": [9.0, 10.0, 12.5]},
                    {"name": "l1", "median": 12.0, "totals": [11.0, 12.0, 14.0]},
                ],
                "pairs": [compared("none", "l1", -1.0), compared("none", "l2", 2.5)],
                "share": 0.5,
                "share_low": 0.4,
                "share_high": 0.6,
                "constant": True,
            },
            "sparsity": {"arms": [{"name": "l1", "zero": 0.25, "threshold": 0.003}], "points": [{"strength": 0.1}]},
        },
        "tables": {"totals": {"columns": ["arm", "total"], "rows": [["none", 10.0], ["L1", 12.0]]}},
        "media": {"errors": {"files": ["errors.svg"], "alt": "", "inputs": {"values": [1.0, 2.0]}}},
    }


def diff(change=lambda new: None, tolerance=1e-9, old=None):
    old = old or results()
    new = copy.deepcopy(old)
    change(new)
    # Read as they would be: `load` gives what JSON holds.
    return compare(*(json.loads(json.dumps(r)) for r in (old, new)), names=("a", "b"), tolerance=tolerance)


def replaced_pair(place, comparison):
    """A change of one comparison of the section on errors."""
    return lambda new: new["findings"]["errors"]["pairs"].__setitem__(place, comparison)


def test_equal_builds_do_not_differ():
    found = diff()

    assert not found.any
    assert "hold the same settings" in text(found)
    assert "hold the same settings" in render(found)


def test_a_comparison_turned_around_is_the_same_comparison_told_the_old_way_round():
    assert not diff(replaced_pair(1, compared("l2", "none", -2.5))).any

    (flipped,) = diff(replaced_pair(1, compared("l2", "none", -3.5, superiority=0.75))).flipped
    assert (flipped.about, flipped.new["estimate"], flipped.new["low"]) == ("NONE − L2", 3.5, 1.5)
    assert (flipped.new["verdict"], flipped.new["superiority"]) == ("worse", 0.25)


def test_rounding_is_no_change_and_the_tolerance_says_what_rounding_is():
    def change(new):
        new["findings"]["errors"]["share"] *= 1 + 1e-12
        new["findings"]["sparsity"]["arms"][0]["zero"] *= 1.001

    assert [len(diff(change, tolerance=tolerance).numbers) for tolerance in (0.01, 1e-9, 0.0)] == [0, 1, 2]


def changed_everywhere(new):
    """Something in every part of the text and the page."""
    new["experiment"]["runs"]["count"] = new["findings"]["errors"]["runs"] = 40
    # Settings of arms are matched by name, wherever they stand.
    new["experiment"]["arms"] = [{"name": "l2", "strength": 1.0}, {"name": "l1", "strength": 0.6}]
    new["experiment"]["arms"] += [{"name": "none", "strength": 0.0}]
    new["experiment"]["sections"] = ["sparsity", "rank", "errors"]
    new["facts"]["versions"] = {"numpy": "2.1", "tensorflow": "2.21", "jax": "1"}
    for name, outcome in [("l2-wins", "undecided"), ("zeros", "supported"), ("ties", "undecided")]:
        new["claims"][name] |= {"outcome": outcome, "sentence": f"{name} is 2 of 2.", "post": "Zeros."}
    errors = new["findings"]["errors"]
    errors["pairs"] = [compared("none", "l1", -4.0), compared("none", "l2", 2.0)]
    errors |= {"share": 0.7, "share_low": 0.5, "share_high": 0.8, "constant": False}
    errors["arms"][0] |= {"median": 11.0, "totals": [9.0, 11.0, 13.5]}
    errors["arms"][1]["totals"] = [11.0, 12.0]
    errors["arms"].append({"name": "l2", "median": 9.0})
    new["findings"]["rank"] = {}
    new["findings"]["sparsity"]["arms"][0] |= {"zero": 0.75, "threshold": None}
    new["findings"]["sparsity"]["points"] = [{"strength": 0.2}]  # without a name: the setting it was measured at
    new["tables"]["totals"]["rows"][1][1] = 13.0
    new["tables"]["claims"]["rows"] = [["another sentence"]]  # claims are told as claims
    new["tables"]["more"] = {"columns": [], "rows": []}
    new["media"]["errors"]["inputs"]["values"][0] = 3.0
    new["media"]["more"] = {}


@pytest.fixture
def everything():
    """The difference of two builds that differ in everything that can be told."""
    old = results()
    old["findings"]["errors"]["runs"] = 30
    old["tables"]["claims"] = {"columns": ["this build"], "rows": [["a sentence"]]}
    return diff(changed_everywhere, old=old)


def test_text_and_json_tell_everything_the_most_important_first(everything, messages):
    """Settings, verdicts, claims that turned before those that opened, large changes before small ones."""

    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    messages(text(everything, everything=True))
    messages(json.dumps(json.loads(as_json(everything), parse_constant=refuse), indent=1, ensure_ascii=False))


HOSTILE = "\x1b[31m</title><script>alert(1)</script>\u202e\x00\ud800&\" 'ü"


def hostile(new):
    new["experiment"]["title"] = HOSTILE
    new["experiment"]["sections"].append(HOSTILE)
    new["facts"]["versions"][HOSTILE] = HOSTILE
    new["claims"]["zeros"] |= {"outcome": HOSTILE, "sentence": HOSTILE, "section": "errors", "post": HOSTILE}
    new["findings"]["errors"]["pairs"][0] |= {"verdict": HOSTILE, "first": HOSTILE}
    new["findings"]["errors"] |= {HOSTILE: [HOSTILE], "constant": HOSTILE}
    new["findings"][HOSTILE] = new["tables"][HOSTILE] = new["media"][HOSTILE] = {"rows": []}


def test_hostile_names_and_sentences_reach_neither_terminal_nor_page_as_they_are():
    old = results()
    old["claims"]["zeros"]["section"] = "errors"
    found = diff(hostile, old=old)
    page = render(found)

    for told in (text(found, everything=True), page):
        told.encode("utf-8")
        assert not {"\x1b", "\u202e", "\x00"} & set(told)
        assert "\\x1b[31m" in told
    assert "<script" not in page
    assert HOSTILE in json.loads(as_json(found))["only_second"][0]


def test_the_page_is_valid_fits_and_can_be_read_by_everyone(tmp_path, everything, browser, axe, html_mistakes):
    page = tmp_path / "difference.html"
    page.write_text(render(everything), "utf-8")
    assert html_mistakes(page) == []
    for scheme in ("light", "dark"):
        opened = browser.new_page(viewport={"width": 320, "height": 740}, color_scheme=scheme, offline=True)
        opened.goto(page.as_uri())
        opened.evaluate(axe)
        found = opened.evaluate("axe.run({ resultTypes: ['violations'] })")["violations"]
        assert [(each["id"], node["html"]) for each in found for node in each["nodes"]] == [], scheme
        assert opened.evaluate("document.documentElement.scrollWidth") <= 320
        opened.close()


def refused(folder, content):
    file = folder / "results.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    with pytest.raises(DataError) as error:
        load(file)
    return str(error.value)


def test_what_is_not_the_results_of_a_build_is_told(tmp_path, messages):
    contents = {
        "empty": "",
        "no number": '{"schema": NaN}',
        "deep": "[" * 100_000,
        "another schema": results() | {"schema": 0},
        "hostile schema": results() | {"schema": [HOSTILE * 9]},
        "no findings": {key: value for key, value in results().items() if key != "findings"},
        "claim": results() | {"claims": {"zeros": {"outcome": 3}}},
        "table": results() | {"tables": {"totals": {"rows": 3}}},
    }
    told = {name: refused(tmp_path, content) for name, content in contents.items()}
    (tmp_path / "results.json").unlink()
    with pytest.raises(DataError) as error:
        load(tmp_path)

    messages(**told, missing=error.value)
