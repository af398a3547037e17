"""A Firefox that is driven by WebDriver BiDi, the protocol that a stock Firefox understands: no driver is needed.

References:
    WebDriver BiDi, W3C working draft; RFC 6455, The WebSocket Protocol.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any

NAMES = ("firefox", "firefox-esr")

QUIET = {
    "app.normandy.enabled": False,
    "app.update.enabled": False,
    "browser.safebrowsing.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,",
    "toolkit.telemetry.reportingpolicy.firstRun": False,
}
"""Settings with which the browser asks for nothing by itself."""


def find() -> str | None:
    """The Firefox to test in: the one REPORTGEN_FIREFOX names, or one on PATH."""
    if named := os.environ.get("REPORTGEN_FIREFOX"):
        return shutil.which(named)
    return next(filter(None, map(shutil.which, NAMES)), None)


class Firefox:
    """A headless Firefox with one page, for a `with` block."""

    def __init__(self, program: str) -> None:
        self._program = program
        self.events: list[dict[str, Any]] = []
        """What happened since the start: entries of the log, and requests."""
        self._last = 0

    def __enter__(self) -> Firefox:
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        settings = "".join(f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in QUIET.items())
        (Path(self._profile.name) / "user.js").write_text(settings)
        command = [self._program, "--headless", "--no-remote", "--remote-debugging-port=0", "--profile"]
        told = Path(self._profile.name) / "told"
        with told.open("wb") as file:  # a pipe that nobody reads would fill and stop it
            self._browser = subprocess.Popen(
                [*command, self._profile.name], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=file
            )
        ends = time.monotonic() + 60
        while not (found := re.search(r"BiDi listening on ws://([\d.]+):(\d+)\n", told.read_text("utf-8", "replace"))):
            if self._browser.poll() is not None or time.monotonic() > ends:
                raise RuntimeError(f"Firefox did not start: {told.read_text('utf-8', 'replace')[-1000:]}")
            time.sleep(0.05)
        self._socket = _WebSocket(found[1], int(found[2]), "/session")
        self.ask("session.new", capabilities={})
        (tree,) = self.ask("browsingContext.getTree")["contexts"]
        self._page = tree["context"]
        self.ask("session.subscribe", events=["log.entryAdded", "network.beforeRequestSent"])
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._socket.close()
        self._browser.terminate()
        try:
            self._browser.wait(10)
        except subprocess.TimeoutExpired:
            self._browser.kill()
            self._browser.wait()
        self._profile.cleanup()

    def ask(self, method: str, **params: Any) -> Any:
        """Send a command and return its result; what happens meanwhile is added to `events`."""
        self._last += 1
        self._socket.send(json.dumps({"id": self._last, "method": method, "params": params}))
        while True:
            message = json.loads(self._socket.receive())
            if message["type"] == "event":
                self.events.append(message)
            elif message.get("id") == self._last:
                if message["type"] == "error":
                    raise RuntimeError(f"{method}: {message['error']}: {message['message']}")
                return message["result"]

    def open(self, address: str, width: int = 1280, height: int = 900) -> None:
        """Show a page and wait until it is loaded."""
        self.ask("browsingContext.setViewport", context=self._page, viewport={"width": width, "height": height})
        self.ask("browsingContext.navigate", context=self._page, url=address, wait="complete")

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression, as JSON; a promise is awaited."""
        told = self.ask(
            "script.evaluate",
            expression=f"Promise.resolve({expression}).then(value => JSON.stringify(value ?? null))",
            target={"context": self._page},
            awaitPromise=True,
        )
        if told["type"] == "exception":
            raise RuntimeError(told["exceptionDetails"]["text"])
        return json.loads(told["result"]["value"])

    def until(self, expression: str, timeout: float = 30) -> None:
        """Wait until a JavaScript expression is true; at most `timeout` seconds."""
        ends = time.monotonic() + timeout
        while not self.evaluate(expression):
            assert time.monotonic() < ends, f"still not so: {expression}"
            time.sleep(0.05)

    def press(self, *keys: str) -> None:
        """Press keys one after another, as a reader does; a key is a character or a code point of WebDriver."""
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self.ask(
            "input.performActions", context=self._page, actions=[{"type": "key", "id": "keys", "actions": actions}]
        )

    def screenshot(self) -> bytes:
        """What is in view, as a PNG."""
        return base64.b64decode(self.ask("browsingContext.captureScreenshot", context=self._page)["data"])


class _WebSocket:
    """As much of a WebSocket client as one conversation on this machine needs."""

    def __init__(self, host: str, port: int, path: str) -> None:
        self._connection = socket.create_connection((host, port), timeout=120)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET {path} HTTP/1.1", f"Host: {host}:{port}", "Upgrade: websocket", "Connection: Upgrade"]
        lines += [f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", "", ""]
        self._connection.sendall("\r\n".join(lines).encode())
        self._input = self._connection.makefile("rb")
        status = self._input.readline()
        if b" 101 " not in status:
            raise RuntimeError(f"no WebSocket: {status!r}")
        while self._input.readline().strip():
            pass

    def send(self, text: str) -> None:
        self._frame(1, text.encode())

    def receive(self) -> str:
        """The next message; its parts are joined."""
        message = b""
        while True:
            first, second = self._input.read(2)
            length = second & 127
            if length == 126:
                (length,) = struct.unpack(">H", self._input.read(2))
            elif length == 127:
                (length,) = struct.unpack(">Q", self._input.read(8))
            content = self._input.read(length)
            kind = first & 15
            if kind == 8:
                raise RuntimeError("Firefox closed the connection")
            if kind == 9:
                self._frame(10, content)
            elif kind in (0, 1):
                message += content
                if first & 128:
                    return message.decode()

    def close(self) -> None:
        self._input.close()
        self._connection.close()

    def _frame(self, kind: int, content: bytes) -> None:
        """Send a frame; those of clients are masked."""
        length = len(content)
        size = struct.pack(">B", 128 | length) if length < 126 else struct.pack(">BH", 128 | 126, length)
        if length >= 1 << 16:
            size = struct.pack(">BQ", 128 | 127, length)
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(content))
        self._connection.sendall(bytes([128 | kind]) + size + mask + masked)
