"""The scales of a LoRA's matrices: of those stored in fp8, and those that trainers write next to the matrices."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spectacle.errors import GeneratorError

PEFT_FILE = "adapter_model.safetensors"
"""The name under which peft saves an adapter, with its configuration next to it."""

_PEFT_CONFIGURATION = "adapter_config.json"
_METADATA = "lora_adapter_metadata"
"""Where diffusers keeps peft's configuration in a safetensors file, each name with that of the part before it."""


_STORED = re.compile(r"\.(?:weight_scale|scale_weight)$")
"""What the scale of a matrix in fp8 is called next to its `weight`."""


def unscaled(file: Path, tensors: Mapping[str, Any]) -> dict[str, Any]:
    """The tensors of a LoRA, those that are stored in fp8 with a scale multiplied by it.

    Raises:
        GeneratorError: When a scale is not for one matrix, or for each of its rows.
    """
    found = {name: tensor for name, tensor in tensors.items() if not _STORED.search(name)}
    for name in tensors.keys() - found.keys():
        key, scale = f"{_STORED.sub('', name)}.weight", tensors[name].float()
        matrix = found.get(key)
        if matrix is None or scale.numel() not in (1, len(matrix)):
            raise GeneratorError(f"{file}: {name} is not the scale of a matrix, or of its rows. Use another file.")
        found[key] = matrix.float() * scale.reshape(-1, *[1] * (matrix.ndim - 1))
    return found


def with_scales(file: Path, part: str, tensors: Mapping[str, Any]) -> dict[str, Any]:
    """The tensors of a LoRA, `lora_B` multiplied by what peft's configuration of it says, where there is one.

    Args:
        file: The LoRA's file.
        part: The part that peft's own files are for: `transformer` or `unet`.
        tensors: Its tensors, named `PART.MODULE.lora_A.weight`.

    Raises:
        GeneratorError: When the configuration cannot be read.
    """
    configurations = _configurations(file, part)
    scaled = dict(tensors)
    for name, tensor in tensors.items() if configurations else ():
        key, found, _ = name.partition(".lora_A.")
        of, _, module = key.partition(".")
        up = f"{key}.lora_B.weight"
        if found and of in configurations and up in scaled:
            scaled[up] = scaled[up] * _scale(configurations[of], module, tensor.shape[0])
    return scaled


def _scale(configuration: Mapping[str, Any], module: str, rank: int) -> float:
    """What a module's product is multiplied with: alpha by rank, or its root for a LoRA that was trained so."""
    alpha = configuration.get("lora_alpha", rank)
    for pattern, value in (configuration.get("alpha_pattern") or {}).items():
        # As peft reads it: the end of a name.
        if re.fullmatch(rf"(?:.*\.)?{re.escape(pattern.removeprefix('^'))}", module):
            alpha = value
            break
    return float(alpha) / (math.sqrt(rank) if configuration.get("use_rslora") else rank)


def _configurations(file: Path, part: str) -> dict[str, dict[str, Any]]:
    """peft's configurations by the part that they are for; none where a file has no such thing."""
    from safetensors import safe_open

    beside = file.parent / _PEFT_CONFIGURATION
    if file.name == PEFT_FILE and beside.is_file():
        return {part: _read(beside, beside.read_text(encoding="utf-8"))}
    with safe_open(file, framework="pt") as opened:
        text = (opened.metadata() or {}).get(_METADATA)
    if text is None:
        return {}
    found: dict[str, dict[str, Any]] = {}
    for name, value in _read(file, text).items():
        of, _, setting = name.partition(".")
        found.setdefault(of, {})[setting] = value
    return found


def _read(file: Path, text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise GeneratorError(f"{file}: the configuration of the LoRA is not a JSON object. Use another file.")
    return value
