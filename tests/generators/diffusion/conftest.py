"""A tiny transformer in a pipeline, and a LoRA for it."""

from __future__ import annotations

from pathlib import Path

import pytest
import tiny
from diffusers import QwenImagePipeline


@pytest.fixture
def pipeline() -> QwenImagePipeline:
    """A pipeline of a transformer alone."""
    return QwenImagePipeline(
        scheduler=None, vae=None, text_encoder=None, tokenizer=None, transformer=tiny.transformer_model().float()
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    tiny.lora(tmp_path / "lightning.safetensors")
    return tmp_path / "lightning.safetensors"
