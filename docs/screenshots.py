"""Makes the pictures of README and these pages from a built report, so that none of them is made by hand.

reportgen build -o output
python docs/screenshots.py output

It writes pictures/desktop.png, the first screen of the article, pictures/telephone.png, a player at rest, and
weights.gif, beside itself or in the folder given as second argument. It needs playwright and a Chromium: on PATH, in
REPORTGEN_BROWSER, or playwright's own.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import reportgen

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parents[0] / "tests"))

from browser import install  # noqa: E402  # found where the tests keep it

VIEWS = {
    "desktop": (None, {"viewport": {"width": 1280, "height": 800}}),
    "telephone": (
        "weights-watched-l1",
        {"viewport": {"width": 360, "height": 640}, "device_scale_factor": 2, "is_mobile": True},
    ),
}
"""Which player stands in the middle, if not the top of the page is shown, and what it is looked at with."""

MOST = 250_000
"""Bytes of a picture that a repository keeps."""


def main(report: Path, out: Path) -> None:
    """Write the pictures of `report` into `out`."""
    (out / "pictures").mkdir(parents=True, exist_ok=True)
    for name, content in screenshots(report).items():
        write(out / "pictures" / f"{name}.png", content)
    animate(report, out / "weights.gif")


def screenshots(report: Path) -> dict[str, bytes]:
    """The page of a report at rest, by the name of the view."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=install.find(), args=["--no-sandbox", "--hide-scrollbars", "--disable-gpu"]
        )
        taken = {name: small(view(browser, report, *how)) for name, how in VIEWS.items()}
        browser.close()
    return taken


def view(browser: Any, report: Path, player: str | None, options: dict[str, Any]) -> bytes:
    """The first screen of a page, or a player in the middle of it, its training played to the end."""
    # Whoever wants no movement gets players that rest on their last record.
    page = browser.new_page(**options, color_scheme="light", reduced_motion="reduce")
    page.goto((report / "index.html").resolve().as_uri())
    if player:
        show_end(page, page.locator(f"#figure-{player}"))
    page.wait_for_load_state("networkidle")
    page.evaluate("document.fonts.ready")
    content: bytes = page.screenshot(animations="disabled")
    page.close()
    return content


def show_end(page: Any, figure: Any) -> None:
    """Put a player into the middle of the screen, out of its fold, at the last record of its training."""
    figure.evaluate(
        "e => { for (let f = e.closest('details'); f; f = f.parentElement.closest('details')) f.open = true; }"
    )
    center = "e => e.scrollIntoView({ block: 'center', behavior: 'instant' })"
    figure.evaluate(center)
    page.wait_for_function("e => e.querySelector('.player')?.dataset.step", arg=figure.element_handle())
    # All players of a fold, or of a section, have one set of controls.
    controls = figure.locator("xpath=(ancestor::section | ancestor::details)[last()]").locator(".controls")
    controls.locator(".position").evaluate(
        "e => { e.value = e.max; e.dispatchEvent(new Event('input', { bubbles: true })); }"
    )
    figure.evaluate(center)


def small(png: bytes) -> bytes:
    """The same picture in as many colors as a palette holds."""
    from PIL import Image

    picture = Image.open(io.BytesIO(png)).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    made = io.BytesIO()
    picture.save(made, "PNG", optimize=True)
    return made.getvalue()


def animate(report: Path, file: Path) -> None:
    """The weights of the first run under three penalties."""
    runs = [report / "trajectories" / f"{arm}.trajectory" for arm in ("none", "l1", "l2")]
    reportgen.animate(runs, file, titles=["no penalty", "L1", "L2"])
    print(file, file.stat().st_size)


def write(file: Path, content: bytes) -> None:
    """Write a picture, unless it is too large to be kept."""
    if len(content) > MOST:
        sys.exit(f"{file.name} would take {len(content):,} bytes, more than {MOST:,}")
    file.write_bytes(content)
    print(file, len(content))


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) == 3 else HERE)
