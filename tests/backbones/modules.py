"""Modules that tests cut into stages, made when PyTorch is there."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

import fastmlp


def sequential(torch: ModuleType, net: fastmlp.Network) -> Any:
    """The same network as PyTorch's Sequential: 0 and 1 are the first layer, 2 and 3 the second, and so on."""
    modules: list[Any] = []
    for weight, bias in zip(net.weights, net.biases, strict=True):
        linear = torch.nn.Linear(*weight.shape, dtype=getattr(torch, net.dtype.name))
        linear.weight.data, linear.bias.data = torch.tensor(weight.T.copy()), torch.tensor(bias.copy())
        modules += [linear, torch.nn.ReLU(inplace=True)]
    return torch.nn.Sequential(*modules[:-1])


def small_cnn(torch: ModuleType) -> Any:
    """Three blocks with batch normalisation and dropout on pictures of 8 pixels, and a head of 4 classes."""
    nn = torch.nn
    torch.manual_seed(1)
    net = nn.Sequential()
    for place, (below, above) in enumerate([(3, 6), (6, 8), (8, 5)]):
        net.add_module(
            f"block{place}",
            nn.Sequential(
                nn.Conv2d(below, above, 3, padding=1, bias=False), nn.BatchNorm2d(above), nn.ReLU(inplace=True),
                nn.Dropout(0.3),
            ),
        )  # fmt: skip
    net.add_module("pool", nn.AdaptiveAvgPool2d(1))
    net.add_module("flat", nn.Flatten())
    net.add_module("fc", nn.Linear(5, 4))
    net.train()
    for _ in range(3):  # statistics of their own
        net(torch.randn(16, 3, 8, 8) * 2 + 1)
    return net


def tiny_bert(folder: Path, transformers: ModuleType, torch: ModuleType) -> None:
    """Save a BERT of two layers and sixteen units with random weights, and a tokenizer of a few words."""
    folder.mkdir()
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *FRUIT, *BOATS]))
    torch.manual_seed(0)
    shape = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    config = transformers.BertConfig(vocab_size=5 + len(FRUIT + BOATS), max_position_embeddings=16, **shape)
    transformers.BertModel(config).eval().save_pretrained(folder)
    transformers.BertTokenizer(str(vocabulary)).save_pretrained(folder)


FRUIT, BOATS = ["apple", "pear", "plum", "fig", "lemon"], ["canoe", "ferry", "raft", "yacht", "barge"]
BLOCKS = ["block0", "block1", "block2"]


def pictures(n: int = 24) -> tuple[Any, Any]:
    """Noise whose mean tells the class."""
    draw = np.random.default_rng(3)
    y = np.arange(n) % 4
    return draw.normal(size=(n, 3, 8, 8)) + y[:, None, None, None] - 1.5, y
