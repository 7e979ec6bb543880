"""Files of tensors by name, in safetensors or PyTorch's own format, read without running anything of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

from ..backends.torch import import_torch
from ..errors import InvalidInput, MissingLibrary, shown
from ..files import entry_at, refusing

INSIDE = ("state_dict", "model_state_dict", "model")  # where training scripts put a state dict


def read_saved(path: Path) -> Any:
    """Return what a file holds: a mapping of names to tensors or, of PyTorch's format, whatever plain data was saved.

    Raises
    ------
    InvalidInput
        If there is no such file, it is damaged, or it holds what could run code.
    MissingLibrary
        If what reads it cannot be imported.
    """
    if entry_at(path) != "file":
        raise InvalidInput(f"{path}: there is no such file")
    if path.suffix == ".safetensors":
        return _read_safetensors(path)
    torch = import_torch()
    try:
        with refusing(path, "cannot be read"):
            return torch.load(path, map_location="cpu", weights_only=True)
    except UnpicklingError as error:
        raise InvalidInput(
            f"{path}: holds more than tensors, such as a whole pickled module, and could run code; nothing of it was "
            "run. Save module.state_dict() instead"
        ) from error
    except InvalidInput:
        raise
    except Exception as error:  # what a damaged file makes PyTorch's reader raise is of many kinds
        reason = shown(f"{type(error).__name__}: {error}", 200)
        raise InvalidInput(f"{path}: cannot be read: {reason}") from error


def unwrapped(found: Any) -> Any:
    """Return the state dict in what a training script saved beside others."""
    for name in INSIDE:
        if isinstance(found, Mapping) and isinstance(found.get(name), Mapping):
            found = found[name]
    return found


def _read_safetensors(path: Path) -> Mapping[str, Any]:
    try:
        from safetensors import SafetensorError
        from safetensors.torch import load_file
    except ImportError as error:
        raise MissingLibrary("safetensors", f"pip install 'fastmlp[torch]' ({error})") from error
    try:
        with refusing(path, "cannot be read"):
            found: Mapping[str, Any] = load_file(path)
    except SafetensorError as error:
        raise InvalidInput(f"{path}: cannot be read: {error}") from error
    return found
