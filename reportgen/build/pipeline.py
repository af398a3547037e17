"""The whole program on one screen: from an experiment to an output folder."""

from __future__ import annotations

import dataclasses
import json
import tempfile
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from reportgen.version import __version__
from reportgen.companions import check
from reportgen.disk import files
from reportgen.output import output_folder
from reportgen.store import keys
from reportgen.build import stage_keys
from reportgen.pictures.formats import formats
from reportgen.page import results
from reportgen.errors import DataError, VerificationError
from reportgen.executors import executors, no_progress
from reportgen.experiment import Experiment
from reportgen.experiment.site_settings import Site
from reportgen.training.run import describe
from reportgen.store.store import Store, default_folder, opened

if TYPE_CHECKING:  # a build that finds everything as it should be loads none of these
    from reportgen.pictures.media import Media
    from reportgen.page.page_head import Page
    from reportgen.sections.claims import Settled
    from reportgen.page.article import Article
    from reportgen.sections import Table
    from reportgen.sections.result import Told
    from reportgen.build.section_results import Shop
    from reportgen.executors import Progress


T = TypeVar("T")


@dataclass(frozen=True)
class Built:
    """What a build wrote and found."""

    front: Path
    files: tuple[Path, ...]
    headlines: tuple[str, ...]
    diverged: int
    """Runs of which the numbers stopped being finite; the report says which."""
    new: bool = True
    """Whether it was made, and not found as it should be."""


@dataclass(frozen=True)
class Done:
    """What lies in an output folder."""

    files: tuple[Path, ...]
    new: bool
    """Whether they were made, and not found as they should be."""


@dataclass(frozen=True, kw_only=True)
class Allowed:
    """What a user allows a build to do that it would refuse."""

    adopt: bool = False
    """To write into a folder that holds what is not known to be made by reportgen."""
    overwrite_edited: bool = False
    """To replace files of a report that were edited since."""
    no_lock: bool = False
    """To go on where folders cannot be locked."""
    shared_cache: bool = False
    """To read a store that others can write to."""


class Work(Protocol):
    """What can be built into a folder: the report of one experiment, or a site of several."""

    @property
    def formats(self) -> Iterable[str]:
        """Formats in which animations are written."""

    @property
    def inputs(self) -> Mapping[str, Path]:
        """Files and folders it reads, by what they are called; the output may not hold them."""

    def made_from(self) -> keys.Parts:
        """All that it comes from; equal parts are equal bytes. Reads files, so it may raise `ReportgenError`."""

    def files(self, shop: Shop) -> Mapping[str, bytes]:
        """Every file, by its path in the folder, made in the shop."""


def build(
    experiment: Experiment,
    out: Path,
    *,
    cache: Path | None = None,
    executor: str | Callable[[], Executor] = "processes",
    progress: Progress | None = None,
    explain: Callable[[str], None] | None = None,
    templates: Path | None = None,
    beside: Path | None = None,
    inputs: Mapping[str, Path] | None = None,
    allowed: Allowed | None = None,
) -> Built:
    """Train what is missing, analyse it, draw it and write the site.

    Files in `templates` take the place of the templates of the package that have the same name. Files that the
    experiment names lie in the folder `beside`. `explain` is told why each thing is made anew. `inputs` are files that
    the build was described in, by what they are called: `out` may not hold them.
    """
    work = Single(experiment, templates=templates, beside=beside or Path(), described_in=inputs or {})
    done = carry_out(
        work, out, cache=cache, executor=executor, progress=progress, explain=explain, allowed=allowed or Allowed()
    )
    if work.report:
        headlines, diverged = work.report.article.headlines, work.report.article.facts["diverged"]
    else:
        found = results.load(out)
        headlines, diverged = tuple(found["headlines"]), found["facts"]["diverged"]
    return Built(out / "report.html", done.files, headlines, diverged, done.new)


