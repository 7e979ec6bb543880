"""A pretrained network from a file, in place of the source data that it was trained on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import CheckpointError, InvalidInput
from ..files import entry_at, hash_of_file
from ..network import Network
from ..state import State, labels_from_json, labels_to_json
from .scaler import Scaler

if TYPE_CHECKING:
    from numpy.typing import NDArray

KIND = "Pretrained"  # of its files

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

    @classmethod
    def named(cls, network: Network, scaler: Scaler | None = None, classes: NDArray[Any] | None = None) -> Pretrained:
        """Return a network under the hash that its file will have."""
        from ..interchange.checkpoint import state_bytes

        unnamed = cls("", network, scaler, classes)
        return replace(unnamed, name=sha256(state_bytes(unnamed.to_state(), KIND)).hexdigest()[:32])

    def to_state(self) -> State:
        """Return what a file holds of it."""
        classes = None if self.classes is None else labels_to_json(self.classes)
        names = None if self.features is None else list(self.features)
        state = State({"classes": classes, "feature_names": names, "scaler": None}, {})
        state = state.with_part("network", self.network.to_state())
        return state if self.scaler is None else state.with_part("scaler", self.scaler.to_state())

    @classmethod
    def from_state(cls, state: State, name: str = "") -> Pretrained:
        """Return the network of a state of any model that has one, at its best if it compared several.

        Raises
        ------
        CheckpointError, InvalidInput
            If there is none.
        """
        while state.has_part("best"):
            state = state.part("best")
        if not state.has_part("network"):  # it is one
            state = State({}, {}).with_part("network", state)
        network = Network.from_state(state.part("network"))
        scaler = Scaler.from_state(state.part("scaler")) if state.has_part("scaler") else None
        classes, names = (state.fields.get(field) for field in ("classes", "feature_names"))
        return cls(
            name,
            network,
            scaler,
            None if classes is None else labels_from_json(classes),
            None if names is None else tuple(state.field("feature_names", list[str])),
        )


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
        given = Pretrained.from_state(read_state(path).state, name)
    except (CheckpointError, InvalidInput) as error:
        says = str(error).removeprefix(f"{path}: ")
        raise InvalidInput(f"{path}: holds no pretrained network: {says}") from error
    if given.network.layout.n_layers < 2:
        raise InvalidInput(f"{path}: its network of sizes {given.network.sizes} has no hidden layer to transfer")
    return given
