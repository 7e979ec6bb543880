"""A pretrained network from a file, in place of the source data that it was trained on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import CheckpointError, FastmlpError, InvalidInput
from ..files import entry_at, hash_of_file
from ..network import Network
from ..state import State, labels_from_json
from .scaler import Scaler

if TYPE_CHECKING:
    from numpy.typing import NDArray

_sent: dict[str, Pretrained] = {}


@dataclass(frozen=True, eq=False)
class Pretrained:
    """A network that somebody has trained, and what is known of its training.

    Parameters
    ----------
    name
        A hash of its file.
    network
        The network, with at least one hidden layer.
    scaler
        Through which it saw its inputs; None if it saw them as they are.
    classes : (k,)
        The labels that its outputs stand for, sorted; None if they are not known.
    features
        The names of its inputs; None if they have none.
    """

    name: str
    network: Network
    scaler: Scaler | None = None
    classes: NDArray[Any] | None = None
    features: tuple[str, ...] | None = None


def keep_pretrained(pretrained: Pretrained) -> None:
    """Keep a network that was read on another machine, so that `read_pretrained` finds it here by its hash."""
    _sent.setdefault(pretrained.name, pretrained)


def read_pretrained(path: Path, *, known: str | None = None) -> Pretrained:
    """Read a network from any file of `fastmlp.save` that has one, with its scaler and its classes.

    Parameters
    ----------
    path
        A file in safetensors.
    known
        Its hash, if that is known. A network that was sent here is then not read.

    Raises
    ------
    InvalidInput
        If there is no such file, or no network with a hidden layer in it.
    """
    if known and (sent := _sent.get(known)):
        return sent
    if entry_at(path) != "file":
        raise InvalidInput(f"{path}: is no file")
    return _read(path, hash_of_file(path))


@lru_cache(maxsize=4)
def _read(path: Path, name: str) -> Pretrained:
    from ..interchange.checkpoint import read_state  # which importing fastmlp does not wait for

    try:
        state = read_state(path).state
        while state.has_part("best"):  # of a comparison of strategies
            state = state.part("best")
        if not state.has_part("network"):
            state = State(
                {**state.fields, "network": state.fields}, {f"network.{key}": a for key, a in state.arrays.items()}
            )
        network = Network.from_state(state.part("network"))
        scaler = Scaler.from_state(state.part("scaler")) if state.has_part("scaler") else None
        known = state.fields.get("classes")
        classes = None if known is None else labels_from_json(known)
    except FastmlpError as error:
        if isinstance(error, CheckpointError | InvalidInput):
            says = str(error).removeprefix(f"{path}: ")
            raise InvalidInput(f"{path}: holds no pretrained network: {says}") from error
        raise
    if network.layout.n_layers < 2:
        raise InvalidInput(
            f"{path}: its network of sizes {network.sizes} has no hidden layer; there is nothing to transfer"
        )
    features = state.fields.get("feature_names")
    return Pretrained(name, network, scaler, classes, None if features is None else tuple(map(str, features)))
