"""Examines the files of a checkpoint without loading them: which exist, whether they are complete, what is in them."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spectacle.errors import GeneratorError

REMEDY = "Run the `spectacle pull` of this model again with --verify, which replaces the files that are damaged."
"""Without --verify, `pull` would leave a file alone whose size is right."""

_PICKLES = (".bin", ".ckpt", ".pkl", ".pt", ".pth")
_MAX_HEADER_BYTES = 100_000_000
"""Maximum number of bytes of a safetensors header, as its own reader has it."""


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """A tensor in a safetensors file: the name of its data type, such as `BF16`, its shape and its bytes."""

    dtype: str
    shape: tuple[int, ...]
    nbytes: int


def read_header(file: Path) -> dict[str, TensorInfo]:
    """The tensors of a safetensors file by name, from its header alone.

    Raises:
        GeneratorError: When it is missing, no safetensors file, or shorter or longer than its header says.
    """
    if file.suffix in _PICKLES:
        raise GeneratorError(f"{file}: a pickle, which can run code when it is read. Convert it to safetensors.")
    try:
        size = file.stat().st_size
        with file.open("rb") as opened:
            head = opened.read(8)
            length = struct.unpack("<Q", head)[0] if len(head) == 8 else 0
            raw = opened.read(length) if 2 <= length <= min(size, _MAX_HEADER_BYTES) else b""
    except OSError as error:
        raise GeneratorError(f"{file}: cannot be read: {error.strerror}. {REMEDY}") from None
    try:
        header = json.loads(raw)
        tensors = {
            name: TensorInfo(entry["dtype"], tuple(entry["shape"]), entry["data_offsets"][1] - entry["data_offsets"][0])
            for name, entry in header.items()
            if name != "__metadata__"
        }
        end = max((entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"), default=0)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        raise GeneratorError(f"{file}: not a safetensors file, or damaged at its beginning. {REMEDY}") from None
    if size != 8 + length + end:
        raise GeneratorError(f"{file}: truncated or damaged: {size} bytes instead of {8 + length + end}. {REMEDY}")
    return tensors


def read_gguf(file: Path) -> dict[str, int]:
    """How many numbers each tensor of a GGUF file holds, by name.

    Raises:
        GeneratorError: When it is missing, no GGUF file, or truncated.
    """
    from gguf import GGUFReader

    try:
        reader = GGUFReader(file)
    except OSError as error:
        raise GeneratorError(f"{file}: cannot be read: {error.strerror}. Download it again.") from None
    except (ValueError, IndexError, KeyError):
        raise GeneratorError(f"{file}: not a GGUF file, or truncated. Download it again.") from None
    return {tensor.name: int(tensor.n_elements) for tensor in reader.tensors}


def read_json(file: Path) -> Mapping[str, Any]:
    """A JSON object.

    Raises:
        GeneratorError: When it is missing or none.
    """
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise GeneratorError(f"{file}: cannot be read: {error.strerror}. {REMEDY}") from None
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise GeneratorError(f"{file}: does not contain a JSON object. {REMEDY}")
    return value


def weight_files(folder: Path, variant: str | None = None) -> list[Path]:
    """The safetensors files of one model, in the layouts of diffusers and transformers: one file, or shards.

    Args:
        folder: The model's directory.
        variant: Such as `fp16`, in names like `model.fp16.safetensors`.

    Raises:
        GeneratorError: When there are none, or a shard that the index names is missing. Their content is not checked.
    """
    middle = f".{variant}" if variant else ""
    for stem in ("diffusion_pytorch_model", "model"):
        for index in (f"{stem}.safetensors.index{middle}.json", f"{stem}{middle}.safetensors.index.json"):
            if (folder / index).is_file():
                return _shards(folder / index)
        if (file := folder / f"{stem}{middle}.safetensors").is_file():
            return [file]
    pickles = sorted(path for path in folder.glob("*") if path.suffix in _PICKLES)
    if pickles:
        raise GeneratorError(
            f"{pickles[0]}: a pickle, which can run code when it is read, and there is no safetensors file next to "
            f"it. {REMEDY}"
        )
    raise GeneratorError(f"{folder}: has no {middle[1:] + ' ' if variant else ''}safetensors weights. {REMEDY}")


def bytes_in_memory(numbers: int) -> int:
    """Bytes of so many weights in the type that models compute in, of 16 bits."""
    return 2 * numbers


def parameters(headers: Mapping[str, TensorInfo]) -> int:
    """How many numbers the tensors hold together."""
    return sum(math.prod(info.shape) for info in headers.values())


def _shards(index: Path) -> list[Path]:
    names = read_json(index).get("weight_map")
    if not isinstance(names, dict) or not all(isinstance(name, str) and "/" not in name for name in names.values()):
        raise GeneratorError(f"{index}: does not list any shards. {REMEDY}")
    files = [index.parent / name for name in sorted(set(names.values()))]
    for file in files:
        if not file.is_file():
            raise GeneratorError(f"{file}: missing, although {index.name} lists it. {REMEDY}")
    return files
