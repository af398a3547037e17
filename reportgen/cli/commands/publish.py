"""`reportgen publish`: publish a finished site to a host."""

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
"""Number of names that are listed of each kind of change."""

_folder = click.argument("folder", default="output", metavar="[DIR]")
_no_lock = click.option("--no-lock", is_flag=True, help="Do not check that no build uses DIR; for disks without locks.")


class _Hosts(click.Group):
    """A group with a command for GitHub Pages and one for every registered host."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), *hosts.names()]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return super().get_command(ctx, cmd_name) or (_host_command(cmd_name) if cmd_name in hosts.names() else None)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        known = self.list_commands(ctx)
        if args and args[0] not in known and not args[0].startswith("-"):
            ctx.fail(f"unknown host {args[0]!r}.{did_you_mean(args[0], known)}")
        return super().resolve_command(ctx, args)


@click.group("publish", cls=_Hosts)
def command() -> None:
    """Publish a finished report or site to a host.

    gh-pages pushes to GitHub Pages. The commands of other hosts check the host's limits and print what to run.
    """


@command.command("gh-pages")
@_folder
@click.option("--remote", default="origin", show_default=True, metavar="NAME", help="The git remote.")
@click.option("--branch", default="gh-pages", show_default=True, metavar="NAME", help="The branch.")
@click.option("--yes", is_flag=True, help="Push. Without it the changes are listed and nothing is pushed.")
@click.option("--adopt", is_flag=True, help="Publish to a branch that has files from elsewhere; they are kept.")
@click.option(
    "--overwrite-edited",
    is_flag=True,
    help="Replace files of the report that were edited on the branch; with --adopt also other files of these names.",
)
@click.option("--rewrite-history", is_flag=True, help="Leave a single commit on the branch, and drop all earlier ones.")
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

    Run it in the repository whose remote gets the site. The command adds one commit to the remote's branch. It does not
    touch your branches, index and files, and does not force the push. On the branch it replaces and deletes only files
    that reportgen published and that were not edited since.
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
        emit(f"Nothing to publish: {where} is up to date.")
        return
    if not yes:
        emit("\n".join([f"{where}: {publication.change.summary()}", *_list_changes(publication, site.hidden)]))
        emit("Nothing is pushed yet; --yes publishes it.")
        return
    commit = publication.push()
    lines = [f"Published on {where} as {commit[:12]}: {publication.change.summary()}"]
    if address := publication.site_address():
        lines.append(f"GitHub shows it at {address} within some minutes.")
    if publication.tip is None and (settings := publication.settings_address()):
        lines.append(f"The first time, switch it on at {settings}: deploy from a branch, {branch}, / (root).")
    emit("\n".join(lines))


def _list_changes(publication: Publication, hidden: tuple[str, ...]) -> list[str]:
    change = publication.change
    kinds = {"+": change.added, "~": change.changed, "-": change.deleted, "=": change.kept}
    lines = [line for mark, names in kinds.items() for line in _list_names(mark, names)]
    if publication.rewrite:
        lines.append("All earlier commits of the branch are dropped.")
    if hidden:
        lines.append(f"Not published, because their names begin with a dot: {', '.join(hidden[:_SHOWN])}")
    return lines


def _list_names(mark: str, names: tuple[str, ...]) -> list[str]:
    more = [f"{mark} and {len(names) - _SHOWN:,} more"] if len(names) > _SHOWN else []
    note = ", which is kept" if mark == "=" else ""
    return [*(f"{mark} {printable(name)}{note}" for name in names[:_SHOWN]), *more]


def _host_command(name: str) -> click.Command:
    """The command of a host, which prints how to publish there."""
    host = hosts[name]

    @click.command(name, short_help=f"Print the command that publishes DIR to {host.title}.")
    @_folder
    @click.option("--to", "target", metavar=host.placeholder, help="The target at the host.")
    @_no_lock
    @debug
    def print_command(folder: str, target: str | None, no_lock: bool) -> None:
        from reportgen.companions.publish import refuse_leaks
        from reportgen.companions.publish.finished_site import read
        from reportgen.output import allowed_folders

        site = read(allowed_folders.folder_path(folder), host.title, host.limits, lock=not no_lock)
        refuse_leaks.refuse(site.files, allowed_folders.folder_path(folder))
        lines = [host.command_line(folder, target), host.note]
        if host.undocumented:
            lines.append(f"{host.title} does not document a limit on {host.undocumented}; none was checked.")
        if site.hidden:
            names = ", ".join(site.hidden[:_SHOWN])
            lines.append(f"Not checked, and possibly uploaded by that program: {names}")
        emit("\n".join(lines))

    print_command.help = f"Check the limits of {host.title} and print the command that publishes DIR. It is not run."
    return print_command
