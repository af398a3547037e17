"""A repository, spoken to in git's plumbing: no local branch, index, work tree or HEAD is ever written.

What the user's settings would change about bytes and references is turned off for each command; how to reach the remote
(addresses, keys, credential helpers, proxies) is left to them. No command waits for somebody to type.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from reportgen.errors import ExperimentError, MachineError, did_you_mean
from reportgen.text import printable

REGULAR = "100644"
"""Mode of a plain file in a tree."""

OLDEST = (2, 29)
"""The first git with `fetch --no-write-fetch-head`."""

# Of the variables that git obeys only those that say how to reach a remote and who commits. The others (GIT_DIR,
# GIT_INDEX_FILE, …) are those of a hook or script that we were called from, or write credentials into a trace.
_ALLOWED = re.compile(
    r"GIT_(SSH\w*|SSL_\w+|HTTP_\w+|PROXY_\w+|ASKPASS|ALLOW_PROTOCOL|(AUTHOR|COMMITTER)_\w+"
    r"|CONFIG_(GLOBAL|SYSTEM|NOSYSTEM|COUNT|KEY_\d+|VALUE_\d+))"
)

_SETTINGS = {
    "core.fsmonitor": "false",
    "core.splitIndex": "false",
    "core.untrackedCache": "false",
    "index.sparse": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "fetch.writeCommitGraph": "false",
    "i18n.commitEncoding": "UTF-8",
    "push.followTags": "false",
    "push.gpgSign": "false",
    "push.recurseSubmodules": "no",
    "user.useConfigOnly": "true",  # git would make a name and an address up from user and host
}

_ADDRESS = re.compile(r"""(?<=://)[^\s'"]*@|(?<=\?)[^\s'"?]*=[^\s'"/]*""")
"""User and password in a URL, where a password that should have been escaped may hold a slash, and what follows "?",
which may be a token."""

_NOISE = ("hint:", "To ", "From ", "remote: Resolving", "remote: Counting", "remote: Compressing")


@dataclass(frozen=True)
class TreeEntry:
    """What a tree has under a name."""

    mode: str
    id: str


class GitError(MachineError):
    """git could not do it; the message is git's."""


class Repository:
    """The repository that a folder lies in."""

    def __init__(self, folder: Path) -> None:
        """Raises `ExperimentError` where there is none, `MachineError` where there is no git."""
        self._folder = folder.absolute()
        self._program = _program()
        self._environment = _environment()
        version = re.search(r"(\d+)\.(\d+)", self._run("version").decode())
        if version and (int(version[1]), int(version[2])) < OLDEST:
            oldest = ".".join(map(str, OLDEST))
            raise MachineError(f"this is git {version[0]}; publishing needs {oldest} or newer")
        try:
            self._run("rev-parse", "--git-dir")
        except GitError as error:
            if "not a git repository" not in str(error):
                raise
            raise ExperimentError(
                f"'{folder.absolute()}' is in no git repository; run this in the one whose remote is to have the site"
            ) from error
        form = self._run("rev-parse", "--show-object-format").decode().strip()
        self.hash = {"sha1": "sha1", "sha256": "sha256"}[form]
        """Name of the function that ids of objects are made with, as `hashlib` knows it."""
        self._environment |= self._patient_ssh()

    def address(self, remote: str) -> str:
        """Where pushes to `remote` go, without user and password; raises `ExperimentError` for an unknown one."""
        known = self._run("remote").decode().splitlines()
        if not known:
            raise ExperimentError("this repository has no remote; git remote add origin URL gives it one")
        if remote not in known:
            raise ExperimentError(f"unknown remote {redacted(remote)!r}.{did_you_mean(remote, known)}")
        return redacted(self._run("remote", "get-url", "--push", remote).decode().strip())

    def check_branch(self, branch: str) -> None:
        """Raise `ExperimentError` for what cannot be the name of a branch."""
        try:
            self._run("check-ref-format", f"refs/heads/{branch}")
            # This one knows which names would be taken for something else, such as HEAD, but also resolves some.
            self._run("check-ref-format", "--branch", branch)
        except GitError as error:
            raise ExperimentError(f"{branch!r} cannot be the name of a branch") from error
        if branch.startswith("refs/"):
            raise ExperimentError(f"{branch!r} is more than the name of a branch; leave 'refs/heads/' away")

    def check_identity(self) -> None:
        """Raise `MachineError` if git does not know who commits."""
        for who in ("GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"):
            try:
                self._run("var", who)
            except GitError as error:
                raise MachineError(
                    "git does not know who commits; git config user.name NAME and git config user.email ADDRESS tell it"
                ) from error

    def fetch(self, remote: str, branch: str) -> str | None:
        """Id of the last commit of a branch of `remote`, with all it leads to in our objects; None if there is none.

        No reference is written, not even the one that remembers the remote's branch.
        """
        reference = f"refs/heads/{branch}"
        listed = self._run("ls-remote", "--quiet", remote, reference).decode("utf-8", "replace").splitlines()
        tips = [line.split("\t")[0] for line in listed if line.endswith(f"\t{reference}")]
        if not tips:
            return None
        quiet = ["--quiet", "--no-tags", "--no-write-fetch-head", "--no-prune", "--no-recurse-submodules", "--refmap="]
        # Newer versions note the remote's HEAD with every fetch.
        self._run("fetch", *quiet, remote, reference, settings={f"remote.{remote}.followRemoteHEAD": "never"})
        try:
            self._run("cat-file", "-e", f"{tips[0]}^{{commit}}")
        except GitError as error:
            raise GitError(
                f"{branch} of {remote} was replaced while it was fetched; run the same command again", code="RG905"
            ) from error
        return tips[0]

    def tree(self, commit: str) -> dict[str, TreeEntry]:
        """What a commit holds, by path."""
        found = {}
        for line in self._run("ls-tree", "-r", "-z", "--full-tree", commit).split(b"\0")[:-1]:
            head, _, name = line.partition(b"\t")
            mode, _, digest = head.decode().split(" ")
            found[os.fsdecode(name)] = TreeEntry(mode, digest)
        return found

    def blob(self, digest: str) -> bytes:
        """Content of a file."""
        return self._run("cat-file", "blob", digest)

    def has_parents(self, commit: str) -> bool:
        """Whether anything came before a commit."""
        return b"\nparent " in self._run("cat-file", "commit", commit).partition(b"\n\n")[0]

    def add(self, contents: Iterable[bytes]) -> None:
        """Put files into the objects as they are, whatever filters and line ends the user has set up."""
        feed = (part for content in contents for part in (b"blob\ndata %d\n" % len(content), content, b"\n"))
        self._run("fast-import", "--quiet", feed=feed)

    def commit(self, entries: Mapping[str, TreeEntry], parent: str | None, message: str) -> str:
        """Id of a new commit, which no reference knows yet."""
        lines = (f"{entry.mode} {entry.id}\t".encode() + os.fsencode(name) for name, entry in entries.items())
        with tempfile.TemporaryDirectory(prefix="reportgen-") as folder:
            private = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
            self._run("update-index", "-z", "--index-info", feed=(line + b"\0" for line in lines), variables=private)
            # Kept files of a clone without their content need not be fetched to be kept.
            tree = self._run("write-tree", "--missing-ok", variables=private).decode().strip()
        parents = ["-p", parent] if parent else []
        made = self._run("commit-tree", "--no-gpg-sign", tree, *parents, feed=[message.encode()])
        return made.decode().strip()

    def push(self, remote: str, branch: str, commit: str, *, replacing: str | None = None) -> None:
        """Make `commit` the last one of a branch of `remote`, which must follow what is there.

        With `replacing` it need not follow, but that must be the last one there. Raises `GitError` if the remote did
        not take it.
        """
        lease = [f"--force-with-lease=refs/heads/{branch}:{replacing}"] if replacing else []
        settings = {f"remote.{remote}.mirror": "false"}
        self._run("push", "--no-progress", *lease, remote, f"{commit}:refs/heads/{branch}", settings=settings)

    def _patient_ssh(self) -> dict[str, str]:
        """The user's ssh, told never to ask."""
        command = self._environment.get("GIT_SSH_COMMAND", "")
        if not command:
            if "GIT_SSH" in self._environment:
                return {}  # a program of somebody's own; only it knows its options
            with suppress(GitError):  # which says that there is no such setting
                command = self._run("config", "core.sshCommand").decode().strip()
        command = command or "ssh"
        return {"GIT_SSH_COMMAND": f"{command} -o BatchMode=yes"} if Path(command.split()[0]).name == "ssh" else {}

    def _run(
        self,
        verb: str,
        *arguments: str,
        feed: Iterable[bytes] = (),
        settings: Mapping[str, str] | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> bytes:
        """What a command of git writes to standard output; raises `GitError` with what it wrote to the other one."""
        chosen = [
            part for name, value in {**_SETTINGS, **(settings or {})}.items() for part in ("-c", f"{name}={value}")
        ]
        # Files take any amount, so that neither side waits for the other; a session of its own has no terminal to ask.
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            process = subprocess.Popen(  # noqa: S603 - no shell, and arguments that git cannot take for options
                [self._program, *chosen, verb, *arguments],
                cwd=self._folder,
                env=self._environment | dict(variables or {}),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=errors,
                start_new_session=True,
            )
            try:
                _feed(process, feed)
                process.wait()
            except BaseException:
                _end(process)
                raise
            output.seek(0)
            errors.seek(0)
            if process.returncode:
                # A hook of the user's may write to either.
                written = errors.read() + (output.read() if verb == "push" else b"")
                raise GitError(f"git {verb} failed: {_said(written, process.returncode)}", code="RG905")
            return output.read()


def redacted(text: str) -> str:
    """Text in which addresses have neither user nor password nor token."""
    return _ADDRESS.sub("", text)


def _program() -> str:
    if not (program := shutil.which("git")):
        raise MachineError("git is not installed, or not on PATH; publishing needs it")
    return program


def _environment() -> dict[str, str]:
    theirs = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or _ALLOWED.match(name)}
    silent = {
        "LC_ALL": "C",
        "GIT_TERMINAL_PROMPT": "0",
        "GCM_INTERACTIVE": "never",
        "SSH_ASKPASS_REQUIRE": "never",
        "GIT_NO_REPLACE_OBJECTS": "1",
    }
    # Whoever set GIT_ASKPASS has a program that answers; without it git would start one that opens a window.
    return {"GIT_ASKPASS": ""} | theirs | silent


def _feed(process: subprocess.Popen[bytes], parts: Iterable[bytes]) -> None:
    assert process.stdin is not None  # noqa: S101 - it was asked for
    with suppress(BrokenPipeError):  # git has ended, and will say why
        for part in parts:
            process.stdin.write(part)
    with suppress(BrokenPipeError):
        process.stdin.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(2)
            return


def _said(errors: bytes, code: int) -> str:
    """What git wrote, in one line, without addresses' passwords."""
    lines = [printable(redacted(line).strip()) for line in errors.decode("utf-8", "replace").splitlines()]
    text = "; ".join(line for line in lines if line and line != "remote:" and not line.startswith(_NOISE))
    return text[:1000] or f"exit code {code}"
