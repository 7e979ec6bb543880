"""The seam to the library that sets equations: what it makes of what the book writes."""

from __future__ import annotations

import pytest

from fastmlp.report.equations import mathml

SNAPSHOTS = {
    r"h = \varphi(x W_1)": (
        "<mi>h</mi><mo>=</mo><mi>φ</mi>"
        '<mo stretchy="false">(</mo><mi>x</mi><msub><mi>W</mi><mn>1</mn></msub><mo stretchy="false">)</mo>'
    ),
    r"\frac{s}{\sqrt{n}}": "<mfrac><mi>s</mi><msqrt><mi>n</mi></msqrt></mfrac>",
    r"W_2^\top": "<msubsup><mi>W</mi><mn>2</mn><mi>⊤</mi></msubsup>",
    r"a \leftarrow b": '<mi>a</mi><mo stretchy="false">←</mo><mi>b</mi>',
}


@pytest.mark.parametrize("tex", SNAPSHOTS)
def test_formulas_are_set_as_they_were(tex: str) -> None:
    assert SNAPSHOTS[tex] in mathml(tex)


def test_a_formula_says_whether_it_stands_alone_and_keeps_its_source() -> None:
    assert mathml("x").startswith("<math><semantics>")
    assert mathml("x", block=True).startswith('<math display="block">')
    assert '<annotation encoding="application/x-tex">x &lt; y</annotation>' in mathml("x < y")


def test_text_in_a_formula_is_escaped() -> None:
    assert "<script" not in mathml(r"\text{<script>alert(1)</script>}")


def test_a_command_that_is_not_known_is_refused() -> None:
    with pytest.raises(Exception, match=r"[Uu]nknown"):
        mathml(r"\foo")
