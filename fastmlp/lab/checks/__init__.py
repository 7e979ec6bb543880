"""What is checked of each task: properties, and comparisons with the reference, on data drawn anew each time.

A check takes the student's functions and a generator, and raises `Mistake` at the first fault. No answer is stored.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import TYPE_CHECKING

from ..student import Student
from .baseline import check_baseline
from .comparison import check_compare
from .network import check_accuracy, check_forward, check_gradient, check_init
from .pretraining import check_pretrain
from .scaler import check_scaler
from .scratch import check_scratch
from .split import check_split
from .training import check_training
from .transfer import check_finetune, check_frozen

if TYPE_CHECKING:
    import numpy as np

    Check = Callable[[Student, np.random.Generator], None]

CHECKS: MappingProxyType[int, tuple[Check, ...]] = MappingProxyType(
    {
        1: (check_split, check_scaler),
        2: (check_baseline,),
        3: (check_init, check_forward, check_gradient, check_accuracy, check_training),
        4: (check_scratch,),
        5: (check_pretrain,),
        6: (check_frozen, check_finetune, check_compare),
    }
)
FUNCTIONS = MappingProxyType(
    {
        1: ("split", "fit_scaler", "apply_scaler"),
        2: ("baseline",),
        3: ("init_mlp", "forward", "loss_and_gradient", "accuracy", "train_mlp"),
        4: ("scratch",),
        5: ("pretrain",),
        6: ("new_head", "frozen", "finetune", "compare"),
    }
)
