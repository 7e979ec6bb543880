"""A score on the scale between two others, as in human-normalised scores."""

from __future__ import annotations


def normalised_score(low: float | None, score: float | None, high: float | None) -> float | None:
    """Return the score on the scale that is 0 at `low` and 1 at `high`.

    The similarity of a problem is one, seed by seed: the H-score of the pretrained features between those of random
    features and of features learned on the target task itself.

    Returns
    -------
    float or None
        None where one of the three is unknown, or `high` does not lie above `low`: features of the target task that
        are no better than random ones define no scale.

    Examples
    --------
    >>> normalised_score(2.0, 2.5, 4.0), normalised_score(2.0, 1.0, 4.0), normalised_score(4.0, 2.5, 2.0)
    (0.25, -0.5, None)
    """
    if low is None or score is None or high is None or high <= low:
        return None
    return (score - low) / (high - low)
