"""GitHub Pages: publishing a site on a branch of a remote."""

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
may be no larger than 1 GB; deployments end after ten minutes, which cannot be checked beforehand. The limit here is the
smaller 100 MB, since larger files are not searched for leaks."""

_HOST_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+", re.IGNORECASE)
_GITHUB = re.compile(r"(?:^|[@/])github\.com(?::\d+)?[:/]+([\w.-]+)/([\w.-]+?)(?:\.git)?/?$", re.IGNORECASE)


@dataclass(frozen=True)
class Publication:
    """A site, and the fetched branch that it is to be published on."""

    repository: Repository
    remote: str
    address: str
    """The push address, without user and password."""
    branch: str
    tip: str | None
    current: dict[str, TreeEntry]
    """The files of the branch at present."""
    contents: dict[str, bytes]
    """Contents that may have to be sent, by id."""
    change: BranchChange
    rewrite: bool
    """True to drop earlier commits of the branch."""

    @property
    def final(self) -> dict[str, TreeEntry]:
        """The files of the branch after publishing."""
        kept = {name: self.current[name] for name in self.change.kept}
        ids = {**self.change.ours, branches.NAME: _id(branches.dump(self.change.ours), self.repository.hash)}
        return dict(sorted({**kept, **{name: TreeEntry(REGULAR, digest) for name, digest in ids.items()}}.items()))

    @property
    def needed(self) -> bool:
        """True if publishing changes the branch."""
        if self.final != self.current:
            return True
        return self.rewrite and self.tip is not None and self.repository.has_parents(self.tip)

    def push(self) -> str:
        """Push the change, and return the id of the commit. Raises `MachineError` if the remote refuses."""
        present = {entry.id for entry in self.current.values()}
        self.repository.add(self.contents[i] for i in sorted({entry.id for entry in self.final.values()} - present))
        parent = None if self.rewrite else self.tip
        commit = self.repository.commit(self.final, parent, f"Publish the site: {self.change.summary()}\n")
        self.repository.push(self.remote, self.branch, commit, replacing=self.tip if self.rewrite else None)
        return commit

    def site_address(self) -> str | None:
        """The address of the site on GitHub Pages; None for another host."""
        if name := self._domain():
            return f"https://{name}/"
        if not (match := _GITHUB.search(self.address)):
            return None
        owner, name = match[1].lower(), match[2]
        return f"https://{owner}.github.io/" + ("" if name.lower() == f"{owner}.github.io" else f"{name}/")

    def settings_address(self) -> str | None:
        """The address of the page that switches Pages on; None for another host."""
        match = _GITHUB.search(self.address)
        return f"https://github.com/{match[1]}/{match[2]}/settings/pages" if match else None

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
    """Fetch a branch, and compute how publishing `site` would change it; nothing is pushed.

    `folder` lies in the repository. Raises `ExperimentError`, `RefusedError` or `MachineError`.
    """
    repository = Repository(folder)
    address = repository.address(remote)
    repository.check_branch(branch)
    repository.check_identity()
    tip = repository.fetch(remote, branch)
    current = repository.tree(tip) if tip else {}
    # Without .nojekyll GitHub runs Jekyll, which leaves out names that begin with an underscore.
    files = {".nojekyll": b"", **site.files}
    ids = {name: _id(content, repository.hash) for name, content in files.items()}
    listed = current.get(branches.NAME)
    known = branches.parse(repository.blob(listed.id)) if listed and listed.mode == REGULAR else None
    change = branches.plan(
        current,
        known,
        ids,
        branch=branch,
        adopt=adopt,
        overwrite_edited=overwrite_edited,
    )
    content = branches.dump(change.ours)
    contents = {ids[name]: files[name] for name in files} | {_id(content, repository.hash): content}
    return Publication(repository, remote, address, branch, tip, current, contents, change, rewrite_history)


def _id(content: bytes, function: str) -> str:
    """The git object id of a file with this content."""
    return hashlib.new(function, b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
