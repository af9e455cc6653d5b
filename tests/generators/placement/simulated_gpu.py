"""GPUs that are not there: PyTorch's own CUDA device, its memory in the host's, its kernels those of the CPU.

Or its own MPS device, which has one GPU, no streams and no page-locked memory.

Tensors on it have the device `cuda:N` or `mps:0`, the dispatch keys of that device, and a storage whose bytes are
counted against a limit until PyTorch frees them. A dispatch mode stands in front of the kernels: what is asked of
tensors on one device is computed by the CPU on the same bytes, so that results are equal to the CPU's to the last bit.

It shows whether memory suffices (`torch.OutOfMemoryError`), what is moved each way and whether from page-locked
memory, tensors of two devices that meet, weights that are used before their copy on another stream has arrived, memory
that is freed while another stream may still read it, and what is left behind. docs/explanation/placement.md says what
it does not show.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, Self
from unittest import mock

import torch
from simulated_memory import (
    CPU,
    META,
    TYPES,
    Copy,
    Event,
    Memory,
    Moved,
    Stream,
    block_of,
    blocks,
    device_guards,
    require_one_device,
    take,
    view_of,
)
from torch.overrides import TorchFunctionMode
from torch.utils import _device
from torch.utils._python_dispatch import TorchDispatchMode, _disable_current_modes
from torch.utils._pytree import tree_leaves, tree_map
from transformers import modeling_utils

aten = torch.ops.aten


_INDEXED = (aten.index.Tensor, aten.index_put_.default, aten.index_put.default, aten._index_put_impl_.default)
"""Operations that take indices from the CPU, too."""


class _Kernels(TorchDispatchMode):
    """Has the CPU compute what is asked of tensors on simulated GPUs; what is asked of others passes.

    Args:
        memories: The memory of each GPU.
        page_locked: What of the host's is page-locked.
        kind: `cuda` or `mps`.
        float64: Whether they have numbers of 64 bits.
    """

    def __init__(self, memories: list[Memory], page_locked: Memory, kind: str, float64: bool) -> None:
        super().__init__()
        self.kind = kind
        self.float64 = float64
        self.memories = memories
        self.page_locked = page_locked
        self.moved = Moved()
        self.defaults = [Stream(f"cuda:{index}") for index in range(len(memories))]
        self.streams = list(self.defaults)
        self.current = 0

    def place(self, device: Any) -> torch.device:
        """A device with its number."""
        device = torch.device(device)
        return torch.device(self.kind, self.current) if device.type == self.kind and device.index is None else device

    def has(self, tensor: torch.Tensor) -> bool:
        """Whether a tensor is on a simulated GPU."""
        return tensor.device.type == self.kind

    def seen(self, tensor: torch.Tensor, *, used: bool = True) -> torch.Tensor:
        """The bytes of a tensor on a GPU, as the CPU sees them.

        Args:
            tensor: The tensor.
            used: Whether they are read or written, rather than looked at in another shape.
        """
        block = block_of(tensor)
        assert block is not None, "a tensor of a GPU that is not simulated"
        if used:
            stream = self.streams[tensor.device.index]
            if block.arriving is not None:
                if block.arriving not in stream.late:
                    raise RuntimeError("CUDA error: a tensor is used before its copy on another stream has arrived")
                stream.arrive()
            block.readers.add(stream.stream_id)
        found = torch.empty(0, dtype=tensor.dtype)
        found.set_(block.host.untyped_storage(), tensor.storage_offset(), tensor.shape, tensor.stride())
        return torch._conj(found) if tensor.is_conj() else found

    def new(self, like: torch.Tensor, index: int) -> torch.Tensor:
        """Room on a GPU for a tensor, with the same strides if these leave no holes."""
        if not self.float64 and like.dtype in (torch.float64, torch.complex128):
            raise TypeError(f"Cannot convert a tensor of {self.kind} to {like.dtype}: the device has no float64")
        like = torch.empty_like(like, device="meta")
        return take(like, self.memories[index], torch.device(self.kind, index), self.streams[index])

    def put(self, result: torch.Tensor, index: int) -> torch.Tensor:
        """What was computed, on a GPU."""
        made = self.new(result, index)
        self.seen(made, used=False).copy_(result)
        return made

    def is_pinned(self, tensor: torch.Tensor) -> bool:
        """Whether a tensor is in page-locked memory."""
        block = block_of(tensor)
        return block is not None and block.where is self.page_locked

    def _pin(self, tensor: torch.Tensor) -> torch.Tensor:
        if self.has(tensor) or self.kind != "cuda":
            raise RuntimeError(f"cannot pin '{tensor.type()}' only dense CPU tensors can be pinned")
        return take(tensor.contiguous(), self.page_locked, CPU).copy_(tensor)

    def _copy(self, target: torch.Tensor, source: torch.Tensor, late: bool) -> None:
        """Copy from one device or the host to another, and count it."""
        if self.has(target) and self.has(source):
            self.moved.across += source.nbytes
            self.seen(target).copy_(self.seen(source))
        elif self.has(source):
            self.moved.back += source.nbytes
            target.copy_(self.seen(source))
        elif not self.is_pinned(source):
            self.moved.pageable += source.nbytes
            self.seen(target).copy_(source)
        else:
            self.moved.pinned += source.nbytes
            stream = self.streams[target.device.index]
            if not late or stream in self.defaults:
                self.seen(target).copy_(source)
                return
            block = block_of(target)
            assert block is not None
            block.arriving = Copy(block, stream, source, self.seen(target, used=False))
            stream.late.append(block.arriving)

    def _to_copy(
        self, source: torch.Tensor, device: Any = None, non_blocking: bool = False, **how: Any
    ) -> torch.Tensor:
        how = {name: how[name] for name in ("dtype", "memory_format") if how.get(name) is not None}
        if how.get("dtype") == source.dtype:
            del how["dtype"]
        target = self.place(device) if device is not None else source.device
        if target == source.device:
            return self.put(aten._to_copy(self.seen(source), **how), target.index)
        # PyTorch converts on the device where the source is, and moves what comes of it.
        there = self.seen(source) if self.has(source) else source
        if how:
            there = aten._to_copy(there, **how)
        if target.type == "cpu":
            self.moved.back += there.nbytes
            return there if how else there.clone()
        made = self.new(there, target.index)
        if self.has(source):
            self.moved.across += there.nbytes
            self.seen(made).copy_(there)
        else:
            self._copy(made, there, non_blocking)
        return made

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if any(kind.__torch_dispatch__ is not torch._C._disabled_torch_dispatch_impl for kind in types):
            return NotImplemented  # quantized weights, which compute with plain tensors in their turn
        with self:
            made = func.decompose(*args, **kwargs)
        if made is not NotImplemented:
            return made
        match func:
            case aten.is_pinned.default:
                return self.is_pinned(args[0])
            case aten._pin_memory.default:
                return self._pin(args[0])
            case aten.record_stream.default:
                block = block_of(args[0])
                assert block is not None
                block.recorded.add(args[1].stream_id)
                return None
            case aten._to_copy.default if self.kind in (
                args[0].device.type,
                torch.device(kwargs.get("device") or "cpu").type,
            ):
                return self._to_copy(*args, **kwargs)
            case aten.copy_.default if args[0].device != args[1].device and args[1].device.type != "meta":
                target, source, *late = args
                if target.dtype != source.dtype or target.shape != source.shape:
                    there = self._to_copy(source, target.device, dtype=target.dtype)
                    return self.__torch_dispatch__(func, (), (target, there))
                self._copy(target, source, any(late) or kwargs.get("non_blocking", False))
                return target
        return self._compute(func, args, kwargs)

    def _compute(self, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        tensors = [each for each in tree_leaves((args, kwargs)) if isinstance(each, torch.Tensor)]
        on = {each.device for each in tensors if self.has(each)}
        asked = kwargs.get("device")
        if asked is not None and torch.device(asked).type == self.kind:
            kwargs = {**kwargs, "device": CPU}
            on = on or {self.place(asked)}
        elif not on:
            return func(*args, **kwargs)
        # Single numbers of the CPU may meet tensors of any device.
        on |= {each.device for each in tensors if each.dim() and not each.is_meta and func not in _INDEXED}
        require_one_device(on)
        index = next(each.index for each in on if each.type == self.kind)
        originals: dict[int, torch.Tensor] = {}
        owners: dict[int, torch.Tensor] = {}

        def seen(value: Any) -> Any:
            if not isinstance(value, torch.Tensor) or not self.has(value):
                return value
            found = self.seen(value, used=not func.is_view)
            originals[id(found)] = value
            owners[found.untyped_storage().data_ptr()] = value
            return found

        elsewhere = asked is not None and torch.device(asked).type != self.kind

        def put(value: Any) -> Any:
            if not isinstance(value, torch.Tensor) or elsewhere:
                return value
            if id(value) in originals:
                return originals[id(value)]
            owner = owners.get(value.untyped_storage().data_ptr())
            return self.put(value, index) if owner is None else view_of(owner, value)

        cpu_args, cpu_kwargs = tree_map(seen, (args, kwargs))
        return tree_map(put, func(*cpu_args, **cpu_kwargs))

    def attention(self, real: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
        """PyTorch's own attention, which would look for kernels of CUDA."""

        def attention(query: torch.Tensor, *others: Any, **how: Any) -> torch.Tensor:
            if not self.has(query):
                return real(query, *others, **how)
            given = [each for each in tree_leaves((query, others, how)) if isinstance(each, torch.Tensor)]
            require_one_device({each.device for each in given})
            with _disable_current_modes():
                query_there, others, how = tree_map(
                    lambda value: self.seen(value) if isinstance(value, torch.Tensor) else value, (query, others, how)
                )
                return self.put(real(query_there, *others, **how), query.device.index)

        return attention

    def by_way_of_the_cpu(self, real: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
        """A function that makes a tensor of what is none."""

        def make(data: Any, *others: Any, device: Any = None, **how: Any) -> torch.Tensor:
            if device is None or torch.device(device).type != self.kind:
                return real(data, *others, device=device, **how)
            return real(data, *others, **how).to(self.place(device))

        return make


class _Indexing(TorchFunctionMode):
    """Has the CPU make the tensor of a list of numbers by which one on a GPU is indexed, as the driver would."""

    def __init__(self, kernels: _Kernels) -> None:
        super().__init__()
        self._kernels = kernels

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func == torch.Tensor.__getitem__ and self._kernels.has(args[0]):
            index = args[1] if isinstance(args[1], tuple) else (args[1],)
            if any(isinstance(each, list) for each in index):
                args = (args[0], tuple(torch.tensor(each) if isinstance(each, list) else each for each in index))
        return func(*args, **(kwargs or {}))


class SimulatedGPUs:
    """GPUs with so many bytes of memory each, in place of the real ones while the block lasts.

    Args:
        sizes: Bytes of memory of each.
        page_lockable: Bytes of the host that can be page-locked.
        kind: `cuda` or `mps`.
        float64: Whether they have numbers of 64 bits; None for as those of that kind. Without them, `cuda` is as
            Intel's, which diffusers takes for one that has them.
    """

    def __init__(
        self, *sizes: int, page_lockable: int = 1 << 60, kind: str = "cuda", float64: bool | None = None
    ) -> None:
        self.memories = [Memory(f"GPU {index}", size) for index, size in enumerate(sizes)]
        self.page_locked = Memory("Page-locked memory", page_lockable)
        self._kernels = _Kernels(self.memories, self.page_locked, kind, kind != "mps" if float64 is None else float64)
        self._stack = contextlib.ExitStack()

    @property
    def moved(self) -> Moved:
        """How many bytes were moved since `reset`."""
        return self._kernels.moved

    @property
    def freed_too_early(self) -> int:
        """How many blocks were freed while a stream could still read them."""
        return sum(memory.freed_too_early for memory in self.memories)

    def reset(self) -> None:
        """Count peaks and bytes moved from now on."""
        self._kernels.moved = Moved()
        for memory in (*self.memories, self.page_locked):
            memory.reset()

    def _index(self, device: Any) -> int:
        return device if isinstance(device, int) else self._kernels.place(device or self._kernels.kind).index

    def _memory(self, device: Any = None) -> Memory:
        return self.memories[self._index(device)]

    @contextlib.contextmanager
    def _on(self, stream: Stream) -> Iterator[None]:
        streams, index = self._kernels.streams, stream.device.index
        before, streams[index] = streams[index], stream
        try:
            yield
        finally:
            streams[index] = before

    def _synchronize(self, device: Any = None) -> None:
        for block in list(blocks.values()):
            if block.arriving is not None:
                block.arriving.stream.arrive()
            block.readers.clear()

    def _stand_ins(self) -> dict[str, Any]:
        """What stands for functions and classes of `torch.cuda`, or of `torch.mps`."""
        kernels = self._kernels
        if kernels.kind == "mps":
            return {
                "is_available": lambda: True,
                "device_count": lambda: 1,
                "recommended_max_memory": lambda: self.memories[0].size,
                "current_allocated_memory": lambda: self.memories[0].used,
                "driver_allocated_memory": lambda: self.memories[0].used,
                "empty_cache": lambda: None,
                "synchronize": self._synchronize,
                "set_per_process_memory_fraction": lambda fraction: None,
            }
        return {
            "_lazy_init": lambda: None,
            "is_initialized": lambda: True,
            "is_available": lambda: True,
            "is_bf16_supported": lambda *_, **__: True,
            "device_count": lambda: len(self.memories),
            "current_device": lambda: kernels.current,
            "set_device": lambda device: setattr(kernels, "current", self._index(device)),
            "get_device_capability": lambda device=None: (8, 6),
            "mem_get_info": lambda device=None: (self._memory(device).free, self._memory(device).size),
            "memory_allocated": lambda device=None: self._memory(device).used,
            "memory_reserved": lambda device=None: self._memory(device).used,
            "empty_cache": lambda: None,
            "synchronize": self._synchronize,
            "set_per_process_memory_fraction": lambda fraction, device=None: None,
            "Stream": Stream,
            "Event": Event,
            "stream": self._on,
            "current_stream": lambda device=None: kernels.streams[self._index(device)],
            "default_stream": lambda device=None: kernels.defaults[self._index(device)],
        }

    def __enter__(self) -> Self:
        def patch(where: Any, name: str, value: Any) -> None:
            self._stack.enter_context(mock.patch.object(where, name, value))

        # It remembers the functions that take a default device: asked for the first time now, those that stand in for
        # some of them, and never the real ones again.
        _device._device_constructors()
        kernels, functional = self._kernels, torch.nn.functional
        for name, value in self._stand_ins().items():
            patch(getattr(torch, kernels.kind), name, value)
        patch(torch.backends.mps, "is_available", lambda: kernels.kind == "mps")
        patch(torch.backends.mps, "is_macos_or_newer", lambda major, minor: kernels.kind == "mps")
        if kernels.kind == "mps":
            patch(torch, "Event", lambda **_: Event(kernels.defaults[0]))
        patch(torch.accelerator, "is_available", lambda: True)
        patch(torch.accelerator, "current_accelerator", lambda *_, **__: torch.device(kernels.kind, kernels.current))
        patch(functional, "scaled_dot_product_attention", kernels.attention(functional.scaled_dot_product_attention))
        for name in ("tensor", "as_tensor", "asarray"):
            patch(torch, name, kernels.by_way_of_the_cpu(getattr(torch, name)))
        # There is no cache of an allocator to be warmed up.
        patch(modeling_utils, "caching_allocator_warmup", lambda *_: None)
        # Modes belong to a thread, so weights must not be loaded in others.
        self._stack.enter_context(mock.patch.dict("os.environ", HF_DEACTIVATE_ASYNC_LOAD="1"))
        # With what the type `meta` has, to make a device current does nothing, rather than to ask the driver.
        guards = device_guards()
        number = TYPES[kernels.kind]
        self._stack.callback(guards.__setitem__, number, guards[number])
        guards[number] = guards[META]
        self._stack.enter_context(kernels)
        self._stack.enter_context(_Indexing(kernels))
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()
