from __future__ import annotations

import re

import numpy as np
import pytest

from fastmlp.datasets.texts import NEWS_FILES, read_newsgroups
from fastmlp.errors import InvalidInput

HEAD = "Category\tText\nd\tstring\nclass\t\n"
WORDS = {"alt.a": "stone river", "comp.b": "disk memory", "rec.c": "goal puck", "sci.d": "orbit moon"}
ROWS = [f"{group}\t{words} {words.split()[k % 2]} line{k % 3}" for group, words in WORDS.items() for k in range(6)]
TABLE = (HEAD + "\n".join(ROWS) + "\nalt.a\t\n").encode()


def test_posts_become_vectors_that_know_the_topics() -> None:
    X, y, parts = read_newsgroups("place", dict.fromkeys(NEWS_FILES, TABLE))
    assert X.dtype == np.float32
    assert (len(X), parts) == (48, (24, 24))  # the post without a word is left out
    assert np.bincount(y).tolist() == [12] * 4
    first, third = X[y == 0], X[y == 2]  # the embedding is made of these two groups
    assert np.allclose((first**2).sum(axis=1), 1, atol=1e-5)
    assert (first @ third.T).max() < (first @ first.T).min()


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (TABLE + b"alone\n", "place: 20newsgroups-test.tab: line 29 has 1 columns; group and text are needed"),
        (b"\xff\xfe\n" * 5, "place: 20newsgroups-test.tab: cannot be read as a table: 'utf-8' codec"),
        (HEAD.encode() + b"a\t" + b"x" * 1_000_001, "place: 20newsgroups-test.tab: cannot be read as a table: field"),
    ],
)
def test_a_damaged_table_is_refused_with_its_line(content: bytes, refusal: str) -> None:
    with pytest.raises(InvalidInput, match=re.escape(refusal)):
        read_newsgroups("place", dict(zip(NEWS_FILES, (TABLE, content), strict=True)))


def test_two_groups_are_too_few() -> None:
    two = (HEAD + "\n".join(ROWS[:12])).encode()
    with pytest.raises(InvalidInput, match="place: has posts to 2 groups; 4 are needed"):
        read_newsgroups("place", dict.fromkeys(NEWS_FILES, two))
