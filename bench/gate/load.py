"""Another process that works: products of matrices and traffic of memory on one core, until it is killed.

``python -P load.py CORE``.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

import numpy as np

PR_SET_PDEATHSIG = 1


def main(core: str) -> None:
    """Work until killed, or until whoever started it dies."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        os.sched_setaffinity(0, {int(core)})
    square = np.random.default_rng(0).normal(size=(384, 384)).astype(np.float32)
    long = np.zeros(16_000_000, np.float32)  # 64 MB: more than any cache
    other = np.empty_like(long)
    while True:
        for _ in range(5):
            square @ square
        other[:] = long
        long += 1


if __name__ == "__main__":
    main(*sys.argv[1:])
