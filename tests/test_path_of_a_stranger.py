"""The whole way of somebody who comes with a network of PyTorch and a few labelled rows, and leaves with one."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.testing import assert_allclose

import fastmlp

PREDICT = """
import json, sys, fastmlp, pandas
model = fastmlp.load(sys.argv[1])
frame = pandas.read_csv(sys.argv[2])
print(json.dumps([model.predict(frame).tolist(), model.predict_proba(frame).tolist()]))
"""


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of libraries that only oracles have
def test_from_pytorch_and_a_frame_to_pytorch(oracle: Callable[[str], ModuleType], tmp_path: Path) -> None:
    torch, pandas = oracle("torch"), oracle("pandas")
    nn = torch.nn
    torch.manual_seed(0)
    head = nn.Sequential(nn.LayerNorm(6), nn.Linear(6, 8), nn.GELU(), nn.Dropout(0.1), nn.Linear(8, 4))
    draw = np.random.default_rng(0)
    labels = np.array(["ant", "bee", "cat"])[np.arange(60) % 3]
    embeddings = draw.normal(size=(60, 6)) + 2 * np.eye(3, 6)[np.arange(60) % 3]
    frame = pandas.DataFrame(embeddings, columns=[f"e{k}" for k in range(6)])

    few = fastmlp.TransferClassifier(epochs=20, backend="numpy")
    selector = fastmlp.TransferSelectorCV(head, ["frozen", "finetune"], cv=2, repeats=1, estimator=few, random_state=0)
    best = selector.fit(frame, labels).best_estimator_
    path = fastmlp.save(best, tmp_path / "insects.safetensors")
    frame.to_csv(tmp_path / "frame.csv", index=False)

    command = [sys.executable, "-c", PREDICT, str(path), str(tmp_path / "frame.csv")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    predicted, probabilities = json.loads(done.stdout)
    assert predicted == best.predict(frame).tolist()
    assert_allclose(probabilities, best.predict_proba(frame), atol=1e-12)
    assert best.score(frame, labels) > 0.6

    module = fastmlp.to_torch(best.network_).eval()
    inputs = torch.from_numpy(frame.to_numpy().astype(best.network_.dtype.name))
    logits = fastmlp.forward(best.network_, frame.to_numpy(), backend="numpy")
    assert_allclose(module(inputs).detach().numpy(), logits, atol=1e-6)
