"""Has a pipeline compute in 32 bits what it would in 64 on a GPU that has no float64.

Diffusers takes float64 for the positions of some transformers, and asks only Apple's GPUs by name whether they have it:
not Intel's, of which many have none either, and not everywhere Apple's. What is done here does not depend on the model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
from torch.overrides import TorchFunctionMode

from spectacle.generators.placement import backends

_NARROW = {torch.float64: torch.float32, torch.complex128: torch.complex64}
_WIDE_ARRAYS = {np.dtype(np.float64): torch.float32, np.dtype(np.complex128): torch.complex64}
_FROM_DATA = (torch.tensor, torch.as_tensor, torch.asarray)


def within_precision(device: torch.device) -> AbstractContextManager[object]:
    """Nothing where a device has float64; where not, what is asked for in 64 bits there is computed in 32."""
    if backends.of(device.type).has_float64(device.index or 0):
        return nullcontext()
    return SinglePrecision(device.type)


class SinglePrecision(TorchFunctionMode):
    """Turns float64 into float32 on devices of a kind, and complex numbers likewise; what is on others stays.

    Args:
        kind: Torch's name of the kind of device.
    """

    def __init__(self, kind: str) -> None:
        super().__init__()
        self._kind = kind

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        given = dict(kwargs or {})
        if func is torch.Tensor.double and self._is_there(args, given):
            return args[0].float()
        values = (*args, *given.values())
        if any(isinstance(each, torch.dtype) and each in _NARROW for each in values):
            if self._is_there(args, given):
                args = tuple(map(_narrow, args))
                given = {name: _narrow(each) for name, each in given.items()}
        elif func is torch.Tensor.to and args[0].dtype in _NARROW and self._is_there(args, given):
            args = (args[0].to(_NARROW[args[0].dtype]), *args[1:])
        elif func in _FROM_DATA and given.get("dtype") is None and self._is_there(args, given):
            given["dtype"] = _of_data(getattr(args[0], "dtype", None))
        return func(*args, **given)

    def _is_there(self, args: tuple[Any, ...], given: Mapping[str, Any]) -> bool:
        """Whether a function makes a tensor on such a device: the one that it names, or else that of its tensors."""
        return next(self._devices(args, given), "") == self._kind

    def _devices(self, args: tuple[Any, ...], given: Mapping[str, Any]) -> Iterator[str]:
        values = (*args, *given.values())
        for each in values:
            if isinstance(each, torch.device):
                yield each.type
            elif isinstance(each, str):
                yield each.partition(":")[0]
        for each in values:
            if isinstance(each, torch.Tensor):
                yield each.device.type


def _of_data(dtype: Any) -> torch.dtype | None:
    """What a tensor of data of a type is made of, None for what it would be made of anyway."""
    return _WIDE_ARRAYS.get(dtype) if isinstance(dtype, np.dtype) else _NARROW.get(dtype)


def _narrow(value: Any) -> Any:
    return _NARROW.get(value, value) if isinstance(value, torch.dtype) else value
