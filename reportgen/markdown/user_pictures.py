"""Pictures that prose shows: files of the site's folder, and how large they are."""

from __future__ import annotations

import re
import warnings
from io import BytesIO
from pathlib import Path

from reportgen.disk import files
from reportgen.errors import RefusedError, reason

KINDS = {
    ".png": "PNG",
    ".apng": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".gif": "GIF",
    ".webp": "WEBP",
    ".svg": "",
}
"""Endings, and what Pillow calls the format."""

_LARGEST = 20_000_000
_WIDEST = 100_000


def load(path: Path, root: Path) -> tuple[bytes, int, int]:
    """The content of a picture, its width and its height.

    Raises `ValueError` that says why it cannot be shown, and `RefusedError` if it does not lie in `root`, by itself or
    by where a symbolic link leads.
    """
    try:
        real = path.resolve(strict=True)
        if not real.is_relative_to(root.resolve()):
            raise RefusedError(f"picture {path.name} lies outside the folder of the site; copy it there", code="RG702")
        with files.open_regular(real, follow=False) as file:
            content = file.read(_LARGEST + 1)
    except FileNotFoundError:
        raise ValueError("there is no such file") from None
    except OSError as error:
        raise ValueError(f"it cannot be read: {reason(error)}") from error
    except RuntimeError:  # links that lead in a circle
        raise ValueError("it is a symbolic link to itself") from None
    if len(content) > _LARGEST:
        raise ValueError(f"it is larger than {_LARGEST // 10**6} MB")
    kind = KINDS[path.suffix.lower()]
    width, height = _of_pixels(content, kind) if kind else _of_svg(content)
    return content, width, height


def _of_pixels(content: bytes, kind: str) -> tuple[int, int]:
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # only its header is read
            image = Image.open(BytesIO(content), formats=[kind])
            # 5 to 8 lie on their side, and browsers turn them.
            turned = kind == "JPEG" and image.getexif().get(0x0112, 1) >= 5
    except (OSError, ValueError, SyntaxError, TypeError, Image.DecompressionBombError) as error:
        raise ValueError(f"it is no {kind} that can be read") from error
    return image.size[::-1] if turned else image.size


_LENGTH = r"[+]?(\d+(?:\.\d+)?|\.\d+)"


def _of_svg(content: bytes) -> tuple[int, int]:
    # A comment that never ends goes to the end of the text; to look for the end of each would take minutes.
    text = re.sub(r"<!--.*?(?:-->|\Z)", "", content[:100_000].decode("utf-8", "replace"), flags=re.DOTALL)
    root = re.search(r"<svg\b[^<>]*>", text)
    if not root:
        raise ValueError("it is no SVG")
    box = re.search(
        rf"""\bviewBox\s*=\s*["']\s*[^\s,"']+[\s,]+[^\s,"']+[\s,]+{_LENGTH}[\s,]+{_LENGTH}\s*["']""", root[0]
    )
    sides = box.groups() if box else [_side(root[0], name) for name in ("width", "height")]
    width, height = (min(float(side), _WIDEST) for side in sides)
    if not 0.5 < width < _WIDEST or not 0.5 < height < _WIDEST:
        raise ValueError(f"its sides must be from 1 to {_WIDEST:,} long")
    return round(width), round(height)


def _side(root: str, name: str) -> str:
    found = re.search(rf"""\s{name}\s*=\s*["']\s*{_LENGTH}(?:px)?\s*["']""", root)
    if not found:
        raise ValueError("it has no viewBox, so a page cannot know its size")
    return found[1]
