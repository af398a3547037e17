"""`reportgen serve`: preview a site or an experiment in the browser."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reportgen.cli import build_options
from reportgen.cli.program import debug
from reportgen.cli.progress import progress
from reportgen.cli.terminal import emit, write_message

if TYPE_CHECKING:
    from reportgen.executors import Progress
    from reportgen.pipeline.build import BuildTarget
    from reportgen.pipeline.options import BuildOptions


@click.command("serve")
@click.argument("path", type=click.Path(path_type=Path), required=False, metavar="[SITE or EXPERIMENT.toml]")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="The port; 0 takes a free one."
)
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="The address to listen on.")
@click.option("--expose", is_flag=True, help="Allow a --host that other machines can reach. They can read every page.")
@click.option("--open", "open_browser", is_flag=True, help="Open the page in a browser.")
@build_options.preview_options("Your own templates and styles; changes to them are watched too.")
@debug
def command(
    path: Path | None,
    port: int,
    host: str,
    expose: bool,
    open_browser: bool,
    templates: Path | None,
    options: BuildOptions,
    mode: str,
) -> None:
    """Show a site or an experiment in the browser, and rebuild it when its files change.

    Without a path it is the site in this folder, or the experiment that comes with reportgen. An open page reloads
    when it has changed, and shows the error of a failed build. Nothing is written to an output folder.

    The address is printed on a line of its own. Ctrl-C ends the server (exit code 130) and deletes nothing.
    """
    from reportgen.companions.serve import is_loopback, serve
    from reportgen.errors import ExperimentError
    from reportgen.executors import executors

    if expose and is_loopback(host):
        raise ExperimentError("--expose needs an address to listen on, such as --host 0.0.0.0")
    source = _Preview(path, options, templates)
    if isinstance(options.executor, str) and options.executor not in executors.names():
        source.target()  # a plugin may have it
        options.check_executor()

    def ready(address: str) -> None:
        emit(address)
        write_message(f"reportgen: serving {source.name}; Ctrl-C ends it")
        if expose:
            logging.getLogger("reportgen").warning(
                "everyone who can reach %s can read this preview", host, extra={"code": "RG802"}
            )

    serve(
        source,
        port=port,
        host=host,
        expose=expose,
        open_browser=open_browser,
        ready=ready,
        write_message=write_message,
        progress=lambda: progress(mode),
    )


class _Preview:
    """A site or an experiment, read anew for each build."""

    prefix = "/"

    def __init__(self, path: Path | None, options: BuildOptions, templates: Path | None) -> None:
        from reportgen.errors import ExperimentError
        from reportgen.experiment import wrong_file_hint
        from reportgen.pipeline.preview_cache import PreviewCache
        from reportgen.site.folder import SETTINGS

        self._options = options
        self._templates = templates
        self._cache = PreviewCache()
        self._folder = folder if ((folder := path or Path()) / SETTINGS).is_file() else None
        if path and path.is_dir() and not self._folder:
            raise ExperimentError(f"{path} has no {SETTINGS}; name the folder of a site, or an experiment file")
        if path and not self._folder:
            wrong_file_hint.check(path)
        self._file = path
        self.name = str(path or "the site in this folder" if self._folder else path or "the default experiment")
        self._beside: list[Path] = []
        """Files that the experiment names."""

    def watched(self) -> Iterable[Path]:
        sources = [self._folder] if self._folder else [self._file, *self._beside]
        return [path for path in (*sources, self._templates) if path]

    def build(self, progress: Progress) -> Mapping[str, bytes]:
        return self._cache.files(self.target(), dataclasses.replace(self._options, progress=progress))

    def target(self) -> BuildTarget:
        from urllib.parse import urlsplit

        from reportgen import plugins
        from reportgen.experiment.file import load, named_files, parse, shipped
        from reportgen.pipeline.report_target import ReportTarget
        from reportgen.site.site_target import SiteTarget

        if self._folder:
            site = SiteTarget(self._folder, self._templates, self._cache)
            self.prefix = urlsplit(site.folder.site.root).path or "/"
            return site
        # Named before they are loaded: whoever mends one that is broken wants to see that.
        self._beside = named_files(self._file) if self._file else []
        experiment = load(self._file) if self._file else parse(shipped(), "default.toml")
        beside = self._file.parent if self._file else Path()
        self._beside += [template.path for template in plugins.templates().values()]
        if experiment.site:
            self._beside += [beside / name for name in (experiment.site.theme, experiment.site.css) if name]
        inputs = {"experiment file": self._file} if self._file else {}
        return ReportTarget(experiment, templates=self._templates, beside=beside, inputs=inputs)
