"""Tiny random checkpoints of many pipelines of diffusers, saved as diffusers saves them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import diffusers
import tiny
import tiny_edit
import torch
import transformers
from tiny import randomise
from tiny_sdxl import tokenizer as clip_tokenizer_files

TEXT = 32


def _random(module: Any, seed: int) -> Any:
    randomise(module, seed)
    return module.eval()


def clip_tokenizer() -> Any:
    """A `CLIPTokenizer` of single bytes."""
    with tempfile.TemporaryDirectory() as folder:
        clip_tokenizer_files(Path(folder) / "tokenizer")
        return transformers.CLIPTokenizer.from_pretrained(Path(folder) / "tokenizer")


def clip(kind: str, seed: int) -> Any:
    """A text encoder of CLIP."""
    config = transformers.CLIPTextConfig(
        vocab_size=514,
        hidden_size=TEXT,
        intermediate_size=37,
        num_hidden_layers=3,
        num_attention_heads=2,
        max_position_embeddings=77,
        projection_dim=TEXT,
        bos_token_id=512,
        eos_token_id=513,
        pad_token_id=513,
    )
    return _random(getattr(transformers, kind)(config), seed)


def t5_tokenizer() -> Any:
    """A `T5Tokenizer` of single letters."""
    letters = [chr(number) for number in range(33, 127)]
    vocabulary = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0), *((each, -3.0) for each in letters)]
    return transformers.T5Tokenizer(vocab=vocabulary, extra_ids=0, model_max_length=512)


def t5(seed: int) -> Any:
    """A `T5EncoderModel`."""
    config = transformers.T5Config(
        vocab_size=128, d_model=TEXT, d_kv=16, d_ff=37, num_layers=2, num_heads=2, tie_word_embeddings=False
    )
    return _random(transformers.T5EncoderModel(config), seed)


def qwen_tokenizer(template: bool = True) -> Any:
    """A byte-level `Qwen2Tokenizer` with the special tokens of its template."""
    with tempfile.TemporaryDirectory() as folder:
        tiny.tokenizer(Path(folder))
        made: Any = transformers.Qwen2Tokenizer.from_pretrained(folder)
    if template:
        made.chat_template = (
            "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
            "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
        )
    return made


def qwen3(kind: str, seed: int, layers: int = 3) -> Any:
    """A model of Qwen3."""
    config = transformers.Qwen3Config(
        vocab_size=300,
        hidden_size=TEXT,
        intermediate_size=37,
        num_hidden_layers=layers,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=16,
        max_position_embeddings=1024,
    )
    return _random(getattr(transformers, kind)(config), seed)


def gemma_tokenizer() -> Any:
    """A `GemmaTokenizer` of single letters."""
    letters = [chr(number) for number in range(33, 127)]
    vocabulary = {each: number for number, each in enumerate(["<pad>", "<eos>", "<bos>", "<unk>", "▁", *letters])}
    return transformers.GemmaTokenizer(vocab=vocabulary, merges=[], model_max_length=512)


def gemma(seed: int) -> Any:
    """A `Gemma2Model`."""
    config = transformers.Gemma2Config(
        vocab_size=128,
        hidden_size=TEXT,
        intermediate_size=37,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=16,
    )
    return _random(transformers.Gemma2Model(config), seed)


def kl(seed: int, channels: int = 4, *, quant: bool = True, **more: Any) -> Any:
    """An `AutoencoderKL` that makes latents of 8x8 pixels."""
    model = diffusers.AutoencoderKL(
        block_out_channels=(8, 8, 8, 8),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        latent_channels=channels,
        layers_per_block=1,
        norm_num_groups=4,
        sample_size=64,
        force_upcast=False,
        use_quant_conv=quant,
        use_post_quant_conv=quant,
        **more,
    )
    return _tame(model, seed)


def _tame(model: Any, seed: int) -> Any:
    """A VAE with numbers whose images are not nearly all black and white."""
    made = _random(model, seed)
    for name in ("conv_out",):
        if hasattr(made.decoder, name) and hasattr(getattr(made.decoder, name), "weight"):
            getattr(made.decoder, name).weight.data.mul_(0.2)
    return made


def flow(**more: Any) -> Any:
    """A flow-matching scheduler."""
    return diffusers.FlowMatchEulerDiscreteScheduler(**more)  # type: ignore[no-untyped-call]


def unet(cross: int, **more: Any) -> Any:
    """A `UNet2DConditionModel`."""
    return diffusers.UNet2DConditionModel(
        sample_size=16,
        in_channels=4,
        out_channels=4,
        block_out_channels=(16, 32),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=cross,
        norm_num_groups=8,
        **more,
    )


def stable_diffusion() -> Any:
    """Stable Diffusion 1.5, whose safety checker was left out."""
    return diffusers.StableDiffusionPipeline(
        vae=kl(1),
        text_encoder=clip("CLIPTextModel", 2),
        tokenizer=clip_tokenizer(),
        unet=_random(unet(TEXT, attention_head_dim=4), 3),
        scheduler=diffusers.PNDMScheduler(skip_prk_steps=True, steps_offset=1),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def sdxl() -> Any:
    """Stable Diffusion XL."""
    more = {
        "attention_head_dim": (2, 4),
        "use_linear_projection": True,
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": 8,
        "projection_class_embeddings_input_dim": 8 * 6 + TEXT,
    }
    return diffusers.StableDiffusionXLPipeline(
        vae=kl(1),
        text_encoder=clip("CLIPTextModel", 2),
        text_encoder_2=clip("CLIPTextModelWithProjection", 3),
        tokenizer=clip_tokenizer(),
        tokenizer_2=clip_tokenizer(),
        unet=_random(unet(2 * TEXT, **more), 4),
        scheduler=diffusers.EulerDiscreteScheduler(timestep_spacing="leading", steps_offset=1),
    )


def sd3() -> Any:
    """Stable Diffusion 3.5."""
    transformer = diffusers.SD3Transformer2DModel(
        sample_size=32,
        num_layers=2,
        attention_head_dim=8,
        num_attention_heads=4,
        caption_projection_dim=32,
        joint_attention_dim=2 * TEXT,
        pooled_projection_dim=2 * TEXT,
        pos_embed_max_size=64,
        qk_norm="rms_norm",
    )
    config = transformers.T5Config(
        vocab_size=128, d_model=2 * TEXT, d_kv=16, d_ff=37, num_layers=2, num_heads=2, tie_word_embeddings=False
    )
    return diffusers.StableDiffusion3Pipeline(
        transformer=_random(transformer, 1),
        scheduler=flow(shift=3.0),
        vae=kl(2, 16, quant=False, shift_factor=0.06),
        text_encoder=clip("CLIPTextModelWithProjection", 3),
        tokenizer=clip_tokenizer(),
        text_encoder_2=clip("CLIPTextModelWithProjection", 4),
        tokenizer_2=clip_tokenizer(),
        text_encoder_3=_random(transformers.T5EncoderModel(config), 5),
        tokenizer_3=t5_tokenizer(),
    )


_FLUX: Mapping[str, Any] = {
    "in_channels": 16,
    "num_layers": 1,
    "num_single_layers": 2,
    "attention_head_dim": 16,
    "num_attention_heads": 2,
    "joint_attention_dim": TEXT,
    "axes_dims_rope": [4, 4, 8],
}


def flux(kind: str = "FluxPipeline") -> Any:
    """FLUX.1 schnell, or FLUX.1 Kontext."""
    transformer = diffusers.FluxTransformer2DModel(pooled_projection_dim=TEXT, **_FLUX)
    return getattr(diffusers, kind)(
        scheduler=flow(),
        vae=kl(2, 4, quant=False, shift_factor=0.1),
        text_encoder=clip("CLIPTextModel", 3),
        tokenizer=clip_tokenizer(),
        text_encoder_2=t5(4),
        tokenizer_2=t5_tokenizer(),
        transformer=_random(transformer, 1),
    )


def chroma() -> Any:
    """Chroma."""
    transformer = diffusers.ChromaTransformer2DModel(
        approximator_num_channels=8, approximator_hidden_dim=32, approximator_layers=1, **_FLUX
    )
    return diffusers.ChromaPipeline(
        scheduler=flow(),
        vae=kl(2, 4, quant=False, shift_factor=0.1),
        text_encoder=t5(3),
        tokenizer=t5_tokenizer(),
        transformer=_random(transformer, 1),
    )


def z_image() -> Any:
    """Z-Image."""
    transformer = diffusers.ZImageTransformer2DModel(
        in_channels=16,
        dim=32,
        n_layers=2,
        n_refiner_layers=1,
        n_heads=2,
        n_kv_heads=2,
        cap_feat_dim=TEXT,
        axes_dims=[8, 4, 4],
        axes_lens=[256, 64, 64],
    )
    return diffusers.ZImagePipeline(
        scheduler=flow(shift=3.0),
        vae=kl(2, 16, quant=False, shift_factor=0.1),
        text_encoder=qwen3("Qwen3Model", 3),
        tokenizer=qwen_tokenizer(),
        transformer=_random(transformer, 1),
    )


def flux2_klein() -> Any:
    """FLUX.2 klein."""
    transformer = diffusers.Flux2Transformer2DModel(
        in_channels=16,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=3 * TEXT,
        timestep_guidance_channels=256,
        axes_dims_rope=[4, 4, 4, 4],
        guidance_embeds=False,
    )
    vae = diffusers.AutoencoderKLFlux2(
        block_out_channels=(8, 8, 8, 8), layers_per_block=1, latent_channels=4, norm_num_groups=4, sample_size=64
    )
    made = _tame(vae, 2)
    made.bn.running_mean.zero_()
    made.bn.running_var.fill_(1.0)
    return diffusers.Flux2KleinPipeline(
        scheduler=flow(),
        vae=made,
        text_encoder=qwen3("Qwen3ForCausalLM", 3, layers=28),
        tokenizer=qwen_tokenizer(),
        transformer=_random(transformer, 1),
        is_distilled=True,
    )


def sana_sprint() -> Any:
    """SANA Sprint."""
    transformer = diffusers.SanaTransformer2DModel(
        in_channels=4,
        out_channels=4,
        num_attention_heads=2,
        attention_head_dim=4,
        num_layers=2,
        num_cross_attention_heads=2,
        cross_attention_head_dim=4,
        cross_attention_dim=8,
        caption_channels=TEXT,
        sample_size=32,
        qk_norm="rms_norm_across_heads",
        guidance_embeds=True,
    )
    vae = diffusers.AutoencoderDC(
        latent_channels=4,
        attention_head_dim=2,
        encoder_block_types=("ResBlock", "EfficientViTBlock"),
        decoder_block_types=("ResBlock", "EfficientViTBlock"),
        encoder_block_out_channels=(8, 8),
        decoder_block_out_channels=(8, 8),
        encoder_qkv_multiscales=((), (5,)),
        decoder_qkv_multiscales=((), (5,)),
        encoder_layers_per_block=(1, 1),
        decoder_layers_per_block=(1, 1),
        downsample_block_type="conv",
        upsample_block_type="interpolate",
        decoder_norm_types="rms_norm",
        decoder_act_fns="silu",
        scaling_factor=0.41407,
    )
    return diffusers.SanaSprintPipeline(
        tokenizer=gemma_tokenizer(),
        text_encoder=gemma(3),
        vae=_tame(vae, 2),
        transformer=_random(transformer, 1),
        scheduler=diffusers.SCMScheduler(),  # type: ignore[arg-type]
    )


def pixart() -> Any:
    """PixArt Sigma, whose pipeline knows no callback."""
    transformer = diffusers.PixArtTransformer2DModel(
        sample_size=16,
        num_layers=2,
        attention_head_dim=8,
        num_attention_heads=3,
        cross_attention_dim=24,
        caption_channels=TEXT,
    )
    return diffusers.PixArtSigmaPipeline(
        tokenizer=t5_tokenizer(),
        text_encoder=t5(3),
        vae=kl(2),
        transformer=_random(transformer, 1),
        scheduler=diffusers.DPMSolverMultistepScheduler(),
    )


def lumina2() -> Any:
    """Lumina Image 2.0."""
    transformer = diffusers.Lumina2Transformer2DModel(
        sample_size=16,
        in_channels=4,
        hidden_size=24,
        num_layers=2,
        num_refiner_layers=1,
        num_attention_heads=3,
        num_kv_heads=1,
        multiple_of=2,
        axes_dim_rope=[4, 2, 2],
        axes_lens=[300, 64, 64],
        cap_feat_dim=TEXT,
    )
    return diffusers.Lumina2Pipeline(
        transformer=_random(transformer, 1),
        scheduler=flow(),
        vae=kl(2, shift_factor=0.1),
        text_encoder=gemma(3),
        tokenizer=gemma_tokenizer(),
    )


_HUNYUAN: Mapping[str, Any] = {
    "num_attention_heads": 2,
    "attention_head_dim": 16,
    "num_layers": 2,
    "num_single_layers": 2,
    "num_refiner_layers": 1,
    "text_embed_dim": TEXT,
    "rope_axes_dim": (8, 8),
}


def qwen_vl(seed: int, **generation: Any) -> Any:
    """A `Qwen2_5_VLForConditionalGeneration`, with changes to how it generates text."""
    with tempfile.TemporaryDirectory() as folder:
        tiny.text_encoder(Path(folder), seed)
        made = transformers.Qwen2_5_VLForConditionalGeneration.from_pretrained(folder)
    made.generation_config.update(**generation)
    return made


def hunyuan_image() -> Any:
    """HunyuanImage 2.1, whose guidance is two components of its own: one for images with text in them."""
    transformer = diffusers.HunyuanImageTransformer2DModel(
        in_channels=4, out_channels=4, patch_size=(1, 1), text_embed_2_dim=TEXT, **_HUNYUAN
    )
    vae = diffusers.AutoencoderKLHunyuanImage(
        in_channels=3,
        out_channels=3,
        latent_channels=4,
        block_out_channels=(32,) * 6,
        layers_per_block=1,
        spatial_compression_ratio=32,
        sample_size=384,
        scaling_factor=0.75289,
    )
    guide = diffusers.AdaptiveProjectedMixGuidance
    t5_config = transformers.T5Config(
        vocab_size=1510, d_model=TEXT, d_kv=16, d_ff=37, num_layers=2, num_heads=2, tie_word_embeddings=False
    )
    return diffusers.HunyuanImagePipeline(
        scheduler=flow(shift=5.0),
        vae=_tame(vae, 2),
        text_encoder=qwen_vl(3),
        tokenizer=qwen_tokenizer(template=False),
        text_encoder_2=_random(transformers.T5EncoderModel(t5_config), 4),
        tokenizer_2=transformers.ByT5Tokenizer(),
        transformer=_random(transformer, 1),
        guider=guide(adaptive_projected_guidance_start_step=1),
        ocr_guider=guide(adaptive_projected_guidance_start_step=1, guidance_scale=5.0),
    )


def hunyuan_refiner() -> Any:
    """The refiner of HunyuanImage 2.1, which makes an image of another one."""
    transformer = diffusers.HunyuanImageTransformer2DModel(
        in_channels=16,
        out_channels=8,
        patch_size=(1, 1, 1),
        guidance_embeds=True,
        **{**_HUNYUAN, "rope_axes_dim": (4, 6, 6)},
    )
    vae = diffusers.AutoencoderKLHunyuanImageRefiner(
        latent_channels=4,
        block_out_channels=(8, 8, 8, 8, 8),
        layers_per_block=1,
        spatial_compression_ratio=16,
        temporal_compression_ratio=4,
    )
    return diffusers.HunyuanImageRefinerPipeline(
        scheduler=flow(shift=4.0),
        vae=_tame(vae, 2),
        text_encoder=qwen_vl(3),
        tokenizer=qwen_tokenizer(template=False),
        transformer=_random(transformer, 1),
        guider=diffusers.AdaptiveProjectedMixGuidance(),
    )


def longcat(kind: str = "LongCatImagePipeline") -> Any:
    """LongCat-Image, which first rewrites the prompt, or LongCat-Image-Edit. Neither pipeline knows a callback."""
    transformer = diffusers.LongCatImageTransformer2DModel(
        in_channels=64,
        num_layers=1,
        num_single_layers=2,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=TEXT,
        pooled_projection_dim=TEXT,
        axes_dims_rope=[4, 4, 8],
    )
    with tempfile.TemporaryDirectory() as folder:
        # The published one sees up to 12,845,056 pixels; this one fewer, so that tests are fast.
        tiny_edit.processor(Path(folder), "Qwen2VLProcessor", 14, 3136, 112 * 112)
        processor = transformers.Qwen2VLProcessor.from_pretrained(folder)
    # A model of noise would not end what it writes: half of its letters do.
    ends = [*range(128), 258]
    return getattr(diffusers, kind)(
        scheduler=flow(use_dynamic_shifting=True, max_shift=1.15),
        vae=kl(2, 16, quant=False, shift_factor=0.1),
        text_encoder=qwen_vl(3, do_sample=True, temperature=0.000001, eos_token_id=ends, pad_token_id=256),
        tokenizer=qwen_tokenizer(template=False),
        text_processor=processor,
        transformer=_random(transformer, 1),
    )


BUILDERS: Mapping[str, Callable[[], Any]] = {
    "sd15": stable_diffusion,
    "sdxl": sdxl,
    "sd3": sd3,
    "flux": flux,
    "kontext": lambda: flux("FluxKontextPipeline"),
    "chroma": chroma,
    "z_image": z_image,
    "klein": flux2_klein,
    "sana": sana_sprint,
    "pixart": pixart,
    "lumina": lumina2,
    "hunyuan": hunyuan_image,
    "hunyuan_refiner": hunyuan_refiner,
    "longcat": longcat,
    "longcat_edit": lambda: longcat("LongCatImageEditPipeline"),
}
"""Makes each pipeline."""


def save(name: str, folder: Path) -> None:
    """Write the checkpoint of one of `BUILDERS`."""
    BUILDERS[name]().to(torch.float32).save_pretrained(folder)
