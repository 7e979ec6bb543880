"""The environment that results depend on: backend, kernel fingerprint, library versions, and the machine."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256

import numpy as np

from ..backends import get_backend
from ..machine import cpu_name, version_of
from ..network import DTYPES, forward, init_mlp
from ..registry import ACTIVATIONS, OPTIMIZERS
from ..seeds import rng_for
from ..strategies import Phase, Strategy, transfer
from .settings.schema import NetworkSettings, Settings, TrainingSettings

LIBRARIES = ("fastmlp", "numpy", "numba", "scikit-learn", "scipy")
# All that the kernels of each kind do: train, leave alone, pull; train within a rank.
KINDS = {
    "full rank": (Phase(), Phase(body=0.0), Phase(body=0.5, pull=0.1)),
    "low rank": (Phase(rank=9),),  # one row more than whole tiles
}
# 33 units, padded, are wide tiles and a rest of single vectors wherever kernels have both, and as rows of a weight
# matrix one more than whole tiles; 5 are a vector or two.
SIZES = (6, 33, 5, 2)
DECIDING = ("numpy", "scikit-learn", "scipy")  # random numbers; the baseline


@dataclass(frozen=True)
class Environment:
    """What results depend on besides settings and data: the backend, its kernels and the libraries.

    Parameters
    ----------
    backend
        ``numba`` or ``numpy``.
    kernels
        Fingerprints of what the backend computes, by kind of kernel: see `kernel_fingerprint`.
    versions
        Of the libraries that draw the random numbers and fit the baseline.
    measures
        Hashes of the study's own measures, by name.
    """

    backend: str
    kernels: dict[str, str]
    versions: dict[str, str]
    measures: Mapping[str, str] = field(default_factory=dict)


def kernel_kind(strategy: Strategy) -> str:
    """Return which kernels a strategy needs: a change of one kind leaves the results of the other as they are."""
    return "low rank" if any(phase.rank for phase in strategy.phases) else "full rank"


def capture_environment(settings: Settings, backend: str, measures: Mapping[str, str] | None = None) -> Environment:
    """Run the kernels that a study needs, and fingerprint their results.

    Parameters
    ----------
    backend
        ``numba`` or ``numpy``.
    measures
        Hashes of the study's own, if it has some.
    """
    names = (*settings.grid.strategies, *settings.replicates.strategies, *settings.amounts.strategies)
    kinds = {"full rank"} | {kernel_kind(settings.strategy(name)) for name in names}  # pretraining needs the first
    kernels = {kind: kernel_fingerprint(settings, backend, kind) for kind in sorted(kinds)}
    for dtype in {settings.network.dtype, "float64"}:  # that of the baseline; before workers start, as well
        get_backend(backend).warm_up(np.dtype(dtype), "data")
    versions = {library: version_of(library) for library in DECIDING}
    return Environment(backend, kernels, versions, measures or {})


def kernel_fingerprint(settings: Settings, backend: str, kind: str) -> str:
    """Return a hash of the results of fixed small trainings.

    Compilers, libraries and processors round differently, and then the results are of different trials. This also
    compiles what the study needs, before workers start.
    """
    rng = rng_for("fingerprint")
    X, y = rng.normal(size=(23, SIZES[0])), np.arange(23) % 3
    net = init_mlp(SIZES, rng=rng, dtype=settings.network.dtype, activation=settings.network.activation)
    digest = sha256()
    for phase in KINDS[kind]:
        fit = transfer(
            net,
            X,
            y,
            strategy=Strategy("pretrained", (phase,)),
            n_classes=3,
            rng=1,
            epochs=3,
            batch_size=8,
            short_batch=settings.training.short_batch,
            lr=0.01,
            optimizer=settings.training.optimizer,
            weight_decay=0.01,
            backend=backend,
        )
        digest.update(fit.network.theta.tobytes())
        digest.update(forward(fit.network, X, backend=backend, threads=1).tobytes())
    return digest.hexdigest()[:32]


def warm_up(backend: str) -> None:
    """Compile what studies need, for every activation, optimiser and dtype; cached code is not compiled again."""
    for dtype in DTYPES:
        for activation in ACTIVATIONS:
            for optimizer in OPTIMIZERS:
                network = NetworkSettings(dtype=dtype, activation=activation)
                settings = Settings(network=network, training=TrainingSettings(optimizer=optimizer))
                for kind in KINDS:
                    kernel_fingerprint(settings, backend, kind)


def describe_run(environment: Environment) -> dict[str, str]:
    """Return what a report says about the machine, the versions and the time, by name."""
    versions = {f"version_{name.replace('-', '_')}": version_of(name) for name in LIBRARIES}
    return versions | {
        "version_python": platform.python_version(),
        "backend": environment.backend,
        "kernels": environment.kernels["full rank"],
        "cpu": cpu_name(),
        "platform": platform.platform(terse=True),
        "started": now(),
    }


def now() -> str:
    """Return the date and time, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
