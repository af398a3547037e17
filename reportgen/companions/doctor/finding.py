"""Findings of `reportgen doctor`, without names of the user or the machine, so that they can be pasted anywhere."""

from __future__ import annotations

import os
import re
import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "note", "problem"]


@dataclass(frozen=True)
class Finding:
    """The result of one check."""

    name: str
    level: Level
    """A build runs with notes; with a problem it fails or gives wrong results."""
    text: str
    step: str = ""
    """What to do next; every problem has it."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", anonymous(self.text))
        object.__setattr__(self, "step", anonymous(self.step))


def anonymous(text: str) -> str:
    """Text in which the home folder is ~, the user $USER and the host $HOST."""
    home = os.path.expanduser("~")  # noqa: PTH111 - that of pathlib raises where there is no home
    for folder in sorted({home, os.path.realpath(home)}, key=len, reverse=True):
        if folder.startswith("/") and folder != "/":
            text = re.sub(rf"{re.escape(folder)}(?![^/\s:'\",;)])", "~", text)
    for name, variable in _private_names().items():
        text = re.sub(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", variable, text)
    return text


def _private_names() -> dict[str, str]:
    """Names of this user and host, and the variables that replace them; without names that many machines have."""
    variables: dict[str, str] = {}
    with suppress(ImportError, KeyError, OSError):
        import pwd

        variables[pwd.getpwuid(os.getuid()).pw_name] = "$USER"
    with suppress(OSError):
        variables[socket.gethostname()] = "$HOST"
    return {name: value for name, value in variables.items() if len(name) > 2 and name not in ("root", "localhost")}
