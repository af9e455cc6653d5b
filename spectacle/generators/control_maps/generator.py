"""The generator `control-map`: shows the map that is made of an image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from spectacle.generators.base import (
    Artifact,
    Device,
    Generator,
    InputRequirements,
    Job,
    JobControl,
    RunsOn,
)
from spectacle.generators.control_maps.depth import DEPTH, DepthModel
from spectacle.generators.control_maps.maps import MapKind, make_map
from spectacle.weights import Source

_KINDS: Mapping[str, MapKind] = {"canny": "canny", "soft-edge": "soft-edge", "sketch": "sketch", "depth": "depth"}


class ControlMapGenerator(Generator):
    """Makes a control map of an image, to look at, or to attach to other requests."""

    name: ClassVar[str] = "control-map"
    summary: ClassVar[str] = "Makes a control map of an image: edges, lines or depth."
    licence: ClassVar[str] = "MIT; depth: Apache-2.0 (Depth Anything V2 Small)"
    needs: ClassVar[InputRequirements] = InputRequirements(prompt=False, min_pictures=1, max_pictures=1)
    presets: ClassVar[Mapping[str, str]] = {
        "canny": "edges, one pixel wide; the default",
        "soft-edge": "edges that are the brighter, the stronger they are",
        "sketch": "lines as somebody would draw them",
        "depth": "what is near is bright; needs a model",
    }
    runs_on: ClassVar[RunsOn] = RunsOn.CPU_ONLY
    extra: ClassVar[str | None] = "diffusion"
    packages: ClassVar[tuple[str, ...]] = ("cv2",)

    _depth: DepthModel | None = None

    @classmethod
    def weights(cls, preset: str | None = None) -> Sequence[Source]:
        """The depth model, for its preset."""
        return (DEPTH,) if preset == "depth" else ()

    def load(self, device: Device) -> None:
        """Load the depth model, for its preset."""
        if self.preset == "depth":
            self._depth = DepthModel(self.locate(DEPTH, self.preset, self.resources).path)

    def generate(self, job: Job, control: JobControl) -> Sequence[Artifact]:
        """Make the map, in the size of the image."""
        kind = _KINDS[self.preset or "canny"]
        made = make_map(job.pictures[0], kind, self._depth)
        control.progress(1, 1)
        return [Artifact(made, {"control_map": kind, "engine": "edit"})]

    def unload(self) -> None:
        """Free the depth model."""
        self._depth = None
