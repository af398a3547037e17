"""The difference of two builds: found in their results, put into words and onto a page."""

import copy
import dataclasses
import json
import math

import html5lib
import pytest

import reportgen
from reportgen.article.difference import ABSENT, as_json
from reportgen.article.difference.comparing import difference
from reportgen.article.difference.page import drawn, render
from reportgen.article.difference.words import marked, pair, printable, text
from reportgen.article.results import LARGEST, SCHEMA, load
from reportgen.errors import DataError


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
    return difference(*(json.loads(json.dumps(r)) for r in (old, new)), names=("a", "b"), tolerance=tolerance)


def paths(items):
    return [item.path for item in items]


# What is found


def test_equal_builds_do_not_differ():
    found = diff()

    assert not found.any
    assert text(found) == "a and b hold the same settings, numbers, verdicts and claims, to within a share of 10⁻⁹."


def test_settings_are_matched_by_the_names_of_arms_wherever_they_stand():
    def change(new):
        new["experiment"]["arms"] = [{"name": "l2", "strength": 1.0}, {"name": "l1", "strength": 0.6}]
        new["experiment"]["arms"] += [{"name": "none", "strength": 0.0}]

    assert [(s.path, s.kind) for s in diff(change).settings] == [
        ("arms[l1].strength", "changed"),
        ("arms[l2]", "added"),
    ]


def test_sections_that_came_or_went_are_settings_and_take_their_claims_along():
    def change(new):
        new["experiment"]["sections"] = ["errors", "rank"]
        new["findings"]["rank"] = new["findings"].pop("sparsity")
        del new["claims"]["zeros"]

    found = diff(change)

    assert [(s.path, s.kind) for s in found.settings] == [
        ("sections[sparsity]", "removed"),
        ("sections[rank]", "added"),
    ]
    assert (found.only_first, found.only_second) == (("section sparsity",), ("section rank",))


def test_sections_in_another_order_are_a_change():
    (setting,) = diff(lambda new: new["experiment"]["sections"].reverse()).settings

    assert (setting.old, setting.new) == (["errors", "sparsity"], ["sparsity", "errors"])


def test_versions_are_told_apart_from_settings():
    found = diff(lambda new: new["facts"].update(versions={"numpy": "2.1", "tensorflow": "2.21", "jax": "1"}))

    assert [(v.path, v.old, v.new) for v in found.versions] == [("jax", ABSENT, "1"), ("numpy", "2.0", "2.1")]
    assert not found.settings


def test_a_claim_that_turned_comes_before_one_that_opened():
    def change(new):
        for name, outcome in [("l2-wins", "undecided"), ("zeros", "supported"), ("ties", "undecided")]:
            new["claims"][name] |= {"outcome": outcome, "sentence": "Otherwise."}

    found = diff(change)

    assert [(c.name, c.old, c.new) for c in found.claims] == [
        ("zeros", "not supported", "supported"),
        ("l2-wins", "supported", "undecided"),
    ]
    assert [c.name for c in found.reworded] == ["ties"]


def test_verdicts_that_flipped_come_first_and_reversals_before_them():
    old = results()
    old["findings"]["errors"]["pairs"] = [compared("a", "b", 0.0), compared("a", "c", -4.0), compared("a", "d", 0.0)]

    def change(new):
        new["findings"]["errors"]["pairs"] = [
            compared("a", "d", 2.5),
            compared("a", "b", 30.0),
            compared("a", "c", 4.0),
        ]

    found = diff(change, old=old)

    assert paths(found.flipped) == ["errors.pairs[a, c]", "errors.pairs[a, b]"]
    assert [estimate.reversed for estimate in found.flipped] == [True, False]
    assert paths(found.moved) == ["errors.pairs[a, d]"]


@pytest.mark.parametrize(("estimate", "within", "shift"), [(0.5, True, 0.75), (1.0, True, 1.0), (1.5, False, 1.25)])
def test_an_estimate_is_placed_against_its_old_interval(estimate, within, shift):
    def change(new):
        new["findings"]["errors"]["pairs"][0] = compared("none", "l1", estimate)

    (moved,) = diff(change).estimates

    assert (moved.within, moved.shift) == (within, shift)


