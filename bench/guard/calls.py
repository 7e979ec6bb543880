"""The arrays of a case, and the call that it stands for, on either backend."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastmlp.backends import compiled, compiled_lora, reference, reference_lora
from fastmlp.backends.between import BEFORE_KEY, BEHIND, BEHIND_KEY, INNER, N_COLUMNS, NORM, WORDS, rescaled_layers
from fastmlp.backends.watch import Watch
from fastmlp.layout import Layout
from fastmlp.registry import BINARY_CROSS_ENTROPY, CROSS_ENTROPY, POISSON

from .cases import Case

Results = dict[str, NDArray[Any]]
SCALE = 0.5  # of a product of factors


def expected(case: Case) -> Results:
    """Return the results of the reference."""
    given = arguments(case)
    if case.kind == "train":
        given |= watching(case, given)
        given["state"] = np.zeros((2, given["theta"].size), case.dtype) if not case.keeps_state else given["state"]
        done = reference.train(**given, first=0, last=case.updates)
        return _trained(given, done)
    return _call(case, given, reference, reference_lora, [(0, case.updates)])


def computed(case: Case, *, threads: int, cuts: tuple[int, ...]) -> Results:
    """Return the results of the compiled backend.

    Parameters
    ----------
    threads
        How many share a training or a prediction.
    cuts
        The updates at which a training is cut into calls.
    """
    given, pieces = arguments(case), list(pairwise((0, *cuts, case.updates)))
    if case.kind == "train":
        given |= watching(case, given)
        training = compiled.Training(**given, threads=threads)
        for number, (first, last) in enumerate(pieces, 1):
            done = training.run(first, last, ends=number % 2 == 0 or number == len(pieces))
            if done < last:
                break
        return _trained(given, done)
    return _call(case, given, compiled, compiled_lora, pieces, threads=threads)


def _call(
    case: Case, given: dict[str, Any], backend: Any, lora: Any, pieces: list[tuple[int, int]], **shared: int
) -> Results:
    """Make a call that both backends have under the same name."""
    network = given["theta"], given["sizes"], given["activation"], given["x"]
    if case.kind == "predict":
        if shared:
            return {"values": compiled.predict(*network, case.depth, shared["threads"])}
        deep = case.depth < len(case.sizes) - 1
        return {"values": backend.features(*network, case.depth) if deep else backend.forward(*network)}
    if case.kind == "gradient":
        examples = given["y"], given["sample_weight"]
        loss, gradient = backend.loss_and_gradient(*network, *examples, case.loss, between_of(case))
        return {"loss": np.array([loss]), "gradient": gradient}
    given = within_rank(case, given)
    for first, last in pieces:
        done = lora.train_lora(**given, first=first, last=last)
        if done < last:
            break
    return _trained(given, done) | {"factors": given["factors"]}


def _trained(given: dict[str, Any], done: int) -> Results:
    found = {name: given[name] for name in ("theta", "state", "losses")} | {"updates": np.array([done])}
    if given.get("penalties") is not None:
        found["penalties"] = given["penalties"]
    if given.get("watch") is not None:
        found |= {"watched": given["watch"].losses, "best": given["watch"].best}
    return found


def arguments(case: Case) -> dict[str, Any]:
    """Return the arguments of `train`, without the updates to make."""
    rng, layout = case.rng, layout_of(case)
    size = layout.n_parameters
    batch = min(case.batch_size, case.examples)
    epochs = -(-case.updates // -(-case.examples // batch))
    theta, anchor = (_network(rng, case) for _ in range(2))
    x = rng.normal(size=(case.examples, case.sizes[0])).astype(case.dtype)
    order = np.arange(case.examples)
    if case.diverges:
        x[-1, -1] = np.nan
    rates, decays, pulls = (np.reshape(table, (-1, 2)) for table in (case.rates, case.decays, case.pulls))
    state = 1e-3 * rng.random((2, size if case.keeps_state else 0))  # a second moment is never negative
    return {
        "theta": theta,
        "state": state.astype(case.dtype),
        "sizes": np.array(case.sizes),
        "activation": case.activation,
        "optimizer": case.optimizer,
        "x": x,
        "y": _targets(rng, case),
        "order": rng.permuted(np.tile(order, (epochs, 1)), axis=1),
        "batch_size": case.batch_size,
        "rates": rates,
        "decays": decays,
        "pulls": pulls,
        "anchor": anchor,
        "momentum": case.momentum,
        "losses": np.zeros(epochs),
        "weighted": case.weighted,
        "loss": case.loss,
        "sample_weight": rng.random(case.examples).astype(case.dtype) if case.has_weights else None,
        "nesterov": case.nesterov,
    }


def watching(case: Case, given: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments that a training has beside those of one within low rank."""
    epochs = len(given["losses"])
    rows = np.arange(max(0, case.watched))
    return {
        "penalties": np.zeros(epochs) if case.penalised else None,
        "watch": Watch(rows, np.empty(epochs), given["theta"].copy()) if case.watched >= 0 else None,
        "between": between_of(case),
    }


def between_of(case: Case) -> NDArray[np.float64] | None:
    """Return what lies between layers: each of its numbers is 0 in some of them."""
    if not case.has_between or case.kind == "predict":
        return None
    rng, layers = np.random.default_rng([case.seed, case.number, 2]), len(case.sizes) - 1
    table = rng.choice((0.0, 0.1), (layers, N_COLUMNS))
    table[-1, INNER] = 0
    table[:, BEHIND] *= table[:, NORM] > 0
    table[:, [BEFORE_KEY, BEHIND_KEY]] = rng.integers(WORDS, size=(layers, 2))
    return table


def _targets(rng: np.random.Generator, case: Case) -> NDArray[Any]:
    """Draw what the loss is to fit."""
    if case.loss == CROSS_ENTROPY:
        return rng.integers(max(2, case.sizes[-1]), size=case.examples)
    shape = case.examples, case.sizes[-1]
    if case.loss == BINARY_CROSS_ENTROPY:
        return rng.integers(2, size=shape).astype(case.dtype)
    return (rng.poisson(2.0, shape) if case.loss == POISSON else rng.normal(size=shape)).astype(case.dtype)


def _network(rng: np.random.Generator, case: Case) -> NDArray[Any]:
    """Draw parameters that keep the spread of what goes through them."""
    layout = layout_of(case)
    theta = np.zeros(layout.n_parameters)
    for weight, gain in zip(layout.views(theta)[0], layout.gains(theta), strict=True):
        weight[:] = rng.normal(size=weight.shape) / len(weight) ** 0.5
        if gain is not None:
            gain[0] = 1
    return theta.astype(case.dtype)


def layout_of(case: Case) -> Layout:
    """Return where the parameters of a case's network lie."""
    return Layout(case.sizes, rescaled_layers(between_of(case)))


def within_rank(case: Case, given: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of `train_lora` for those of `train`."""
    sizes, base = given["sizes"], given["anchor"]
    n_factors = sum(reference_lora.factor_sizes(sizes, case.rank))
    factors = (0.1 * case.rng.normal(size=n_factors)).astype(case.dtype)
    theta, state = base.copy(), np.zeros((2, n_factors), case.dtype)
    between = between_of(case)
    reference_lora.merge(theta, base, factors, sizes, case.rank, SCALE, between)
    shared = {name: value for name, value in given.items() if name not in {"pulls", "anchor"}}
    own = {"theta": theta, "base": base, "factors": factors, "state": state, "rank": case.rank, "scale": SCALE}
    own["between"] = between
    return shared | own
