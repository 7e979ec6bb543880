"""A state as one file in safetensors: written whole or not at all, and read without trust.

Any reader of safetensors opens it. Its metadata has one key, ``fastmlp``: a JSON document of the format's version, the
kind of the model, the fields of its state and where it comes from.

The library checks the header: its length, that it is JSON, that arrays neither overlap nor leave gaps nor reach beyond
the end. What it allows and we do not: headers of 100 MB, which take many times that in memory, and dtypes that no model
has. Numbers are then read straight to where they belong, so that none is held twice.
"""

from __future__ import annotations

import json
import platform
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec
import numpy as np

from ..errors import CheckpointError, InvalidInput, MissingLibrary, shown
from ..files import entry_at, read_bytes, refusing, write_whole
from ..machine import version_of
from ..state import State

if TYPE_CHECKING:
    from numpy.typing import NDArray

KEY, VERSION = "fastmlp", 1
MOST_HEADER = 2**20  # bytes: fifty thousand names of features; as objects of Python it takes ten times that
DTYPES = {"F32": "float32", "F64": "float64", "I64": "int64", "I32": "int32", "U8": "uint8", "BOOL": "bool"}


class Envelope(msgspec.Struct, forbid_unknown_fields=True):
    """The document in the metadata."""

    version: int
    kind: str
    fields: dict[str, Any]
    provenance: dict[str, str]


@dataclass(frozen=True)
class ArrayInFile:
    """An array of a file, which is read when it is asked for."""

    path: Path
    name: str
    start: int  # of its bytes in the file
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    read: set[str] = field(repr=False)  # names of the arrays that were asked for; one set for all of a file

    def read_into(self, out: NDArray[Any]) -> None:
        """See `fastmlp.state.StoredArray`."""
        memory = out.view(np.uint8)
        with refusing(self.path, "cannot be read", CheckpointError), self.path.open("rb") as file:
            file.seek(self.start)
            if file.readinto(memory.data) < len(memory):
                raise CheckpointError("it became shorter while it was read")
        if self.dtype == bool and memory.max(initial=0) > 1:
            raise CheckpointError(f"the array {self.name!r} holds truth values that are neither true nor false")
        self.read.add(self.name)


@dataclass(frozen=True)
class Checkpoint:
    """What is in a file: the kind of the model, and its state, whose arrays are read when they are asked for."""

    kind: str
    state: State
    read: set[str]

    def check_all_read(self) -> None:
        """Refuse a file with arrays that nobody has asked for.

        Raises
        ------
        CheckpointError
            If there are any.
        """
        if more := sorted(set(self.state.arrays) - self.read):
            raise CheckpointError(f"it has arrays that a {self.kind} has not: {shown(more)}")


def write_state(state: State, kind: str, path: Path) -> None:
    """Write a state to a file, which is the old one until it is whole.

    Raises
    ------
    InvalidInput
        If the state holds what no file can.
    CheckpointError
        If the file cannot be written.
    """
    write_whole(path, [state_bytes(state, kind)], CheckpointError)


def state_bytes(state: State, kind: str) -> bytes:
    """Return what a file of a state holds: the same bytes for the same state.

    Raises
    ------
    InvalidInput
        If the state holds what no file can.
    """
    envelope = {"version": VERSION, "kind": kind, "fields": state.fields, "provenance": provenance()}
    try:
        document = json.dumps(envelope, allow_nan=False, sort_keys=True)
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"a {kind} cannot be saved: {error}; fields are what JSON holds") from error
    arrays = {name: np.asarray(array, order="C") for name, array in state.arrays.items()}
    if foreign := {array.dtype.name for array in arrays.values()} - set(DTYPES.values()):
        raise InvalidInput(f"a {kind} cannot be saved: it has arrays of {', '.join(sorted(foreign))}")
    written: bytes = import_safetensors().numpy.save(arrays, metadata={KEY: document})
    if (header := int.from_bytes(written[:8], "little")) > MOST_HEADER:
        raise InvalidInput(
            f"a {kind} cannot be saved: its names and labels take {header} bytes; at most {MOST_HEADER} are read"
        )
    return written


def provenance() -> dict[str, str]:
    """Return what wrote a file: versions, and no time, so that the same model is the same bytes."""
    return {"fastmlp": version_of("fastmlp"), "numpy": np.__version__, "python": platform.python_version()}


def read_state(path: Path) -> Checkpoint:
    """Return what is in a file, of which only the header is read.

    Raises
    ------
    CheckpointError
        If the file cannot be read, or is none of ours.
    """
    start = 8 + _header_length(path)
    metadata, described = _described(path)
    envelope = _opened(metadata.get(KEY, ""))
    if foreign := {kind for _, kind, _ in described} - set(DTYPES):
        raise CheckpointError(f"it has arrays of {', '.join(sorted(foreign))}; known: {', '.join(DTYPES)}")
    arrays: dict[str, ArrayInFile] = {}
    read: set[str] = set()
    for name, kind, shape in described:
        dtype = np.dtype(DTYPES[kind]).newbyteorder("<")
        arrays[name] = ArrayInFile(path, name, start, shape, dtype, read)
        start += prod(shape) * dtype.itemsize
    return Checkpoint(envelope.kind, State(envelope.fields, arrays), read)


def _header_length(path: Path) -> int:
    """Return how long the header is, which comes first in a file."""
    if (kind := entry_at(path, CheckpointError)) != "file":
        raise CheckpointError(f"it is a {kind}; a file is needed" if kind else "there is no such file")
    length = int.from_bytes(read_bytes(path, CheckpointError, most=8), "little")
    if length > MOST_HEADER:
        raise CheckpointError(f"its header would take {length} bytes; at most {MOST_HEADER} are read")
    return length


def _described(path: Path) -> tuple[dict[str, str], list[tuple[str, str, tuple[int, ...]]]]:
    """Return the metadata of a file; and name, dtype and shape of its arrays, which follow one another without gaps."""
    library = import_safetensors()
    try:
        with refusing(path, "cannot be read", CheckpointError), library.safe_open(str(path), framework="np") as file:
            slices = {name: file.get_slice(name) for name in file.offset_keys()}
            described = [(name, s.get_dtype(), tuple(s.get_shape())) for name, s in slices.items()]
            return file.metadata() or {}, described
    except library.SafetensorError as error:
        raise CheckpointError(f"it is no file in safetensors: {shown(str(error), 200)}") from None


def import_safetensors() -> Any:
    """Return the library that reads and writes the format.

    Raises
    ------
    MissingLibrary
        If it cannot be imported: Pyodide has none.
    """
    try:
        import safetensors.numpy
    except ImportError as error:
        raise MissingLibrary("safetensors", f"pip install safetensors ({error})") from error
    return safetensors


def _opened(document: str) -> Envelope:
    """Return what the metadata say."""
    if not document:
        raise CheckpointError(f"it is no file of fastmlp: its metadata have no key {KEY!r}")
    try:
        envelope = msgspec.convert(json.loads(document, parse_constant=_refuse), Envelope)
    except (ValueError, RecursionError, msgspec.ValidationError) as error:
        raise CheckpointError(f"its metadata are not those of a model: {shown(str(error), 200)}") from None
    if envelope.version != VERSION:
        raise CheckpointError(f"its format is number {shown(envelope.version)}; this fastmlp reads number {VERSION}")
    return envelope


def _refuse(constant: str) -> NoReturn:
    """Refuse NaN and infinity, which are no JSON."""
    raise ValueError(f"{constant} is no number of JSON")
