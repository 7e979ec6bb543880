"""Threads of linear algebra libraries: one each, or they would compete for the cores that the trials already use."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


def limit_blas_threads() -> None:
    """Hold linear algebra to one thread; with OpenMP only the calling thread, so each worker thread calls this."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(limits=1)


@contextmanager
def blas_threads_limited() -> Iterator[None]:
    """Hold linear algebra to one thread while the block runs, and silence the warning of a fit that stops early.

    The limit is lifted at the block's end even if trainings that were given up still multiply matrices. OpenBLAS reads
    it at the start of each product, so that does not block: thousands of changes beside three such threads did not.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="lbfgs failed to converge")
        yield
