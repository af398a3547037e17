"""The store and the workers of a build."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

from reportgen.executors import Progress, Workers, make_workers
from reportgen.pictures.formats import formats
from reportgen.pipeline.options import BuildOptions
from reportgen.store.keys import Parts
from reportgen.store.store import Completion, Store, open_store
from reportgen.training.run import Run

Explain = Callable[[str, Parts], None]
"""Called with the name of something that the store does not have, and the parts that it is made from."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Toolbox:
    """The store, the workers, and the functions that report their work."""

    store: Store
    trainers: Workers
    """Workers that train networks; they may be on other machines."""
    workers: Workers
    """Workers for everything else, on this machine."""
    progress: Progress
    explain: Explain

    def train(self, runs: Iterable[Run], before: int = 0) -> Completion:
        """Start to train runs that are not stored, and report progress; `before` counts runs that are already done."""
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
    """An `Explain` that does nothing."""


@contextmanager
def open_toolbox(wanted_formats: Iterable[str], options: BuildOptions, explain: Explain) -> Iterator[Toolbox]:
    """Open the store and start workers for the block.

    Raises `MachineError` if a program that an animation format needs is missing.
    """
    for name in wanted_formats:
        formats[name]().check_available()
    with (
        open_store(options.store_folder, shared=options.shared_cache, lock=not options.no_lock) as store,
        make_workers(options.executor) as trainers,
        # Remote workers only train; pictures are drawn on this machine.
        make_workers("processes") if trainers.remote else nullcontext(trainers) as workers,
    ):
        yield Toolbox(store=store, trainers=trainers, workers=workers, progress=options.progress, explain=explain)
