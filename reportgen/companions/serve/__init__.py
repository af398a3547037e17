"""A preview server: it builds in memory, serves the files to browsers of this machine, and rebuilds after changes.

Nothing is written to an output folder. No request opens a file: the server knows only the files that a build returned.
"""

from __future__ import annotations

import ipaddress
import threading
import time
import webbrowser
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import NoReturn, Protocol

from reportgen.companions.serve.listening import Server
from reportgen.companions.serve.rebuild import Builder
from reportgen.errors import RefusedError
from reportgen.executors import Progress, no_progress


class Source(Protocol):
    """The site or experiment of a preview."""

    @property
    def name(self) -> str:
        """The name shown on the waiting page, before the first build is done."""

    @property
    def prefix(self) -> str:
        """The path of the site at its host, such as "/" or "/blog/". Pages with absolute addresses, such as 404.html,
        begin them with this prefix, so the preview accepts it too. Read after each build."""

    def watched(self) -> Iterable[Path]:
        """Files and folders whose changes start a build; called several times per second."""

    def build(self, progress: Progress) -> Mapping[str, bytes]:
        """The content of every file by its path, with slashes. Called in one other thread, never twice at once."""


def serve(
    source: Source,
    *,
    port: int = 8000,
    host: str = "127.0.0.1",
    expose: bool = False,
    open_browser: bool = False,
    ready: Callable[[str], None] = lambda address: None,
    write_message: Callable[[str], None] = lambda line: None,
    progress: Callable[[], AbstractContextManager[Progress]] = lambda: nullcontext(no_progress),
) -> NoReturn:
    """Serve `source` until the calling thread is interrupted, and raise that interruption.

    Port 0 takes a free port. `ready` is called with the address once browsers can connect, before the first build is
    done; `write_message` gets a line about each build; `progress` makes the progress function of a build.

    Raises `RefusedError` (RG802) for a host that other machines can reach, unless `expose` is set, and `MachineError`
    (RG801) if the server cannot listen.
    """
    if not (expose or is_loopback(host)):
        raise RefusedError(
            f"other machines could read the preview at {host}; allow it with --expose, or leave --host out",
            code="RG802",
        )
    with running(source, port=port, host=host, write_message=write_message, progress=progress) as address:
        ready(address)
        if open_browser:
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
        while True:  # other threads do the work, so that this one can handle signals
            time.sleep(3600)


@contextmanager
def running(
    source: Source,
    *,
    port: int = 0,
    host: str = "127.0.0.1",
    write_message: Callable[[str], None] = lambda line: None,
    progress: Callable[[], AbstractContextManager[Progress]] = lambda: nullcontext(no_progress),
) -> Iterator[str]:
    """Serve `source` until the block is left, and return the address. Unlike `serve`, it accepts any host."""
    builder = Builder(source, write_message, progress)
    with Server(host, port, builder.state) as server:
        # Both are daemons: a running build does not delay the exit of the program.
        listening = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        building = threading.Thread(target=builder.run, daemon=True)
        listening.start()
        building.start()
        try:
            yield server.address
        finally:
            builder.state.end()
            server.shutdown()
            building.join(_SHUTDOWN_SECONDS)


_SHUTDOWN_SECONDS = 2
"""Time for a build to close its files after its workers have ended."""


def is_loopback(host: str) -> bool:
    """True if only this machine can reach a server that listens on `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
