"""Which strategies are the same on a network: a probe of the last hidden layer is a frozen body, for example."""

from __future__ import annotations

from dataclasses import replace

from .spec import Phase, Strategy


def plainest(strategy: Strategy, hidden: int) -> Strategy:
    """Return a strategy in its plainest form for a network with so many hidden layers.

    Two strategies with the same plainest form do the same there, to the bit. Copying or keeping all layers says
    nothing, and a body of which every layer is frozen is one that does not move.

    Examples
    --------
    >>> from fastmlp.strategies import get_strategy
    >>> plainest(get_strategy("probe-2"), 2) == get_strategy("frozen"), plainest(get_strategy("probe-2"), 3).layers
    (True, 2)
    """
    if strategy.start is None or strategy.refusal_of_depth(hidden):
        return strategy
    if strategy.layers == hidden:
        strategy = replace(strategy, layers=None, cut=False)
    depth = strategy.layers if strategy.cut and strategy.layers else hidden
    return replace(strategy, phases=tuple(_plainest_phase(phase, depth) for phase in strategy.phases))


def _plainest_phase(phase: Phase, hidden: int) -> Phase:
    """Return a phase whose body is all frozen as one that trains the head alone."""
    if phase.frozen < hidden:
        return phase
    return Phase(head=phase.head, body=0, share=phase.share, patience=phase.patience)
