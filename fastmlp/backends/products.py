"""The products of a training step: vector code where it can be built, plain loops otherwise."""

from __future__ import annotations

from .plain import UNIT_BYTES as UNIT_BYTES
from .plain import affine as affine
from .plain import descend as descend
from .plain import descend_bias as descend_bias
from .plain import pull_back as pull_back
from .plain import turn as turn
