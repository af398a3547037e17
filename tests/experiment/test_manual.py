"""The reference of experiment files, which is made from their schema."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from reportgen.article.sections import sections
from reportgen.experiment.manual import manual

from reportgen.cli.program import program
from reportgen.experiment.file import schema

PAGE = Path(__file__).parents[2] / "docs" / "experiment-file.md"


@pytest.fixture(scope="module")
def text():
    return manual(schema(), {name: sections[name].title for name in sections.names()})


def test_the_page_in_docs_is_what_the_command_prints():
    printed = CliRunner().invoke(program, ["schema", "--format", "markdown"])

    assert printed.exit_code == 0
    assert PAGE.read_text("utf-8") == printed.stdout, (
        "docs/experiment-file.md is not up to date: reportgen schema --format markdown > docs/experiment-file.md"
    )


def tables(node):
    """Each table of the schema by its title, the file itself among them."""
    return {"": node, **{table["title"]: table for table in node["$defs"].values()}}


def test_every_key_has_a_row_with_its_meaning(text):
    rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in text.splitlines() if "|" in line]
    meanings = {(row[0], row[3]) for row in rows if len(row) == 4}

    for title, table in tables(schema()).items():
        for key, node in table["properties"].items():
            if "$ref" in str(node):
                continue  # a table of its own, with a heading
            assert node.get("description"), f"{title}.{key} has no docstring"
            described = " ".join(node["description"].split()).replace("|", "\\|")
            assert (f"`{key}`", described) in meanings, f"{title}.{key}"


def test_every_table_and_every_kind_has_a_heading(text):
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    kinds = {"data set": "Data set `{}`", "arm": "Penalty `{}`"}

    assert {"`[data]`", "`[[arms]]`", "`[[reading]]`", "`[network]`"} <= set(headings)
    for title in schema()["$defs"]:
        what, _, name = schema()["$defs"][title]["title"].rpartition(" ")
        if what:
            assert kinds[what].format(name) in headings
    assert len(headings) == len(set(headings))


def test_rows_have_as_many_cells_as_their_table_has_columns(text):
    widths = None
    for line in text.splitlines():
        if not line.startswith("|"):
            widths = None
            continue
        cells = len(re.findall(r"(?<!\\)\|", line))
        widths = widths or cells
        assert cells == widths, line


@pytest.mark.parametrize(
    ("node", "words"),
    [
        ({"type": "integer", "minimum": 1, "maximum": 40000}, "whole number, 1 to 40,000"),
        ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, "number, above 0 and below 1"),
        ({"type": "boolean"}, "`true`, `false`"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "whole number"),
        ({"enum": ["a", "b"], "type": "string"}, '`"a"`, `"b"`'),
        ({"type": "array", "maxItems": 3, "items": {"type": "number"}}, "array of numbers; at most 3 of them"),
    ],
)
def test_what_may_stand_at_a_key_is_said_in_words(node, words):
    from reportgen.experiment.manual import _values

    assert _values(node) == words


def test_keys_that_mean_something_else_in_each_kind_stand_with_the_kind(text):
    shared, _, kinds = text[text.index("## `[data]`") :].partition("### ")

    assert "`test_samples`" not in shared
    assert kinds[: kinds.index("## `[[arms]]`")].count("| `test_samples` |") == 7
