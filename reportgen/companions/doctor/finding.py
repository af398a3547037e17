"""What was found, fit to be pasted where others read it."""

from __future__ import annotations

import os
import re
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Level = Literal["ok", "note", "problem"]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    name: str
    level: Level
    """A build can run with notes; with a problem it cannot, or not as it should."""
    text: str
    step: str = ""
    """What to do next; every problem has it."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", anonymous(self.text))
        object.__setattr__(self, "step", anonymous(self.step))


def anonymous(text: str) -> str:
    """Text without whose machine it is: the home folder is ~, user and host are $USER and $HOST."""
    home = os.path.expanduser("~")  # noqa: PTH111 - that of pathlib raises where there is no home
    for place in sorted({home, os.path.realpath(home)}, key=len, reverse=True):
        if place.startswith("/") and place != "/":
            text = re.sub(rf"{re.escape(place)}(?![^/\s:'\",;)])", "~", text)
    for name, word in _names().items():
        text = re.sub(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", word, text)
    return text


def _names() -> dict[str, str]:
    """What this user and this machine are called, unless that tells nothing."""
    found: dict[str, str] = {}
    with suppress(ImportError, KeyError, OSError):
        import pwd

        found[pwd.getpwuid(os.getuid()).pw_name] = "$USER"
    with suppress(OSError):
        found[socket.gethostname()] = "$HOST"
    return {name: word for name, word in found.items() if len(name) > 2 and name not in ("root", "localhost")}


def path(place: Path) -> str:
    """A path as a finding names it."""
    return f"'{place}'"


def size(count: float) -> str:
    """`"2.1 GB"`."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
