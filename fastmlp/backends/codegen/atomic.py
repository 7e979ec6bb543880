"""What threads that share memory need of the processor: a counter that all may raise, and a pause between two looks."""

from __future__ import annotations

import os
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

PAUSES = {"x86": "llvm.x86.sse2.pause"}  # by the beginning of the processor's name

# Of the C library, where it has them: let others run that wait for this core, and sleep for so many microseconds
IS_POSIX = os.name == "posix"
sched_yield: Any = types.ExternalFunction("sched_yield", types.int32()) if IS_POSIX else None
usleep: Any = types.ExternalFunction("usleep", types.int32(types.uint32)) if IS_POSIX else None


def _place(builder: Any, context: Any, kind: Any, value: Any, index: Any) -> Any:
    return builder.gep(context.make_array(kind)(context, builder, value).data, [index])


def _raise_counter(_typing: Any, counters: Any, index: Any) -> Any:
    """Add 1, as one step that no other thread comes between; what was written before is seen by who reads the sum."""

    def generate(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        pointer = _place(builder, context, counters, *values)
        builder.atomic_rmw("add", pointer, ir.Constant(ir.IntType(64), 1), "acq_rel")
        return context.get_dummy_value()

    return types.void(counters, index), generate


def _read_counter(_typing: Any, counters: Any, index: Any) -> Any:
    """Read a number that other threads raise; what they wrote before is seen after."""

    def generate(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return builder.load_atomic(_place(builder, context, counters, *values), "acquire", 8)

    return types.int64(counters, index), generate


def _pause(_typing: Any) -> Any:
    """Tell the processor that this is a loop that waits."""

    def generate(context: Any, builder: Any, _signature: Any, _values: Any) -> Any:
        name = next((name for start, name in PAUSES.items() if builder.module.triple.startswith(start)), None)
        if name:
            kind = ir.FunctionType(ir.VoidType(), [])
            builder.call(builder.module.globals.get(name) or ir.Function(builder.module, kind, name), [])
        return context.get_dummy_value()

    return types.void(), generate


raise_counter: Any = intrinsic(_raise_counter)
read_counter: Any = intrinsic(_read_counter)
pause: Any = intrinsic(_pause)
