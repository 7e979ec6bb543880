"""How transferable each layer is: which series a drawing shows."""

from __future__ import annotations

from fastmlp.report.chapters.layers.numbers import drawn


def test_a_family_of_layers_needs_no_place_in_a_list_to_be_drawn() -> None:
    families = ("transplant", "partial", "not-heard-of")
    series = [{"problem": p, "family": f} for p in ("near", "far") for f in families]
    shown = drawn(series, ["near", "far"])  # type: ignore[arg-type]
    assert [(one["family"], one["problem"]) for one in shown] == [(f, p) for f in families for p in ("near", "far")]
