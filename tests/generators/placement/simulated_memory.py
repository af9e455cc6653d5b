"""The memory and the streams of GPUs that are not there: bytes of the host that are counted until PyTorch frees them.

A tensor with such bytes is handed to PyTorch as DLPack has it, so that PyTorch says when its storage is gone.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

aten = torch.ops.aten
CPU = torch.device("cpu")
META = 14
TYPES = {"cuda": 1, "mps": 13}
"""The numbers of the device types, in PyTorch's `DeviceType`."""
_DLPACK = {"cpu": 1, "cuda": 2, "mps": 8}
"""What DLPack calls them."""


# --- memory ----------------------------------------------------------------------------------------------------------


class _Device(ctypes.Structure):
    _fields_ = (("kind", ctypes.c_int), ("index", ctypes.c_int))


class _Type(ctypes.Structure):
    _fields_ = (("code", ctypes.c_uint8), ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16))


class _Array(ctypes.Structure):
    _fields_ = (
        ("data", ctypes.c_void_p),
        ("device", _Device),
        ("ndim", ctypes.c_int),
        ("dtype", _Type),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("offset", ctypes.c_uint64),
    )


class _Managed(ctypes.Structure):
    """A tensor as DLPack hands it over; PyTorch calls `free` when the last storage with its bytes is gone."""


_Free = ctypes.CFUNCTYPE(None, ctypes.POINTER(_Managed))
_Managed._fields_ = (("array", _Array), ("context", ctypes.c_void_p), ("free", _Free))
_capsule = ctypes.pythonapi.PyCapsule_New
_capsule.restype = ctypes.py_object
_capsule.argtypes = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)


@dataclass(eq=False)
class Block:
    """Bytes that PyTorch holds: of a device, or page-locked on the host.

    Attributes:
        host: The bytes, as the CPU sees them.
        size: How many of them count.
        where: Whose they are.
        stream: On which stream of the device they were taken.
        arriving: A copy to them that has not been made yet.
        readers: The streams that read them since the host last waited for these.
        recorded: The streams that the allocator was told of.
    """

    host: torch.Tensor
    size: int
    where: Memory
    stream: Stream | None = None
    arriving: Copy | None = None
    readers: set[int] = field(default_factory=set)
    recorded: set[int] = field(default_factory=set)


@dataclass(eq=False)
class Memory:
    """Memory of one kind.

    Attributes:
        name: For messages.
        size: How many bytes there are.
        used: How many are in use.
        peak: How many were in use at most since `reset`.
        freed_too_early: How many blocks were freed while a stream could still read them.
    """

    name: str
    size: int
    used: int = 0
    peak: int = 0
    freed_too_early: int = 0

    @property
    def free(self) -> int:
        """How many are not in use."""
        return self.size - self.used

    def take(self, size: int) -> None:
        """Count bytes as used.

        Raises:
            torch.OutOfMemoryError: When there are not so many.
        """
        if size > self.free:
            raise torch.OutOfMemoryError(
                f"CUDA out of memory. Tried to allocate {size} bytes. {self.name} has a total capacity of {self.size} "
                f"bytes of which {self.free} bytes are free."
            )
        self.used += size
        self.peak = max(self.peak, self.used)

    def reset(self) -> None:
        """Count the peak from now on."""
        self.peak = self.used


@dataclass
class Moved:
    """How many bytes were moved.

    Attributes:
        pinned: Onto a device, from page-locked memory.
        pageable: Onto a device, from other memory.
        back: From a device to the host.
        across: From one device to another.
    """

    pinned: int = 0
    pageable: int = 0
    back: int = 0
    across: int = 0

    @property
    def onto(self) -> int:
        """Onto a device in all."""
        return self.pinned + self.pageable


blocks: dict[int, Block] = {}
"""All blocks by the address of their bytes."""

_handed_over: dict[int, tuple[Any, ...]] = {}
"""What PyTorch has not given back yet, by its own address: kept alive, with what it is a part of."""

_KINDS = {torch.bool: 6, torch.bfloat16: 4}
"""What DLPack calls types that are neither whole, real nor complex numbers of the usual kind."""


@_Free
def _free(managed: Any) -> None:
    *_, block = _handed_over.pop(ctypes.addressof(managed.contents))
    if not isinstance(block, Block):
        return
    del blocks[block.host.data_ptr()]
    block.where.used -= block.size
    # What is taken on a stream may be given to this stream again immediately, though another still reads it.
    if block.arriving is not None or block.readers - block.recorded - {
        block.stream.stream_id if block.stream is not None else 0
    }:
        block.where.freed_too_early += 1


