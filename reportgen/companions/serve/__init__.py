"""A preview: files made in memory, shown to browsers of this machine, made again when their sources change.

Nothing is written to an output folder, and no request has a file opened: what is not among the files that the build
returned does not exist.
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
    """What a preview shows."""

    @property
    def name(self) -> str:
        """What it is called on the page that is shown until there is something to show."""

    @property
    def prefix(self) -> str:
        """Where the files will lie at their host, such as "/" or "/blog/". A page that addresses another from the root,
        as 404.html must, writes this first, and finds it here too. Asked after each build."""

    def watched(self) -> Iterable[Path]:
        """Files and folders whose change means building again; asked many times in a second."""

    def build(self, progress: Progress) -> Mapping[str, bytes]:
        """Every file by its path, with slashes. It is called in a thread of its own, never twice at once."""


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
    """Show `source` until the calling thread is interrupted; what interrupts it is raised.

    Port 0 takes any that is free. `ready` is given the address once browsers can connect, before the first build is
    done; `write_message` gets a line about each build; `progress` makes what is told how far one is.

    Raises `RefusedError` (RG802) for a host that other machines can reach, unless it shall be exposed, and
    `MachineError` (RG801) where nothing can listen.
    """
    if not (expose or is_loopback(host)):
        raise RefusedError(
            f"other machines could read what is served at {host}; allow it with --expose, or leave --host out",
            code="RG802",
        )
    with running(source, port=port, host=host, write_message=write_message, progress=progress) as address:
        ready(address)
        if open_browser:
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
        while True:  # all work is done by other threads, so that this one is there when a signal comes
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
    """Show `source` until the block is left; gives the address. As `serve`, but for a host that is refused."""
    builder = Builder(source, write_message, progress)
    with Server(host, port, builder.state) as server:
        # Both are daemons: a build that is under way does not hold up the end of a program.
        listening = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        building = threading.Thread(target=builder.run, daemon=True)
        listening.start()
        building.start()
        try:
            yield server.address
        finally:
            builder.state.end()
            server.shutdown()
            building.join(_TO_END)


_TO_END = 2
"""Seconds for a build to close what it has open, once its workers are gone."""


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens there."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
