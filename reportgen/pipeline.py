"""The whole program on one screen: from an experiment to an output folder."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Executor, Future, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import reportgen
from reportgen import site, sweep
from reportgen.animation import Media
from reportgen.animation.draw import render as render_media
from reportgen.animation.formats import formats
from reportgen.article import results
from reportgen.article.claims import Settled, settle
from reportgen.article.page import Article, Chapter, render, render_embeds
from reportgen.article.player import Players, pack
from reportgen.article.sections import Column, Findings, Section, Table, Trained, sections
from reportgen.article.spreadsheet import csv_bytes
from reportgen.errors import ReportgenError
from reportgen.executors import executors
from reportgen.experiment import Experiment
from reportgen.figures import Animation, Picture
from reportgen.run import Run, describe
from reportgen.store import Completion, Store, default_folder
from reportgen.trajectory import Trajectory


class Progress(Protocol):
    """Told how far each stage is."""

    def __call__(self, stage: str, done: int, total: int) -> None: ...


@dataclass(frozen=True)
class Built:
    """What a build wrote and found."""

    front: Path
    files: tuple[Path, ...]
    headlines: tuple[str, ...]
    diverged: int
    """Runs of which the numbers stopped being finite; the report says which."""


def build(
    experiment: Experiment,
    out: Path,
    *,
    cache: Path | None = None,
    executor: str = "processes",
    progress: Progress | None = None,
) -> Built:
    """Train what is missing, analyse it, draw it and write the site."""
    progress = progress or _silent
    wanted = [(name, sections[name]()) for name in experiment.sections]
    store = Store(cache or default_folder())
    for name in experiment.formats:
        formats[name]().check_available()
    site.check_writable(out, "output folder")
    site.check_writable(store.folder, "store of trained runs")
    runs = {name: list(section.runs(experiment)) for name, section in wanted}
    with _at_work(executors[executor]()) as workers:
        training = _train(store, _together(runs.values()), workers, progress)
        studies = {name: workers.submit(section.study, experiment) for name, section in wanted if _studies(section)}
        told: dict[str, Findings] = {}
        tables: dict[str, Table] = {}
        shown: dict[str, Any] = {}
        moving: list[Animation] = []
        trained: Trained = {}
        drawing: list[Future[Media]] = []
        for name, section, trained in _in_turn(experiment, wanted, runs, store, training, workers, progress):
            study: Any = studies[name].result() if name in studies else None
            if section.sweep(experiment):
                study = sweep.complete(experiment, store, workers, progress)
            told[name] = section.findings(experiment, trained, study)
            tables |= {table.name: table for table in section.tables(experiment, told[name])}
            items = list(section.media(experiment, trained, study, told[name]))
            shown |= {item.name: item.inputs for item in items if isinstance(item, Picture)}
            moving += [item for item in items if isinstance(item, Animation)]
            drawing += [workers.submit(render_media, item, experiment.formats) for item in items]
        players = pack(experiment, moving, trained)
        media = _drawn(drawing, progress)
    article = _article(experiment, wanted, told, media, tables, players, trained)
    files = _files(article, shown, {**_first_of_each_arm(experiment, trained), **_of_cells(experiment, trained)})
    written = site.write(out, files)
    progress("write", len(written), len(written))
    return Built(out / "report.html", written, article.headlines, article.facts["diverged"])


@contextmanager
def _at_work(workers: Executor) -> Iterator[Executor]:
    """As `with workers:`, but after a failure what has not begun is not begun any more."""
    try:
        yield workers
    except BaseException:
        workers.shutdown(cancel_futures=True)
        raise
    workers.shutdown()


def _silent(stage: str, done: int, total: int) -> None:  # a `Progress` that tells nobody
    pass


def _studies(section: Section) -> bool:
    return type(section).study is not Section.study


def _together(runs: Iterable[Iterable[Run]]) -> list[Run]:
    return list(dict.fromkeys(run for group in runs for run in group))


def _in_turn(
    experiment: Experiment,
    wanted: list[tuple[str, Section]],
    runs: Mapping[str, list[Run]],
    store: Store,
    training: Completion,
    workers: Executor,
    progress: Progress,
) -> Iterator[tuple[str, Section, Trained]]:
    """The sections, each when what it needs is trained, with all that is trained by then.

    Those without runs come first: they are drawn while the others' networks still train. Those whose runs depend on how
    other runs ended come last, and are trained while the sections between are drawn.
    """
    yield from ((name, section, {}) for name, section in wanted if not runs[name])
    waiting = [(name, section) for name, section in wanted if runs[name]]
    if not waiting:
        return
    trained: Trained = training.result()
    more = {name: list(section.follow_up(experiment, trained)) for name, section in waiting}
    second = _train(store, _together(more.values()), workers, progress, before=len(trained))
    yield from ((name, section, trained) for name, section in waiting if not more[name])
    trained = {**trained, **second.result()}
    yield from ((name, section, trained) for name, section in waiting if more[name])


def _train(store: Store, runs: list[Run], workers: Executor, progress: Progress, before: int = 0) -> Completion:
    """Start what is not stored, and tell how much of it is done; `before` counts what was trained earlier."""
    total = before + len(runs)
    progress("train", before, total)
    training = store.complete(runs, workers)
    done = total - training.missing
    progress("train", done, total)

    def trained(job: Future[int]) -> None:
        nonlocal done
        if not job.cancelled() and not job.exception():
            done += job.result()
            progress("train", done, total)

    for job in training.jobs:
        job.add_done_callback(trained)
    return training


def _drawn(drawing: list[Future[Media]], progress: Progress) -> dict[str, Media]:
    media: dict[str, Media] = {}
    progress("draw", 0, len(drawing))
    for done, future in enumerate(as_completed(drawing), 1):
        item = future.result()
        if item.name in media:
            raise ReportgenError(f"two sections draw a picture named {item.name!r}; names must be unique in a report")
        media[item.name] = item
        progress("draw", done, len(drawing))
    return dict(sorted(media.items()))


def _article(
    experiment: Experiment,
    wanted: list[tuple[str, Section]],
    told: Mapping[str, Findings],
    media: Mapping[str, Media],
    tables: Mapping[str, Table],
    players: Players,
    trained: Trained,
) -> Article:
    headlines = [section.headline(experiment, told[name]) for name, section in wanted]
    # Claims see findings as `results.json` has them, so that whoever holds the file can decide them again.
    claims = {
        claim.name: settle(claim, name, site.plain(told[name]), experiment)
        for name, section in wanted
        for claim in section.claims
    }
    return Article(
        experiment=experiment,
        chapters=tuple(
            Chapter(name=name, number=i, title=section.title, findings=told[name])
            for i, (name, section) in enumerate(wanted, 1)
        ),
        headlines=tuple(headline for headline in headlines if headline),
        claims=claims,
        media=media,
        tables={**tables, "claims": _ledger(claims.values())},
        players=players,
        facts={
            "runs": len(trained),
            "updates": sum(run.steps for run in trained),
            "diverged": sum(trajectory.diverged is not None for trajectory in trained.values()),
            "versions": {"reportgen": reportgen.__version__}
            | {name: version(name) for name in ("tensorflow", "numpy", "scikit-learn")},
        },
    )


def _first_of_each_arm(experiment: Experiment, trained: Trained) -> dict[str, Trajectory]:
    firsts = {arm.name: experiment.arm_runs(arm)[0] for arm in experiment.arms}
    return {name: trained[run] for name, run in firsts.items() if run in trained}


def _of_cells(experiment: Experiment, trained: Trained) -> dict[str, Trajectory]:
    """The sample of a sweep's runs that was recorded."""
    if experiment.sweep is None:
        return {}
    found = {
        f"landscape-{cell.strength:g}-{cell.learning_rate:g}-{i + 1}": trained.get(sweep.run_of(experiment, cell, i))
        for cell in sweep.cells(experiment)
        for i in range(experiment.sweep.trajectories)
    }
    return {name: trajectory for name, trajectory in found.items() if trajectory}


