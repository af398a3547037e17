"""The sections of an article, computed: what is stored is taken, the rest is trained, analysed and drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reportgen.store import keys, sweep
from reportgen.build import stage_keys
from reportgen.pictures.media import Media
from reportgen.sections import Section, Trained, sections
from reportgen.sections.result import Told, Wish, core, tell
from reportgen.store.encoding import digest
from reportgen.errors import ReportgenError
from reportgen.executors import Progress
from reportgen.experiment import Experiment
from reportgen.pictures import Animation, Picture
from reportgen.training.run import Run
from reportgen.store.store import Completion, Store

_SECTION, _ITEM, _PICTURE, _CARD = "section", "item", "picture", "card"
"""Kinds of entries in the store: what a section tells, what a picture is drawn from, its files, a card."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Shop:
    """Where the work is done."""

    store: Store
    trainers: Executor
    """Who trains networks; anywhere."""
    workers: Executor
    """Who does the rest; on this machine."""
    progress: Progress
    explain: Callable[[str, keys.Parts], None]
    """Told what is made although a store is there, and from what."""


def told(shop: Shop, experiment: Experiment) -> tuple[dict[str, Told], dict[str, Media]]:
    """What each section tells, in the order of the article, and the pictures by name."""
    e = core(experiment)
    pictures = _Pictures(shop, experiment.formats)
    parts = {name: stage_keys.of_section(name, e) for name in experiment.sections}
    done: dict[str, Told] = {}
    for name, made_from in parts.items():
        found = shop.store.recall(_SECTION, keys.key(made_from))
        if found and pictures.all_can_be_had(found.wishes):
            done[name] = found
        else:
            shop.explain(f"section {name}", made_from)
    wanted = [(name, sections[name]()) for name in experiment.sections if name not in done]
    for one in done.values():
        pictures.ask(one.wishes, {})
    for name, section, trained, study in _in_turn(shop, e, wanted):
        names = {run: shop.store.name(run) for run in trained}
        one, items = tell(name, section, e, trained, study, names)
        for name_of, item in items.items():
            shop.store.keep(_ITEM, name_of, item)
        done[name] = shop.store.keep(_SECTION, keys.key(parts[name]), one)
        pictures.ask(one.wishes, items)
    return {name: done[name] for name in experiment.sections}, pictures.drawn()


def _in_turn(
    shop: Shop, e: Experiment, wanted: Sequence[tuple[str, Section]]
) -> Iterator[tuple[str, Section, Trained, Any]]:
    """The sections, each with its own runs and its study when they are there.

    Those without runs come first: they are drawn while the others' networks still train. Those whose runs depend on how
    other runs ended come later, and are trained while the sections between are drawn; a sweep comes last.
    """
    runs = {name: list(section.runs(e)) for name, section in wanted}
    training = _train(shop, _together(runs.values())) if any(runs.values()) else None
    studies = {
        name: shop.workers.submit(section.study, e)
        for name, section in wanted
        if type(section).study is not Section.study
    }

    def study(name: str) -> Any:
        return studies[name].result() if name in studies else None

    plain = [(name, section) for name, section in wanted if not section.sweep(e)]
    yield from ((name, section, {}, study(name)) for name, section in plain if not runs[name])
    trained = training.result() if training else {}
    own = {name: {run: trained[run] for run in runs[name]} for name in runs}
    waiting = [(name, section) for name, section in plain if runs[name]]
    more = {name: list(section.follow_up(e, own[name])) for name, section in waiting}
    second = _train(shop, _together(more.values()), before=len(trained)) if any(more.values()) else None
    yield from ((name, section, own[name], study(name)) for name, section in waiting if not more[name])
    trained = {**trained, **(second.result() if second else {})}
    for name, section in waiting:
        if more[name]:
            yield name, section, {run: trained[run] for run in [*own[name], *more[name]]}, study(name)
    # A sweep keeps this process busy until its end, so everything else has begun by then.
    for name, section in wanted:
        if section.sweep(e):
            yield name, section, own[name], sweep.complete(e, shop.store, shop.trainers, shop.progress)


CARD = (1200, 630)
"""Width and height of a card in pixels."""


