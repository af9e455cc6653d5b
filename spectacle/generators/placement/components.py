"""Reads from the headers of its files how large a part of a model is; none of its weights are loaded."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

from spectacle.generators.placement.files import TensorInfo, parameters, read_header, weight_files
from spectacle.generators.placement.plan import Component, Stage


def read_component(
    folder: Path,
    name: str,
    stage: Stage,
    *,
    activations: int = 0,
    tiled_activations: int = 0,
    gguf: Path | None = None,
    fp16: bool = False,
    variant: str | None = None,
    tensors: Mapping[str, TensorInfo] | None = None,
) -> Component:
    """A component as the headers of the safetensors files in `folder/name` describe it.

    Args:
        folder: The directory of the model, or of the component when `name` is not a directory in it.
        name: The component's name, and its directory.
        stage: When it runs.
        activations: As `Component` has it.
        tiled_activations: As `Component` has it.
        gguf: A GGUF file with its weights, or None.
        fp16: As `Component` has it.
        variant: Which files are meant where there are several, such as `fp16`; others are used where it has none.
        tensors: What is loaded instead of the files in the directory, or None.

    Raises:
        GeneratorError: When there is no safetensors file, or one is truncated or none; the message names it.
    """
    inside = folder / name if (folder / name).is_dir() else folder
    if tensors is None:
        stored = {}
        for file in _weight_files(inside, variant):
            stored.update(read_header(file))
        form = _stored(inside, stored)
    else:
        stored, form = dict(tensors), _unscaled(tensors)
    return Component(
        name,
        stage,
        parameters=parameters(stored),
        fixed=sum(prod(tensor.shape) for key, tensor in stored.items() if _is_fixed(key, tensor)),
        activations=activations,
        tiled_activations=tiled_activations,
        blocks=0 if stage is Stage.DECODE else _blocks(stored),
        **form,
        gguf=gguf.stat().st_size if gguf is not None else 0,
        fp16=fp16,
        layered=tensors is not None,
    )


def _weight_files(folder: Path, variant: str | None) -> list[Path]:
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        return weight_files(folder, variant)  # which says what there is instead
    wanted = [file for file in files if variant and f".{variant}" in file.name]
    if not wanted:
        # A file of another variant has a word between its stem and its suffix.
        wanted = [file for file in files if "." not in file.name.removesuffix(".safetensors")] or files
    return wanted


_LOOKED_UP = re.compile(r"(^|\.)(embed_tokens|lm_head|shared|embeddings\.\w+|token_embd|token_embedding)\.|^output\.")
"""The last three are the names of llama.cpp and OpenCLIP."""


def _is_fixed(key: str, tensor: TensorInfo) -> bool:
    """Whether quantization leaves it alone: everything but matrices, and embeddings, which are looked up by token."""
    return len(tensor.shape) != 2 or _LOOKED_UP.search(key) is not None


def _blocks(tensors: Mapping[str, TensorInfo]) -> int:
    """How many blocks the model repeats: of all that it repeats and that makes up a quarter of it, the most."""
    sizes: dict[str, int] = defaultdict(int)
    members: dict[str, set[str]] = defaultdict(set)
    for key, tensor in tensors.items():
        for index in re.finditer(r"(?<=\.)\d+(?=\.)|^\d+(?=\.)", key):
            member = key[: index.end()]
            kind = re.sub(r"(^|\.)\d+(?=\.|$)", r"\1#", member)
            sizes[kind] += prod(tensor.shape)
            members[kind].add(member)
    whole = parameters(tensors)
    return max((len(members[kind]) for kind, size in sizes.items() if 4 * size >= whole), default=0)


def _stored(folder: Path, tensors: Mapping[str, TensorInfo]) -> dict[str, Any]:
    """Whether the files hold quantized weights, and how many bytes these are."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        config = {}
    method = (config.get("quantization_config") or {}).get("quant_method")
    if method is not None:
        size = sum(tensor.nbytes for tensor in tensors.values())
        return {"stored": size, "stored_as": {"torchao": "int8", "bitsandbytes": "nf4"}.get(method, str(method))}
    return _unscaled(tensors)


def _unscaled(tensors: Mapping[str, TensorInfo]) -> dict[str, Any]:
    """Whether weights were cast to fp8 without scales; what has scales is told as what it is loaded as."""
    return {"stored_as": "fp8"} if any(tensor.dtype.startswith("F8") for tensor in tensors.values()) else {}
