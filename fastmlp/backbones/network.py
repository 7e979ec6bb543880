"""Stages of a backbone under a linear head: what a transfer trains."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np

from ..backends.torch import Stage, import_torch, pick
from ..errors import InvalidInput
from ..network import softmax
from .devices import HOST, moved, placed
from .layout import StageLayout
from .pool import POOLS
from .prepared import Prepared, leading
from .stages import BackboneStage, bytes_of, copy_stages

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from ..layout import Floats, Ints

ROWS = 64  # of a batch that is only evaluated


class BackboneNetwork:
    """Stages and a head whose parameters lie in one vector, as those of a `fastmlp.Network` do.

    Parameters
    ----------
    stages
        From the inputs up. They are copied.
    pool
        How the last stage's value becomes features (n, features), on which the head stands: a name in `POOLS`.
    features, n_classes
        Inputs and outputs of the head.
    drawn
        For each stage whether its weights were drawn anew, so that it has no statistics worth keeping.

    Attributes
    ----------
    theta : (P,)
        All parameters. The modules compute on its memory.
    layout
        Where each stage lies in it.
    device
        What computes: see `devices.device_of`. The parameters' own memory stays the host's.
    """

    def __init__(
        self,
        stages: Sequence[BackboneStage],
        pool: str,
        features: int,
        n_classes: int,
        drawn: Sequence[bool] = (),
    ) -> None:
        torch = import_torch()
        self.stages, self.pool = copy_stages(stages), pool
        self.features, self.n_classes = features, n_classes
        self.drawn = tuple(drawn) or (False,) * len(self.stages)
        self.device = HOST
        named = [[one for _, one in stage.parameters()] for stage in self.stages]
        parts = [([p for p in row if p.ndim >= 2], [p for p in row if p.ndim < 2]) for row in named]
        counts = [tuple(sum(p.numel() for p in cell) for cell in pair) for pair in parts]
        self.layout = StageLayout(
            (*(stage.name for stage in self.stages), "head"),
            (*((matrices, others) for matrices, others in counts), (features * n_classes, n_classes)),
        )
        dtype = next((p.dtype for row in named for p in row), torch.float32)
        flat = torch.zeros(self.layout.n_parameters, dtype=dtype)
        self.theta: Floats = flat.numpy()
        for row, start in zip(named, self.layout.starts, strict=False):
            _move_into(flat[start:], row)
        head = flat[self.layout.starts[-2] :]
        weight, bias = head[:-n_classes].view(features, n_classes).detach(), head[-n_classes:].detach()
        self.parts = [
            *(Stage(stage, tuple(m), tuple(o)) for stage, (m, o) in zip(self.stages, parts, strict=True)),
            Stage(lambda value: POOLS[pool](value) @ weight + bias, (weight,), (bias,)),
        ]

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the parameters."""
        return self.theta.dtype

    @property
    def head(self) -> Floats:
        """Weights (features, classes) and bias of the head, flat, sharing memory with `theta`."""
        return self.theta[self.layout.starts[-2] :]

    def copy(self) -> BackboneNetwork:
        """Return a network with modules and parameters of its own."""
        other = BackboneNetwork(self.stages, self.pool, self.features, self.n_classes, self.drawn)
        other.head[:] = self.head
        other.device = self.device
        return other

    def __reduce__(self) -> tuple[Any, ...]:
        stages = copy_stages(self.stages)  # each parameter alone: a view of one vector would be pickled as all of it
        return restored, (stages, self.pool, self.features, self.n_classes, self.drawn, self.head.copy())  # on the host

    def evaluate(self, inputs: Any, first: int, last: int) -> Any:
        """Return the values after stages `first` to `last` - 1, without dropout and with statistics as they are.

        Parameters
        ----------
        inputs
            The values before stage `first`: a tensor (n, ...) or a tuple of them. The head counts as the last stage.
        first, last
            Places of stages; equal ones give the inputs themselves.
        """
        if first == last:
            return inputs
        batches = list(self.batches(inputs, first, last))
        if isinstance(batches[0], tuple):
            return tuple(import_torch().cat(parts) for parts in zip(*batches, strict=True))
        return import_torch().cat(batches)

    def batches(self, inputs: Any, first: int, last: int) -> Iterator[Any]:
        """Yield the values that `evaluate` returns, a batch at a time; nothing else may use the network meanwhile."""
        self.set_modes(np.zeros(len(self.stages), dtype=bool))
        with import_torch().no_grad(), placed(self.tensors(first, last), self.device):
            for rows in _batches(len(leading(inputs))):
                yield moved(self._batch(inputs, rows, first, last), HOST)

    def tensors(self, first: int, last: int) -> Iterator[Any]:
        """Yield all that stages `first` to `last` - 1 compute with, the head's among them."""
        for part in self.parts[first:last]:
            yield from (*part.matrices, *part.others)
        for stage in self.stages[first:last]:
            yield from (one for _, one in (*stage.parameters(), *stage.buffers()))
            yield from stage.factors()

    def _batch(self, inputs: Any, rows: Ints, first: int, last: int) -> Any:
        value = moved(pick(inputs, rows), self.device)
        for part in self.parts[first:last]:
            value = part.call(value)
        return value

    def check_inputs(self, inputs: Any) -> None:
        """Compute one example, stage by stage.

        Raises
        ------
        InvalidInput
            If a stage cannot: inputs of another size or number of channels, for example.
        """
        value = pick(inputs, np.arange(1))
        for place, name in enumerate(self.layout.names):
            try:
                value = self.evaluate(value, place, place + 1)
            except (RuntimeError, IndexError) as error:
                shape = tuple(leading(inputs).shape)
                raise InvalidInput(f"X of shape {shape} does not fit stage {name!r}: {error}") from error

    def logits(self, inputs: Any) -> Floats:
        """Return the logits of prepared inputs, (n, n_classes)."""
        tensors = inputs.tensors if isinstance(inputs, Prepared) else inputs
        values: Floats = self.evaluate(tensors, 0, self.layout.n_layers).numpy()
        return values

    def predict_proba(self, inputs: Any) -> NDArray[np.float64]:
        """Return the probability of each class, (n, n_classes)."""
        return softmax(self.logits(inputs))

    def predict(self, inputs: Any) -> Ints:
        """Return the likeliest class of each input, (n,)."""
        labels: Ints = self.logits(inputs).argmax(axis=1)
        return labels

    def set_modes(self, moving: NDArray[np.bool_], batch_norm: str = "kept") -> None:
        """Let stages that move train, and all others compute as they do when they are used.

        Parameters
        ----------
        moving : (stages,)
            Which have parameters that move. The others have no dropout, and statistics that stay.
        batch_norm
            Of what moves: ``kept`` statistics are those of the pretrained network; ``moving`` ones are those of each
            batch, and their averages follow. A stage that was drawn anew has none to keep, so its own always move.
        """
        kind = import_torch().nn.modules.batchnorm._NormBase  # noqa: SLF001  the class that all normalisations by batch have
        for stage, moves, drawn in zip(self.stages, moving, self.drawn, strict=True):
            for module in stage.submodules():
                keeps = isinstance(module, kind) and batch_norm == "kept" and not drawn
                module.training = bool(moves) and not keeps

    def digest(self, cells: NDArray[np.bool_], batch_norm: str) -> str | None:
        """Return a hash of the bytes of what a training must not change; None if that is nothing.

        Parameters
        ----------
        cells : (stages + 1, 2)
            Which cells of the tables stay.
        batch_norm
            As in `set_modes`: with it ``kept``, all statistics stay, else those of stages that stay.
        """
        stays = np.repeat(cells.ravel(), self.layout.lengths.ravel())
        hashed, some = sha256(self.theta[stays].tobytes()), bool(stays.any())
        for stage, row, drawn in zip(self.stages, cells, self.drawn, strict=False):
            if row.all() or (batch_norm == "kept" and not drawn):
                for _, buffer in stage.buffers():
                    hashed.update(bytes_of(buffer))
                    some = True
        return hashed.hexdigest()[:16] if some else None


def restored(
    stages: Sequence[BackboneStage], pool: str, features: int, n_classes: int, drawn: Sequence[bool], head: Floats
) -> BackboneNetwork:
    """Return a network that was pickled."""
    net = BackboneNetwork(stages, pool, features, n_classes, drawn)
    net.head[:] = head
    return net


def _batches(n: int) -> list[Ints]:
    return [np.arange(start, min(start + ROWS, n)) for start in range(0, n, ROWS)]


def _move_into(flat: Any, parameters: Sequence[Any]) -> None:
    """Give parameters a place in a vector, one after the other, and keep their values."""
    start = 0
    for parameter in parameters:
        end = start + parameter.numel()
        flat[start:end] = parameter.detach().reshape(-1)
        parameter.data = flat[start:end].view(parameter.shape)
        start = end
