"""The built-in illustrator: understands a prompt, finds drawings for it, and composes them to a scene."""

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
)
from spectacle.generators.illustration.language.scene import STYLES

Style = StrEnum("Style", {style.upper().replace(" ", "_"): style for style in STYLES})  # type: ignore[misc]
"""The styles that pictures are drawn in."""


class Illustration(Generator):
    """Draws a prompt as a scene of ready-made drawings, without weights and without a GPU.

    It makes SVG; a PNG is the same drawing rasterised. The same prompt, size, seed and options give the same bytes.
    """

    name: ClassVar[str] = "illustration"
    summary: ClassVar[str] = "Composes a picture from a library of drawings; needs no weights and no GPU."
    licence: ClassVar[str] = (
        "MIT (Fluent Emoji and our own), Apache-2.0 (Noto Emoji) and public domain (openclipart) drawings; "
        "each picture's metadata names those used"
    )
    needs: ClassVar[InputRequirements] = InputRequirements(prompt=True)
    makes: ClassVar[frozenset[MediaType]] = frozenset({MediaType.PNG, MediaType.SVG})

    class Options(GeneratorOptions):
        """Settings of the illustrator for one request."""

        style: Style | None = Field(None, description="Style to draw in, in place of what the prompt says.")
        num_images_per_prompt: int = Field(
            1, ge=1, le=8, description="How many pictures to make; each further one has the next seed."
        )

    @property
    def model(self) -> str:
        """Name of what draws, for the metadata of results."""
        return "composition"

    def load(self, device: Device) -> None:
        """Opens the library and the lexicon, so that the first picture comes as quickly as later ones."""
        from spectacle.generators.illustration.art.library import Library
        from spectacle.generators.illustration.compose import compose
        from spectacle.generators.illustration.language.understanding import understand

        library = Library.open()
        compose(understand("a cat on a chair under a tree", library), library, 64, 64, 0)

    def generate(self, job: Job, control: JobControl) -> Sequence[Artifact]:
        """Draws `num_images_per_prompt` pictures of the prompt."""
        from dataclasses import replace

        from spectacle.generators.illustration.art.library import Library
        from spectacle.generators.illustration.compose import compose
        from spectacle.generators.illustration.language.understanding import understand

        options = job.options if isinstance(job.options, self.Options) else self.Options()
        library = Library.open()
        scene = understand(job.prompt, library)
        if options.style is not None:
            scene = replace(scene, style=options.style.value)
        artifacts = []
        for number in range(options.num_images_per_prompt):
            seed = (job.seed + number) % (MAX_SEED + 1)
            composition = compose(scene, library, job.width, job.height, seed)
            artifacts.append(Artifact(composition.svg, composition.facts, seed if number else None))
            control.progress(number + 1, options.num_images_per_prompt)
        return artifacts
