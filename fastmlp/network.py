"""A network: layer sizes and one flat vector of parameters; and what can be asked of it.

Inputs are taken as they are given: the scaler belongs to the problem, not to the network.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from .backends import get_backend
from .backends.reference_losses import two_logits
from .between import between_options, first_inputs
from .checks import at_least_one_or_none, check_dtype, check_name, check_sizes, is_real, is_whole
from .errors import CheckpointError, InvalidInput, NotFiniteError, ShapeError, UnknownName, shown
from .inputs import check_inputs, check_labels
from .layout import Layout
from .machine import threads_for
from .norms import check_by_layer, normalised, stretches
from .notebook import html_table
from .registry import ACTIVATIONS, LOSSES
from .seeds import generator_of
from .state import State
from .targets import check_sample_weight, check_targets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, DTypeLike, NDArray

    from .layout import Floats, Ints
    from .seeds import Rng

DTYPES = ("float32", "float64")
FLOP_PER_FORWARD = 2  # of a parameter and a row: a product and a sum

BY_LAYER = "norms", "inner_norms", "dropout", "norm_dropout"  # what a network has a number of for each layer

layout_of = lru_cache(maxsize=64)(Layout)  # a study asks for the same few again and again


@dataclass(frozen=True, eq=False)
class Network:
    """A multilayer perceptron.

    Parameters
    ----------
    sizes
        Units of each layer, inputs first: ``(64, 64, 10)``. A last size of 1 is a sigmoid head for two classes.
    theta : (n_parameters,)
        All parameters, laid out as `fastmlp.layout` says; float32 or float64.
    activation
        Of the hidden layers: ``relu``, ``tanh``, ``logistic``, ``identity``, ``gelu``, or ``gelu-tanh``, which
        approximates GELU by tanh.
    norms
        For each layer what is added to the variance of its inputs, where each row of these is normalised to mean 0 and
        variance 1 (LayerNorm, whose gain and shift are part of the layer); 0 where they are taken as they are, () if
        all are.
    inner_norms
        The same for what each layer gives, before its activation; there gain and shift are parameters, see `gains`. 0
        for the last layer.
    dropout
        For each layer the share of its inputs, of those of the first layer too, that are zero in a step of a training,
        drawn anew for each example; the others are divided by what is left of 1. Predictions drop nothing.
    norm_dropout
        The same for inputs that have been normalised; `dropout` comes before that.

    Raises
    ------
    ShapeError
        If the sizes are no network's, or theta has not as many parameters as they need, or there is not a norm or a
        share for each layer.
    UnknownName
        If there is no such activation, or theta has another dtype.
    InvalidInput
        If theta is no array, or has gaps in memory; or an epsilon or a share is not from 0 to below 1, or stands where
        it has no meaning.
    """

    sizes: tuple[int, ...]
    theta: Floats = field(repr=False)  # thousands of numbers, which nobody reads on a terminal
    activation: str = "relu"
    norms: tuple[float, ...] = field(default=(), repr=False)
    inner_norms: tuple[float, ...] = field(default=(), repr=False)
    dropout: tuple[float, ...] = field(default=(), repr=False)
    norm_dropout: tuple[float, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sizes", check_sizes(self.sizes))
        object.__setattr__(self, "activation", check_name("activation", self.activation, ACTIVATIONS))
        for name in BY_LAYER:
            object.__setattr__(self, name, check_by_layer(name, getattr(self, name), len(self.sizes) - 1))
        self._check_places()
        theta: object = self.theta
        if not isinstance(theta, np.ndarray) or not theta.flags.c_contiguous:
            raise InvalidInput(f"theta is a {type(theta).__name__}; a NumPy array without gaps is needed")
        if self.theta.dtype not in DTYPES:
            raise UnknownName("dtype", self.theta.dtype.name, DTYPES)
        if self.theta.shape != (self.layout.n_parameters,):
            raise ShapeError(
                f"theta has shape {self.theta.shape}; sizes {self.sizes} need ({self.layout.n_parameters},)"
            )

    def _check_places(self) -> None:
        """Refuse numbers that would have no effect, or not the one they promise."""
        if self.inner_norms and self.inner_norms[-1]:
            raise InvalidInput(f"inner_norms end in {self.inner_norms[-1]}; the last layer has no activation")
        for layer, share in enumerate(self.norm_dropout):
            if share and not (self.norms and self.norms[layer]):
                raise InvalidInput(
                    f"norm_dropout is {share} for layer {layer}, whose inputs are not normalised; dropout says it"
                )

    @property
    def layout(self) -> Layout:
        """Where the parameters lie."""
        return layout_of(self.sizes, tuple(epsilon > 0 for epsilon in self.inner_norms) if self.inner_norms else ())

    @property
    def drops(self) -> bool:
        """Whether a training of it has dropout."""
        return bool(self.dropout or self.norm_dropout)

    @property
    def weights(self) -> list[Floats]:
        """Weight matrices (in, out), sharing memory with `theta`."""
        return self.layout.views(self.theta)[0]

    @property
    def biases(self) -> list[Floats]:
        """Biases (out,), sharing memory with `theta`."""
        return self.layout.views(self.theta)[1]

    @property
    def gains(self) -> list[Floats | None]:
        """Gain and shift of each layer, (2, out), sharing memory with `theta`; None where `inner_norms` is 0."""
        return self.layout.gains(self.theta)

    @property
    def dtype(self) -> np.dtype[Any]:
        """float32 or float64."""
        return self.theta.dtype

    @property
    def n_classes(self) -> int:
        """Classes told apart; one logit tells two."""
        return max(2, self.sizes[-1])

    def _repr_html_(self) -> str:
        activations = [self.activation] * (self.layout.n_layers - 1) + ["none"]
        shapes = zip(pairwise(self.sizes), activations, strict=True)
        counts = self.layout.lengths.sum(axis=1).tolist()
        rows = [(k, a, b, f"{counts[k - 1]:,}", activation) for k, ((a, b), activation) in enumerate(shapes, 1)]
        title = f"Network of {self.theta.size:,} parameters, {self.dtype}"
        return html_table(title, ("layer", "inputs", "outputs", "parameters", "activation"), rows)

    def copy(self) -> Network:
        """Return a network with parameters of its own."""
        other = object.__new__(type(self))  # not by `replace`, which would check everything again
        other.__dict__.update(self.__dict__, theta=self.theta.copy())
        return other

    def to_state(self) -> State:
        """Return what a file holds of it.

        Raises
        ------
        NotFiniteError
            If a parameter is NaN or infinite, as after a training that diverged.
        """
        if not np.isfinite(self.theta).all():
            raise NotFiniteError("the network has parameters that are not finite; it is of no use, and is not saved")
        fields: dict[str, Any] = {"sizes": list(self.sizes), "dtype": self.dtype.name, "activation": self.activation}
        fields["norms"] = list(self.norms)
        fields |= {name: list(getattr(self, name)) for name in BY_LAYER[1:] if getattr(self, name)}
        names = _names_of_arrays(self.layout)
        stops = np.cumsum([prod(shape) for shape in names.values()])
        arrays = zip(names.items(), np.split(self.theta, stops[:-1]), strict=True)
        return State(fields, {name: part.reshape(shape) for (name, shape), part in arrays})

    @classmethod
    def from_state(cls, state: State) -> Network:
        """Return the network that `to_state` was asked of.

        Raises
        ------
        CheckpointError, ShapeError, UnknownName
            If the state is that of no network.
        """
        sizes = check_sizes(state.field("sizes", list[int]))
        if len(state.arrays) < 2 * (len(sizes) - 1):  # before a name is made for each
            raise CheckpointError(f"there are {len(state.arrays)} arrays; {len(sizes) - 1} layers have two each")
        dtype = check_dtype(state.field("dtype", str), DTYPES)
        activation = check_name("activation", state.field("activation", str), ACTIVATIONS)
        given = [name for name in BY_LAYER if name == "norms" or name in state.fields]
        by_layer = {name: check_by_layer(name, state.field(name, list[float]), len(sizes) - 1) for name in given}
        layout = layout_of(sizes, tuple(epsilon > 0 for epsilon in by_layer.get("inner_norms", ())))
        return cls(sizes, state.joined(_names_of_arrays(layout), dtype), activation, **by_layer)


def _names_of_arrays(layout: Layout) -> dict[str, tuple[int, ...]]:
    """Return the names and shapes of a network's arrays in a file, in the order of its parameters."""
    rescaled = layout.rescaled or (False,) * layout.n_layers
    return {
        f"layers.{layer}.{part}": shape
        for layer, (n_in, n_out) in enumerate(pairwise(layout.sizes))
        for part, shape in (
            ("weight", (n_in, n_out)),
            ("bias", (n_out,)),
            *([("gain", (n_out,)), ("shift", (n_out,))] if rescaled[layer] else []),
        )
    }


