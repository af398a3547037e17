"""Secrets planted in everything that can carry one are found, all of them, and never repeated."""

import base64
import gzip
import io
import json
import os
import struct
import zipfile
import zlib
from urllib.parse import quote

import pytest

from reportgen.companions.check import Secrets, inspect

NOISE = bytes(range(255, -1, -1))
HOME, CWD, USER, HOST = "/home/kestrel77", "/home/kestrel77/thesis-draft", "kestrel77", "quokka-x230"
ENVIRONMENT = {
    "HOME": HOME,
    "USER": USER,
    "HOSTNAME": HOST,
    "DEPLOY_TOKEN": "c4n4ry/deploy+value==",
    "DATABASE_URL": "postgres://app:c4n4ry-database@db.internal/x",
    "PATH": "/usr/bin",
    "TOKENIZERS_PARALLELISM": "false",
    "MAX_TOKENS": "4096",
}
CANARIES = {
    "the home folder": HOME,
    "the working folder": CWD,
    "the user name": USER,
    "the host name": HOST,
    "the value of DEPLOY_TOKEN": ENVIRONMENT["DEPLOY_TOKEN"],
    "a password in DATABASE_URL": "c4n4ry-database",
    "the credentials of a Git remote": "c4n4ry-remote",
    "a GitHub token": "ghp_" + "0aB1cD2eF3" * 4,
    "an AWS access key": "AKIA" + "Q3EG" * 4,
    "a Google API key": "AIza" + "Sy0_-" * 7,
    "a Slack token": "xoxb-1234567890-abcdefghij",
    "an API key": "sk-proj-" + "Ab3_" * 10,
    "a JSON Web Token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJlLXNpZ25hdHVyZQ",
    "an address with a password": "https://me:c4n4ry-any@host.example.org/",
    "a private key": "-----BEGIN OPENSSH PRIVATE KEY-----",
}


@pytest.fixture
def secrets(tmp_path, monkeypatch):
    """Those of a process that works in a repository with a password in its remote."""
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config").write_text(
        '[remote "origin"]\n\turl = https://me:c4n4ry-remote@host.example.org/x.git\n'
    )
    monkeypatch.chdir(tmp_path)
    return Secrets.of_process({**ENVIRONMENT, "PWD": CWD})


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(*chunks, after=b""):
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n"
        + head
        + b"".join(chunks)
        + chunk(b"IDAT", zlib.compress(b"\0\0"))
        + chunk(b"IEND", b"")
        + after
    )


def gif(comment=b"", after=b""):
    blocks = b"".join(bytes([len(part)]) + part for i in range(0, len(comment), 255) if (part := comment[i : i + 255]))
    picture = b"\x2c\0\0\0\0\1\0\1\0\0\2\2\x44\1\0"
    extension = b"\x21\xfe" + blocks + b"\0" if comment else b""
    return b"GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff" + extension + picture + b"\x3b" + after


def mp4(text):
    box = struct.pack(">I", 9 + len(text)) + b"udta\0" + text
    return b"\0\0\0\x18ftypisom\0\0\2\0isomiso2" + box + b"\0\0\0\x08mdat"


def zipped(text):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", text * 2)
    return file.getvalue()


def noted(text):
    return png(chunk(b"tEXt", b"Comment\0" + text))


def in_base64(content):
    return base64.b64encode(content)


def page(body):
    return b'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>x</title></head><body><h1>x</h1>' + body


DATA_PNG, JSON = b"data:image/png;base64,", b'<script type="application/json">'

CARRIERS = {
    "text.txt": lambda s: b"made in " + s + b" today",
    "page.html": lambda s: page(b"<p>" + s + b"</p>"),
    "results.json": lambda s: json.dumps({"place": s.decode()}).encode(),
    "data-csv.html": lambda s: page(b'<a href="data:text/csv;base64,' + in_base64(b"a\n" + s) + b'">x</a>'),
    "data-png.html": lambda s: page(b'<img alt="" src="' + DATA_PNG + in_base64(noted(s)) + b'">'),
    "player.html": lambda s: page(JSON + b'{"w": "' + in_base64(zlib.compress(NOISE + s, 9)) + b'"}</script>'),
    "text.png": noted,
    "deflated.png": lambda s: png(chunk(b"zTXt", b"Comment\0\0" + zlib.compress(s))),
    "exif.png": lambda s: png(chunk(b"eXIf", b"II*\0" + s + b"\0")),
    "comment.gif": lambda s: gif(s),
    "film.mp4": lambda s: mp4(s),
    "log.txt.gz": lambda s: gzip.compress(b"in " + s),
    "all.zip": lambda s: zipped(b" " + s),
    "twice.gz": lambda s: gzip.compress(b'"' + DATA_PNG + in_base64(noted(s)) + b'"'),
}  # fmt: skip


