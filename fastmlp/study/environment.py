"""What a study depends on besides its settings: backend, compiled code, versions, machine."""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from hashlib import sha256

import numpy as np

from ..layout import ACTIVATIONS, OPTIMIZERS
from ..machine import cpu_name, version_of
from ..network import DTYPES, forward, init_mlp
from ..seeds import rng_for
from ..strategies import Phase, Strategy, transfer
from .plan import Environment, kind_of
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


def capture_environment(settings: Settings, backend: str) -> Environment:
    """Run the kernels that a study needs once, and say what they compute; `backend` is ``numba`` or ``numpy``."""
    names = (*settings.grid.strategies, *settings.replicates.strategies)
    kinds = {"full rank"} | {kind_of(settings.strategy(name)) for name in names}  # pretraining needs the first
    kernels = {kind: fingerprint(settings, backend, kind) for kind in sorted(kinds)}
    return Environment(backend, kernels, {library: version_of(library) for library in DECIDING})


def fingerprint(settings: Settings, backend: str, kind: str) -> str:
    """Return a hash of the bytes that fixed small trainings end in.

    Compilers, libraries and processors round differently; results of two that do are not the same trial. It also
    compiles what the study needs, once, before work is shared out.
    """
    rng = rng_for("fingerprint")
    X, y = rng.normal(size=(23, SIZES[0])), np.arange(23) % 3
    net = init_mlp(SIZES, rng=rng, dtype=settings.network.dtype, activation=settings.network.activation)
    seen = sha256()
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
            lr=0.01,
            optimizer=settings.training.optimizer,
            weight_decay=0.01,
            backend=backend,
        )
        seen.update(fit.network.theta.tobytes())
        seen.update(forward(fit.network, X, backend=backend).tobytes())
    return seen.hexdigest()[:32]


def warm_up(backend: str) -> None:
    """Compile what studies need, for every activation, optimiser and dtype; what is in the cache takes no time."""
    for dtype in DTYPES:
        for activation in ACTIVATIONS:
            for optimizer in OPTIMIZERS:
                network = NetworkSettings(dtype=dtype, activation=activation)
                settings = Settings(network=network, training=TrainingSettings(optimizer=optimizer))
                for kind in KINDS:
                    fingerprint(settings, backend, kind)


def describe_run(environment: Environment) -> dict[str, str]:
    """Return what a report says about the machine and the moment, name by name."""
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
    """Return the time of day, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
