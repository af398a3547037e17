"""The files of a report: its pages, pictures, tables, trajectories and `results.json`."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reportgen.errors import TemplateError
from reportgen.page import results
from reportgen.page.article import Numbering, media_results, render, render_embeds, table_file
from reportgen.page.page_head import PageHead
from reportgen.page.report import Report
from reportgen.page.spreadsheet import csv_bytes
from reportgen.page.weight import check_weight
from reportgen.training.run import settings_to_json

if TYPE_CHECKING:  # reads Markdown, which most reports do without
    from reportgen.page.author_text import AuthorTexts


def data_files(report: Report) -> dict[str, bytes]:
    """Pictures, tables, trajectories and numbers of a report, by their paths in its folder."""
    media, tables = report.media.values(), report.tables.values()
    files = {path: content for item in media for path, content in item.published.items()}
    for table in tables:
        files[f"data/{table.name}.csv"] = files[f"media/{table_file(table)}"] = csv_bytes(table)
    files |= {f"trajectories/{name}.trajectory": content for name, content in report.trajectories.items()}
    files |= {name: results.json_bytes(value) for section in report.sections for name, value in section.files.items()}
    files["results.json"] = results.json_bytes(
        {
            "schema": results.SCHEMA,
            "experiment": settings_to_json(report.experiment),
            "facts": report.facts,
            "headlines": report.headlines,
            "claims": {
                name: dataclasses.asdict(claim) | {"sentence": report.sentences[name]}
                for name, claim in report.claims.items()
            },
            "findings": report.findings,
            "tables": {
                table.name: {"columns": [column.label for column in table.columns], "rows": table.rows}
                for table in tables
            },
            # The inputs of each still picture are included, so that every number of a curve can be read.
            "media": {item.name: {**media_results(item), "inputs": report.drawn_from.get(item.name)} for item in media},
        }
    )
    return files


def page_files(
    report: Report,
    templates: Path | None,
    page: PageHead,
    css: str = "",
    texts: AuthorTexts | None = None,
    related: Sequence[Any] = (),
) -> dict[str, bytes]:
    """The page of a report, the same in a single file, and pages to embed, by their paths in its folder.

    `texts` are the author's Markdown between its sections, `related` as for `render`. Raises `ExperimentError` with a
    line for every mistake in a text.
    """
    report.lead_picture  # noqa: B018  # raises for the name of none
    files = {f"embed/{name}": text.encode() for name, text in render_embeds(report, templates, page, css).items()}
    if texts:
        texts.check(report)
        files |= texts.files
    numbering = Numbering()
    for name, single_file in {"index.html": False, "report.html": True}.items():
        placed = texts.placed(report, page, single_file=single_file) if texts else ()
        try:
            text = render(
                report,
                single_file=single_file,
                templates=templates,
                page=page,
                css=css,
                numbering=numbering,
                texts=placed,
                related=related,
            )
        except TemplateError as error:
            if texts:
                texts.raise_at_reference(error)
            raise
        files[name] = text.encode()
        numbering = numbering.for_same_figures()
    check_weight(files["report.html"])
    return files
