"""Reports: an experiment with its computed sections and drawn pictures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from reportgen.errors import ExperimentError, did_you_mean
from reportgen.experiment import Experiment
from reportgen.pictures.media import Media
from reportgen.sections import Column, Findings, Table
from reportgen.sections.claims import DecidedClaim, sentence
from reportgen.sections.player import PlayerSet
from reportgen.sections.result import SectionResult


@dataclass(frozen=True, eq=False, kw_only=True)
class Report:
    """A computed and drawn experiment: everything that templates may use."""

    experiment: Experiment
    sections: tuple[SectionResult, ...]
    """In the order of the page."""
    media: Mapping[str, Media]
    """Pictures and animations by name."""
    tables: Mapping[str, Table]
    sentences: Mapping[str, str] = field(default_factory=dict)
    """The sentence of each claim by name, as plain text; empty if the claim does not apply."""
    players: PlayerSet = field(default_factory=PlayerSet)
    """The animations that the page draws itself where scripts are on."""
    trajectories: Mapping[str, bytes] = field(default_factory=dict)
    """Trajectory files to publish, by their names without suffix."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """Versions of reportgen and of the libraries it computed with, by name."""

    @cached_property
    def claims(self) -> Mapping[str, DecidedClaim]:
        """Every claim of the sections by name."""
        return {claim.name: claim for section in self.sections for claim in section.claims}

    @cached_property
    def headlines(self) -> tuple[str, ...]:
        """The sentences that sections have for the first screen."""
        return tuple(section.headline for section in self.sections if section.headline)

    @cached_property
    def findings(self) -> Mapping[str, Findings]:
        """The findings of each section by name."""
        return {section.name: section.findings for section in self.sections}

    @cached_property
    def facts(self) -> Findings:
        """Facts about the build as a whole: how many runs and updates, how many runs diverged, versions.

        `listed` of those that diverged are runs of the arms, which the section on errors lists.
        """
        steps = {run: count for section in self.sections for run, count in section.steps.items()}
        return {
            "runs": len(steps),
            "updates": sum(steps.values()),
            "diverged": len({run for section in self.sections for run in section.diverged}),
            "listed": len(self.findings.get("errors", {}).get("diverged", ())),
            "versions": self.versions,
        }

    @cached_property
    def section_of(self) -> Mapping[str, SectionResult]:
        """The sections by name."""
        return {section.name: section for section in self.sections}

    @cached_property
    def section_numbers(self) -> Mapping[str, int]:
        """The number of each section on the page, from 1; a section without a title has none."""
        return {section.name: i for i, section in enumerate((s for s in self.sections if s.title), 1)}

    @cached_property
    def drawn_from(self) -> Mapping[str, Any]:
        """The inputs of each still picture by its name; None for an animation."""
        return {picture.name: picture.inputs for section in self.sections for picture in section.pictures}

    @property
    def lead_picture(self) -> Media | None:
        """The picture that represents the report: the one that is named, or its first player, animation or figure.

        Raises `ExperimentError` for the name of none.
        """
        if named := self.experiment.picture:
            if named not in self.media:
                raise ExperimentError(
                    f"picture must name one of the article, got {named!r}.{did_you_mean(named, self.media)}"
                )
            return self.media[named]
        moving = (name for name, media in self.media.items() if media.kind == "animation")
        return self.media[[*self.players.players, *moving, *self.media][0]] if self.media else None


def sentences_of(sections: Iterable[SectionResult], e: Experiment) -> dict[str, str]:
    """The sentence of each claim of these sections, by name."""
    return {claim.name: sentence(claim, section.findings, e) for section in sections for claim in section.claims}


def tables_of(sections: Iterable[SectionResult], sentences: Mapping[str, str]) -> dict[str, Table]:
    """The tables of sections by name, and the table of all their claims with these `sentences`."""
    sections = tuple(sections)
    claims = _claims_table([claim for section in sections for claim in section.claims], sentences)
    return {**{table.name: table for section in sections for table in section.tables}, claims.name: claims}


def _claims_table(claims: Iterable[DecidedClaim], sentences: Mapping[str, str]) -> Table:
    """The table of claims: of those of the post of 2018 and then of the others; without its column if it has none."""
    decided = sorted((claim for claim in claims if claim.outcome), key=lambda claim: not claim.post)
    of_post = sum(bool(claim.post) for claim in decided)
    first = 0 if of_post else 1
    return Table(
        name="claims",
        columns=tuple(Column(label=label) for label in ("the post of 2018", "verdict", "this build")[first:]),
        rows=tuple((claim.post, str(claim.outcome), sentences[claim.name])[first:] for claim in decided),
        shown=of_post or None,
    )
