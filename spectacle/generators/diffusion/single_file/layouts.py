"""Under which names other programs store the tensors of a model of diffusers or transformers.

Learned from the code that writes and reads such files: ComfyUI (`comfy/ldm/qwen_image`, `comfy/text_encoders`), Wan
2.1's `vae.py`, the converters of llama.cpp, and the original repositories of Stable Diffusion XL and OpenCLIP.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Origin:
    """Of what a tensor of a model is made.

    Attributes:
        keys: Names in the file.
        joined: How several are put together: one below the other, or as the frames of a convolution in time.
        third: Which third of the rows it is, or None for all.
        turned: Whether rows and columns are exchanged.
    """

    keys: tuple[str, ...]
    joined: Literal["rows", "frames"] = "rows"
    third: int | None = None
    turned: bool = False


Names = Callable[[str], Origin]
"""From the name of a tensor of a model to its origin."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file stores a model.

    Attributes:
        names: The origins of the tensors.
        prefix: What the names of this model begin with in a file of several models.
        unused: Names that may be in the file though the model has no use for them.
        optional: Modules that may be missing, because the pipelines that this package runs do not need them.
    """

    names: Names
    prefix: str = ""
    unused: re.Pattern[str] = re.compile(r"(?!)")
    optional: tuple[str, ...] = ()


def layout_of(kind: str, config: Mapping[str, Any], *, gguf: bool, whole: bool, vision: bool) -> Layout | None:
    """How a file stores a model.

    Args:
        kind: Name of its class.
        config: Its configuration in diffusers' or transformers' layout.
        gguf: Whether it is a GGUF file.
        whole: Whether the file has all models of a pipeline.
        vision: Whether the pipeline shows images to the model.

    Returns:
        The layout, or None when no other than the model's own is known.
    """
    if whole:
        return _WHOLE[kind](config) if kind in _WHOLE else None
    if kind == "Qwen2_5_VLForConditionalGeneration":
        optional = ("lm_head",) if vision else ("lm_head", "model.visual")
        return Layout(_llama_cpp if gguf else _qwen_vl, optional=optional, unused=re.compile(r"rope_freqs\.weight"))
    if kind == "AutoencoderKLQwenImage":
        return Layout(_wan_vae(config))
    return Layout(_same)


def _same(name: str) -> Origin:
    return Origin((name,))


# --- Qwen2.5-VL ------------------------------------------------------------------------------------------------------


def _qwen_vl(name: str) -> Origin:
    """As it was published, before transformers moved its language model one level down."""
    return Origin((name.replace("model.visual.", "visual.", 1).replace("model.language_model.", "model.", 1),))


_LLAMA_CPP = {
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
_LLAMA_CPP_VISION = {
    "attn.proj": "attn_out",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "norm1": "ln1",
    "norm2": "ln2",
}
_LLAMA_CPP_OUTSIDE = {
    "model.language_model.embed_tokens": "token_embd",
    "model.language_model.norm": "output_norm",
    "lm_head": "output",
    "model.visual.merger.ln_q": "v.post_ln",
    "model.visual.merger.mlp.0": "mm.0",
    "model.visual.merger.mlp.2": "mm.2",
}


def _llama_cpp(name: str) -> Origin:
    """Architecture `qwen2vl`, and its projector file of type `qwen2.5vl_merger`."""
    module, _, leaf = name.rpartition(".")
    if module == "model.visual.patch_embed.proj":
        return Origin((f"v.patch_embd.{leaf}", f"v.patch_embd.{leaf}.1"), "frames")
    if module in _LLAMA_CPP_OUTSIDE:
        return Origin((f"{_LLAMA_CPP_OUTSIDE[module]}.{leaf}",))
    if found := re.fullmatch(r"model\.language_model\.layers\.(\d+)\.(.+)", module):
        return Origin((f"blk.{found[1]}.{_LLAMA_CPP.get(found[2], found[2])}.{leaf}",))
    if found := re.fullmatch(r"model\.visual\.blocks\.(\d+)\.(.+)", module):
        if found[2] == "attn.qkv":
            return Origin(tuple(f"v.blk.{found[1]}.attn_{each}.{leaf}" for each in "qkv"))
        return Origin((f"v.blk.{found[1]}.{_LLAMA_CPP_VISION.get(found[2], found[2])}.{leaf}",))
    return Origin((name,))


# --- Wan's VAE, which is that of Qwen-Image ---------------------------------------------------------------------------

_WAN_BLOCK = {
    "norm1": "residual.0",
    "conv1": "residual.2",
    "norm2": "residual.3",
    "conv2": "residual.6",
    "conv_shortcut": "shortcut",
}
_WAN_OUTSIDE = {
    "conv_in": "conv1",
    "norm_out": "head.0",
    "conv_out": "head.2",
    "mid_block.resnets.0": "middle.0",
    "mid_block.attentions.0": "middle.1",
    "mid_block.resnets.1": "middle.2",
}


def _wan_vae(config: Mapping[str, Any]) -> Names:
    blocks = int(config.get("num_res_blocks", 2)) + 1
    # Of each level but the last, what enlarges comes after the blocks.
    level = blocks + 1

    def names(name: str) -> Origin:
        outside = {"quant_conv": "conv1", "post_quant_conv": "conv2"}
        module, _, leaf = name.rpartition(".")
        if module in outside:
            return Origin((f"{outside[module]}.{leaf}",))
        side, _, inside = name.partition(".")
        inside = re.sub(r"^down_blocks\.", "downsamples.", inside)
        inside = re.sub(
            r"^up_blocks\.(\d+)\.resnets\.(\d+)", lambda at: f"upsamples.{int(at[1]) * level + int(at[2])}", inside
        )
        inside = re.sub(
            r"^up_blocks\.(\d+)\.upsamplers\.0", lambda at: f"upsamples.{int(at[1]) * level + blocks}", inside
        )
        for ours, theirs in _WAN_OUTSIDE.items():
            if inside.startswith(f"{ours}."):
                inside = theirs + inside.removeprefix(ours)
        parts = inside.split(".")
        if parts[0] != "head" and len(parts) > 2:
            parts[2] = _WAN_BLOCK.get(parts[2], parts[2])
        return Origin((f"{side}.{'.'.join(parts)}",))

    return names


# --- Stable Diffusion XL ---------------------------------------------------------------------------------------------

_LDM_UNET = {
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "add_embedding.linear_1": "label_emb.0.0",
    "add_embedding.linear_2": "label_emb.0.2",
    "conv_in": "input_blocks.0.0",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
}
_LDM_BLOCK = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}


def _ldm_unet(config: Mapping[str, Any]) -> Layout:
    layers = int(config["layers_per_block"])
    attends = ["Attn" in each for each in config["up_block_types"]]

    def names(name: str) -> Origin:
        for ours, theirs in _LDM_UNET.items():
            if name.startswith(f"{ours}."):
                return Origin((theirs + name.removeprefix(ours),))
        found = re.fullmatch(r"(down|up|mid)_blocks?\.(?:(\d+)\.)?(resnets|attentions|\w+samplers)\.(\d+)\.(.+)", name)
        if found is None:
            return Origin((name,))
        side, level, kind, number, inside = found[1], int(found[2] or 0), found[3], int(found[4]), found[5]
        if kind == "resnets":
            module, _, leaf = inside.rpartition(".")
            inside = f"{_LDM_BLOCK.get(module, module)}.{leaf}"
        if side == "mid":
            return Origin((f"middle_block.{2 * number if kind == 'resnets' else 1}.{inside}",))
        second = 1 if kind == "attentions" else 0
        if side == "down":
            if kind == "downsamplers":
                return Origin((f"input_blocks.{(level + 1) * (layers + 1)}.0.{inside.replace('conv.', 'op.', 1)}",))
            return Origin((f"input_blocks.{1 + level * (layers + 1) + number}.{second}.{inside}",))
        if kind == "upsamplers":
            after = 2 if attends[level] else 1
            return Origin((f"output_blocks.{level * (layers + 1) + layers}.{after}.{inside}",))
        return Origin((f"output_blocks.{level * (layers + 1) + number}.{second}.{inside}",))

    return Layout(names, "model.diffusion_model.")


def _ldm_vae(config: Mapping[str, Any]) -> Layout:
    last = len(config["block_out_channels"]) - 1
    attention = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}

    def names(name: str) -> Origin:
        changed = name.replace("conv_norm_out", "norm_out").replace("conv_shortcut", "nin_shortcut")
        changed = re.sub(r"down_blocks\.(\d+)\.resnets", r"down.\1.block", changed)
        changed = re.sub(r"down_blocks\.(\d+)\.downsamplers\.0", r"down.\1.downsample", changed)
        changed = re.sub(r"up_blocks\.(\d+)\.resnets", lambda at: f"up.{last - int(at[1])}.block", changed)
        changed = re.sub(r"up_blocks\.(\d+)\.upsamplers\.0", lambda at: f"up.{last - int(at[1])}.upsample", changed)
        changed = re.sub(r"mid_block\.resnets\.(\d)", lambda at: f"mid.block_{int(at[1]) + 1}", changed)
        if found := re.fullmatch(r"(.+)\.mid_block\.attentions\.0\.(.+)\.(weight|bias)", changed):
            changed = f"{found[1]}.mid.attn_1.{attention[found[2]]}.{found[3]}"
        return Origin((changed,))

    return Layout(names, "first_stage_model.", re.compile(r"model_ema\..*|loss\..*"))


def _clip(_config: Mapping[str, Any]) -> Layout:
    def names(name: str) -> Origin:
        return Origin((name if name.startswith("text_model.") else f"text_model.{name}",))

    unused = re.compile(r"text_model\.embeddings\.position_ids|logit_scale|text_projection(\.weight)?")
    return Layout(names, "conditioner.embedders.0.transformer.", unused)


_OPEN_CLIP = {
    "layer_norm1": "ln_1",
    "layer_norm2": "ln_2",
    "self_attn.out_proj": "attn.out_proj",
    "mlp.fc1": "mlp.c_fc",
    "mlp.fc2": "mlp.c_proj",
}


def _open_clip(_config: Mapping[str, Any]) -> Layout:
    def names(name: str) -> Origin:
        if name == "text_projection.weight":
            return Origin(("text_projection",), turned=True)
        name = name.removeprefix("text_model.")
        if name == "embeddings.position_embedding.weight":
            return Origin(("positional_embedding",))
        name = name.removeprefix("embeddings.").replace("final_layer_norm", "ln_final")
        if found := re.fullmatch(r"encoder\.layers\.(\d+)\.self_attn\.([qkv])_proj\.(weight|bias)", name):
            joined = f"transformer.resblocks.{found[1]}.attn.in_proj_{found[3]}"
            return Origin((joined,), third="qkv".index(found[2]))
        if found := re.fullmatch(r"encoder\.layers\.(\d+)\.(.+)\.(weight|bias)", name):
            return Origin((f"transformer.resblocks.{found[1]}.{_OPEN_CLIP[found[2]]}.{found[3]}",))
        return Origin((name,))

    return Layout(names, "conditioner.embedders.1.model.", re.compile(r"logit_scale|attn_mask"))


_WHOLE: Mapping[str, Callable[[Mapping[str, Any]], Layout]] = {
    "UNet2DConditionModel": _ldm_unet,
    "AutoencoderKL": _ldm_vae,
    "CLIPTextModel": _clip,
    "CLIPTextModelWithProjection": _open_clip,
}

WHOLE_KINDS = frozenset(_WHOLE)
"""The models of Stable Diffusion XL, which files of whole checkpoints have."""
