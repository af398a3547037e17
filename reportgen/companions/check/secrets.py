"""Private values of this machine: names of users and hosts, folders, and passwords."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

COMMON = frozenset(
    """
    root user users admin administrator nobody daemon guest test tests testing tester dev developer devel develop
    build builder builds runner runners ci worker workers agent agents app apps web www data www-data node nodes
    server servers host hosts hostname localhost local localdomain docker container podman vagrant jenkins gitlab
    gitlab-runner github git hg svn ubuntu debian fedora centos alpine arch archlinux kali pi raspberrypi linux
    macos darwin windows mac macbook macbook-air macbook-pro imac laptop desktop computer machine workstation
    notebook home house work workspace codespace codespaces vscode gitpod coder jovyan colab sandbox default
    example sample demo student teacher scientist research researcher analysis analyst engineer training trainer
    network networks model models learning machine-learning experiment experiments regularization gradient
    animation report reports reportgen postgres mysql redis nginx apache ec2-user azureuser circleci travis
    teamcity bamboo buildkite bitbucket jupyter anaconda conda python system service services operator deploy
    deployer deployment release production staging internal external unknown anonymous username password secret
    """.split()  # noqa: SIM905 - a list of words is read as words
)
"""Common names of users and machines, which identify nobody and occur in any text."""

_SECRET_NAME = re.compile(
    r"(?:^|_)(?:TOKENS?|SECRETS?|(?:SSH)?PASS|PASSWD|PASSWORD\d*|PASSPHRASE|PWD|AUTH|PAT|APIKEY|CREDENTIAL|CREDENTIALS|DSN|"
    r"(?:API|ACCESS|PRIVATE|SECRET|SIGNING|ENCRYPTION|MASTER|AUTH|ACCOUNT|SERVICE|LICENSE|DEPLOY)_?KEYS?|KEY|"
    r"ACCESSTOKEN|AUTHTOKEN|COOKIE|CONNECTION_STRING)(?:_\w+)?$|(?:TOKEN|SECRET|PASSWORD|APIKEY)$",
    re.IGNORECASE,
)
_NOT_SECRET = frozenset({"PWD", "OLDPWD"})
_IN_ADDRESS = re.compile(
    r"[a-z][a-z0-9+.-]*://[^\s/:@]*:([^\s/@]+)@|[a-z][a-z0-9+.-]*://([^\s/:@]{16,})@", re.IGNORECASE
)


@dataclass(frozen=True, repr=False)
class Secrets:
    """Values that must not be published. Its repr shows their number, never the values."""

    folders: tuple[tuple[str, str], ...] = ()
    """Description, like "the home folder", and absolute path."""
    users: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    values: tuple[tuple[str, str], ...] = ()
    """Description, like "the value of GITHUB_TOKEN", and value."""

    def __repr__(self) -> str:
        counts = (len(self.folders), len(self.users), len(self.hosts), len(self.values))
        return "Secrets({} folders, {} users, {} hosts, {} values)".format(*counts)

    def without_names_in(self, text: str) -> Secrets:
        """The secrets without names of users and machines that a public text, such as the site's address, contains."""
        text = text.lower()
        users, hosts = (tuple(name for name in names if name.lower() not in text) for names in (self.users, self.hosts))
        return Secrets(self.folders, users, hosts, self.values)

    @classmethod
    def of_process(cls, environment: Mapping[str, str] | None = None) -> Secrets:
        """The secrets of this process: home and working folder, user, host, environment, and the remotes of the Git
        repository around the working folder."""
        environment = os.environ if environment is None else environment
        return cls(
            folders=tuple(_folders(environment)),
            users=tuple(dict.fromkeys(filter(None, _users(environment)))),
            hosts=tuple(dict.fromkeys(filter(None, _hosts(environment)))),
            values=tuple(dict.fromkeys([*_values(environment), *_git_passwords()])),
        )


def is_common(name: str) -> bool:
    """True if the name of a user or machine is common or very short, so that it identifies nobody."""
    plain = name.lower()
    return len(name) < 3 or name.isdigit() or plain in COMMON or plain.rstrip("0123456789-_") in COMMON


