"""The difference of two builds: found in their results, put into words and onto a page."""

import copy
import dataclasses
import json
import math

import html5lib
import pytest

from reportgen.companions.diff import as_json
from reportgen.companions.diff.comparing import compare
from reportgen.companions.diff.diff_page import drawn, render
from reportgen.companions.diff.words import marked, pair, printable, text
from reportgen.errors import DataError
from reportgen.page.results import LARGEST, SCHEMA, json_bytes, load
from reportgen.training.run import settings_to_json


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


def paths(items):
    return [item.path for item in items]


def replaced_pair(place, comparison):
    """A change of one comparison of the section on errors."""
    return lambda new: new["findings"]["errors"]["pairs"].__setitem__(place, comparison)


# What is found


def test_equal_builds_do_not_differ():
    found = diff()

    assert not found.any
    assert "hold the same settings" in text(found)
    assert "hold the same settings" in parsed(render(found)).findtext(".//li")
    (moved,) = diff(lambda new: new["experiment"]["sections"].reverse()).settings
    assert (moved.old, moved.new) == (["errors", "sparsity"], ["sparsity", "errors"]), "their order is a setting"


def test_verdicts_that_flipped_come_first_and_reversals_before_them():
    old = results()
    old["findings"]["errors"]["pairs"] = [compared("a", "b", 0.0), compared("a", "c", -4.0), compared("a", "d", 0.0)]
    pairs = [compared("a", "d", 2.5), compared("a", "b", 30.0), compared("a", "c", 4.0)]

    found = diff(lambda new: new["findings"]["errors"].update(pairs=pairs), old=old)

    assert paths(found.flipped) == ["errors.pairs[a, c]", "errors.pairs[a, b]"]
    assert [estimate.reversed for estimate in found.flipped] == [True, False]
    assert paths(found.moved) == ["errors.pairs[a, d]"]


def test_an_estimate_is_placed_against_its_old_interval():
    for estimate, within, shift in [(0.5, True, 0.75), (1.0, True, 1.0), (1.5, False, 1.25)]:
        (moved,) = diff(replaced_pair(0, compared("none", "l1", estimate))).estimates
        assert (moved.within, moved.shift) == (within, shift)


def test_a_comparison_turned_around_is_the_same_comparison_told_the_old_way_round():
    assert not diff(replaced_pair(1, compared("l2", "none", -2.5))).any

    (flipped,) = diff(replaced_pair(1, compared("l2", "none", -3.5, superiority=0.75))).flipped
    assert (flipped.about, flipped.new["estimate"], flipped.new["low"]) == ("NONE − L2", 3.5, 1.5)
    assert (flipped.new["verdict"], flipped.new["superiority"]) == ("worse", 0.25)


def test_what_a_section_keeps_twice_is_told_once():
    old = results()
    errors = old["findings"]["errors"]
    errors |= {"l1": errors["arms"][1] | {"mean": 3.0}, "facing": compared("l2", "none", -2.5)}
    errors["arms"][1]["mean"] = 3.0

    def change(new):
        errors = new["findings"]["errors"]
        errors["arms"][1] |= {"median": 13.0, "mean": 4.0}
        errors["l1"] |= {"median": 13.0, "mean": 4.0}
        errors["pairs"][1], errors["facing"] = compared("none", "l2", 2.75), compared("l2", "none", -2.75)

    found = diff(change, old=old)

    assert (len(found.numbers), len(found.estimates)) == (2, 1)


def test_a_number_keeps_its_interval_beside_it():
    def change(new):
        new["findings"]["errors"] |= {"share": 0.6, "share_low": 0.5, "share_high": 0.7}

    (share,) = diff(change).numbers

    assert (share.path, share.old_interval, share.new_interval) == ("errors.share", (0.4, 0.6), (0.5, 0.7))
    assert "errors.share: 0.5 (0.4 to 0.6) → 0.6 (0.5 to 0.7); +0.1 (+20%)" in text(diff(change))
    alone = diff(lambda new: new["findings"]["errors"].update(share_low=0.3))
    assert paths(alone.numbers) == ["errors.share_low"]


