"""A git repository, used through plumbing commands: no local branch, index, work tree or HEAD is ever written.

Settings of the user that would change bytes or references are switched off for each command; settings that say how to
reach the remote (addresses, keys, credential helpers, proxies) stay. No command waits for input.
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

# Variables that say how to reach a remote and who commits. Others (GIT_DIR, GIT_INDEX_FILE, …) belong to a hook or
# script that called us, or write credentials into a trace.
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
    "user.useConfigOnly": "true",  # git would invent a name and an address from user and host
}

_ADDRESS = re.compile(r"""(?<=://)[^\s'"]*@|(?<=\?)[^\s'"?]*=[^\s'"/]*""")
"""User and password in a URL, also with an unescaped slash in the password, and the query, which may be a token."""

_NOISE = ("hint:", "To ", "From ", "remote: Resolving", "remote: Counting", "remote: Compressing")


@dataclass(frozen=True)
class TreeEntry:
    """An entry of a git tree."""

    mode: str
    id: str


class GitError(MachineError):
    """A git command failed; the message is git's."""


class Repository:
    """The git repository of a folder."""

    def __init__(self, folder: Path) -> None:
        """Raises `ExperimentError` if the folder is in no repository, `MachineError` without git."""
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
                f"'{folder.absolute()}' is in no git repository; run this in the repository whose remote gets the site"
            ) from error
        form = self._run("rev-parse", "--show-object-format").decode().strip()
        self.hash = {"sha1": "sha1", "sha256": "sha256"}[form]
        """The hash function of object ids, as `hashlib` names it."""
        self._environment |= self._batch_ssh()

    def address(self, remote: str) -> str:
        """The push address of `remote`, without user and password; raises `ExperimentError` for an unknown remote."""
        known = self._run("remote").decode().splitlines()
        if not known:
            raise ExperimentError("this repository has no remote; git remote add origin URL gives it one")
        if remote not in known:
            raise ExperimentError(f"unknown remote {redacted(remote)!r}.{did_you_mean(remote, known)}")
        return redacted(self._run("remote", "get-url", "--push", remote).decode().strip())

    def check_branch(self, branch: str) -> None:
        """Raise `ExperimentError` for an invalid branch name."""
        try:
            self._run("check-ref-format", f"refs/heads/{branch}")
            # --branch refuses names with another meaning, such as HEAD, but also resolves some.
            self._run("check-ref-format", "--branch", branch)
        except GitError as error:
            raise ExperimentError(f"{branch!r} cannot be the name of a branch") from error
        if branch.startswith("refs/"):
            raise ExperimentError(f"{branch!r} is more than the name of a branch; leave out 'refs/heads/'")

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
        """Fetch a branch of `remote`, and return the id of its last commit; None if there is no such branch.

        No reference is written, not even the remote-tracking branch.
        """
        reference = f"refs/heads/{branch}"
        listed = self._run("ls-remote", "--quiet", remote, reference).decode("utf-8", "replace").splitlines()
        tips = [line.split("\t")[0] for line in listed if line.endswith(f"\t{reference}")]
        if not tips:
            return None
        quiet = ["--quiet", "--no-tags", "--no-write-fetch-head", "--no-prune", "--no-recurse-submodules", "--refmap="]
        # Newer versions of git record the remote's HEAD with every fetch.
        self._run("fetch", *quiet, remote, reference, settings={f"remote.{remote}.followRemoteHEAD": "never"})
        try:
            self._run("cat-file", "-e", f"{tips[0]}^{{commit}}")
        except GitError as error:
            raise GitError(
                f"{branch} of {remote} was replaced while it was fetched; run the same command again", code="RG905"
            ) from error
        return tips[0]

    def tree(self, commit: str) -> dict[str, TreeEntry]:
        """The files of a commit, by path."""
        entries = {}
        for line in self._run("ls-tree", "-r", "-z", "--full-tree", commit).split(b"\0")[:-1]:
            head, _, name = line.partition(b"\t")
            mode, _, digest = head.decode().split(" ")
            entries[os.fsdecode(name)] = TreeEntry(mode, digest)
        return entries

    def blob(self, digest: str) -> bytes:
        """The content of a file."""
        return self._run("cat-file", "blob", digest)

    def has_parents(self, commit: str) -> bool:
        """True if a commit has parents."""
        return b"\nparent " in self._run("cat-file", "commit", commit).partition(b"\n\n")[0]

    def add(self, contents: Iterable[bytes]) -> None:
        """Add files to the object database unchanged, without the user's filters and line-end conversion."""
        feed = (part for content in contents for part in (b"blob\ndata %d\n" % len(content), content, b"\n"))
        self._run("fast-import", "--quiet", feed=feed)

    def commit(self, entries: Mapping[str, TreeEntry], parent: str | None, message: str) -> str:
        """Create a commit that no reference points to, and return its id."""
        lines = (f"{entry.mode} {entry.id}\t".encode() + os.fsencode(name) for name, entry in entries.items())
        with tempfile.TemporaryDirectory(prefix="reportgen-") as folder:
            private = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
            self._run("update-index", "-z", "--index-info", feed=(line + b"\0" for line in lines), variables=private)
            # A partial clone need not fetch the content of kept files.
            tree = self._run("write-tree", "--missing-ok", variables=private).decode().strip()
        parents = ["-p", parent] if parent else []
        commit = self._run("commit-tree", "--no-gpg-sign", tree, *parents, feed=[message.encode()])
        return commit.decode().strip()

    def push(self, remote: str, branch: str, commit: str, *, replacing: str | None = None) -> None:
        """Make `commit` the last commit of a branch of `remote`; it must descend from the current one.

        With `replacing`, the id of the current last commit, it need not descend from it. Raises `GitError` if the
        remote refuses.
        """
        lease = [f"--force-with-lease=refs/heads/{branch}:{replacing}"] if replacing else []
        settings = {f"remote.{remote}.mirror": "false"}
        self._run("push", "--no-progress", *lease, remote, f"{commit}:refs/heads/{branch}", settings=settings)

    def _batch_ssh(self) -> dict[str, str]:
        """The variable that makes the user's ssh never ask for input."""
        command = self._environment.get("GIT_SSH_COMMAND", "")
        if not command:
            if "GIT_SSH" in self._environment:
                return {}  # another program, whose options are unknown
            with suppress(GitError):  # raised if there is no such setting
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
        """The standard output of a git command; raises `GitError` with its standard error."""
        options = [
            part for name, value in {**_SETTINGS, **(settings or {})}.items() for part in ("-c", f"{name}={value}")
        ]
        # Files take any amount of output without blocking; a new session has no terminal to ask on.
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            process = subprocess.Popen(  # noqa: S603 - no shell, and arguments that git cannot take for options
                [self._program, *options, verb, *arguments],
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
                # A hook may write to either stream.
                written = errors.read() + (output.read() if verb == "push" else b"")
                raise GitError(f"git {verb} failed: {_error_text(written, process.returncode)}", code="RG905")
            return output.read()


def redacted(text: str) -> str:
    """Text without the users, passwords and tokens of its addresses."""
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
    # A program that the user set as GIT_ASKPASS answers; without it git would start one that opens a window.
    return {"GIT_ASKPASS": ""} | theirs | silent


def _feed(process: subprocess.Popen[bytes], parts: Iterable[bytes]) -> None:
    assert process.stdin is not None  # noqa: S101 - it was asked for
    with suppress(BrokenPipeError):  # git has ended; its standard error says why
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


def _error_text(errors: bytes, code: int) -> str:
    """The messages of git in one line, without passwords."""
    lines = [printable(redacted(line).strip()) for line in errors.decode("utf-8", "replace").splitlines()]
    text = "; ".join(line for line in lines if line and line != "remote:" and not line.startswith(_NOISE))
    return text[:1000] or f"exit code {code}"
