"""A repository with a bare remote, and a git that knows no settings but those of the test."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import outputs
import pytest
from click.testing import CliRunner, Result

from reportgen.cli.program import program
from reportgen.companions.publish import refuse_leaks
from reportgen.output import output_folder


@dataclass
class World:
    folder: Path

    @property
    def work(self) -> Path:
        return self.folder / "work"

    @property
    def remote(self) -> Path:
        return self.folder / "remote.git"

    @property
    def out(self) -> Path:
        return self.work / "output"

    def git(self, *arguments: str, cwd: Path | None = None, text: str | None = None) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=cwd or self.work, capture_output=True, text=True, input=text, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.rstrip("\n")

    def build(self, files: dict[str, bytes] | str = "old") -> dict[str, bytes]:
        """Have a site in the output folder."""
        site = {"old": outputs.OLD, "new": outputs.NEW}[files] if isinstance(files, str) else files
        with output_folder.claim(self.out, {}) as place:
            place.publish(site, {"settings": "x"})
        return site

    def publish(self, *options: str, folder: str = "output", host: str = "gh-pages") -> Result:
        return CliRunner().invoke(program, ["publish", host, folder, *options], prog_name="reportgen")

    def tip(self, branch: str = "gh-pages") -> str | None:
        listed = self.git("for-each-ref", "--format=%(objectname)", f"refs/heads/{branch}", cwd=self.remote)
        return listed or None

    def commits(self) -> int:
        return int(self.git("rev-list", "--count", "gh-pages", cwd=self.remote))

    def on_branch(self, branch: str = "gh-pages") -> dict[str, bytes]:
        """Content of every file on the remote's branch but our list."""
        names = self.git("ls-tree", "-r", "-z", "--name-only", branch, cwd=self.remote).split("\0")[:-1]
        command = ["git", "cat-file", "blob"]
        return {
            name: subprocess.run([*command, f"{branch}:{name}"], cwd=self.remote, capture_output=True).stdout
            for name in names
            if name != ".reportgen-published.json"
        }

    def commit(self, files: dict[str, bytes | None], branch: str = "gh-pages") -> str:
        """Somebody else adds, edits or deletes (None) files on the remote's branch."""
        other = self.folder / "other"
        if not other.exists():
            self.git("clone", "-q", str(self.remote), str(other), cwd=self.folder)
        self.git("fetch", "-q", "origin", cwd=other)
        if self.tip(branch):
            self.git("checkout", "-q", "-B", branch, f"origin/{branch}", cwd=other)
        else:
            self.git("checkout", "-q", "--orphan", branch, cwd=other)
        for name, content in files.items():
            path = other / name
            if content is None:
                path.unlink()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        self.git("add", "-A", cwd=other)
        self.git("commit", "-q", "-m", "by hand", cwd=other)
        self.git("push", "-q", "origin", branch, cwd=other)
        tip = self.tip(branch)
        assert tip
        return tip


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(refuse_leaks.check, "inspect", lambda files, **_: ())  # the check has tests of its own
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    (tmp_path / "gitconfig").write_text("[user]\nname = A\nemail = a@example.org\n[init]\ndefaultBranch = main\n")
    (tmp_path / "home").mkdir()
    made = World(tmp_path)
    made.git("init", "-q", "--bare", str(made.remote), cwd=tmp_path)
    made.git("init", "-q", str(made.work), cwd=tmp_path)
    made.git("remote", "add", "origin", str(made.remote))
    (made.work / "notes.txt").write_text("mine\n")
    made.git("add", "-A")
    made.git("commit", "-q", "-m", "first")
    monkeypatch.chdir(made.work)
    return made
