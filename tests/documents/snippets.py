"""What documents show: the fenced blocks of a page, and how each of them is run.

    ```sh                          runs; it has to end with 0
    ```text output                 is what the commands before it printed; "…" stands for anything, also for lines
    ```python                      runs as a script
    ```toml                        is an experiment
    ```LANGUAGE title=PATH         is written to PATH, which the text above has to name
    ```LANGUAGE title=PATH append  is added at its end

The blocks of a page follow each other in one folder that is empty at first. A page that writes to `reportgen/`,
`templates/` or `tests/` begins in a copy of the project instead, and its commands run what is there.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from reportgen.cli.program import program
from reportgen.experiment.file import parse

ROOT = Path(__file__).parents[2]
OF_THE_PROJECT = ("reportgen", "templates", "tests", "pyproject.toml")
IGNORED = shutil.ignore_patterns("__pycache__", "node_modules", ".*")

LANGUAGES = ("sh", "text", "python", "toml", "html", "css", "markdown", "yaml", "")
"""What blocks may be in; those of another language would not be tried, however they are meant."""


@dataclass(frozen=True)
class Block:
    """One fenced block of a page."""

    page: str
    line: int
    language: str
    title: str
    words: tuple[str, ...]
    text: str
    before: str
    """The paragraph above it."""

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


_FENCE = re.compile(r"^```(\S*)[ \t]*([^\n]*)\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    text = page.read_text("utf-8")
    found = []
    for match in _FENCE.finditer(text):
        words = match[2].split()
        titles = [word.removeprefix("title=") for word in words if word.startswith("title=")]
        found.append(
            Block(
                page=page.name,
                line=text.count("\n", 0, match.start()) + 1,
                language=match[1],
                title=titles[0] if titles else "",
                words=tuple(word for word in words if not word.startswith("title=")),
                text=match[3],
                before=text[: match.start()].rstrip().rpartition("\n\n")[2],
            )
        )
    return found


def commands(block: Block) -> list[str]:
    """The lines of a shell block, those joined that a backslash continues, without comments."""
    lines = re.sub(r"\\\n\s*", "", block.text).splitlines()
    return [line for line in map(str.strip, lines) if line and not line.startswith("#")]


class Folder:
    """Where the blocks of one page run."""

    def __init__(self, path: Path, programs: Path, environment: dict[str, str], found: list[Block]) -> None:
        self.path = path
        self.printed = ""
        """What the last shell block wrote to standard output."""
        self._environment = {**environment, "PATH": f"{programs}{os.pathsep}{environment['PATH']}"}
        if any(block.title.split("/")[0] in OF_THE_PROJECT for block in found):
            for name in OF_THE_PROJECT:
                if (ROOT / name).is_file():
                    shutil.copy(ROOT / name, path / name)
                else:
                    shutil.copytree(ROOT / name, path / name, ignore=IGNORED)
            self._environment["PYTHONPATH"] = str(path)

    def run(self, block: Block, without: set[str]) -> None:
        """Do what a block says, `without` some of its commands; an `AssertionError` says what is wrong with it."""
        if block.title:
            self._write(block)
        elif block.language == "sh":
            script = "\n".join(command for command in commands(block) if command not in without)
            self.printed = self.shell(script, block) if script else ""
        elif block.language == "python":
            script_file = self.path / "script.py"
            script_file.write_text(block.text, "utf-8")
            self.printed = self._done([sys.executable, "script.py"], block)
            script_file.unlink()
        elif block.language == "toml":
            parse(block.text, str(block))
        elif block.language == "text" and "output" in block.words:
            assert matches(block.text, self.printed), f"{block}: it printed\n{self.printed}"

    def _write(self, block: Block) -> None:
        assert block.title in block.before, f"{block}: the text above does not say that this is {block.title}"
        assert not Path(block.title).is_absolute()
        assert ".." not in Path(block.title).parts
        file = self.path / block.title
        file.parent.mkdir(parents=True, exist_ok=True)
        assert "append" in block.words or not file.exists(), f"{block}: {block.title} is there already"
        with file.open("a" if "append" in block.words else "w", encoding="utf-8") as out:
            out.write(block.text)

    def shell(self, script: str, told: object = "what comes before the page") -> str:
        """Run a script of bash there, and return what it printed."""
        return self._done(["bash", "-euo", "pipefail", "-c", script], told)

    def _done(self, arguments: list[str], told: object) -> str:
        done = subprocess.run(
            arguments,
            cwd=self.path,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=300,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == 0, f"{told} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done.stdout


def matches(shown: str, printed: str) -> bool:
    """Whether a page shows what was printed; "…" in it stands for anything."""
    pattern = ".*".join(re.escape(part) for part in shown.strip().split("…"))
    lines = "\n".join(line.rstrip() for line in printed.strip().splitlines())
    return bool(re.fullmatch(pattern, lines, re.DOTALL))


def check_options(command: str) -> None:
    """Whether our program would take a command that is not run here; nothing is invoked."""
    for part in re.split(r"\s(?:&&|\|\|?|;)\s", command):
        program_name, *arguments = shlex.split(part, comments=True)
        if program_name != "reportgen":
            continue
        context = program.make_context("reportgen", arguments[:1])
        subcommand = program.get_command(context, arguments[0])
        assert subcommand, f"there is no command {arguments[0]!r}"
        subcommand.make_context(arguments[0], arguments[1:], parent=context)
