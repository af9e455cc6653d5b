"""Runs a pipeline in stages: the prompt is encoded, then images are made; parts come and go as the plan says."""

from __future__ import annotations

import gc
import inspect
import os
import warnings
from collections.abc import Callable, Hashable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spectacle.errors import GeneratorError
from spectacle.generators.base import Device
from spectacle.generators.diffusion.embeddings import EmbeddingCache, Embeddings
from spectacle.generators.diffusion.loading import Checkpoint, components, is_late, is_staged, load_component
from spectacle.generators.diffusion.scratch import Scratch
from spectacle.generators.diffusion.steps import StepReporter, watch, watched_bar
from spectacle.generators.placement import backends, residency
from spectacle.generators.placement.plan import Place

if TYPE_CHECKING:
    from PIL import Image

    from spectacle.generators.placement.plan import Plan


def is_one_color(picture: Image.Image) -> bool:
    """Whether all pixels are the same, which a model that works never makes."""
    extrema = picture.getextrema()
    return all(least == most for least, most in (extrema if isinstance(extrema[0], tuple) else (extrema,)))


class Stages:
    """A loaded pipeline with its parts where the plan wants them.

    Args:
        pipeline: What `load_pipeline` returned, its adapters loaded.
        checkpoint: What it was loaded from.
        plan: Where its parts live.
        device: Where it runs.
        encoders: The parts that encoding a prompt needs; all others make images.
        index: Name of the pipeline's class in `model_index.json`, when that is another.
    """

    def __init__(
        self,
        pipeline: Any,
        checkpoint: Checkpoint,
        plan: Plan,
        device: Device,
        *,
        encoders: tuple[str, ...] = ("text_encoder",),
        index: str | None = None,
    ) -> None:
        import torch

        self.pipeline = pipeline
        self.plan = plan
        self.device = torch.device(device.torch_name)
        self.embeddings = EmbeddingCache()
        self.added: dict[str, Any] = {}
        self._checkpoint = checkpoint
        self._encoders = encoders
        self._kinds = components(checkpoint, index or type(pipeline).__name__)
        self._scratch: Scratch | None = None
        self._reporter: StepReporter | None = None
        self._watched: list[Any] = []
        try:
            residency.apply(pipeline, plan, self.device, self._scratch_for(plan))
            for name in self._kinds:
                if is_late(plan, name) and getattr(pipeline, name, None) is None:
                    self._load_part(name)
        except BaseException:
            self.close()
            raise

    @contextmanager
    def watched(self, reporter: StepReporter) -> Iterator[None]:
        """Have life reported inside of steps, too, and while prompts are encoded and images decoded."""
        self._reporter = reporter
        try:
            for name, part in {**self.pipeline.components, **self.added}.items():
                self._watch(name, part)
            yield
        finally:
            self._reporter = None
            for handle in self._watched:
                handle.remove()
            self._watched = []

    def encode(self, key: Hashable, encode: Callable[[Any], Embeddings]) -> Embeddings:
        """What the text encoder makes of a prompt, from the cache when it is there.

        Args:
            key: All that it depends on in addition to the model.
            encode: Called with the pipeline when the cache has nothing, its text encoder ready on the device.
        """

        def encode_now() -> Embeddings:
            import torch

            from spectacle.generators.placement.single_precision import within_precision

            self._load_staged([name for name in self._staged() if name in self._encoders])
            with torch.no_grad(), within_precision(self.device):
                return encode(self.pipeline)

        return self.embeddings.get(key, encode_now).to(self.device)

    def add(self, name: str, part: Any) -> None:
        """Add a part that only relatives of the loaded pipeline have, such as a `controlnet`, loaded on the CPU.

        `plan` must have a placement for it.
        """
        if self.plan.of(name).place is not Place.OFFLOAD:
            self._place(name, part)
        self.added[name] = part
        self._watch(name, part)

    def run(self, pipeline: type[Any], reporter: StepReporter, **call: Any) -> Image.Image:
        """Make one image, as `run_all` says."""
        return self.run_all(pipeline, reporter, **call)[0]

    def run_all(self, pipeline: type[Any], reporter: StepReporter, **call: Any) -> list[Image.Image]:
        """Make one image, or the layers of one.

        Args:
            pipeline: The class to run with the loaded parts: the loaded one's, or a relative of it.
            reporter: Called at every denoising step.
            call: The arguments of the pipeline's call, the embeddings among them.

        Raises:
            Cancelled: When the job is no longer wanted.
        """
        import torch

        from spectacle.generators.placement.single_precision import within_precision

        reporter.check()
        self._load_staged([name for name in self._staged() if name not in self._encoders])
        running, offloaded = self._as(pipeline)
        try:
            for name in offloaded:
                self.added[name].to(self.device)
            with torch.no_grad(), within_precision(self.device), ExitStack() as stack:
                stack.enter_context(warnings.catch_warnings())
                warnings.filterwarnings("error", "invalid value encountered in cast", RuntimeWarning)
                if "callback_on_step_end" in inspect.signature(pipeline.__call__).parameters:
                    call["callback_on_step_end"] = reporter
                else:
                    stack.enter_context(watched_bar(running, reporter))
                output = running(**call)
        except RuntimeWarning:
            raise GeneratorError(self._blank("not-a-number values")) from None
        finally:
            for name in offloaded:
                self.added[name].to("cpu")
            # After an error, too, nothing of this run may be left in hooks or caches.
            running.maybe_free_model_hooks()
            self.pipeline.maybe_free_model_hooks()
        if any(getattr(output, "nsfw_content_detected", None) or ()):
            raise GeneratorError(
                f"{self._checkpoint.folder}: the model's safety checker withheld the image. Change the prompt or seed."
            )
        made = output.images[0]
        pictures: list[Image.Image] = list(made) if isinstance(made, list | tuple) else [made]
        if all(map(is_one_color, pictures)):
            raise GeneratorError(self._blank("a single color"))
        reporter.picture_done()
        return pictures

    def _blank(self, found: str) -> str:
        """What is said of an image in which there is nothing."""
        attention = self.plan.attention
        likely = (
            f"Set placement.attention = native instead of {attention}, which some models fail with"
            if attention not in ("auto", "native")
            else "Check the weights with `spectacle weights --verify`, and try another placement.quantization"
        )
        return f"{self._checkpoint.folder}: the model made an image of {found}. {likely}."

    def close(self) -> None:
        """Free the parts, and what was streamed from disk."""
        # In a function of its own, whose variables hold nothing any more when what is unused is collected.
        self._forget_caches()
        self.pipeline = None
        self.added = {}
        self.embeddings = EmbeddingCache()
        if self._scratch is not None:
            self._scratch.remove()
            self._scratch = None
        if self.device.type != "cpu":
            gc.collect()
            backends.of(self.device.type).empty_cache()

    def _forget_caches(self) -> None:
        import torch

        for part in {**self.pipeline.components, **self.added}.values() if self.pipeline is not None else ():
            if isinstance(part, torch.nn.Module):
                residency.forget_caches(part)

    def _as(self, pipeline: type[Any]) -> tuple[Any, list[str]]:
        """The parts as another pipeline, and which of the added ones wait off the device for their turn.

        Not `from_pipe`, which casts everything to float32 unless it is told not to.
        """
        if type(self.pipeline) is pipeline:
            return self.pipeline, []
        takes = inspect.signature(pipeline.__init__).parameters
        added = {name: part for name, part in self.added.items() if name in takes}
        config = self.pipeline.config
        settings = {
            name: config[name]
            for name, each in takes.items()
            if name in config and name not in self.pipeline.components and each.default is not each.empty
        }
        parts = {name: part for name, part in self.pipeline.components.items() if name in takes}
        made = pipeline(**parts, **added, **settings)
        made.set_progress_bar_config(disable=True)
        return made, [name for name in added if self.plan.of(name).place is Place.OFFLOAD]

    def _watch(self, name: str, part: Any) -> None:
        import torch

        compiled = self.plan.compile_repeated_blocks and hasattr(part, "enable_cache")
        # What a hook does cannot be compiled with the block.
        if self._reporter is not None and isinstance(part, torch.nn.Module) and not compiled:
            self._watched += watch(part, name, self._reporter)

    def _place(self, name: str, part: Any) -> None:
        residency.place(part, self.plan.of(name), self.plan, self.device, self._scratch_for(self.plan))

    def _scratch_for(self, plan: Plan) -> Path:
        """The directory for what is streamed from disk, made when there is such a thing."""
        if self._scratch is None and any(placement.place is Place.DISK for placement in plan.placements):
            self._scratch = Scratch(plan.offload_directory)
        return self._scratch.path if self._scratch is not None else Path(os.devnull)

    def _staged(self) -> list[str]:
        return [name for name in self._kinds if is_staged(self.plan, name)]

    def _load_staged(self, wanted: list[str]) -> None:
        """Free the staged parts that are not wanted now, then load those that are and not there."""
        freed = [name for name in self._staged() if name not in wanted and getattr(self.pipeline, name) is not None]
        if freed:
            self.pipeline.register_modules(**dict.fromkeys(freed))
            gc.collect()
        for name in wanted:
            if getattr(self.pipeline, name) is None:
                self._load_part(name)

    def _load_part(self, name: str) -> None:
        part = load_component(self._checkpoint, name, self._kinds[name], self.plan)
        self._place(name, part)
        self.pipeline.register_modules(**{name: part})
        self._watch(name, part)
