"""Builds small checkpoints with random weights in exactly the layout of the published ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration, Qwen2Tokenizer, Qwen2VLImageProcessor
from transformers.convert_slow_tokenizer import bytes_to_unicode

from spectacle.generators.omnisvg.checkpoint import configuration
from spectacle.generators.omnisvg.sizes import FILE, PRESETS
from spectacle.generators.omnisvg.tokens import SIZES
from spectacle.weights import Store
from spectacle.weights.pull import bring_in, from_folder

SPECIAL = [
    "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>",
]  # fmt: skip


END = 2.7
"""The less it is than 3, the later small models end their drawings."""


def build_base(folder: Path, size: str = "4B", **changes: Any) -> Path:
    """Write the configuration, tokenizer and picture processor of a small Qwen2.5-VL model, without weights.

    Args:
        folder: Where they go.
        size: `4B`, with a tied head, or `8B`, without.
        changes: Other values for `config.json`.
    """
    folder.mkdir(parents=True)
    letters = bytes_to_unicode().values()
    vocab = {letter: number for number, letter in enumerate(letters)}
    tokenizer = Qwen2Tokenizer(vocab=vocab, merges=[], extra_special_tokens=SPECIAL)
    tokenizer.save_pretrained(folder)
    Qwen2VLImageProcessor(min_pixels=3136, max_pixels=12845056).save_pretrained(folder)
    ids = tokenizer.convert_tokens_to_ids
    config = {
        "architectures": ["Qwen2_5_VLForConditionalGeneration"],
        "model_type": "qwen2_5_vl",
        "bos_token_id": ids("<|endoftext|>"),
        "eos_token_id": ids("<|im_end|>"),
        "vision_start_token_id": ids("<|vision_start|>"),
        "vision_end_token_id": ids("<|vision_end|>"),
        "image_token_id": ids("<|image_pad|>"),
        "video_token_id": ids("<|video_pad|>"),
        "hidden_act": "silu",
        "hidden_size": 16,
        "initializer_range": 0.02,
        "intermediate_size": 32,
        "max_position_embeddings": 128000,
        "max_window_layers": 2,
        "num_attention_heads": 2,
        "num_hidden_layers": 2,
        "num_key_value_heads": 1,
        "rms_norm_eps": 1e-06,
        "rope_theta": 1000000.0,
        "rope_scaling": {"type": "mrope", "mrope_section": [1, 1, 2]},
        "sliding_window": 32768,
        "use_sliding_window": False,
        "tie_word_embeddings": size == "4B",
        "torch_dtype": "bfloat16",
        "use_cache": True,
        "vocab_size": SIZES[size].base,
        "vision_config": {
            "depth": 2,
            "hidden_act": "silu",
            "hidden_size": 16,
            "intermediate_size": 32,
            "num_heads": 2,
            "in_chans": 3,
            "out_hidden_size": 16,
            "patch_size": 14,
            "spatial_merge_size": 2,
            "spatial_patch_size": 14,
            "window_size": 112,
            "fullatt_block_indexes": [1],
            "tokens_per_second": 2,
            "temporal_patch_size": 2,
        },
    }
    (folder / "config.json").write_text(json.dumps(config | changes))
    return folder


def build_model(
    base: Path, size: str = "4B", dtype: torch.dtype = torch.bfloat16
) -> Qwen2_5_VLForConditionalGeneration:
    """A small model with random weights, large enough for drawings to differ, that ends one after several paths.

    The first number of each embedding is the same, so that it stands out in what the layers make of it, and gives
    what the head has in its place for the end the meaning of a bias.
    """
    vocabulary = SIZES[size]
    config: Qwen2_5_VLConfig = configuration(base, vocabulary)
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(5)
        model = Qwen2_5_VLForConditionalGeneration(config).eval()
        for parameter in model.parameters():
            if parameter.ndim > 1:
                torch.nn.init.normal_(parameter, std=0.3)
        for table in (model.get_input_embeddings().weight, model.lm_head.weight):
            table[:, 0] = 3.0
            table[list(vocabulary.ends), 0] = END
    return model.to(dtype)


def published_tensors(model: Qwen2_5_VLForConditionalGeneration) -> dict[str, Tensor]:
    """The tensors of a model under the names of the published file."""
    return {published_name(name): tensor for name, tensor in model.state_dict().items()}


def published_name(name: str) -> str:
    """The name that transformers 4.51 gave a tensor, as the published file has it."""
    return "transformer." + name.replace("model.visual.", "visual.").replace("model.language_model.", "model.")


def build_checkpoint(folder: Path, base: Path, size: str = "4B") -> Path:
    """Write a `pytorch_model.bin` of random weights, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / FILE
    torch.save(published_tensors(build_model(base, size)), file)
    return file


def build_store(root: Path, *presets: str) -> Store:
    """A directory of pulled weights with a small checkpoint in the place of each size's; by default, that of 4b."""
    store = Store(root / "weights")
    for preset in presets or ("4b",):
        size = PRESETS[preset]
        base = build_base(root / preset / "base", size.name)
        checkpoint = root / preset / "checkpoint"
        build_checkpoint(checkpoint, base, size.name)
        bring_in([from_folder(size.weights, store, checkpoint), from_folder(size.base, store, base)], store)
    return store
