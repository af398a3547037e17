"""The plugins of an experiment file, loaded; for a process of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from reportgen import plugins
from reportgen.companions.doctor.finding import Finding
from reportgen.errors import ReportgenError


def load(experiment: str) -> Iterator[Finding | str]:
    """What the plugins that an experiment file names register."""
    yield "plugins"
    from reportgen.experiment.file import plugins_of

    try:
        found = plugins_of(Path(experiment))
    except ReportgenError as error:
        for line in str(error).splitlines():
            yield Finding("plugins", "problem", line, "correct it, and ask again")
        return
    if not found:
        yield Finding("plugins", "ok", f"{experiment} names none")
    for plugin in found:
        kinds = ", ".join(f"{kind.registry.kind} {kind.name}" for kind in plugins.kinds_of(plugin))
        yield Finding("plugins", "ok", f"{plugin.name} has {kinds}")
    for template in plugins.templates().values():
        if not template.path.is_file():
            yield Finding("plugins", "note", template.missing, "write it, or have it in the folder of --templates")
