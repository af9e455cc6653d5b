"""Qwen-Image-Layered takes an image apart into several with transparency, as a plain script does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import diffusers
import pytest
import tiny
import tiny_edit
import torch
from control import Control
from diffusers import AutoencoderKLQwenImage
from generating import CPU, job, picture, resources, same
from PIL import Image

from spectacle.errors import BadOptions
from spectacle.generators import registry
from spectacle.weights import Store


def layered(folder: Path) -> None:
    """The files of a repository like `Qwen/Qwen-Image-Layered`, whose VAE has a channel for transparency."""
    tiny_edit.qwen_image_edit(folder, 40, "QwenImageLayeredPipeline", use_additional_t_cond=True, use_layer3d_rope=True)
    vae = AutoencoderKLQwenImage(base_dim=8, z_dim=16, dim_mult=[1, 2, 4, 4], num_res_blocks=1, input_channels=4)
    tiny.randomise(vae, 40)
    vae.decoder.conv_out.weight.data.mul_(0.2)
    vae.to(torch.bfloat16).save_pretrained(folder / "vae")


@pytest.mark.slow
def test_layers_are_several_images_with_transparency(tmp_path: Path) -> None:
    found = resources(Store(tmp_path))
    generator = registry.find("qwen-image-layered", found)(None, found)
    source = generator.weights()[0]
    folder = tiny.put(found.store, source.repo, source.files, layered)
    generator.check_weights(None, found)
    generator.load(CPU)
    before, size = picture((96, 64), mode="RGBA"), (96, 64)

    def asked(steps: int) -> Any:
        return job(generator, size=size, pictures=(before,), layers=2, num_inference_steps=steps)

    with pytest.raises(BadOptions, match="num_inference_steps: must be at least 2 for this model"):
        generator.generate(asked(1), Control())
    artifacts = generator.generate(asked(2), Control())
    pipeline: Any = diffusers.QwenImageLayeredPipeline.from_pretrained(folder, dtype=torch.bfloat16)
    pipeline.set_progress_bar_config(disable=True)
    call = {"negative_prompt": " ", "layers": 2, "resolution": 640, "use_en_prompt": True, "true_cfg_scale": 4.0}
    random = torch.Generator().manual_seed(7)
    plain = pipeline(before, "a fox", num_inference_steps=2, generator=random, **call).images[0]
    assert len(artifacts) == len(plain) == 2
    for artifact, layer in zip(artifacts, plain, strict=True):
        assert isinstance(artifact.content, Image.Image)
        assert artifact.content.mode == "RGBA"
        assert same(artifact.content, layer)
    generator.unload()
