"""Runs a pipeline in stages: the prompt is encoded, then pictures are made; parts come and go as the plan says."""

from __future__ import annotations

import gc
import shutil
import tempfile
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spectacle.generators.base import Device
from spectacle.generators.diffusion import residency
from spectacle.generators.diffusion.embeddings import EmbeddingCache, Embeddings
from spectacle.generators.diffusion.loading import Checkpoint, components, is_staged, load_component
from spectacle.generators.diffusion.placement import Place

if TYPE_CHECKING:
    from diffusers import DiffusionPipeline
    from PIL import Image

    from spectacle.generators.diffusion.placement import Plan
    from spectacle.generators.diffusion.steps import StepReporter


class Stages:
    """A loaded pipeline with its parts where the plan wants them.

    Args:
        pipeline: What `load_pipeline` returned, its adapters loaded.
        checkpoint: What it was loaded from.
        plan: Where its parts live.
        device: Where it runs.
        encoders: The parts that encoding a prompt needs; all others make pictures.
        index: Name of the pipeline's class in `model_index.json`, when that is another.
    """

    def __init__(
        self,
        pipeline: DiffusionPipeline,
        checkpoint: Checkpoint,
        plan: Plan,
        device: Device,
        *,
        encoders: tuple[str, ...] = ("text_encoder",),
        index: str | None = None,
    ) -> None:
        import torch

        self.pipeline: Any = pipeline
        self.plan = plan
        self.device = torch.device(str(device))
        self.embeddings = EmbeddingCache()
        self._checkpoint = checkpoint
        self._encoders = encoders
        self._kinds = components(checkpoint, index or type(pipeline).__name__)
        self._scratch = Path(tempfile.mkdtemp(prefix="spectacle-"))
        try:
            residency.apply(pipeline, plan, self.device, self._scratch)
        except BaseException:
            shutil.rmtree(self._scratch, ignore_errors=True)
            raise

    def encode(self, key: Hashable, encode: Callable[[Any], Embeddings]) -> Embeddings:
        """What the text encoder makes of a prompt, from the cache when it is there.

        Args:
            key: All that it depends on beside the model.
            encode: Called with the pipeline when the cache has nothing, its text encoder ready on the device.
        """

        def encode_now() -> Embeddings:
            import torch

            self._bring([name for name in self._staged() if name in self._encoders])
            with torch.no_grad():
                return encode(self.pipeline)

        return self.embeddings.get(key, encode_now).to(self.device)

    def run(self, pipeline: type[DiffusionPipeline], reporter: StepReporter, **call: Any) -> Image.Image:
        """Make one picture.

        Args:
            pipeline: The class to run with the loaded parts: the loaded one's, or a relative of it.
            reporter: Told of every denoising step.
            call: The arguments of the pipeline's call, the embeddings among them; a part of the pipeline that is not
                of the loaded one goes by its name, such as `controlnet`.

        Raises:
            Cancelled: When the job is no longer wanted.
        """
        import torch

        reporter.check()
        self._bring([name for name in self._staged() if name not in self._encoders])
        running = self._as(pipeline, call)
        try:
            with torch.no_grad():
                picture: Image.Image = running(callback_on_step_end=reporter, **call).images[0]
        finally:
            # After an error, too, nothing of this run may be left in hooks or caches.
            running.maybe_free_model_hooks()
            self.pipeline.maybe_free_model_hooks()
        reporter.picture_done()
        return picture

    def close(self) -> None:
        """Free the parts, and what was streamed from disk."""
        self.pipeline = None
        self.embeddings = EmbeddingCache()
        shutil.rmtree(self._scratch, ignore_errors=True)
        gc.collect()
        if self.device.type == "cuda":
            import torch

            torch.cuda.empty_cache()

    def _as(self, pipeline: type[DiffusionPipeline], call: dict[str, Any]) -> Any:
        """The parts as another pipeline. Not `from_pipe`, which would cast them to float32."""
        if type(self.pipeline) is pipeline:
            return self.pipeline
        parts = dict(self.pipeline.components)
        extra = pipeline._get_signature_keys(pipeline)[0] - set(parts)
        made: Any = pipeline(**parts, **{name: call.pop(name) for name in sorted(extra) if name in call})
        made.set_progress_bar_config(disable=True)
        return made

    def _staged(self) -> list[str]:
        return [name for name in self._kinds if is_staged(self.plan, name)]

    def _bring(self, wanted: list[str]) -> None:
        """Free the staged parts that are not wanted now, then load those that are and not there."""
        for name in self._staged():
            part = getattr(self.pipeline, name)
            if name not in wanted and part is not None:
                if self.plan.of(name).place is Place.OFFLOAD:
                    residency.park(part, self.plan.of(name))
                self.pipeline.register_modules(**{name: None})
        gc.collect()
        for name in wanted:
            if getattr(self.pipeline, name) is None:
                part = load_component(self._checkpoint, name, self._kinds[name], self.plan)
                residency.place(part, self.plan.of(name), self.plan, self.device, self._scratch)
                self.pipeline.register_modules(**{name: part})
