"""Environment variables that give every library the same number of threads."""

from __future__ import annotations

from ..child import ONE_THREAD

EIGEN = "--xla_cpu_multi_thread_eigen={many} intra_op_parallelism_threads={threads}"


def variables(threads: int) -> dict[str, str]:
    """Return the variables; they are read when a library is imported, so each number takes a process of its own.

    JAX sizes its pool of threads by NPROC, and without it by the cores that the process may use.
    """
    flags = EIGEN.format(many=str(threads > 1).lower(), threads=threads)
    return dict.fromkeys((*ONE_THREAD, "NPROC"), str(threads)) | {"XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"}
