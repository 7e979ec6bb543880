"""Where stages are computed: weights go to a device for as long as it computes, and come back to their own memory."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..backends.torch import import_torch
from ..checks import check_name
from ..errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

HOST, GPU = "cpu", "cuda"
DEVICES = (HOST, GPU, "auto")


def device_of(name: str) -> str:
    """Return the device that a name stands for: ``auto`` is a GPU if there is one.

    Raises
    ------
    UnknownName, InvalidInput
        If there is no such name, or no GPU that PyTorch can use.
    """
    check_name("device", name, DEVICES)
    cuda = import_torch().cuda
    if name == HOST or (name != GPU and not cuda.is_available()):
        return HOST
    if not cuda.is_available():
        why = "this build of PyTorch is for CPUs" if import_torch().version.cuda is None else "PyTorch finds no GPU"
        raise InvalidInput(f"device is {GPU!r}, and {why}; {HOST!r} computes here")
    return GPU


def is_host(device: str) -> bool:
    """Whether a device's memory is the host's, so that nothing need be brought there."""
    return device == HOST


def wait_for(device: str) -> None:
    """Wait until a device has computed what it was given."""
    if device == GPU:
        import_torch().cuda.synchronize()


@contextmanager
def placed(tensors: Iterable[Any], device: str) -> Iterator[None]:
    """Let tensors lie on a device within the block; after it their own memory holds what they became there.

    Within it cuDNN multiplies floats in full, and not in the 10 bits of TF32, and sums in the same order each time, so
    that a training has the same bits again.
    """
    if is_host(device):
        yield
        return
    each = list({id(one): one for one in tensors}.values())
    own = [one.data for one in each]
    try:
        for one in each:
            one.data = one.data.to(device, copy=True)
        with import_torch().backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False):
            yield
    finally:
        for one, memory in zip(each, own, strict=True):
            if one.data is not memory:
                memory.copy_(one.data)
                one.data, one.grad = memory, None


def moved(value: Any, device: str) -> Any:
    """Return a tensor, or a tuple of them, on a device."""
    return tuple(part.to(device) for part in value) if isinstance(value, tuple) else value.to(device)


@contextmanager
def own_randomness(seed: int, state: list[Any], device: str) -> Iterator[None]:
    """Let PyTorch draw what a seed says, going on from `state`, and leave its own generators as they are.

    Parameters
    ----------
    seed
        Where to begin, if `state` is empty.
    state
        Of the generators, that of a GPU last, at the end of the block before; it is set at the end of this one.
    device
        Which computes.
    """
    torch = import_torch()
    gpus = [torch.cuda.current_device()] if device == GPU else []
    with torch.random.fork_rng(devices=gpus):
        if not state:
            torch.default_generator.manual_seed(seed)
            for gpu in gpus:
                torch.cuda.default_generators[gpu].manual_seed(seed)
        else:
            torch.random.set_rng_state(state[0])
            for gpu, one in zip(gpus, state[1:], strict=True):
                torch.cuda.set_rng_state(one, gpu)
        yield
        state[:] = [torch.random.get_rng_state(), *map(torch.cuda.get_rng_state, gpus)]
