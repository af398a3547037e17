"""Workers of a Dask cluster, on this or other machines; needs the packages of the extra `cluster`.

The client connects only to the scheduler, by default over TLS. Certificates are Dask's own settings
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
from reportgen.executors.processes import hide_main_module
from reportgen.training.process import compute_on_one_thread
from reportgen.training.versions import versions

if TYPE_CHECKING:
    from distributed import Client, LocalCluster
    from distributed import Future as DaskFuture

P = ParamSpec("P")
T = TypeVar("T")

_LOG = logging.getLogger("reportgen")

_CONNECT_TIMEOUT = 10
"""Seconds to connect to a scheduler."""

_MAX_DEATHS = 3
"""How many workers a job may kill in a cluster of our own; another scheduler has its own setting."""

_CLOSE_TIMEOUT = 5
"""Seconds to close a cluster of our own."""


@executors.register("dask")
class Dask(Workers):
    """The workers of the scheduler at an address like `tls://host:8786`, or of a small cluster on this machine.

    Raises `ExperimentError` for an invalid address, and `RefusedError` (RG951) for another machine without encryption,
    unless `insecure`. The first job connects or starts the cluster; it raises `MachineError` if that fails.
    """

    workers = 4
    """An estimate: a cluster grows and shrinks."""
    remote = True
    takes_scheduler = True

    def __init__(self, scheduler: str | None = None, *, insecure: bool = False) -> None:
        super().__init__()
        if scheduler is not None:
            check_address(scheduler, insecure=insecure)
        self._distributed = _import_distributed()
        self._scheduler = scheduler
        self._lock = threading.Lock()
        self._client: Client | None = None
        self._cluster: LocalCluster | None = None
        self._running: dict[_Job, DaskFuture] = {}
        self._open = True

    def submit(self, task: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        return self._start(frozenset(), task, args, kwargs)

    def resubmit(self, failed: Future[Any], task: Callable[..., Any], /, *args: Any) -> Future[Any]:
        return self._start(failed.tried if isinstance(failed, _Job) else frozenset(), task, args, {})

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._open = False
        try:
            if cancel_futures:
                for job in list(self._running):
                    job.cancel()
            if wait:
                concurrent.futures.wait(list(self._running))
        finally:
            if wait or cancel_futures:
                self._close()

    def kill_workers(self) -> None:
        self._open = False

    def _start(self, tried: frozenset[str], task: Callable[..., Any], args: Any, kwargs: Any) -> _Job:
        if not self._open:
            raise RuntimeError("cannot schedule new futures after shutdown")
        job = _Job(tried)
        try:
            call = pickle.dumps(_Call(job_of(task, args, kwargs)))
        except Exception as error:  # a job that cannot be pickled fails like any other
            job.set_exception(error)
            return job
        with self._lock:
            client = self._client = self._client or self._connect()
        try:
            others = [worker for worker in client.nthreads() if worker not in tried] if tried else []
            # With pure=True equal jobs would share one outcome.
            dask_job = client.submit(
                pickle.loads, call, pure=False, workers=others or None, allow_other_workers=bool(others)
            )
        except OSError as error:
            raise self._lost_scheduler_error() from error
        self._running[job] = dask_job
        job.add_done_callback(self._forget)
        dask_job.add_done_callback(lambda dask_job: self._settle(job, dask_job))
        return job

    def _forget(self, job: Future[Any]) -> None:
        dask_job = self._running.pop(job, None)  # type: ignore[call-overload]
        if dask_job is not None and job.cancelled():
            job.set_running_or_notify_cancel()
            with contextlib.suppress(Exception):  # if the scheduler has ended there is nothing to cancel
                dask_job.cancel()

    def _settle(self, job: _Job, dask_job: DaskFuture) -> None:
        """Copy the outcome of a Dask future to the job; called in a thread of Dask."""
        with contextlib.suppress(InvalidStateError):  # it was cancelled in the meantime
            if job.cancelled() or not job.set_running_or_notify_cancel():
                return
            try:
                worker, answer = self._answer(dask_job)
                job.tried |= {worker}
                job.set_result(outcome_of(answer))
            except BaseException as error:
                job.set_exception(error)

    def _answer(self, dask_job: DaskFuture) -> tuple[str, bytes]:
        try:
            worker, answer = dask_job.result()
            return worker, answer
        except self._distributed.scheduler.KilledWorker as error:
            raise MachineError(
                "a job killed every worker that ran it, most likely because memory ran out: give workers more; "
                "finished work is stored: run the same command again",
                code="RG302",
            ) from error
        except (concurrent.futures.CancelledError, asyncio.CancelledError, OSError) as error:
            raise self._lost_scheduler_error() from error
        except Exception as error:  # not an error of the job, but of a worker that cannot read it
            raise RefusedError(
                f"a worker cannot run a job of this reportgen ({type(error).__name__}: {error}); "
                f"workers must have reportgen {versions()['reportgen']} and the same versions of its dependencies"
            ) from error

    def _lost_scheduler_error(self) -> MachineError:
        where = self._scheduler or "on this machine"
        return MachineError(f"lost the Dask scheduler {where}; finished work is stored: run the same command again")

    def _connect(self) -> Client:
        """A client of the scheduler, which is started if there is no address."""
        distributed = self._distributed
        if self._scheduler is None:
            self._cluster = _local_cluster(distributed)
            return distributed.Client(self._cluster, timeout=_CONNECT_TIMEOUT)
        encrypted = self._scheduler.startswith("tls:")
        try:
            security = distributed.Security(require_encryption=True) if encrypted else distributed.Security()
            if encrypted and not security.get_connection_args("client")["ssl_context"]:
                raise MachineError(
                    "tls:// needs certificates: set DASK_DISTRIBUTED__COMM__TLS__CA_FILE, "
                    "DASK_DISTRIBUTED__COMM__TLS__CLIENT__CERT and DASK_DISTRIBUTED__COMM__TLS__CLIENT__KEY"
                )
            client = distributed.Client(self._scheduler, security=security, timeout=_CONNECT_TIMEOUT)
        except OSError as error:
            raise MachineError(f"cannot reach the Dask scheduler {self._scheduler}: {reason(error)}") from error
        if not client.nthreads():
            _LOG.warning("the Dask scheduler %s has no workers yet: waiting for some", self._scheduler)
        return client

    def _close(self) -> None:
        with contextlib.suppress(OSError, TimeoutError):  # they may have ended already
            if self._client:
                self._client.close(timeout=_CLOSE_TIMEOUT)
            if self._cluster:
                try:
                    self._cluster.close(timeout=_CLOSE_TIMEOUT)
                except AssertionError:  # from Dask: a worker that is just restarting has no process yet
                    self._cluster.close(timeout=_CLOSE_TIMEOUT)
        self._client = self._cluster = None


class _Call:
    """A job that runs when it is unpickled, and unpickles to its result.

    So a worker without this module fails the job. If Dask received the function `_do` itself, such a worker would close
    its connection, as would the next, and the job would wait forever.
    """

    def __init__(self, job: bytes) -> None:
        self.job = job

    def __reduce__(self) -> tuple[Callable[[bytes], tuple[str, bytes]], tuple[bytes]]:
        return _do, (self.job,)


class _Job(Future[Any]):
    """The future of a job, with the addresses of the workers that returned a result for it."""

    def __init__(self, tried: frozenset[str]) -> None:
        super().__init__()
        self.tried = tried


def check_address(scheduler: str, *, insecure: bool) -> None:
    """Raise `ExperimentError` for an invalid address, `RefusedError` for one without encryption."""
    match = re.fullmatch(r"(tls|tcp)://(\[[0-9a-fA-F:.]+\]|[0-9A-Za-z][0-9A-Za-z.-]*):([0-9]{1,5})", scheduler)
    if not match or not 0 < int(match[3]) < 65536:
        raise ExperimentError(f"the address of a scheduler must be like tls://host:8786, got {scheduler!r}")
    if match[1] == "tcp" and not insecure and not _is_loopback(match[2].strip("[]")):
        raise RefusedError(
            f"refusing {scheduler}: tcp:// is not encrypted, so others on the network can run programs on workers and "
            "on this machine; use tls:// with certificates, or --insecure-cluster if you trust the whole network",
            code="RG951",
        )


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _import_distributed() -> Any:
    """Import the package distributed and silence its log, unless the caller had imported it before."""
    is_first_import = "distributed" not in sys.modules
    try:
        import cryptography  # noqa: F401  for the certificates of a cluster of our own
        import distributed
    except ImportError as error:
        raise MachineError(
            "the executor 'dask' needs packages that are not installed: pip install distributed cryptography"
        ) from error
    if is_first_import:
        for name in ("distributed", "distributed.client", "distributed.gc", "tornado.application"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
    return distributed


def _local_cluster(distributed: Any) -> LocalCluster:
    """Worker processes on this machine, with one thread each, that accept only encrypted connections over loopback."""
    import dask

    settings = {
        "distributed.scheduler.allowed-failures": _MAX_DEATHS - 1,
        "distributed.scheduler.worker-saturation": 1.0,  # a waiting job must not be blamed for the death of its worker
        "distributed.scheduler.http.routes": [],
        "distributed.worker.http.routes": [],
    }
    with dask.config.set(settings), hide_main_module():
        return distributed.LocalCluster(
            n_workers=max(cores(), 2),
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            security=distributed.Security.temporary(),
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,
            memory_limit=None,  # the operating system limits memory, as without Dask
            preload=[__name__],
        )


def dask_setup(_: object) -> None:
    """Set up a worker of a cluster of our own; Dask calls this function by its name."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # a worker that is stopped prints a long traceback
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    compute_on_one_thread()


def _do(job: bytes) -> tuple[str, bytes]:
    """Run a job in a worker; returns the address of the worker and the answer."""
    from distributed import get_worker

    return get_worker().address, do(job)
