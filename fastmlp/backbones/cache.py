"""What frozen stages compute, kept: in memory, then on disk, by what it depends on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..backends.torch import import_torch, tensor
from ..errors import InvalidInput
from ..files import delete_files, entry_at, prepare_folder, refusing, write_whole
from ..kept import forget_oldest
from .network import BackboneNetwork
from .pool import POOLS
from .prepared import Prepared, leading

if TYPE_CHECKING:
    from ..layout import Floats

MEMORY = 2**30  # bytes
MOST_PARTS = 3  # tensors of a value
OURS = re.compile(r"\.?[0-9a-f]{40}\.")  # a file of a value, or what one is while it is written


class FeatureCache:
    """Values of stages, by the bytes of the stages below them and of the inputs, and by the device that computed them.

    The key is a hash of all that the values depend on, so nothing in it is ever stale, and one cache serves trainings,
    strategies and seeds; subsets of one data set share what is computed for the whole.

    Parameters
    ----------
    memory
        Bytes that may be kept in memory; the oldest values go first.
    folder
        Where values are kept too; they are found again by the next process. Values that are larger than `memory` are
        read from there, as they are needed. None keeps none, and larger values are refused.
    """

    def __init__(self, memory: int = MEMORY, folder: str | Path | None = None) -> None:
        self.memory = memory
        self.folder = None if folder is None else prepare_folder(folder)
        self._kept: dict[str, tuple[Any, ...]] = {}
        self.hits = self.misses = 0

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.memory, self.folder)

    def values(self, net: BackboneNetwork, inputs: Prepared, depth: int, *, pooled: bool = False) -> Any:
        """Return the values of the inputs after the first stages of a network.

        Parameters
        ----------
        net
            The network; its stages below `depth` do not move.
        inputs
            Prepared inputs. The values of all examples of their data set are computed and kept.
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
            return inputs.tensors
        return inputs.pick(self._of_all(net, inputs, depth, pooled=pooled))

    def logits(self, net: BackboneNetwork, inputs: Prepared, depth: int) -> Floats:
        """Return the logits of a network whose first stages have not moved, (n, n_classes)."""
        top = len(net.stages)
        if depth < top:
            found: Floats = net.evaluate(self.values(net, inputs, depth), depth, top + 1).numpy()
            return found
        features: Floats = self.values(net, inputs, depth, pooled=True).numpy()
        weights, bias = net.head[: -net.n_classes].reshape(net.features, -1), net.head[-net.n_classes :]
        return features @ weights + bias

    def check_room(self, net: BackboneNetwork, inputs: Prepared, depth: int) -> None:
        """Refuse values after some stages that are too many for memory, by those of one example.

        Raises
        ------
        InvalidInput
            If there is no folder for them either.
        """
        one = net.evaluate(_first(inputs.values), 0, depth)
        needed = _bytes(_parts(one)) * len(leading(inputs.values))
        if needed > self.memory and self.folder is None:
            raise InvalidInput(
                f"the values of stage {net.layout.names[depth - 1]!r} for {len(leading(inputs.values))} examples are "
                f"{needed / 1e6:.0f} MB, and memory for them is {self.memory / 1e6:.0f} MB; allow more, give the cache "
                "a folder, or use fewer examples or smaller inputs"
            )

    def _of_all(self, net: BackboneNetwork, inputs: Prepared, depth: int, *, pooled: bool) -> Any:
        """Return the values of all examples, found or computed from the highest stage whose values are."""
        below = [stage.digest() for stage in net.stages[:depth]]
        keys = [_key(net.device, inputs.digest, below[:reached], "") for reached in range(depth + 1)]
        wanted = _key(net.device, inputs.digest, below, net.pool) if pooled else keys[depth]
        if (found := self._find(wanted)) is not None:
            self.hits += 1
            return found
        self.misses += 1
        start, reached = inputs.values, 0
        for reached in range(depth, 0, -1):
            if (found := self._find(keys[reached])) is not None:
                start = found
                break
        else:
            reached = 0
        if not pooled:
            self.check_room(net, inputs, depth)
        return self._keep(wanted, net, start, reached, depth, pooled=pooled)

    def _keep(self, key: str, net: BackboneNetwork, start: Any, first: int, last: int, *, pooled: bool) -> Any:
        """Compute values batch by batch, and keep them: on disk, if there is a folder, and in memory, if they fit."""

        def batches() -> Iterator[tuple[Any, ...]]:
            for value in net.batches(start, first, last):
                yield _parts(POOLS[net.pool](value) if pooled else value)

        if self.folder is not None:
            _write(self.folder, key, len(leading(start)), batches())
            found = _parts(self._find(key))
            if _bytes(found) > self.memory:
                return _unwrapped(found)
        else:
            found = tuple(import_torch().cat(parts) for parts in zip(*batches(), strict=True))
        self._kept[key] = found
        forget_oldest(self._kept, self.memory, _bytes)
        return _unwrapped(found)

    def _find(self, key: str) -> Any:
        if key in self._kept:
            self._kept[key] = self._kept.pop(key)  # the newest
            return _unwrapped(self._kept[key])
        if self.folder is None:
            return None
        for count in range(1, MOST_PARTS + 1):
            paths = _paths(self.folder, key, count)
            if all(entry_at(path) == "file" for path in paths):
                return _unwrapped(tuple(map(_read, paths)))
        return None


