"""The output folder: a site that is, at every instant, the one before or the one after a build, links intact."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import groupby
from pathlib import Path, PurePosixPath

from reportgen.disk import locks
from reportgen.disk.files import OpenFolder, Seen, telling
from reportgen.errors import ExperimentError, RefusedError
from reportgen.output import allowed_folders, manifest
from reportgen.output.manifest import Manifest


@contextmanager
def claim(
    out: Path, inputs: Mapping[str, Path], cache: Path | None = None, *, adopt: bool = False, lock: bool = True
) -> Iterator[Output]:
    """The output folder `out`, made if need be, for this process alone until it is left.

    `inputs` and `cache` are where it may not be; see `allowed_folders.check`. With `adopt` it may hold what is not
    known to be ours. Raises `RefusedError`, `BusyError` or `MachineError`.
    """
    allowed_folders.check(out, inputs, cache)
    with telling(out, "write to the output folder"):
        out.mkdir(parents=True, exist_ok=True)
    with _opened(out, lock) as opened:
        allowed_folders.check(out, inputs, cache)
        if not os.path.samestat(out.stat(), os.fstat(opened.folder.descriptor)):
            raise RefusedError(f"{out} was replaced meanwhile; run the same command again", code="RG008")
        if opened.manifest is None:
            allowed_folders.check_strangers(opened.folder, adopt)
        yield opened


def clean(out: Path, *, dry_run: bool = False, lock: bool = True) -> list[Path]:
    """Delete what reportgen wrote into `out` and nobody changed, and return which files that is.

    Folders that this leaves empty go too, `out` itself stays. Raises `RefusedError` where there is no manifest.
    """
    if not out.is_dir():
        raise ExperimentError(f"there is no folder '{out}'")
    with _opened(out, lock) as opened:
        if opened.manifest is None:
            raise RefusedError(
                f"'{out}' has no list of files made by reportgen; nothing is deleted there", code="RG006"
            )
        return opened.clean(dry_run=dry_run)


def contents(out: Path) -> dict[str, str]:
    """SHA-256 of each file that is there of the report in `out`, by relative path."""
    with _opened(out, lock=False) as opened:
        known = opened.manifest.files if opened.manifest else {}
        return {name: seen.digest for name in known if (seen := opened._look(name))}


@contextmanager
def _opened(out: Path, lock: bool) -> Iterator[Output]:
    with ExitStack() as stack:
        with telling(out, "open"):
            folder = OpenFolder(stack.enter_context(locks.exclusive(out, lock=lock)), out)
        with telling(out / manifest.NAME, "read"):
            content = folder.read(manifest.NAME, manifest.LARGEST)
        yield Output(folder, manifest.parse(content) if content else None, alone=lock)


class Output:
    """An output folder that is open, and ours as far as its manifest says."""

    def __init__(self, folder: OpenFolder, known: Manifest | None, *, alone: bool) -> None:
        self.folder = folder
        self.manifest = known
        self._alone = alone

    @property
    def made_from(self) -> Mapping[str, str] | None:
        """What the files in the folder were made from; None if that is not known."""
        return self.manifest.made_from if self.manifest else None

    @property
    def listed(self) -> tuple[Path, ...]:
        """The files that are listed as ours."""
        return tuple(self.folder.path / name for name in self.manifest.files) if self.manifest else ()

    def is_current(self, made_from: Mapping[str, str]) -> bool:
        """Whether all that a build from `made_from` would publish is there, unchanged."""
        if self.manifest is None or self.manifest.made_from != made_from:
            return False
        return all(_is(self._look(name), digests) for name, digests in self.manifest.files.items())

    def publish(
        self,
        files: Mapping[str, bytes],
        made_from: Mapping[str, str],
        *,
        adopt: bool = False,
        overwrite_edited: bool = False,
    ) -> tuple[Path, ...]:
        """Make the site consist of `files`, relative path to content, and return where they are, in their order.

        What pages show goes before them, `index.html` is last, then goes what only the old site showed. Content that
        is there already is not written again. A file of ours that was edited is kept unless `overwrite_edited`; a
        file that is not ours is never touched, except by `adopt` together with `overwrite_edited`: `RefusedError`.
        All of it outlasts a loss of power that comes after the return.
        """
        wanted = {name: _of(name, content) for name, content in files.items()}
        known = self.manifest.files if self.manifest else {}
        there = {name: self._look(name) for name in {**known, **wanted}}
        ours = {name: tuple(dict.fromkeys(known.get(name, ()) + wanted.get(name, ()))) for name in there}
        same = {name for name in wanted if _is(there[name], wanted[name])}
        strange = [name for name in wanted if name not in known and name not in same and there[name]]
        if strange and not (adopt and overwrite_edited):
            raise self._taken(strange)
        kept = {name for name in known if there[name] and not _is(there[name], ours[name])}
        if overwrite_edited:
            kept -= wanted.keys()
        written = sorted(wanted.keys() - same - kept, key=_turn)
        doomed = known.keys() - wanted.keys() - kept
        if any(name.endswith(".html") for name in kept):
            doomed = set()  # that page may show what only the old site had
        staying = {name: ours[name] for name in (kept | known.keys() - wanted.keys()) - doomed if there[name]}
        final = Manifest({**wanted, **staying}, None if kept else dict(made_from))
        self._sweep({**known, **wanted})
        if written or doomed:
            # Whatever happens from here on, the next build knows the files of the old and of the new site as ours.
            self._note(Manifest(ours, None))
            for _, names in groupby(written, _stage):
                self._each(names, lambda name: self.folder.put(name, files[name], there[name]))
            self._remove(doomed)
        self._note(final)
        for name in sorted(kept):
            way = "--overwrite-edited replaces it" if name in wanted else "the report has no such file any more"
            self._warn(name, way)
        return tuple(self.folder.path / name for name in files)

    def clean(self, *, dry_run: bool = False) -> list[Path]:
        """Delete the files of the manifest that nobody changed, and return them; see the function `clean`."""
        known = self.manifest.files if self.manifest else {}
        there = {name: self._look(name) for name in known}
        doomed = sorted(name for name in known if _is(there[name], known[name]))
        kept = {name: known[name] for name in known if there[name] and name not in doomed}
        if not dry_run:
            self._sweep(known)
            self._remove(known.keys() - kept.keys())
            if kept:
                self._note(Manifest(kept, None))
            elif content := self.folder.look(manifest.NAME):
                self._each([manifest.NAME], lambda name: self.folder.remove(name, (content.digest,)), "remove")
        for name in sorted(kept):
            self._warn(name, "delete it yourself if it is not needed")
        return [self.folder.path / name for name in doomed]

    def _look(self, name: str) -> Seen | None:
        with telling(self.folder.path / name, "read"):
            return self.folder.look(name)

    def _note(self, new: Manifest) -> None:
        if new != self.manifest:
            seen = self._look(manifest.NAME)
            self._each([manifest.NAME], lambda name: self.folder.put(name, new.dump(), seen))
            self.manifest = new

    def _remove(self, names: Iterable[str]) -> None:
        """Remove files that still are as we wrote them, and the folders that this leaves empty."""
        known = self.manifest.files if self.manifest else {}
        names = sorted(names)
        self._each(names, lambda name: self.folder.remove(name, known[name]), "remove")
        for folder in sorted({folder for name in names for folder in _folders(name)} - {"."}, reverse=True):
            with telling(self.folder.path / folder, "remove"):
                self.folder.remove_folder(folder)
        with telling(self.folder.path):
            self.folder.flush(".")

    def _each(self, names: Iterable[str], do: Callable[[str], None], doing: str = "write") -> None:
        """Do it to each file, and have it on disk before anything else is done."""
        touched: set[str] = set()
        for name in names:
            touched.update(_folders(name))
            with telling(self.folder.path / name, doing):
                do(name)
        for folder in sorted(touched):
            with telling(self.folder.path / folder, doing):
                self.folder.flush(folder)

    def _sweep(self, names: Iterable[str]) -> None:
        if self._alone:
            for folder in sorted({folder for name in names for folder in _folders(name)} | {"."}):
                with telling(self.folder.path / folder, "clean"):
                    self.folder.sweep(folder)

    def _taken(self, names: list[str]) -> RefusedError:
        listed = ", ".join(str(self.folder.path / name) for name in names[:3]) + (", …" if len(names) > 3 else "")
        return RefusedError(
            f"the report has files of the names {listed}, and those that are there are not known to be made by "
            "reportgen; move them away, or replace them with --adopt --overwrite-edited",
            code="RG006",
        )

    def _warn(self, name: str, way: str) -> None:
        text = f"{self.folder.path / name} was edited and is kept as it is; {way}"
        logging.getLogger("reportgen").warning(text, extra={"code": "RG007"})


def _of(name: str, content: bytes) -> tuple[str, ...]:
    if not manifest.is_ours_to_name(name):
        raise ValueError(f"no name for a file of the report: {name!r}")
    return (hashlib.sha256(content).hexdigest(),)


def _is(seen: Seen | None, digests: tuple[str, ...]) -> bool:
    return seen is not None and seen.digest in digests


def _folders(name: str) -> list[str]:
    """The folders above a file, the output folder itself (".") being the last."""
    return [folder.as_posix() for folder in PurePosixPath(name).parents]


def _stage(name: str) -> int:
    """What is shown goes before what shows it."""
    if name == "index.html":
        return 4
    if name.endswith("/index.html"):
        return 3
    return 2 if name.endswith(".html") else 0 if name.startswith("media/") else 1


def _turn(name: str) -> tuple[int, str]:
    return _stage(name), name
