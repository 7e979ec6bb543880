"""Posts to newsgroups: as vectors, by latent semantic analysis, or as they are.

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
KEPT = 2000  # bytes of a text that is kept as it is


def read_newsgroups(place: str, members: Mapping[str, bytes]) -> tuple[NDArray[np.float32], Ints, tuple[int, ...]]:
    """Return embedded posts, the number of their group in the order of the alphabet, and the lengths of the two files.

    Texts of groups with an even number are those that the embedding is made from.
    """
    texts, y, parts = _labelled(place, members)
    return embedded(texts, y % 2 == 0), y, parts


def read_texts(place: str, members: Mapping[str, bytes]) -> tuple[NDArray[np.bytes_], Ints, tuple[int, ...]]:
    """Return the beginnings of posts in UTF-8, (n, 1), the number of their group, and the lengths of the two files.

    The name of the group is taken out, since some posts begin with it.
    """
    texts, y, parts = _labelled(place, members, beginnings=True)
    return np.array([text.encode()[:KEPT] for text in texts], dtype=f"S{KEPT}")[:, None], y, parts


def _labelled(
    place: str, members: Mapping[str, bytes], *, beginnings: bool = False
) -> tuple[list[str], Ints, tuple[int, ...]]:
    """Return posts, the number of their group in the order of the alphabet, and the lengths of the two files."""
    files = [
        list(_posts(f"{place}: {name}", content))
        for name, content in zip(NEWS_FILES, needed(members, NEWS_FILES, place), strict=True)
    ]
    posts = [post for rows in files for post in rows]
    groups, y = np.unique([group for group, _ in posts], return_inverse=True)
    if len(groups) < FEWEST_GROUPS:
        raise InvalidInput(f"{place}: has posts to {len(groups)} groups; {FEWEST_GROUPS} are needed")
    texts = [beginning(text, group) if beginnings else text for group, text in posts]
    return texts, y.astype(np.int64), tuple(len(rows) for rows in files)


def beginning(text: str, group: str) -> str:
    r"""Return the beginning of a post on one line, without the name of its group.

    Examples
    --------
    >>> beginning("sci.space:  to the\nmoon", "sci.space")
    ': to the moon'
    """
    return " ".join(text.replace(group, " ").split())[:KEPT]


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
