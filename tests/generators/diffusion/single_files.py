"""Writes the parts of tiny checkpoints as single files: in the layouts of ComfyUI, Wan and llama.cpp.

The names are written down here once more, from the side of those programs, so that a mistake in the package's own
tables shows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from gguf import GGMLQuantizationType, GGUFWriter, quants
from safetensors.torch import load_file, save_file

from spectacle.generators.diffusion.single_file.layouts import layout_of

FP8_MAX = 448.0


def weights(folder: Path) -> dict[str, torch.Tensor]:
    """All tensors of a part in the published layout."""
    found: dict[str, torch.Tensor] = {}
    for file in sorted(folder.glob("*.safetensors")):
        found |= load_file(file)
    return found


def write(file: Path, tensors: Mapping[str, torch.Tensor], metadata: dict[str, str] | None = None) -> Path:
    """Write a safetensors file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, file, metadata)
    return file


def wan_names(tensors: Mapping[str, torch.Tensor], blocks: int) -> dict[str, torch.Tensor]:
    """A VAE under the names of Wan's `vae.py`: flat lists of layers on both sides."""
    residual = {"norm1": 0, "conv1": 2, "norm2": 3, "conv2": 6}
    found = {}
    for name, tensor in tensors.items():
        parts = name.split(".")
        if parts[0] in ("quant_conv", "post_quant_conv"):
            new = f"{'conv1' if parts[0] == 'quant_conv' else 'conv2'}.{parts[1]}"
        elif parts[1] == "conv_in":
            new = f"{parts[0]}.conv1.{parts[2]}"
        elif parts[1] in ("norm_out", "conv_out"):
            new = f"{parts[0]}.head.{0 if parts[1] == 'norm_out' else 2}.{parts[2]}"
        else:
            if parts[1] == "mid_block":
                number = 1 if parts[2] == "attentions" else 2 * int(parts[3])
                place, rest = f"middle.{number}", parts[4:]
            elif parts[1] == "down_blocks":
                place, rest = f"downsamples.{parts[2]}", parts[3:]
            else:
                within = int(parts[4]) if parts[3] == "resnets" else blocks + 1
                place, rest = f"upsamples.{int(parts[2]) * (blocks + 2) + within}", parts[5:]
            if rest[0] in residual:
                rest = ["residual", str(residual[rest[0]]), *rest[1:]]
            elif rest[0] == "conv_shortcut":
                rest = ["shortcut", *rest[1:]]
            new = f"{parts[0]}.{place}.{'.'.join(rest)}"
        found[new] = tensor
    return found


def scaled(
    tensors: Mapping[str, torch.Tensor], *, new: bool = True, rows: bool = False, only: str = r"\.(\d+)\..*weight$"
) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """Matrices of blocks as scaled fp8, and the metadata: ComfyUI's form since October 2025, or the older one."""
    found: dict[str, torch.Tensor] = {}
    layers = {}
    for name, tensor in tensors.items():
        base = name.removesuffix(".weight")
        if tensor.ndim != 2 or not re.search(only, name) or "embed" in name:
            found[name] = tensor
            continue
        numbers = tensor.float()
        scale = (numbers.abs().amax(1) if rows else numbers.abs().max()) / FP8_MAX
        by = scale[:, None] if rows else scale
        found[name] = (numbers / by).to(torch.float8_e4m3fn)
        layers[base] = {"format": "float8_e4m3fn"}
        found[f"{base}.{'weight_scale' if new else 'scale_weight'}"] = scale
        found[f"{base}.{'input_scale' if new else 'scale_input'}"] = torch.tensor(1.0)
    if not new:
        return {**found, "scaled_fp8": torch.empty(0, dtype=torch.float8_e4m3fn)}, {}
    return found, {"_quantization_metadata": json.dumps({"format_version": "1.0", "layers": layers})}