def forget(folder: Path) -> None:
    """Delete what caches have kept in a folder, files that were cut short among it, and the folder if that was all."""
    delete_files(folder, OURS)


def _key(device: str, digest: str, stages: list[str], pool: str) -> str:
    return sha256(" ".join([device, digest, *stages, pool]).encode()).hexdigest()[:40]


def _first(values: Any) -> Any:
    return tuple(part[:1] for part in values) if isinstance(values, tuple) else values[:1]


def _parts(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _unwrapped(parts: tuple[Any, ...]) -> Any:
    return parts if len(parts) > 1 else parts[0]


def _bytes(parts: tuple[Any, ...]) -> int:
    return sum(part.numel() * part.element_size() for part in parts)


def _paths(folder: Path, key: str, count: int) -> list[Path]:
    """Return the files of a value's tensors; their number is in their names, so that one that is missing shows."""
    return [folder / f"{key}.{place}of{count}.npy" for place in range(count)]


def _write(folder: Path, key: str, n: int, batches: Iterator[tuple[Any, ...]]) -> None:
    """Write values as NumPy writes them, each file whole or not at all; only the first tensor may be large."""
    leading_parts = next(batches)
    others = [[part.numpy() for part in leading_parts[1:]]]
    first = leading_parts[0].numpy()
    header = BytesIO()
    described = {"descr": first.dtype.str, "fortran_order": False, "shape": (n, *first.shape[1:])}
    np.lib.format.write_array_header_1_0(header, described)

    def chunks() -> Iterator[bytes]:
        yield header.getvalue()
        yield first.tobytes()
        for batch in batches:
            others.append([part.numpy() for part in batch[1:]])
            yield batch[0].numpy().tobytes()

    paths = _paths(folder, key, len(leading_parts))
    write_whole(paths[0], chunks())
    for path, parts in zip(paths[1:], zip(*others, strict=True), strict=True):
        file = BytesIO()
        np.save(file, np.concatenate(parts))
        write_whole(path, [file.getvalue()])


def _read(path: Path) -> Any:
    """Return kept values; their bytes are read from the disk as they are needed."""
    with refusing(path, "cannot be read as kept values; delete it"):
        try:
            return tensor(np.load(path, mmap_mode="c", allow_pickle=False))
        except (EOFError, TypeError, SyntaxError) as error:
            raise ValueError(str(error)) from error
