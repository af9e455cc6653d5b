"""The tensors of a safetensors or GGUF file: what its header says of them, and their numbers, dequantized.

Of quantized safetensors files, those are read that ComfyUI's QUANTIZATION.md calls `float8_e4m3fn`, and their older
form: a matrix in fp8 with a scale next to it. What else is there, is for kernels that compute in fp8, and is not
needed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from spectacle.errors import GeneratorError
from spectacle.generators.placement.files import TensorInfo, read_header

if TYPE_CHECKING:
    import torch

AGAIN = "Download the file again"
"""What to do about a file that is damaged."""

_SCALES = ("scale_weight", "weight_scale")
"""What the scale of a matrix is called, in files made before and after October 2025."""

_BESIDE = ("scale_input", "input_scale", "comfy_quant")
"""What else is stored with a matrix: scales of what is multiplied with it, and in which format it is."""

_MARKERS = ("scaled_fp8", "__index_timestep_zero__")
"""Empty tensors whose names alone say something: that matrices have scales, that a model is Qwen-Image-Edit-2511."""

_FP8 = ("F8_E4M3", "F8_E5M2")
_PLAIN = ("F64", "F32", "F16", "BF16", *_FP8)
_PREFIXES = ("model.diffusion_model.", "diffusion_model.")
"""What ComfyUI and others put before the names of a diffusion model."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A tensor of a file.

    Attributes:
        key: Its name in the file.
        info: What the header says; of a matrix with a scale, as if it were stored in bf16.
        scale: Name of its scale, or None.
    """

    key: str
    info: TensorInfo
    scale: str | None = None


class Opened(Protocol):
    """A file that is open."""

    def read(self, name: str, dtype: torch.dtype) -> torch.Tensor:
        """A tensor by its name without prefix. Its numbers stay in the file where they can be used as they are."""


def entries(file: Path, prefix: str = "") -> Mapping[str, Entry]:
    """The tensors of a file by name, without the prefix that they all have.

    Args:
        file: A safetensors or GGUF file.
        prefix: Of which tensors, in a file of several models.

    Raises:
        GeneratorError: When it is missing, truncated, of neither format, or quantized in a way that cannot be read; the
            message names the file and the tensor.
    """
    if not file.is_file():
        raise GeneratorError(f"{file}: missing. Put the file there, or correct [weights.parts] in the configuration.")
    return _gguf_entries(file) if file.suffix == ".gguf" else _safetensors_entries(file, prefix)


@contextmanager
def opened(file: Path, found: Mapping[str, Entry]) -> Iterator[Opened]:
    """Open a file to read the tensors that `entries` has found in it."""
    if file.suffix == ".gguf":
        yield _Gguf(file)
        return
    from safetensors import safe_open

    with safe_open(file, "pt") as tensors:
        yield _Safetensors(file, tensors, found)


def _safetensors_entries(file: Path, prefix: str) -> Mapping[str, Entry]:
    try:
        header = read_header(file)
    except GeneratorError as error:
        raise GeneratorError(f"{error.message.split(' Run `')[0]} {AGAIN}.") from None
    keys: Mapping[str, str] = {key.removeprefix(prefix): key for key in header if key.startswith(prefix)}
    keys = keys if prefix else _without_prefix(keys)
    named, marked = _named_in_metadata(file), "scaled_fp8" in keys
    found = {}
    for name, key in keys.items():
        base, _, leaf = name.rpartition(".")
        if name in _MARKERS or leaf in _BESIDE or leaf in _SCALES:
            continue
        info = header[key]
        scale = next((keys[f"{base}.{each}"] for each in _SCALES if f"{base}.{each}" in keys), None)
        scale = scale if leaf == "weight" else None
        if leaf == "weight" and info.dtype not in _PLAIN:
            raise GeneratorError(
                f"{file}: {key} is stored as {info.dtype}, in a quantization that cannot be read. Use a file in bf16, "
                f"fp8 or scaled fp8, or a GGUF file."
            )
        if (
            info.dtype in _FP8
            and scale is None
            and len(info.shape) == 2
            and (base in named or (marked and "embed" not in base))
        ):
            raise GeneratorError(
                f"{file}: {key} is stored as scaled fp8, but its scale {base}.{_SCALES[1]} (or {_SCALES[0]}) is "
                f"missing. {AGAIN}."
            )
        if scale is not None:
            _check_scale(file, scale, header[scale].shape, info.shape)
            info = TensorInfo("BF16", info.shape, 2 * prod(info.shape))
        found[name] = Entry(key, info, scale)
    return found


def _without_prefix(keys: Mapping[str, str]) -> Mapping[str, str]:
    for prefix in _PREFIXES:
        if any(key.startswith(prefix) for key in keys):
            return {name.removeprefix(prefix): key for name, key in keys.items()}
    return keys


def _named_in_metadata(file: Path) -> frozenset[str]:
    """The matrices that the metadata say are quantized, without prefix."""
    with file.open("rb") as opened:
        length = int.from_bytes(opened.read(8), "little")
        metadata = json.loads(opened.read(length)).get("__metadata__")
    try:
        layers = json.loads(metadata["_quantization_metadata"])["layers"]
        return frozenset(name.removeprefix(prefix) for prefix in ("", *_PREFIXES) for name in layers)
    except (KeyError, ValueError, TypeError):
        return frozenset()


def _check_scale(file: Path, key: str, scale: tuple[int, ...], matrix: tuple[int, ...]) -> None:
    if prod(scale) != 1 and scale not in ((matrix[0],), (matrix[0], 1)):
        raise GeneratorError(
            f"{file}: {key} has the shape {_by(scale)}, which is neither one scale nor one for each row. Use a file in "
            f"bf16, or with one scale for each matrix."
        )


class _Safetensors:
    def __init__(self, file: Path, tensors: Any, found: Mapping[str, Entry]) -> None:
        self._file, self._tensors, self._found = file, tensors, found

    def read(self, name: str, dtype: torch.dtype) -> torch.Tensor:
        import torch

        entry = self._found[name]
        stored: torch.Tensor = self._tensors.get_tensor(entry.key)
        if entry.scale is None:
            return stored.to(dtype)
        scale = self._tensors.get_tensor(entry.scale).to(torch.float32)
        scale = scale.reshape(()) if scale.numel() == 1 else scale.reshape(-1, 1)
        numbers: torch.Tensor = stored.to(torch.float32) * scale
        return numbers.to(dtype)


def _gguf_entries(file: Path) -> Mapping[str, Entry]:
    reader = _reader(file)
    return {
        tensor.name: Entry(
            tensor.name,
            # GGUF has the innermost dimension first.
            TensorInfo("BF16", tuple(int(side) for side in reversed(tensor.shape)), 2 * int(tensor.n_elements)),
        )
        for tensor in reader.tensors
    }


class _Gguf:
    def __init__(self, file: Path) -> None:
        self._file = file
        self._tensors = {tensor.name: tensor for tensor in _reader(file).tensors}

    def read(self, name: str, dtype: torch.dtype) -> torch.Tensor:
        import torch
        from gguf import quants

        tensor = self._tensors[name]
        try:
            numbers = quants.dequantize(tensor.data, tensor.tensor_type)
        except NotImplementedError:
            raise GeneratorError(
                f"{self._file}: {name} is stored as {tensor.tensor_type.name}, which the library gguf cannot "
                f"dequantize. Use a file in Q8_0, Q6_K, Q5_K, Q4_K or F16."
            ) from None
        shape = [int(side) for side in reversed(tensor.shape)]
        return torch.from_numpy(numbers.copy()).reshape(shape).to(dtype)


def _reader(file: Path) -> Any:
    from gguf import GGUFReader

    try:
        return GGUFReader(file)
    except OSError as error:
        raise GeneratorError(f"{file}: cannot be read: {error.strerror}. {AGAIN}.") from None
    except (ValueError, IndexError, KeyError):
        raise GeneratorError(f"{file}: not a GGUF file, or truncated. {AGAIN}.") from None


def _by(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "of one number"
