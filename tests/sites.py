"""Sites to test with: folders from texts, and all their files without a second of training."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import html5lib
from reports import claim, section

from reportgen.experiment import Experiment
from reportgen.page.report import Report
from reportgen.pictures.media import Media
from reportgen.pipeline.options import BuildOptions
from reportgen.pipeline.preview_cache import PreviewCache
from reportgen.sections import Column, Table
from reportgen.sections.player import Player, PlayerSet, RunChoices
from reportgen.site.site_target import SiteTarget

BASE = "https://example.org/notes/"
SETTINGS = f'title = "Notes"\nauthor = "Ada"\nbase = "{BASE}"\n'

EXPERIMENT = """
sections = ["experiment"]
[data]
name = "line"
[runs]
count = 2
[[arms]]
name = "none"
penalty = "none"
"""


def experiment(title: str = "An experiment", date: str = "2026-01-01", **more: Any) -> str:
    """The text of an experiment file."""
    return _toml({"title": title, "date": date, **more}) + EXPERIMENT


def text(body: str = "Words.", **front: Any) -> str:
    """The text of a Markdown file, of a post unless it says otherwise."""
    told = {"title": "A post", "date": "2026-01-01", **front}
    return f"+++\n{_toml({key: value for key, value in told.items() if value is not None})}+++\n\n{body}\n"


def _toml(values: Mapping[str, Any]) -> str:
    dates = ("date", "updated")
    return "".join(f"{key} = {value if key in dates else toml_text(value)}\n" for key, value in values.items())


def toml_text(value: Any) -> str:
    """A text or a list of texts in TOML."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml_text, value))}]"
    # TOML knows the escapes of JSON, but of no halves of pairs.
    return "".join(
        letter if " " <= letter <= "~" and letter not in '"\\' else f"\\U{ord(letter):08x}" for letter in value
    ).join('""')


def write(folder: Path, files: Mapping[str, str | bytes], settings: str = SETTINGS) -> Path:
    """A folder of a site."""
    for name, content in {"reportgen.toml": settings, **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def made(
    folder: Path, cache: Path, templates: Path | None = None, previews: PreviewCache | None = None
) -> dict[str, bytes]:
    """Every file of the site in a folder."""
    previews = previews or PreviewCache()
    target = SiteTarget(folder, templates, previews)
    return dict(previews.files(target, BuildOptions(cache=cache, executor="serial")))


def tree(page: bytes) -> Any:
    return html5lib.parse(page.decode(), namespaceHTMLElements=False)


def words(element: Any) -> str:
    return " ".join("".join(element.itertext()).split())


def metas(page: bytes) -> dict[str, str]:
    """What a page says of itself, by name or property."""
    return {e.get("name") or e.get("property"): e.get("content") for e in tree(page).iter("meta") if e.get("content")}


def linked(page: bytes) -> Any:
    """The JSON-LD of a page."""
    (script,) = [e for e in tree(page).iter("script") if e.get("type") == "application/ld+json"]
    return json.loads(script.text)


def report(experiment: Experiment, tools: Any) -> Report:
    """In place of `make_report`: what a build could have found."""
    name = experiment.title.replace(" ", "-").lower()
    files = {"strip.svg": f'<svg role="img" aria-label="A strip"><!-- {name} --></svg>'.encode()}
    still = Media(
        name="strip", kind="picture", alt="A strip", width=640, height=360,
        file="strip.svg", poster=None, files=files,
    )  # fmt: skip
    other = dataclasses.replace(
        still,
        name="data",
        alt="The data",
        file="data.svg",
        files={"data.svg": b'<svg role="img" aria-label="The data"></svg>'},
    )
    moving = Media(
        name="weights", kind="animation", alt="Weights move", width=480, height=360, file="weights.gif",
        poster="weights.png", files={"weights.gif": b"GIF89a" + name.encode(), "weights.png": PNG},
    )  # fmt: skip
    series = RunChoices(arm="L1", trajectories=({"weights": name, "steps": [0], "layers": [], "samples": None},))
    reading = section(
        "reading",
        title="Further reading",
        findings={"share": 0.25, "arms": {"l1": 7}},
        headline=f"A quarter of {name} is zero.",
        claims=(claim("holds"), claim("moot", None)),
        steps={"a": 5, "b": 5},
    )
    return Report(
        experiment=experiment,
        sections=(reading,),
        sentences={"holds": f"It holds <in> {name}.", "moot": ""},
        media={"strip": still, "data": other, "weights": moving},
        tables={"errors": Table(name="errors", columns=(Column(label="Arm"),), rows=((name,),))},
        players=PlayerSet(players={"weights": Player(scenes=("weights",), panels=(("L1", 0),))}, series=(series,)),
        versions={"numpy": "2.0"},
    )


PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c636060606000000005"
    "0001a5f645400000000049454e44ae426082"
)
"""One pixel."""


REAL = {
    "posts/l1.toml": """
title = "L1 and nothing"
date = 2026-01-01
tags = ["L1"]
sections = ["experiment", "motion", "sparsity"]
[data]
name = "line"
[network]
hidden = [5, 5]
[training]
epochs = 4
[runs]
count = 3
[comparison]
resamples = 100
[[arms]]
name = "none"
label = "no penalty"
penalty = "none"
[[arms]]
name = "l1"
label = "L1"
penalty = "l1"
strength = 0.3
""",
    "posts/both.md": """+++
title = "Two experiments"
date = 2026-01-02
tags = ["l1", "L2"]
experiment = "l1"
+++

{{ animation weights-l1 | Weights under L1, unlike {{ ref l2/weights-l2 }}. }}

{{ animation l2/weights-l2 | Weights under L2, {{ number l2/sparsity.l2.threshold .3f }}. }}

The threshold is {{ number sparsity.l1.threshold .3f }}. {{ claim l1-leaves-weights-at-zero }}

{{ section sparsity }}

## And then

Words.
""",
    "pages/index.md": "# Welcome\n\nTo [two](../posts/both.md).\n\n{{ figure l1/histogram | All weights. }}\n",
    "pages/about.md": "# About\n\nThis site.\n",
    "pages/more.md": "# More\n\nOf it.\n",
}
REAL["experiments/l2.toml"] = (
    REAL["posts/l1.toml"].replace("L1", "L2").replace("l1", "l2").replace("strength = 0.3", "strength = 0.1")
)