def is_distinctive(name: str) -> bool:
    """True if a name cannot be an ordinary word of a text: "anna99", but not "anna" or "will"."""
    return len(name) >= 8 or (len(name) >= 4 and not name.isalpha())


def _folders(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    seen = {"/"}
    for what, path in (
        ("the home folder", environment.get("HOME", "")),
        ("the home folder", _home()),
        ("the working folder", _cwd()),
        ("the working folder", environment.get("PWD", "")),
    ):
        for folder in (path.rstrip("/"), os.path.realpath(path) if path else ""):
            if folder.startswith("/") and folder not in seen and folder not in _COMMON_FOLDERS:
                seen.add(folder)
                yield what, folder


_COMMON_FOLDERS = frozenset(
    """
    /tmp /var /var/tmp /usr /usr/local /home /opt /mnt /srv /app /src /work /workspace /workspaces /data /build
    /nonexistent /usr/src /usr/src/app /var/empty /dev /dev/shm
    """.split()  # noqa: SIM905 - a list of words is read as words
)
"""Folders that many machines have, so that they identify none."""


def _home() -> str:
    try:
        import pwd

        return pwd.getpwuid(os.getuid()).pw_dir
    except (ImportError, KeyError):
        return ""


def _cwd() -> str:
    try:
        return str(Path.cwd())
    except OSError:  # it was removed
        return ""


def _users(environment: Mapping[str, str]) -> Iterator[str]:
    yield from (environment.get(key, "") for key in ("USER", "LOGNAME", "USERNAME", "SUDO_USER"))
    try:
        import pwd

        yield pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError):
        pass


def _hosts(environment: Mapping[str, str]) -> Iterator[str]:
    for name in (socket.gethostname(), environment.get("HOSTNAME", "")):
        yield name
        yield name.partition(".")[0]


def _values(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, value in sorted(environment.items()):
        if _SECRET_NAME.search(name) and name not in _NOT_SECRET and _looks_secret(value.strip()):
            yield f"the value of {name}", value.strip()
        for match in _IN_ADDRESS.finditer(value):
            if _looks_secret(secret := match[1] or match[2]):
                yield f"a password in {name}", secret


def _looks_secret(value: str) -> bool:
    """True if a value is long and unusual enough to be a secret, and no switch, number or path."""
    if value.isdigit():
        return len(value) >= 10
    if value.isalpha() and (value.islower() or value.isupper() or value.istitle()):
        return len(value) >= 12
    is_path = value.startswith(("/", "./", "~/")) and os.path.lexists(os.path.expanduser(value))  # noqa: PTH111
    return len(value) >= 6 and not is_path and not re.fullmatch(r"https?://[^@?#]*", value)


def _git_passwords() -> Iterator[tuple[str, str]]:
    """Passwords in the remotes of the repository around the working folder. This reads its files and does not run git,
    since a repository may name programs that git would start."""
    try:
        working = Path.cwd()
    except OSError:
        return
    for folder in (working, *working.parents):
        if (git := folder / ".git").exists():
            yield from _config_passwords(_git_folder(git) / "config")
            return


def _git_folder(git: Path) -> Path:
    """The folder of a repository; `.git` is a file in work trees and submodules."""
    try:
        if git.is_file():
            git = (git.parent / git.read_text("utf-8", "replace")[:4096].partition("gitdir:")[2].strip()).resolve()
            if (common := git / "commondir").is_file():
                return (git / common.read_text("utf-8", "replace")[:4096].strip()).resolve()
    except (OSError, ValueError):
        pass
    return git


def _config_passwords(file: Path) -> Iterator[tuple[str, str]]:
    try:
        text = file.read_bytes()[:1_000_000].decode(errors="replace")
    except OSError:
        return
    what = "the credentials of a Git remote"
    for line in text.splitlines():
        key, _, value = (part.strip() for part in line.partition("="))
        if key.lower() in ("url", "pushurl", "proxy") or key.lower().startswith("[url"):
            for match in _IN_ADDRESS.finditer(f"{key} {value}"):
                if _looks_secret(secret := match[1] or match[2]):
                    yield what, secret
        elif key.lower() == "extraheader" and _looks_secret(secret := value.split()[-1] if value else ""):
            yield what, secret
