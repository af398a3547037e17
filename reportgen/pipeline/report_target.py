"""The report of one experiment, as the target of a build."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reportgen.errors import VerificationError
from reportgen.executors import Progress
from reportgen.experiment import Experiment
from reportgen.output import output_folder
from reportgen.page import results
from reportgen.pipeline import stage_keys
from reportgen.pipeline.build import build
from reportgen.pipeline.options import BuildOptions
from reportgen.store import keys

if TYPE_CHECKING:
    from reportgen.page.author_text import AuthorTexts
    from reportgen.page.report import Report
    from reportgen.pipeline.toolbox import Toolbox


@dataclass(frozen=True)
class BuiltReport:
    """The result of a build of one report."""

    front: Path
    """The report in one file."""
    files: tuple[Path, ...]
    headlines: tuple[str, ...]
    diverged: int
    """How many runs diverged, of the arms and of those that sections train besides."""
    diverged_listed: int
    """How many of them the report lists: those of the arms, if it has the section on errors."""
    new: bool = True
    """True if it was made, False if it was up to date."""


def build_report(
    experiment: Experiment,
    out: Path,
    options: BuildOptions | None = None,
    *,
    templates: Path | None = None,
    beside: Path | None = None,
    inputs: Mapping[str, Path] | None = None,
) -> BuiltReport:
    """Train missing runs, analyze and draw them, and write the report into the folder `out`.

    Files in `templates` replace the templates of the package with the same names. Paths in the experiment are relative
    to the folder `beside`. `inputs` are files that describe the build, by their names in messages: `out` must not
    contain them.
    """
    target = ReportTarget(experiment, templates=templates, beside=beside or Path(), inputs=inputs or {})
    done = build(target, out, options or BuildOptions())
    if done.new:
        report = done.reports[_ONLY]
        facts = report.facts
        return BuiltReport(out / "report.html", done.files, report.headlines, facts["diverged"], facts["listed"])
    published = results.load(out)
    facts, headlines = published["facts"], tuple(published["headlines"])
    return BuiltReport(out / "report.html", done.files, headlines, facts["diverged"], facts["listed"], new=False)


_ONLY = "experiment"
"""The name of the experiment in a `ReportTarget`."""


class ReportTarget:
    """A `BuildTarget`.

    It raises mistakes in the texts of the experiment, and `made_from` those in the settings of its site, before
    anything is trained.
    """

    def __init__(
        self,
        experiment: Experiment,
        *,
        templates: Path | None = None,
        beside: Path = Path(),
        inputs: Mapping[str, Path] | None = None,
    ) -> None:
        self._site = experiment.site
        if experiment.site and not templates:
            from reportgen.page import site_frame

            templates = site_frame.theme_folder(experiment.site, beside)
        self._templates = templates
        self._beside = beside
        self._texts = self._read_texts(experiment, (inputs or {}).get("experiment file")) if experiment.text else None
        self.experiments = {_ONLY: experiment}
        self.formats = experiment.formats
        self.inputs = {**(inputs or {}), **({"folder of templates": templates} if templates else {})}

    def _read_texts(self, experiment: Experiment, file: Path | None) -> AuthorTexts:
        from reportgen.experiment import toml
        from reportgen.page.author_text import AuthorTexts

        source = toml.read(file, "experiment file") if file else ""
        return AuthorTexts(experiment, self._beside, str(file or ""), source)

    def made_from(self) -> keys.Parts:
        parts = dict(stage_keys.of_build(self.experiments, self._templates))
        if self._texts:
            parts |= {f"picture {name}": name for name in self._texts.files}
        if self._site:
            from reportgen.page import site_frame

            site_frame.read_frame(self._site, self._beside)
            parts |= {f"file {name}": part for name, part in site_frame.file_digests(self._site, self._beside).items()}
        return parts

    def files(self, reports: Mapping[str, Report], tools: Toolbox) -> Mapping[str, bytes]:
        from reportgen.page import site_frame
        from reportgen.page.article import head_of_report
        from reportgen.page.report_files import data_files, page_files
        from reportgen.pipeline.preview_card import with_preview_card

        report = reports[_ONLY]
        page, css = head_of_report(report), ""
        site_files: dict[str, bytes] = {}
        if self._site:
            frame, css, site_files = site_frame.read_frame(self._site, self._beside)
            page = head_of_report(report, "", frame)
        page, card = with_preview_card(page, report.lead_picture, self._site, tools, relative=True)
        site_files |= card
        return {**site_files, **data_files(report), **page_files(report, self._templates, page, css, self._texts)}


def verify(
    experiment: Experiment,
    out: Path,
    *,
    executor: str | Callable[[], Executor],
    progress: Progress,
    templates: Path | None = None,
    beside: Path | None = None,
) -> int:
    """Build the report in `out` again in a temporary folder without the store, and return how many files are equal.

    Raises `VerificationError` if a file differs or exists in one of the folders only.
    """
    with tempfile.TemporaryDirectory(prefix="reportgen-") as folder:
        again = Path(folder) / "again"
        options = BuildOptions(cache=Path(folder) / "store", executor=executor, progress=progress)
        build_report(experiment, again, options, templates=templates, beside=beside)
        first, second = (output_folder.file_digests(build) for build in (out, again))
    if different := sorted(name for name in {*first, *second} if first.get(name) != second.get(name)):
        listed = ", ".join(different[:5]) + (", …" if len(different) > 5 else "")
        raise VerificationError(
            f"{len(different)} of {len({*first, *second})} files differ between the two builds: {listed}"
        )
    return len(first)
