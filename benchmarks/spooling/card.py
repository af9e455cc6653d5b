"""The picture every contestant draws: the card of Spectacle's test generator, with the same metadata, as PNG."""

from __future__ import annotations

import time
from statistics import median

from spectacle.generators.base import Job, MediaType
from spectacle.generators.test_generator import TestGenerator, TestGeneratorOptions
from spectacle.svg import Rasteriser
from spectacle.worker.results import Provenance, Wanted, finish

SIDE = 64
PROMPT = "a red fox in the snow"


class _NoControl:
    def check(self) -> None:
        pass

    def progress(self, step: int, steps: int) -> None:
        pass


class CardMaker:
    """Draws and encodes cards."""

    def __init__(self) -> None:
        self._generator = TestGenerator()
        self._rasteriser = Rasteriser(memory=1 << 28, cpu_seconds=5, wall_seconds=5)

    def card(self, prompt: str, seed: int = 1) -> bytes:
        """One card of `SIDE` × `SIDE` pixels, as the bytes of a PNG file."""
        job = Job(prompt, SIDE, SIDE, seed, MediaType.PNG, TestGeneratorOptions(), [], None, None)
        provenance = Provenance(
            prompt, "test-double", "test-double", None, None, "card", seed, SIDE, SIDE, {}, (), "0" * 64, "0"
        )  # fmt: skip
        artifacts = self._generator.generate(job, _NoControl())
        (file,) = finish(artifacts, provenance, Wanted(), rasteriser=self._rasteriser)
        return file.content

    def cost(self, times: int = 300) -> float:
        """Median seconds it takes to draw and encode one card."""
        taken = []
        for _ in range(times):
            began = time.perf_counter()
            self.card(PROMPT)
            taken.append(time.perf_counter() - began)
        return median(taken)
