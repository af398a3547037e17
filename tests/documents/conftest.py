"""A reportgen for what documents show: ours, with few runs, so that a page takes seconds."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

_SMALLER = r'''
"""reportgen, whose own experiments have few runs and sections: a document shows what to do, not how long to wait."""

import json
import re

from reportgen.experiment import file

_KEPT = ("experiment", "errors", "motion", "sparsity", "landscape", "method")
_whole = file.shipped


def _smaller(name="default"):
    text = _whole(name)
    for key, value in {"count": 2, "epochs": 4, "every": 20, "resamples": 100}.items():
        text = re.sub(rf"^{key} = \d+", f"{key} = {value}", text, flags=re.MULTILINE)
    listed = re.search(r"^sections = \[(.*?)\]", text, re.MULTILINE | re.DOTALL)
    kept = [section for section in re.findall(r'"(\w+)"', listed[1]) if section in _KEPT] or ["reading"]
    text = re.sub(r'^before = ".*"', f'before = "{kept[0]}"', text, flags=re.MULTILINE)
    text = re.sub(r"^picture = .*", "", text, flags=re.MULTILINE)
    return text.replace(listed[0], f"sections = {json.dumps(kept)}")


file.shipped = _smaller

from reportgen.experiment import table_file

_of_table = table_file.experiment_text
_STUDY = "[study]\nfolds = 3\nrepetitions = 1\ninner_folds = 3\nsubsamples = 4\nsplits = 4\nshuffles = 2\n\n[[arms]]"


def _smaller_of_table(*arguments):
    text = _of_table(*arguments).replace('    "network_or_not",\n', "")
    return text.replace("[[arms]]", _STUDY)


table_file.experiment_text = _smaller_of_table

from reportgen.cli import main

main()
'''


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for PATH: `reportgen` as above, and the `python` of these tests."""
    folder = tmp_path_factory.mktemp("programs")
    smaller = folder / "smaller.py"
    smaller.write_text(_SMALLER, "utf-8")
    for name, arguments in {"reportgen": f'-P "{smaller}"', "python": ""}.items():
        file = folder / name
        file.write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments} "$@"\n', "utf-8")
        file.chmod(0o755)
    return folder


@pytest.fixture
def environment(cache: Path, tmp_path: Path) -> dict[str, str]:
    """What commands see: the store that all tests share, and a home with nothing in it."""
    home = tmp_path / "home"
    home.mkdir()
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "LANG", "TMPDIR") if name in os.environ}
    identity = dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"), "A Reader") | dict.fromkeys(
        ("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"), "reader@example.org"
    )
    return kept | identity | {"HOME": str(home), "REPORTGEN_CACHE_DIR": str(cache), "PYTHONDONTWRITEBYTECODE": "1"}
