"""The same training by each peer: a function that prepares it and returns what is then timed.

Each is written as in the documentation of its library. Those that read their number of threads from the environment
find it there, see `settings`; the others are told. Libraries are imported inside the functions, so that missing ones
can be listed.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .matched import classifier
from .work import MOMENTUM, Parameters, Work


@dataclass
class Prepared:
    """A training ready to be timed."""

    train: Callable[[], Any]  # returns when it is done
    parameters: Callable[[Any], Parameters]  # of what `train` returned
    trainings: int = 1  # in one call


def fastmlp_numba(work: Work) -> Prepared:
    """Time `train_mlp` as a user calls it, the checks of its arguments included."""
    return _fastmlp(work, "numba")


def fastmlp_numpy(work: Work) -> Prepared:
    """Time the reference."""
    return _fastmlp(work, "numpy")


def _fastmlp(work: Work, backend: str) -> Prepared:
    import fastmlp

    shape = work.shape
    net = fastmlp.init_mlp(shape.sizes)
    for weight, bias, (w, b) in zip(net.weights, net.biases, work.start, strict=True):
        weight[:], bias[:] = w, b

    def train() -> Any:
        return fastmlp.train_mlp(
            net,
            work.x,
            work.y,
            epochs=shape.epochs,
            batch_size=shape.batch_size,
            lr=shape.lr,
            momentum=MOMENTUM,
            order=work.order,
            backend=backend,
            threads=None,  # as it is called by default: what its cores are, where a step is large enough
        ).network

    return Prepared(train, lambda network: list(zip(network.weights, network.biases, strict=True)))


def sklearn(work: Work) -> Prepared:
    """MLPClassifier, which draws its own start and order, and checks its inputs."""
    from sklearn.exceptions import ConvergenceWarning

    warnings.simplefilter("ignore", ConvergenceWarning)

    def train() -> Any:
        return classifier(work.shape, work.shape.lr).fit(work.x, work.y)

    return Prepared(train, lambda model: list(zip(model.coefs_, model.intercepts_, strict=True)))


def torch_eager(work: Work) -> Prepared:
    """Layers, optimiser and loop of the PyTorch tutorial."""
    import torch

    shape = work.shape
    x, y, batches = _torch_data(work)

    def train() -> Any:
        layers: list[Any] = []
        for w, b in work.start:
            linear = torch.nn.Linear(*w.shape)
            with torch.no_grad():
                linear.weight.copy_(torch.from_numpy(w).T)
                linear.bias.copy_(torch.from_numpy(b))
            layers += [linear, torch.nn.ReLU()]
        model = torch.nn.Sequential(*layers[:-1])
        optimizer = torch.optim.SGD(model.parameters(), lr=shape.lr, momentum=MOMENTUM)
        for chosen in batches:
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(x[chosen]), y[chosen]).backward()
            optimizer.step()
        return model

    def parameters(model: Any) -> Parameters:
        return [(layer.weight.detach().numpy().T, layer.bias.detach().numpy()) for layer in model[::2]]

    return Prepared(train, parameters)


def torch_compile(work: Work) -> Prepared:
    """Compile the whole step, gather and update included."""
    import torch

    shape = work.shape
    x, y, batches = _torch_data(work)

    def loss(parameters: list[Any], chosen: Any) -> Any:
        z = x[chosen]
        for layer, (w, b) in enumerate(zip(parameters[::2], parameters[1::2], strict=True)):
            z = (torch.relu(z) if layer else z) @ w + b
        return torch.nn.functional.cross_entropy(z, y[chosen])

    @torch.compile(dynamic=False)  # one version for full batches, one for the short last batch
    def step(parameters: list[Any], velocity: list[Any], chosen: Any) -> None:
        gradient = torch.func.grad(loss)(parameters, chosen)
        for p, v, g in zip(parameters, velocity, gradient, strict=True):
            v.mul_(MOMENTUM).sub_(g, alpha=shape.lr)
            p.add_(v)

    def train() -> Any:
        parameters = [torch.from_numpy(part.copy()) for pair in work.start for part in pair]
        velocity = [torch.zeros_like(p) for p in parameters]
        for chosen in batches:
            step(parameters, velocity, chosen)
        return parameters

    def as_numpy(parameters: Any) -> Parameters:
        return [(w.numpy(), b.numpy()) for w, b in zip(parameters[::2], parameters[1::2], strict=True)]

    return Prepared(train, as_numpy)


def _torch_data(work: Work) -> tuple[Any, Any, list[Any]]:
    import torch

    torch.set_num_threads(work.threads)
    n, size = work.shape.examples, work.shape.batch_size
    batches = [torch.from_numpy(rows[at : at + size]) for rows in work.order for at in range(0, n, size)]
    return torch.from_numpy(work.x), torch.from_numpy(work.y), batches


def jax_scan(work: Work) -> Prepared:
    """Compile the whole training: a scan over epochs of a scan over steps."""
    import jax

    train, start, order = _jax(work)
    run = jax.jit(train)
    return Prepared(lambda: jax.block_until_ready(run(start, order)), _from_jax)


def jax_vmap(work: Work) -> Prepared:
    """Train many networks at once, as a study's seeds would be."""
    import jax

    train, start, order = _jax(work)
    n = 64 if work.shape.flops < 1e9 else 8
    starts = jax.tree.map(lambda leaf: np.stack([leaf] * n), start)
    orders = np.stack([order] * n)
    run = jax.jit(jax.vmap(train))

    def first(result: Any) -> Parameters:
        return _from_jax(jax.tree.map(lambda leaf: leaf[0], result))

    return Prepared(lambda: jax.block_until_ready(run(starts, orders)), first, trainings=n)