def test_a_comparison_that_was_turned_around_is_the_same_comparison():
    def change(new):
        new["findings"]["errors"]["pairs"][1] = compared("l2", "none", -2.5)

    assert not diff(change).any


def test_a_comparison_turned_around_is_told_the_old_way_round():
    def change(new):
        new["findings"]["errors"]["pairs"][1] = compared("l2", "none", -3.5, superiority=0.75)

    (flipped,) = diff(change).flipped

    assert (flipped.about, flipped.new["estimate"], flipped.new["low"]) == ("NONE − L2", 3.5, 1.5)
    assert (flipped.new["verdict"], flipped.new["superiority"]) == ("worse", 0.25)


def test_what_a_section_keeps_twice_is_told_once():
    old = results()
    errors = old["findings"]["errors"]
    errors |= {"l1": errors["arms"][1] | {"mean": 3.0}, "facing": compared("l2", "none", -2.5)}
    errors["arms"][1]["mean"] = 3.0

    def change(new):
        new["findings"]["errors"]["arms"][1] |= {"median": 13.0, "mean": 4.0}
        new["findings"]["errors"]["l1"] |= {"median": 13.0, "mean": 4.0}
        new["findings"]["errors"]["pairs"][1] = compared("none", "l2", 2.75)
        new["findings"]["errors"]["facing"] = compared("l2", "none", -2.75)

    found = diff(change, old=old)

    assert len(found.numbers) == 2
    assert len(found.estimates) == 1


def test_numbers_that_changed_most_for_their_size_come_first():
    def change(new):
        new["findings"]["errors"]["arms"][0]["median"] = 11.0
        new["findings"]["sparsity"]["arms"][0] |= {"zero": 0.75, "threshold": None}

    found = diff(change)

    assert paths(found.numbers) == ["sparsity.arms[l1].threshold", "sparsity.arms[l1].zero", "errors.arms[none].median"]
    assert (found.numbers[1].change, found.numbers[1].relative) == (0.5, 2.0)
    assert found.numbers[0].change is None


def test_numbers_that_repeat_a_changed_setting_come_last():
    def change(new):
        new["experiment"]["runs"]["count"] = 300
        old["findings"]["errors"]["runs"], new["findings"]["errors"]["runs"] = 30, 300
        new["findings"]["errors"]["arms"][0]["median"] = 11.0

    old = results()
    found = diff(change, old=old)

    assert [(n.path, n.repeats_setting) for n in found.numbers] == [
        ("errors.arms[none].median", False),
        ("errors.runs", True),
    ]


def test_a_number_keeps_its_interval_beside_it():
    def change(new):
        new["findings"]["errors"] |= {"share": 0.6, "share_low": 0.5, "share_high": 0.7}

    (share,) = diff(change).numbers

    assert (share.path, share.old_interval, share.new_interval) == ("errors.share", (0.4, 0.6), (0.5, 0.7))
    assert "errors.share: 0.5 (0.4 to 0.6) → 0.6 (0.5 to 0.7); +0.1 (+20%)" in text(diff(change))


def test_an_interval_that_moved_alone_is_a_change():
    found = diff(lambda new: new["findings"]["errors"].update(share_low=0.3))

    assert paths(found.numbers) == ["errors.share_low"]


def test_rounding_is_no_change_and_the_tolerance_says_what_rounding_is():
    def change(new):
        new["findings"]["errors"]["share"] *= 1 + 1e-12
        new["findings"]["sparsity"]["arms"][0]["zero"] *= 1.001

    assert paths(diff(change).numbers) == ["sparsity.arms[l1].zero"]
    assert not diff(change, tolerance=0.01).any
    assert len(diff(change, tolerance=0.0).numbers) == 2


