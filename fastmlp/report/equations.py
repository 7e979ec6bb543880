"""Equations: LaTeX in, MathML out, which browsers set without a script and screen readers read aloud.

The one seam to the library that does it. It is strict: a command that it does not know stops the rendering.
"""

from __future__ import annotations

from functools import cache

from markupsafe import Markup
from math_core import LatexToMathML

__all__ = ["mathml"]

CONVERTER = LatexToMathML(annotation=True)  # the LaTeX stays inside, to be copied, and to be compared in tests

# Attributes that browsers know and validators do not, and what both understand.
ALLOWED = {' scriptlevel="0"': "", '<mfrac displaystyle="false">': '<mfrac style="math-style: compact">'}


@cache
def mathml(tex: str, *, block: bool = False) -> Markup:
    """One formula as a ``<math>`` element.

    Parameters
    ----------
    tex
        LaTeX of a template's author: text in it is escaped, but it is no place for names.
    block
        On a line of its own.

    Raises
    ------
    Exception
        The library's own, when it does not understand the formula.

    Examples
    --------
    >>> "<msub><mi>W</mi><mn>1</mn></msub>" in mathml("x W_1")
    True
    """
    found = CONVERTER.convert_with_local_state(tex, displaystyle=block)
    for attribute, allowed in ALLOWED.items():
        found = found.replace(attribute, allowed)
    return Markup(found)  # noqa: S704 (escaped by the library)
