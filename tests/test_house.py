"""The house: rooms, words, and the one order of layers."""

import ast
import collections
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "reportgen"
TREES = {path: ast.parse(path.read_text("utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}


def contract():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    return next(one for one in settings["tool"]["importlinter"]["contracts"] if one["type"] == "layers")


def test_the_table_of_rooms_is_the_import_contract():
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8").partition("## The rooms")[2].partition("\n## ")[0]
    rows = [re.findall(r"`(\w+)`", line.split("|")[1]) for line in text.splitlines() if line.startswith("| `")]
    layers = [layer.replace("reportgen.", "").split(" | ") for layer in contract()["layers"]]

    assert rows == layers


def test_the_contract_has_every_room():
    there = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}
    layers = " | ".join(contract()["layers"]).replace("reportgen.", "").split(" | ")

    assert there - {"__init__", "__main__"} == set(layers)
    assert contract().get("ignore_imports", []) == []


def test_every_room_says_what_belongs_there_and_what_does_not():
    rooms = [path for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()]

    silent = [room.name for room in rooms if "belong" not in (ast.get_docstring(TREES[room / "__init__.py"]) or "")]

    assert len(rooms) > 10
    assert silent == []


def test_no_two_public_classes_have_one_name():
    homes = collections.defaultdict(list)
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].append(path.relative_to(PACKAGE).as_posix())

    assert len(homes) > 100
    assert {name: places for name, places in homes.items() if len(places) > 1} == {}


def test_functions_are_named_after_what_they_do_or_return():
    """A participle, a preposition or an adverb alone is neither."""
    words = (
        "told telling of is there here found made rest turn deeper both way how what one each given wanted around"
        " apart alone whose trying parsed trained walked revived lost holding taken seen"
    )
    names = {
        f"{path.relative_to(PACKAGE).as_posix()}:{node.lineno} {node.name}"
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name.strip("_") in words.split()
    }

    assert names == set()