def kernel_arguments(net: Network) -> tuple[Floats, Ints, int]:
    """Return what every backend function begins with: theta, sizes, code of the activation."""
    return net.theta, np.array(net.sizes, dtype=np.int64), ACTIVATIONS.index(net.activation)


def check_network(net: object) -> Network:
    """Return a network.

    Raises
    ------
    InvalidInput
        If it is none.
    """
    if not isinstance(net, Network):
        raise InvalidInput(f"net is {shown(net)}; a Network is needed")
    return net


def inputs_for(net: Network, X: ArrayLike) -> Floats:
    """Return inputs as a network takes them, (n, sizes[0]).

    Raises
    ------
    ShapeError, InvalidInput, NotFiniteError
        If it cannot, or is none.
    """
    return check_inputs(X, check_network(net).sizes[0], net.dtype)


def examples_for(net: Network, X: ArrayLike, y: ArrayLike) -> tuple[Floats, Ints]:
    """Return inputs and labels, (n,), as a network takes them.

    Raises
    ------
    ShapeError, InvalidInput, NotFiniteError, LabelError
        If it cannot.
    """
    x = inputs_for(net, X)
    return x, check_labels(y, len(x), net.n_classes)


def init_mlp(
    sizes: Sequence[int],
    *,
    rng: Rng = 0,
    dtype: DTypeLike = "float32",
    activation: str = "relu",
    norms: Sequence[float] = (),
    inner_norms: Sequence[float] = (),
    dropout: float | Sequence[float] = (),
    norm_dropout: Sequence[float] = (),
) -> Network:
    """Draw a network with random weights and zero biases; gains begin at one and shifts at zero.

    Hidden layers follow He's normal law for ReLU, variance 2 / n_in (He et al. 2015, arXiv 1502.01852, eq. 10), and
    Glorot's normal law otherwise, variance 2 / (n_in + n_out) (Glorot & Bengio 2010, eq. 12); so does the head always.

    Parameters
    ----------
    sizes
        Units of each layer, inputs first; two or more.
    rng
        A seed, a `SeedSequence` or a `Generator`.
    dtype
        ``float32`` or ``float64``. Both hold the same draw.
    activation
        Of the hidden layers.
    norms, inner_norms, dropout, norm_dropout
        As in `Network`; one number for `dropout` is that of all layers but the first, whose inputs are the data.

    Raises
    ------
    ShapeError
        If there are fewer than two sizes, or one is no whole number of at least 1, or not a norm or a share for each
        layer.
    UnknownName
        If the activation or the dtype is none of the known ones.
    InvalidInput
        If `rng` is none, or a number that `Network` refuses is given.

    Examples
    --------
    >>> net = init_mlp((64, 64, 10), rng=0)
    >>> [w.shape for w in net.weights], net.theta.shape
    ([(64, 64), (64, 10)], (4810,))
    """
    widths = check_sizes(sizes)
    numbers = check_dtype(dtype, DTYPES)
    activation = check_name("activation", activation, ACTIVATIONS)
    generator = generator_of(rng)
    epsilons = check_by_layer("inner_norms", inner_norms, len(widths) - 1)
    layout = layout_of(widths, tuple(epsilon > 0 for epsilon in epsilons))
    theta = np.zeros(layout.n_parameters)
    weights, _ = layout.views(theta)
    for layer, weight in enumerate(weights):
        is_head = layer == layout.n_layers - 1
        fan = weight.shape[0] if activation == "relu" and not is_head else sum(weight.shape) / 2
        scale = np.sqrt((2 if activation == "relu" and not is_head else 1) / fan)
        weight[:] = generator.normal(scale=scale, size=weight.shape)
    for gain in layout.gains(theta):
        if gain is not None:
            gain[0] = 1
    shares: Any = (0.0, *[dropout] * (layout.n_layers - 1)) if is_real(dropout) else dropout
    theta = theta.astype(numbers)
    return Network(layout.sizes, theta, activation, norms, epsilons, shares, norm_dropout)  # type: ignore[arg-type]


