"""From an experiment to its report: train, compute sections, draw."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version
from itertools import chain

from reportgen.experiment import Experiment
from reportgen.page.report import Report, sentences_of, tables_of
from reportgen.pipeline import stage_keys
from reportgen.pipeline.drawing import Drawing
from reportgen.pipeline.picture_look import picture_look
from reportgen.pipeline.toolbox import Toolbox
from reportgen.sections import Section, sections
from reportgen.sections.player import pack_players
from reportgen.sections.result import SectionResult, compute_section, without_page_settings
from reportgen.store import keys, sweep
from reportgen.studies.complete import RunningStudy
from reportgen.training.run import Run
from reportgen.training.trajectory import Trajectory
from reportgen.version import __version__

_SECTION = "section"
"""The kind of a store entry that holds the result of a section."""


def make_report(experiment: Experiment, tools: Toolbox) -> Report:
    """Train, compute and draw everything that pages about `experiment` show, unless it is stored.

    Workers are never idle: sections without runs are computed, and their pictures drawn, while networks train. Sections
    whose runs depend on the results of other runs come later, and sweeps last, since a sweep keeps this process busy.
    """
    e = without_page_settings(experiment)
    look = picture_look(experiment)
    look.fonts.warn()
    drawing = Drawing(tools, experiment.formats, look)
    results = _stored_sections(experiment, e, drawing, tools)
    missing = {name: sections[name]() for name in experiment.sections if name not in results}

    runs = {name: list(section.runs(e)) for name, section in missing.items()}
    follow_ups: dict[str, list[Run]] = {name: [] for name in missing}
    trained: dict[Run, Trajectory] = {}
    of_table = [name for name, section in missing.items() if section.of_table]
    table_study = RunningStudy(e, tools.store, tools.workers, tools.progress) if of_table else None
    training = tools.train(chain.from_iterable(runs.values()))
    studies = {
        name: tools.workers.submit(section.study, e)
        for name, section in missing.items()
        if type(section).study is not Section.study
    }

    def compute(names: Iterable[str]) -> None:
        for name in names:
            section, own = missing[name], {run: trained[run] for run in [*runs[name], *follow_ups[name]]}
            study = studies[name].result() if name in studies else None
            if table_study and section.of_table:
                study = table_study.result()
            elif section.sweep(e):
                study = sweep.complete(e, tools.store, tools.trainers, tools.progress)
            run_names = {run: tools.store.name(run) for run in own}
            result, items = compute_section(name, section, e, own, study, run_names)
            drawing.start(result.pictures, items)
            tools.store.keep(_SECTION, keys.key(stage_keys.of_section(name, e)), result)
            results[name] = result

    sweeps = [name for name, section in missing.items() if section.sweep(e)]
    plain = [name for name in missing if name not in sweeps]
    with_runs = [name for name in plain if runs[name]]
    compute(name for name in plain if not runs[name])
    trained = training.result()
    for name in with_runs:
        follow_ups[name] = list(missing[name].follow_up(e, {run: trained[run] for run in runs[name]}))
    training = tools.train(chain.from_iterable(follow_ups.values()), before=len(trained))
    compute(name for name in with_runs if not follow_ups[name])
    trained |= training.result()
    compute(name for name in with_runs if follow_ups[name])
    compute(sweeps)

    ordered = tuple(results[name] for name in experiment.sections)
    sentences = sentences_of(ordered, experiment)
    return Report(
        experiment=experiment,
        sections=ordered,
        media=drawing.finish(),
        tables=tables_of(ordered, sentences),
        sentences=sentences,
        players=pack_players([section.players for section in ordered]),
        trajectories=_published_trajectories(experiment, ordered, tools),
        versions={"reportgen": __version__} | {name: version(name) for name in ("tensorflow", "numpy", "scikit-learn")},
    )


def _stored_sections(
    experiment: Experiment, e: Experiment, drawing: Drawing, tools: Toolbox
) -> dict[str, SectionResult]:
    """Stored results whose pictures are stored or can be drawn; starts to draw these."""
    results: dict[str, SectionResult] = {}
    for name in experiment.sections:
        made_from = stage_keys.of_section(name, e)
        result = tools.store.recall(_SECTION, keys.key(made_from))
        if result and drawing.can_draw(result.pictures):
            results[name] = result
        else:
            tools.explain(f"section {name}", made_from)
    for result in results.values():
        drawing.start(result.pictures)
    return results


def _published_trajectories(
    experiment: Experiment, results: Iterable[SectionResult], tools: Toolbox
) -> dict[str, bytes]:
    """Trajectory files by name: the first run of each arm, and the recorded runs of a sweep.

    A stored section does not need its runs, so some of them may be trained again for this.
    """
    runs = {arm.name: experiment.arm_runs(arm)[0] for arm in experiment.arms}
    if experiment.sweep:
        runs |= {
            f"landscape-{cell.strength:g}-{cell.learning_rate:g}-{i + 1}": sweep.cell_run(experiment, cell, i)
            for cell in sweep.cells(experiment)
            for i in range(experiment.sweep.trajectories)
        }
    trained = {run for result in results for run in result.steps}
    published = {name: run for name, run in runs.items() if tools.store.name(run) in trained}
    trajectories = tools.store.complete(published.values(), tools.trainers).result()
    return {name: trajectories[run].dump() for name, run in published.items()}
