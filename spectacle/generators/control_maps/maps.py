"""Makes the control map that a model is given of the control image that a request has attached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from PIL import Image
from pydantic import Field

from spectacle.errors import WeightsMissing
from spectacle.generators.base import GeneratorOptions, Resources
from spectacle.generators.control_maps import lines
from spectacle.generators.control_maps.depth import DEPTH, DepthModel
from spectacle.generators.control_maps.pose import JOINTS, PEOPLE, PoseModel
from spectacle.generators.control_maps.recognise import Look, look_of
from spectacle.weights import Source

MapKind = Literal["canny", "soft-edge", "sketch", "depth", "pose"]

WEIGHTS: Mapping[str, Sequence[Source]] = {"depth": (DEPTH,), "pose": (PEOPLE, JOINTS)}
"""What the kinds of maps need that are made by models."""


class MapModel(Protocol):
    """A model that makes maps."""

    def map_of(self, image: Image.Image) -> Image.Image:
        """The map of an image, in its size."""


def load_map_model(kind: MapKind, resources: Resources) -> MapModel | None:
    """The model that makes a kind of map; None for those that need none.

    Raises:
        WeightsMissing: When its weights are not on this machine; the message says how they get there.
        GeneratorError: When they are damaged or of other models.
    """
    try:
        folders = [resources.store.locate(source).path for source in WEIGHTS.get(kind, ())]
    except WeightsMissing as error:
        raise WeightsMissing(
            f"{error.message} Run `spectacle pull control-map --preset {kind}` on this host, or attach a ready map "
            "with control_is = map."
        ) from None
    if kind == "depth":
        return DepthModel(*folders)
    return PoseModel(*folders) if kind == "pose" else None


class ControlMapOptions(GeneratorOptions):
    """Options of generators that follow a control image."""

    control_is: Literal["map", "picture"] | None = Field(
        None,
        description="What the control image is: a ready `map`, used as it is, or an ordinary image (`picture`), from "
        "which one is made. Default: decided by its pixels.",
    )
    control_map: MapKind | None = Field(
        None,
        description="What is made from an ordinary control image. Default: `sketch` for a drawing with dark "
        "lines, `canny` for others.",
    )


@dataclass(frozen=True, slots=True)
class ControlMap:
    """A control image as a model gets it.

    Attributes:
        image: The map.
        made: How it was made; None for one that was used as it is.
    """

    image: Image.Image
    made: str | None

    @property
    def facts(self) -> dict[str, Any]:
        """What the metadata of a result say of it."""
        return {"control_map": self.made or "as given"}


def make_map(image: Image.Image, kind: MapKind, model: MapModel | None = None) -> Image.Image:
    """Make a map of an image, RGB and in its size; `depth` and `pose` need their models.

    Raises:
        BadAttachment: When a pose is asked for, and nobody is in the image.
    """
    match kind:
        case "canny":
            return lines.canny(image)
        case "soft-edge":
            return lines.soft_edge(image)
        case "sketch":
            return lines.inverted(image) if look_of(image) is Look.DRAWING else lines.sketch(image)
        case "depth" | "pose":
            assert model is not None
            return model.map_of(image)


def settle_map(
    image: Image.Image, options: ControlMapOptions, resources: Resources, *, default: MapKind | None = None
) -> ControlMap:
    """The map for a request: the control image as it is, or what is made of it.

    Args:
        image: The control image.
        options: The request's options.
        resources: Where the weights of models are.
        default: What is made where the options do not say; None tells by the image.

    Raises:
        WeightsMissing: When a map is asked for whose model is not on this machine.
        BadAttachment: When a pose is asked for, and nobody is in the image.
    """
    look = Look(options.control_is) if options.control_is is not None else look_of(image)
    asked = options.control_map
    if look is Look.MAP:
        return ControlMap(image, None)
    kind = asked or default or ("sketch" if look_of(image) is Look.DRAWING else "canny")
    try:
        model = load_map_model(kind, resources)
    except WeightsMissing:
        if asked is None and options.control_is is None:
            # Nobody has said that it is an ordinary image, and nothing could be made of it.
            return ControlMap(image, None)
        raise
    return ControlMap(make_map(image, kind, model), kind)