def hand_over(host: torch.Tensor, dtype: torch.dtype, device: torch.device, owner: Any) -> torch.Tensor:
    """A flat tensor of a type on a device, over bytes of the host; `owner` lives until its storage is gone."""
    if dtype in _KINDS:
        code = _KINDS[dtype]
    elif dtype.is_complex:
        code = 5
    elif dtype.is_floating_point:
        code = 2
    else:
        code = 0 if dtype.is_signed else 1
    shape, strides = (ctypes.c_int64 * 1)(host.numel() // dtype.itemsize), (ctypes.c_int64 * 1)(1)
    kind = _Type(code, 8 * dtype.itemsize, 1)
    where = _Device(_DLPACK[device.type], device.index or 0)
    managed = _Managed(_Array(host.data_ptr(), where, 1, kind, shape, strides, 0), None, _free)
    _handed_over[ctypes.addressof(managed)] = (managed, shape, strides, owner)
    return torch._C._from_dlpack(_capsule(ctypes.addressof(managed), b"dltensor", None))


def take(like: torch.Tensor, where: Memory, device: torch.device, stream: Stream | None = None) -> torch.Tensor:
    """A tensor with the type, shape and strides of another, new in a memory. Floats in it are not numbers."""
    size = like.numel() * like.element_size()
    where.take(size)
    host = torch.full((max(size, like.element_size()),), 0xFF, dtype=torch.uint8)
    block = blocks[host.data_ptr()] = Block(host, size, where, stream)
    return view(hand_over(host, like.dtype, device, block), like.shape, like.stride(), 0)


def view(tensor: torch.Tensor, shape: Sequence[int], strides: Sequence[int], offset: int) -> torch.Tensor:
    # The CPU's kernel, which only writes down the numbers: one for CUDA is not in every build of PyTorch.
    # A mode that is asked first would call the device's own instead.
    with torch._C.DisableTorchFunction():
        return aten.as_strided.default._op_dk(torch._C.DispatchKey.CPU, tensor, shape, strides, offset)


def block_of(tensor: torch.Tensor) -> Block | None:
    return blocks.get(tensor.untyped_storage().data_ptr())


def require_one_device(devices: set[torch.device]) -> None:
    """Refuse, as the kernels of CUDA do, to compute with tensors of two devices."""
    if len(devices) > 1:
        names = " and ".join(sorted(map(str, devices)))
        raise RuntimeError(f"Expected all tensors to be on the same device, but found at least two devices, {names}!")


def view_of(owner: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """A view of a tensor on a GPU like one that the CPU has made of its bytes."""
    if owner.dtype != value.dtype:
        block = block_of(owner)
        assert block is not None
        owner = hand_over(block.host, value.dtype, owner.device, owner)
    made = view(owner, value.shape, value.stride(), value.storage_offset())
    return torch._conj(made) if value.is_conj() != made.is_conj() else made


def device_guards() -> Any:
    """PyTorch's table of what makes a device current, by the number of its type."""
    library = ctypes.CDLL(str(Path(torch.__file__).parent / "lib" / "libc10.so"))
    return (ctypes.c_void_p * (META + 1)).in_dll(library, "_ZN3c104impl26device_guard_impl_registryE")


# --- streams ---------------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class Copy:
    """A copy to a device that a stream has yet to make."""

    block: Block
    stream: Stream
    source: torch.Tensor
    target: torch.Tensor

    def make(self) -> None:
        """Make it."""
        self.target.copy_(self.source)
        self.block.arriving = None


class Stream(torch.Stream):
    """A stream on which copies from page-locked memory are late: they are made when somebody waits for them."""

    late: list[Copy]
    _count = 0

    def __new__(cls, device: Any = None, priority: int = 0) -> Stream:
        Stream._count += 1
        index = torch.device(device).index if device is not None else None
        made = super().__new__(cls, stream_id=Stream._count, device_index=index or 0, device_type=TYPES["cuda"])
        made.late = []
        return made

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other

    def synchronize(self) -> None:
        """Make the host wait until all is done."""
        self.arrive()
        for block in list(blocks.values()):
            block.readers.discard(self.stream_id)

    def arrive(self) -> None:
        """Make the copies that are late."""
        late, self.late[:] = list(self.late), []
        for copy in late:
            copy.make()

    def wait_stream(self, stream: Stream) -> None:
        """Have this stream wait for another."""
        stream.arrive()

    def wait_event(self, event: Event) -> None:
        """Have this stream wait for an event."""
        event.wait(self)

    def record_event(self, event: Event | None = None) -> Event:
        """Mark what was asked of the stream so far."""
        event = event or Event()
        event.record(self)
        return event

    def query(self) -> bool:
        """Whether all is done."""
        return not self.late


class Event:
    """A mark in what was asked of a stream.

    Args:
        only: The stream of a device that has no others.
    """

    def __init__(self, only: Stream | None = None, **_: Any) -> None:
        self._only = only
        self._before: list[Copy] = []

    def record(self, stream: Stream | None = None) -> None:
        """Mark what was asked of a stream so far."""
        stream = stream or self._only
        assert stream is not None
        self._stream, self._before = stream, list(stream.late)

    def wait(self, stream: Stream | None = None) -> None:
        """Have a stream wait for what was asked before the mark."""
        self.synchronize()

    def synchronize(self) -> None:
        """Have the host wait for what was asked before the mark."""
        for copy in self._before:
            if copy in self._stream.late:
                self._stream.late.remove(copy)
                copy.make()
