from __future__ import annotations

import numpy as np

import fastmlp
from fastmlp.notebook import html_table


def test_what_is_shown_is_text() -> None:
    assert "<td>&lt;script&gt;</td>" in html_table("a & b", ["<b>"], [["<script>"]])


def test_a_network_and_a_training_can_be_seen() -> None:
    net = fastmlp.init_mlp((3, 4, 2), rng=0)
    assert "Network of 26 parameters, float32" in net._repr_html_()
    assert "<td>1</td><td>3</td><td>4</td><td>16</td><td>relu</td>" in net._repr_html_()
    fit = fastmlp.train_mlp(net, np.eye(3), [0, 1, 0], epochs=2, backend="numpy")
    assert "Training: finished" in fit._repr_html_()
    assert f"<td>loss in the last epoch</td><td>{fit.losses[-1]:.4g}</td>" in fit._repr_html_()
    lost = fastmlp.train_mlp(net, 1e3 * np.eye(3), [0, 1, 0], epochs=9, lr=1e6, backend="numpy")
    assert "Training: diverged in epoch" in lost._repr_html_()
