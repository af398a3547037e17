"""The sockets: requests are read with patience for little, and answered in threads of which there are not many."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import socket
import socketserver
import sys
import time
from collections.abc import Callable
from http import HTTPStatus
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Any

from reportgen.companions.serve.answers import LARGEST_HEAD, Answer, answer, plain
from reportgen.errors import MachineError, reason

if TYPE_CHECKING:
    from reportgen.companions.serve.rebuild import State

MOST = 200
"""Connections at once."""

TO_ASK = 10.0
"""Seconds in which a request must have come in whole."""

_TO_TAKE = 30.0
"""Seconds that a reader may take nothing of an answer: a film that is paused is asked for again."""

_LINGER = 1.0
_QUIET = 10.0
"""Seconds after which a stream of events says that it is still there."""


class Server(socketserver.ThreadingTCPServer):
    """Listens, and answers from what `state` shows. Raises `MachineError` (RG801) where it cannot listen."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    # Else a port that was in use a minute ago is taken still. On Windows it would let two programs have one port.
    allow_reuse_address = sys.platform != "win32"

    def __init__(self, host: str, port: int, state: State) -> None:
        self._state = state
        self._free = BoundedSemaphore(MOST)
        host = "127.0.0.1" if host == "localhost" else host  # where the system's list of hosts says something else
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            super().__init__((host, port), _Handler)
        except (OSError, OverflowError) as error:
            raise _not_listening(host, port, error) from error
        self._port: int = self.server_address[1]
        self._is_ours = hosts(host, self._port)
        name = "localhost" if _is_any(host) else f"[{host}]" if ":" in host else host
        self.address = f"http://{name}:{self._port}/"

    def answer(self, request: bytes) -> Answer:
        return answer(request, self._state.view, self._is_ours)

    def follow(self, connection: socket.socket, path: str) -> None:
        """Send the events of a page until it goes, or the server ends."""
        view, said, spoke = None, b"retry: 500\n\n", time.monotonic()
        connection.sendall(said)
        while not self._state.ended and not _gone(connection):
            view = self._state.after(view, 1)
            if (event := view.event(path)) != said:
                said = event
                connection.sendall(event)
            elif time.monotonic() - spoke < _QUIET:
                continue
            else:
                connection.sendall(b":\n\n")
            spoke = time.monotonic()

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._free.acquire(blocking=False):
            with contextlib.suppress(OSError):
                request.setblocking(False)
                request.send(plain(HTTPStatus.SERVICE_UNAVAILABLE, Retry_After="1").head)
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:  # no thread could be started
            self._free.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Somebody who hangs up is nothing to tell of; a mistake of ours is."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(socketserver.BaseRequestHandler):
    server: Server

    def handle(self) -> None:
        connection: socket.socket = self.request
        read = _head(connection)
        if read is None:
            return
        response = self.server.answer(read) if isinstance(read, bytes) else read
        connection.settimeout(_TO_TAKE)
        # One small packet and then a large one would wait for each other.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
        connection.sendall(response.head)
        if response.follow is not None and not response.bodiless:
            self.server.follow(connection, response.follow)
        elif not response.bodiless:
            content = memoryview(response.body)
            for begin in range(0, len(content), 1 << 18):
                connection.sendall(content[begin : begin + (1 << 18)])
        if response.status >= HTTPStatus.BAD_REQUEST:
            _hear_out(connection)


def hosts(host: str, port: int) -> Callable[[str], bool]:
    """Whether a `Host`, in lower case, is meant for a server that listens at `host`.

    One that listens everywhere has many addresses, but no names: a name that leads here may be anybody's.
    """
    named = f"[{host}]" if ":" in host else host.lower()
    ends = ("", ":80") if port == 80 else (f":{port}",)
    known = {name + end for name in ("127.0.0.1", "localhost", "[::1]", named) for end in ends}

    def is_ours(given: str) -> bool:
        if given in known:
            return True
        name = next((given.removesuffix(end) for end in reversed(ends) if given.endswith(end)), "")
        if not _is_any(host):
            return False
        try:
            ipaddress.ip_address(name.removeprefix("[").removesuffix("]") if name.startswith("[") else name)
        except ValueError:
            return False
        return True

    return is_ours


def _is_any(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return not host


def _not_listening(host: str, port: int, error: OSError | OverflowError) -> MachineError:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        why = f"port {port} of {host} is in use; choose another with --port, or let --port 0 take any that is free"
    else:
        said = reason(error) if isinstance(error, OSError) else str(error)
        why = f"cannot listen at port {port} of {host}: {said}; choose another with --port"
    return MachineError(why, code="RG801")


def _head(connection: socket.socket) -> bytes | Answer | None:
    """A request before its empty line, the answer to one that cannot be read, or nothing if nothing came."""
    until = time.monotonic() + TO_ASK
    read = bytearray()
    while (end := read.find(b"\r\n\r\n")) < 0 and len(read) <= LARGEST_HEAD:
        left = until - time.monotonic()
        if left <= 0:
            return plain(HTTPStatus.REQUEST_TIMEOUT) if read else None
        connection.settimeout(left)
        try:
            more = connection.recv(1 << 14)
        except TimeoutError:
            continue
        if not more:
            return None
        read += more
    return bytes(read[:end]) if 0 <= end <= LARGEST_HEAD else plain(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)


def _hear_out(connection: socket.socket) -> None:
    """Read on for a moment: closing on somebody who still sends takes the answer away from them."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_WR)
        until = time.monotonic() + _LINGER
        while (left := until - time.monotonic()) > 0:
            connection.settimeout(left)
            if not connection.recv(1 << 16):
                return


def _gone(connection: socket.socket) -> bool:
    """Whether the other side has closed."""
    try:
        connection.setblocking(False)
        return connection.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    finally:
        connection.settimeout(_TO_TAKE)
