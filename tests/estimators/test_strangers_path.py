"""From a head of PyTorch and a frame with text labels to a model of one's own, a file, and back to PyTorch."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import fastmlp

PREDICT = """
import sys, fastmlp, pandas
print(*fastmlp.load(sys.argv[1]).predict(pandas.read_csv(sys.argv[2])))
"""


def test_a_head_of_pytorch_learns_labels_of_ones_own(oracle: Callable[[str], Any], tmp_path: Path) -> None:
    pandas, torch = oracle("pandas"), oracle("torch")
    random = np.random.default_rng(0)
    topics = np.array(["sport", "music", "food"])[np.arange(60) % 3]
    embeddings = random.normal(size=(3, 16))[np.arange(60) % 3] + random.normal(size=(60, 16))
    frame = pandas.DataFrame(embeddings, columns=[f"e{k}" for k in range(16)])
    head = torch.nn.Sequential(torch.nn.LayerNorm(16), torch.nn.Linear(16, 12), torch.nn.GELU(), torch.nn.Linear(12, 4))

    selector = fastmlp.TransferSelectorCV(head, ["frozen", "finetune"], cv=3, repeats=1, random_state=0)
    selector.fit(frame, pandas.Series(topics).astype("category"))
    assert (selector.predict(frame) == topics).mean() > 0.8
    assert selector.feature_names_in_.tolist() == list(frame.columns)
    assert pandas.DataFrame(selector.verdicts_).shape == (1, 9)

    frame.to_csv(tmp_path / "new.csv", index=False)
    saved = fastmlp.save(selector, tmp_path / "topics.safetensors")
    command = [sys.executable, "-c", PREDICT, str(saved), str(tmp_path / "new.csv")]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert told.stdout.split() == selector.predict(frame).tolist()

    module = fastmlp.to_torch(selector.best_estimator_.network_)
    logits = module(torch.from_numpy(embeddings.astype("float32"))).detach().double()
    np.testing.assert_allclose(torch.softmax(logits, 1).numpy(), selector.predict_proba(frame), atol=1e-6)
