"""The names that trainers and other programs give to the matrices of a LoRA, and what diffusers calls them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

_WRAPPERS = ("base_model.model.", "pipe.dit.")
"""How the names of tensors begin that peft and DiffSynth have saved of a model alone."""

_FLAT = ("lora_transformer_", "lycoris_")
"""What OneTrainer and LyCORIS write for kohya's `lora_unet_`, before the same names."""

_PREFIXES = ("model.diffusion_model.", "diffusion_model.", "transformer.", "")
"""What may stand before the name of a module in files for ComfyUI and diffusers."""

_MATRIX = re.compile(r"(.+?)\.(?:lora[._](A|B|down|up)(?:\.default)?\.weight|alpha)")
_SIDES = {"A": "lora_A.weight", "down": "lora_A.weight", "B": "lora_B.weight", "up": "lora_B.weight", None: "alpha"}


def readings(tensors: Mapping[str, Any], part: str, model: Any) -> Iterator[dict[str, Any]]:
    """The tensors under the names by which diffusers may understand them; the first that it does is right.

    Args:
        tensors: The tensors of the file.
        part: The part that a LoRA is for which does not name any: `transformer` or `unet`.
        model: That part of the pipeline.
    """
    names = {name.replace(".base_layer", "") for name, _ in model.named_modules()} if part == "transformer" else set()
    alphas = any(key.endswith(".alpha") for key in tensors)  # those diffusers understands
    modules: Collection[str] = set() if alphas else names
    yield {_usual_name(key, part, modules): tensor for key, tensor in tensors.items()}
    if (own := _by_modules(tensors, names)) is not None:
        yield own
    if (flux := _as_blocks_of_flux(tensors)) is not None:
        yield flux
        # FLUX.2's are read with these names, FLUX.1's with the older ones.
        yield {key.replace(".lora_down.", ".lora_A.").replace(".lora_up.", ".lora_B."): flux[key] for key in flux}


def _usual_name(key: str, part: str, modules: Collection[str]) -> str:
    """The name of a tensor as diffusers knows it.

    Args:
        key: Its name in the file.
        part: The part that a LoRA is for which does not name any.
        modules: The names of the transformer's modules.
    """
    name = key.removeprefix("model.") if key.startswith("model.diffusion_model.") else key
    for wrapper in _WRAPPERS:
        if key.startswith(wrapper):
            name = key.removeprefix(wrapper)
            name = name if name.startswith("diffusion_model.") else f"{part}.{name}"
    for flat in _FLAT:
        if key.startswith(flat):
            name = f"lora_unet_{key.removeprefix(flat)}"
    if re.search(r"\.lora_[AB]\.", name) and name.split(".lora_")[0] in modules:
        name = f"transformer.{name}"
    return name.replace(".default.weight", ".weight") if name.startswith("transformer.") else name


def _by_modules(tensors: Mapping[str, Any], names: Collection[str]) -> dict[str, Any] | None:
    """The tensors by the modules that their names are those of, whatever is before; None unless all of them are."""
    flat = {name.replace(".", "_"): name for name in names}
    found = {}
    for key, tensor in tensors.items():
        parsed = _MATRIX.fullmatch(_unwrapped(key))
        if parsed is None:
            return None
        rests = [parsed[1].removeprefix(each) for each in _PREFIXES if parsed[1].startswith(each)]
        rests += [flat.get(parsed[1].removeprefix(each), "") for each in ("lora_unet_", *_FLAT)]
        module = next((each for each in rests if each and each in names), None)
        if module is None:
            return None
        found[f"transformer.{module}.{_SIDES[parsed[2]]}"] = tensor
    return found


def _as_blocks_of_flux(tensors: Mapping[str, Any]) -> dict[str, Any] | None:
    """A LoRA after the names in FLUX's own code as diffusers reads one; None unless it has such names."""
    found = {}
    for key, tensor in tensors.items():
        name = _unwrapped(key).removeprefix("model.").removeprefix("diffusion_model.")
        if not re.match(r"(?:double|single)_blocks\.\d+\.", name):
            return None
        name = name.replace(".default.", ".").replace(".lora_A.", ".lora_down.").replace(".lora_B.", ".lora_up.")
        found[f"diffusion_model.{name}"] = tensor
    return found


def _unwrapped(key: str) -> str:
    for wrapper in _WRAPPERS:
        key = key.removeprefix(wrapper)
    return key
