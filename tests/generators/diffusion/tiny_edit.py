"""Tiny random checkpoints of the editing models and of Qwen-Image-2.1, laid out as the real ones are published."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import tiny
import torch
from diffusers import (
    AutoencoderKLQwenImage,
    AutoencoderKLQwenImage21,
    FlowMatchEulerDiscreteScheduler,
    QwenImage21Transformer2DModel,
    QwenImageTransformer2DModel,
)
from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration

from spectacle.generators.qwen_image_edit import presets
from spectacle.weights import Store

EDIT_COMPONENTS = {
    "processor": ("transformers", "Qwen2VLProcessor"),
    **tiny.QWEN_IMAGE_COMPONENTS,
}
QWEN_IMAGE_21_COMPONENTS = {
    "processor": ("transformers", "Qwen3VLProcessor"),
    "scheduler": ("diffusers", "FlowMatchEulerDiscreteScheduler"),
    "text_encoder": ("transformers", "Qwen3VLForConditionalGeneration"),
    "transformer": ("diffusers", "QwenImage21Transformer2DModel"),
    "vae": ("diffusers", "AutoencoderKLQwenImage21"),
}
TURBO_SIGMAS = [1.0, 0.978453, 0.95418, 0.926626, 0.89508, 0.845148, 0.704534, 0.414568]

CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n"
    "{% if message.content is string %}{{ message.content }}"
    "{% else %}{% for part in message.content %}{% if part.type == 'text' %}{{ part.text }}"
    "{% else %}<|vision_start|><|image_pad|><|vision_end|>{% endif %}{% endfor %}{% endif %}"
    "<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def processor(folder: Path, name: str, patch_size: int, min_pixels: int, max_pixels: int) -> None:
    """The tokenizer with the processors of pictures and films, which scale what they see to a number of pixels."""
    tiny.tokenizer(folder)
    (folder / "chat_template.jinja").write_text(CHAT_TEMPLATE)
    picture: dict[str, Any] = {
        "do_convert_rgb": True,
        "do_normalize": True,
        "do_rescale": True,
        "do_resize": True,
        "image_mean": [0.48145466, 0.4578275, 0.40821073],
        "image_processor_type": "Qwen2VLImageProcessorFast",
        "image_std": [0.26862954, 0.26130258, 0.27577711],
        "max_pixels": max_pixels,
        "merge_size": 2,
        "min_pixels": min_pixels,
        "patch_size": patch_size,
        "processor_class": name,
        "resample": 3,
        "rescale_factor": 1 / 255,
        "size": {"longest_edge": max_pixels, "shortest_edge": min_pixels},
        "temporal_patch_size": 2,
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(picture, indent=2))
    del picture["image_processor_type"]
    kind = name.replace("Processor", "VideoProcessor")
    film = picture | {"video_processor_type": kind, "do_sample_frames": False}
    (folder / "video_preprocessor_config.json").write_text(json.dumps(film, indent=2))


def vae(folder: Path, seed: int) -> None:
    """An `AutoencoderKLQwenImage` that is smaller still: editing encodes pictures of a megapixel."""
    model = AutoencoderKLQwenImage(base_dim=4, z_dim=16, dim_mult=[1, 1, 1, 1], num_res_blocks=0)
    tiny.randomise(model, seed)
    model.to(torch.bfloat16).save_pretrained(folder)


def transformer(folder: Path, seed: int, **config: Any) -> None:
    """A `QwenImageTransformer2DModel` of two blocks, in shards."""
    model = QwenImageTransformer2DModel(
        patch_size=2,
        in_channels=64,
        out_channels=16,
        num_layers=tiny.LAYERS,
        attention_head_dim=tiny.INNER // tiny.HEADS,
        num_attention_heads=tiny.HEADS,
        joint_attention_dim=tiny.TEXT,
        guidance_embeds=False,
        axes_dims_rope=tiny.AXES,
        **config,
    )
    tiny.randomise(model, seed)
    model.to(torch.bfloat16).save_pretrained(folder, max_shard_size="150KB")


def qwen_image_edit(folder: Path, seed: int = 20, pipeline: str = "QwenImageEditPlusPipeline", **config: Any) -> None:
    """The files of a repository like `Qwen/Qwen-Image-Edit-2509`.

    Args:
        folder: Where they go.
        seed: Seed of the numbers.
        pipeline: `QwenImageEditPipeline` for one like `Qwen/Qwen-Image-Edit`.
        config: More of the transformer's configuration, such as `zero_cond_t=True` for one like 2511.
    """
    tiny.model_index(folder, pipeline, EDIT_COMPONENTS)
    tiny.scheduler(folder / "scheduler")
    tiny.text_encoder(folder / "text_encoder", seed + 1)
    tiny.tokenizer(folder / "tokenizer")
    # The published one sees up to 12,845,056 pixels; this one fewer, so that tests are fast.
    processor(folder / "processor", "Qwen2VLProcessor", 14, 3136, 112 * 112)
    transformer(folder / "transformer", seed + 3, **config)
    vae(folder / "vae", seed + 2)


def qwen_image_21(folder: Path, seed: int = 30, sample_sigmas: list[float] | None = None) -> None:
    """The files of a repository like `Qwen/Qwen-Image-2.1`, or with `sample_sigmas` of one like `-2.1-Turbo`."""
    tiny.model_index(folder, "QwenImage21Pipeline", QWEN_IMAGE_21_COMPONENTS)
    if sample_sigmas is not None:
        index = folder / "model_index.json"
        index.write_text(json.dumps({**json.loads(index.read_text()), "sample_sigmas": sample_sigmas}, indent=2))
    FlowMatchEulerDiscreteScheduler(**tiny.BASE_SCHEDULER).save_pretrained(folder / "scheduler")
    # The transformer needs a token for each 32x32 pixels of the pictures, so these bounds are Qwen3-VL's own.
    processor(folder / "processor", "Qwen3VLProcessor", 16, 65_536, 16_777_216)
    encoder = Qwen3VLForConditionalGeneration(
        Qwen3VLConfig(
            text_config={
                "vocab_size": 256 + len(tiny.SPECIAL_TOKENS),
                "hidden_size": tiny.TEXT,
                "intermediate_size": 48,
                "num_hidden_layers": tiny.LAYERS,
                "num_attention_heads": 2,
                "num_key_value_heads": 1,
                "head_dim": 16,
                "max_position_embeddings": 262144,
                "rope_parameters": {
                    "rope_type": "default",
                    "mrope_section": [4, 2, 2],
                    "mrope_interleaved": True,
                    "rope_theta": 5000000.0,
                },
            },
            vision_config={
                "depth": 2,
                "hidden_size": 16,
                "intermediate_size": 24,
                "num_heads": 2,
                "out_hidden_size": tiny.TEXT,
                "num_position_embeddings": 64,
                "deepstack_visual_indexes": [0],
            },
            vision_start_token_id=259,
            vision_end_token_id=260,
            image_token_id=261,
            video_token_id=262,
        )
    )
    tiny.randomise(encoder, seed + 1)
    encoder.to(torch.bfloat16).save_pretrained(folder / "text_encoder", max_shard_size="60KB")
    denoiser = QwenImage21Transformer2DModel(
        num_layers=tiny.LAYERS,
        attention_head_dim=tiny.INNER // tiny.HEADS,
        num_attention_heads=tiny.HEADS,
        context_in_dim=tiny.TEXT,
        axes_dims_rope=(8, 4, 4),
    )
    tiny.randomise(denoiser, seed + 3)
    denoiser.to(torch.bfloat16).save_pretrained(folder / "transformer", max_shard_size="150KB")
    decoder = AutoencoderKLQwenImage21(base_dim=4, decoder_base_dim=4, dim_mult=[1, 1, 1, 1, 1], num_res_blocks=1)
    tiny.randomise(decoder, seed + 2)
    decoder.to(torch.bfloat16).save_pretrained(folder / "vae")


def put_qwen_image_edit(store: Store) -> None:
    """Everything that `qwen-image-edit` loads: three models, and a Lightning adapter for each of their presets."""
    builders = {
        presets.EDIT: {"seed": 20, "pipeline": "QwenImageEditPipeline"},
        presets.EDIT_2509: {"seed": 40},
        presets.EDIT_2511: {"seed": 60, "zero_cond_t": True},
    }
    for base, about in builders.items():
        tiny.put(store, base.repo, presets.MODEL_FILES, lambda folder, about=about: qwen_image_edit(folder, **about))
    adapters: dict[str, list[str]] = {}
    for preset in presets.PRESETS.values():
        if preset.adapter is not None:
            adapters.setdefault(preset.adapter.repo, []).extend(preset.adapter.files)
    for repo, files in adapters.items():
        tiny.put(
            store,
            repo,
            files,
            lambda folder, files=files: [tiny.lora(folder / file, sum(file.encode())) for file in files],
        )
