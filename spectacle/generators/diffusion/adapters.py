"""Loads LoRA adapters into a pipeline: safetensors only, checked against the model, swapped without reloading it."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

from spectacle.errors import GeneratorError, one_line
from spectacle.generators.placement.files import read_header

_SIDE = re.compile(r"\.(?:lora|lora_linear_layer)[._](A|B|down|up)(?:\.[a-z_0-9]+)?\.weight$")


class Adapters:
    """The adapters of one pipeline, each loaded once.

    Args:
        pipeline: The pipeline, of a class that takes LoRA adapters.
    """

    def __init__(self, pipeline: Any) -> None:
        self._pipeline = pipeline
        self._names: dict[Path, str] = {}

    def use(self, file: Path | None, scale: float = 1.0) -> None:
        """Have this adapter at work, loaded if it is not yet, and no other; None for the model as it is.

        Raises:
            GeneratorError: When the file is damaged, no safetensors file, or an adapter for another model.
        """
        if file is None:
            if self._names:
                self._pipeline.disable_lora()
            return
        if file not in self._names:
            name = f"adapter{len(self._names)}"
            load_adapter(self._pipeline, file, name)
            self._names[file] = name
        self._pipeline.enable_lora()
        self._pipeline.set_adapters([self._names[file]], [scale])


def load_adapter(pipeline: Any, file: Path, name: str) -> None:
    """Load a LoRA file under a name.

    Raises:
        GeneratorError: When the file is damaged, no safetensors file, or an adapter for another model.
    """
    tensors = read_adapter(pipeline, file)
    try:
        with warnings.catch_warnings():
            # That a second adapter is loaded beside the first is meant.
            warnings.filterwarnings("ignore", message="Already found a `peft_config`", category=UserWarning)
            pipeline.load_lora_weights(tensors, adapter_name=name)
    except (ValueError, RuntimeError, KeyError) as error:
        if type(error).__module__.startswith("torch"):
            raise  # memory that ran out, or a device that was lost
        kind = type(_denoiser(pipeline)).__name__
        raise GeneratorError(f"{file} cannot be loaded into {kind}: {one_line(error, 200)}") from error


def fuse_adapter(pipeline: Any, file: Path, scale: float = 1.0) -> None:
    """Add a LoRA to the model's own weights for good.

    Raises:
        GeneratorError: When the file is damaged, no safetensors file, or an adapter for another model.
    """
    load_adapter(pipeline, file, "fused")
    pipeline.fuse_lora(lora_scale=scale, adapter_names=["fused"])
    pipeline.unload_lora_weights()


def read_adapter(pipeline: Any, file: Path) -> dict[str, Any]:
    """The tensors of a LoRA file, once it is sure that they are for this pipeline, in the type it computes in.

    Raises:
        GeneratorError: When the file is damaged, no safetensors file, or an adapter for another model.
    """
    from safetensors.torch import load_file

    if file.suffix != ".safetensors":
        raise GeneratorError(f"{file} is not a safetensors file: other formats can run code and are not loaded")
    read_header(file)
    tensors: dict[str, Any] = load_file(file)
    try:
        # Adapters for SDXL may be named after another layout of its blocks, which the configuration tells.
        layout = {"unet_config": pipeline.unet.config} if hasattr(pipeline, "unet") else {}
        converted = type(pipeline).lora_state_dict(dict(tensors), **layout)
        named = _as_loaded(converted[0] if isinstance(converted, tuple) else converted)
    except (ValueError, RuntimeError, KeyError, IndexError, TypeError, AttributeError) as error:
        kind = type(_denoiser(pipeline)).__name__
        raise GeneratorError(f"{file} is not a LoRA for {kind}: {one_line(error, 200)}") from error
    _check(pipeline, file, named)
    # Some loaders return more than the tensors; those are given the file's own, and convert them again.
    loadable = tensors if isinstance(converted, tuple) else converted
    # Beside quantized weights, an adapter would keep the type of its file, often one of twice the size.
    dtype = next(each.dtype for each in _denoiser(pipeline).parameters() if each.is_floating_point())
    return {name: tensor.to(dtype) if tensor.ndim else tensor for name, tensor in loadable.items()}


def _as_loaded(tensors: dict[str, Any]) -> dict[str, Any]:
    """The tensors under the names of the modules they change; those of SDXL come under older ones."""
    from diffusers import utils

    names: Any = utils  # whose functions have no types

    parts: dict[str, dict[str, Any]] = {}
    for key, tensor in tensors.items():
        part, _, name = key.partition(".")
        parts.setdefault(part, {})[name] = tensor
    for part, named in parts.items():
        if part == "unet":
            parts[part] = names.convert_unet_state_dict_to_peft(named)
        elif part.startswith("text_encoder"):
            parts[part] = names.convert_state_dict_to_peft(names.convert_state_dict_to_diffusers(named))
    return {f"{part}.{name}": tensor for part, named in parts.items() for name, tensor in named.items()}


def _check(pipeline: Any, file: Path, tensors: dict[str, Any]) -> None:
    """Compare names and shapes with the model's."""
    matched = False
    for key, tensor in tensors.items():
        side = _SIDE.search(key)
        if side is None:
            continue
        part, _, module = key[: side.start()].partition(".")
        model = getattr(pipeline, part, None)
        if part == "text_encoder" and not hasattr(model, "text_model"):
            module = module.removeprefix("text_model.")  # which transformers had once
        if model is None:
            raise GeneratorError(f"{file} is a LoRA for another model: it changes {part}, which this one has not")
        found = _module(model, module)
        if found is None:
            raise GeneratorError(
                f"{file} is a LoRA for another model: it changes {module}, which {type(model).__name__} has not"
            )
        inward = side[1] in ("A", "down")
        has, wants = (tensor.shape[1], found[0]) if inward else (tensor.shape[0], found[1])
        if has != wants:
            raise GeneratorError(
                f"{file} is a LoRA for another model: its {module} is {has} wide, where {type(model).__name__} has "
                f"{wants}"
            )
        matched = True
    if not matched:
        raise GeneratorError(f"{file} is not a LoRA: no tensor in it is named like one's")


def _module(model: Any, name: str) -> tuple[int, int] | None:
    """The numbers going into and out of a module, or None when there is none of that name."""
    try:
        module = model.get_submodule(name)
    except AttributeError:
        return None
    # A module that has an adapter already wraps the original.
    module = getattr(module, "base_layer", module)
    if hasattr(module, "in_features"):
        return module.in_features, module.out_features
    if hasattr(module, "in_channels"):
        return module.in_channels, module.out_channels
    return None


def _denoiser(pipeline: Any) -> Any:
    return getattr(pipeline, "transformer", None) or pipeline.unet