def card(shop: Shop, title: str, site: str, byline: str, picture: Media | None, accent: str) -> bytes:
    """The picture of a post for previews, stored or drawn; see `figures.card`."""
    from reportgen.pictures.preview_card import card as draw

    shown = next((picture.files[name] for name in _pixels(picture)), None) if picture else None
    words = {"title": title, "site": site, "byline": byline, "accent": accent}
    parts = stage_keys.of_picture(digest({**words, "picture": shown}), ["reportgen.pictures.preview_card"], ())
    key = keys.key(parts)
    found = shop.store.recall(_CARD, key)
    if found is None:
        shop.explain(f"card of {title}", parts)
        found = shop.store.keep(_CARD, key, shop.workers.submit(draw, title, site, byline, shown, accent).result())
    content: bytes = found
    return content


def _pixels(picture: Media) -> Iterator[str]:
    """Files of a picture that show its end in pixels."""
    yield from (name for name in (picture.poster, *picture.files) if name and name.endswith((".png", ".gif")))


def _together(runs: Iterable[Iterable[Run]]) -> list[Run]:
    return list(dict.fromkeys(run for group in runs for run in group))


def _train(shop: Shop, runs: list[Run], before: int = 0) -> Completion:
    """Start what is not stored, and tell how much of it is done; `before` counts what was trained earlier."""
    total = before + len(runs)
    shop.progress("train", before, total)
    training = shop.store.complete(runs, shop.trainers)
    if training.missing:
        shop.explain(f"{training.missing:,} of {len(runs):,} runs", {})
    done = total - training.missing
    shop.progress("train", done, total)

    def trained(job: Future[int]) -> None:
        nonlocal done
        if not job.cancelled() and not job.exception():
            done += job.result()
            shop.progress("train", done, total)

    for job in training.jobs:
        job.add_done_callback(trained)
    return training


class _Pictures:
    """Pictures that sections ask for: those that are stored, and those that workers draw."""

    def __init__(self, shop: Shop, formats: tuple[str, ...]) -> None:
        self._shop = shop
        self._formats = formats
        self._media: dict[str, Media] = {}
        self._drawing: list[Future[Media]] = []
        self._asked: set[str] = set()

    def all_can_be_had(self, wishes: Iterable[Wish]) -> bool:
        """Whether each is stored, or what it is drawn from is."""
        for wish in wishes:
            found = self._shop.store.recall(_PICTURE, keys.key(self._parts(wish)))
            if found:
                self._media[wish.item] = found
            elif self._shop.store.recall(_ITEM, wish.item) is None:
                return False
        return True

    def ask(self, wishes: Iterable[Wish], items: Mapping[str, Picture | Animation]) -> None:
        """Have drawn what is not stored; `items` are what they are drawn from, and others are in the store."""
        for wish in wishes:
            if wish.name in self._asked:
                raise ReportgenError(
                    f"two sections draw a picture named {wish.name!r}; names must be unique in a report"
                )
            self._asked.add(wish.name)
            parts = self._parts(wish)
            key = keys.key(parts)
            found = self._media.get(wish.item) or self._shop.store.recall(_PICTURE, key)
            if found:
                self._media[wish.item] = found
                continue
            self._shop.explain(f"picture {wish.name}", parts)
            item: Any = items.get(wish.item) or self._shop.store.recall(_ITEM, wish.item)
            job = self._shop.workers.submit(draw_into, self._shop.store.target, key, item, self._formats)
            self._drawing.append(job)

    def drawn(self) -> dict[str, Media]:
        """All that were asked for, by name."""
        if self._drawing:
            self._shop.progress("draw", 0, len(self._drawing))
        media = {item.name: item for item in self._media.values()}
        for done, future in enumerate(as_completed(self._drawing), 1):
            item = future.result()
            media[item.name] = item
            self._shop.progress("draw", done, len(self._drawing))
        return dict(sorted((name, item) for name, item in media.items() if name in self._asked))

    def _parts(self, wish: Wish) -> keys.Parts:
        modules = [f"reportgen.pictures.stills.{wish.figure}"] if wish.figure else []
        modules += [f"reportgen.pictures.scenes.{scene}" for scene in wish.scenes]
        return stage_keys.of_picture(wish.item, modules, self._formats if wish.scenes else ())


def draw_into(folder: Path, key: str, item: Picture | Animation, formats: Sequence[str]) -> Media:
    """Draw `item` and store it; the job of a worker."""
    from reportgen.pictures.draw import render

    media: Media = Store(folder).keep(_PICTURE, key, render(item, formats))
    return media