def test_lists_of_runs_are_summarised():
    def change(new):
        new["findings"]["errors"]["arms"][0]["totals"] = [9.0, 11.0, 13.5]
        new["findings"]["errors"]["arms"][1]["totals"] = [11.0, 12.0]

    one, other = sorted(diff(change).series, key=lambda series: series.path, reverse=True)

    assert (one.path, one.changed, one.old_median, one.new_median) == ("errors.arms[none].totals", 2, 10.0, 11.0)
    assert (other.old, other.new, other.changed) == (3, 2, None)
    assert "errors.arms[none].totals: 3 values, 2 changed, median 10 → 11" in text(diff(change))
    assert "errors.arms[l1].totals: 3 → 2 values, median 12 → 11.5" in text(diff(change))


def test_other_findings_tables_pictures_and_what_one_build_has_alone():
    def change(new):
        new["findings"]["errors"]["constant"] = False
        new["findings"]["errors"]["arms"].append({"name": "l2", "median": 9.0})
        new["tables"]["totals"]["rows"][1][1] = 13.0
        new["tables"]["claims"]["rows"] = [["another sentence"]]  # claims are told as claims
        new["tables"]["more"] = {"columns": [], "rows": []}
        new["media"]["errors"]["inputs"]["values"][0] = 3.0

    old = results()
    old["tables"]["claims"] = {"columns": ["this build"], "rows": [["a sentence"]]}
    found = diff(change, old=old)

    assert [(item.path, item.old, item.new) for item in found.others] == [("errors.constant", True, False)]
    assert [(table.name, table.changed, table.cells) for table in found.tables] == [("totals", 1, 4)]
    assert found.pictures == ("errors",)
    assert found.only_second == ("errors.arms[l2]", "table more")


def test_items_without_a_name_go_by_the_setting_they_were_measured_at():
    old = results()
    old["findings"]["sparsity"]["points"] = [{"strength": s, "zero": s} for s in (0.1, 0.2, 0.3)]

    def change(new):
        new["findings"]["sparsity"]["points"] = [{"strength": s, "zero": s} for s in (0.2, 0.3, 0.4)]

    found = diff(change, old=old)

    assert not found.numbers
    assert (found.only_first, found.only_second) == (("sparsity.points[0.1]",), ("sparsity.points[0.4]",))


def test_null_against_a_number_and_numbers_too_large_for_any_machine():
    def change(new):
        new["findings"]["errors"]["pairs"][0] |= {"estimate": None, "low": None, "high": None}
        new["findings"]["errors"]["share"] = 10**400
        new["findings"]["sparsity"]["arms"][0]["zero"] = -1.7e308

    old = results()
    old["findings"]["sparsity"]["arms"][0]["zero"] = 1.7e308
    found = diff(change, old=old)

    (estimate,) = found.estimates
    assert (estimate.within, estimate.shift, drawn(estimate)) == (None, None, None)
    assert {n.path: n.new for n in found.numbers} == {"errors.share": None, "sparsity.arms[l1].zero": -1.7e308}
    assert json.loads(as_json(found))["numbers"][1]["change"] is None
    assert "errors.share: 0.5 (0.4 to 0.6) → no number" not in text(found)
    assert "errors.share: 0.5 → no number" in text(found)
    render(found)


def test_an_estimate_that_became_something_else_is_another_finding():
    def change(new):
        new["findings"]["errors"]["pairs"][0]["estimate"] = "none"

    assert "errors.pairs[l1, none].estimate" in paths(diff(change).others)


# How it is told


def test_text_shows_the_most_important_and_counts_the_rest():
    def change(new):
        new["findings"]["errors"] |= {f"n{i}": float(i) for i in range(25)}

    old = results()
    old["findings"]["errors"] |= {f"n{i}": -1.0 for i in range(25)}
    found = diff(change, old=old)

    assert text(found).count("  errors.n") == 10
    assert "  … and 15 more; --all shows them" in text(found)
    assert text(found, everything=True).count("  errors.n") == 25


