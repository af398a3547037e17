"""Reports to test pages with, without a second of training."""

from __future__ import annotations

from typing import Any

from reportgen.sections.claims import DecidedClaim
from reportgen.sections.player import PlayerData
from reportgen.sections.result import SectionResult


def section(name: str, **more: Any) -> SectionResult:
    """What a section called `name` could have computed: nothing but what is given."""
    nothing: dict[str, Any] = {
        **{"title": name.capitalize(), "findings": {}, "headline": None, "players": PlayerData(), "steps": {}},
        **dict.fromkeys(("claims", "tables", "pictures", "diverged"), ()),
    }
    return SectionResult(name=name, **(nothing | more))


def claim(name: str, outcome: Any = "supported", **more: Any) -> DecidedClaim:
    """A claim that has been decided."""
    return DecidedClaim(name=name, outcome=outcome, **({"section": "reading", "post": ""} | more))