def plain_fp8(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Everything cast to fp8."""
    return {name: tensor.to(torch.float8_e4m3fn) for name, tensor in tensors.items()}


def dequantized(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """What scaled fp8 tensors stand for, in bf16, under their names alone."""
    found = {}
    for name, tensor in tensors.items():
        if name.rpartition(".")[2] in ("weight_scale", "scale_weight", "input_scale", "scale_input", "scaled_fp8"):
            continue
        base = name.removesuffix(".weight")
        scale = tensors.get(f"{base}.weight_scale", tensors.get(f"{base}.scale_weight"))
        if scale is None or not name.endswith(".weight"):
            found[name] = tensor.to(torch.bfloat16)
        else:
            by = scale[:, None] if scale.ndim else scale
            found[name] = (tensor.float() * by).to(torch.bfloat16)
    return found


def llama_cpp(
    file: Path,
    tensors: Mapping[str, torch.Tensor],
    kind: GGMLQuantizationType,
    projector_kind: GGMLQuantizationType = GGMLQuantizationType.F16,
) -> tuple[Path, Path]:
    """A text encoder as llama.cpp converts Qwen2.5-VL: the language model, and the projector next to it."""
    blocks = {
        "self_attn.q_proj": "attn_q",
        "self_attn.k_proj": "attn_k",
        "self_attn.v_proj": "attn_v",
        "self_attn.o_proj": "attn_output",
        "mlp.gate_proj": "ffn_gate",
        "mlp.up_proj": "ffn_up",
        "mlp.down_proj": "ffn_down",
        "input_layernorm": "attn_norm",
        "post_attention_layernorm": "ffn_norm",
    }
    language, vision = {}, {}
    for name, tensor in tensors.items():
        if name.startswith("visual."):
            vision |= _projector(name, tensor)
            continue
        module, _, leaf = name.rpartition(".")
        outside = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}
        if module in outside:
            language[f"{outside[module]}.{leaf}"] = tensor
        else:
            _, _, number, inside = module.split(".", 3)
            language[f"blk.{number}.{blocks[inside]}.{leaf}"] = tensor
    projector = file.with_name(f"mmproj-{file.name}")
    gguf(projector, vision, projector_kind, "clip")
    return gguf(file, language, kind, "qwen2vl"), projector


def _projector(name: str, tensor: torch.Tensor) -> dict[str, torch.Tensor]:
    name = name.removeprefix("visual.")
    if name.startswith("patch_embed"):
        return {"v.patch_embd.weight": tensor[:, :, 0], "v.patch_embd.weight.1": tensor[:, :, 1]}
    name = name.replace("merger.ln_q", "v.post_ln").replace("merger.mlp.", "mm.")
    if not name.startswith("blocks."):
        return {name: tensor}
    name = name.replace("blocks.", "v.blk.").replace(".mlp.", ".ffn_").replace("_proj.", ".", 1)
    name = name.replace(".norm1.", ".ln1.").replace(".norm2.", ".ln2.").replace(".attn.proj.", ".attn_out.")
    if ".attn.qkv." in name:
        return {
            name.replace(".attn.qkv.", f".attn_{each}."): part
            for each, part in zip("qkv", tensor.chunk(3), strict=True)
        }
    return {name: tensor}


def gguf(file: Path, tensors: Mapping[str, torch.Tensor], kind: GGMLQuantizationType, architecture: str) -> Path:
    """A GGUF file: matrices in a quantization where its blocks fit, everything else in F32."""
    file.parent.mkdir(parents=True, exist_ok=True)
    writer = GGUFWriter(file, architecture)
    for name, tensor in tensors.items():
        numbers = tensor.float().numpy()
        if numbers.ndim == 2 and numbers.shape[1] % 32 == 0 and kind is not GGMLQuantizationType.F32:
            writer.add_tensor(name, quants.quantize(numbers, kind), raw_dtype=kind)
        else:
            writer.add_tensor(name, numbers)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file


def ldm_checkpoint(folder: Path, **kinds: str) -> dict[str, torch.Tensor]:
    """A Stable Diffusion XL checkpoint in one file, as its authors and everybody since have published them.

    Its names are those of the package's own tables; that they are right is shown by diffusers, which reads the file.

    Args:
        folder: The pipeline's directory.
        kinds: Names of the classes of the parts.
    """
    found: dict[str, torch.Tensor] = {}
    thirds: dict[str, dict[int, torch.Tensor]] = {}
    for part, kind in kinds.items():
        config = json.loads((folder / part / "config.json").read_text())
        layout = layout_of(kind, config, gguf=False, whole=True, vision=False)
        assert layout is not None
        for name, tensor in weights(folder / part).items():
            origin = layout.names(name)
            key = layout.prefix + origin.keys[0]
            stored = tensor.T if origin.turned else tensor
            if ".attn_1." in key and stored.ndim == 2:
                stored = stored[:, :, None, None]
            if origin.third is None:
                found[key] = stored
            else:
                thirds.setdefault(key, {})[origin.third] = stored
    found |= {key: torch.cat([each[0], each[1], each[2]]) for key, each in thirds.items()}
    # What such files have in addition.
    found["conditioner.embedders.1.model.logit_scale"] = torch.tensor(4.6)
    found["conditioner.embedders.0.transformer.text_model.embeddings.position_ids"] = torch.arange(77)[None]
    found["denoiser.sigmas"] = torch.zeros(1000)
    return found


def q4_k(rows: int, seed: int) -> tuple[np.ndarray, torch.Tensor]:
    """Random bytes of Q4_K rows of 256 numbers, and the numbers that they stand for."""
    random = np.random.default_rng(seed)
    made, numbers = [], []
    for _ in range(rows):
        whole = np.array([0.01, 0.02], dtype=np.float16)
        scales, minima = random.integers(0, 64, 8), random.integers(0, 64, 8)
        values = random.integers(0, 16, (8, 32))
        # The lower six bits of the first four, then four bits of the last four with the two that are left over there.
        packed = np.zeros(12, dtype=np.uint8)
        for at in range(4):
            packed[at] = scales[at] | (scales[at + 4] >> 4) << 6
            packed[at + 4] = minima[at] | (minima[at + 4] >> 4) << 6
            packed[at + 8] = (scales[at + 4] & 15) | (minima[at + 4] & 15) << 4
        nibbles = [values[2 * pair] | values[2 * pair + 1] << 4 for pair in range(4)]
        made.append(np.concatenate([whole.view(np.uint8), packed, np.concatenate(nibbles).astype(np.uint8)]))
        large, small = whole.astype(np.float32)
        numbers.append((large * scales[:, None] * values - small * minima[:, None]).reshape(-1))
    return np.stack(made), torch.from_numpy(np.stack(numbers).astype(np.float32))


def gguf_raw(file: Path, name: str, stored: np.ndarray, kind: GGMLQuantizationType) -> None:
    """A GGUF file with one tensor of bytes that are quantized already."""
    writer = GGUFWriter(file, "qwen2vl")
    writer.add_tensor(name, stored, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
