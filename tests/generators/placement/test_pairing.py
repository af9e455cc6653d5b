"""Parts of a pipeline on a second GPU, which their callers take to be on the first."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tiny
import torch
from diffusers import AutoencoderKLQwenImage
from simulated_gpu import SimulatedGPUs
from transformers import Qwen2_5_VLForConditionalGeneration

from spectacle.generators.placement import pairing

pytestmark = pytest.mark.skipif(os.uname().sysname != "Linux", reason="the table of devices has another name there")
HOME, THERE = torch.device("cuda:0"), torch.device("cuda:1")


@pytest.fixture
def encoder(tmp_path: Path) -> Any:
    tiny.text_encoder(tmp_path)
    kind: Any = Qwen2_5_VLForConditionalGeneration
    return kind.from_pretrained(tmp_path, dtype=torch.bfloat16)


@pytest.fixture
def gpus() -> Iterator[SimulatedGPUs]:
    with SimulatedGPUs(10**8, 10**8) as simulated, torch.no_grad():
        yield simulated


def random(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0)).bfloat16()


@pytest.fixture
def vae(tmp_path: Path) -> Any:
    tiny.vae(tmp_path)
    kind: Any = AutoencoderKLQwenImage
    return kind.from_pretrained(tmp_path, dtype=torch.bfloat16)


def test_a_vae_encodes_and_decodes_there_what_comes_from_here(vae: Any, gpus: SimulatedGPUs) -> None:
    picture, latents = random(1, 3, 1, 32, 32), random(1, 16, 1, 4, 4)
    expected = vae.decode(latents, return_dict=False)[0], vae.encode(picture).latent_dist
    pairing.lend(vae.to(THERE), THERE, HOME)
    held = gpus.memories[0].used
    assert held == 0
    decoded = vae.decode(latents.to(HOME), return_dict=False)[0]
    assert decoded.device == vae.decode(latents.to(HOME)).sample.device == HOME
    assert torch.equal(decoded.cpu(), expected[0])
    for found in (vae.encode(picture.to(HOME)).latent_dist, vae.encode(picture.to(HOME), return_dict=False)[0]):
        assert found.mode().device == HOME
        assert torch.equal(found.mode().cpu(), expected[1].mode())
        drawn = [each.sample(torch.Generator().manual_seed(3)).cpu() for each in (found, expected[1])]
        assert torch.equal(*drawn)


def test_a_text_encoder_returns_here_what_it_made_there(encoder: Any, gpus: SimulatedGPUs) -> None:
    tokens = torch.tensor([[1, 2, 3]])
    expected = encoder(input_ids=tokens, output_hidden_states=True).hidden_states[-1]
    pairing.lend(encoder.to(THERE), THERE, HOME)
    made = encoder(input_ids=tokens.to(HOME), output_hidden_states=True).hidden_states[-1]
    assert made.device == HOME
    assert torch.equal(made.cpu(), expected)
    assert gpus.memories[0].used < 10_000


def test_whoever_asks_where_such_a_part_computes_is_told_where_the_pipeline_does(vae: Any, gpus: SimulatedGPUs) -> None:
    from diffusers import QwenImagePipeline

    kind: Any = QwenImagePipeline
    transformer: Any = tiny.transformer_model()
    pipeline = kind(scheduler=None, vae=vae, text_encoder=None, tokenizer=None, transformer=transformer.to(HOME))
    pairing.lend(vae.to(THERE), THERE, HOME)
    assert pipeline._execution_device == HOME