def test_rounding_is_no_change_and_the_tolerance_says_what_rounding_is():
    def change(new):
        new["findings"]["errors"]["share"] *= 1 + 1e-12
        new["findings"]["sparsity"]["arms"][0]["zero"] *= 1.001

    assert [len(diff(change, tolerance=tolerance).numbers) for tolerance in (0.01, 1e-9, 0.0)] == [0, 1, 2]


def test_null_against_a_number_and_numbers_too_large_for_any_machine():
    def change(new):
        new["findings"]["errors"]["pairs"][0] |= {"estimate": None, "low": None, "high": None}
        new["findings"]["errors"]["pairs"][1]["estimate"] = "none"
        new["findings"]["errors"]["share"] = 10**400
        new["findings"]["sparsity"]["arms"][0]["zero"] = -1.7e308

    old = results()
    old["findings"]["sparsity"]["arms"][0]["zero"] = 1.7e308
    found = diff(change, old=old)

    (estimate,) = found.estimates
    assert (estimate.within, estimate.shift, drawn(estimate)) == (None, None, None)
    assert {n.path: n.new for n in found.numbers} == {"errors.share": None, "sparsity.arms[l1].zero": -1.7e308}
    assert "errors.pairs[l2, none].estimate" in paths(found.others), "what became something else is another finding"
    assert json.loads(as_json(found))["numbers"][1]["change"] is None
    assert "errors.share: 0.5 → no number" in text(found)
    render(found)


# How it is told


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


def test_very_many_changes_stay_readable():
    old, many = results(), {f"n{i}": float(i) for i in range(1, 3000)}
    old["findings"]["errors"] |= many
    found = diff(lambda new: new["findings"]["errors"].update(dict.fromkeys(many, 0.5)), old=old)
    page = render(found)

    assert text(found).count("  errors.n") == 10
    assert "  … and 2,989 more; --all shows them" in text(found)
    assert text(found, everything=True).count("  errors.n") == 2999
    assert len(page) < 100_000
    assert "The first 200 of 2,999; <code>--format json</code> has all of them." in page


def test_two_numbers_get_the_digits_that_tell_them_apart_and_two_sentences_the_words():
    assert pair(1.0, 2.5) == ("1", "2.5")
    assert pair(1.0, 1.00001) == ("1", "1.00001")
    assert pair(1 / 3, 1 / 3) == ("0.333", "0.333")
    assert pair(None, 3) == ("no number", "3")
    assert marked("L1 wins 3 of 4.", "L1 wins 2 of 4.") == (
        [("L1 wins ", False), ("3 ", True), ("of 4.", False)],
        [("L1 wins ", False), ("2 ", True), ("of 4.", False)],
    )
    long = "word " * 2000
    assert marked(long, long + "x") == ([(long, False)], [(long + "x", False)])


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
    assert printable("λ − ½ “ü” 中\u202f%") == "λ − ½ “ü” 中\u202f%"
    assert printable("a\nb\u200b\x9b") == "a\\nb\\u200b\\x9b"


PARTS = ["settings", "verdicts", "claims", "estimates", "numbers", "lists", "others", "reworded", "drawn", "only"]


@pytest.fixture
def page(tmp_path, everything):
    """A file with everything on it that the page can show."""
    file = tmp_path / "difference.html"
    file.write_text(render(everything), "utf-8")
    return file


def parsed(markup):
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(markup)


def test_the_page_has_every_part_and_links_to_it(page):
    tree = parsed(page.read_text("utf-8"))

    assert [e.get("id") for e in tree.iter("section")][1:] == PARTS
    assert [e.get("href") for e in tree.find(".//nav").iter("a")] == [f"#{part}" for part in PARTS]
    assert not [e for e in tree.iter() if isinstance(e.tag, str) and (e.get("style") or e.tag == "script")]
    assert all(link.get("href").startswith(("#", "data:")) for link in tree.iter() if link.tag in ("a", "link"))


