"""PyTorch's own optimizers with a parameter group for each cell of a phase's tables that moves."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ...registry import ADAMW, SGD
from .library import import_torch
from .stages import tensor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...layout import Floats
    from ..reference_optimizer import Step
    from .stages import Cell


class GroupedOptimizer:
    """An optimizer over cells.

    A step that is weighted, or has a pace, is a plain step of PyTorch's with other numbers in its groups. With c the
    share, see `reference_optimizer.Step`:

    - sgd takes c * pace times the gradient and the decay, and leaves the rate and the momentum as they are;
    - Adam's betas become 1 - c * (1 - beta), and what PyTorch will divide by, 1 - beta^t of these, is turned into 1 -
      the product of the betas of all updates by another rate and another epsilon.

    Parameters
    ----------
    cells
        What moves, with rate, decay and pull.
    optimizer
        Place in `registry.OPTIMIZERS`.
    momentum, nesterov
        Of ``sgd``.
    """

    def __init__(self, cells: Sequence[Cell], optimizer: int, momentum: float, *, nesterov: bool = False) -> None:
        self.cells, self.kind = cells, optimizer
        groups = [{"params": list(cell.parameters), "lr": cell.rate, "weight_decay": cell.decay} for cell in cells]
        # PyTorch refuses to move nothing, and to look ahead without momentum, which would change nothing
        ahead = nesterov and momentum > 0
        self._optimizer = _optimizer_of(groups, optimizer, momentum, nesterov=ahead) if groups else None

    def step(self, step: Step, pace: float = 1.0, decay_by: float = 1.0) -> None:
        """Move every cell along its gradients, then towards its anchor.

        Parameters
        ----------
        step
            Its number and its share of a full step.
        pace
            What all rates are multiplied by.
        decay_by
            What all decays are multiplied by.
        """
        if self._optimizer is None:
            return
        for cell, group in zip(self.cells, self._optimizer.param_groups, strict=True):
            if self.kind == SGD:
                self._set_sgd(cell, group, step.share * pace, decay_by)
            else:
                self._set_adam(cell, group, step, pace, decay_by)
        self._optimizer.step()
        with import_torch().no_grad():
            for cell in self.cells:
                if cell.pull > 0:
                    _pull(cell, step.share * pace * cell.rate * cell.pull)
        self._optimizer.zero_grad()

    def _set_sgd(self, cell: Cell, group: dict[str, Any], scale: float, decay_by: float) -> None:
        group["weight_decay"] = scale * cell.decay * decay_by
        if scale != 1:
            for parameter in cell.parameters:
                parameter.grad.mul_(scale)

    def _set_adam(self, cell: Cell, group: dict[str, Any], step: Step, pace: float, decay_by: float) -> None:
        betas = tuple(1 - step.share * (1 - beta) for beta in (step.adam.beta1, step.adam.beta2))
        epsilon = step.adam.epsilon if step.adam.corrected else step.adam.epsilon / math.sqrt(1 - step.beta2)
        first, second = (
            (1 - beta**step.t) / (1 - wanted) for beta, wanted in zip(betas, (step.beta1, step.beta2), strict=True)
        )
        rate = step.share * pace * cell.rate
        group["betas"], group["eps"] = betas, epsilon / math.sqrt(second)
        group["lr"] = rate * first / math.sqrt(second)
        decay = cell.decay * decay_by
        group["weight_decay"] = decay * rate / group["lr"] if self.kind == ADAMW else decay

    def load(self, moments: Sequence[Sequence[Floats]], made: int) -> None:
        """Go on after some updates, with the moments of `reference.train`'s state; Adam's share their memory.

        Parameters
        ----------
        moments
            First and second moment of each parameter, in the order of the cells.
        made
            Updates made so far.
        """
        for (parameter, rate, state), (first, second) in zip(self._states(), moments, strict=True):
            shape = parameter.shape
            if self.kind == SGD:
                state["momentum_buffer"] = tensor(first / -rate).view(shape)
            else:
                state.update(
                    step=import_torch().tensor(float(made)),
                    exp_avg=tensor(first).view(shape),
                    exp_avg_sq=tensor(second).view(shape),
                )

    def store(self, moments: Sequence[Sequence[Floats]]) -> None:
        """Write velocities into the first moments."""
        for (_, rate, state), (first, _) in zip(self._states(), moments, strict=True):
            if (buffer := state.get("momentum_buffer")) is not None:
                first[:] = -rate * buffer.numpy().ravel()

    def _states(self) -> list[tuple[Any, float, dict[str, Any]]]:
        """Return each parameter with its rate and what the optimizer keeps for it."""
        if self._optimizer is None:
            return []
        return [
            (parameter, cell.rate, self._optimizer.state[parameter])
            for cell in self.cells
            for parameter in cell.parameters
        ]


def _optimizer_of(groups: list[dict[str, Any]], optimizer: int, momentum: float, *, nesterov: bool) -> Any:
    """Return PyTorch's optimizer; its rates are those of the groups."""
    optim = import_torch().optim
    if optimizer == SGD:
        return optim.SGD(groups, lr=0.0, momentum=momentum, nesterov=nesterov)
    kind = optim.AdamW if optimizer == ADAMW else optim.Adam
    return kind(groups, lr=0.0)


def _pull(cell: Cell, strength: float) -> None:
    """Move parameters towards their anchors: a proximal step, stable at any strength (Parikh & Boyd 2014, 1.1)."""
    for parameter, anchor in zip(cell.parameters, cell.anchors, strict=True):
        parameter.copy_(anchor + (parameter - anchor) / (1 + strength))
