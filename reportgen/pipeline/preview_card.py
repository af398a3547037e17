"""The picture of a page in link previews, stored or drawn."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping

from reportgen.experiment.site_settings import SiteSettings
from reportgen.page.page_head import PageHead, PreviewCard
from reportgen.pictures import fonts
from reportgen.pictures.media import Media, hashed_name
from reportgen.pictures.picture import PictureLook
from reportgen.pipeline import stage_keys
from reportgen.pipeline.toolbox import Toolbox
from reportgen.store import keys
from reportgen.store.encoding import digest

_CARD = "card"
"""The kind of a store entry that holds a preview card."""

_WIDTH, _HEIGHT = 1200, 630
"""The size of a card in pixels."""


def with_preview_card(
    page: PageHead, picture: Media | None, site: SiteSettings | None, tools: Toolbox, *, relative: bool = False
) -> tuple[PageHead, Mapping[str, bytes]]:
    """The page with its preview card, and the file of the card, by its path in the folder of the page.

    Other sites need the full address of a card, so a site without an address has none, unless the address may be
    `relative`: that of one report, whose folder anyone may publish anywhere. A still `picture` has no file in pixels,
    so the card shows none.
    """
    if not (relative or (site and site.root)):
        return page, {}
    byline = " · ".join(filter(None, (page.author, page.date and page.day)))
    title = site.title if site and site.title != page.title else ""
    content = _card(page.title, title, byline, picture, site.colors.accent if site else "", page.language, tools)
    path = f"media/{hashed_name('card.png', content)}"
    card = PreviewCard(path=path, alt=page.title, width=_WIDTH, height=_HEIGHT)
    return dataclasses.replace(page, card=card), {path: content}


def _card(
    title: str, site: str, byline: str, picture: Media | None, accent: str, language: str, tools: Toolbox
) -> bytes:
    from reportgen.pictures.preview_card import draw_card as draw

    shown = next((picture.files[name] for name in _pixel_files(picture)), None) if picture else None
    texts = {"title": title, "site": site, "byline": byline, "accent": accent}
    choice = fonts.choose(
        {"the title of a preview card": title, "the site on a preview card": site, "the byline of one": byline},
        language=language,
    )
    choice.warn()
    item, look = digest({**texts, "picture": shown}), PictureLook(fonts=choice)
    parts = stage_keys.of_picture(item, ["reportgen.pictures.preview_card"], (), look, moves=False)
    key = keys.key(parts)
    content: bytes | None = tools.store.recall(_CARD, key)
    if content is None:
        tools.explain(f"card of {title}", parts)
        content = draw(title, site, byline, shown, accent, choice.files)
        tools.store.keep(_CARD, key, content)
    return content


def _pixel_files(picture: Media) -> Iterator[str]:
    """Names of the files that show the last frame of a picture in pixels."""
    yield from (name for name in (picture.poster, *picture.files) if name and name.endswith((".png", ".gif")))
