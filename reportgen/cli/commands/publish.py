"""`reportgen publish`: a finished site, brought to where others see it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from reportgen.cli.program import debug
from reportgen.cli.terminal import emit
from reportgen.companions.publish.hosts import hosts
from reportgen.errors import did_you_mean
from reportgen.text import printable

if TYPE_CHECKING:
    from reportgen.companions.publish.github_pages import Publication

_SHOWN = 15
"""The most names that are listed of each kind of change."""

_folder = click.argument("folder", default="output", metavar="[DIR]")
_no_lock = click.option(
    "--no-lock", is_flag=True, help="Do not ask whether a build is using DIR, where locks do not work."
)


class _Places(click.Group):
    """GitHub Pages, and every host that has a file."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), *hosts.names()]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return super().get_command(ctx, cmd_name) or (_told(cmd_name) if cmd_name in hosts.names() else None)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        known = self.list_commands(ctx)
        if args and args[0] not in known and not args[0].startswith("-"):
            ctx.fail(f"unknown host {args[0]!r}.{did_you_mean(args[0], known)}")
        return super().resolve_command(ctx, args)


@click.group("publish", cls=_Places)
def command() -> None:
    """Bring a finished report or site to a host.

    GitHub Pages is done here. For the other hosts the command to run is printed, after their limits were checked.
    """


@command.command("gh-pages")
@_folder
@click.option("--remote", default="origin", show_default=True, metavar="NAME", help="Whose branch.")
@click.option("--branch", default="gh-pages", show_default=True, metavar="NAME", help="Which branch.")
@click.option("--yes", is_flag=True, help="Do it. Without, what would change is listed and nothing is pushed.")
@click.option(
    "--adopt", is_flag=True, help="Publish beside files on the branch that are not from reportgen; they stay."
)
@click.option(
    "--overwrite-edited",
    is_flag=True,
    help="Replace files of the report that were edited on the branch; with --adopt also others of the same names.",
)
@click.option(
    "--rewrite-history", is_flag=True, help="Leave one commit on the branch, and drop what was published before."
)
@_no_lock
@debug
def gh_pages(
    folder: str,
    remote: str,
    branch: str,
    yes: bool,
    adopt: bool,
    overwrite_edited: bool,
    rewrite_history: bool,
    no_lock: bool,
) -> None:
    """Publish DIR on a branch that GitHub Pages shows.

    Run it in the repository whose remote is to have the site. A commit is made on what the remote's branch has now and
    pushed; your branches, index and files are not touched, and nothing is forced. On the branch only files that
    reportgen put there, and nobody edited since, are replaced or deleted.
    """
    from reportgen.companions.publish import github_pages, refuse_leaks
    from reportgen.companions.publish.finished_site import read
    from reportgen.output import allowed_folders

    site = read(allowed_folders.folder_path(folder), "GitHub Pages", github_pages.LIMITS, lock=not no_lock)
    refuse_leaks.refuse(site.files, allowed_folders.folder_path(folder))
    publication = github_pages.prepare(
        site,
        Path(),
        remote=remote,
        branch=branch,
        adopt=adopt,
        overwrite_edited=overwrite_edited,
        rewrite_history=rewrite_history,
    )
    where = f"{branch} of {publication.address}"
    if not publication.needed:
        emit(f"Nothing to publish: {where} has all of it already.")
        return
    if not yes:
        emit("\n".join([f"{where}: {publication.change.summary()}", *_listed(publication, site.hidden)]))
        emit("Nothing is pushed yet; --yes publishes it.")
        return
    made = publication.push()
    lines = [f"Published on {where} as {made[:12]}: {publication.change.summary()}"]
    if address := publication.shown_at():
        lines.append(f"GitHub shows it at {address} within some minutes.")
    if publication.tip is None and (settings := publication.settings_at()):
        lines.append(f"The first time, switch it on at {settings}: deploy from a branch, {branch}, / (root).")
    emit("\n".join(lines))


def _listed(publication: Publication, hidden: tuple[str, ...]) -> list[str]:
    change = publication.change
    kinds = {"+": change.added, "~": change.changed, "-": change.deleted, "=": change.kept}
    lines = [line for mark, names in kinds.items() for line in _capped(mark, names)]
    if publication.rewrite:
        lines.append("All earlier commits of the branch are dropped.")
    if hidden:
        lines.append(f"Not published, for their names begin with a dot: {', '.join(hidden[:_SHOWN])}")
    return lines


def _capped(mark: str, names: tuple[str, ...]) -> list[str]:
    more = [f"{mark} and {len(names) - _SHOWN:,} more"] if len(names) > _SHOWN else []
    note = ", which stays as it is" if mark == "=" else ""
    return [*(f"{mark} {printable(name)}{note}" for name in names[:_SHOWN]), *more]


def _told(name: str) -> click.Command:
    """The command that prints what brings a site to a host."""
    host = hosts[name]

    @click.command(name, short_help=f"Print the command that brings DIR to {host.title}.")
    @_folder
    @click.option("--to", "place", metavar=host.place, help="Where to, there.")
    @_no_lock
    @debug
    def told(folder: str, place: str | None, no_lock: bool) -> None:
        from reportgen.companions.publish import refuse_leaks
        from reportgen.companions.publish.finished_site import read
        from reportgen.output import allowed_folders

        site = read(allowed_folders.folder_path(folder), host.title, host.limits, lock=not no_lock)
        refuse_leaks.refuse(site.files, allowed_folders.folder_path(folder))
        lines = [host.line(folder, place), host.note]
        if host.untold:
            lines.append(f"{host.title} does not document a limit on {host.untold}; none was checked.")
        if site.hidden:
            names = ", ".join(site.hidden[:_SHOWN])
            lines.append(f"Not checked, and perhaps taken along by that program: {names}")
        emit("\n".join(lines))

    told.help = f"Print the command that brings DIR to {host.title}, after its limits were checked. Nothing is run."
    return told
