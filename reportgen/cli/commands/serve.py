"""`reportgen serve`: what would be built, in a browser, while it is written."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reportgen.cli import execution
from reportgen.cli.program import debug
from reportgen.cli.progress import option as progress_option
from reportgen.cli.progress import progress
from reportgen.cli.terminal import emit, tell

if TYPE_CHECKING:
    from reportgen.chapters import Progress
    from reportgen.serve import Source

SETTINGS = "reportgen.toml"


@click.command("serve")
@click.argument("path", type=click.Path(path_type=Path), required=False, metavar="[SITE or EXPERIMENT.toml]")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="Where to listen; 0 is any free one."
)
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="The address to listen at.")
@click.option("--expose", is_flag=True, help="Allow a --host that other machines can reach. They can read all of it.")
@click.option("--open", "open_browser", is_flag=True, help="Open the page in a browser.")
@click.option(
    "--cache-dir",
    metavar="DIR",
    help="Where work is kept for the next build.  [default: REPORTGEN_CACHE_DIR, or the user's cache folder]",
)
@click.option("--templates", metavar="DIR", help="Templates and styles of your own, watched as well.")
@click.option("--allow-shared-cache", is_flag=True, help="Read a store that others can write to, and write elsewhere.")
@click.option("--no-lock", is_flag=True, help="Go on where folders cannot be locked; other builds are up to you then.")
@execution.options
@progress_option
@debug
def command(
    path: Path | None,
    port: int,
    host: str,
    expose: bool,
    open_browser: bool,
    cache_dir: str | None,
    executor: str | Callable[[], Executor],
    templates: str | None,
    allow_shared_cache: bool,
    no_lock: bool,
    mode: str,
) -> None:
    """Show a site or an experiment in the browser, and build again what changes.

    Without a path it is the site in this folder, or the experiment that comes with reportgen. The page that is open
    loads itself again when it has changed, and shows why a build failed. Nothing is written to an output folder.

    The address is printed on a line of its own. Ctrl-C ends the server (exit code 130) and deletes nothing.
    """
    from reportgen import guard
    from reportgen.errors import ExperimentError
    from reportgen.serve import is_loopback, serve

    if expose and is_loopback(host):
        raise ExperimentError("--expose needs the address to listen at, such as --host 0.0.0.0")
    source = _source(
        path,
        _Work(
            cache=None if cache_dir is None else guard.named(cache_dir),
            executor=executor,
            templates=None if templates is None else guard.named(templates),
            shared_cache=allow_shared_cache,
            no_lock=no_lock,
        ),
    )

    def ready(address: str) -> None:
        emit(address)
        tell(f"reportgen: serving {source.name}; Ctrl-C ends it")
        if expose:
            logging.getLogger("reportgen").warning(
                "everyone who can reach %s can read what is served", host, extra={"code": "RG802"}
            )

    serve(
        source,
        port=port,
        host=host,
        expose=expose,
        open_browser=open_browser,
        ready=ready,
        tell=tell,
        progress=lambda: progress(mode),
    )


@dataclass(frozen=True, kw_only=True)
class _Work:
    """How what is missing gets done."""

    cache: Path | None
    executor: str | Callable[[], Executor]
    templates: Path | None
    shared_cache: bool
    no_lock: bool


def _source(path: Path | None, work: _Work) -> Source:
    from reportgen.errors import ExperimentError

    folder = path or Path()
    if (folder / SETTINGS).is_file():
        raise ExperimentError(f"{folder / SETTINGS}: sites cannot be served yet; name an experiment file")
    if path and path.is_dir():
        raise ExperimentError(f"{path} has no {SETTINGS}; name the folder of a site, or an experiment file")
    return _Experiment(path, work)


@dataclass(frozen=True)
class _Experiment:
    """The report of one experiment file, or of the one that comes with reportgen."""

    file: Path | None
    work: _Work
    prefix: str = "/"

    @property
    def name(self) -> str:
        return self.file.stem if self.file else "the default experiment"

    def watched(self) -> Iterable[Path]:
        return [path for path in (self.file, self.work.templates) if path]

    def build(self, progress: Progress) -> Mapping[str, bytes]:
        from contextlib import nullcontext

        from reportgen import chapters, pipeline
        from reportgen.animation.formats import formats
        from reportgen.executors import executors
        from reportgen.experiment.file import load, parse, shipped
        from reportgen.store import default_folder, opened

        e = load(self.file) if self.file else parse(shipped(), "default.toml")
        for name in e.formats:
            formats[name]().check_available()
        make = executors[self.work.executor] if isinstance(self.work.executor, str) else self.work.executor
        store_at = self.work.cache or default_folder()
        with (
            opened(store_at, shared=self.work.shared_cache, lock=not self.work.no_lock) as store,
            make() as trainers,
            executors["processes"]() if getattr(trainers, "remote", False) else nullcontext(trainers) as workers,
        ):
            shop = chapters.Shop(
                store=store, trainers=trainers, workers=workers, progress=progress, explain=lambda what, made_from: None
            )
            told, media = chapters.told(shop, e)
            article = pipeline._article(e, told, media)
            given_away = pipeline._given_away(e, told, store, trainers)
            return pipeline._files(article, told, given_away, self.work.templates)
