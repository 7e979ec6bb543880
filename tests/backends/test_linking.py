"""Kernels are linked into entries: what becomes of their code."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

numba: Any = pytest.importorskip("numba")
if numba.config.DISABLE_JIT:
    pytest.skip("nothing is compiled", allow_module_level=True)

from fastmlp.backends import jit  # noqa: E402


@jit.kernel
def twice(x: float) -> float:
    return 2 * x


@jit.product
def fill(numbers: Any, unread: Any, number: float) -> None:
    for i in range(numbers.size):
        numbers[i] = twice(number)


@jit.uncached_entry
def entry(numbers: Any, number: float) -> float:
    fill(numbers, numbers, number)
    return twice(number)


@pytest.fixture(scope="module")
def compiled() -> Any:
    numbers = np.zeros(3)
    assert entry(numbers, 4.0) == 8
    assert numbers.tolist() == [8, 8, 8]
    return entry.overloads[entry.signatures[0]]


@pytest.mark.usefixtures("compiled")
@pytest.mark.parametrize("kernel", [twice, fill])
def test_a_kernel_has_no_machine_code_of_its_own(kernel: Any) -> None:
    [overload] = kernel.overloads.values()
    assert overload.library.get_pointer_to_function(overload.fndesc.llvm_func_name) == 0
    with pytest.raises(RuntimeError, match="no compiled object"):
        overload.library.serialize_using_object_code()


def test_a_kernel_dissolves_in_its_entry_and_a_product_does_not(compiled: Any) -> None:
    text = compiled.library.get_asm_str()
    labels = [line for line in text.splitlines() if line.startswith("_Z") and line.endswith(":")]
    assert [line for line in labels if "fill" in line]
    assert not [line for line in labels if "twice" in line]


def test_a_product_is_not_given_what_it_does_not_read(compiled: Any) -> None:
    [line] = [line for line in compiled.library.get_llvm_str().splitlines() if "define" in line and "fill" in line]
    assert line.startswith("define internal")
    inputs = line[line.index("(") :].count("%")
    assert inputs < 7, line  # two arrays are 14 numbers


@pytest.mark.usefixtures("compiled")
def test_what_a_product_calls_may_be_inlined_into_it() -> None:
    [overload] = fill.overloads.values()
    code = overload.library._final_module
    marked = {function.name for function in code.functions if b"noinline" in b" ".join(function.attributes)}
    assert [name for name in marked if "fill" in name]
    assert not [name for name in marked if "twice" in name]


@pytest.mark.usefixtures("compiled")
def test_a_function_that_is_private_in_an_entry_can_be_called_elsewhere() -> None:
    """Without names of their own, private functions were found for others, at no address."""

    @numba.njit
    def elsewhere(numbers: Any) -> None:
        fill(numbers, numbers, 3.0)

    numbers = np.zeros(2)
    elsewhere(numbers)
    assert numbers.tolist() == [6, 6]
