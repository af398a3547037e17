"""Two small sites to publish one over the other, and what is looked at afterwards.

`python tests/outputs.py DIR new` publishes one; `python tests/sites.py DIR new wait` first waits for a line of input.
"""

from __future__ import annotations

import hashlib
import re
import sys
from pathlib import Path

from reportgen.disk.files import TEMPORARY
from reportgen.errors import ReportgenError
from reportgen.output import output_folder

HERE = Path(__file__)


def make(version: str, *extra: str) -> dict[str, bytes]:
    media = {}
    for stem, content in {"same": b"both", "weights": version.encode(), version: b"its own"}.items():
        media[f"media/{stem}-{hashlib.sha256(content).hexdigest()[:8]}.gif"] = content
    files = {
        **media,
        "data/table.csv": f"a\n{version}\n".encode(),
        f"data/{version}.csv": b"1\n",
        f"{version}/deep/only.trajectory": b"w",
        "embed/weights.gif": version.encode(),
        "embed/weights.html": _page("../index.html", *(f"../{name}" for name in media)),
        "embed/index.html": _page("weights.html", "weights.gif", "../index.html"),
        "results.json": f'{{"version": "{version}"}}'.encode(),
        "report.html": f"<p>{version}".encode(),
    }
    return files | {"index.html": _page(*files, *extra)}


def _page(*links: str) -> bytes:
    return "\n".join(f'<a href="{link}">x</a>' for link in links).encode()


OLD, NEW = make("old"), make("new")
MADE_FROM = {"old": {"settings": "1"}, "new": {"settings": "2"}}


def publish(out: Path, version: str, **options: bool) -> tuple[Path, ...]:
    with output_folder.claim(out, {}, adopt=options.get("adopt", False)) as place:
        return place.publish({"old": OLD, "new": NEW}[version], MADE_FROM[version], **options)


def everything(folder: Path) -> dict[str, bytes | None]:
    """Content of every file, None for a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
        if not path.is_symlink()
    }


def broken(folder: Path) -> list[str]:
    """What is wrong with a site that is seen between two steps of a publication: links, half files."""
    wrong = []
    if not (folder / "index.html").exists():
        return wrong  # no site yet
    for page in folder.rglob("*.html"):
        for link in re.findall(r'href="([^"]+)"', page.read_text()):
            shown = page.parent / link
            if not shown.exists():
                wrong.append(f"{page.name} -> {link}")
            elif "media/" in link and hashlib.sha256(shown.read_bytes()).hexdigest()[:8] not in link:
                wrong.append(f"{link} is not what it is named after")
    if (folder / "index.html").read_bytes() not in (OLD["index.html"], NEW["index.html"]):
        wrong.append("index.html is neither the old nor the new")
    return wrong


def temporaries(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if TEMPORARY.fullmatch(path.name)]


if __name__ == "__main__":
    try:
        if sys.argv[2] == "clean":
            output_folder.clean(Path(sys.argv[1]))
        else:
            with output_folder.claim(Path(sys.argv[1]), {}) as place:
                if "wait" in sys.argv:
                    print("claimed", flush=True)
                    sys.stdin.readline()
                place.publish({"old": OLD, "new": NEW}[sys.argv[2]], MADE_FROM[sys.argv[2]])
    except ReportgenError as error:
        print(f"{error.code}: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
