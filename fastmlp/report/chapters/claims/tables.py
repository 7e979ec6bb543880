"""Tables of the chapter."""

from __future__ import annotations

from ...claims import Tally
from ...table import Table, cell, head

__all__ = ["outcomes"]


def outcomes(data: Tally) -> Table:
    """Return the effect, its interval and the outcome of every claim, one row per claim."""
    claims = [(card["title"], claim) for card in data["cards"] for claim in card["claims"]]
    return {
        "columns": [
            head("paper", number=False),
            head("claim", number=False),
            *map(head, ("effect", "95 % interval", "p, differs", "p, tied")),
            head("outcome", number=False),
        ],
        "rows": [
            [
                cell("text", title),
                cell("name", claim["name"]),
                cell("claimed", claim),
                cell("claimed_interval", claim),
                cell("p_value", claim["difference"] and claim["difference"]["p_different"]),
                cell("p_value", claim["difference"] and claim["difference"]["p_equivalent"]),
                cell("text", claim["outcome"]),
            ]
            for title, claim in claims
        ],
    }
