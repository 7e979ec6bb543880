"""Keep one core busy with matrix products and memory traffic, until killed.

Run as ``python -P load.py CORE`` by `power.load`.
"""

from __future__ import annotations

import os
import sys

import numpy as np


def main(core: str) -> None:
    """Work until killed."""
    if sys.platform == "linux":
        os.sched_setaffinity(0, {int(core)})
    square = np.random.default_rng(0).normal(size=(384, 384)).astype(np.float32)
    long = np.zeros(16_000_000, np.float32)  # 64 MB: larger than any cache
    other = np.empty_like(long)
    while True:
        for _ in range(5):
            square @ square
        other[:] = long
        long += 1


if __name__ == "__main__":
    main(*sys.argv[1:])
