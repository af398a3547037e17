"""Shell completion: scripts for three shells, and values that are read from the disk.

Completion runs each time the user presses Tab. So nothing heavy is imported, and an error completes to nothing.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem, ShellComplete, get_completion_class

_LARGEST = 10_000_000
"""Bytes of results that are read for a completion; the default experiment has half a million."""

Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]

WHERE = {
    "bash": ("~/.local/share/bash-completion/completions/reportgen", "a new shell has it, with bash-completion"),
    "zsh": ("~/.zfunc/_reportgen", "with 'fpath+=~/.zfunc' before 'compinit' in ~/.zshrc"),
    "fish": ("~/.config/fish/completions/reportgen.fish", "a new shell has it"),
}
"""The file in which a shell looks for the script, and what that requires."""


def script(shell: str, program: click.Command) -> str:
    """The completion script of a shell, with a comment that says where to save it."""
    # click looks for the variable _REPORTGEN_COMPLETE when the program starts.
    completion = _completion_class(shell)(program, {}, "reportgen", "_REPORTGEN_COMPLETE")
    text = completion.source_template % completion.source_vars()
    # A removed or broken reportgen must not write errors into the command line.
    for call in (
        "_REPORTGEN_COMPLETE=bash_complete $1",
        "_REPORTGEN_COMPLETE=zsh_complete reportgen",
        "(commandline -t) reportgen",
    ):
        text = text.replace(call, f"{call} 2>/dev/null")
    file, note = WHERE[shell]
    comment = f"# Save as {file} ({note}):\n#   reportgen completion {shell} > {file}\n"
    # zsh needs "#compdef" in the first line.
    first, rest = text.lstrip("\n").split("\n", 1)
    return f"{first}\n{comment}{rest}" if first.startswith("#compdef") else f"{comment}{first}\n{rest}"


def _completion_class(shell: str) -> type[ShellComplete]:
    if not (completion := get_completion_class(shell)):
        raise ValueError(f"click knows no shell {shell!r}")
    return completion


def from_list(words: Callable[[click.Context], Iterable[str]]) -> Completer:
    """A `shell_complete` callback: the words that begin with the typed text; none after an error."""

    @functools.wraps(words)
    def complete(ctx: click.Context, _: click.Parameter, typed: str) -> list[CompletionItem]:
        try:
            return [CompletionItem(word) for word in words(ctx) if word.startswith(typed)]
        except Exception:
            return []

    return complete


def folders(_: click.Context, __: click.Parameter, typed: str) -> list[CompletionItem]:
    """Completion of options that take a folder as text."""
    return [CompletionItem(typed, type="dir")]


@from_list
def experiments(_: click.Context) -> list[str]:
    """Names that `reportgen new` accepts: shipped experiments, "site" and "workflow"."""
    import reportgen

    shipped = Path(reportgen.__file__).parent / "experiment" / "shipped"
    return sorted({*(file.stem for file in shipped.glob("*.toml")), "site", "workflow"})


@from_list
def animations(ctx: click.Context) -> list[str]:
    """Names that `reportgen embed` accepts: the animations of the report in its folder."""
    file = Path(ctx.params.get("output") or "output") / "results.json"
    if not file.is_file() or file.stat().st_size > _LARGEST:
        return []
    media: dict[str, dict[str, Any]] = json.loads(file.read_bytes())["media"]
    return sorted(name for name, item in media.items() if item["kind"] == "animation")


@from_list
def executors(_: click.Context) -> tuple[str, ...]:
    """Names that `--executor` accepts."""
    from reportgen.executors import executors

    return executors.names()


@from_list
def scenes(_: click.Context) -> list[str]:
    """Names that `--scene` accepts: scenes whose files state that they show a training."""
    import reportgen
    from reportgen.registry import stated_in

    moving = Path(reportgen.__file__).parent / "pictures" / "scenes"
    return sorted(file.stem for file in moving.glob("[!_]*.py") if stated_in(file, "of_training"))
