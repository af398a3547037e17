"""What a shell may complete: scripts for three shells, and the words that only a look at the disk can tell.

All of this runs between a key and what it shows. So nothing heavy is imported, and whatever goes wrong completes to
nothing.
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
"""Bytes of results that are read between a key and what it shows; the default experiment has half a million."""

Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]

WHERE = {
    "bash": ("~/.local/share/bash-completion/completions/reportgen", "a new shell has it, with bash-completion"),
    "zsh": ("~/.zfunc/_reportgen", "with 'fpath+=~/.zfunc' before 'compinit' in ~/.zshrc"),
    "fish": ("~/.config/fish/completions/reportgen.fish", "a new shell has it"),
}
"""The file in which a shell looks for the script, and what that takes."""


def script(shell: str, program: click.Command) -> str:
    """The completion script of a shell, with a comment that says where it goes."""
    # The name of a variable that click looks for when the program starts.
    maker = _maker(shell)(program, {}, "reportgen", "_REPORTGEN_COMPLETE")
    text = maker.source_template % maker.source_vars()
    # A reportgen that has been removed since, or a broken one, shall not write between what somebody types.
    for call in (
        "_REPORTGEN_COMPLETE=bash_complete $1",
        "_REPORTGEN_COMPLETE=zsh_complete reportgen",
        "(commandline -t) reportgen",
    ):
        text = text.replace(call, f"{call} 2>/dev/null")
    place, how = WHERE[shell]
    comment = f"# Save as {place} ({how}):\n#   reportgen completion {shell} > {place}\n"
    # zsh wants its line first.
    first, rest = text.lstrip("\n").split("\n", 1)
    return f"{first}\n{comment}{rest}" if first.startswith("#compdef") else f"{comment}{first}\n{rest}"


def _maker(shell: str) -> type[ShellComplete]:
    found = get_completion_class(shell)
    if not found:
        raise ValueError(f"click knows no shell {shell!r}")
    return found


def from_list(words: Callable[[click.Context], Iterable[str]]) -> Completer:
    """A value for `shell_complete`: those of the words that begin with what is typed; none if there is an error."""

    @functools.wraps(words)
    def complete(ctx: click.Context, _: click.Parameter, typed: str) -> list[CompletionItem]:
        try:
            return [CompletionItem(word) for word in words(ctx) if word.startswith(typed)]
        except Exception:
            return []

    return complete


def folders(_: click.Context, __: click.Parameter, typed: str) -> list[CompletionItem]:
    """For options that take a folder as text."""
    return [CompletionItem(typed, type="dir")]


@from_list
def experiments(_: click.Context) -> list[str]:
    """What `reportgen new` knows: the experiment files that come with the package, and what else it starts."""
    import reportgen

    shipped = Path(reportgen.__file__).parent / "experiment" / "shipped"
    return sorted({*(file.stem for file in shipped.glob("*.toml")), "site", "workflow"})


@from_list
def animations(ctx: click.Context) -> list[str]:
    """Names that `reportgen embed` knows: the animations of the report in its folder."""
    file = Path(ctx.params.get("output") or "output") / "results.json"
    if not file.is_file() or file.stat().st_size > _LARGEST:
        return []
    media: dict[str, dict[str, Any]] = json.loads(file.read_bytes())["media"]
    return sorted(name for name, item in media.items() if item["kind"] == "animation")


@from_list
def executors(_: click.Context) -> tuple[str, ...]:
    """Names that `--executor` knows."""
    from reportgen.executors import executors

    return executors.names()


@from_list
def scenes(_: click.Context) -> list[str]:
    """Names that `--scene` may know; those of theory, which show no training, say so in their files."""
    import reportgen
    from reportgen.registry import stated_in

    moving = Path(reportgen.__file__).parent / "pictures" / "scenes"
    return sorted(file.stem for file in moving.glob("[!_]*.py") if stated_in(file, "of_training"))
