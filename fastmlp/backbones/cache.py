"""What frozen stages compute, kept: in memory, then on disk, by what it depends on."""

from __future__ import annotations

from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from ..backends.torch import tensor
from ..errors import InvalidInput
from ..files import entry_at, prepare_folder, refusing, write_whole
from .network import BackboneNetwork, leading
from .pool import POOLS
from .stages import bytes_of

MEMORY = 2**30  # bytes


class FeatureCache:
    """Values of stages, by the bytes of the stages below them and of the inputs.

    The key is a hash of all that the values depend on, so nothing in it is ever stale, and one cache serves trainings,
    strategies and seeds.

    Parameters
    ----------
    memory
        Bytes that may be kept in memory; the oldest values go first.
    folder
        Where values are kept that memory does not hold; they are found again by the next process. None keeps none.
    """

    def __init__(self, memory: int = MEMORY, folder: Path | None = None) -> None:
        self.memory = memory
        self.folder = None if folder is None else prepare_folder(folder)
        self._kept: dict[str, tuple[Any, ...]] = {}
        self.hits = self.misses = 0

    def values(self, net: BackboneNetwork, inputs: Any, digest: str, depth: int, *, pooled: bool = False) -> Any:
        """Return the values after the first stages of a network.

        Parameters
        ----------
        net
            The network; its stages below `depth` do not move.
        inputs, digest
            Prepared inputs, and their hash.
        depth
            How many stages; 0 gives the inputs.
        pooled
            Whether to return the head's features of the values instead, which are smaller.

        Raises
        ------
        InvalidInput
            If the values need more memory than there may be, and there is no folder for them.
        """
        if not depth and not pooled:
            return inputs
        below = [stage.digest() for stage in net.stages[:depth]]
        for reached in range(depth, -1, -1):
            found = self._find(_key(digest, below[:reached], pool=net.pool if pooled and reached == depth else ""))
            if found is not None:
                break
        self.hits += reached == depth and found is not None
        if found is not None and reached == depth:
            return found
        self.misses += 1
        start = inputs if found is None else found
        reached = 0 if found is None else reached
        key = _key(digest, below, pool=net.pool if pooled else "")
        self._check_room(net, start, reached, depth, pooled=pooled)
        values = net.evaluate(start, reached, depth)
        return self._keep(key, POOLS[net.pool](values) if pooled else values)

    def _find(self, key: str) -> Any:
        if key in self._kept:
            self._kept[key] = self._kept.pop(key)  # the newest
            return _unwrapped(self._kept[key])
        if self.folder is None or entry_at(path := self.folder / f"{key}.npz") != "file":
            return None
        return _unwrapped(_load(path))

    def _keep(self, key: str, values: Any) -> Any:
        parts = values if isinstance(values, tuple) else (values,)
        if self.folder is not None:
            _save(self.folder / f"{key}.npz", parts)
        self._kept[key] = parts
        while len(self._kept) > 1 and sum(map(_bytes, self._kept.values())) > self.memory:
            del self._kept[next(iter(self._kept))]
        return _unwrapped(parts)

    def _check_room(self, net: BackboneNetwork, start: Any, first: int, last: int, *, pooled: bool) -> None:
        """Refuse values that are too many, by those of one example."""
        one = net.evaluate(_first(start), first, last)
        parts = (POOLS[net.pool](one),) if pooled else one if isinstance(one, tuple) else (one,)
        needed = _bytes(parts) * len(leading(start))
        if needed > self.memory:
            raise InvalidInput(
                f"the values of stage {net.layout.names[last - 1]!r} for {len(leading(start))} examples are "
                f"{needed / 1e6:.0f} MB, and memory for them is {self.memory / 1e6:.0f} MB; allow more, or use fewer "
                "examples or smaller inputs"
            )


def digest_of(inputs: Any) -> str:
    """Return the hash of prepared inputs."""
    hashed = sha256()
    for part in inputs if isinstance(inputs, tuple) else (inputs,):
        hashed.update(f"{tuple(part.shape)} {part.dtype}".encode() + bytes_of(part))
    return hashed.hexdigest()


def _key(digest: str, stages: list[str], *, pool: str) -> str:
    return sha256(" ".join([digest, *stages, pool]).encode()).hexdigest()[:40]


def _first(values: Any) -> Any:
    return tuple(part[:1] for part in values) if isinstance(values, tuple) else values[:1]


def _unwrapped(parts: tuple[Any, ...]) -> Any:
    return parts if len(parts) > 1 else parts[0]


def _bytes(parts: tuple[Any, ...]) -> int:
    return sum(part.numel() * part.element_size() for part in parts)


def _save(path: Path, parts: tuple[Any, ...]) -> None:
    """Write values as NumPy writes them, whole or not at all."""
    file = BytesIO()
    np.savez(file, *(part.numpy() for part in parts))
    write_whole(path, [file.getvalue()])


def _load(path: Path) -> tuple[Any, ...]:
    with refusing(path, "cannot be read as kept values; delete it"), np.load(path, allow_pickle=False) as file:
        return tuple(tensor(file[name]) for name in file.files)
