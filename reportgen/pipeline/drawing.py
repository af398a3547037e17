"""The pictures of sections, from the store or drawn by workers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, as_completed
from pathlib import Path
from typing import Any

from reportgen import plugins
from reportgen.errors import ReportgenError
from reportgen.pictures.media import Media
from reportgen.pictures.picture import Animation, Picture, PictureLook
from reportgen.pictures.scenes import scenes
from reportgen.pictures.stills import figures
from reportgen.pipeline import stage_keys
from reportgen.pipeline.toolbox import Toolbox
from reportgen.sections.result import PictureRequest
from reportgen.store import keys
from reportgen.store.store import Store

_ITEM, _PICTURE = "item", "picture"
"""Kinds of entries in the store: the input of a picture, and its files."""


class Drawing:
    """The pictures of one report."""

    def __init__(self, tools: Toolbox, formats: tuple[str, ...], look: PictureLook) -> None:
        self._tools = tools
        self._formats = formats
        self._look = look
        self._media: dict[str, Media] = {}
        self._jobs: list[Future[Media]] = []
        self._requested: set[str] = set()

    def can_draw(self, requests: Iterable[PictureRequest]) -> bool:
        """True if each picture or its input is stored."""
        for request in requests:
            stored = self._tools.store.recall(_PICTURE, keys.key(self._parts(request)))
            if stored:
                self._media[request.item] = stored
            elif self._tools.store.recall(_ITEM, request.item) is None:
                return False
        return True

    def start(self, requests: Iterable[PictureRequest], items: Mapping[str, Picture | Animation] | None = None) -> None:
        """Start to draw pictures that are not stored. `items` are new inputs by digest; others are in the store."""
        items = items or {}
        for digest, item in items.items():
            self._tools.store.keep(_ITEM, digest, item)
        for request in requests:
            if request.name in self._requested:
                raise ReportgenError(
                    f"two sections draw a picture named {request.name!r}; names must be unique in a report"
                )
            self._requested.add(request.name)
            parts = self._parts(request)
            key = keys.key(parts)
            stored = self._media.get(request.item) or self._tools.store.recall(_PICTURE, key)
            if stored:
                self._media[request.item] = stored
                continue
            self._tools.explain(f"picture {request.name}", parts)
            source: Any = items.get(request.item) or self._tools.store.recall(_ITEM, request.item)
            job = self._tools.workers.submit(
                draw_and_store, self._tools.store.target, key, source, self._formats, self._look
            )
            self._jobs.append(job)

    def finish(self) -> dict[str, Media]:
        """Wait for all pictures and return them, sorted by name."""
        if self._jobs:
            self._tools.progress("draw", 0, len(self._jobs))
        media = {item.name: item for item in self._media.values()}
        for done, job in enumerate(as_completed(self._jobs), 1):
            item = job.result()
            media[item.name] = item
            self._tools.progress("draw", done, len(self._jobs))
        return dict(sorted((name, item) for name, item in media.items() if name in self._requested))

    def _parts(self, request: PictureRequest) -> keys.Parts:
        modules = [plugins.module_of(figures.package, request.figure)] if request.figure else []
        modules += [plugins.module_of(scenes.package, scene) for scene in request.scenes]
        moves = bool(request.scenes)
        return stage_keys.of_picture(request.item, modules, self._formats if moves else (), self._look, moves)


def draw_and_store(
    folder: Path, key: str, item: Picture | Animation, formats: Sequence[str], look: PictureLook
) -> Media:
    """Draw `item` and store it; the job of a worker."""
    from reportgen.pictures.draw import render

    media = render(item, formats, look)
    Store(folder).keep(_PICTURE, key, media)
    return media
