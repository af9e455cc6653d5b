"""Loads a LoRA adapter into a pipeline: safetensors only, checked against the model."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spectacle.errors import GeneratorError, one_line
from spectacle.generators.diffusion.lora_names import readings
from spectacle.generators.diffusion.lora_scales import unscaled, with_scales
from spectacle.generators.placement.files import read_header

_SIDE = re.compile(r"\.(?:lora|lora_linear_layer)[._](A|B|down|up)(?:\.[a-z_0-9]+)?\.weight$")

_DOWN = re.compile(r"[._]lora(?:_linear_layer)?\d?[._](?:A|down)\b")


def load_adapter(pipeline: Any, file: Path, name: str) -> None:
    """Load a LoRA file under a name.

    Raises:
        GeneratorError: When the file is damaged, no safetensors file, or an adapter for another model.
    """
    tensors = read_adapter(pipeline, file)
    try:
        with warnings.catch_warnings():
            # That a second adapter is loaded next to the first is intended.
            warnings.filterwarnings("ignore", message="Already found a `peft_config`", category=UserWarning)
            # Weights are quantized by libraries without diffusers, and what that warns of is never done to them.
            warnings.filterwarnings("ignore", message="TorchaoLoraLinear was instantiated", category=UserWarning)
            pipeline.load_lora_weights(tensors, adapter_name=name)
    except (ValueError, RuntimeError, KeyError) as error:
        if type(error).__module__.startswith("torch"):
            raise  # memory that ran out, or a device that was lost
        kind = type(_denoiser(pipeline)).__name__
        raise GeneratorError(
            f"{file}: cannot be loaded into {kind}: {one_line(error, 200)}. Use another file."
        ) from error


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
        raise GeneratorError(
            f"{file}: not a safetensors file. Convert it; other formats can run code and are not loaded."
        )
    read_header(file)
    part = "unet" if hasattr(pipeline, "unet") else "transformer"
    tensors = unscaled(file, load_file(file))
    _require_known(file, tensors)
    model = _denoiser(pipeline)
    refused: GeneratorError | None = None
    for named in readings(_as_numbers(file, tensors), part, model):
        try:
            loadable = _loadable(pipeline, file, with_scales(file, part, _in_usual_form(file, named, part)))
        except GeneratorError as error:
            refused = refused or error
            continue
        # Next to quantized weights, an adapter would keep the type of its file, often one of twice the size.
        dtype = next(each.dtype for each in model.parameters() if each.is_floating_point())
        return {name: tensor.to(dtype) if tensor.ndim else tensor for name, tensor in loadable.items()}
    assert refused is not None
    raise refused


def _loadable(pipeline: Any, file: Path, tensors: dict[str, Any]) -> dict[str, Any]:
    """What diffusers makes of the tensors of a LoRA, or these as they are where it makes more than tensors of them.

    Raises:
        GeneratorError: When it cannot, or the LoRA is for another model.
    """
    try:
        # Adapters for SDXL may be named after another layout of its blocks, which the configuration shows.
        layout = {"unet_config": pipeline.unet.config} if hasattr(pipeline, "unet") else {}
        converted = type(pipeline).lora_state_dict(dict(tensors), **layout)
        named = _as_loaded(converted[0] if isinstance(converted, tuple) else converted)
    except (ValueError, RuntimeError, KeyError, IndexError, TypeError, AttributeError) as error:
        kind = type(_denoiser(pipeline)).__name__
        raise GeneratorError(f"{file}: not a LoRA for {kind}: {one_line(error, 200)}. Use another file.") from error
    _check(pipeline, file, named)
    if (lost := _omitted(pipeline, tensors, layout)) is not None:
        kind = type(_denoiser(pipeline)).__name__
        raise GeneratorError(
            f"{file}: {lost} is not known of a LoRA for {kind}, and would be omitted. Use another file."
        )
    # Some loaders return more than the tensors; those are given the file's own, and convert them again.
    return tensors if isinstance(converted, tuple) else dict(converted)


_UNSUPPORTED = {
    r"\.(?:dora_scale|lora_magnitude_vector)\b": "a DoRA",
    r"\.lokr_": "a LoKr",
    r"\.hada_": "a LoHa",
    r"\.lora_E$|\.ranknum$": "an AdaLoRA",
    r"\.[ab][12]\.weight$": "a GLoRA",
    r"\.b?oft_": "an OFT",
    r"\.diff(?:_b)?$": "not only a LoRA, but with full differences of weights",
    r"\.[wb]_norm$|\.set_weight$": "not only a LoRA, but with other weights of norms",
    r"\.lora_(?:A|B|down|up|mid)(?:\.default)?\.bias$": "a LoRA with biases",
    r"\.(?:lora_mid|reshape_weight)\b": "a LoRA of three matrices, or for a model of another shape",
}
"""Names of tensors that plain LoRAs do not have; loaded without them, they would give other images."""

_KNOWN = re.compile(
    r"\.(?:lora|lora_linear_layer)[._](?:A|B|down|up)(?:\.[a-z_0-9]+)?\.weight$|_lora\d?\.(?:down|up)\.weight$"
    r"|(?<!\.lora_[AB])\.alpha$"
)
"""Names of what a LoRA consists of, in all forms that are read."""


def _as_numbers(file: Path, tensors: Mapping[str, Any]) -> dict[str, Any]:
    """The tensors in a type that can be computed with.

    Raises:
        GeneratorError: When one of them cannot be right.
    """
    import torch

    numbers = {}
    for key, tensor in tensors.items():
        if key.endswith(".alpha") and tensor.numel() != 1:
            raise GeneratorError(f"{file}: {key} has {tensor.numel()} values, but an alpha is one. Use another file.")
        if not tensor.is_floating_point() and tensor.ndim > 1:
            raise GeneratorError(f"{file}: {key} has whole numbers ({tensor.dtype}), not weights. Use another file.")
        # Stored in 8 bits, which no arithmetic is defined for.
        stored = tensor.to(torch.bfloat16) if tensor.dtype.itemsize == 1 and tensor.is_floating_point() else tensor
        if not bool(torch.isfinite(stored).all()):
            raise GeneratorError(f"{file}: {key} has not-a-number or infinite values. Use another file.")
        numbers[key] = stored
    return numbers


def _omitted(pipeline: Any, tensors: Mapping[str, Any], layout: Mapping[str, Any]) -> str | None:
    """The name of a matrix that diffusers would omit, which it does with a line in the log at most.

    It is given matrices full of a number each, which are what it copies, splits and joins; scales are 1.
    """
    import torch

    downs = {key: float(number) for number, key in enumerate((each for each in tensors if _DOWN.search(each)), 1)}
    ranks = {_DOWN.split(key)[0]: float(tensors[key].shape[0]) for key in downs}
    probes = {
        key: torch.tensor(downs.get(key, ranks.get(key.removesuffix(".alpha"), 0.0))).expand(tensor.shape)
        for key, tensor in tensors.items()
    }
    converted = type(pipeline).lora_state_dict(probes, **layout)
    made = converted[0] if isinstance(converted, tuple) else converted
    found = {number for key, each in made.items() if _DOWN.search(key) for number in each.flatten(1)[:, 0].tolist()}
    return next((key for key, number in downs.items() if number not in found), None)


def _in_usual_form(file: Path, tensors: Mapping[str, Any], part: str) -> dict[str, Any]:
    """The tensors as diffusers can read them.

    Under `transformer.`, some trainers have `lora_down`, `lora_up` and `alpha`, where it expects `lora_A` and `lora_B`.

    Raises:
        GeneratorError: When a matrix lacks its other.
    """
    usual = dict(tensors)
    _require_both(file, usual)
    for name in [each for each in usual if each.startswith("transformer.") and each.endswith(".lora_down.weight")]:
        module = name.removesuffix(".lora_down.weight")
        usual[f"{module}.lora_A.weight"] = usual.pop(name)
        usual[f"{module}.lora_B.weight"] = usual.pop(f"{module}.lora_up.weight")
    for name in [each for each in usual if each.startswith("transformer.") and each.endswith(".alpha")]:
        module, alpha = name.removesuffix(".alpha"), usual.pop(name)
        if (down := usual.get(f"{module}.lora_A.weight")) is not None:
            usual[f"{module}.lora_B.weight"] = usual[f"{module}.lora_B.weight"] * (float(alpha) / down.shape[0])
    return _without_alphas(usual) if part == "unet" else usual


def _require_known(file: Path, tensors: Mapping[str, Any]) -> None:
    """See that a LoRA has nothing that would be omitted without a word; what is no LoRA at all is told elsewhere."""
    for key in tensors:
        for pattern, kind in _UNSUPPORTED.items():
            if re.search(pattern, key):
                raise GeneratorError(
                    f"{file}: {kind}, which is not supported ({key}). Use a LoRA in its place, such as one that was "
                    "extracted from it."
                )
    strange = [key for key in tensors if not _KNOWN.search(key)]
    if strange and len(strange) < len(tensors):
        raise GeneratorError(f"{file}: a LoRA with more than is understood ({strange[0]}). Use another file.")


def _without_alphas(tensors: dict[str, Any]) -> dict[str, Any]:
    """The tensors of a LoRA with different alphas, each multiplied into its matrix; others as they are.

    Of different ones, diffusers gives the most frequent to the attention of U-Nets, whichever it has.
    """
    alphas = {name: float(tensor) for name, tensor in tensors.items() if name.endswith(".alpha")}
    if len(set(alphas.values())) < 2:
        return tensors
    scaled = {name: tensor for name, tensor in tensors.items() if name not in alphas}
    for name, alpha in alphas.items():
        module = name.removesuffix(".alpha")
        down, up = f"{module}.lora_down.weight", f"{module}.lora_up.weight"
        if down in scaled:
            scaled[up] = scaled[up].float() * (alpha / scaled[down].shape[0])
    return scaled


def _require_both(file: Path, tensors: Mapping[str, Any]) -> None:
    """See that each product has both of its matrices, or the other would be any numbers."""
    others = {"A": "B", "B": "A", "down": "up", "up": "down"}
    for name in tensors:
        side = re.search(r"(?<=\.lora_)(A|B|down|up)(?=(?:\.default)?\.weight$)", name)
        if side is None:
            continue
        other = name[: side.start()] + others[side[0]] + name[side.end() :]
        if other not in tensors:
            raise GeneratorError(f"{file}: {name} is there, but not {other}. Use another file.")


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
            raise GeneratorError(
                f"{file}: a LoRA for another model: it changes {part}, which this model does not have. Use another "
                f"file."
            )
        found = _module(model, module)
        if found is None:
            raise GeneratorError(
                f"{file}: a LoRA for another model: it changes {module}, which {type(model).__name__} does not have. "
                f"Use another file."
            )
        inward = side[1] in ("A", "down")
        has, wants = (tensor.shape[1], found[0]) if inward else (tensor.shape[0], found[1])
        if has != wants:
            raise GeneratorError(
                f"{file}: a LoRA for another model: its {module} has width {has}, but that of {type(model).__name__} "
                f"is {wants}. Use another file."
            )
        matched = True
    if not matched:
        raise GeneratorError(f"{file}: not a LoRA: no tensor has the name of one. Use another file.")


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