def forward(net: Network, X: ArrayLike, *, backend: str = "auto", threads: int | None = None) -> Floats:
    """Return the logits of a network.

    Parameters
    ----------
    net
        The network.
    X : (n, sizes[0])
        Inputs; cast to the network's dtype.
    backend
        ``auto``, ``numba``, ``numpy`` or ``torch``.
    threads
        How many threads share the rows; only ``numba`` has more than one. None: as many as the process may use if
        there is enough to do, and else one. No bit depends on it.

    Returns
    -------
    (n, sizes[-1])

    Raises
    ------
    ShapeError, NotFiniteError
        If the inputs do not fit the network, or hold NaN or infinity.
    """
    x = inputs_for(net, X)
    return values_after(net, x, net.layout.n_layers, backend, threads)


def features(net: Network, X: ArrayLike, *, depth: int, backend: str = "auto", threads: int | None = None) -> Floats:
    """Return the activations after the first `depth` layers, (n, sizes[depth]).

    Parameters
    ----------
    net, X, backend, threads
        As in `forward`.
    depth
        0 gives the inputs themselves; at most the number of hidden layers. What the next layer normalises is given as
        it is before that.

    Raises
    ------
    ShapeError
        If the network has no such hidden layer.
    """
    x = inputs_for(net, X)
    if not is_whole(depth) or not 0 <= depth < net.layout.n_layers:
        deepest = net.layout.n_layers - 1
        raise ShapeError(
            f"depth is {shown(depth)}; a network of sizes {net.sizes} has features at depths 0 to {deepest}"
        )
    return values_after(net, x, int(depth), backend, threads)