def carry_out(
    work: Work,
    out: Path,
    *,
    cache: Path | None = None,
    executor: str | Callable[[], Executor] = "processes",
    progress: Progress | None = None,
    explain: Callable[[str], None] | None = None,
    allowed: Allowed,
) -> Done:
    """Make all files of `work` in the folder `out`, and return where they are; none is made where nothing has changed.

    What is wrong with them is told as warnings.
    """
    cache = cache or default_folder()
    made_from = work.made_from()
    with output_folder.claim(out, work.inputs, cache, adopt=allowed.adopt, lock=not allowed.no_lock) as place:
        if place.current(made_from):
            return Done(tuple(out / name for name in place.manifest.files) if place.manifest else (), new=False)
        files.check_writable(out, "output folder")
        reasons = _Reasons(explain, place.manifest.made_from if place.manifest else None, made_from)
        with shop(work, cache, executor, progress, reasons, allowed) as opened_shop:
            contents = work.files(opened_shop)
        if work.made_from() != made_from:
            raise DataError("a file was edited while pages were made from it; run the same command again", code="RG102")
        written = place.publish(contents, made_from, adopt=allowed.adopt, overwrite_edited=allowed.overwrite_edited)
        # A report in one file is made of what else is there, and what makes it heavy was told when it was made.
        alone = {name for name in contents if PurePosixPath(name).name == "report.html"}
        problems = check.inspect(contents, trusted=alone)
        check.warn([problem for problem in problems if problem.code != "RG703"], out)
        return Done(written, new=True)


class Memo:
    """What a preview need not make again: made things by all they come from, as long as each build asks for them."""

    def __init__(self) -> None:
        self._before: dict[Hashable, object] = {}
        self._now: dict[Hashable, object] = {}

    def __call__(self, made_from: Hashable, make: Callable[[], T]) -> T:
        """What `make` returns, or returned when it was asked from the same before."""
        if made_from not in self._now:
            self._now[made_from] = self._before[made_from] if made_from in self._before else make()
        return self._now[made_from]  # type: ignore[return-value]

    def settle(self) -> None:
        """Forget what was not asked for since the last time."""
        self._before, self._now = self._now, {}


def key_of(value: object) -> str:
    """A value of plain parts, as something that a `Memo` can look up."""
    return json.dumps(value, sort_keys=True)


@contextmanager
def shop(
    work: Work,
    cache: Path | None = None,
    executor: str | Callable[[], Executor] = "processes",
    progress: Progress | None = None,
    explain: Callable[[str, keys.Parts], None] | None = None,
    allowed: Allowed | None = None,
) -> Iterator[Shop]:
    """Where `work` is done: a store and workers, until it is left."""
    allowed = allowed or Allowed()
    for name in work.formats:
        formats[name]().check_available()

    from reportgen.build import section_results

    with (
        opened(cache or default_folder(), shared=allowed.shared_cache, lock=not allowed.no_lock) as store,
        (executors[executor] if isinstance(executor, str) else executor)() as trainers,
        # Workers elsewhere train; what has to be drawn is here.
        executors["processes"]() if getattr(trainers, "remote", False) else nullcontext(trainers) as workers,
    ):
        yield section_results.Shop(
            store=store,
            trainers=trainers,
            workers=workers,
            progress=progress or no_progress,
            explain=explain or _Reasons(None, None, {}),
        )


class Single:
    """The report of one experiment, as `Work`."""

    def __init__(
        self,
        experiment: Experiment,
        *,
        templates: Path | None = None,
        beside: Path = Path(),
        described_in: Mapping[str, Path],
        memo: Memo | None = None,
    ) -> None:
        self._experiment = experiment
        self._memo = memo or Memo()
        self._site = experiment.site
        if experiment.site and not templates:
            from reportgen.page import page_head

            templates = page_head.theme(experiment.site, beside)
        self._templates = templates
        self._beside = beside
        self.formats = experiment.formats
        self.inputs = {**described_in, **({"folder of templates": templates} if templates else {})}
        self.report: Report | None = None
        """What it found, once it is made."""

    def made_from(self) -> keys.Parts:
        found = dict(stage_keys.of_build({"experiment": self._experiment}, self._templates))
        if self._site:
            from reportgen.page import page_head

            page_head.surroundings(self._site, self._beside)  # tells of mistakes before anything is trained
            found |= {f"file {name}": part for name, part in page_head.digests(self._site, self._beside).items()}
        return found

    def files(self, shop: Shop) -> Mapping[str, bytes]:
        from reportgen.page import page_head
        from reportgen.page.article import about, lead_of

        experiment = self._experiment
        self.report = self._memo(key_of(describe(experiment)), lambda: report(shop, experiment))
        self._memo.settle()
        page, css = about(self.report.article), ""
        more: Mapping[str, bytes] = {}
        if self._site:
            surroundings, css, more = page_head.surroundings(self._site, self._beside)
            page = about(self.report.article, "", surroundings)
            page, card = carded(shop, page, lead_of(self.report.article), self._site)
            more = {**more, **card}
        return {**more, **data(self.report), **pages(self.report, self._templates, page, css)}


