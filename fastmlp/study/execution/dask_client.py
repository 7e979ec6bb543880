"""Connect to a Dask cluster: one that a client is given for, one at an address, or one on this machine."""

from __future__ import annotations

import logging
import os
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from ...errors import InvalidInput, MissingLibrary, one_line, shown

if TYPE_CHECKING:
    from distributed import Client

LOCAL = re.compile(r"local:([0-9]{1,5})")
ADDRESS = re.compile(r"[a-z]+://[^\s/]+:[0-9]+/?")
MOST_LOCAL = 1024  # workers on this machine
LOGGERS = ("distributed", "distributed.client", "distributed.gc", "tornado", "tornado.application")  # with own levels
# What Dask does beside the trials. Each time, the thread that trains has to let another one have the interpreter.
UNDISTURBED = {
    # It has the C library hand memory back whenever 64 kB are free: trials of small networks take a tenth longer
    "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": None,
    # A hundred times a second it looks at what threads do, which takes one part in twenty of them
    "distributed.worker.profile.enabled": False,
    # Fifty times a second, whether its event loop is late; ten times, its memory; twice, the machine's disk and network
    "distributed.admin.tick.interval": "1s",
    "distributed.worker.memory.monitor-interval": "1s",
    "distributed.admin.system-monitor.interval": "5s",
}
CONNECT_SECONDS = 10.0  # to find the scheduler, or for an answer of a worker


def check_cluster(cluster: object) -> None:
    """Refuse what `connect` cannot take, before anything is started.

    Raises
    ------
    InvalidInput
        With the value.
    """
    if isinstance(cluster, str):
        if not LOCAL.fullmatch(cluster) and not ADDRESS.fullmatch(cluster):
            raise InvalidInput(f"executor (--dask) is {shown(cluster)}; it must be such as tcp://host:8786 or local:4")
        if (local := LOCAL.fullmatch(cluster)) and not 1 <= int(local[1]) <= MOST_LOCAL:
            raise InvalidInput(f"executor (--dask) is {shown(cluster)}; from 1 to {MOST_LOCAL} workers are possible")
    elif not is_client(cluster):
        raise InvalidInput(f"executor (--dask) is {shown(cluster)}; it must be a client of Dask, an address or None")


def is_client(value: object) -> bool:
    """Whether a value is a `distributed.Client`; if it is, that has been imported."""
    distributed = sys.modules.get("distributed")
    return distributed is not None and isinstance(value, distributed.Client)


@contextmanager
def connect(cluster: object) -> Iterator[Any]:
    """Yield a client of a Dask cluster.

    Parameters
    ----------
    cluster
        A `distributed.Client`, which is used and not closed; the address of a scheduler, such as ``tcp://host:8786``;
        or ``local:4``, for four workers on this machine.

    Raises
    ------
    InvalidInput
        If it is none of these, or nobody answers at the address.
    MissingLibrary
        If Dask is not installed.
    """
    check_cluster(cluster)
    if not isinstance(cluster, str):
        yield cluster
        return
    local, distributed = LOCAL.fullmatch(cluster), _distributed()
    opened = _local(distributed, int(local[1])) if local else _remote(distributed, cluster)
    with quiet_dask(), opened as client:  # not before the import, which sets the levels of Dask's loggers
        yield client


def _distributed() -> Any:
    try:
        import distributed
    except ImportError as error:
        raise MissingLibrary("distributed", "pip install 'fastmlp[dask]'") from error
    return distributed


@contextmanager
def _remote(distributed: Any, address: str) -> Iterator[Client]:
    try:
        client = distributed.Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except Exception as error:  # timeouts, unknown protocols, versions that do not fit
        raise InvalidInput(
            f"executor (--dask) is {shown(address)}; no Dask scheduler answers there: {why(error)}"
        ) from error
    with client:
        yield client


@contextmanager
def _local(distributed: Any, workers: int) -> Iterator[Client]:
    from dask import config

    from .dask_worker import prepare

    with config.set(UNDISTURBED):
        cluster = distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            dashboard_address=":0",
            silence_logs=logging.CRITICAL,
            preload="import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n",  # Ctrl-C is for the study
        )
    with cluster, distributed.Client(cluster, set_as_default=False) as client:
        # They import what trials need while the study is planned; Dask drops what nobody holds
        preparing = [client.submit(prepare, workers=[address], pure=False) for address in client.nthreads()]
        try:
            yield client
        finally:
            kill_workers(cluster)
            preparing.clear()


def kill_workers(cluster: Any) -> None:
    """Kill the workers of a cluster of our own: all they hold is here, and Dask would wait for what they are at."""
    for nanny in cluster.workers.values():
        if pid := nanny.pid:
            nanny.close_gracefully()  # or it would start another worker, and the cluster's end would wait for that one
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@contextmanager
def quiet_dask() -> Iterator[None]:
    """Keep Dask's own log off stderr while the block runs: what matters is raised or said by us."""
    before = {logger: logger.level for logger in map(logging.getLogger, LOGGERS)}
    for logger in before:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in before.items():
            logger.setLevel(level)


def why(error: BaseException | None) -> str:
    """Return an exception as one line."""
    return one_line(" ".join(f"{type(error).__name__}: {error}".split()))[:300]
