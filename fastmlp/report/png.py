"""Pictures of examples: from text of one hexadecimal digit a pixel to a PNG inside the page.

A strip of many pictures is one image of a few hundred bytes. It is stored and not compressed, so that its bytes do not
depend on the version of a library.
"""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["png", "rgb", "strip"]

SIDE, GAP = 8, 1
PAPER = 255


def strip(pictures: Sequence[str]) -> str:
    """Pictures side by side, dark on light, as a data URI.

    Parameters
    ----------
    pictures
        Each of 64 hexadecimal digits, rows from the top; f is black.
    """
    width = len(pictures) * (SIDE + GAP) - GAP
    rows = []
    for y in range(SIDE):
        greys = [_row(p, y) for p in pictures]
        rows.append(bytes([PAPER] * GAP).join(greys)[:width])
    return "data:image/png;base64," + base64.b64encode(png(rows)).decode()


def png(rows: Sequence[bytes]) -> bytes:
    """Rows of grey bytes as a PNG (ISO/IEC 15948)."""
    return _png(rows, len(rows[0]), kind=0)


def _png(rows: Sequence[bytes], width: int, *, kind: int) -> bytes:
    """Rows of bytes as a PNG of 8 bits that is not interlaced; kind 0 is grey, 2 red, green and blue."""
    header = struct.pack(">IIBBBBB", width, len(rows), 8, kind, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row for row in rows), 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def rgb(step: Mapping[str, Any]) -> str:
    """A picture as a data URI: `pixels` are red, green and blue bytes in base 64, `width` of them in a row."""
    data, length = base64.b64decode(step["pixels"]), 3 * step["width"]
    rows = [data[start : start + length] for start in range(0, len(data), length)]
    return "data:image/png;base64," + base64.b64encode(_png(rows, step["width"], kind=2)).decode()


def _row(picture: str, y: int) -> bytes:
    return bytes(PAPER - 17 * int(grey, 16) for grey in picture[y * SIDE : (y + 1) * SIDE])


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