def test_intervals_are_drawn_on_one_scale_with_zero():
    for before, now, at in [
        # From −3 to 7 in 148 units after a margin of 6.
        (-1.0, 5.0, {"old": [6.0, 35.6, 65.2], "new": [94.8, 124.4, 154.0], "zero": 50.4}),
        # From −11 to 0, or 0 to 11: zero is shown where neither interval reaches it.
        (-2.7, -9.0, {"old": [90.8, 117.7, 144.6], "new": [6.0, 32.9, 59.8], "zero": 154.0}),
        (2.7, 9.0, {"old": [15.4, 42.3, 69.2], "new": [100.2, 127.1, 154.0], "zero": 6.0}),
    ]:
        old = results()
        old["findings"]["errors"]["pairs"][0] = compared("none", "l1", before)
        (moved,) = diff(replaced_pair(0, compared("none", "l1", now)), old=old).estimates
        assert drawn(moved) == {**at, "width": 160}


def test_the_page_is_valid_fits_and_can_be_read_by_everyone(page, browser, axe, html_mistakes):
    assert html_mistakes(page) == []
    for scheme in ("light", "dark"):
        context = browser.new_context(viewport={"width": 1280, "height": 740}, color_scheme=scheme, offline=True)
        try:
            opened = context.new_page()
            opened.goto(page.as_uri())
            opened.evaluate(axe)
            for width in (1280, 360, 320):
                opened.set_viewport_size({"width": width, "height": 740})
                found = opened.evaluate("axe.run({ resultTypes: ['violations'] })")["violations"]
                assert opened.evaluate("document.documentElement.scrollWidth") <= width
                assert [(each["id"], node["html"]) for each in found for node in each["nodes"]] == [], (scheme, width)
        finally:
            context.close()


# What is read


def without(name):
    return {key: value for key, value in results().items() if key != name}


def refused(folder, content):
    file = folder / "results.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    with pytest.raises(DataError) as error:
        load(file)
    return str(error.value)


def test_what_is_not_the_results_of_a_build_is_told(tmp_path, messages):
    deep = json.dumps(without("facts")).removesuffix("}") + ', "facts": ' + '{"a": ' * 150 + "1" + "}" * 151
    contents = {
        "empty": "",
        "no number": '{"schema": NaN}',
        "deep": "[" * 100_000,
        "a list": "[1]",
        "no schema": {},
        "another schema": results() | {"schema": 0},
        "hostile schema": results() | {"schema": [HOSTILE * 9]},
        "no findings": without("findings"),
        "claim": results() | {"claims": {"zeros": {"outcome": 3}}},
        "no claim": results() | {"claims": {"zeros": None}},
        "table": results() | {"tables": {"totals": {"rows": 3}}},
        "deep inside": deep,
    }
    told = {name: refused(tmp_path, content) for name, content in contents.items()}
    (tmp_path / "results.json").unlink()
    with pytest.raises(DataError) as error:
        load(tmp_path)

    messages(**told, missing=error.value)


def test_a_folder_and_the_file_in_it_are_the_same_build_and_a_file_beyond_all_measure_is_not_read(tmp_path):
    file = tmp_path / "results.json"
    file.write_text(json.dumps(results()), "utf-8")
    assert load(tmp_path) == load(file) == results()

    with file.open("wb") as sparse:
        sparse.truncate(LARGEST + 1)
    with pytest.raises(DataError, match="results are a file of at most 50 MB"):
        load(file)


# Two builds


def test_one_strength_changed_between_two_real_builds(compute, small_experiment):
    arms = [dataclasses.replace(arm, strength=3.0) if arm.name == "l1" else arm for arm in small_experiment.arms]

    def built(experiment):
        told = compute("errors", experiment).result
        claims = {claim.name: dataclasses.asdict(claim) for claim in told.claims}
        parts = {"experiment": settings_to_json(experiment), "claims": claims, "findings": {"errors": told.findings}}
        return json.loads(json_bytes({**results(), **parts}))

    second = dataclasses.replace(small_experiment, arms=tuple(reversed(arms)))
    found = compare(built(small_experiment), built(second), names=("a", "b"))

    assert [(s.path, s.old, s.new) for s in found.settings] == [("arms[l1].strength", 0.3, 3.0)]
    assert found.estimates
    # Arms in another order are compared the other way round, which is no change.
    assert all("l1" in estimate.old["names"] for estimate in found.estimates)
    changed = {path.partition("]")[0] for path in paths(found.numbers) if path.startswith("errors.arms[")}
    assert changed == {"errors.arms[l1"}
    assert all(math.isfinite(estimate.shift) for estimate in found.estimates)
    parsed(render(found))