def test_text_begins_with_settings_then_verdicts_then_claims():
    def change(new):
        new["experiment"]["arms"][1]["strength"] = 0.6
        new["findings"]["errors"]["pairs"][0] = compared("none", "l1", -4.0)
        new["claims"]["zeros"] |= {"outcome": "supported", "sentence": "zeros is 2 of 2."}

    assert text(diff(change)) == "\n".join(
        [
            "a → b",
            "  1 setting and no versions differ.",
            "  1 verdict flipped, 1 claim came out otherwise; no claims came out as before and read otherwise.",
            "  1 estimate with an interval moved, 1 of them out of the interval that they had.",
            "  No other numbers and no lists of numbers changed.",
            "",
            "Settings (1)",
            "  arms[l1].strength: 0.3 → 0.6",
            "",
            "Verdicts that flipped (1)",
            "  errors.pairs[l1, none]: NONE − L1: undecided → better",
            "      −1 (−3 to 1) → −4 (−6 to −2), 30 pairs; moved 1.5 half-widths, outside the old interval",
            "",
            "Claims that came out otherwise (1)",
            "  zeros (sparsity): not supported → supported",
            "      before: zeros is 1 of 2.",
            "      now:    zeros is 2 of 2.",
        ]
    )


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (1.0, 2.5, ("1", "2.5")),
        (1.0, 1.00001, ("1", "1.00001")),
        (1 / 3, 1 / 3, ("0.333", "0.333")),
        (None, 3, ("no number", "3")),
    ],
)
def test_two_numbers_get_the_digits_that_tell_them_apart(old, new, told):
    assert pair(old, new) == told


def test_words_that_changed_are_marked():
    assert marked("L1 wins 3 of 4.", "L1 wins 2 of 4.") == (
        [("L1 wins ", False), ("3 ", True), ("of 4.", False)],
        [("L1 wins ", False), ("2 ", True), ("of 4.", False)],
    )
    long = "word " * 2000
    assert marked(long, long + "x") == ([(long, False)], [(long + "x", False)])


def test_json_has_everything_and_is_strict():
    def change(new):
        new["experiment"]["arms"].append({"name": "l2", "strength": 1.0})
        new["findings"]["errors"]["pairs"][0] = compared("none", "l1", -4.0)
        new["findings"]["errors"]["share"] = None

    def refuse(constant):
        raise AssertionError(constant)

    found = json.loads(as_json(diff(change)), parse_constant=refuse)

    assert (found["schema"], found["changed"], found["first"], found["second"]) == (1, True, "a", "b")
    (setting,) = found["settings"]
    assert setting == {"path": "arms[l2]", "new": {"name": "l2", "strength": 1.0}, "kind": "added"}
    (estimate,) = found["estimates"]
    assert (estimate["flipped"], estimate["within"], estimate["shift"]) == (True, False, 1.5)
    assert estimate["old"]["verdict"] == "undecided"


HOSTILE = "\x1b[31m</title><script>alert(1)</script>\u202e\x00\ud800&\" 'ü"


def hostile(new):
    new["experiment"]["title"] = HOSTILE
    new["experiment"]["sections"].append(HOSTILE)
    new["facts"]["versions"][HOSTILE] = HOSTILE
    new["claims"]["zeros"] |= {"outcome": HOSTILE, "sentence": HOSTILE, "section": "errors", "post": HOSTILE}
    new["findings"]["errors"]["pairs"][0] |= {"verdict": HOSTILE, "first": HOSTILE}
    new["findings"]["errors"][HOSTILE] = [HOSTILE]
    new["findings"]["errors"]["constant"] = HOSTILE
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


def test_printable_leaves_what_is_written_alone():
    assert printable("λ − ½ “ü” 中\u202f%") == "λ − ½ “ü” 中\u202f%"
    assert printable("a\nb\u200b\x9b") == "a\\nb\\u200b\\x9b"


