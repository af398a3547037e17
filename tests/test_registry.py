import sys

import pytest

from reportgen.errors import ExperimentError


@pytest.fixture
def shapes(tmp_path, monkeypatch):
    """A registry over a package of two kinds, `square` and `circle`, and a file that is none."""
    package = tmp_path / "shapes_for_test"
    package.mkdir()
    (package / "__init__.py").write_text(
        "from reportgen.registry import Registry\nshapes = Registry('shape', __name__)\n", "utf-8"
    )
    for name in ("square", "circle"):
        (package / f"{name}.py").write_text(
            f"from shapes_for_test import shapes\n@shapes.register('{name}')\nclass Shape: pass\n", "utf-8"
        )
    (package / "_helper.py").write_text("raise RuntimeError('imported')\n", "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield __import__("shapes_for_test").shapes
    for module in [name for name in sys.modules if name.startswith("shapes_for_test")]:
        del sys.modules[module]


def test_names_are_the_files_of_the_package_and_import_no_kind(shapes):
    assert shapes.names() == ("circle", "square")
    assert not {"shapes_for_test.square", "shapes_for_test.circle"} & sys.modules.keys()


def test_asking_for_one_kind_imports_that_kind_alone(shapes):
    square = shapes["square"]()

    assert "shapes_for_test.circle" not in sys.modules
    assert shapes.holds(square)
    assert shapes.name_of(square) == "square"
    assert not shapes.holds("a square")


def test_a_kind_registered_from_outside_is_listed_and_found(shapes):
    @shapes.register("star")
    class Star:
        pass

    assert shapes.names() == ("circle", "square", "star")
    assert shapes["star"] is Star


def test_a_misspelled_name_is_met_with_the_one_meant_and_all_of_them(shapes, messages):
    told = {}
    for name in ("sqare", "SQUARE", "zzz", "_helper"):
        with pytest.raises(ExperimentError) as caught:
            shapes[name]
        told[name] = caught.value
    messages(**told)
