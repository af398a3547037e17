"""The output folder, updated so that its pages and links work at every moment of a build."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from itertools import groupby
from pathlib import Path, PurePosixPath

from reportgen.disk import locks
from reportgen.disk.files import FileState, OpenFolder, as_machine_error
from reportgen.errors import ExperimentError, RefusedError, ReportgenError
from reportgen.output import allowed_folders, manifest
from reportgen.output.manifest import Manifest


@contextmanager
def claim(
    out: Path, inputs: Mapping[str, Path], cache: Path | None = None, *, adopt: bool = False, lock: bool = True
) -> Iterator[OutputFolder]:
    """Open the output folder `out`, created if need be, for this process alone during the block.

    `inputs` and `cache` restrict where it may be; see `allowed_folders.check`. With `adopt` it may contain files that
    are not ours. Raises `RefusedError`, `BusyError` or `MachineError`.
    """
    allowed_folders.check(out, inputs, cache)
    is_new = not out.exists()
    with as_machine_error(out, "write to the output folder"):
        out.mkdir(parents=True, exist_ok=True)
    try:
        with _claimed(out, inputs, cache, adopt=adopt, lock=lock) as opened:
            yield opened
    except ReportgenError:
        if is_new:
            with suppress(OSError):  # it is not empty
                out.rmdir()
        raise


@contextmanager
def _claimed(
    out: Path, inputs: Mapping[str, Path], cache: Path | None, *, adopt: bool, lock: bool
) -> Iterator[OutputFolder]:
    with _open_output(out, lock) as opened:
        allowed_folders.check(out, inputs, cache)
        if not os.path.samestat(out.stat(), os.fstat(opened.folder.descriptor)):
            raise RefusedError(f"{out} was replaced during the check; run the same command again", code="RG008")
        if opened.manifest is None:
            allowed_folders.check_foreign_files(opened.folder, adopt)
        yield opened


def clean(out: Path, *, dry_run: bool = False, lock: bool = True) -> list[Path]:
    """Delete the files in `out` that reportgen wrote and that are unchanged, and return their paths.

    Folders that become empty are deleted too, except `out` itself. Raises `RefusedError` if there is no manifest.
    """
    if not out.is_dir():
        raise ExperimentError(f"there is no folder '{out}'")
    with _open_output(out, lock) as opened:
        if opened.manifest is None:
            raise RefusedError(f"'{out}' has no list of files made by reportgen; nothing was deleted", code="RG006")
        return opened.clean(dry_run=dry_run)


def file_digests(out: Path) -> dict[str, str]:
    """SHA-256 of each existing file of the report in `out`, by relative path."""
    with _open_output(out, lock=False) as opened:
        known = opened.manifest.files if opened.manifest else {}
        return {name: state.digest for name in known if (state := opened._state(name))}


@contextmanager
def _open_output(out: Path, lock: bool) -> Iterator[OutputFolder]:
    with ExitStack() as stack:
        with as_machine_error(out, "open"):
            folder = OpenFolder(stack.enter_context(locks.exclusive(out, lock=lock)), out)
        with as_machine_error(out / manifest.NAME, "read"):
            content = folder.read(manifest.NAME, manifest.LARGEST)
        yield OutputFolder(folder, manifest.parse(content) if content else None, alone=lock)


class OutputFolder:
    """An open output folder with its manifest."""

    def __init__(self, folder: OpenFolder, known: Manifest | None, *, alone: bool) -> None:
        self.folder = folder
        self.manifest = known
        self._alone = alone

    @property
    def made_from(self) -> Mapping[str, str] | None:
        """What the files in the folder were made from; None if unknown."""
        return self.manifest.made_from if self.manifest else None

    @property
    def listed_files(self) -> tuple[Path, ...]:
        """The paths of the files in the manifest."""
        return tuple(self.folder.path / name for name in self.manifest.files) if self.manifest else ()

    def is_current(self, made_from: Mapping[str, str]) -> bool:
        """True if the folder has, unchanged, every file that a build from `made_from` would publish."""
        if self.manifest is None or self.manifest.made_from != made_from:
            return False
        return all(_is_unchanged(self._state(name), digests) for name, digests in self.manifest.files.items())

    def publish(
        self,
        files: Mapping[str, bytes],
        made_from: Mapping[str, str],
        *,
        adopt: bool = False,
        overwrite_edited: bool = False,
    ) -> tuple[Path, ...]:
        """Make the site consist of `files`, content by relative path, and return their paths in the same order.

        Files that pages show are written before the pages, and `index.html` last; then files of the old site are
        removed. An unchanged file is not written again. An edited file of ours is kept unless `overwrite_edited`. A
        file that is not ours is replaced only with `adopt` and `overwrite_edited`, otherwise it raises `RefusedError`.
        The result survives a power loss after the return.
        """
        new = {name: _digests_of_content(name, content) for name, content in files.items()}
        known = self.manifest.files if self.manifest else {}
        states = {name: self._state(name) for name in {**known, **new}}
        ours = {name: tuple(dict.fromkeys(known.get(name, ()) + new.get(name, ()))) for name in states}
        same = {name for name in new if _is_unchanged(states[name], new[name])}
        foreign = [name for name in new if name not in known and name not in same and states[name]]
        if foreign and not (adopt and overwrite_edited):
            raise self._foreign_files_error(foreign)
        kept = {name for name in known if states[name] and not _is_unchanged(states[name], ours[name])}
        if overwrite_edited:
            kept -= new.keys()
        written = sorted(new.keys() - same - kept, key=lambda name: (_write_stage(name), name))
        removed = known.keys() - new.keys() - kept
        if any(name.endswith(".html") for name in kept):
            removed = set()  # the kept page may show files that only the old site has
        remaining = {name: ours[name] for name in (kept | known.keys() - new.keys()) - removed if states[name]}
        final = Manifest({**new, **remaining}, None if kept else dict(made_from))
        self._remove_temporary_files({**known, **new})
        if written or removed:
            # If this build fails from here on, the next one still knows the files of the old and the new site as ours.
            self._write_manifest(Manifest(ours, None))
            for _, names in groupby(written, _write_stage):
                self._apply_to_files(names, lambda name: self.folder.put(name, files[name], states[name]))
            self._remove(removed)
        self._write_manifest(final)
        for name in sorted(kept):
            self._warn_of_edited_file(
                name, "--overwrite-edited replaces it" if name in new else "the report no longer has such a file"
            )
        return tuple(self.folder.path / name for name in files)

    def clean(self, *, dry_run: bool = False) -> list[Path]:
        """Delete the unchanged files of the manifest and return their paths; see the function `clean`."""
        known = self.manifest.files if self.manifest else {}
        states = {name: self._state(name) for name in known}
        removed = sorted(name for name in known if _is_unchanged(states[name], known[name]))
        kept = {name: known[name] for name in known if states[name] and name not in removed}
        if not dry_run:
            self._remove_temporary_files(known)
            self._remove(known.keys() - kept.keys())
            if kept:
                self._write_manifest(Manifest(kept, None))
            elif content := self.folder.state(manifest.NAME):
                self._apply_to_files(
                    [manifest.NAME], lambda name: self.folder.remove(name, (content.digest,)), "remove"
                )
        for name in sorted(kept):
            self._warn_of_edited_file(name, "delete it yourself if it is not needed")
        return [self.folder.path / name for name in removed]

    def _state(self, name: str) -> FileState | None:
        with as_machine_error(self.folder.path / name, "read"):
            return self.folder.state(name)

    def _write_manifest(self, new: Manifest) -> None:
        if new != self.manifest:
            state = self._state(manifest.NAME)
            self._apply_to_files([manifest.NAME], lambda name: self.folder.put(name, new.dump(), state))
            self.manifest = new

    def _remove(self, names: Iterable[str]) -> None:
        """Remove files that are unchanged since we wrote them, and the folders that become empty."""
        known = self.manifest.files if self.manifest else {}
        names = sorted(names)
        self._apply_to_files(names, lambda name: self.folder.remove(name, known[name]), "remove")
        for folder in sorted({folder for name in names for folder in _folders(name)} - {"."}, reverse=True):
            with as_machine_error(self.folder.path / folder, "remove"):
                self.folder.remove_folder(folder)
        with as_machine_error(self.folder.path):
            self.folder.flush(".")

    def _apply_to_files(self, names: Iterable[str], operation: Callable[[str], None], action: str = "write") -> None:
        """Apply `operation` to each file, and flush the folders to disk before anything else is done."""
        touched: set[str] = set()
        for name in names:
            touched.update(_folders(name))
            with as_machine_error(self.folder.path / name, action):
                operation(name)
        for folder in sorted(touched):
            with as_machine_error(self.folder.path / folder, action):
                self.folder.flush(folder)

    def _remove_temporary_files(self, names: Iterable[str]) -> None:
        if self._alone:
            for folder in sorted({folder for name in names for folder in _folders(name)} | {"."}):
                with as_machine_error(self.folder.path / folder, "clean"):
                    self.folder.remove_temporary_files(folder)

    def _foreign_files_error(self, names: list[str]) -> RefusedError:
        listed = ", ".join(str(self.folder.path / name) for name in names[:3]) + (", …" if len(names) > 3 else "")
        return RefusedError(
            f"the report has files with the names {listed}, which exist already and were not made by reportgen; "
            "move them away, or replace them with --adopt --overwrite-edited",
            code="RG006",
        )

    def _warn_of_edited_file(self, name: str, advice: str) -> None:
        message = f"{self.folder.path / name} was edited and is kept as it is; {advice}"
        logging.getLogger("reportgen").warning(message, extra={"code": "RG007"})


def _digests_of_content(name: str, content: bytes) -> tuple[str, ...]:
    if not manifest.is_valid_name(name):
        raise ValueError(f"not a valid name for a file of the report: {name!r}")
    return (hashlib.sha256(content).hexdigest(),)


def _is_unchanged(state: FileState | None, digests: tuple[str, ...]) -> bool:
    return state is not None and state.digest in digests


def _folders(name: str) -> list[str]:
    """The folders above a file, from the innermost to the output folder itself (".")."""
    return [folder.as_posix() for folder in PurePosixPath(name).parents]


def _write_stage(name: str) -> int:
    """The place of a file in the order of writing: files that pages show come before the pages."""
    if name == "index.html":
        return 4
    if name.endswith("/index.html"):
        return 3
    return 2 if name.endswith(".html") else 0 if name.startswith("media/") else 1
