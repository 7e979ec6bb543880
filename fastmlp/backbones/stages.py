"""A pretrained module, cut into stages: parts that are computed one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from ..backends.torch import import_torch
from ..errors import InvalidInput, UnknownName, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SUM = "is_sum_of_low_rank"  # marks what adds a product of factors to a weight
CLOSE = 1e-4  # of the largest value: float32 summed in another order


def in_sequence(modules: Sequence[Any], value: Any) -> Any:
    """Return what modules make of a value, one after the other."""
    for module in modules:
        value = module(value)
    return value


@dataclass(frozen=True, eq=False)
class BackboneStage:
    """A part of a pretrained network.

    Parameters
    ----------
    name
        What reports and messages call it.
    modules
        PyTorch modules, which hold its parameters and buffers.
    call
        Computes the stage: from the modules and a value to a value. A value is a tensor (n, ...), or a tuple of them.
    """

    name: str
    modules: tuple[Any, ...]
    call: Callable[[Sequence[Any], Any], Any] = in_sequence

    def __call__(self, value: Any) -> Any:
        """Return the value after the stage."""
        return self.call(self.modules, value)

    def parameters(self) -> list[tuple[str, Any]]:
        """Return its parameters with their names, each once: those of two or more axes, then the others."""
        found = {id(one): (name, one) for name, one in self._named("named_parameters")}
        return sorted(found.values(), key=lambda pair: pair[1].ndim < 2)

    def buffers(self) -> list[tuple[str, Any]]:
        """Return its buffers with their names: the running averages of a batch normalisation, for example."""
        return list({id(one): (name, one) for name, one in self._named("named_buffers")}.values())

    def submodules(self) -> Iterator[Any]:
        """Go through all modules of the stage."""
        for module in self.modules:
            yield from module.modules()

    def _named(self, what: str) -> Iterator[tuple[str, Any]]:
        for place, module in enumerate(self.modules):
            for name, one in getattr(module, what)():
                yield f"{place}.{name}", one

    def digest(self) -> str:
        """Return a hash of the kinds of its modules, and of the bytes of its parameters and buffers."""
        hashed = sha256(" ".join(type(module).__qualname__ for module in self.submodules()).encode())
        for name, one in [*self.parameters(), *self.buffers()]:
            hashed.update(f"{name} {tuple(one.shape)} {one.dtype}".encode() + bytes_of(one))
        for factor in self.factors():
            hashed.update(bytes_of(factor))
        return hashed.hexdigest()

    def factors(self) -> list[Any]:
        """Return what was trained within a low rank and stays beside weights of eight bits: A and B of each layer."""
        found = (getattr(module, "factors", None) for module in self.submodules())
        return [factor for pair in found if pair is not None for factor in pair]


def bytes_of(tensor: Any) -> bytes:
    """Return the bytes of a tensor."""
    found: bytes = tensor.detach().cpu().contiguous().numpy().tobytes()
    return found


def copy_stages(stages: Sequence[BackboneStage]) -> tuple[BackboneStage, ...]:
    """Return stages with modules of their own; a module that two stages share is shared again.

    A weight that is a sum, because the training within a low rank is under way, is a plain weight of the copy.
    """
    copies = deepcopy([stage.modules for stage in stages])
    parametrize = import_torch().nn.utils.parametrize
    for module in {one for modules in copies for part in modules for one in part.modules()}:
        if parametrize.is_parametrized(module, "weight") and hasattr(module.parametrizations.weight[-1], SUM):
            _settle(module)
    return tuple(replace(stage, modules=modules) for stage, modules in zip(stages, copies, strict=True))


def _settle(layer: Any) -> None:
    """Let a copied layer have its weight, which is a sum, as a plain parameter.

    PyTorch's own way would change the class of the layer that was copied too: both have the one that was made for it.
    """
    weight = layer.weight.detach().clone()
    layer.__class__ = type(layer).__base__
    del layer.parametrizations
    layer.weight = import_torch().nn.Parameter(weight, requires_grad=False)


def cut(module: Any, stages: object, example: Any) -> tuple[BackboneStage, ...]:
    """Return the stages of a module, which hold its own submodules.

    Parameters
    ----------
    module
        A `torch.nn.Module` in evaluation.
    stages
        From the inputs up: the name of a submodule, or a list of names that are computed one after the other. A list
        may also hold modules of your own, such as `torch.nn.Flatten()`, for what the module's `forward` does itself.
    example
        A batch that the module can compute. On it each stage must give what the module itself has there.

    Raises
    ------
    UnknownName
        If there is no submodule of a name.
    InvalidInput
        If a stage is not reached, or does not follow from the one before it.
    """
    if not isinstance(stages, Sequence) or isinstance(stages, str) or not stages:
        raise InvalidInput(f"stages is {shown(stages)}; a list of names of submodules is needed")
    known = dict(module.named_modules())
    found = tuple(_stage(known, stage) for stage in stages)
    _check_apart(found)
    _check_composition(module, found, example)
    return found


def _stage(known: dict[str, Any], given: Any) -> BackboneStage:
    parts = [given] if isinstance(given, str) else list(given)
    modules = []
    for part in parts:
        if isinstance(part, str) and part not in known:
            raise UnknownName("stage", part, [name for name in known if name])
        modules.append(known[part] if isinstance(part, str) else part)
    names = [part for part in parts if isinstance(part, str)]
    name = "+".join(names) if len(names) < 5 else f"{names[0]} to {names[-1]}"
    return BackboneStage(name, tuple(modules))


def _check_apart(stages: Sequence[BackboneStage]) -> None:
    """Refuse a parameter that two stages hold: one of them could be frozen and the other not."""
    owners: dict[int, str] = {}
    for stage in stages:
        for name, parameter in stage.parameters():
            if (owner := owners.setdefault(id(parameter), stage.name)) != stage.name:
                raise InvalidInput(
                    f"stages {owner!r} and {stage.name!r} share the parameter {name}; make them one stage"
                )


def _check_composition(module: Any, stages: Sequence[BackboneStage], example: Any) -> None:
    """Refuse stages that do not compute what the module does."""
    torch = import_torch()
    seen: dict[int, list[Any]] = {id(stage.modules[-1]): [] for stage in stages}
    hooks = [
        stage.modules[-1].register_forward_hook(lambda one, _, output: seen[id(one)].append(_kept(output)))
        for stage in stages
    ]
    with torch.no_grad():
        module(example)
        for hook in hooks:
            hook.remove()
        value, own = _kept(example), {id(one) for one in module.modules()}
        for stage in stages:
            outputs = seen[id(stage.modules[-1])]
            if not outputs and id(stage.modules[-1]) in own:
                raise InvalidInput(f"stage {stage.name!r}: no input of the module reaches it")
            try:
                value = stage(value)
            except RuntimeError as error:
                raise InvalidInput(
                    f"stage {stage.name!r} cannot be computed from the one before it: {error}"
                ) from error
            if outputs and not any(_close(value, output) for output in outputs):
                raise InvalidInput(
                    f"stage {stage.name!r} does not follow from the one before it: its values differ from the module's "
                    "own; forward() does something in between, so join stages, or name what it does as a module"
                )


def _kept(value: Any) -> Any:
    """Return a copy, since the next module may compute in place."""
    return value.clone() if hasattr(value, "clone") else value


def _close(value: Any, other: Any) -> bool:
    if getattr(other, "shape", None) != value.shape:
        return False
    return bool((value - other).abs().max() <= CLOSE * max(1.0, float(other.abs().max())))
