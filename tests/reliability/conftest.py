"""One server of stub builds and one pair of sites for each worker that runs tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from reliability.builds import Server, Sites


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Starts stub builds."""
    server = Server(tmp_path_factory.mktemp("server"))
    yield server
    server.close()


@pytest.fixture(scope="session")
def sites(tmp_path_factory: pytest.TempPathFactory, server: Server) -> Sites:
    """The old site and the new one."""
    return Sites(tmp_path_factory.mktemp("sites"), server)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder to build in."""
    return tmp_path / "place"
