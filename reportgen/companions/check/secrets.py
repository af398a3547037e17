"""What surrounds a build and is nobody else's business: names, folders and passwords of this machine."""

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
"""Names of users and machines that tell nothing, and turn up in any text."""

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
    """What must not appear in what is published. Its text says how much it holds, never what."""

    folders: tuple[tuple[str, str], ...] = ()
    """What each is, like "the home folder", and its absolute path."""
    users: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    values: tuple[tuple[str, str], ...] = ()
    """What each is, like "the value of GITHUB_TOKEN", and the value."""

    def __repr__(self) -> str:
        counts = (len(self.folders), len(self.users), len(self.hosts), len(self.values))
        return "Secrets({} folders, {} users, {} hosts, {} values)".format(*counts)

    def apart_from(self, text: str) -> Secrets:
        """Without names of users and machines that this text, such as the address of the site, tells anyway."""
        text = text.lower()
        users, hosts = (tuple(name for name in names if name.lower() not in text) for names in (self.users, self.hosts))
        return Secrets(self.folders, users, hosts, self.values)

    @classmethod
    def here(cls, environment: Mapping[str, str] | None = None) -> Secrets:
        """Those of this process: its home and working folder, user, host, environment, and the remotes of the Git
        repository that it works in."""
        environment = os.environ if environment is None else environment
        return cls(
            folders=tuple(_folders(environment)),
            users=tuple(dict.fromkeys(filter(None, _users(environment)))),
            hosts=tuple(dict.fromkeys(filter(None, _hosts(environment)))),
            values=tuple(dict.fromkeys([*_values(environment), *_of_git()])),
        )


def ordinary(name: str) -> bool:
    """Whether a name of a user or machine is one that others have too, or is too short to tell from anything."""
    plain = name.lower()
    return len(name) < 3 or name.isdigit() or plain in COMMON or plain.rstrip("0123456789-_") in COMMON


def distinctive(name: str) -> bool:
    """Whether a name is no word that a text could hold: "anna" and "will" could be, "anna99" is not."""
    return len(name) >= 8 or (len(name) >= 4 and not name.isalpha())


def _folders(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    seen = {"/"}
    for what, path in (
        ("the home folder", environment.get("HOME", "")),
        ("the home folder", _home()),
        ("the working folder", _cwd()),
        ("the working folder", environment.get("PWD", "")),
    ):
        for each in (path.rstrip("/"), os.path.realpath(path) if path else ""):
            # One that every machine has tells nothing of this one.
            if each.startswith("/") and each not in seen and each not in _EVERYWHERE:
                seen.add(each)
                yield what, each


_EVERYWHERE = frozenset(
    """
    /tmp /var /var/tmp /usr /usr/local /home /opt /mnt /srv /app /src /work /workspace /workspaces /data /build
    /nonexistent /usr/src /usr/src/app /var/empty /dev /dev/shm
    """.split()  # noqa: SIM905 - a list of words is read as words
)
"""Folders that are the same everywhere."""


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
        if _SECRET_NAME.search(name) and name not in _NOT_SECRET and _tells(value.strip()):
            yield f"the value of {name}", value.strip()
        for found in _IN_ADDRESS.finditer(value):
            if _tells(secret := found[1] or found[2]):
                yield f"a password in {name}", secret


def _tells(value: str) -> bool:
    """Whether a value is long and odd enough to be a secret, and not a switch, a number or a path to one."""
    if value.isdigit():
        return len(value) >= 10
    if value.isalpha() and (value.islower() or value.isupper() or value.istitle()):
        return len(value) >= 12
    is_path = value.startswith(("/", "./", "~/")) and os.path.lexists(os.path.expanduser(value))  # noqa: PTH111
    return len(value) >= 6 and not is_path and not re.fullmatch(r"https?://[^@?#]*", value)


def _of_git() -> Iterator[tuple[str, str]]:
    """Passwords in the remotes of the repository around the working folder. Read, not asked of `git`: a repository may
    name programs that git would start."""
    try:
        here = Path.cwd()
    except OSError:
        return
    for folder in (here, *here.parents):
        if (place := folder / ".git").exists():
            yield from _of_config(_common(place) / "config")
            return


def _common(place: Path) -> Path:
    """The folder of a repository; `.git` is a file in work trees and submodules."""
    try:
        if place.is_file():
            place = (
                place.parent / place.read_text("utf-8", "replace")[:4096].partition("gitdir:")[2].strip()
            ).resolve()
            if (common := place / "commondir").is_file():
                return (place / common.read_text("utf-8", "replace")[:4096].strip()).resolve()
    except (OSError, ValueError):
        pass
    return place


def _of_config(file: Path) -> Iterator[tuple[str, str]]:
    try:
        text = file.read_bytes()[:1_000_000].decode(errors="replace")
    except OSError:
        return
    what = "the credentials of a Git remote"
    for line in text.splitlines():
        key, _, value = (part.strip() for part in line.partition("="))
        if key.lower() in ("url", "pushurl", "proxy") or key.lower().startswith("[url"):
            for found in _IN_ADDRESS.finditer(f"{key} {value}"):
                if _tells(secret := found[1] or found[2]):
                    yield what, secret
        elif key.lower() == "extraheader" and _tells(secret := value.split()[-1] if value else ""):
            yield what, secret
