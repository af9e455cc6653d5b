"""The generator `botanical`: SDXL with a LoRA of old plates, and a ControlNet that follows the lines of a sketch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from PIL import Image

from spectacle.errors import BadAttachment, BadOptions
from spectacle.generators.base import (
    Artifact,
    Device,
    Footprint,
    Generator,
    GeneratorOptions,
    Job,
    JobControl,
    Needs,
    Resources,
)
from spectacle.generators.botanical.edges import canny_edges
from spectacle.generators.botanical.options import TRIGGER, BotanicalOptions
from spectacle.generators.diffusion.sizes import fit_picture, native_size
from spectacle.weights import Source

if TYPE_CHECKING:
    from spectacle.generators.botanical.model import Loaded

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
"""In half precision the VAE of SDXL itself makes black pictures."""
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

MULTIPLE = 8
"""What the sides of pictures are multiples of: the VAE makes a latent of 8×8 pixels."""
LEAST_PIXELS, MOST_PIXELS = 640 * 640, 1536 * 1536
"""Pictures of fewer or more pixels are drawn within these bounds and resampled: SDXL was trained at about 1024×1024."""


class Botanical(Generator):
    """Draws botanical plates as they were printed a century ago."""

    name: ClassVar[str] = "botanical"
    summary: ClassVar[str] = "botanical plates from words, or from a sketch whose lines are followed"
    licence: ClassVar[str] = "openrail++ (SDXL, ControlNet), MIT (VAE), other (LoRA)"
    Options: ClassVar[type[GeneratorOptions]] = BotanicalOptions
    needs: ClassVar[Needs] = Needs(max_pictures=1, control=True)
    presets: ClassVar[Mapping[str, str]] = {
        "sketch": "with a ControlNet, so that a sketch leads; the default",
        "plain": "from words only: smaller, for it loads no ControlNet",
    }
    extra: ClassVar[str | None] = "diffusion"
    packages: ClassVar[tuple[str, ...]] = ("torch", "diffusers", "transformers", "peft", "cv2")

    def __init__(self, preset: str | None = None, resources: Resources | None = None) -> None:
        super().__init__(preset, resources)
        self._loaded: Loaded | None = None
        self._revision: str | None = None

    @classmethod
    def weights(cls, preset: str | None = None) -> Sequence[Source]:
        """The base, its VAE and the LoRA, and the ControlNet unless the preset is `plain`."""
        return (BASE, VAE, LORA) if preset == "plain" else (BASE, CONTROLNET, VAE, LORA)

    @classmethod
    def plan(cls, preset: str | None, device: Device, resources: Resources) -> Sequence[str]:
        """How the model would be placed: from its files when they are here, else from their published sizes."""
        from spectacle.generators.botanical.placing import plan_for
        from spectacle.generators.placement.memory import look

        return plan_for(preset, look(device, resources.placement), resources).sentences

    @classmethod
    def demand(cls, preset: str | None, device: Device, resources: Resources, held: Footprint) -> Footprint | None:
        """What the plan says that would be made if nothing were loaded."""
        from spectacle.generators.botanical.placing import plan_for
        from spectacle.generators.placement.memory import measure

        return plan_for(preset, measure(device, resources.placement).with_freed(held), resources).demand

    @property
    def footprint(self) -> Footprint:
        """What the plan says that the weights hold."""
        return self._loaded.stages.plan.held if self._loaded is not None else Footprint()

    @property
    def model(self) -> str:
        """The base and the LoRA."""
        return f"{BASE.repo} + {LORA.repo}"

    @property
    def revision(self) -> str | None:
        """The commits of the base and the LoRA."""
        return self._revision

    def load(self, device: Device) -> None:
        """Load the pipeline, with the LoRA beside its weights, or a prepared one in which it is part of them."""
        from spectacle.generators.botanical import model, placing
        from spectacle.generators.placement.memory import measure

        checkpoint, lora, self._revision = placing.find(self.preset, self.resources)
        plan = placing.plan_for(self.preset, measure(device, self.resources.placement), self.resources)
        self._loaded = model.load(self.preset, checkpoint, plan, lora, device)

    def generate(self, job: Job, control: JobControl) -> Sequence[Artifact]:
        """Draw the plates, one after the other."""
        from spectacle.generators.botanical import model
        from spectacle.generators.diffusion.seeds import generator, picture_seeds
        from spectacle.generators.diffusion.steps import StepReporter

        options = job.options
        assert isinstance(options, BotanicalOptions) and self._loaded is not None
        stages = self._loaded.stages
        size = native_size(job.width, job.height, multiple=MULTIPLE, least_pixels=LEAST_PIXELS, most_pixels=MOST_PIXELS)
        edges = self._edges(job, options, size)
        self._set_scale(self._loaded, options.lora_scale)
        prompt = _with_trigger(job.prompt) if options.trigger_words else job.prompt
        embeddings = model.encode(stages, prompt, options)
        reporter = StepReporter(control, options.num_images_per_prompt)
        facts = {
            "num_inference_steps": options.num_inference_steps,
            "guidance_scale": options.guidance_scale,
            "negative_prompt": options.negative_prompt,
            "lora_scale": options.lora_scale,
            "lora": LORA.repo,
            "controlnet": CONTROLNET.repo if edges is not None else None,
            "prompt_used": prompt,
            "prompt_cut": model.is_cut(stages, prompt),
            "scheduler": type(stages.pipeline.scheduler).__name__,
            "placement": stages.plan.summary("unet"),
        }
        if edges is not None:
            facts["engine"] = "edit"
        artifacts = []
        for seed in picture_seeds(job.seed, options.num_images_per_prompt):
            picture = model.draw(stages, embeddings, edges, options, size, reporter, generator(seed))
            artifacts.append(Artifact(picture, facts, seed))
        return artifacts

    def unload(self) -> None:
        """Free the pipeline."""
        if self._loaded is not None:
            self._loaded.stages.close()
        self._loaded = None

    def memory_advice(self, job: Job) -> str:
        """What would fit."""
        return (
            "use the preset plain, which loads no ControlNet, or set placement.residency to group-offload; "
            "a smaller picture needs a little less"
        )

    @classmethod
    def prepare(
        cls, preset: str | None, folder: Path, resources: Resources, quantization: str, say: Callable[[str], None]
    ) -> Mapping[str, str]:
        """Fuse the LoRA, and write everything as safetensors in half precision."""
        from spectacle.generators.botanical.prepare import prepare

        return prepare(preset, folder, resources, quantization, say)

    def _edges(self, job: Job, options: BotanicalOptions, size: tuple[int, int]) -> Image.Image | None:
        if job.control is None and not job.pictures:
            return None
        if self.preset == "plain":
            raise BadAttachment(
                "the preset plain of botanical follows no sketch: leave the picture out, or use the preset sketch"
            )
        if job.control is not None and job.pictures:
            raise BadAttachment(
                "botanical takes a sketch as the input picture or its edges as the control picture, not both: "
                "leave one of them out"
            )
        if job.control is not None:
            return fit_picture(job.control, size)
        return canny_edges(job.pictures[0], size, options.low_threshold, options.high_threshold)

    def _set_scale(self, loaded: Loaded, scale: float) -> None:
        if loaded.adapters is not None:
            loaded.adapters.use(loaded.lora if scale else None, scale)
        elif scale != 1:
            raise BadOptions(
                f"lora_scale is {scale:g}: the LoRA is part of the prepared weights, at 1; leave it out, or use pulled "
                f"weights"
            )


def _with_trigger(prompt: str) -> str:
    return prompt if TRIGGER.lower() in prompt.lower() else f"{TRIGGER} - {prompt}"
