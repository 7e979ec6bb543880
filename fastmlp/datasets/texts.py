"""Texts as vectors: posts to newsgroups, by latent semantic analysis.

The words of a text are weighted by how rare they are, and projected on the directions in which texts differ most:
Deerwester et al. (1990). The directions come from the texts of half of the groups, the source, and from no label; so
the embedding is made without the target, as that of a large language model is.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from io import StringIO
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InvalidInput
from .archives import needed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..layout import Ints

NEWS_FILES = ("20newsgroups-train.tab", "20newsgroups-test.tab")
HEADER = 3  # lines: names, types and roles of the columns
LONGEST = 10**6  # characters of a post
WIDTH = 64  # features of an embedded text
WORDS = 20_000  # the most frequent ones
FEWEST_GROUPS = 4


def read_newsgroups(place: str, members: Mapping[str, bytes]) -> tuple[NDArray[np.float32], Ints, tuple[int, ...]]:
    """Return embedded posts, the number of their group in the order of the alphabet, and the lengths of the two files.

    Texts of groups with an even number are those that the embedding is made from.
    """
    files = [
        list(_posts(f"{place}: {name}", content))
        for name, content in zip(NEWS_FILES, needed(members, NEWS_FILES, place), strict=True)
    ]
    posts = [post for rows in files for post in rows]
    groups, y = np.unique([group for group, _ in posts], return_inverse=True)
    if len(groups) < FEWEST_GROUPS:
        raise InvalidInput(f"{place}: has posts to {len(groups)} groups; {FEWEST_GROUPS} are needed")
    X = embedded([text for _, text in posts], y % 2 == 0)
    return X, y.astype(np.int64), tuple(len(rows) for rows in files)


def _posts(name: str, content: bytes) -> Iterator[tuple[str, str]]:
    """Go through group and text of each post; those without a word are left out."""
    limit = csv.field_size_limit(LONGEST)
    try:
        rows = csv.reader(StringIO(content.decode()), delimiter="\t")
        for number, row in enumerate(rows):
            if number < HEADER or not any(row):
                continue
            if len(row) != 2:
                raise InvalidInput(f"{name}: line {rows.line_num} has {len(row)} columns; group and text are needed")
            if row[1].strip():
                yield row[0], row[1]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidInput(f"{name}: cannot be read as a table: {error}") from error
    finally:
        csv.field_size_limit(limit)


def embedded(texts: list[str], seen: NDArray[np.bool_], width: int = WIDTH) -> NDArray[np.float32]:
    """Return texts as vectors of length 1, (n, width).

    Parameters
    ----------
    texts
        What is embedded.
    seen : (n,)
        Which of them the words, their weights and the directions come from.
    width
        Number of directions; fewer if there are fewer texts or words.
    """
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.preprocessing import normalize

    words = TfidfVectorizer(sublinear_tf=True, max_features=WORDS, stop_words="english", dtype=np.float32)
    known = words.fit_transform([text for text, one in zip(texts, seen, strict=True) if one])
    directions = TruncatedSVD(min(width, *(length - 1 for length in known.shape)), random_state=0).fit(known)
    vectors: NDArray[np.float32] = normalize(directions.transform(words.transform(texts))).astype(np.float32)
    return vectors
