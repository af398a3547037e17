"""The Content-Security-Policy of a page: it runs only scripts and styles of this build, and loads nothing else.

The policy has hashes of scripts and styles from the moment they are inserted. It never takes them from the finished
page, where a script injected by a name or a title would look like one of ours.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets

from markupsafe import Markup

from reportgen.page.sandbox import Folders

PICTURES_INSIDE = "data:"
"""Sources of pictures of a page that embeds them all."""

# A page opened from a folder has no origin: for some browsers 'self' is its folder, for others nothing.
PICTURES_BESIDE = "'self' file: data:"
"""Sources of pictures of a page whose pictures are files beside it."""


class Policy:
    """The policy of one page; templates call `meta`, `script` and `style`."""

    def __init__(self, folders: Folders, pictures: str) -> None:
        self._folders = folders
        self._pictures = pictures
        self._hashes: dict[str, dict[str, None]] = {"script": {}, "style": {}}
        self._written: set[str] = set()
        # A random placeholder for the policy, which precedes the scripts that it lists.
        self._mark = secrets.token_hex(16)

    def meta(self) -> Markup:
        """The policy as an element, which must precede all scripts and styles."""
        return Markup('<meta http-equiv="Content-Security-Policy" content="{}">').format(self._mark)

    def script(self, name: str) -> Markup:
        """The script `static/NAME` as an element; nothing if the page has it already.

        So whatever needs a script can name it, and it stands where it is first needed.
        """
        if name in self._written:
            return Markup()
        self._written.add(name)
        return self._element("script", self._static(name))

    def style(self, *names: str, text: str = "") -> Markup:
        """The styles `static/NAME`, by default that of the article, and then `text`, as one element."""
        parts = [*map(self._static, names or ("article.css",)), *([inline_text(text, "a style sheet")] if text else [])]
        return self._element("style", "\n".join(parts))

    def insert(self, page: str) -> str:
        """Insert the policy into the page. Raises `ValueError` if the page has no placeholder."""
        if page.count(self._mark) != 1:
            raise ValueError("the page must hold {{ policy() }} once, after <meta charset>")
        return page.replace(self._mark, str(self))

    def __str__(self) -> str:
        kinds = {kind: " ".join(f"'sha256-{digest}'" for digest in found) for kind, found in self._hashes.items()}
        rules = ["default-src 'none'", *(f"{kind}-src {found}" for kind, found in kinds.items() if found)]
        return "; ".join([*rules, f"img-src {self._pictures}", "base-uri 'none'", "form-action 'none'"])

    def _static(self, name: str) -> str:
        return inline_text(self._folders.read(f"static/{name}")[1], f"static/{name}")

    def _element(self, kind: str, text: str) -> Markup:
        inside = f"\n{text}" + ("" if text.endswith("\n") else "\n")
        self._hashes[kind][base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()] = None
        return Markup(f"<{kind}>{inside}</{kind}>")  # noqa: S704  # `inline_text` refuses end tags


def inline_text(text: str, name: str) -> str:
    """`text` for the inside of an element, where it stays as it was hashed; raises `ValueError` if it could end it."""
    if found := re.search(r"</(?:script|style)|<!--|[\0\f\ud800-\udfff]", text, re.IGNORECASE):
        raise ValueError(f"{name} holds {found[0]!r}, which would end or hide a script inside a page")
    return re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE)
