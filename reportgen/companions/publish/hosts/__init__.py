"""Hosts with their own programs for publishing, one per file."""

from __future__ import annotations

from dataclasses import dataclass

from reportgen.companions.publish.finished_site import HostLimits
from reportgen.registry import Registry


@dataclass(frozen=True, kw_only=True)
class Host:
    """A host of sites, and the command that publishes there."""

    title: str
    placeholder: str
    """Stands in the command until the user names the target, such as `PROJECT` or `BUCKET`."""
    command: tuple[str, ...]
    """The program and its arguments, with `{folder}` and `{target}` in them."""
    note: str
    """Requirements of the command."""
    limits: HostLimits
    undocumented: str = ""
    """The limits that the host does not document, in words."""

    def command_line(self, folder: str, target: str | None) -> str:
        """The command for a shell."""
        import shlex

        name = self.placeholder if target is None else target
        return shlex.join(part.format(folder=folder, target=name) for part in self.command)


hosts: Registry[Host] = Registry("host", "reportgen.companions.publish.hosts")
"""Every host by name."""
