"""Time one pass through the network, forward and back, on examples already in memory."""

from __future__ import annotations

from .common import BACKENDS, CASES, forward, gradient, ready


class Passes:
    """All the examples of a case at once."""

    params = (BACKENDS, list(CASES))
    param_names = ("backend", "case")

    def setup(self, backend: str, case: str) -> None:
        self.forward = ready(forward, CASES[case], backend)
        self.gradient = ready(gradient, CASES[case], backend)

    def time_forward(self, backend: str, case: str) -> None:
        self.forward()

    def time_backward(self, backend: str, case: str) -> None:
        self.gradient()
