"""The line and column of each key in a TOML file, which tomllib does not report."""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right

Path = tuple[str | int, ...]

_KEY = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'""")
_DOT = re.compile(r"[ \t]*\.[ \t]*")
_DEEPEST = 100
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SCALAR = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|[^,\]}#\n]+',
    re.DOTALL,
)


def positions(text: str) -> dict[Path, tuple[int, int]]:
    """(line, column), both from 1, of every key and array item in `text`, which must be valid TOML.

    A path holds keys, and an index for each array item: `("arms", 2, "strength")`. Raises `RecursionError` if a key has
    more than 100 parts.
    """
    return _Scanner(text).positions


def syntax_error(error: tomllib.TOMLDecodeError, text: str) -> tuple[str, int, int]:
    """The message, line and column of a syntax error in `text`."""
    message, _, position = str(error).rpartition(" (at ")
    if match := re.match(r"line (\d+), column (\d+)", position):
        line, column = int(match[1]), int(match[2])
        if hint := _hint(text.split("\n")[line - 1]):
            message = f"{message}; {hint}"
        return f"not valid TOML: {message}", line, column
    return f"not valid TOML: {message or position}", text.count("\n") + 1, 1


def _hint(line: str) -> str:
    """The likely correction of a line that is not TOML; empty if unknown."""
    value = line.partition("=")[2].strip()
    if re.match(r"\d+[.\-/]\d+[.\-/]\d+", value):
        return "write a valid date, like 2026-11-23"
    if re.match(r"\d+,\d", value):
        return "write a decimal number with a point, like 0.01"
    if re.match(r"[A-Za-z]", value) and not re.match(r"(?:true|false|inf|nan)\b", value):
        return "write text between quotes"
    return ""


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = [0, *(newline.end() for newline in re.finditer("\n", text))]
        self.at = 0
        self.positions: dict[Path, tuple[int, int]] = {}
        self.arrays: dict[Path, int] = {}
        table: Path = ()
        self._skip()
        while self.at < len(text):
            if text[self.at] == "[":
                table = self._header()
            else:
                self._pair(table)
            self._skip()

    def _skip(self, pattern: re.Pattern[str] = _BLANK) -> None:
        if match := pattern.match(self.text, self.at):
            self.at = match.end()

    def _mark(self, path: Path, at: int) -> None:
        line = bisect_right(self.lines, at)
        self.positions.setdefault(path, (line, at - self.lines[line - 1] + 1))

    def _key(self) -> list[str]:
        """Read a dotted key."""
        parts: list[str] = []
        while match := _KEY.match(self.text, self.at):
            if len(parts) == _DEEPEST:
                raise RecursionError
            parts.append(_unquoted(match.group()))
            self.at = match.end()
            dot = _DOT.match(self.text, self.at)
            if not dot:
                break
            self.at = dot.end()
        return parts

    def _header(self) -> Path:
        """Read `[table]` or `[[array of tables]]`; returns the path of the table."""
        start = self.at
        is_array = self.text.startswith("[[", self.at)
        self.at += 2 if is_array else 1
        self._skip()
        path: Path = ()
        keys = self._key()
        for depth, key in enumerate(keys):
            path = (*path, key)
            if is_array and depth == len(keys) - 1:
                self.arrays[path] = self.arrays.get(path, -1) + 1
            self._mark(path, start)
            if path in self.arrays:
                path = (*path, self.arrays[path])
                self._mark(path, start)
        self._skip()
        self.at += 2 if is_array else 1
        return path

    def _pair(self, table: Path) -> None:
        start, path = self.at, table
        for key in self._key():
            path = (*path, key)
            self._mark(path, start)
        self._skip()
        self.at += 1  # the equals sign
        self._skip()
        self._value(path)

    def _value(self, path: Path) -> None:
        opening = self.text[self.at]
        if opening not in "[{":
            self._skip(_SCALAR)
            return
        self.at += 1
        self._skip()
        item = 0
        while self.text[self.at] not in "]}":
            if opening == "{":
                self._pair(path)
            else:
                self._mark((*path, item), self.at)
                self._value((*path, item))
                item += 1
            self._skip()
            if self.text[self.at] == ",":
                self.at += 1
                self._skip()
        self.at += 1


def _unquoted(key: str) -> str:
    if key[0] not in "\"'":
        return key
    return next(iter(tomllib.loads(f"{key} = 0"))) if "\\" in key else key[1:-1]
