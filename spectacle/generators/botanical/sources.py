"""What `botanical` loads of the model hub."""

from __future__ import annotations

from spectacle.weights import Source

BASE = Source(
    "stabilityai/stable-diffusion-xl-base-1.0",
    (
        "model_index.json",
        "scheduler/*.json",
        "tokenizer/*",
        "tokenizer_2/*",
        "text_encoder/config.json",
        "text_encoder/model.fp16.safetensors",
        "text_encoder_2/config.json",
        "text_encoder_2/model.fp16.safetensors",
        "unet/config.json",
        "unet/diffusion_pytorch_model.fp16.safetensors",
    ),
    "openrail++",
)
VAE = Source(
    "madebyollin/sdxl-vae-fp16-fix", ("config.json", "diffusion_pytorch_model.safetensors"), "MIT", size=335_000_000
)
"""In half precision the VAE of SDXL itself makes black images."""
CONTROLNET = Source(
    "diffusers/controlnet-canny-sdxl-1.0",
    ("config.json", "diffusion_pytorch_model.fp16.safetensors"),
    "openrail++",
    size=2_500_000_000,
)
LORA_FILE = "Century Botanical Illustration.safetensors"
LORA = Source(
    "KappaNeuro/century-botanical-illustration",
    (LORA_FILE,),
    "other (as its page says; read it there)",
    size=228_000_000,
)
