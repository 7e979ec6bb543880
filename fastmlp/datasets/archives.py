"""The files in a package or a folder, by the last parts of their paths: nothing is unpacked to the disk.

A package is what a package manager downloads: of npm a ``.tgz``, of pip a wheel, of Debian a ``.deb``.
"""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Iterator, Mapping
from io import BytesIO
from lzma import LZMAError
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from ..errors import InvalidInput
from ..files import entry_at, read_bytes

MOST = 2**29  # bytes of one file
AR = b"!<arch>\n"  # how a .deb begins
AR_HEADER = 60  # bytes: the name in the first 16, the size in decimal digits from 48 to 58
DAMAGED = (OSError, EOFError, ValueError, LookupError, BadZipFile, tarfile.TarError, LZMAError, zlib.error)


def read_members(path: Path, wanted: tuple[str, ...]) -> dict[str, bytes]:
    """Return the content of the files that are wanted, by the names under which they are.

    Parameters
    ----------
    path
        A package, a folder that is searched whole, or one of the files.
    wanted
        Ends of paths, such as ``train-labels-idx1-ubyte.gz`` or ``digits/0.json``; what is not there is left out.

    Raises
    ------
    InvalidInput
        If there is nothing, or the package is damaged.
    """
    kind = entry_at(path)
    if kind not in {"file", "folder"}:
        raise InvalidInput(f"{path}: {'is no file' if kind else 'there is no such file or folder'}")
    try:
        members = dict(_folder(path, wanted) if kind == "folder" else _file(path, wanted))
    except InvalidInput:
        raise
    except DAMAGED as error:
        raise InvalidInput(f"{path}: cannot be read as a package: {error}") from error
    return members


def _named(name: str, wanted: tuple[str, ...]) -> str | None:
    """Return which of the wanted names the path of a file ends in."""
    return next((end for end in wanted if f"/{name}".endswith(f"/{end}")), None)


def _folder(folder: Path, wanted: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if (end := _named(path.relative_to(folder).as_posix(), wanted)) and entry_at(path) == "file":
            yield end, _content(path)


def _file(path: Path, wanted: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    content = _content(path)
    if content.startswith(AR):
        return _tar(_data_of_deb(content), wanted)
    if content.startswith(b"PK"):
        return _zip(content, wanted)
    if end := _named(path.name, wanted) or _named(f"{path.parent.name}/{path.name}", wanted):
        return iter([(end, content)])
    return _tar(content, wanted)


def _content(path: Path) -> bytes:
    content = read_bytes(path, InvalidInput, MOST + 1)
    _check_size(path.name, len(content))
    return content


def _data_of_deb(content: bytes) -> bytes:
    """Return the tar file with the data of a Debian package, which is an ``ar`` file of three members."""
    place = len(AR)
    while place + AR_HEADER <= len(content):
        header = content[place : place + AR_HEADER]
        place, size = place + AR_HEADER, int(header[48:58])
        if header.startswith(b"data.tar"):
            return content[place : place + size]
        place += size + size % 2
    raise InvalidInput("has no member data.tar")


def _tar(content: bytes, wanted: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(fileobj=BytesIO(content)) as archive:
        for member in archive:
            if member.isfile() and (end := _named(member.name, wanted)):
                _check_size(member.name, member.size)
                file = archive.extractfile(member)
                yield end, file.read() if file else b""


def _zip(content: bytes, wanted: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    with ZipFile(BytesIO(content)) as archive:
        for member in archive.infolist():
            if end := _named(member.filename, wanted):
                _check_size(member.filename, member.file_size)
                yield end, archive.read(member)


def _check_size(name: str, size: int) -> None:
    if size > MOST:
        raise ValueError(f"{name} has {size} bytes or more; at most {MOST} are read")


def needed(members: Mapping[str, bytes], names: tuple[str, ...], place: str) -> list[bytes]:
    """Return the content of files, all of which are needed.

    Raises
    ------
    InvalidInput
        If one is not there.
    """
    if missing := [name for name in names if name not in members]:
        raise InvalidInput(f"{place}: has no {missing[0]}")
    return [members[name] for name in names]
