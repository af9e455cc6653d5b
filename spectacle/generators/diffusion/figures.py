"""The sizes of published models, for plans made before their files are here.

Weights were counted on models built from the published configurations. What `activations` says was tracked over one
forward pass of these models with fake tensors of the largest picture named; kernels' workspaces are not in it, except
for the Qwen VAEs untiled, where it is raised by the factor 1.67 between such a count and the 19.91 GiB that InvokeAI
measured for a picture of 2560x1440 (its pull request 9427).
"""

from __future__ import annotations

from spectacle.generators.diffusion.plan import Component, Stage

QWEN_IMAGE = (
    Component("transformer", Stage.DENOISE, 20_430_000_000, activations=670_000_000, blocks=60),
    Component("text_encoder", Stage.ENCODE, 8_292_000_000, fixed=1_090_000_000, activations=600_000_000, blocks=28),
    Component("vae", Stage.DECODE, 127_000_000, activations=10_200_000_000, tiled_activations=600_000_000),
)
"""`Qwen/Qwen-Image` and its editing models, pictures of 1328x1328, prompts of 1024 tokens."""

QWEN_IMAGE_21 = (
    Component("transformer", Stage.DENOISE, 7_100_000_000, activations=2_000_000_000, blocks=32),
    Component("text_encoder", Stage.ENCODE, 8_010_000_000, fixed=1_250_000_000, activations=700_000_000, blocks=36),
    Component("vae", Stage.DECODE, 338_000_000, activations=45_000_000_000, tiled_activations=800_000_000),
)
"""`Qwen/Qwen-Image-2.1`, 30.9 GB in all, pictures of 2048x2048.

The activations of its transformer are those of Qwen-Image's, scaled by tokens and width.
"""

SDXL_CONTROLNET = (
    Component("unet", Stage.DENOISE, 2_567_000_000, fixed=335_000_000, activations=330_000_000, blocks=9, fp16=True),
    Component("controlnet", Stage.DENOISE, 1_251_000_000, fixed=141_000_000, activations=330_000_000, fp16=True),
    Component("text_encoder", Stage.ENCODE, 123_000_000, blocks=12, fp16=True),
    Component("text_encoder_2", Stage.ENCODE, 695_000_000, fixed=63_000_000, blocks=32, fp16=True),
    Component("vae", Stage.DECODE, 84_000_000, activations=1_610_000_000, fp16=True),
)
"""`stabilityai/stable-diffusion-xl-base-1.0` with `diffusers/controlnet-canny-sdxl-1.0`, pictures of 1024x1024."""