@dataclass(frozen=True, eq=False, kw_only=True)
class Report:
    """An experiment, computed and drawn, before it is put on pages."""

    article: Article
    shown: Mapping[str, Any]
    """What each still picture was drawn from, by its name."""
    trajectories: Mapping[str, bytes]
    """By the names of their files."""


def report(shop: Shop, experiment: Experiment) -> Report:
    """Find or make everything that pages about `experiment` show."""
    from reportgen.build import section_results

    told, media = section_results.told(shop, experiment)
    return Report(
        article=_article(experiment, told, media),
        shown={wish.name: wish.inputs for one in told.values() for wish in one.wishes},
        trajectories=_given_away(experiment, told, shop.store, shop.trainers),
    )


def carded(shop: Shop, page: Page, picture: Media | None, site: Site) -> tuple[Page, Mapping[str, bytes]]:
    """The page with its picture for previews, and that file, by its path in the page's folder.

    Others find it by its full address only, so a site without one has none. A `picture` that is no animation has no
    file in pixels, and the card does without.
    """
    if not site.root:
        return page, {}
    from reportgen.build import section_results
    from reportgen.pictures.media import content_named
    from reportgen.page.page_head import Card

    byline = " · ".join(filter(None, (page.author, page.date and page.day)))
    title = "" if site.title == page.title else site.title
    content = section_results.card(shop, page.title, title, byline, picture, site.colours.accent)
    path = f"media/{content_named('card.png', content)}"
    width, height = section_results.CARD
    return dataclasses.replace(page, card=Card(path=path, alt=page.title, width=width, height=height)), {path: content}


def verify(
    experiment: Experiment,
    out: Path,
    *,
    executor: str | Callable[[], Executor] = "processes",
    progress: Progress | None = None,
    templates: Path | None = None,
    beside: Path | None = None,
) -> int:
    """Build the report in `out` once more, from nothing and elsewhere, and return how many files are equal.

    Raises `VerificationError` if any is not, or is there only once.
    """
    with tempfile.TemporaryDirectory(prefix="reportgen-") as folder:
        again = Path(folder) / "again"
        build(
            experiment,
            again,
            cache=Path(folder) / "store",
            executor=executor,
            progress=progress,
            templates=templates,
            beside=beside,
        )
        first, second = (output_folder.contents(place) for place in (out, again))
    if different := sorted(name for name in {*first, *second} if first.get(name) != second.get(name)):
        listed = ", ".join(different[:5]) + (", …" if len(different) > 5 else "")
        raise VerificationError(
            f"{len(different)} of {len({*first, *second})} files came out otherwise when they were made again: {listed}"
        )
    return len(first)


class _Reasons:
    """Says why something is made, from what has changed since the last build of a folder."""

    def __init__(self, tell: Callable[[str], None] | None, before: keys.Parts | None, now: keys.Parts) -> None:
        self._tell = tell
        self._before, self._now = before, now

    def __call__(self, what: str, made_from: keys.Parts) -> None:
        if self._tell is None:
            return
        if self._before is None:
            why = "nothing was built here before, and it is not in the store"
        else:
            # Of the settings that the whole report has, a stage may be given some without what they say.
            now = {name: part for name, part in made_from.items() if self._now.get(name) == part}
            gone = {name for name in self._before.keys() - self._now.keys() if name.startswith("experiment.")}
            before = {name: part for name, part in self._before.items() if name in now or (name in gone and now)}
            changes = stage_keys.changed(before, now)
            more = f"; {len(changes) - 3} more changes" if len(changes) > 3 else ""
            why = "; ".join(changes[:3]) + more or "not in the store"
        self._tell(f"{what}: {why}")


