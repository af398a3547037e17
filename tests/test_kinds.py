"""A kind is one file: nothing outside its package lists kinds by name."""

import ast
import functools
import re
from pathlib import Path

from reportgen.companions.publish.hosts import hosts
from reportgen.datasets import datasets
from reportgen.executors import executors
from reportgen.losses import losses
from reportgen.penalties import penalties
from reportgen.pictures.formats import formats
from reportgen.pictures.scenes import scenes
from reportgen.pictures.stills import figures
from reportgen.sections import sections

ROOT = Path(__file__).parents[1]
REGISTRIES = (penalties, losses, datasets, figures, scenes, sections, executors, formats, hosts)

_LINEAR = "linear models of a table, of which some have the names of penalties of networks"
EXCEPTIONS = {
    ("reportgen/experiment/table_file.py", "section"): "the article on a table, as shipped files list those of theirs",
    ("reportgen/sections/table_words.py", "penalty"): _LINEAR,
    ("reportgen/studies/crossvalidation.py", "penalty"): _LINEAR,
    ("reportgen/studies/models.py", "penalty"): _LINEAR,
    ("reportgen/studies/summary.py", "penalty"): _LINEAR,
    ("reportgen/pictures/presets.py", "format"): "limits of a place are its own, one for each format that it takes",
    (
        "templates/static/train.js",
        "penalty",
    ): "computes those with `in_page`; tests/sections/test_live.py compares them",
    (
        "templates/static/geometry.js",
        "penalty",
    ): "L1 beside L2 is its subject; tests/browser/test_geometry.py compares them",
    ("templates/static/train.js", "loss"): "computes those with `in_page`; tests/browser/test_live.py compares them",
    ("templates/sections/live.html", "loss"): "suggests the two to compare; the menu has those with `in_page`",
    ("reportgen/statistics/least_cost.py", "loss"): "knows the best intercept of two in closed form",
    ("templates/static/live.js", "scene"): "its two canvases, called by what they show",
    ("templates/sections/column_path.html", "section"): "what its script takes, called by what it is",
    ("templates/static/own_table.js", "section"): "columns and errors of a table and λ, called by what they are",
    ("templates/static/player.js", "scene"): "draws those with `in_page`, as a test below says",
}


def constants(nodes):
    return [node.value for node in nodes if isinstance(node, ast.Constant)]


def lists_of_strings(tree):
    """The strings of containers and `match`, and within a function those of comparisons and of checks of class."""
    for node in ast.walk(tree):
        match node:
            case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts) | ast.Dict(keys=parts):
                yield node.lineno, constants(parts)
                if isinstance(node, ast.Tuple | ast.List):
                    # A list of pairs whose first parts are kinds is a dictionary by another name.
                    pairs = [part.elts[0] for part in parts if isinstance(part, ast.Tuple | ast.List) and part.elts]
                    yield node.lineno, constants(pairs)
            case ast.Call(func=ast.Name(id="dict"), keywords=options):
                yield node.lineno, [option.arg for option in options]
            case ast.Match():
                yield node.lineno, constants(ast.walk(node))
            case ast.FunctionDef():
                compared = {}
                for part in ast.walk(node):
                    if isinstance(part, ast.Call) and ast.unparse(part.func) in ("isinstance", "issubclass"):
                        compared.setdefault("classes", []).append(ast.unparse(part.args[-1]))
                    if isinstance(part, ast.Compare):
                        sides = [part.left, *part.comparators]
                        names = " ".join(ast.unparse(side) for side in sides if not isinstance(side, ast.Constant))
                        compared.setdefault(names, []).extend(constants(sides))
                for strings in compared.values():
                    yield node.lineno, strings


@functools.cache
def listed(source):
    """The lists of strings in a Python file, looked for once and not for each registry."""
    return list(lists_of_strings(ast.parse(source)))


def listed_in_python(source, kinds):
    """Lines of a Python file where at least two of `kinds` stand together."""
    return sorted({line for line, strings in listed(source) if len(kinds & {*strings}) > 1})


def listed_in_text(source, kinds):
    """The `kinds` that a script or a template names, as strings or as keys, if it names at least two."""
    bare = re.sub(r"/\*.*?\*/|//[^\n]*|\{#.*?#\}", "", source, flags=re.DOTALL)
    named = set(re.findall(r"""(?:===?|!==?|case|[\[{,])\s*["'](\w+)["']""", bare))
    named |= set(re.findall(r"^\s*(\w+): ", bare, re.MULTILINE)) | set(re.findall(r"[{,]\s*(\w+): ", bare))
    return sorted(kinds & named) if len(kinds & named) > 1 else []


def found():
    """Every place outside its own package that lists kinds of a registry."""
    places = {}
    for registry in REGISTRIES:
        own, kinds = registry.package.replace(".", "/") + "/", set(registry.names())
        classes = {getattr(registry[name], "__name__", name) for name in kinds}
        for file in sorted((ROOT / "reportgen").rglob("*.py")):
            path = file.relative_to(ROOT).as_posix()
            if not path.startswith(own) and (lines := listed_in_python(file.read_text("utf-8"), kinds | classes)):
                places[path, registry.kind] = lines
        for file in sorted((ROOT / "templates").rglob("*.*")):
            if file.suffix in (".js", ".html") and (names := listed_in_text(file.read_text("utf-8"), kinds)):
                places[file.relative_to(ROOT).as_posix(), registry.kind] = names
    return places


def test_nothing_lists_kinds_but_their_own_package():
    places = found()

    assert {place: what for place, what in places.items() if place not in EXCEPTIONS} == {}
    assert set(EXCEPTIONS) <= set(places), "an exception that is none any more"


def test_a_list_of_kinds_is_found_in_python():
    for source in (
        'LOOK = {"l1": 1, "l2": 3}',
        'SHOWN = ("l1", "other", "l2")',
        'GRIDS = (("l1", 0.1), ("l2", 0.2))',
        "LOOK = dict(l1=1, l2=2)",
        'def f(kind):\n    if kind == "l1":\n        return 1\n    elif kind == "l2":\n        return 2\n    return 3',
        'def f(kind):\n    return kind in ("l1", "l2")',
        "def f(kind):\n    if isinstance(kind, l1):\n        return 1\n    return 2 if isinstance(kind, l2) else 3",
        'def f(kind):\n    match kind:\n        case "l1":\n            pass\n        case "l2":\n            pass',
    ):
        assert listed_in_python(source, {"l1", "l2"}), source
        assert not listed_in_python(source.replace("l2", "own"), {"l1", "l2"}), source


def test_a_list_of_kinds_is_found_in_scripts_and_templates():
    for source in (
        "const LOOK = { l1: 1, l2: 2 };",
        'const shown = ["l1", "l2"];',
        'if (kind === "l1") one(); else if (kind === "l2") two();',
        '{% if kind == "l1" %}one{% elif kind == "l2" %}two{% endif %}',
    ):
        assert listed_in_text(source, {"l1", "l2"}), source
        assert not listed_in_text(source.replace("l2", "own"), {"l1", "l2"}), source


def test_the_player_draws_the_scenes_that_say_so():
    script = (ROOT / "templates" / "static" / "player.js").read_text("utf-8")
    drawn = {name for name in scenes.names() if scenes[name].in_page}

    assert drawn == set(re.findall(r'scene === "(\w+)"', script)) == set(scenes.stating("in_page", True))
