"""Inject a slowdown of known size into a copy of the sources, to test the gate.

The package itself has no such switch. A build of the head does if `VARIABLE` is set in the environment, to the share of
the work that is done twice: ``FASTMLP_GATE_EXTRA_WORK=0.05 python -m bench gate --base HEAD``.

The size is counted, not tuned: that share of the updates of every training call is computed twice, by the same loop of
the same kernel, on a copy of the parameters; and that share of the rows of every prediction. A fraction of an update is
carried over to the next call. The results stay the same bits.
"""

from __future__ import annotations

from pathlib import Path

VARIABLE = "FASTMLP_GATE_EXTRA_WORK"

# In engine.train the first `extra` turns are updates that are done on a copy, and then once more where they count.
ENGINE = (
    (
        "ends: int, team: Ints, thread: int, threads: int,\n",
        "ends: int, team: Ints, thread: int, threads: int, copy, spare_losses, extra,\n",
    ),
    (
        "    for s in range(first, last):\n",
        """\
    real_parameters, real_losses = parameters, losses
    for i in range(parameters.size):
        copy[i] = parameters[i]
    for turn in range(first - extra, last):
        s = turn + extra if turn < first else turn
        parameters = copy if turn < first else real_parameters
        losses = spare_losses if turn < first else real_losses
""",
    ),
    ("    if ends or done < last", "    parameters = real_parameters\n    if ends or done < last"),
)
ADDED = """

_engine, _owed, _copies = engine, {"updates": 0.0, "rows": 0.0}, {}
_names = engine.train.py_func.__code__.co_varnames


def _extra(kind, count):
    _owed[kind] += SHARE * count
    extra = int(_owed[kind] + 1e-9)
    _owed[kind] -= extra
    return extra


class engine:
    @staticmethod
    def train(*arguments):
        given = dict(zip(_names, arguments))
        parameters, updates = given["parameters"], given["last"] - given["first"]
        key = parameters.shape, parameters.dtype
        if key not in _copies:
            (_copies[key],) = allocate(parameters.dtype, parameters.size)
        extra = _extra("updates", updates) if given["threads"] == 1 else 0
        return _engine.train(*arguments, _copies[key], given["losses"].copy(), extra)

    @staticmethod
    def predict(*arguments):
        *rest, x, depth, batch, result, begins, team = arguments
        if extra := _extra("rows", len(x)):
            _engine.predict(*rest, x[:extra], depth, batch, np.empty_like(result), begins, team)
        return _engine.predict(*arguments)
"""


class ExtraWorkError(Exception):
    """The share is invalid, or the sources are not those that the extra work was written for."""


def share_of(text: str) -> float:
    """Read the share of the work to do twice, in [0, 1]; an empty text is 0.

    Raises
    ------
    ExtraWorkError
        If it is not such a number.
    """
    try:
        share = float(text or 0)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise ExtraWorkError(f"{VARIABLE} is the share of the work to be done twice, from 0 to 1: {text!r}")
    return share


def slow_down(package: Path, share: float) -> None:
    """Rewrite a copy of the package so that it does a share of its kernels' work twice.

    Raises
    ------
    ExtraWorkError
        If the kernels have changed, so that this file must change too.
    """
    engine, compiled = (package / "backends" / name for name in ("kernels/engine.py", "compiled.py"))
    before, start, rest = engine.read_text().partition("@entry\ndef train(\n")
    body, end, after = rest.partition("\n\n\n@kernel\n")
    engine.write_text(before + start + replaced(body, ENGINE) + end + after)
    compiled.write_text(compiled.read_text() + ADDED.replace("SHARE", repr(share)))


def replaced(text: str, changes: tuple[tuple[str, str], ...]) -> str:
    """Make each change at the only place where its text occurs."""
    for old, new in changes:
        if text.count(old) != 1:
            raise ExtraWorkError(f"{old!r} is there {text.count(old)} times")
        text = text.replace(old, new)
    return text
