"""Every command and snippet of README and of the pages in docs is tried."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from documents import exceptions
from documents.snippets import LANGUAGES, ROOT, Folder, blocks, check_options, check_toml, commands, matches

from reportgen.experiment.file import parse

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


def excepted(command: str) -> list[str]:
    return [pattern for pattern in exceptions.COMMANDS if re.match(pattern, command)]


ALL = [block for page in PAGES for block in blocks(page)]
SHELL = [(block, command) for block in ALL if block.language == "sh" for command in commands(block)]


@pytest.mark.parametrize(("block", "command"), [(b, c) for b, c in SHELL if excepted(c)], ids=str)
def test_options_of_commands_that_are_not_run_exist(block, command):
    check_options(command)


@pytest.mark.parametrize("block", ALL, ids=str)
def test_a_block_is_in_a_language_that_is_tried(block):
    assert block.language in LANGUAGES, f"{block}: write sh for what a reader types, and text for what is printed"


def test_every_exception_is_of_something_shown():
    firsts = {(block.page, block.text.partition("\n")[0]) for block in ALL}

    assert set(exceptions.BLOCKS) <= firsts
    assert {p for _, command in SHELL for p in excepted(command)} == set(exceptions.COMMANDS)


@pytest.mark.parametrize(
    ("shown", "printed", "alike"),
    [
        ("a\nb", "a\nb\n", True),
        ("a\n…", "a\nb\nc", True),
        ("a … c", "a b c", True),
        ("a … d", "a b c", False),
        ("a", "a\nb", False),
    ],
)
def test_what_was_printed_is_compared_with_what_is_shown(shown, printed, alike):
    assert matches(shown, printed) is alike


@pytest.mark.parametrize("command", ["reportgen build --no-such", "reportgen bild", "reportgen embed --as gif"])
def test_an_option_that_does_not_exist_is_found(command):
    with pytest.raises((click.ClickException, AssertionError)):
        check_options(command)


def test_blocks_of_toml_are_checked_as_experiments(tmp_path):
    file = tmp_path / "page.md"
    file.write_text("```toml\n[training]\nepoch = 3\n```\n", "utf-8")
    (block,) = blocks(file)

    with pytest.raises(Exception, match="epoch: unknown key"):
        check_toml(block)


def test_experiments_that_ship_are_small_while_pages_are_tried(programs, environment, tmp_path):
    printed = subprocess.run(
        [programs / "reportgen", "new"], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout
    experiment = parse(printed)

    assert experiment.runs.count == 2
    assert experiment.training.epochs == 4
    assert len(experiment.sections) == 5
