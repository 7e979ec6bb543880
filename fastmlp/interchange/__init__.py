"""Networks in and out: files of models, and networks of other libraries.

A file is written and read here as a state, see `fastmlp.state`; which classes there are is the business of
`fastmlp.models`. Other libraries are imported inside functions, and are no requirement of anything else.
"""

from __future__ import annotations

from .onnx_models import to_onnx as to_onnx
from .sklearn_models import from_sklearn as from_sklearn
from .sklearn_models import to_sklearn as to_sklearn
from .torch_models import from_torch as from_torch
from .torch_models import to_torch as to_torch
