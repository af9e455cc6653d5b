"""What torch can do on each kind of device, and how it is asked there: what differs between them is in this module.

Imports torch only when a device is asked. Intel's and Apple's GPUs are written down from torch's documentation and
source; nothing here was run on one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from spectacle.generators.placement.torch_build import torch_build

Kind = Literal["cpu", "cuda", "xpu", "mps"]
"""A kind of device by torch's name: `cuda` is NVIDIA's GPUs and AMD's, `xpu` Intel's, `mps` Apple's."""

COMPILING = "compile"
"""What stands for torch.compile in what a kind of device lacks; quantizations stand for themselves."""

FLOAT64 = "float64"
"""What stands for numbers of 64 bits there."""

_AMD_TOOLS = "amd-smi or rocm-smi"
"""The programs that tell of AMD's GPUs, whose torch calls them `cuda`, too: rocm-smi is the older one."""


@dataclass(frozen=True, slots=True)
class Memory:
    """The memory of a GPU.

    Attributes:
        free: Bytes that this process may still take; what torch has cached and does not use counts as free.
        total: Bytes that there are.
        used: Bytes of this process's tensors.
        unified: Whether it is the host's memory.
    """

    free: int
    total: int
    used: int
    unified: bool = False


@dataclass(frozen=True)
class Backend:
    """A kind of device; as it is, one that torch asks as it asks those of `torch.cuda`.

    Attributes:
        kind: Its name.
        streams: Whether it copies from page-locked memory while it computes.
        lacks: Why it lacks what others have, a clause each: a quantization, `COMPILING` or `FLOAT64`.
        tool: The program that tells of its GPUs, where there is one.
        failures: A regular expression for the messages of errors that come from the device or its driver.
    """

    kind: Kind
    streams: bool = False
    lacks: Mapping[str, str] = field(default_factory=dict)
    tool: str = ""
    failures: str = ""

    @property
    def remedy(self) -> str:
        """The sentence that says how to see why a device cannot be used; empty where nothing is known."""
        amd = self.kind == "cuda" and torch_build().startswith("rocm")
        tool = _AMD_TOOLS if amd else self.tool
        return f"Run {tool} to see why." if tool else ""

    @property
    def _module(self) -> Any:
        import torch

        return getattr(torch, self.kind)

    def make_current(self, index: int) -> None:
        """Have torch use this GPU where none is named."""
        self._module.set_device(index)

    def current(self) -> int:
        """The number of the GPU that torch uses where none is named."""
        return int(self._module.current_device())

    def is_available(self) -> bool:
        """Whether torch finds a GPU of this kind."""
        return bool(self._module.is_available())

    def multiplies_bf16(self, index: int) -> bool:
        """Whether a GPU multiplies bf16 matrices in hardware."""
        # Compute capability 8.0 is the first that does; AMD's GPUs tell numbers of their own, which are higher.
        return bool(self._module.get_device_capability(index) >= (8, 0))

    def has_float64(self, index: int) -> bool:
        """Whether a device computes with numbers of 64 bits."""
        return FLOAT64 not in self.lacks

    def memory(self, index: int) -> Memory:
        """The memory of a GPU."""
        free, total = self._module.mem_get_info(index)
        used = self._module.memory_allocated(index)
        return Memory(free + self._module.memory_reserved(index) - used, total, used)

    def hold_to(self, part: float, index: int) -> None:
        """Have torch raise an error rather than take more than a part (0 to 1] of the memory of a GPU."""
        self._module.set_per_process_memory_fraction(part, index)

    def reserved(self, index: int) -> int:
        """Bytes of a GPU that torch has taken, with what it has cached; 0 before it is used."""
        return int(self._module.memory_reserved(index)) if self._module.is_initialized() else 0

    def empty_cache(self) -> None:
        """Give back what torch has cached."""
        if self.kind != "cpu":
            self._module.empty_cache()


class _Intel(Backend):
    """Intel's GPUs."""

    def multiplies_bf16(self, index: int) -> bool:
        return bool(self._module.get_device_properties(index).has_bfloat16_conversions)

    def has_float64(self, index: int) -> bool:
        return bool(self._module.get_device_properties(index).has_fp64)

    def memory(self, index: int) -> Memory:
        properties = self._module.get_device_properties(index)
        used, reserved = self._module.memory_allocated(index), self._module.memory_reserved(index)
        try:
            free, total = self._module.mem_get_info(index)
        except RuntimeError:
            # Integrated ones, and drivers in WSL2, do not say how much is free (pytorch/pytorch#164429).
            free, total = properties.total_memory - reserved, properties.total_memory
        return Memory(free + reserved - used, total, used, bool(properties.is_integrated_gpu))


class _Apple(Backend):
    """The GPU of a Mac with an Apple chip: there is one, and its memory is the host's."""

    def make_current(self, index: int) -> None:
        pass

    def current(self) -> int:
        return 0

    def multiplies_bf16(self, index: int) -> bool:
        import torch

        return bool(torch.backends.mps.is_macos_or_newer(14, 0))

    def memory(self, index: int) -> Memory:
        total, used = self._module.recommended_max_memory(), self._module.current_allocated_memory()
        return Memory(total - used, total, used, unified=True)

    def hold_to(self, part: float, index: int) -> None:
        self._module.set_per_process_memory_fraction(part)

    def reserved(self, index: int) -> int:
        return int(self._module.driver_allocated_memory())


_ALL: tuple[Backend, ...] = (
    Backend("cpu"),
    Backend("cuda", streams=True, tool="nvidia-smi", failures=r"^(CUDA|HIP) error:"),
    _Intel(
        "xpu",
        streams=True,
        lacks={FLOAT64: "many Intel GPUs have no float64"},
        tool="xpu-smi",
        failures=r"\blevel_zero backend failed with error:",
    ),
    _Apple(
        "mps",
        lacks={
            "nf4": "bitsandbytes brings no kernels for Apple GPUs",
            COMPILING: "torch.compile is a prototype on Apple GPUs",
            FLOAT64: "Apple GPUs have no float64",
        },
        failures=r"^MPS backend out of memory",
    ),
)
_BY_KIND = {each.kind: each for each in _ALL}

_FAILURES = re.compile("|".join(each.failures for each in _ALL if each.failures))
_MEMORY = re.compile(r"out.of.(device.|host.)?memory", re.IGNORECASE)


def of(kind: str) -> Backend:
    """What is known of a kind of device.

    Raises:
        KeyError: When there is no such kind.
    """
    return _BY_KIND[kind]  # type: ignore[index]


def has_gpu_for(quantization: str) -> bool:
    """Whether torch finds a GPU that computes with weights in this form."""
    return any(each.is_available() for each in _ALL if each.kind != "cpu" and quantization not in each.lacks)


def is_device_failure(error: Exception) -> bool:
    """Whether an error comes from a device or its driver, which may be out of memory or lost."""
    return _is_of_torch(error, "AcceleratorError") or _FAILURES.search(str(error)) is not None


def is_out_of_memory(error: Exception) -> bool:
    """Whether an error says that the host's or a device's memory did not suffice, in whatever words it does."""
    if isinstance(error, MemoryError) or _is_of_torch(error, "OutOfMemoryError"):
        return True
    return is_device_failure(error) and _MEMORY.search(str(error)) is not None


def _is_of_torch(error: Exception, name: str) -> bool:
    """Whether an error is torch's of that name: torch is not imported for the question."""
    kind = type(error)
    return kind.__module__.partition(".")[0] == "torch" and kind.__name__ == name
