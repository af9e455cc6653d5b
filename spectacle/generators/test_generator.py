"""The smallest possible generator, for tests of Spectacle and of what is built on it: a plain colour."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator, Sequence
from typing import ClassVar

from PIL import Image, ImageDraw
from pydantic import Field

from spectacle.errors import Cancelled, GeneratorError
from spectacle.generators.base import (
    Artifact,
    Generator,
    GeneratorOptions,
    InputRequirements,
    Job,
    JobControl,
    MediaType,
    RunsOn,
)


class TestGeneratorOptions(GeneratorOptions):
    """Options that make the generator behave like a real generator on a bad day."""

    __test__ = False
    steps: int = Field(1, ge=1, le=100_000, description="How many steps to report.")
    step_seconds: float = Field(0.0, ge=0, le=3600, description="Seconds each step takes.")
    copies: int = Field(1, ge=1, le=16, description="How many images to return.")
    native: int = Field(
        0, ge=0, le=4096, description="Side of the square image to return; 0 returns the size asked for."
    )
    noise: bool = Field(False, description="Make noise, whose file is about as large as its pixels, not one colour.")
    fail: str = Field("", description="Fail with this message.")
    trouble: str = Field(
        "",
        pattern="^(|crash|hang|memory|memory-once|batch)$",
        description="Crash, hang, run out of memory always or once, or fail at the batch it is in.",
    )
    processed_input: bool = Field(
        False, description="Also return the first input image as it was given to the generator."
    )
    group: str = Field("", max_length=100, description="Be generated together with requests of the same group only.")


class TestGenerator(Generator):
    """Makes an image of one colour, which is made from the seed. Serves no kind unless it is configured.

    It takes eight requests together, whose steps take as long as those of one.
    """

    __test__ = False
    name: ClassVar[str] = "test-double"
    summary: ClassVar[str] = "Makes images of one colour, for trying out a spool without any art."
    licence: ClassVar[str] = "MIT"
    Options: ClassVar[type[GeneratorOptions]] = TestGeneratorOptions
    needs: ClassVar[InputRequirements] = InputRequirements(prompt=False, max_pictures=10, mask=True, control=True)
    makes: ClassVar[frozenset[MediaType]] = frozenset({MediaType.PNG, MediaType.SVG})
    runs_on: ClassVar[RunsOn] = RunsOn.GPU_OR_CPU
    max_batch = 8

    _short_of_memory: ClassVar[bool] = True

    def compatible(self, a: Job, b: Job) -> bool:
        """Whether both are of the same group."""
        assert isinstance(a.options, TestGeneratorOptions)
        assert isinstance(b.options, TestGeneratorOptions)
        return a.options.group == b.options.group

    def generate_batch(
        self, jobs: Sequence[Job], controls: Sequence[JobControl]
    ) -> Iterator[tuple[int, Sequence[Artifact] | Exception]]:
        """Make the images of several jobs, each step one for all of them."""
        left = dict(enumerate(zip(jobs, controls, strict=True)))
        step = 0
        while left:
            ended: dict[int, Sequence[Artifact] | Exception] = {}
            pause = 0.0
            for number, (job, control) in left.items():
                options = job.options
                assert isinstance(options, TestGeneratorOptions)
                try:
                    if step < options.steps:
                        control.progress(step, options.steps)
                        pause = max(pause, options.step_seconds)
                    elif options.trouble == "batch":
                        raise RuntimeError("the batch fails on purpose")
                    else:
                        ended[number] = self._made(job)
                except (Cancelled, GeneratorError, MemoryError) as error:
                    ended[number] = error
            time.sleep(pause)
            step += 1
            for number, end in ended.items():
                del left[number]
                yield number, end

    def generate(self, job: Job, control: JobControl) -> Sequence[Artifact]:
        """Make the images."""
        options = job.options
        assert isinstance(options, TestGeneratorOptions)
        for step in range(options.steps):
            control.progress(step, options.steps)
            if options.step_seconds:
                time.sleep(options.step_seconds)
        return self._made(job)

    def _made(self, job: Job) -> Sequence[Artifact]:
        options = job.options
        assert isinstance(options, TestGeneratorOptions)
        self._be_troublesome(options.trouble)
        if options.fail:
            raise GeneratorError(options.fail)
        return [self._card(job, number) for number in range(options.copies)]

    def _be_troublesome(self, trouble: str) -> None:
        if trouble == "crash":
            os.kill(os.getpid(), signal.SIGKILL)
        elif trouble == "hang":
            time.sleep(1e6)
        elif trouble == "memory" or (trouble == "memory-once" and self._short_of_memory):
            # On the class, because a generator that ran out of memory is replaced by a new one.
            TestGenerator._short_of_memory = False
            raise MemoryError

    def _card(self, job: Job, number: int) -> Artifact:
        assert isinstance(job.options, TestGeneratorOptions)
        seed = job.seed + number
        seen = job.pictures[0] if job.options.processed_input and job.pictures else None
        red, green, blue = colour = (seed % 256, seed // 256 % 256, seed // 65536 % 256)
        if job.makes is MediaType.SVG:
            box = f'<rect width="{job.width}" height="{job.height}" fill="#{red:02x}{green:02x}{blue:02x}"/>'
            return Artifact(
                f'<svg xmlns="http://www.w3.org/2000/svg" width="{job.width}" height="{job.height}" '
                f'viewBox="0 0 {job.width} {job.height}">{box}</svg>',
                seed=seed,
                processed_input=seen,
            )
        size = (job.options.native,) * 2 if job.options.native else (job.width, job.height)
        if job.options.noise:
            noise = random.Random(seed).randbytes(3 * size[0] * size[1])
            return Artifact(Image.frombytes("RGB", size, noise), seed=seed, processed_input=seen)
        picture = Image.new("RGB", size, colour)
        ImageDraw.Draw(picture).line((0, 0, *size), fill=(255, 255, 255))
        return Artifact(picture, {"pictures": [list(each.size) for each in job.pictures]}, seed, processed_input=seen)