def _from_jax(parameters: Any) -> Parameters:
    return [(np.asarray(w), np.asarray(b)) for w, b in parameters]


def _jax(work: Work) -> tuple[Any, Any, Any]:
    import jax
    import jax.numpy as jnp

    shape, x, y = work.shape, jnp.asarray(work.x), jnp.asarray(work.y)
    whole = shape.examples // shape.batch_size * shape.batch_size

    def loss(parameters: Any, chosen: Any) -> Any:
        z = x[chosen]
        for layer, (w, b) in enumerate(parameters):
            z = (jax.nn.relu(z) if layer else z) @ w + b
        own = jnp.take_along_axis(z, y[chosen][:, None], axis=1)[:, 0]
        return jnp.mean(jax.nn.logsumexp(z, axis=1) - own)

    def step(carried: Any, chosen: Any) -> tuple[Any, None]:
        parameters, velocity = carried
        gradient = jax.grad(loss)(parameters, chosen)
        velocity = jax.tree.map(lambda v, g: MOMENTUM * v - shape.lr * g, velocity, gradient)
        return (jax.tree.map(jnp.add, parameters, velocity), velocity), None

    def epoch(carried: Any, rows: Any) -> tuple[Any, None]:
        carried, _ = jax.lax.scan(step, carried, rows[:whole].reshape(-1, shape.batch_size))
        return step(carried, rows[whole:]) if whole < shape.examples else (carried, None)  # the short last batch

    def train(parameters: Any, order: Any) -> Any:
        carried = parameters, jax.tree.map(jnp.zeros_like, parameters)
        (parameters, _), _ = jax.lax.scan(epoch, carried, order)
        return parameters

    return train, work.start, work.order.astype(np.int32)


PEERS: dict[str, Callable[[Work], Prepared]] = {
    "fastmlp": fastmlp_numba,
    "fastmlp, NumPy reference": fastmlp_numpy,
    "scikit-learn": sklearn,
    "PyTorch eager": torch_eager,
    "PyTorch compiled": torch_compile,
    "JAX scan": jax_scan,
    "JAX vmap": jax_vmap,
}
