"""What an estimator prints while it is fitted, because `verbose` asks for it: scikit-learn's lines."""

from __future__ import annotations


def say(line: str) -> None:
    """Print a line."""
    print(line)  # noqa: T201
