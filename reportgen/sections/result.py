"""What a section has to tell: everything that the article takes from it, as one value that can be stored.

It is a function of the section's own code and of the experiment without what only the page shows, so that neither a new
title nor other prose makes anything be computed again.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reportgen.experiment import Experiment
from reportgen.page.results import plain
from reportgen.pictures import Animation, Picture
from reportgen.registry import stored
from reportgen.sections import Findings, Section, Table, Trained
from reportgen.sections.claims import Settled, settle
from reportgen.sections.player import Offer, offer
from reportgen.store.encoding import digest
from reportgen.training.run import Run


@stored
@dataclass(frozen=True, eq=False, kw_only=True)
class Wish:
    """A picture that a section asks for: all that tells whether it has been drawn."""

    name: str
    item: str
    """Digest of the `Picture` or `Animation`."""
    figure: str | None
    """The figure that draws it; None for an animation."""
    scenes: tuple[str, ...]
    """The scenes that draw it; empty for a still."""
    inputs: Any
    """What a still is drawn from, as plain JSON values; None for an animation."""


@stored
@dataclass(frozen=True, eq=False, kw_only=True)
class Told:
    """A section, computed."""

    title: str
    findings: Findings
    claims: tuple[Settled, ...]
    tables: tuple[Table, ...]
    headline: str | None
    wishes: tuple[Wish, ...]
    players: Offer
    steps: Mapping[str, int]
    """How many updates each of its runs has, by digest."""
    diverged: tuple[str, ...]
    """Those of them whose numbers stopped being finite."""


def core(experiment: Experiment) -> Experiment:
    """The experiment without what only the page shows."""
    shown: dict[str, Any] = {"title": "", "author": "", "language": "en", "abstract": "", "date": "", "site": None}
    shown |= dict.fromkeys(("tags", "reading", "sections", "formats"), ())
    return dataclasses.replace(experiment, **shown)


def tell(
    name: str, section: Section, experiment: Experiment, trained: Trained, study: Any, names: Mapping[Run, str]
) -> tuple[Told, dict[str, Picture | Animation]]:
    """The section called `name`, with the pictures it wishes for by their digests.

    `experiment` is a `core`, `trained` has the section's own runs, `study` is what its `study` returned, `names` has a
    digest for each run.
    """
    findings = section.findings(experiment, trained, study)
    items = list(section.media(experiment, trained, study, findings))
    digests = [digest(item) for item in items]
    told = Told(
        title=section.title,
        findings=findings,
        # Claims see findings as `results.json` has them, so that whoever holds the file can decide them again.
        claims=tuple(settle(claim, name, plain(findings), experiment) for claim in section.claims),
        tables=tuple(section.tables(experiment, findings)),
        headline=section.headline(experiment, findings),
        wishes=tuple(map(_wish, items, digests)),
        players=offer(experiment, [item for item in items if isinstance(item, Animation)], trained),
        steps={names[run]: run.steps for run in trained},
        diverged=tuple(names[run] for run, trajectory in trained.items() if trajectory.diverged is not None),
    )
    return told, dict(zip(digests, items, strict=True))


def _wish(item: Picture | Animation, digest: str) -> Wish:
    if isinstance(item, Picture):
        return Wish(name=item.name, item=digest, figure=item.figure, scenes=(), inputs=plain(item.inputs))
    return Wish(name=item.name, item=digest, figure=None, scenes=item.scenes, inputs=None)
