from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import sites

from reportgen.pipeline import report

Make = Callable[..., dict[str, bytes]]


@pytest.fixture
def make(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """A function from the files of a site's folder to those of the site, whose experiments nobody computes."""
    monkeypatch.setattr(report, "make_report", sites.report)

    def make(files: Mapping[str, str | bytes], settings: str = sites.SETTINGS, **how: object) -> dict[str, bytes]:
        return sites.made(sites.write(tmp_path / "site", files, settings), cache, **how)  # type: ignore[arg-type]

    return make
