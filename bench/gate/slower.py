"""Extra work put into a copy of the sources, so that the gate can be shown a build whose slowdown is known.

The package itself has no such switch. A build of the head does, when it is made with `VARIABLE` in the environment,
which says what share of the work is done twice: ``FASTMLP_GATE_EXTRA_WORK=0.05 python -m bench gate --base HEAD``.

The size is counted, not tuned: of every training call that share of its updates is computed once more, by the same
compiled kernel, on a copy of the parameters; of every prediction that share of its rows. What a call leaves owing, as
1.6 of 32 updates cannot be computed, the next one adds. The results stay the same bits.
"""

from __future__ import annotations

from pathlib import Path

VARIABLE = "FASTMLP_GATE_EXTRA_WORK"
INSERTED = '''
from . import engine as _engine


class _Slower:
    """The engine, which does a share of its work twice."""

    owed = {"updates": 0.0, "rows": 0.0}

    def more(self, kind, count):
        self.owed[kind] += SHARE * count
        extra = int(self.owed[kind] + 1e-9)
        self.owed[kind] -= extra
        return extra

    def train(self, parameters, *rest):
        *rest, losses, first, last = rest
        extra = self.more("updates", last - first)
        if extra:
            (copy,) = carve(parameters.dtype, parameters.size)
            copy[:] = parameters.ravel()
            _engine.train(copy.reshape(parameters.shape), *rest, losses.copy(), first, first + extra)
        return _engine.train(parameters, *rest, losses, first, last)

    def predict(self, *arguments):
        *rest, x, depth, batch, result = arguments
        extra = self.more("rows", len(x))
        if extra:
            _engine.predict(*rest, x[:extra], depth, batch, np.empty_like(result[:extra]))
        return _engine.predict(*arguments)


engine = _Slower()
'''


def slow_down(package: Path, share: float) -> None:
    """Rewrite a copy of the package so that it does a share of its kernels' work twice.

    Raises
    ------
    ValueError
        If the share is not in (0, 1].
    """
    if not 0 < share <= 1:
        raise ValueError(f"{VARIABLE} is the share of the work to be done twice, in (0, 1]: {share}")
    with (package / "backends" / "compiled.py").open("a", encoding="utf-8") as file:
        file.write(INSERTED.replace("SHARE", repr(share)))