def _article(experiment: Experiment, told: Mapping[str, Told], media: Mapping[str, Media]) -> Article:
    from reportgen.page.article import Article, Chapter
    from reportgen.sections.player import pack

    claims = {claim.name: claim for one in told.values() for claim in one.claims}
    steps = {run: count for one in told.values() for run, count in one.steps.items()}
    return Article(
        experiment=experiment,
        chapters=tuple(
            Chapter(name=name, number=i, title=one.title, findings=one.findings)
            for i, (name, one) in enumerate(told.items(), 1)
        ),
        headlines=tuple(one.headline for one in told.values() if one.headline),
        claims=claims,
        media=media,
        tables={table.name: table for one in told.values() for table in one.tables}
        | {"claims": _ledger(claims.values())},
        players=pack([one.players for one in told.values()]),
        facts={
            "runs": len(steps),
            "updates": sum(steps.values()),
            "diverged": len({run for one in told.values() for run in one.diverged}),
            "versions": {"reportgen": __version__}
            | {name: version(name) for name in ("tensorflow", "numpy", "scikit-learn")},
        },
    )


def _given_away(experiment: Experiment, told: Mapping[str, Told], store: Store, trainers: Executor) -> dict[str, bytes]:
    """Trajectories by the names of their files: the first of each arm, and what was recorded of a sweep.

    A section that is stored does without its runs, so one of them may have to be trained again for this.
    """
    from reportgen.store import sweep

    runs = {arm.name: experiment.arm_runs(arm)[0] for arm in experiment.arms}
    if experiment.sweep:
        runs |= {
            f"landscape-{cell.strength:g}-{cell.learning_rate:g}-{i + 1}": sweep.run_of(experiment, cell, i)
            for cell in sweep.cells(experiment)
            for i in range(experiment.sweep.trajectories)
        }
    trained = {run for one in told.values() for run in one.steps}
    given = {name: run for name, run in runs.items() if store.name(run) in trained}
    found = store.complete(given.values(), trainers).result()
    return {name: found[run].dump() for name, run in given.items()}


def _ledger(claims: Iterable[Settled]) -> Table:
    """What the post of 2018 said and what was measured, and below it the claims that are this article's own."""
    from reportgen.sections import Column, Table

    decided = sorted((claim for claim in claims if claim.outcome), key=lambda claim: not claim.post)
    return Table(
        name="claims",
        columns=tuple(Column(label=label) for label in ("the post of 2018", "verdict", "this build")),
        rows=tuple((claim.post, str(claim.outcome), claim.sentence) for claim in decided),
        shown=sum(bool(claim.post) for claim in decided),
    )


def data(report: Report) -> dict[str, bytes]:
    """Pictures, tables, trajectories and numbers of a report, by their paths in its folder."""
    from reportgen.page.article import described, table_file
    from reportgen.page.spreadsheet import csv_bytes

    article = report.article
    # The results hold what each still picture was drawn from, so no number hides in a curve.
    items = {item.name: {**described(item), "inputs": report.shown.get(item.name)} for item in article.media.values()}
    files = {path: content for item in article.media.values() for path, content in item.published.items()}
    for table in article.tables.values():
        files[f"data/{table.name}.csv"] = files[f"media/{table_file(table)}"] = csv_bytes(table)
    files |= {f"trajectories/{name}.trajectory": content for name, content in report.trajectories.items()}
    files["results.json"] = results.json_bytes(
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
    return files


def pages(report: Report, templates: Path | None, page: Page, css: str = "") -> dict[str, bytes]:
    """The article, the same in one file, and pages to embed its animations, by their paths in its folder."""
    from reportgen.page.article import render, render_embeds
    from reportgen.page.weight import check_weight

    article = report.article
    files = {f"embed/{name}": text.encode() for name, text in render_embeds(article, templates, page, css).items()}
    for name, single_file in {"index.html": False, "report.html": True}.items():
        text = render(article, single_file=single_file, templates=templates, page=page, css=css)
        files[name] = text.encode()
    check_weight(files["report.html"])
    return files