def _ledger(claims: Iterable[Settled]) -> Table:
    """What the post of 2018 said and what was measured, and below it the claims that are this article's own."""
    decided = sorted((claim for claim in claims if claim.outcome), key=lambda claim: not claim.post)
    return Table(
        name="claims",
        columns=tuple(Column(label=label) for label in ("the post of 2018", "verdict", "this build")),
        rows=tuple((claim.post, str(claim.outcome), claim.sentence) for claim in decided),
        shown=sum(bool(claim.post) for claim in decided),
    )


def _files(article: Article, shown: Mapping[str, Any], given: Mapping[str, Trajectory]) -> dict[str, bytes]:
    """Everything of the output folder, what is referred to before what refers to it.

    `shown` is what the still pictures were drawn from, by name: the results hold it, so no number hides in a curve.
    `given` are the trajectories to give away, by the name of their file.
    """
    items = {
        item.name: {
            "kind": item.kind,
            "files": sorted(item.files),
            "alt": item.alt,
            "width": item.width,
            "height": item.height,
            "inputs": shown.get(item.name),
        }
        for item in article.media.values()
    }
    files = {f"media/{name}": content for item in article.media.values() for name, content in item.files.items()}
    for table in article.tables.values():
        files[f"data/{table.name}.csv"] = csv_bytes(table)
    files |= {f"trajectories/{name}.trajectory": trajectory.dump() for name, trajectory in given.items()}
    files["results.json"] = site.json_bytes(
        {
            "schema": results.SCHEMA,
            "experiment": describe(article.experiment),
            "facts": article.facts,
            "headlines": article.headlines,
            "claims": {name: dataclasses.asdict(settled) for name, settled in article.claims.items()},
            "findings": {chapter.name: chapter.findings for chapter in article.chapters},
            "tables": {
                table.name: {"columns": [column.label for column in table.columns], "rows": table.rows}
                for table in article.tables.values()
            },
            "media": items,
        }
    )
    files |= {f"embed/{name}": text.encode() for name, text in render_embeds(article, items).items()}
    files["index.html"] = render(article, single_file=False).encode()
    files["report.html"] = render(article, single_file=True).encode()
    return files
