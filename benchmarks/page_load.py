"""The report in one file over a slow line: when something is painted, when the first figure moves, when all live.

    python benchmarks/page_load.py [FOLDER]

FOLDER is the output of a build; without one, the default report is built. A server on this machine serves it, as it is
and compressed. Chromium loads it at 1.6 Mb/s with a delay of 150 ms and a quarter of the processor. A figure lives from
the moment when its script has attached to it: `plots.each` marks it with the attribute `data-alive`.
"""

from __future__ import annotations

import argparse
import gzip
import os
import subprocess
import sys
import tempfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from browser import install  # the browser of the tests

LINE = {"offline": False, "latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 0.75e6 / 8}
SLOWER = 4

WATCH = """
window.alive = [];
new MutationObserver((changes) => {
  for (const { target } of changes) alive.push([performance.now(), target.id || target.className]);
}).observe(document, { attributes: true, attributeFilter: ["data-alive"], subtree: true });
"""

PAINTED = "performance.getEntriesByName('first-contentful-paint').map(entry => entry.startTime)[0] ?? null"


class Host(SimpleHTTPRequestHandler):
    """A host of files, which sends pages compressed, as most do, under addresses that end with ?compressed."""

    def do_GET(self) -> None:
        name, _, wish = self.path.partition("?")
        if wish != "compressed":
            super().do_GET()
            return
        content = gzip.compress(Path(self.translate_path(name)).read_bytes(), 6, mtime=0)
        self.send_response(200)
        headers = {"Content-Type": "text/html", "Content-Encoding": "gzip", "Content-Length": str(len(content))}
        for header, value in headers.items():
            self.send_header(header, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


def loaded(browser: Any, address: str) -> dict[str, float]:
    """Seconds to each moment of one visit, and the bytes that came over the line."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.add_init_script(WATCH)
    session = context.new_cdp_session(page)
    received: list[int] = []
    session.on("Network.loadingFinished", lambda event: received.append(int(event["encodedDataLength"])))
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", LINE)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    page.goto(address, wait_until="load", timeout=180_000)
    page.wait_for_timeout(500)
    alive = page.evaluate("alive")
    found = {
        "first paint": page.evaluate(PAINTED) / 1000,
        "first figure alive": alive[0][0] / 1000 if alive else float("nan"),
        "all figures alive": alive[-1][0] / 1000 if alive else float("nan"),
        "loaded": page.evaluate("performance.timing.loadEventEnd - performance.timing.navigationStart") / 1000,
        "figures": len(alive),
        "bytes": sum(received),
    }
    context.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary) / "out"
        if not given.folder:
            subprocess.run([sys.executable, "-m", "reportgen", "build", "-o", str(folder)], check=True)
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Host, directory=str(folder)))
        Thread(target=server.serve_forever, daemon=True).start()
        options = ["--disable-gpu", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=install.find(), args=options)
            for name in ("report.html", "report.html?compressed", "index.html?compressed"):
                visits = [loaded(browser, f"http://127.0.0.1:{server.server_port}/{name}") for _ in range(given.rounds)]
                print(f"{name}, best of {given.rounds}:")
                for moment in visits[0]:
                    best = min(visit[moment] for visit in visits)
                    print(
                        f"  {moment:20} {best:,.0f}"
                        if best > 100 or moment == "figures"
                        else f"  {moment:20} {best:.2f} s"
                    )
            browser.close()
        server.shutdown()


if __name__ == "__main__":
    main()
