"""The built-in strategies, one row each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from .spec import Phase, Strategy

# Fine-tuning moves weights that are already good, so it takes smaller steps: 0.4 times 0.05 is the lab's 0.02.
SMALLER = 0.4
FINETUNE = Phase(head=SMALLER, body=SMALLER)
HEAD_ONLY = Phase(body=0)
# Both factors of a product move, and a step of one is multiplied by the other: at finetune's rate some diverge.
WITHIN = Phase(head=SMALLER, body=SMALLER / 4)

STRATEGIES: Mapping[str, Strategy] = MappingProxyType(
    {
        "baseline": Strategy(None, scaler="target"),
        "baseline-source-scaler": Strategy(None),
        "scratch": Strategy("random", (Phase(),), scaler="target"),
        "scratch-source-scaler": Strategy("random", (Phase(),)),
        "frozen": Strategy("pretrained", (HEAD_ONLY,)),
        "finetune": Strategy("pretrained", (FINETUNE,)),
        # Where source and target have the same classes: the source's own head, kept, and used without any label
        "keep-head": Strategy("pretrained", (FINETUNE,), head="source"),
        "zero-shot": Strategy("pretrained", head="source"),
        "partial-1": Strategy("pretrained", (replace(FINETUNE, frozen=1),)),
        "probe-1": Strategy("pretrained", (HEAD_ONLY,), layers=1, cut=True),
        "transfuse-1": Strategy("pretrained", (Phase(),), layers=1),
        # Howard & Ruder 2018, arXiv 1801.06146, sections 3.2 and 3.3
        "discriminative": Strategy("pretrained", (replace(FINETUNE, divisor=2.6),)),
        "gradual": Strategy("pretrained", (FINETUNE,), unfreeze="schedule"),
        "plateau": Strategy("pretrained", (FINETUNE,), unfreeze="plateau", held_back=0.2),
        # Kumar et al. 2022, arXiv 2202.10054
        "lp-ft": Strategy("pretrained", (replace(HEAD_ONLY, share=0.5), replace(FINETUNE, share=0.5))),
        # Li et al. 2018, arXiv 1802.01483, eq. 3; their grid of strengths goes from 0.001 to 1
        "l2-sp": Strategy("pretrained", (replace(FINETUNE, pull=0.1),)),
        # Hu et al. 2021, arXiv 2106.09685
        "lora-4": Strategy("pretrained", (replace(WITHIN, rank=4),)),
        # Ben Zaken et al. 2022, arXiv 2106.10199
        "bitfit": Strategy("pretrained", (replace(HEAD_ONLY, biases=1.0),)),
        "random-frozen": Strategy("random", (HEAD_ONLY,)),
        # Raghu et al. 2019, arXiv 1902.07208, section 5
        "meanvar": Strategy("meanvar", (Phase(),)),
    }
)
