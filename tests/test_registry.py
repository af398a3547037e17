import sys

import pytest

from reportgen.errors import ExperimentError
from reportgen.registry import Registry


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


def test_asking_for_one_kind_imports_that_kind_alone(shapes):
    assert shapes["square"].__module__ == "shapes_for_test.square"
    assert "shapes_for_test.circle" not in sys.modules


def test_a_kind_registered_from_outside_is_listed_and_found(shapes):
    @shapes.register("star")
    class Star:
        pass

    assert shapes.names() == ("circle", "square", "star")
    assert shapes["star"] is Star


def test_a_misspelt_name_is_met_with_the_one_meant(shapes):
    with pytest.raises(ExperimentError) as error:
        shapes["sqare"]

    assert str(error.value) == "unknown shape 'sqare'. Did you mean 'square'? Known: circle, square."


def test_a_class_must_derive_from_the_base_of_its_kind():
    shapes = Registry("shape", "shapes", Registry)

    with pytest.raises(ExperimentError, match=r"^shape 'odd': class Odd must derive from reportgen.registry.Registry$"):

        @shapes.register("odd")
        class Odd:
            pass


def test_what_a_kind_states_is_read_without_importing_it(shapes, tmp_path):
    (tmp_path / "shapes_for_test" / "star.py").write_text(
        "raise RuntimeError('imported')\nclass Star:\n    points: int = 5\n    title = 'a star'\n", "utf-8"
    )
    shapes.register("moon")(type("Moon", (), {"points": 2}))

    assert shapes.stated("star", "title") == "a star"
    assert shapes.stated("star", "area") is None
    assert shapes.stating("points", 5) == ("star",)
    assert shapes.stating("points", 2) == ("moon",)
