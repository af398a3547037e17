"""The result of a section: everything that a page takes from it, as one value that can be stored.

It depends on the section's own code and on the experiment without its page settings, so that a new title or other prose
does not recompute it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reportgen import plugins
from reportgen.experiment import Experiment
from reportgen.experiment.animation_settings import AnimationSettings
from reportgen.pictures.picture import Animation, Picture
from reportgen.registry import stored
from reportgen.sections import Findings, Section, Table, Trained
from reportgen.sections.claims import DecidedClaim, decide
from reportgen.sections.player import PlayerData, player_data
from reportgen.store.encoding import digest, python_numbers
from reportgen.training.run import Run
from reportgen.values import json_value


@stored
@dataclass(frozen=True, eq=False, kw_only=True)
class PictureRequest:
    """A picture that a section asks for, with the digest that tells whether it is already drawn."""

    name: str
    item: str
    """Digest of the `Picture` or `Animation`."""
    figure: str | None
    """The figure that draws it; None for an animation."""
    scenes: tuple[str, ...]
    """The scenes that draw it; empty for a still."""
    inputs: Any
    """The inputs of a still, as plain JSON values; None for an animation."""


@stored
@dataclass(frozen=True, eq=False, kw_only=True)
class SectionResult:
    """What a section computed. Its text is in a template."""

    name: str
    title: str
    findings: Findings
    claims: tuple[DecidedClaim, ...]
    tables: tuple[Table, ...]
    headline: str | None
    pictures: tuple[PictureRequest, ...]
    players: PlayerData
    steps: Mapping[str, int]
    """The number of updates of each run, by digest."""
    diverged: tuple[str, ...]
    """Digests of the runs that diverged."""
    scripts: tuple[str, ...] = ()
    """The scripts of the page that its figures need."""
    files: Mapping[str, Any] = field(default_factory=dict)
    """More files beside the page, as JSON values by their names."""


def without_page_settings(experiment: Experiment) -> Experiment:
    """The experiment without the settings that only the page uses: all that a section may depend on."""
    shown: dict[str, Any] = {
        "title": "",
        "author": "",
        "language": "en",
        "abstract": "",
        "date": "",
        "picture": "",
        "site": None,
        "animation": AnimationSettings(),
    }
    shown |= dict.fromkeys(("tags", "reading", "sections", "text", "formats", "plugins"), ())
    return dataclasses.replace(experiment, **shown)


def compute_section(
    name: str, section: Section[Any], experiment: Experiment, trained: Trained, study: Any, run_names: Mapping[Run, str]
) -> tuple[SectionResult, dict[str, Picture | Animation]]:
    """Compute the section called `name`; return its result, and the items to draw by their digests.

    `experiment` comes from `without_page_settings`, `trained` holds the section's own runs, `study` the result of its
    method `study`, `run_names` the digest of each run.
    """
    with plugins.blaming(type(section)):
        return _computed(name, section, experiment, trained, study, run_names)


def _computed(
    name: str, section: Section[Any], experiment: Experiment, trained: Trained, study: Any, run_names: Mapping[Run, str]
) -> tuple[SectionResult, dict[str, Picture | Animation]]:
    findings = section.findings(experiment, trained, study)
    items = list(section.media(experiment, trained, study, findings))
    digests = [digest(item) for item in items]
    plain = plain_findings(findings)
    result = SectionResult(
        name=name,
        title=section.title,
        findings=plain,
        # Claims see findings as `results.json` has them, so that they can be decided again from the file.
        claims=tuple(decide(claim, name, plain, experiment) for claim in section.claims),
        tables=python_numbers(tuple(section.tables(experiment, findings))),
        headline=section.headline(experiment, findings),
        pictures=tuple(map(_request, items, digests)),
        players=player_data(experiment, [item for item in items if isinstance(item, Animation)], trained),
        steps={run_names[run]: run.steps for run in trained},
        diverged=tuple(run_names[run] for run, trajectory in trained.items() if trajectory.diverged is not None),
        scripts=tuple(section.scripts),
        files={file: json_value(python_numbers(value)) for file, value in section.files(experiment, findings).items()},
    )
    return result, dict(zip(digests, items, strict=True))


def plain_findings(findings: Any) -> Findings:
    """The findings of a section, a dataclass or a dict, as JSON has them: None for numbers that are not finite."""
    fields = findings if isinstance(findings, dict) else dataclasses.asdict(findings)
    plain: Findings = json_value(python_numbers(fields))
    return plain


def _request(item: Picture | Animation, digest: str) -> PictureRequest:
    if isinstance(item, Picture):
        return PictureRequest(
            name=item.name, item=digest, figure=item.figure, scenes=(), inputs=json_value(item.inputs)
        )
    return PictureRequest(name=item.name, item=digest, figure=None, scenes=item.scenes, inputs=None)
