"""Markdown of the author in an article, and the results that Markdown places by reference."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from markupsafe import Markup, escape

from reportgen.errors import ExperimentError, TemplateError
from reportgen.experiment import Experiment
from reportgen.experiment.toml.positions import positions
from reportgen.markdown import markdown
from reportgen.markdown.markdown import BoundProse, BuildReference, Piece, Prose, Surroundings, raise_mistakes
from reportgen.markdown.references import ReferenceTargets, check_references, number_text, value_at
from reportgen.page.article import UnknownNameError, data_url
from reportgen.page.page_head import PageHead
from reportgen.page.report import Report

T = TypeVar("T")


class AuthorTexts:
    """The tables `[[text]]` of an experiment file, as the page of its article needs them.

    Raises `ExperimentError` with every mistake that the file shows, and `RefusedError` for a picture outside of
    `folder`. `source` is the content of the file, for positions; `name` begins every message.
    """

    def __init__(
        self,
        experiment: Experiment,
        folder: Path,
        name: str = "",
        source: str = "",
        *,
        root: Path | None = None,
        resolve: Callable[[str], str | None] = lambda target: None,
        homes: tuple[str, str] = ("", ""),
    ) -> None:
        """`resolve` returns the path of `other.md#anchor` in the site, or None. `homes` lead to the site from the page
        and from the single file, which may be moved."""
        self._before = [text.before for text in experiment.text]
        self._resolve, self._place = resolve, (folder, root or folder)
        mistakes = _Mistakes()
        self._prose = list(_parse(experiment, name, source, mistakes))
        self._bound = [
            bound
            for prose in self._prose
            for bound in mistakes.collect(lambda p=prose: self._bind(p, homes[0], lambda file: file))  # type: ignore[misc]
        ]
        mistakes.raise_if_any()
        self.files: Mapping[str, bytes] = {file: item for bound in self._bound for file, item in bound.files.items()}
        """The pictures of the texts by their paths in the folder of the page, which have the hash of their content."""
        self._single = [self._bind(prose, homes[1], self._data_url) for prose in self._prose]

    def check(self, report: Report) -> None:
        """Raise `ExperimentError` with a line for every reference to something that `report` lacks."""
        targets, mistakes = reference_targets("this article", report), _Mistakes()
        for prose in self._prose:
            mistakes.collect(lambda p=prose: check_references(p, lambda name: targets, part=True))  # type: ignore[misc]
        mistakes.raise_if_any()

    def placed(self, report: Report, page: PageHead, *, single_file: bool) -> list[dict[str, Any]]:
        """Each text for the template: `before`, the name of a section or empty, and `pieces`."""
        texts = zip(self._before, self._single if single_file else self._bound, strict=True)
        return [
            {"before": before, "pieces": resolve_pieces(bound.pieces, "", {"": report}, mark=page.english)}
            for before, bound in texts
        ]

    def raise_at_reference(self, error: TemplateError) -> None:
        """Raise `ExperimentError` at the reference that made the page fail, if one did."""
        for prose in self._prose:
            raise_at_reference(prose, "", error)

    def _bind(self, prose: Prose, home: str, media: Callable[[str], str]) -> BoundProse:
        def resolve(target: str) -> str | None:
            path = self._resolve(target)
            return None if path is None else f"{home}{path}"

        return markdown.bind(prose, *self._place, resolve, media)

    def _data_url(self, file: str) -> str:
        kind = file.rpartition(".")[2].replace("svg", "svg+xml").replace("jpg", "jpeg")
        return data_url(f"image/{kind}", self.files[file])


class _Mistakes:
    """Collects the mistakes of all texts, so that they are reported together."""

    def __init__(self) -> None:
        self._found: list[str] = []

    def collect(self, call: Callable[[], T]) -> list[T]:
        """The result of `call` in a list, which is empty if it raises `ExperimentError`."""
        try:
            return [call()]
        except ExperimentError as error:
            self._found.append(str(error))
            return []

    def raise_if_any(self) -> None:
        if self._found:
            raise ExperimentError("\n".join(self._found))


def _parse(experiment: Experiment, name: str, source: str, mistakes: _Mistakes) -> Iterator[Prose]:
    ids = {part for section in experiment.sections for part in (section, f"{section}-title")}
    where = positions(source.replace("\r\n", "\n")) if source else {}
    for i, text in enumerate(experiment.text):
        line = _first_line(source, *where["text", i, "markdown"]) if where else 1
        around = Surroundings(first_line=line, ids=frozenset(ids), notes=f"text-{i + 1}-" if i else "")
        called = name if source else f"text[{i + 1}]"
        for prose in mistakes.collect(lambda: markdown.parse(text.markdown, called, around)):  # noqa: B023  # called here
            ids |= {heading.id for heading in prose.headings}
            mistakes.collect(lambda: _check_kinds(prose))  # noqa: B023
            yield prose


def _check_kinds(prose: Prose) -> None:
    """Raise `ExperimentError` for references that a text of an article cannot have."""
    listed = "the sections of an article are listed in its key sections"
    own = "a text in an experiment file shows results of its own article only; delete"
    raise_mistakes(
        prose.name,
        [((r.line, r.column), listed) for r in prose.references if r.kind == "section"]
        + [((r.line, r.column), f"{own} {r.experiment}/") for r in prose.references if r.experiment],
    )


def _first_line(source: str, line: int, column: int) -> int:
    """The line at which the text of the key begins that is at `line` and `column`."""
    rest = "\n".join(source.replace("\r\n", "\n").split("\n")[line - 1 :])[column - 1 :]
    return line + bool(re.match(r"""[^=]*=\s*('''|\"{3})\n""", rest))


def reference_targets(name: str, report: Report) -> ReferenceTargets:
    """Everything in a report that prose may refer to; `name` is the report in messages."""
    kinds = {kind: {m.name for m in report.media.values() if m.kind == kind} for kind in ("picture", "animation")}
    return ReferenceTargets(
        name=name,
        figures=kinds["picture"],
        animations=kinds["animation"],
        tables=set(report.tables),
        sections=set(report.section_of),
        claims=dict(report.sentences),
        findings=report.findings,
    )


def resolve_pieces(
    pieces: Iterable[Piece], own: str, reports: Mapping[str, Report], *, mark: Markup | None = None
) -> list[Any]:
    """Pieces for the template: numbers and claims become text, other references get their full names.

    `own` is the experiment of the page. `mark` is the attribute of claims, which are English, in prose that is not.
    """

    def resolve(piece: Piece) -> Any:
        if not isinstance(piece, BuildReference):
            return piece
        name = piece.experiment or own
        if piece.kind == "claim":
            sentence = escape(reports[name].sentences[piece.name])
            return Markup("<span{}>{}</span>").format(mark, sentence) if mark else sentence
        if piece.kind == "number":
            value = value_at(reports[name].findings, piece.name)
            return escape(number_text(value, piece.spec))
        caption = [resolve(part) for part in piece.caption]
        return dataclasses.replace(piece, name=full_name(piece, own), caption=tuple(caption))

    return [resolve(piece) for piece in pieces]


def full_name(reference: BuildReference, own: str) -> str:
    """The name of what `reference` places on a page of the experiment `own`: EXPERIMENT/NAME from another one."""
    elsewhere = reference.experiment and reference.experiment != own
    return f"{reference.experiment}/{reference.name}" if elsewhere else reference.name


def raise_at_reference(prose: Prose, own: str, error: TemplateError) -> None:
    """Raise `ExperimentError` at the reference that caused `error`; the figures of sections are known only then."""
    if not isinstance(error.__cause__, UnknownNameError):
        return
    told = str(error.__cause__)
    for reference in prose.references:
        if f"{full_name(reference, own)!r}" in told:
            message = re.sub(r"m\.ref\((['\"])(.*?)\1.*?\)", r"{{ ref \2 }}", told)
            place = f"{prose.name}:{reference.line}:{reference.column}"
            raise ExperimentError(f"{place}: {message}") from error
