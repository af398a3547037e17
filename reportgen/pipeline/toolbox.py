"""What a build works with: a store and workers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

from reportgen.executors import Progress, Workers, make_workers
from reportgen.pictures.formats import formats
from reportgen.pipeline.options import BuildOptions
from reportgen.store.keys import Parts
from reportgen.store.store import Completion, Store, opened
from reportgen.training.run import Run

Explain = Callable[[str, Parts], None]
"""Told what is made although there is a store, and from what."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Toolbox:
    """The store, the workers, and who is told what they do."""

    store: Store
    trainers: Workers
    """Train networks; they may be on other machines."""
    workers: Workers
    """Do everything else, on this machine."""
    progress: Progress
    explain: Explain

    def train(self, runs: Iterable[Run], before: int = 0) -> Completion:
        """Start training what is not stored, and report progress; `before` counts runs that were trained earlier."""
        runs = list(dict.fromkeys(runs))
        total = before + len(runs)
        if runs:
            self.progress("train", before, total)
        training = self.store.complete(runs, self.trainers)
        if training.missing:
            self.explain(f"{training.missing:,} of {len(runs):,} runs", {})
        done = total - training.missing
        if runs:
            self.progress("train", done, total)

        def count(job: Future[int]) -> None:
            nonlocal done
            if not job.cancelled() and not job.exception():
                done += job.result()
                self.progress("train", done, total)

        for job in training.jobs:
            job.add_done_callback(count)
        return training


def explain_nothing(what: str, made_from: Parts) -> None:
    """An `Explain` that tells nobody."""


@contextmanager
def open_toolbox(wanted_formats: Iterable[str], options: BuildOptions, explain: Explain) -> Iterator[Toolbox]:
    """Open the store and start workers, until the block is left.

    Raises `MachineError` if a program is missing that one of the animation formats needs.
    """
    for name in wanted_formats:
        formats[name]().check_available()
    with (
        opened(options.store_folder, shared=options.shared_cache, lock=not options.no_lock) as store,
        make_workers(options.executor) as trainers,
        # Workers elsewhere train; what has to be drawn is here.
        make_workers("processes") if trainers.remote else nullcontext(trainers) as workers,
    ):
        yield Toolbox(store=store, trainers=trainers, workers=workers, progress=options.progress, explain=explain)
