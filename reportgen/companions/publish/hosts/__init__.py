"""Hosts that have programs of their own to publish with, one a file."""

from __future__ import annotations

from dataclasses import dataclass

from reportgen.companions.publish.finished_site import HostLimits
from reportgen.registry import Registry


@dataclass(frozen=True, kw_only=True)
class Host:
    """Where a site can be brought, and how."""

    title: str
    place: str
    """What a site is put into there, in capitals as it stands in the command until a name is given."""
    command: tuple[str, ...]
    """The program and its arguments, with `{folder}` and `{place}` in them."""
    note: str
    """What has to be known or done before."""
    limits: HostLimits
    untold: str = ""
    """Which of its limits the host does not document."""

    def line(self, folder: str, place: str | None) -> str:
        """What to type in a shell."""
        import shlex

        name = self.place if place is None else place
        return shlex.join(part.format(folder=folder, place=name) for part in self.command)


hosts: Registry[Host] = Registry("host", "reportgen.companions.publish.hosts")
"""Every host by name."""
