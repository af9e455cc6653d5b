"""Loads and runs the pipelines of `botanical`; imports torch and diffusers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diffusers import ControlNetModel, StableDiffusionXLControlNetPipeline, StableDiffusionXLPipeline
from PIL import Image

from spectacle.generators.base import Device
from spectacle.generators.botanical.options import BotanicalOptions
from spectacle.generators.diffusion.adapter_set import AdapterSet
from spectacle.generators.diffusion.embeddings import Embeddings
from spectacle.generators.diffusion.loading import Checkpoint, check_model, load_model, load_pipeline
from spectacle.generators.diffusion.stages import Stages
from spectacle.generators.placement.files import bytes_in_memory, parameters, read_header
from spectacle.generators.placement.plan import Plan

if TYPE_CHECKING:
    import torch

    from spectacle.generators.diffusion.steps import StepReporter

# The pipelines are not typed as what they are derived from.
PLAIN: Any = StableDiffusionXLPipeline
LED: Any = StableDiffusionXLControlNetPipeline
ENCODERS = ("text_encoder", "text_encoder_2")


@dataclass(frozen=True, slots=True)
class LoadedBotanical:
    """A loaded preset: the pipeline in its stages, its adapters, and the LoRA's file; both None when it is fused."""

    stages: Stages
    adapters: AdapterSet | None
    lora: Path | None

    @property
    def plan(self) -> Plan:
        """Where its parts are."""
        return self.stages.plan

    def close(self) -> None:
        """Free it."""
        if self.adapters is not None:
            self.adapters.close()
        self.stages.close()


def load(preset: str | None, checkpoint: Checkpoint, plan: Plan, lora: Path | None, device: Device) -> LoadedBotanical:
    """Load a preset's pipeline with its adapter, and put its parts in their places."""
    pipeline = load_pipeline(PLAIN, checkpoint, plan)
    adapters = None
    if lora is not None:
        adapters = AdapterSet(pipeline, bytes_in_memory(parameters(read_header(lora))))
        adapters.use({lora: 1.0})
    stages = Stages(pipeline, checkpoint, plan, device, encoders=ENCODERS)
    if preset != "plain":
        folder = checkpoint.folder_of("controlnet")
        check_model(folder, ControlNetModel, variant=checkpoint.variant)
        stages.add("controlnet", load_model(folder, "controlnet", ControlNetModel, plan, variant=checkpoint.variant))
    return LoadedBotanical(stages, adapters, lora)


def encode(stages: Stages, prompt: str, options: BotanicalOptions) -> dict[str, Any]:
    """Embeddings of the prompt and the negative prompt, by the names of the pipelines' arguments."""
    guided = options.guidance_scale > 1

    def encode_now(pipeline: Any) -> Embeddings:
        return Embeddings(
            pipeline.encode_prompt(
                prompt=prompt,
                device=stages.device,
                do_classifier_free_guidance=guided,
                negative_prompt=options.negative_prompt,
            )
        )

    key = (prompt, options.negative_prompt, guided, options.lora_scale)
    names = ("prompt_embeds", "negative_prompt_embeds", "pooled_prompt_embeds", "negative_pooled_prompt_embeds")
    return dict(zip(names, stages.encode(key, encode_now).tensors, strict=True))


def is_cut(stages: Stages, prompt: str) -> bool:
    """Whether the prompt is longer than the 77 tokens that SDXL's text encoders see."""
    tokenizer = stages.pipeline.tokenizer
    return bool(len(tokenizer(prompt).input_ids) > tokenizer.model_max_length)


def generate(
    stages: Stages,
    embeddings: dict[str, Any],
    edges: Image.Image | None,
    options: BotanicalOptions,
    size: tuple[int, int],
    reporter: StepReporter,
    generator: torch.Generator,
) -> Image.Image:
    """One plate; with edges, led by them."""
    width, height = size
    call: dict[str, Any] = {
        **embeddings,
        "width": width,
        "height": height,
        "num_inference_steps": options.num_inference_steps,
        "guidance_scale": options.guidance_scale,
        "generator": generator,
    }
    if edges is None:
        return stages.run(PLAIN, reporter, **call)
    return stages.run(
        LED,
        reporter,
        **call,
        image=edges,
        controlnet_conditioning_scale=options.controlnet_conditioning_scale,
        control_guidance_start=options.control_guidance_start,
        control_guidance_end=options.control_guidance_end,
    )
