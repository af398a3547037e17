"""GitHub Pages: a branch of a remote that holds the site."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from reportgen.companions.publish import branch as branches
from reportgen.companions.publish.branch import BranchChange
from reportgen.companions.publish.finished_site import FinishedSite, HostLimits
from reportgen.companions.publish.git import REGULAR, Repository, TreeEntry

LIMITS = HostLimits(file=10**8, site=10**9)
"""GitHub Docs, "About large files on GitHub": files above 100 MiB are blocked. "GitHub Pages limits": published sites
may be no larger than 1 GB; deployments end after ten minutes, which nobody can know beforehand. Files are held to the
smaller 100 MB since larger ones are not searched for leaks."""

_HOST_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+", re.IGNORECASE)
_GITHUB = re.compile(r"(?:^|[@/])github\.com(?::\d+)?[:/]+([\w.-]+)/([\w.-]+?)(?:\.git)?/?$", re.IGNORECASE)


@dataclass(frozen=True)
class Publication:
    """A site and the branch that is to have it, as it was fetched."""

    repository: Repository
    remote: str
    address: str
    """Where pushes go, without user and password."""
    branch: str
    tip: str | None
    there: dict[str, TreeEntry]
    contents: dict[str, bytes]
    """What may have to be sent, by id."""
    change: BranchChange
    rewrite: bool
    """Whether what was published before is dropped from the history."""

    @property
    def final(self) -> dict[str, TreeEntry]:
        """All that the branch holds afterwards."""
        kept = {name: self.there[name] for name in self.change.kept}
        ids = {**self.change.ours, branches.NAME: _id(branches.dump(self.change.ours), self.repository.hash)}
        return dict(sorted({**kept, **{name: TreeEntry(REGULAR, digest) for name, digest in ids.items()}}.items()))

    @property
    def needed(self) -> bool:
        """Whether the branch is not already what it would become."""
        if self.final != self.there:
            return True
        return self.rewrite and self.tip is not None and self.repository.has_parents(self.tip)

    def push(self) -> str:
        """Do it, and return the id of the commit. Raises `MachineError` if the remote did not take it."""
        had = {entry.id for entry in self.there.values()}
        self.repository.add(self.contents[i] for i in sorted({entry.id for entry in self.final.values()} - had))
        parent = None if self.rewrite else self.tip
        made = self.repository.commit(self.final, parent, f"Publish the site: {self.change.summary()}\n")
        self.repository.push(self.remote, self.branch, made, replacing=self.tip if self.rewrite else None)
        return made

    def shown_at(self) -> str | None:
        """Address at which GitHub shows the branch; None for another host."""
        if name := self._domain():
            return f"https://{name}/"
        if not (found := _GITHUB.search(self.address)):
            return None
        owner, name = found[1].lower(), found[2]
        return f"https://{owner}.github.io/" + ("" if name.lower() == f"{owner}.github.io" else f"{name}/")

    def settings_at(self) -> str | None:
        """Address of the page that switches Pages on; None for another host."""
        found = _GITHUB.search(self.address)
        return f"https://github.com/{found[1]}/{found[2]}/settings/pages" if found else None

    def _domain(self) -> str | None:
        if not (entry := self.final.get("CNAME")):
            return None
        content = self.contents.get(entry.id) or self.repository.blob(entry.id)
        name = content.decode("utf-8", "replace").strip()
        return name.lower() if _HOST_NAME.fullmatch(name) else None


def prepare(
    site: FinishedSite,
    folder: Path,
    *,
    remote: str = "origin",
    branch: str = "gh-pages",
    adopt: bool = False,
    overwrite_edited: bool = False,
    rewrite_history: bool = False,
) -> Publication:
    """What publishing `site` to a branch would do, as far as can be known before; nothing is pushed.

    `folder` lies in the repository. Raises `ExperimentError`, `RefusedError` or `MachineError`.
    """
    repository = Repository(folder)
    address = repository.address(remote)
    repository.check_branch(branch)
    repository.check_identity()
    tip = repository.fetch(remote, branch)
    there = repository.tree(tip) if tip else {}
    # Without it GitHub hands the site to Jekyll, which leaves out what begins with an underscore.
    files = {".nojekyll": b"", **site.files}
    ids = {name: _id(content, repository.hash) for name, content in files.items()}
    listed = there.get(branches.NAME)
    known = branches.parse(repository.blob(listed.id)) if listed and listed.mode == REGULAR else None
    change = branches.plan(
        there,
        known,
        ids,
        branch=branch,
        adopt=adopt,
        overwrite_edited=overwrite_edited,
    )
    content = branches.dump(change.ours)
    contents = {ids[name]: files[name] for name in files} | {_id(content, repository.hash): content}
    return Publication(repository, remote, address, branch, tip, there, contents, change, rewrite_history)


def _id(content: bytes, function: str) -> str:
    """What git calls a file of this content."""
    return hashlib.new(function, b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
