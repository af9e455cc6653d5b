"""The generator `control-map`: shows the map that is made of an image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, get_args

from spectacle.generators.base import (
    Artifact,
    Device,
    Generator,
    InputRequirements,
    Job,
    JobControl,
    RunsOn,
)
from spectacle.generators.control_maps.maps import WEIGHTS, MapKind, MapModel, load_map_model, make_map
from spectacle.weights import Source

_KINDS: Mapping[str, MapKind] = {kind: kind for kind in get_args(MapKind)}


class ControlMapGenerator(Generator):
    """Makes a control map of an image, to look at, or to attach to other requests."""

    name: ClassVar[str] = "control-map"
    summary: ClassVar[str] = "Makes a control map of an image: edges, lines, depth or poses."
    licence: ClassVar[str] = "MIT; depth: Apache-2.0 (Depth Anything V2 Small); pose: Apache-2.0 (RT-DETR, ViTPose)"
    needs: ClassVar[InputRequirements] = InputRequirements(prompt=False, min_pictures=1, max_pictures=1)
    presets: ClassVar[Mapping[str, str]] = {
        "canny": "edges, one pixel wide; the default",
        "soft-edge": "edges that are the brighter, the stronger they are",
        "sketch": "lines as somebody would draw them",
        "depth": "what is near is bright; needs a model",
        "pose": "skeletons of people in the colours of OpenPose; needs two models",
    }
    runs_on: ClassVar[RunsOn] = RunsOn.CPU_ONLY
    extra: ClassVar[str | None] = "diffusion"
    packages: ClassVar[tuple[str, ...]] = ("cv2",)

    _model: MapModel | None = None

    @classmethod
    def weights(cls, preset: str | None = None) -> Sequence[Source]:
        """The models of the presets that need some."""
        return WEIGHTS.get(preset or "", ())

    def load(self, device: Device) -> None:
        """Load the model of a preset that needs one."""
        self._model = load_map_model(_KINDS[self.preset or "canny"], self.resources)

    def generate(self, job: Job, control: JobControl) -> Sequence[Artifact]:
        """Make the map, in the size of the image."""
        kind = _KINDS[self.preset or "canny"]
        made = make_map(job.pictures[0], kind, self._model)
        control.progress(1, 1)
        return [Artifact(made, {"control_map": kind, "engine": "edit"})]

    def unload(self) -> None:
        """Free the model."""
        self._model = None