def values_after(net: Network, x: Floats, depth: int, backend: str, threads: int | None) -> Floats:
    """Return the values after `depth` layers, after all of them the logits, for inputs that were checked."""
    team = at_least_one_or_none("threads", threads) or threads_for(FLOP_PER_FORWARD * net.theta.size * len(x))
    theta, sizes, activation = kernel_arguments(net)
    compute = get_backend(backend).hidden
    if not (net.norms or net.inner_norms):
        return compute(theta, sizes, activation, x, depth, team)
    for start, stop in stretches(net.norms, net.inner_norms, depth):
        epsilon = net.inner_norms[stop - 1] if net.inner_norms and stop else 0.0
        layers = sizes[start : stop + 1] if epsilon else sizes[start:]  # before a norm comes what a last layer gives
        x = normalised(x, net.norms[start]) if net.norms and depth else x  # at depth 0 they are given as they are
        x = compute(theta[net.layout.starts[start] :], layers, activation, x, stop - start, team)
        if epsilon:
            x = _rescaled(normalised(x, epsilon), net.gains[stop - 1], activation)
    return x


@np.errstate(over="ignore", invalid="ignore")  # of a network that diverged
def _rescaled(rows: Floats, gain: Any, activation: int) -> Floats:
    """Return the activations of gain * rows + shift."""
    from .backends.reference import ACTIVATE

    values: Floats = ACTIVATE[activation](rows * gain[0] + gain[1])
    return values


def backward(
    net: Network,
    X: ArrayLike,
    y: ArrayLike,
    *,
    loss: str = "cross-entropy",
    sample_weight: ArrayLike | None = None,
    backend: str = "auto",
) -> tuple[float, Network]:
    """Return the mean loss on some examples, and its gradient as a network of the same shape.

    Parameters
    ----------
    net, X, backend
        As in `forward`.
    y : (n,) or (n, sizes[-1])
        Labels from 0 to n_classes - 1, or what the outputs should have been: see `fastmlp.train_mlp`.
    loss
        As in `fastmlp.train_mlp`.
    sample_weight : (n,)
        What each example counts, at least 0: the mean is sum(w * losses) / sum(w).

    Raises
    ------
    UnknownName, ShapeError, NotFiniteError, LabelError, InvalidInput
        If there is no such loss, or the examples do not fit the network and the loss.
    """
    code = LOSSES.index(check_name("loss", loss, LOSSES))
    x, options = first_inputs(net, inputs_for(net, X), 0), between_options(net, 0, backend)
    targets = check_targets(y, len(x), net.sizes[-1], code, net.dtype)
    weights = check_sample_weight(sample_weight, len(x), net.dtype)
    mean, gradient = get_backend(backend).loss_and_gradient(
        *kernel_arguments(net), x, targets, weights, code, **options
    )
    return float(mean), replace(net, theta=gradient)


def predict_proba(
    net: Network, X: ArrayLike, *, backend: str = "auto", threads: int | None = None
) -> NDArray[np.float64]:
    """Return the probability of each class, (n, n_classes); one logit z counts as the two logits (0, z)."""
    return softmax(two_logits(forward(net, X, backend=backend, threads=threads)))


@np.errstate(over="ignore", invalid="ignore")  # of a network that diverged they are NaN, as its logits are
def softmax(logits: Floats) -> NDArray[np.float64]:
    """Return the probabilities that logits stand for, (n, classes), computed in double precision."""
    # Classes first: NumPy reduces a long axis several times faster than a short one
    z = logits.T.astype(np.float64, order="C")
    e = np.exp(z - z.max(axis=0))
    return np.ascontiguousarray((e / e.sum(axis=0)).T)


def predict(net: Network, X: ArrayLike, *, backend: str = "auto", threads: int | None = None) -> NDArray[np.int64]:
    """Return the likeliest class of each example, (n,)."""
    return likeliest(forward(net, X, backend=backend, threads=threads))


def likeliest(logits: Floats) -> NDArray[np.int64]:
    """Return the likeliest class by logits (n, outputs), (n,)."""
    labels: NDArray[np.int64] = (logits[:, 0] > 0).astype(np.int64) if logits.shape[1] == 1 else logits.argmax(axis=1)
    return labels


def accuracy(net: Network, X: ArrayLike, y: ArrayLike, *, backend: str = "auto", threads: int | None = None) -> float:
    """Return the share of examples whose likeliest class is their label, in [0, 1]; it raises what `backward` does."""
    x, labels = examples_for(net, X, y)
    return float((predict(net, x, backend=backend, threads=threads) == labels).mean())
