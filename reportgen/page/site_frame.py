"""The frame of a site: logo, style sheet, footer and theme, read from the user's files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

from markupsafe import Markup

from reportgen.disk import files
from reportgen.errors import ExperimentError, RefusedError, reason
from reportgen.experiment.site_settings import Colors, SiteSettings
from reportgen.markdown import markdown, user_pictures
from reportgen.page import policy
from reportgen.page.page_head import Logo, SiteFrame
from reportgen.pictures.media import hashed_name

LOGO_HEIGHT = 28
"""Height of a logo on the page, in CSS pixels."""

LARGEST = 10_000_000
"""The most bytes of a user's picture or style sheet."""


def read_frame(site: SiteSettings, beside: Path) -> tuple[SiteFrame, str, dict[str, bytes]]:
    """Read the frame of a site's front page, its style sheet, and the files that both use, from the folder `beside`.

    Raises `ExperimentError` for a file that is missing or cannot be used, `RefusedError` for one outside of `beside`.
    """
    logo, shown = _logo(site, beside)
    found = SiteFrame(
        title=site.title, address=site.root, links=site.links, footer=_footer(site), logo=logo, language=site.language
    )
    return found, style_sheet(site.colors, _css(site, beside)), shown


def theme_folder(site: SiteSettings, beside: Path) -> Path | None:
    """The folder of a site's own templates, in `beside`; raises as `read_frame`."""
    if not site.theme:
        return None
    path = _path_inside(beside, site.theme, "theme")
    if not path.is_dir():
        raise ExperimentError(f"theme {path} is no folder")
    return path


def find_mistakes(site: SiteSettings, beside: Path) -> Iterator[tuple[str, ExperimentError]]:
    """Yield mistakes in the files and texts of a site with the setting that names each; raises `RefusedError`."""
    making: dict[str, Callable[[], object]] = {
        "logo": lambda: _logo(site, beside),
        "css": lambda: _css(site, beside),
        "footer": lambda: _footer(site),
        "theme": lambda: theme_folder(site, beside),
    }
    for key, make in making.items():
        try:
            make()
        except ExperimentError as error:
            yield key, error


def _logo(site: SiteSettings, beside: Path) -> tuple[Logo | None, dict[str, bytes]]:
    if not site.logo:
        return None, {}
    path = beside / site.logo
    if path.suffix.lower() not in user_pictures.KINDS:
        raise ExperimentError(f"logo {path} is none of {', '.join(sorted(user_pictures.KINDS))}")
    try:
        content, width, height = user_pictures.load(path, beside)
    except ValueError as error:
        raise ExperimentError(f"logo {path}: {error}") from error
    name = f"media/{hashed_name(f'logo{path.suffix.lower()}', content)}"
    return Logo(path=name, width=round(width * LOGO_HEIGHT / height), height=LOGO_HEIGHT), {name: content}


def _css(site: SiteSettings, beside: Path) -> str:
    try:
        text = read_users_file(beside, site.css, "style sheet").decode("utf-8-sig") if site.css else ""
        return policy.inline_text(text, f"style sheet {beside / site.css}")
    except UnicodeDecodeError as error:
        raise ExperimentError(f"style sheet {beside / site.css}: not UTF-8 text; save the file as UTF-8") from error
    except ValueError as error:
        raise ExperimentError(str(error)) from error


def _footer(site: SiteSettings) -> Markup:
    return markdown.standalone_html(site.footer, "footer") if site.footer else Markup()


def file_digests(site: SiteSettings, beside: Path) -> dict[str, str]:
    """The SHA-256 of each file that a site names, by its name."""
    named = {site.logo: "logo", site.css: "style sheet"}
    return {
        name: hashlib.sha256(read_users_file(beside, name, what)).hexdigest() for name, what in named.items() if name
    }


def read_users_file(beside: Path, name: str, what: str) -> bytes:
    """The content of a user's file; raises `ExperimentError`, and `RefusedError` for a file outside of `beside`."""
    path = _path_inside(beside, name, what)
    try:
        return files.read(path, LARGEST)
    except OSError as error:
        raise ExperimentError(f"cannot read {what} {path}: {reason(error)}") from error
    except ValueError as error:
        raise ExperimentError(f"cannot use {what} {path}: {error}") from error


def _path_inside(beside: Path, name: str, what: str) -> Path:
    """The path of `name`, which must exist inside `beside`."""
    path = beside / name
    try:
        inside = path.resolve(strict=True).is_relative_to(beside.resolve())
    except (OSError, RuntimeError) as error:  # a loop of symbolic links is a RuntimeError
        said = reason(error) if isinstance(error, OSError) else "it is a link that leads to itself"
        raise ExperimentError(f"cannot read {what} {path}: {said}") from error
    if not inside:
        raise RefusedError(f"{what} {path} leads out of {beside.resolve().name or beside}; copy it there", code="RG702")
    return path


def style_sheet(colors: Colors, own: str) -> str:
    """The style sheet of a site's colors, and `own` after it."""
    # As in article.css: print is light, and each color applies only to the pages whose contrast it was checked for.
    where = {"print, (prefers-color-scheme: light)": colors.accent}
    where |= {"screen and (prefers-color-scheme: dark)": colors.accent_dark}
    rules = [f"@media {media} {{ :root {{ --accent: {color}; }} }}" for media, color in where.items() if color]
    return "\n".join([*rules, own])
