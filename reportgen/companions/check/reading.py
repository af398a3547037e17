"""A folder on disk as a mapping of files, each read when it is needed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from reportgen.companions.check.problem import Problem
from reportgen.disk import files
from reportgen.errors import ExperimentError


class FolderFiles(Mapping[str, bytes]):
    """Every regular file below a folder, by its relative path with slashes.

    Symbolic links to files and folders are never followed: they are `problems`, like everything else that cannot be
    published. Only `.git` is left out, since history is no part of a site. The list of files that reportgen keeps there
    is checked like any other file, since a copy of the folder includes it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._sizes: dict[str, int] = {}
        problems = []
        for entry in _entries(path):
            name = os.path.relpath(entry.path, path).replace(os.sep, "/")
            if entry.is_symlink():
                problems.append(Problem("link", name, None, "a symbolic link is neither followed nor published"))
            elif entry.is_file(follow_symlinks=False):
                self._sizes[name] = entry.stat(follow_symlinks=False).st_size
            else:
                problems.append(Problem("link", name, None, "it is no regular file, and is not published"))
        self.problems = tuple(problems)

    def size(self, name: str) -> int:
        """The size of a file in bytes, without reading it."""
        return self._sizes[name]

    def __getitem__(self, name: str) -> bytes:
        size = self._sizes[name]  # an unknown name is a KeyError and never reaches the disk
        with files.open_regular(self.path / name, follow=False) as file:
            return file.read(size)  # no more, even if it grows meanwhile

    def __iter__(self) -> Iterator[str]:
        return iter(self._sizes)

    def __len__(self) -> int:
        return len(self._sizes)


def open_folder(path: str | os.PathLike[str]) -> FolderFiles:
    """The files of a folder, for `inspect`.

    Raises `ExperimentError` if there is no such folder, `OSError` if it cannot be read. Reading a file raises
    `OSError`, or `ValueError` if it is no regular file any more.
    """
    if not os.path.isdir(path):  # noqa: PTH112 - false, not an error, for a name with a zero byte
        raise ExperimentError(f"there is no folder {str(path)!r}")
    return FolderFiles(Path(path))


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    waiting = [os.fspath(folder)]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.name == ".git":
                    continue
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                else:
                    yield entry
