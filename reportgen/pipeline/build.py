"""The program on one screen: from an experiment to a folder of files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Protocol

from reportgen import plugins
from reportgen.companions import check
from reportgen.disk import files
from reportgen.errors import DataError
from reportgen.experiment import Experiment
from reportgen.output import output_folder
from reportgen.pipeline.options import BuildOptions
from reportgen.pipeline.reasons import ChangeExplainer
from reportgen.store import keys

if TYPE_CHECKING:  # a build that is up to date loads neither
    from reportgen.page.report import Report
    from reportgen.pipeline.toolbox import Toolbox


class BuildTarget(Protocol):
    """A target that can be built into a folder: the report of one experiment, or a site of several."""

    @property
    def experiments(self) -> Mapping[str, Experiment]:
        """The experiments to report, by name."""

    @property
    def formats(self) -> Iterable[str]:
        """The names of the formats for animations."""

    @property
    def inputs(self) -> Mapping[str, Path]:
        """Files and folders that the target reads, by their names in messages; the output may not contain them."""

    def made_from(self) -> keys.Parts:
        """Everything that the files depend on; equal parts give equal bytes.

        Reads files, so it may raise `ReportgenError`.
        """

    def files(self, reports: Mapping[str, Report], tools: Toolbox) -> Mapping[str, bytes]:
        """Every file by its path in the folder."""


@dataclass(frozen=True, eq=False)
class BuildResult:
    """The files in an output folder after a build."""

    files: tuple[Path, ...]
    new: bool
    """True if they were made, False if they were found up to date."""
    reports: Mapping[str, Report] = field(default_factory=dict)
    """The reports by experiment; empty if nothing was made."""


def build(target: BuildTarget, out: Path, options: BuildOptions) -> BuildResult:
    """Make every file of `target` in the folder `out`, unless it is up to date; log warnings about problems."""
    with plugins.using(plugin for e in target.experiments.values() for plugin in e.plugins):
        options.check_executor()
        return _build(target, out, options)


def _build(target: BuildTarget, out: Path, options: BuildOptions) -> BuildResult:
    made_from, cache = target.made_from(), options.store_folder
    with output_folder.claim(out, target.inputs, cache, adopt=options.adopt, lock=not options.no_lock) as folder:
        if folder.is_current(made_from):
            return BuildResult(folder.listed_files, new=False)
        files.check_writable(out, "output folder")

        from reportgen.pipeline.report import make_report
        from reportgen.pipeline.toolbox import open_toolbox

        with open_toolbox(
            target.formats, options, ChangeExplainer(options.explain, folder.made_from, made_from)
        ) as tools:
            _notice_few_runs(target.experiments, options)
            reports = {name: make_report(experiment, tools) for name, experiment in target.experiments.items()}
            contents = target.files(reports, tools)
        if target.made_from() != made_from:
            raise DataError("a file was edited while pages were made from it; run the same command again", code="RG102")
        written = folder.publish(contents, made_from, adopt=options.adopt, overwrite_edited=options.overwrite_edited)
        _warn_of_problems(contents, out)
        return BuildResult(written, new=True, reports=reports)


def _notice_few_runs(experiments: Mapping[str, Experiment], options: BuildOptions) -> None:
    from reportgen.sections.wording import too_few_runs

    for name, experiment in experiments.items():
        if options.notice and (sentence := too_few_runs(experiment)):
            options.notice(f"{name}: {sentence}" if len(experiments) > 1 else sentence)


def _warn_of_problems(contents: Mapping[str, bytes], out: Path) -> None:
    # A report in one file repeats the other files, and a warning about its size was logged when it was made (RG703).
    repeated = {name for name in contents if PurePosixPath(name).name == "report.html"}
    problems = check.inspect(contents, trusted=repeated)
    check.warn([problem for problem in problems if problem.code != "RG703"], out)
