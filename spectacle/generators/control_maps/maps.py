"""Makes the control map that a model is given of the control image that a request has attached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from PIL import Image
from pydantic import Field

from spectacle.errors import WeightsMissing
from spectacle.generators.base import GeneratorOptions, Resources
from spectacle.generators.control_maps import lines
from spectacle.generators.control_maps.depth import DEPTH, DepthModel
from spectacle.generators.control_maps.recognise import Look, look_of

MapKind = Literal["canny", "soft-edge", "sketch", "depth"]

PULL_DEPTH = "spectacle pull control-map --preset depth"


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


def make_map(image: Image.Image, kind: MapKind, depth: DepthModel | None = None) -> Image.Image:
    """Make a map of an image, RGB and in its size; `depth` needs the model."""
    match kind:
        case "canny":
            return lines.canny(image)
        case "soft-edge":
            return lines.soft_edge(image)
        case "sketch":
            return lines.inverted(image) if look_of(image) is Look.DRAWING else lines.sketch(image)
        case "depth":
            assert depth is not None
            return depth.map_of(image)


def settle_map(
    image: Image.Image, options: ControlMapOptions, resources: Resources, *, default: MapKind | None = None
) -> ControlMap:
    """The map for a request: the control image as it is, or what is made of it.

    Args:
        image: The control image.
        options: The request's options.
        resources: Where the weights for depth are.
        default: What is made where the options do not say; None tells by the image.

    Raises:
        WeightsMissing: When depth is asked for and its model is not on this machine.
    """
    look = Look(options.control_is) if options.control_is is not None else look_of(image)
    asked = options.control_map
    if look is Look.MAP:
        return ControlMap(image, None)
    kind = asked or default or ("sketch" if look_of(image) is Look.DRAWING else "canny")
    if kind != "depth":
        return ControlMap(make_map(image, kind), kind)
    try:
        folder = resources.store.locate(DEPTH).path
    except WeightsMissing as error:
        if asked is None and options.control_is is None:
            # Nobody has said that it is an ordinary image, and nothing could be made of it.
            return ControlMap(image, None)
        raise WeightsMissing(
            f"{error.message} Run `{PULL_DEPTH}` on this host, or attach a ready map with control_is = map."
        ) from None
    return ControlMap(make_map(image, kind, DepthModel(folder)), kind)
