"""Every command and snippet of README and of the pages in docs is tried, and what they list is what there is."""

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from documents import exceptions
from documents.snippets import LANGUAGES, ROOT, Folder, blocks, check_options, commands

import reportgen
from reportgen.cli.program import program
from reportgen.errors import ExperimentError
from reportgen.experiment.file import parse
from reportgen.experiment.table_example import example_files
from reportgen.studies import summary
from reportgen.tables import notes, roles, text_file
from reportgen.tables.settings import TableSettings

PACKAGE = Path(reportgen.__file__).parent
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])


def before(page: str, folder: Path, shell: Callable[[str], None]) -> None:
    """What a page takes for granted: files that its reader has by then."""
    if page == "README.md":
        shell("reportgen new quick -o q.toml && reportgen build q.toml -o before && cp -r before after")
        shell("cp before/trajectories/*.trajectory .")
    if page == "publish.md":
        shell("git init -q -b main . && git init -q --bare ../elsewhere.git && git remote add origin ../elsewhere.git")
        shell("git commit -q --allow-empty -m first && git push -q origin main")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_everything_a_page_shows_works(page, tmp_path, programs, environment):
    found = blocks(page)
    work = tmp_path / "work"
    work.mkdir()
    folder = Folder(work, programs, environment, found)
    before(page.name, work, folder.shell)
    for block in found:
        if (block.page, block.text.partition("\n")[0]) in exceptions.BLOCKS:
            continue
        folder.run(block, without={command for command in commands(block) if excepted(command)})
        if page.name == "README.md" and "reportgen.train(" in block.text:
            shares = [int(share) for share in re.findall(r"^λ = [\d.]+: (\d+)% of", folder.printed, re.MULTILINE)]
            assert len(shares) == 3
            assert shares == sorted(shares), "a stronger penalty gives more zeros"
            assert shares[0] < shares[2]


def excepted(command: str) -> list[str]:
    return [pattern for pattern in exceptions.COMMANDS if re.match(pattern, command)]


ALL = [block for page in PAGES for block in blocks(page)]
SHELL = [(block, command) for block in ALL if block.language == "sh" for command in commands(block)]


def test_every_block_is_tried_or_an_exception_whose_options_exist():
    for block in ALL:
        assert block.language in LANGUAGES, f"{block}: write sh for what a reader types, and text for what is printed"
    for block, command in SHELL:
        if excepted(command):
            try:
                check_options(command)
            except click.ClickException as error:
                pytest.fail(f"{block}: {error.format_message()}")
    firsts = {(block.page, block.text.partition("\n")[0]) for block in ALL}
    assert set(exceptions.BLOCKS) <= firsts
    assert {p for _, command in SHELL for p in excepted(command)} == set(exceptions.COMMANDS)


def test_the_mistakes_of_the_readme_are_told_as_shown():
    found = [block for block in ALL if block.page == "README.md"]
    (text,) = [block.text for block in found if block.language == "toml"]
    shown = next(block.text for block in found if block.language == "text")
    text = text.replace("epochs =", "epoch =").replace('"proximal"', '"proximate"')
    with pytest.raises(ExperimentError) as caught:
        parse(text, "mine.toml")

    for line, said in zip(shown.splitlines(), str(caught.value).splitlines(), strict=True):
        assert said.startswith(line.removesuffix("…"))


def test_every_warning_about_a_table_is_in_the_list_and_no_other():
    found = (re.findall(r'"([TS]\d\d)"', file.read_text("utf-8")) for file in PACKAGE.rglob("*.py"))
    page = (ROOT / "docs" / "table.md").read_text("utf-8")
    listed = re.findall(r"^\| ([TS]\d\d) \| (.+?) \| .+ \|$", page, re.MULTILINE)

    assert listed == list((notes.TITLES | summary.TITLES).items())
    assert sorted({code for codes in found for code in codes}) == sorted(dict(listed))


def test_the_limits_of_tables_are_those_of_the_code():
    limits = (ROOT / "docs" / "table.md").read_text("utf-8").partition("\n## Limits\n")[2].partition("\n## ")[0]
    most_rows = next(part for part in dataclasses.fields(TableSettings) if part.name == "most_rows").default

    for limit in (
        f"at least {roles.FEWEST_ROWS} rows with a target",
        f"at most {text_file.MOST_CELLS:,} cells",
        f"{text_file.MOST_COLUMNS:,} columns that are not ignored",
        f"Of more than {most_rows:,} rows a sample is used",
        f"its {roles.MOST_LEVELS} most frequent levels",
        f"at most {roles.MOST_CLASSES} classes",
    ):
        assert limit in " ".join(limits.split())


def test_the_mistakes_of_a_table_are_told_as_shown(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table = example_files()["patients.csv"].decode().splitlines()
    (shown,) = [block for block in ALL if block.page == "table.md" and block.language == "text"]
    found = []
    for line, target in ((212, "progression"), (1, "progresion")):
        # The cell before the last is that of glucose.
        changed = table[line - 1].split(",")
        changed[9] = "hgih" if line > 1 else changed[9]
        Path("patients.csv").write_text("\n".join([*table[: line - 1], ",".join(changed), *table[line:]]))
        found.append(CliRunner().invoke(program, ["build", "patients.csv", "--target", target]).stderr)

    for said, line in zip(found, shown.text.splitlines(), strict=True):
        assert said.strip().startswith(line.removesuffix("…"))
    assert [file.name for file in tmp_path.iterdir()] == ["patients.csv"]


def test_every_code_of_a_message_is_in_the_list_and_no_other():
    used = {code for file in PACKAGE.rglob("*.py") for code in re.findall(r"RG\d{3}", file.read_text("utf-8"))}
    listed = re.findall(r"^\| (RG\d{3}) ", (ROOT / "docs" / "reliability.md").read_text("utf-8"), re.MULTILINE)

    assert sorted(listed) == sorted(used)
