"""What the tests of previews share: a source that is quickly built, and requests that no browser would send."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from reportgen.errors import ReportgenError

POLICY = "default-src 'none'; img-src 'self' file: data:; base-uri 'none'; form-action 'none'"


def page(body: str, policy: str = POLICY, title: str = "page") -> bytes:
    """A page as builds write them."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n<title>{title}</title>\n'
        '<link rel="icon" href="data:,">\n'
        f"</head>\n<body>\n<main>\n<h1>{title}</h1>\n{body}\n</main>\n</body>\n</html>\n"
    ).encode()


class Pages:
    """A source that makes a page of each text in a folder. One that holds "wrong" cannot be built."""

    name = "pages"

    def __init__(self, folder: Path, prefix: str = "/", others: Mapping[str, bytes] | None = None) -> None:
        self.folder = folder
        self.prefix = prefix
        self.others = dict(others or {})
        self.builds = 0
        self.hold = threading.Event()
        """Cleared, a build waits until it is set."""
        self.hold.set()

    def write(self, name: str, text: str) -> None:
        self.folder.mkdir(exist_ok=True)
        (self.folder / f"{name}.txt").write_text(text, "utf-8")

    def watched(self) -> Iterable[Path]:
        return [self.folder]

    def build(self, progress: Callable[[str, int, int], None]) -> Mapping[str, bytes]:
        self.builds += 1
        texts = {file.stem: file.read_text("utf-8") for file in sorted(self.folder.glob("*.txt"))}
        progress("train", 120, 180)
        assert self.hold.wait(30)
        for name, text in texts.items():
            if "wrong" in text:
                raise ReportgenError(f"{name}.txt:3:7: there is no figure <b>'x'</b>\n{text}", code="RG007")
        return {**self.others, **{f"{name}.html": page(text, title=name) for name, text in texts.items()}}


def ask(address: str, request: str | bytes, *, host: str | None = None) -> tuple[int, dict[str, str], bytes]:
    """The answer to a path, or to the bytes of a whole request."""
    place = urlsplit(address)
    if isinstance(request, str):
        request = f"GET {request} HTTP/1.1\r\nHost: {place.netloc if host is None else host}\r\n\r\n".encode()
    with socket.create_connection((place.hostname, place.port), 20) as connection:
        connection.sendall(request)
        return response(received(connection))


def received(connection: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    parts = []
    while part := connection.recv(1 << 16):
        parts.append(part)
    return b"".join(parts)


def response(content: bytes) -> tuple[int, dict[str, str], bytes]:
    """The parts of an answer."""
    head, _, body = content.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    return int(first.split()[1]), {name.lower(): value for name, _, value in (x.partition(": ") for x in lines)}, body


def until(holds: Callable[[], object], seconds: float = 20) -> float:
    """Wait until something holds; how many seconds that took."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < seconds, "still not so"
        time.sleep(0.01)
    return time.monotonic() - began
