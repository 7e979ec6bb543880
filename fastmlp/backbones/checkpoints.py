"""Weights of one's own, read from a file that cannot run code, and checked against the module that is to hold them."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..backends.torch import import_torch
from ..errors import InvalidInput
from ..files import check_path
from ..interchange.saved_tensors import read_saved, unwrapped

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

SHOWN = 3  # names that a message lists


def load_weights(module: Any, path: str | Path, head: str | None = None) -> None:
    """Fill a module with the weights of a file, in place.

    Parameters
    ----------
    module
        A `torch.nn.Module`.
    path
        A ``.safetensors`` file, or what `torch.save` wrote of a state dict; anything else in it is refused unread.
    head
        Name of the module's head, which the file need not hold: transfer replaces it. A warning says if it does not, or
        if it has another shape.

    Raises
    ------
    InvalidInput
        If the file cannot be read or holds code, or a name, a shape or a number does not fit. The module is then as it
        was.
    """
    place = check_path("weights", path)
    found = _plain_names(_read(place), place)
    wanted = module.state_dict()
    of_head = {name for name in wanted if head is not None and name.startswith(f"{head}.")}
    unfit = {name for name in of_head & found.keys() if found[name].shape != wanted[name].shape}
    absent = of_head - found.keys()
    if absent or unfit:
        what = f"lacks the head {head!r}" if absent else f"has a head {head!r} of another shape"
        warnings.warn(f"{place}: {what}; it stays as it was", stacklevel=2)
    missing, strange = wanted.keys() - found.keys() - of_head, found.keys() - wanted.keys()
    if missing or strange:
        raise InvalidInput(
            f"{place}: {len(missing)} of {len(wanted)} weights are missing{_some(missing)}, and {len(strange)} are "
            f"none of the module's{_some(strange)}"
        )
    fitting = {name: value for name, value in found.items() if name not in unfit}
    for name, value in fitting.items():
        _check(place, name, value, wanted[name])
    module.load_state_dict({**{name: wanted[name] for name in of_head}, **fitting})


def _read(place: Path) -> Mapping[str, Any]:
    """Return the tensors of a file by name."""
    found, torch = unwrapped(read_saved(place)), import_torch()
    if not isinstance(found, dict) or not all(isinstance(one, torch.Tensor) for one in found.values()):
        raise InvalidInput(f"{place}: holds a {type(found).__name__} and not tensors by name; save module.state_dict()")
    return found


def _plain_names(found: Mapping[str, Any], place: Path) -> dict[str, Any]:
    """Return tensors without the prefix that parallel training puts before every name."""
    if found and all(name.startswith("module.") for name in found):
        warnings.warn(f"{place}: every name begins with 'module.', which is left out", stacklevel=3)
        return {name.removeprefix("module."): one for name, one in found.items()}
    return dict(found)


def _check(place: Path, name: str, value: Any, wanted: Any) -> None:
    torch = import_torch()
    if value.shape != wanted.shape:
        raise InvalidInput(f"{place}: {name} has shape {tuple(value.shape)}; the module needs {tuple(wanted.shape)}")
    if torch.is_floating_point(value) and not torch.isfinite(value).all():
        raise InvalidInput(f"{place}: {name} holds {int((~torch.isfinite(value)).sum())} numbers that are not finite")


def _some(names: Collection[str]) -> str:
    """Return a few names, in brackets."""
    if not names:
        return ""
    listed = sorted(names)[:SHOWN]
    return f" ({', '.join(listed)}{', ...' if len(names) > SHOWN else ''})"