def changed_everywhere(new):
    """Something in every part of the page."""
    new["experiment"]["runs"]["count"] = 40
    new["facts"]["versions"]["numpy"] = "2.1"
    new["claims"]["zeros"] |= {"outcome": "supported", "sentence": "zeros is 2 of 2.", "post": "Zeros."}
    new["claims"]["ties"]["sentence"] = "ties is 2 of 2."
    new["findings"]["errors"]["pairs"] = [compared("none", "l1", -4.0), compared("none", "l2", 2.0)]
    new["findings"]["errors"] |= {"share": 0.7, "constant": False}
    new["findings"]["errors"]["arms"][0]["totals"][0] = 1.0
    new["tables"]["totals"]["rows"][0][1] = 9.0
    new["media"]["errors"]["inputs"] = None
    new["media"]["more"] = {}


PARTS = ["settings", "verdicts", "claims", "estimates", "numbers", "lists", "others", "reworded", "drawn", "only"]


@pytest.fixture
def page(tmp_path):
    """A file with everything on it that the page can show."""
    file = tmp_path / "difference.html"
    file.write_text(render(diff(changed_everywhere)), "utf-8")
    return file


def parsed(markup):
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(markup)


def test_the_page_has_every_part_and_links_to_it(page):
    tree = parsed(page.read_text("utf-8"))

    assert [e.get("id") for e in tree.iter("section")][1:] == PARTS
    assert [e.get("href") for e in tree.find(".//nav").iter("a")] == [f"#{part}" for part in PARTS]
    assert not [e for e in tree.iter() if isinstance(e.tag, str) and (e.get("style") or e.tag == "script")]
    assert all(link.get("href").startswith(("#", "data:")) for link in tree.iter() if link.tag in ("a", "link"))


def test_the_page_of_equal_builds_says_so():
    tree = parsed(render(diff()))

    assert "hold the same settings" in tree.findtext(".//li")
    assert tree.find(".//nav") is None


@pytest.mark.parametrize(
    ("before", "now", "at"),
    [
        # From −3 to 7 in 148 units after a margin of 6.
        (-1.0, 5.0, {"old": [6.0, 35.6, 65.2], "new": [94.8, 124.4, 154.0], "zero": 50.4}),
        # From −11 to 0, or 0 to 11: zero is shown where neither interval reaches it.
        (-2.7, -9.0, {"old": [90.8, 117.7, 144.6], "new": [6.0, 32.9, 59.8], "zero": 154.0}),
        (2.7, 9.0, {"old": [15.4, 42.3, 69.2], "new": [100.2, 127.1, 154.0], "zero": 6.0}),
    ],
)
def test_intervals_are_drawn_on_one_scale_with_zero(before, now, at):
    old = results()
    old["findings"]["errors"]["pairs"][0] = compared("none", "l1", before)

    def change(new):
        new["findings"]["errors"]["pairs"][0] = compared("none", "l1", now)

    (moved,) = diff(change, old=old).estimates

    assert drawn(moved) == {**at, "width": 160}


def test_a_page_of_very_many_changes_stays_readable():
    old, many = results(), {f"n{i}": float(i) for i in range(1, 3000)}
    old["findings"]["errors"] |= many
    page = render(diff(lambda new: new["findings"]["errors"].update(dict.fromkeys(many, 0.5)), old=old))

    assert len(page) < 100_000
    assert "The first 200 of 2,999; <code>--format json</code> has all of them." in page


def test_markup_of_the_page_is_valid(page, html_mistakes):
    assert html_mistakes(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 360, 1280])
def test_the_page_fits_and_can_be_read_by_everyone(page, browser, axe, scheme, width):
    context = browser.new_context(viewport={"width": width, "height": 740}, color_scheme=scheme, offline=True)
    try:
        opened = context.new_page()
        opened.goto(page.as_uri())
        opened.evaluate(axe)
        found = opened.evaluate("axe.run({ resultTypes: ['violations'] })")["violations"]

        assert opened.evaluate("document.documentElement.scrollWidth") <= width
        assert [(each["id"], node["html"]) for each in found for node in each["nodes"]] == []
    finally:
        context.close()


