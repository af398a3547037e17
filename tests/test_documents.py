"""Documents keep up with the code."""

import re
from pathlib import Path

import reportgen

PACKAGE = Path(reportgen.__file__).parent
ROOT = Path(__file__).parents[1]


def test_every_code_of_a_message_is_in_the_list_and_no_other():
    used = {code for file in PACKAGE.rglob("*.py") for code in re.findall(r"RG\d{3}", file.read_text("utf-8"))}
    listed = re.findall(r"^\| (RG\d{3}) ", (ROOT / "docs" / "reliability.md").read_text("utf-8"), re.MULTILINE)

    assert sorted(listed) == sorted(used)


def test_every_module_is_in_the_list_of_the_house():
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    listed = text[text.index("## The house") : text.index("## Contracts")]
    modules = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}

    assert {name for name in modules if not name.startswith("__") and f"`{name}" not in listed} == set()
