"""Workers of a Dask cluster, here or on other machines; the extra `cluster` brings what it needs.

The client talks to the scheduler alone, over TLS unless told otherwise. Certificates are Dask's own settings
(`DASK_DISTRIBUTED__COMM__TLS__CA_FILE` and so on); `docs/scaling.md` has the commands.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import ipaddress
import logging
import os
import pickle
import re
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from reportgen.errors import ExperimentError, MachineError, RefusedError, reason
from reportgen.executors import Workers, cores, executors
from reportgen.executors._parcels import do, job_of, outcome_of
from reportgen.executors.processes import main_hidden
from reportgen.training.process import compute_on_one_thread
from reportgen.training.versions import versions

if TYPE_CHECKING:
    from distributed import Client, LocalCluster
    from distributed import Future as DaskFuture

P = ParamSpec("P")
T = TypeVar("T")

_LOG = logging.getLogger("reportgen")

_CONNECT_WITHIN = 10
"""Seconds to reach a scheduler."""

_DEATHS = 3
"""How many workers of a cluster of our own a job may kill; a scheduler elsewhere has a setting of its own."""

_CLOSE_WITHIN = 5
"""Seconds for a cluster of our own to end."""


@executors.register("dask")
class Dask(Workers):
    """The workers of the scheduler at an address like `tls://host:8786`, or of a small cluster in this machine.

    Raises, before it connects to anything, `ExperimentError` for what is no address and `RefusedError` (RG951) for one
    beyond this machine over which everything, code included, would travel in the clear; `insecure` allows it. Nothing
    is connected or started before the first job, which raises `MachineError` if that fails.
    """

    workers = 4
    """An estimate: a cluster grows and shrinks."""
    remote = True
    takes_scheduler = True

    def __init__(self, scheduler: str | None = None, *, insecure: bool = False) -> None:
        super().__init__()
        if scheduler is not None:
            check_address(scheduler, insecure=insecure)
        self._distributed = _installed()
        self._scheduler = scheduler
        self._lock = threading.Lock()
        self._client: Client | None = None
        self._cluster: LocalCluster | None = None
        self._going: dict[_Job, DaskFuture] = {}
        self._open = True

    def submit(self, task: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        return self._begin(frozenset(), task, args, kwargs)

    def elsewhere(self, failed: Future[Any], task: Callable[..., Any], /, *args: Any) -> Future[Any]:
        return self._begin(failed.tried if isinstance(failed, _Job) else frozenset(), task, args, {})

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._open = False
        try:
            if cancel_futures:
                for job in list(self._going):
                    job.cancel()
            if wait:
                concurrent.futures.wait(list(self._going))
        finally:
            if wait or cancel_futures:
                self._leave()

    def kill_workers(self) -> None:
        self._open = False

    def _begin(self, tried: frozenset[str], task: Callable[..., Any], args: Any, kwargs: Any) -> _Job:
        if not self._open:
            raise RuntimeError("cannot schedule new futures after shutdown")
        here = _Job(tried)
        try:
            call = pickle.dumps(_Call(job_of(task, args, kwargs)))
        except Exception as error:  # what cannot travel fails as if it had
            here.set_exception(error)
            return here
        with self._lock:
            client = self._client = self._client or self._connect()
        try:
            others = [worker for worker in client.nthreads() if worker not in tried] if tried else []
            # No key of its own would make equal jobs one job, with one outcome.
            there = client.submit(
                pickle.loads, call, pure=False, workers=others or None, allow_other_workers=bool(others)
            )
        except OSError as error:
            raise self._lost() from error
        self._going[here] = there
        here.add_done_callback(self._forget)
        there.add_done_callback(lambda there: self._settle(here, there))
        return here

    def _forget(self, here: Future[Any]) -> None:
        there = self._going.pop(here, None)  # type: ignore[call-overload]
        if there is not None and here.cancelled():
            here.set_running_or_notify_cancel()
            with contextlib.suppress(Exception):  # where the scheduler has gone there is nothing left to cancel
                there.cancel()

    def _settle(self, here: _Job, there: DaskFuture) -> None:
        """Hand an outcome on, in a thread that Dask has for this."""
        with contextlib.suppress(InvalidStateError):  # it was cancelled meanwhile
            if here.cancelled() or not here.set_running_or_notify_cancel():
                return
            try:
                worker, answer = self._answer(there)
                here.tried |= {worker}
                here.set_result(outcome_of(answer))
            except BaseException as error:
                here.set_exception(error)

    def _answer(self, there: DaskFuture) -> tuple[str, bytes]:
        try:
            worker, answer = there.result()
            return worker, answer
        except self._distributed.scheduler.KilledWorker as error:
            raise MachineError(
                "a job killed every worker that it was given to, most likely for want of memory: give workers more; "
                "what is done is stored: run the same command again",
                code="RG302",
            ) from error
        except (concurrent.futures.CancelledError, asyncio.CancelledError, OSError) as error:
            raise self._lost() from error
        except Exception as error:  # jobs carry their own errors: this one is of a worker that could not read its job
            raise RefusedError(
                f"a worker cannot do what this reportgen asks for ({type(error).__name__}: {error}); "
                f"workers must have reportgen {versions()['reportgen']} and the same versions of what it uses"
            ) from error

    def _lost(self) -> MachineError:
        where = self._scheduler or "on this machine"
        return MachineError(f"lost the Dask scheduler {where}; what is done is stored: run the same command again")

    def _connect(self) -> Client:
        """A client of the scheduler, of one that is started for it if there is none."""
        distributed = self._distributed
        if self._scheduler is None:
            self._cluster = _local_cluster(distributed)
            return distributed.Client(self._cluster, timeout=_CONNECT_WITHIN)
        encrypted = self._scheduler.startswith("tls:")
        try:
            security = distributed.Security(require_encryption=True) if encrypted else distributed.Security()
            if encrypted and not security.get_connection_args("client")["ssl_context"]:
                raise MachineError(
                    "tls:// needs certificates: set DASK_DISTRIBUTED__COMM__TLS__CA_FILE, "
                    "DASK_DISTRIBUTED__COMM__TLS__CLIENT__CERT and DASK_DISTRIBUTED__COMM__TLS__CLIENT__KEY"
                )
            client = distributed.Client(self._scheduler, security=security, timeout=_CONNECT_WITHIN)
        except OSError as error:
            raise MachineError(f"cannot reach the Dask scheduler {self._scheduler}: {reason(error)}") from error
        if not client.nthreads():
            _LOG.warning("the Dask scheduler %s has no workers yet: waiting for some", self._scheduler)
        return client

    def _leave(self) -> None:
        with contextlib.suppress(OSError, TimeoutError):  # whoever has gone need not be told
            if self._client:
                self._client.close(timeout=_CLOSE_WITHIN)
            if self._cluster:
                try:
                    self._cluster.close(timeout=_CLOSE_WITHIN)
                except AssertionError:  # Dask's: a worker that is just being started again has no process to end yet
                    self._cluster.close(timeout=_CLOSE_WITHIN)
        self._client = self._cluster = None


class _Call:
    """Pickled, it is a job that is done when it is unpickled, and then what that returned.

    So a worker without this very module fails that job. Were `_do` the function that Dask is given, the worker would
    break off its connection over what it cannot read, as would the next, and the job would wait for ever.
    """

    def __init__(self, job: bytes) -> None:
        self.job = job

    def __reduce__(self) -> tuple[Callable[[bytes], tuple[str, bytes]], tuple[bytes]]:
        return _do, (self.job,)


class _Job(Future[Any]):
    """The future of a job, which knows the addresses of the workers that have sent back something for it."""

    def __init__(self, tried: frozenset[str]) -> None:
        super().__init__()
        self.tried = tried


def check_address(scheduler: str, *, insecure: bool) -> None:
    """Raise `ExperimentError` for what is no address, `RefusedError` for one that would be talked to in the clear."""
    found = re.fullmatch(r"(tls|tcp)://(\[[0-9a-fA-F:.]+\]|[0-9A-Za-z][0-9A-Za-z.-]*):([0-9]{1,5})", scheduler)
    if not found or not 0 < int(found[3]) < 65536:
        raise ExperimentError(f"a scheduler has an address like tls://host:8786, got {scheduler!r}")
    if found[1] == "tcp" and not insecure and not _loops_back(found[2].strip("[]")):
        raise RefusedError(
            f"refusing {scheduler}: over tcp:// whoever is on the way can run programs on the workers and on this "
            "machine; use tls:// with certificates, or --insecure-cluster if you trust the whole network",
            code="RG951",
        )


def _loops_back(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _installed() -> Any:
    """The package distributed, without its log on standard error unless somebody had already set that up."""
    fresh = "distributed" not in sys.modules
    try:
        import cryptography  # noqa: F401  for the certificates of a cluster of our own
        import distributed
    except ImportError as error:
        raise MachineError(
            "the executor 'dask' needs packages that are not installed: pip install distributed cryptography"
        ) from error
    if fresh:
        for name in ("distributed", "distributed.client", "distributed.gc", "tornado.application"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
    return distributed


def _local_cluster(distributed: Any) -> LocalCluster:
    """Workers in processes of this machine, one thread each, that listen on loopback and to nobody without the key."""
    import dask

    settings = {
        "distributed.scheduler.allowed-failures": _DEATHS - 1,
        "distributed.scheduler.worker-saturation": 1.0,  # a job that waits at a worker is not blamed for its death
        "distributed.scheduler.http.routes": [],
        "distributed.worker.http.routes": [],
    }
    with dask.config.set(settings), main_hidden():
        return distributed.LocalCluster(
            n_workers=max(cores(), 2),
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            security=distributed.Security.temporary(),
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,
            memory_limit=None,  # the system decides who has too much, as without Dask
            preload=[__name__],
        )


def dask_setup(_: object) -> None:
    """What a worker of a cluster of our own does first; the name is Dask's."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # the last words of a worker that is stopped are long
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    compute_on_one_thread()


def _do(job: bytes) -> tuple[str, bytes]:
    """What a worker is asked to do; also says which one it was."""
    from distributed import get_worker

    return get_worker().address, do(job)
