"""Loads and runs the pipelines of models; imports torch and diffusers."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import diffusers
import torch
from PIL import Image

from spectacle.config import ModelPresetSettings
from spectacle.errors import BadOptions, GeneratorError, one_line
from spectacle.generators.base import Device
from spectacle.generators.diffusion.adapter_set import AdapterSet
from spectacle.generators.diffusion.loading import Checkpoint, load_pipeline
from spectacle.generators.diffusion.seeds import generator
from spectacle.generators.diffusion.stages import Stages
from spectacle.generators.diffusion.steps import StepReporter
from spectacle.generators.pipelines.request import Native
from spectacle.generators.placement.plan import Plan

DEFAULT_SIDE = 1024
"""Pixels of the side of images of pipelines that do not say what they were trained with: that of most models."""


class PipelineModel:
    """A loaded model.

    Args:
        name: Name of the pipeline's class.
        checkpoint: What it is loaded from.
        plan: Where its parts go.
        device: Where it runs.
        loras: The adapters that are at work first, with their strengths.
        room: Bytes that all adapters may take together.
    """

    def __init__(
        self, name: str, checkpoint: Checkpoint, plan: Plan, device: Device, loras: Mapping[Path, float], room: int
    ) -> None:
        kind = getattr(diffusers, name)
        index = checkpoint.pipeline
        self.checkpoint = checkpoint
        pipeline = load_pipeline(kind, checkpoint, plan, index=index)
        self._scheduler = pipeline.scheduler
        self._adapters = AdapterSet(pipeline, room) if hasattr(pipeline, "load_lora_weights") else None
        self.use_loras(loras)
        self._stages = Stages(pipeline, checkpoint, plan, device, index=index)

    @property
    def plan(self) -> Plan:
        """Where its parts are."""
        return self._stages.plan

    @property
    def scheduler(self) -> str:
        """Name of the class of the scheduler at work."""
        return type(self._stages.pipeline.scheduler).__name__

    @property
    def native(self) -> Native:
        """What the pipeline says of its sizes."""
        pipeline = self._stages.pipeline
        scale = getattr(pipeline, "vae_scale_factor", 8)
        transformer = getattr(pipeline, "transformer", None) is not None
        # Latents of finer VAEs are put together to patches of 2x2.
        multiple = max(16, 2 * scale if scale <= 16 else scale) if transformer else scale
        side = getattr(pipeline, "default_sample_size", None)
        side = side * scale if isinstance(side, int) else DEFAULT_SIDE
        unet = getattr(pipeline, "unet", None)
        if unet is not None and isinstance(getattr(unet.config, "sample_size", None), int):
            side = unet.config.sample_size * scale
        return Native(multiple, side * side)

    def use_loras(self, loras: Mapping[Path, float]) -> None:
        """Have these adapters at work, and no others.

        Raises:
            GeneratorError: When a file is damaged or an adapter for another model; what was at work before still is.
        """
        if self._adapters is not None:
            self._adapters.use(loras)
        elif loras:
            raise GeneratorError(f"{next(iter(loras))}: this model does not take LoRA adapters. Omit the LoRA.")

    def use_scheduler(self, preset: ModelPresetSettings) -> None:
        """Have the scheduler of a preset at work, or that which the model is published with.

        Raises:
            GeneratorError: When there is no such scheduler, or it does not take what the settings say.
        """
        scheduler = scheduler_of(self._scheduler, preset)
        self._stages.pipeline.register_modules(scheduler=scheduler)

    def watched(self, reporter: StepReporter) -> AbstractContextManager[None]:
        """Have life reported inside of steps."""
        return self._stages.watched(reporter)

    def generate(
        self, name: str, prompt: str, arguments: Mapping[str, Any], seed: int, reporter: StepReporter
    ) -> Sequence[Image.Image]:
        """Make an image, or the layers of one.

        Args:
            name: Name of the class that runs.
            prompt: The prompt.
            arguments: Further arguments of its call.
            seed: The seed.
            reporter: Hears of the steps.

        Raises:
            BadOptions: When the pipeline refuses what it was given.
        """
        steps = reporter.steps_done
        self._require_steps(arguments)
        # Some take random numbers of their own in addition, such as for writing a better prompt.
        torch.manual_seed(seed)
        try:
            return self._stages.run_all(
                getattr(diffusers, name), reporter, prompt=prompt, **arguments, generator=generator(seed)
            )
        except ValueError as error:
            if reporter.steps_done > steps:
                raise
            raise BadOptions(
                f"{name} rejects the request: {one_line(error, 300).removesuffix('.')}. Change its options."
            ) from error
        except TypeError as error:
            # LongCat-Image-Edit means to warn of this, and fails over the text of its warning.
            most = getattr(self._stages.pipeline, "tokenizer_max_length", None)
            if reporter.steps_done > steps or most is None or "has no len()" not in str(error):
                raise
            raise BadOptions(f"{name} reads prompts of up to {most} tokens. Shorten the prompt.") from error

    def _require_steps(self, arguments: Mapping[str, Any]) -> None:
        """Refuse a single step where the noise is to end at a certain level: it would have to begin there, too."""
        ends = getattr(getattr(self._stages.pipeline.scheduler, "config", None), "shift_terminal", None)
        if ends and arguments.get("num_inference_steps") == 1:
            raise BadOptions("num_inference_steps: must be at least 2 for this model.", option="num_inference_steps")

    def close(self) -> None:
        """Free it."""
        self._adapters = None
        self._stages.close()


def scheduler_of(published: Any, preset: ModelPresetSettings) -> Any:
    """The scheduler of a preset.

    Raises:
        GeneratorError: When there is no such scheduler, or it does not take what the settings say.
    """
    if preset.scheduler is None and not preset.scheduler_options:
        return published
    kind: Any = type(published)
    if preset.scheduler is not None:
        kind = getattr(diffusers, preset.scheduler, None)
        if not (isinstance(kind, type) and issubclass(kind, diffusers.SchedulerMixin)):
            raise GeneratorError(
                f"scheduler {preset.scheduler}: not a scheduler of the installed diffusers. Use another, or omit it."
            )
    takes = inspect.signature(kind.__init__).parameters
    unknown = [name for name in preset.scheduler_options if name not in takes]
    if unknown:
        raise GeneratorError(
            f"scheduler_options.{unknown[0]}: not an option of {kind.__name__}. Use one of "
            f"{', '.join(name for name in takes if name not in ('self', 'args', 'kwargs'))}."
        )
    return kind.from_config(published.config, **preset.scheduler_options)
