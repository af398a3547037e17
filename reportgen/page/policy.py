"""The Content-Security-Policy of a page: it runs what this build put into it, and asks for nothing else.

What a page may run is told by the hashes of scripts and styles at the moment when they are put in, never by looking
at the finished page, where a script that came with a name or a title would look like one of ours.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets

from markupsafe import Markup

from reportgen.page.sandbox import Folders

ALONE = "data:"
"""Where a page takes its pictures from that has them all inside."""

# A page opened from a folder has no origin: some browsers take 'self' for its folder, others for nothing at all.
BESIDE = "'self' file: data:"
"""The same for a page whose pictures lie beside it."""


class Policy:
    """What one page runs and shows: `meta`, `script` and `style` are for its templates."""

    def __init__(self, folders: Folders, pictures: str) -> None:
        self._folders = folders
        self._pictures = pictures
        self._hashes: dict[str, dict[str, None]] = {"script": {}, "style": {}}
        # Stands where the policy will, which is before the scripts of which it tells; nobody can guess it.
        self._mark = secrets.token_hex(16)

    def meta(self) -> Markup:
        """The policy as an element. It goes before everything that it is about."""
        return Markup('<meta http-equiv="Content-Security-Policy" content="{}">').format(self._mark)

    def script(self, name: str) -> Markup:
        """`static/NAME` as an element of the page."""
        return self._element("script", self._static(name))

    def style(self, *names: str, text: str = "") -> Markup:
        """`static/NAME` of each name, that of the article unless told, and then `text`, as one element of the page."""
        parts = [*map(self._static, names or ("article.css",)), *([fit(text, "a style sheet")] if text else [])]
        return self._element("style", "\n".join(parts))

    def settled(self, page: str) -> str:
        """The page with its policy in it. Raises `ValueError` if it has none."""
        if page.count(self._mark) != 1:
            raise ValueError("the page must hold {{ policy() }} once, after <meta charset>")
        return page.replace(self._mark, str(self))

    def __str__(self) -> str:
        kinds = {kind: " ".join(f"'sha256-{digest}'" for digest in found) for kind, found in self._hashes.items()}
        rules = ["default-src 'none'", *(f"{kind}-src {found}" for kind, found in kinds.items() if found)]
        return "; ".join([*rules, f"img-src {self._pictures}", "base-uri 'none'", "form-action 'none'"])

    def _static(self, name: str) -> str:
        return fit(self._folders.read(f"static/{name}")[1], f"static/{name}")

    def _element(self, kind: str, text: str) -> Markup:
        inside = f"\n{text}" + ("" if text.endswith("\n") else "\n")
        self._hashes[kind][base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()] = None
        return Markup(f"<{kind}>{inside}</{kind}>")  # noqa: S704  # nothing in it ends it


def fit(text: str, name: str) -> str:
    """`text` as it can stand inside an element, and does not change once it is hashed; raises `ValueError`."""
    if found := re.search(r"</(?:script|style)|<!--|[\0\f\ud800-\udfff]", text, re.IGNORECASE):
        raise ValueError(f"{name} holds {found[0]!r}, which would end or hide a script inside a page")
    return re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE)
