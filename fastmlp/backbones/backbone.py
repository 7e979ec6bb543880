"""A backbone: a pretrained network cut into stages, and what goes with it."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from functools import cached_property, partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np

from ..backends.torch import import_torch, tensor
from ..checks import check_name
from ..errors import InvalidInput, NotFiniteError, ShapeError, shown
from ..inputs import real_array
from .network import BackboneNetwork
from .pool import POOLS
from .prepared import Prepared
from .stages import cut

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ..layout import Floats
    from .stages import BackboneStage


@dataclass(frozen=True, eq=False)
class Backbone:
    """A pretrained network, cut into stages.

    Parameters
    ----------
    name
        What reports call it.
    stages
        From the inputs up, without the source's head.
    pool
        How the value of any stage becomes features: a name in `pool.POOLS`.
    widths
        How many features each stage has.
    prepare
        From what a user has to the tensor, or the tuple of tensors, that the first stage takes.
    preparation
        What it does, as text that belongs to the fingerprint.
    head
        Weights (features, classes) and bias of the source's own head, flat, if it stands on the last stage's features.
    origin
        The arguments of `load_backbone`, if that is where it is from, so that a saved classifier can ask for it again.
    """

    name: str
    stages: tuple[BackboneStage, ...] = field(repr=False)
    pool: str
    widths: tuple[int, ...]
    prepare: Callable[[Any], Any] = field(repr=False)
    preparation: str = ""
    head: Floats | None = field(default=None, repr=False)
    origin: Mapping[str, Any] | None = field(default=None, repr=False)

    @property
    def features(self) -> int:
        """Features of the last stage."""
        return self.widths[-1]

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the stages' parameters and buffers, and of the preparation."""
        parts = [self.preparation, self.pool, *(stage.digest() for stage in self.stages)]
        return sha256(" ".join(parts).encode()).hexdigest()[:32]

    def prepared(self, X: Any) -> Prepared:
        """Return inputs as the first stage takes them; what is prepared already stays as it is.

        Raises
        ------
        InvalidInput
            If it was prepared in another way.
        """
        if not isinstance(X, Prepared):
            return Prepared.of(self.prepare(X), self.preparation)
        if X.preparation != self.preparation:
            raise InvalidInput(f"X was prepared by {X.preparation!r}; {self.name} needs {self.preparation!r}")
        return X

    def network(self, depth: int, n_classes: int, drawn: Sequence[bool] = ()) -> BackboneNetwork:
        """Return a copy of the first stages under a head of zeros."""
        return BackboneNetwork(self.stages[:depth], self.pool, self.widths[depth - 1], n_classes, drawn)


def make_backbone(
    module: Any,
    stages: Sequence[Any],
    example: Any,
    *,
    name: str = "",
    pool: str = "mean",
    head: str | None = None,
    prepare: Callable[[Any], Any] | None = None,
    preparation: str = "",
) -> Backbone:
    """Cut a PyTorch module into a backbone.

    Parameters
    ----------
    module
        A `torch.nn.Module` with its weights. It is copied.
    stages
        From the inputs up: names of submodules, or lists of names and modules: see `stages.cut`.
    example
        A batch of prepared inputs, two examples or more, on which the stages are checked against the module.
    name
        What reports call it; the module's class by default.
    pool
        ``mean`` over places or tokens, ``first`` token, or ``flat``.
    head
        The name of the module's own linear head, for strategies that keep it.
    prepare, preparation
        As for `Backbone`; without one, inputs are arrays as the first stage takes them.

    Raises
    ------
    InvalidInput
        If the stages do not compute what the module does, weights are not finite, or the head does not stand on the
        features.
    """
    torch = import_torch()
    if not isinstance(module, torch.nn.Module):
        raise InvalidInput(f"module is {shown(module)}; a torch.nn.Module is needed")
    module = deepcopy(module).eval()
    check_finite_weights(module)
    dtype = dtype_of(module)
    example = as_inputs(example, dtype)
    check_name("pool", pool, POOLS)
    found = cut(module, stages, example)
    widths, value = [], example
    with torch.no_grad():
        for stage in found:
            value = stage(value)
            pooled = POOLS[pool](value)
            if pooled.ndim != 2:
                raise InvalidInput(
                    f"stage {stage.name!r} has values of shape {tuple(value.shape)}, of which pool {pool!r} makes "
                    f"{tuple(pooled.shape)}; one row of features for each example is needed"
                )
            widths.append(int(pooled.shape[1]))
        own = None if head is None else own_head(module, head, pooled, example)
    return Backbone(
        name or type(module).__name__,
        found,
        pool,
        tuple(widths),
        prepare or partial(as_inputs, dtype=dtype),
        preparation,
        own,
    )


def dtype_of(module: Any) -> Any:
    """Return the one dtype that all floating-point parameters have."""
    kinds = {parameter.dtype for parameter in module.parameters() if parameter.is_floating_point()}
    if len(kinds) != 1:
        raise InvalidInput(f"the module has parameters of {sorted(map(str, kinds)) or 'no dtype'}; one dtype is needed")
    return kinds.pop()


def own_head(module: Any, name: str, features: Any, example: Any) -> Floats:
    """Return the module's own head, flat, weights (features, classes) first."""
    head = dict(module.named_modules()).get(name)
    linear = import_torch().nn.Linear
    if not isinstance(head, linear) or head.in_features != features.shape[1]:
        raise InvalidInput(f"head {name!r} is {shown(head)}; a Linear layer of {features.shape[1]} features is needed")
    expected = module(example)
    if not import_torch().allclose(head(features), expected, rtol=1e-4, atol=1e-4):
        raise InvalidInput(f"head {name!r} on the pooled features does not give the module's own logits")
    bias = np.zeros(head.out_features) if head.bias is None else head.bias.detach().numpy()
    return np.concatenate([head.weight.detach().numpy().T.ravel(), bias]).astype(head.weight.detach().numpy().dtype)


def check_finite_weights(module: Any) -> None:
    """Refuse a parameter or buffer that is not finite: PyTorch loads them without a word."""
    torch = import_torch()
    for name, one in module.state_dict().items():
        if torch.is_floating_point(one) and not torch.isfinite(one).all():
            bad = int((~torch.isfinite(one)).sum())
            raise InvalidInput(f"weights {name!r}: {bad} of {one.numel()} numbers are NaN or infinite")


def as_inputs(X: Any, dtype: Any) -> Any:
    """Return arrays as the first stage takes them: a tensor, or a tuple of them.

    Parameters
    ----------
    X : (n, ...)
        A tensor or an array, or a tuple of them; floating-point numbers become those of `dtype`.
    dtype
        PyTorch's, of the module.

    Raises
    ------
    InvalidInput
        If they are no arrays of numbers with one row an example, or hold NaN.
    """
    torch = import_torch()
    if isinstance(X, tuple):
        return tuple(as_inputs(part, dtype) for part in X)
    values = X.detach() if isinstance(X, torch.Tensor) else tensor(real_array(X))
    if values.ndim < 2 or not len(values):
        raise ShapeError(f"X has shape {tuple(values.shape)}; an example or more, of one axis or more, is needed")
    if not torch.is_floating_point(values):
        return values
    if bad := int((~torch.isfinite(values)).sum()):
        raise NotFiniteError(f"{bad} of the {values.numel()} numbers of X are NaN or infinite")
    return values.to(dtype)
