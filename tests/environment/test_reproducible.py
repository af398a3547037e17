"""The same experiment gives the same bytes, whoever builds it, where and when."""

import base64
import getpass
import os
import re
import socket
import time
import zlib
from datetime import datetime
from pathlib import Path

import pytest
from environment.conftest import NOBODY, built, tree, works

VARIED = {
    "time zone": {"env": {"TZ": "Pacific/Kiritimati"}},
    "locale": {"env": {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8", "LANGUAGE": "tr"}},
    "no locale and an old code page": {"env": {"LC_ALL": "POSIX", "PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"}},
    "hash seed": {"env": {"PYTHONHASHSEED": "4711"}},
    "umask": {"limit": "umask 077"},
    "home": {"env": {"HOME": "/nowhere", "USER": "someone", "LOGNAME": "someone", "XDG_CACHE_HOME": "/proc/x"}},
    "terminal": {"env": {"TERM": "xterm-kitty", "COLUMNS": "17", "FORCE_COLOR": "1", "CI": "1"}},
    "one processor": {"before": ["taskset", "--cpu-list", str(min(os.sched_getaffinity(0)))]},
    "few files": {"limit": "ulimit -n 64"},
    "no network": {"before": ["unshare", "--net"]},
    "host": {"before": ["unshare", "--uts", "sh", "-c", 'hostname elsewhere; exec "$@"', "sh"]},
    "clock": {"before": ["faketime", "+9 years"]},
    "no fonts": {"before": ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /usr/share/fonts; exec "$@"', "sh"]},
    "unknown user": {"before": NOBODY},  # the last, for it may not do what the others do
    "one at a time": {"more": ["--executor", "serial"]},
}
"""What is another one, by itself; nothing of it may be seen in what is written."""


def _possible(variation):
    before = variation.get("before", ["env"])
    return works(*before) and (before[0] != "taskset" or len(os.sched_getaffinity(0)) > 1)


APART = ("locale", "one at a time")
"""What cannot be combined with the rest."""


@pytest.mark.parametrize("names", [tuple(name for name in VARIED if name not in APART), APART], ids=["most", "others"])
def test_nothing_shows_where_when_and_by_whom_it_was_built(anywhere, ordinary, names):
    """Everything at once."""
    chosen = [VARIED[name] for name in names if _possible(VARIED[name])]
    everything = {
        "env": {name: value for each in chosen for name, value in each.get("env", {}).items()},
        "before": [word for each in chosen for word in each.get("before", ())],
        "limit": "; ".join(each["limit"] for each in chosen if "limit" in each),
        "more": [word for each in chosen for word in each.get("more", ())],
    }

    done = built(anywhere, **everything)

    assert done.returncode == 0, done.stderr
    assert tree(anywhere / "out") == ordinary
    assert len(chosen) >= min(8, len(names))


def test_no_date_path_user_or_host_is_written(ordinary, shared_folder):
    now = datetime.now()
    secrets = {
        "year": rf"\b{now.year}[-/:.]{now.month:02}\b|\b{now:%b} +{now.day} .{{0,20}}{now.year}",
        "path": "|".join({str(shared_folder), "/tmp/", str(Path.home()) + "/", "site-packages", str(Path.cwd())}),
        "clock": rf"\b{int(time.time()) // 10_000}\d{{4}}\b",
    }
    for what, name in {"user": getpass.getuser(), "host": socket.gethostname()}.items():
        if len(name) > 4:  # "root" is also what a polynomial has, and "vm" is found in any picture
            secrets[what] = rf"\b{re.escape(name)}\b"

    found = [
        (file, what, match.group())
        for file, content in ordinary.items()
        for text in _layers(content)
        for what, pattern in secrets.items()
        if (match := re.search(pattern.encode(), text))
    ]

    assert found == []


def _layers(content):
    """The bytes of a file, of what is in it as base64, and of what is compressed in its PNG chunks."""
    yield content
    for inner in re.findall(rb"base64,([A-Za-z0-9+/=]{40,})", content):
        yield from _layers(base64.b64decode(inner))
    if content.startswith(b"\x89PNG"):
        at = 8
        while at < len(content):
            length, kind = int.from_bytes(content[at : at + 4]), content[at + 4 : at + 8]
            body = content[at + 8 : at + 8 + length]
            assert kind not in (b"tIME", b"tEXt", b"iTXt", b"zTXt", b"eXIf"), "nothing but a picture"
            yield body
            if kind in (b"iCCP",):
                yield zlib.decompress(body.partition(b"\0")[2][1:])
            at += length + 12
