import ast
import importlib.util
from pathlib import Path

from reportgen.store import keys


def imported(module):
    """What the syntax tree of a module says that it imports of ours, wherever in it."""
    tree = ast.parse(Path(importlib.util.find_spec(module).origin).read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def path_of(module):
    try:
        found = importlib.util.find_spec(module) if module.startswith("reportgen.") else None
    except ModuleNotFoundError:
        return None
    return Path(found.origin).relative_to(Path(keys.__file__).parents[2]).as_posix() if found else None


def test_the_code_of_a_module_includes_all_that_it_imports():
    for module in keys.everything():
        if module != "reportgen":
            wanted = {path for name in imported(module) if (path := path_of(name))}
            assert wanted <= keys.code(module).keys(), module


def test_a_key_depends_on_every_part_and_not_on_their_order():
    assert keys.key({"a": "1", "b": "2"}) == keys.key({"b": "2", "a": "1"})
    assert len({keys.key(parts) for parts in ({"a": "1"}, {"a": "2"}, {"b": "1"}, {})}) == 4
