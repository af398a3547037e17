"""The sockets of the preview server, with time limits for slow clients and a limit on threads."""

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

from reportgen.companions.serve.answers import LARGEST_HEAD, Answer, answer, status_answer
from reportgen.errors import MachineError, reason

if TYPE_CHECKING:
    from reportgen.companions.serve.rebuild import State

MAX_CONNECTIONS = 200
"""Connections at the same time."""

REQUEST_SECONDS = 10.0
"""Time within which a request must arrive completely."""

_SEND_SECONDS = 30.0
"""Time that a browser may leave an answer unread; it requests a paused video again."""

_DRAIN_SECONDS = 1.0
_KEEPALIVE_SECONDS = 10.0
"""Time after which an idle stream of events sends a comment."""


class Server(socketserver.ThreadingTCPServer):
    """Answers requests from the view in `state`. Raises `MachineError` (RG801) if it cannot listen."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    # Without it a port that was in use a minute ago is refused. On Windows it would let two programs share a port.
    allow_reuse_address = sys.platform != "win32"

    def __init__(self, host: str, port: int, state: State) -> None:
        self._state = state
        self._slots = BoundedSemaphore(MAX_CONNECTIONS)
        host = "127.0.0.1" if host == "localhost" else host  # a system may define localhost differently
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            super().__init__((host, port), _Handler)
        except (OSError, OverflowError) as error:
            raise _listen_error(host, port, error) from error
        self._port: int = self.server_address[1]
        self._is_ours = host_check(host, self._port)
        name = "localhost" if _is_unspecified(host) else f"[{host}]" if ":" in host else host
        self.address = f"http://{name}:{self._port}/"

    def answer(self, request: bytes) -> Answer:
        return answer(request, self._state.view, self._is_ours)

    def send_events(self, connection: socket.socket, path: str) -> None:
        """Send the events of a page until the browser closes the connection or the server ends."""
        view, last, sent_at = None, b"retry: 500\n\n", time.monotonic()
        connection.sendall(last)
        while not self._state.ended and not _is_closed(connection):
            view = self._state.wait_for_change(view, 1)
            if (event := view.event(path)) != last:
                last = event
                connection.sendall(event)
            elif time.monotonic() - sent_at < _KEEPALIVE_SECONDS:
                continue
            else:
                connection.sendall(b":\n\n")
            sent_at = time.monotonic()

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._slots.acquire(blocking=False):
            with contextlib.suppress(OSError):
                request.setblocking(False)
                request.send(status_answer(HTTPStatus.SERVICE_UNAVAILABLE, Retry_After="1").head)
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:  # no thread could be started
            self._slots.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._slots.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore closed connections; report our own mistakes."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(socketserver.BaseRequestHandler):
    server: Server

    def handle(self) -> None:
        connection: socket.socket = self.request
        head = _read_head(connection)
        if head is None:
            return
        response = self.server.answer(head) if isinstance(head, bytes) else head
        connection.settimeout(_SEND_SECONDS)
        # With Nagle's algorithm the body would wait until the browser acknowledges the headers.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
        connection.sendall(response.head)
        if response.events_of is not None and not response.bodiless:
            self.server.send_events(connection, response.events_of)
        elif not response.bodiless:
            content = memoryview(response.body)
            for begin in range(0, len(content), 1 << 18):
                connection.sendall(content[begin : begin + (1 << 18)])
        if response.status >= HTTPStatus.BAD_REQUEST:
            _drain(connection)


def host_check(host: str, port: int) -> Callable[[str], bool]:
    """A predicate: true for a `Host` header, in lower case, that names a server listening on `host`.

    A server that listens on all addresses accepts every IP address but no name: anybody can make a name resolve to it.
    """
    named = f"[{host}]" if ":" in host else host.lower()
    ends = ("", ":80") if port == 80 else (f":{port}",)
    known = {name + end for name in ("127.0.0.1", "localhost", "[::1]", named) for end in ends}

    def is_ours(header: str) -> bool:
        if header in known:
            return True
        name = next((header.removesuffix(end) for end in reversed(ends) if header.endswith(end)), "")
        if not _is_unspecified(host):
            return False
        try:
            ipaddress.ip_address(name.removeprefix("[").removesuffix("]") if name.startswith("[") else name)
        except ValueError:
            return False
        return True

    return is_ours


def _is_unspecified(host: str) -> bool:
    """True for an address that stands for all addresses of the machine, such as 0.0.0.0."""
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return not host


def _listen_error(host: str, port: int, error: OSError | OverflowError) -> MachineError:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        why = f"port {port} of {host} is in use; choose another with --port, or take a free one with --port 0"
    else:
        cause = reason(error) if isinstance(error, OSError) else str(error)
        why = f"cannot listen on port {port} of {host}: {cause}; choose another with --port"
    return MachineError(why, code="RG801")


def _read_head(connection: socket.socket) -> bytes | Answer | None:
    """The head of a request, the answer to a request that cannot be read, or None if nothing arrived."""
    until = time.monotonic() + REQUEST_SECONDS
    read = bytearray()
    while (end := read.find(b"\r\n\r\n")) < 0 and len(read) <= LARGEST_HEAD:
        left = until - time.monotonic()
        if left <= 0:
            return status_answer(HTTPStatus.REQUEST_TIMEOUT) if read else None
        connection.settimeout(left)
        try:
            more = connection.recv(1 << 14)
        except TimeoutError:
            continue
        if not more:
            return None
        read += more
    return bytes(read[:end]) if 0 <= end <= LARGEST_HEAD else status_answer(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)


def _drain(connection: socket.socket) -> None:
    """Read on for a moment: a client that still sends loses the answer if the connection is closed."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_WR)
        until = time.monotonic() + _DRAIN_SECONDS
        while (left := until - time.monotonic()) > 0:
            connection.settimeout(left)
            if not connection.recv(1 << 16):
                return


def _is_closed(connection: socket.socket) -> bool:
    """True if the other side has closed the connection."""
    try:
        connection.setblocking(False)
        return connection.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    finally:
        connection.settimeout(_SEND_SECONDS)
