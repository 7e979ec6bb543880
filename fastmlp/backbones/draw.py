"""Draw the weights of a stage anew: the start of scratch, of random-frozen, and of what transfuse-k does not copy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..backends.torch import import_torch
from ..errors import InvalidInput
from .int8 import int8_layers

if TYPE_CHECKING:
    import numpy as np

    from .network import BackboneNetwork
    from .stages import BackboneStage

# Of a normalisation's running averages, at least: PyTorch's own. EfficientNet's 0.01 is for many thousands of updates;
# after fifty, averages that began with nothing would still be mostly that, and the stage would be judged by them.
MOMENTUM = 0.1


def draw_stage(net: BackboneNetwork, place: int, rng: np.random.Generator, *, keep_moments: bool = False) -> None:
    """Draw a stage's parameters in place, and forget the statistics of its normalisations.

    Parameters
    ----------
    net, place
        Which stage of which network.
    rng
        Draws the seed of PyTorch's own initialisation of each module, or the weights themselves.
    keep_moments
        Whether to draw each parameter by the normal law with its mean and variance instead.

    Raises
    ------
    InvalidInput
        If a module has parameters of its own and no `reset_parameters`, which would draw them; or eight bits for each.
    """
    stage = net.stages[place]
    if any(True for module in stage.modules for _ in int8_layers(module)):
        raise InvalidInput(f"stage {stage.name!r} cannot be drawn anew: its weights have eight bits each")
    if keep_moments:
        for _, parameter in stage.parameters():
            values = parameter.detach().numpy()
            values[...] = rng.normal(values.mean(), values.std(), values.shape)
    else:
        _reset(stage, int(rng.integers(2**63 - 1)))
    for module in stage.submodules():
        if hasattr(module, "reset_running_stats"):
            module.reset_running_stats()
            if module.momentum is not None:
                module.momentum = max(module.momentum, MOMENTUM)


def _reset(stage: BackboneStage, seed: int) -> None:
    torch = import_torch()
    owners = [module for module in stage.submodules() if list(module.parameters(recurse=False))]
    for module in owners:
        if not hasattr(module, "reset_parameters"):
            raise InvalidInput(
                f"stage {stage.name!r} cannot be drawn anew: {_name(module)} has parameters and no reset_parameters()"
            )
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would seed those of GPUs too
        for module in owners:
            module.reset_parameters()


def _name(module: Any) -> str:
    return type(module).__name__
