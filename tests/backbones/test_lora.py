"""Within low rank, against PEFT: the same factors, the same rates, the same weights after a training."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from fastmlp.strategies import get_strategy
from fastmlp.strategies.backbone import transfer_backbone

STEPS, LR, N = 5, 0.02, 12


@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")  # PEFT asks transformers for it
def test_attention_and_linear_layers_move_as_peft_moves_them(oracle: Callable[[str], ModuleType], vision: Any) -> None:
    torch, peft, transformers = oracle("torch"), oracle("peft"), oracle("transformers")
    from fastmlp.backbones import draw_factors
    from fastmlp.backbones.texts import Tokens, model_backbone

    torch.manual_seed(0)
    config = transformers.BertConfig(
        hidden_size=16, num_attention_heads=4, num_hidden_layers=2, intermediate_size=24, vocab_size=99,
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    model = transformers.BertModel(config, add_pooling_layer=False)
    backbone = model_backbone("bert", model, Tokens(None, 8))
    object.__setattr__(backbone, "prepare", lambda inputs: inputs)
    ids = torch.randint(2, 99, (N, 8))
    inputs, y = (ids, torch.ones_like(ids)), np.arange(N) % 3
    options: dict[str, Any] = {"n_classes": 3, "epochs": STEPS, "batch_size": N, "lr": LR, "order": [range(N)] * STEPS}
    fit = transfer_backbone(backbone, inputs, y, strategy="lora-2", rng=4, weight_decay=0.01, **options)

    drawn = draw_factors(fit.start, 2, np.random.default_rng(4).spawn(1)[0])
    theirs = peft.get_peft_model(
        model, peft.LoraConfig(r=2, lora_alpha=2, target_modules=["query", "key", "value", "dense"])
    ).train()
    first, second = [], []  # A and B, which decay alike or not
    for stage, flat in enumerate(drawn.factors[1:]):
        layers = [
            layer
            for name, layer in theirs.named_modules()
            if f"layer.{stage}." in name and hasattr(layer, "lora_A") and hasattr(layer, "base_layer")
        ]
        start = 0
        for layer in layers:
            a, b = layer.lora_A["default"].weight, layer.lora_B["default"].weight
            a.data = torch.tensor(flat[start : start + a.numel()].reshape(-1, 2).T.copy())
            start += a.numel() + b.numel()
            first.append(a)
            second.append(b)
        assert start == len(flat)
    weight, bias = (
        torch.tensor(part).requires_grad_() for part in (fit.start.head[:-3].reshape(16, 3), fit.start.head[-3:])
    )
    phase = get_strategy("lora-2").phases[0]
    groups = [
        {"params": first, "lr": LR * phase.body, "weight_decay": 0.01},
        {"params": second, "lr": LR * phase.body, "weight_decay": 0.0},
        {"params": [weight], "lr": LR * phase.head, "weight_decay": 0.01},
        {"params": [bias], "lr": LR * phase.head, "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups)
    losses = []
    for _ in range(STEPS):
        hidden = theirs(input_ids=ids, attention_mask=inputs[1]).last_hidden_state.mean(dim=1)
        loss = torch.nn.functional.cross_entropy(hidden @ weight + bias, torch.tensor(y))
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert_allclose(fit.losses, losses, atol=1e-5)
    merged = theirs.merge_and_unload().eval()
    expected = merged(input_ids=ids, attention_mask=inputs[1]).last_hidden_state.mean(dim=1) @ weight + bias
    assert_allclose(fit.network.logits(inputs), expected.detach().numpy(), atol=1e-4)
    assert fit.free_by_stage == (0, *(len(flat) for flat in drawn.factors[1:]), 16 * 3 + 3)
    assert fit.frozen_before == fit.frozen_after
