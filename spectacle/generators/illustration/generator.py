"""The built-in illustrator: understands a prompt, finds artworks for it, and composes them to a scene."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from spectacle.generators.base import (
    MAX_SEED,
    Artifact,
    Device,
    Generator,
    GeneratorOptions,
    InputRequirements,
    Job,
    JobControl,
    MediaType,
    RunsOn,
)
from spectacle.generators.illustration.language.scene import STYLES
from spectacle.generators.illustration.plan import Plan

Style = StrEnum("Style", {style.upper().replace(" ", "_"): style for style in STYLES})  # type: ignore[misc]
"""The styles that images are composed in."""


class Illustration(Generator):
    """Composes a prompt as a scene of ready-made artworks, without weights and without a GPU.

    It makes SVG; a PNG is the same SVG rendered. The same prompt, size, seed and options give the same bytes.
    """

    name: ClassVar[str] = "illustration"
    summary: ClassVar[str] = "Composes an image from a library of artwork; needs no weights and no GPU."
    licence: ClassVar[str] = (
        "MIT (Fluent Emoji, flag-icons and our own), Apache-2.0 (Noto Emoji) and public domain (openclipart) artwork; "
        "each image's metadata names the artwork used"
    )
    needs: ClassVar[InputRequirements] = InputRequirements(prompt=True)
    makes: ClassVar[frozenset[MediaType]] = frozenset({MediaType.PNG, MediaType.SVG})
    runs_on: ClassVar[RunsOn] = RunsOn.CPU_ONLY

    class Options(GeneratorOptions):
        """Settings of the illustrator for one request."""

        style: Style | None = Field(None, description="Style, in place of what the prompt says.")
        plan: Plan | None = Field(
            None,
            description="Plan of the image, in place of what the prompt says; `spectacle illustrate --plan` prints "
            "one.",
        )
        caption: bool = Field(
            False, description="Add a line to the image that lists what of the prompt it does not show."
        )
        num_images_per_prompt: int = Field(
            1, ge=1, le=8, description="Number of images to make; each further one has the next seed."
        )

    @property
    def model(self) -> str:
        """Name of the illustrator, for the metadata of results."""
        return "composition"

    def load(self, device: Device) -> None:
        """Opens the library and the lexicon, so that the first image comes as quickly as later ones."""
        from spectacle.generators.illustration.art.library import Library
        from spectacle.generators.illustration.compose import compose
        from spectacle.generators.illustration.language.understanding import understand

        library = Library.open()
        compose(understand("a cat on a chair under a tree", library), library, 64, 64, 0)

    def generate(self, job: Job, control: JobControl) -> Sequence[Artifact]:
        """Composes `num_images_per_prompt` images of the prompt."""
        from dataclasses import replace

        from spectacle.generators.illustration.art.library import Library
        from spectacle.generators.illustration.compose import compose
        from spectacle.generators.illustration.language.understanding import understand

        options = job.options if isinstance(job.options, self.Options) else self.Options()
        library = Library.open()
        scene = understand(job.prompt, library) if options.plan is None else options.plan.scene(library)
        if options.caption:
            scene = replace(scene, captioned=True)
        if options.style is not None:
            scene = replace(scene, style=options.style.value)
        artifacts = []
        for number in range(options.num_images_per_prompt):
            seed = (job.seed + number) % (MAX_SEED + 1)
            composition = compose(scene, library, job.width, job.height, seed)
            artifacts.append(Artifact(composition.svg, composition.facts, seed if number else None))
            # No step: what takes long is rendering, of which the worker tells.
            control.check()
        return artifacts