def leaks(files, secrets):
    return [problem for problem in inspect(files, secrets=secrets) if problem.kind == "leak"]


def test_every_canary_is_found_in_every_carrier_and_none_is_repeated(secrets):
    for carrier, carry in CARRIERS.items():
        for what, canary in CANARIES.items():
            problems = leaks({carrier: carry(canary.encode())}, secrets)

            case = f"{what} in {carrier}"
            assert any(problem.message.startswith(f"contains {what} at offset ") for problem in problems), case
            assert {problem.code for problem in problems} == {"RG902"}, case
            for told in (*map(str, problems), repr(problems), repr(secrets)):
                assert not any(value in told for value in CANARIES.values()), case
        none = b"nothing of this machine, kestle77 at quoka-x230, /home/kestle77"
        assert leaks({carrier: carry(none)}, secrets) == [], carrier


def test_values_are_found_as_text_html_json_addresses_and_base64_have_them():
    secrets = Secrets(values=(("it", 'a<b"c/d&\u00e9f?9'),))
    value = secrets.values[0][1]
    for written in (
        value.encode(),
        json.dumps(value).encode(),
        quote(value, safe="").encode(),
        quote(value).encode(),
        b"a&lt;b&quot;c/d&amp;\xc3\xa9f?9",
        *(in_base64(bytes(before) + value.encode() + b"more") for before in range(3)),
        base64.urlsafe_b64encode(b"user:" + value.encode()),
    ):
        assert leaks({"a.txt": b"x " + written + b" y"}, secrets), written
    folder = b"/home/fr\xe9d/work"
    secrets = Secrets.of_process({"HOME": os.fsdecode(folder), "MY_TOKEN": os.fsdecode(folder)})
    assert leaks({"a.txt": b"nothing"}, secrets) == []
    assert leaks({"a.txt": b"in " + folder}, secrets)


def test_names_that_somebody_wrote_on_purpose_are_no_leaks(secrets):
    for text in (
        "https://github.com/kestrel77/thesis",
        "mailto:kestrel77@uni.example.org and kestrel77@uni.example.org",
        "@kestrel77",
        "kestrel77.github.io",
        "kestrel771 or xkestrel77",
        "https://example.org/home/kestrel778",
    ):
        assert leaks({"a.html": page(f"<p>{text}</p>".encode())}, secrets) == [], text
    files = {"a.txt": b"by kestrel77 on quokka-x230"}
    assert len(leaks(files, secrets)) == 2
    told = [p for p in inspect(files, base="https://kestrel77.org/", secrets=secrets) if p.kind == "leak"]
    assert [problem.message.split(" at ")[0] for problem in told] == ["contains the host name"]
    author = b'<!DOCTYPE html><html><head><meta name="author" content="Kestrel77 &amp; others"></head>'
    files = {"index.html": author, "a.txt": b"by kestrel77", "b.txt": b"/home/kestrel77/thesis"}
    assert {problem.file for problem in leaks(files, secrets)} == {"b.txt"}


def test_what_is_packed_is_unpacked_up_to_a_limit(monkeypatch):
    """Of one part, and of all parts of a file together: small bombs, each below the limit of one."""
    monkeypatch.setattr("reportgen.companions.check.leaks.LARGEST", 2_000_000)
    token = CANARIES["a GitHub token"].encode()
    files = {
        "a.gz": gzip.compress(token + b" " + bytes(50_000_000)),
        "b.gz": gzip.compress(bytes(50_000_000) + token),
        "two.gz": gzip.compress(b"one ") + gzip.compress(token),
    }
    assert [problem.file for problem in leaks(files, Secrets())] == ["a.gz", "two.gz"]
    monkeypatch.undo()
    monkeypatch.setattr("reportgen.companions.check.leaks.MOST", 3_000_000)
    bombs = [zlib.compress(bytes([i]) * 1_000_000, 9) for i in range(20)]
    files = {
        "a.html": page(b"".join(b'<p data-x="' + in_base64(bomb) + b'"></p>' for bomb in bombs)),
        "a.png": png(b"".join(chunk(b"zTXt", b"Comment\0\0" + bomb) for bomb in bombs)),
        "a.zip": zipped(bytes(5_000_000)),
        "b.gz": gzip.compress(b"x"),
    }
    told = [(problem.kind, problem.file) for problem in inspect(files, secrets=Secrets()) if problem.kind != "html"]
    assert told == [("size", "a.html"), ("size", "a.png"), ("size", "a.zip")]