# What is read


def written(folder, content):
    file = folder / "results.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return file


def without(name):
    return {key: value for key, value in results().items() if key != name}


def test_a_folder_and_the_file_in_it_are_the_same_build(tmp_path):
    file = written(tmp_path, results())

    assert load(tmp_path) == load(file) == results()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "it is no JSON (Expecting value: line 1 column 1 (char 0)); give the folder of a report"),
        ('{"schema": NaN}', "it is no JSON (NaN is no number in JSON); give the folder of a report"),
        ("[" * 100_000, "its values are nested more than 100 levels deep"),
        ("[1]", "these are not the results of a build; give the folder of a report"),
        ({}, "these are not the results of a build; give the folder of a report"),
        (
            results() | {"schema": 0},
            f"it has layout 0 and this reportgen reads {SCHEMA}; build its experiment again",
        ),
        (
            results() | {"schema": [HOSTILE * 9]},
            f'it has layout ["\\u001b[31m</title><script>alert(1)</script>\\u202e\\u0000... and this reportgen reads '
            f"{SCHEMA}; build its experiment again",
        ),
        (without("findings"), "findings must be an object"),
        (
            results() | {"claims": {"zeros": {"outcome": 3}}},
            "claim 'zeros' must have a section, an outcome and a sentence",
        ),
        (results() | {"claims": {"zeros": None}}, "claim 'zeros' must have a section, an outcome and a sentence"),
        (results() | {"tables": {"totals": {"rows": 3}}}, "table 'totals' must have rows"),
        (
            json.dumps(without("facts")).removesuffix("}") + ', "facts": ' + '{"a": ' * 150 + "1" + "}" * 151,
            "its values are nested more than 100 levels deep",
        ),
    ],
    ids=lambda value: str(value)[:20] if isinstance(value, str) else "results",
)
def test_what_is_not_the_results_of_a_build_is_told(tmp_path, content, said):
    file = written(tmp_path, content)

    with pytest.raises(DataError) as error:
        load(file)
    assert str(error.value) == f"cannot use {file}: {said}"


def test_a_report_that_is_not_there(tmp_path):
    with pytest.raises(DataError) as error:
        load(tmp_path)
    assert str(error.value) == (
        f"there is no report in {tmp_path}: results.json is missing; name the folder of a build, or make "
        f"one: reportgen build -o DIR"
    )


def test_a_file_beyond_all_measure_is_not_read(tmp_path):
    file = tmp_path / "results.json"
    with file.open("wb") as sparse:
        sparse.truncate(LARGEST + 1)

    with pytest.raises(DataError, match="results are a file of at most 50 MB"):
        load(file)


# Two builds


def test_one_strength_changed_between_two_real_builds(tmp_path, cache, small_experiment):
    sections = ("errors", "sparsity", "ledger")
    first = dataclasses.replace(small_experiment, sections=sections)
    arms = [dataclasses.replace(arm, strength=3.0) if arm.name == "l1" else arm for arm in first.arms]
    second = dataclasses.replace(first, arms=tuple(reversed(arms)))
    for experiment, name in [(first, "a"), (second, "b")]:
        reportgen.build(experiment, tmp_path / name, cache=cache)
    results = [load(tmp_path / name) for name in ("a", "b")]
    found = difference(*results, names=("a", "b"))

    assert [(s.path, s.old, s.new) for s in found.settings] == [("arms[l1].strength", 0.3, 3.0)]
    assert found.estimates
    # Arms in another order are compared the other way round, which is no change.
    assert all("l1" in estimate.old["names"] for estimate in found.estimates)
    changed = {path.partition("]")[0] for path in paths(found.numbers) if path.startswith("errors.arms[")}
    assert changed == {"errors.arms[l1"}
    assert all(math.isfinite(estimate.shift) for estimate in found.estimates)
    assert not difference(results[0], results[0], names=("a", "a")).any
    parsed(render(found))
