"""Modules are cut where it was said, or refused."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from fastmlp.errors import FastmlpError

from .modules import BLOCKS, pictures, small_cnn

X = pictures()[0][:4]


@pytest.fixture
def torch(oracle: Callable[[str], ModuleType]) -> Any:
    return oracle("torch")


def residual(torch: Any) -> Any:
    """A module whose forward() does more than its children, one after the other."""

    class Residual(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.one, self.two, self.three = (torch.nn.Linear(5, 5) for _ in range(3))
            self.spare, self.fc = torch.nn.Linear(5, 5), torch.nn.Linear(5, 2)

        def forward(self, x: Any) -> Any:
            h = self.one(x)
            return self.fc(self.three(self.two(h) + h))

    return Residual()


def test_stages_compute_what_the_module_does_and_leave_it_alone(torch: Any) -> None:
    from fastmlp.backbones import make_backbone

    module = small_cnn(torch)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    backbone = make_backbone(module, BLOCKS, X, name="mine", head="fc")
    assert backbone.name == "mine"
    assert [stage.name for stage in backbone.stages] == BLOCKS
    assert backbone.widths == (6, 8, 5)
    assert module.training
    assert all((value == before[name]).all() for name, value in module.state_dict().items())
    net = backbone.network(3, 4)
    net.head[:] = backbone.head
    inputs = torch.tensor(X, dtype=torch.float32)
    expected = module.eval()(inputs).detach().numpy()
    np.testing.assert_allclose(net.logits(inputs), expected, atol=1e-5)
    np.testing.assert_allclose(net.copy().logits(inputs), expected, atol=1e-5)
    assert net.theta.size == sum(one.numel() for one in module.parameters())


def test_a_fingerprint_is_of_weights_statistics_and_preparation(torch: Any) -> None:
    from fastmlp.backbones import make_backbone

    def fingerprint(change: Callable[[Any], None] = lambda _: None, preparation: str = "") -> str:
        module = small_cnn(torch)
        with torch.no_grad():
            change(module)
        return make_backbone(module, BLOCKS, X, preparation=preparation).fingerprint

    def nudge(name: str) -> Callable[[Any], None]:
        return lambda module: module.state_dict()[name].add_(1e-3)

    names = ["block0.0.weight", "block2.1.running_mean"]
    found = [fingerprint(), *(fingerprint(nudge(name)) for name in names), fingerprint(preparation="size 8")]
    assert len(set(found)) == 4
    assert fingerprint() == found[0]
    assert fingerprint(nudge("fc.weight")) == found[0]  # the source's head is no part of it


def test_what_cannot_be_cut_is_refused(torch: Any) -> None:
    from fastmlp.backbones import make_backbone

    nn, inputs = torch.nn, np.ones((3, 5))
    tied = nn.Sequential(nn.Linear(5, 5), nn.Linear(5, 5))
    tied[1].weight = tied[0].weight
    broken = small_cnn(torch)
    broken.block1[0].weight.data[0, 0] = float("nan")
    mixed = nn.Sequential(nn.Linear(5, 5), nn.Linear(5, 5).double())
    cases: list[tuple[Any, Any, Any, dict[str, Any], str]] = [
        (residual(torch), ["one", "two", "three"], inputs, {}, "stage 'three' does not follow from the one before it"),
        (residual(torch), ["one", "spare"], inputs, {}, "stage 'spare': no input of the module reaches it"),
        (residual(torch), ["one", "tow"], inputs, {}, "unknown stage 'tow'; did you mean 'two'"),
        (residual(torch), [], inputs, {}, r"stages is \[\]"),
        (residual(torch), "one", inputs, {}, "stages is 'one'; a list of names"),
        (small_cnn(torch), ["block0", "block2"], X, {}, "stage 'block2' cannot be computed from the one before it"),
        (small_cnn(torch), BLOCKS, X, {"head": "block2"}, "head 'block2' is Sequential.*a Linear layer of 5 features"),
        (small_cnn(torch), BLOCKS, X, {"pool": "men"}, "unknown pool 'men'; did you mean 'mean'"),
        (small_cnn(torch), BLOCKS, X, {"pool": "first"}, "one row of features for each example is needed"),
        (tied, ["0", "1"], inputs, {}, "stages '0' and '1' share the parameter 0.weight"),
        (broken, BLOCKS, X, {}, "weights 'block1.0.weight': 9 of 432 numbers are NaN or infinite"),
        (mixed, ["0"], inputs, {}, "parameters of .*float32.*float64.*; one dtype is needed"),
        ("net", BLOCKS, X, {}, "module is 'net'; a torch.nn.Module is needed"),
    ]
    for module, stages, example, options, message in cases:
        with pytest.raises(FastmlpError, match=message):
            make_backbone(module, stages, example, **options)


def test_a_list_may_hold_what_forward_does_itself(torch: Any) -> None:
    from fastmlp.backbones import make_backbone

    nn = torch.nn

    class Flattens(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.body, self.hidden, self.fc = nn.Conv2d(3, 2, 3), nn.Linear(72, 6), nn.Linear(6, 4)

        def forward(self, x: Any) -> Any:
            return self.fc(self.hidden(self.body(x).flatten(1)))

    backbone = make_backbone(Flattens(), ["body", [nn.Flatten(), "hidden"]], X, head="fc")
    assert backbone.widths == (2, 6)


def test_a_stage_drawn_anew_forgets_its_statistics_and_learns_others_soon(torch: Any) -> None:
    from fastmlp.backbones import draw_stage, make_backbone

    module = small_cnn(torch)
    module.block1[1].momentum = 0.01
    net = make_backbone(module, BLOCKS, X).network(3, 4)
    draw_stage(net, 1, np.random.default_rng(0))
    drawn, kept = (net.stages[place].modules[0][1] for place in (1, 0))
    assert (drawn.momentum, kept.momentum) == (0.1, 0.1)
    assert drawn.running_mean.abs().sum() == 0
    assert kept.running_mean.abs().sum() > 0


def test_a_stage_without_a_way_to_be_drawn_is_no_start_of_scratch(torch: Any) -> None:
    from fastmlp.backbones import draw_stage, make_backbone

    class Shift(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.by = torch.nn.Parameter(torch.zeros(5))

        def forward(self, x: Any) -> Any:
            return x + self.by

    backbone = make_backbone(torch.nn.Sequential(Shift(), torch.nn.Linear(5, 2)), ["0"], np.ones((3, 5)))
    net = backbone.network(1, 2)
    with pytest.raises(FastmlpError, match="stage '0' cannot be drawn anew: Shift has parameters and no reset_param"):
        draw_stage(net, 0, np.random.default_rng(0))
    draw_stage(net, 0, np.random.default_rng(0), keep_moments=True)
