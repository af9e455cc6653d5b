"""The surface that backgrounds paint on: size, light, randomness, and layers behind and before the objects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from spectacle.generators.illustration.compose.colour import mix
from spectacle.generators.illustration.compose.light import Light, Sky
from spectacle.generators.illustration.compose.svg import Defs, Point, element, polygon, smooth, use

Box = tuple[float, float, float, float]
"""Left, top, right and bottom in pixels."""


@dataclass
class Canvas:
    """Where a background is painted.

    Attributes:
        width: Width in pixels.
        height: Height in pixels.
        horizon: Height of the horizon (or of the edge of a floor), pixels from the top.
        rng: The randomness of this image's background.
        light: The light everything is in.
        sky: Colours of the sky.
        place: Name of the place.
        time: Time of day.
        weather: Weathers.
        defs: Shared definitions of the document.
        keep: Boxes of the objects, where nothing busy should stand behind.
        has: What the scene draws itself and the background should omit, such as `sun` and `moon`.
        shore: Top of the strip of land at the bottom of a water image, or None.
        style: The style of the image.
        drawings: Names of variations of artworks to the identities of their groups.
        orb: Where across the sun or moon is in pixels, once it is painted or known.
    """

    width: float
    height: float
    horizon: float
    rng: Random
    light: Light
    sky: Sky
    place: str
    time: str
    weather: tuple[str, ...]
    defs: Defs
    keep: tuple[Box, ...] = ()
    has: frozenset[str] = frozenset()
    shore: float | None = None
    style: str = "flat"
    orb: float | None = None
    drawings: dict[str, str] = field(default_factory=dict)
    back: list[str] = field(default_factory=list)
    front: list[str] = field(default_factory=list)

    @property
    def unit(self) -> float:
        """The shorter side in pixels, the measure of details."""
        return min(self.width, self.height)

    @property
    def night(self) -> bool:
        """Whether lamps are lit."""
        return self.time in {"night", "dusk"}

    def lit(self, colour: str) -> str:
        """The colour in this light."""
        return self.light.on_ground(colour)

    def far(self, colour: str, distance: float) -> str:
        """The colour in this light, faded into the air with `distance` 0 to 1."""
        return mix(self.lit(colour), self.sky.low, distance)

    def free(self, x: float, y: float, margin: float = 0.0) -> bool:
        """Whether a point is not behind an object."""
        return not any(
            left - margin < x < right + margin and top - margin < y < bottom + margin
            for left, top, right, bottom in self.keep
        )

    def add(self, *markup: str, front: bool = False) -> None:
        """Paint markup behind the objects, or before them."""
        (self.front if front else self.back).extend(markup)

    def rect(self, x: float, y: float, width: float, height: float, fill: str, front: bool = False,
             **more: str | float | None) -> None:  # fmt: skip
        """Paint a rectangle."""
        self.add(element("rect", x=x, y=y, width=width, height=height, fill=fill, **more), front=front)

    def ellipse(self, x: float, y: float, rx: float, ry: float, fill: str, front: bool = False,
                **more: str | float | None) -> None:  # fmt: skip
        """Paint an ellipse."""
        self.add(element("ellipse", cx=x, cy=y, rx=rx, ry=ry, fill=fill, **more), front=front)

    def path(self, data: str, fill: str = "none", front: bool = False, **more: str | float | None) -> None:
        """Paint a path, unless it is empty."""
        if data:
            self.add(element("path", d=data, fill=fill, **more), front=front)

    def polygon(self, points: Sequence[Point], fill: str, front: bool = False, **more: str | float | None) -> None:
        """Paint a polygon."""
        self.path(polygon(points), fill, front, **more)

    def stroke(self, data: str, colour: str, width: float, front: bool = False, **more: str | float | None) -> None:
        """Paint a line with round ends, unless it is empty."""
        self.path(data, "none", front, stroke=colour, stroke_width=width, stroke_linecap="round", **more)

    def use(self, identity: str, x: float, y: float, scale: float = 1.0, mirrored: bool = False, angle: float = 0.0,
            front: bool = False) -> None:  # fmt: skip
        """Paint a repeat of a defined group."""
        self.add(use(identity, x, y, scale, mirrored, angle), front=front)

    def vertical(self, top: float, bottom: float, *colours: str) -> str:
        """Paint of a gradient from `top` to `bottom` through the colours, evenly spaced."""
        last = max(1, len(colours) - 1)
        return self.defs.linear([(index / last, colour) for index, colour in enumerate(colours)], 0, top, 0, bottom)

    def glow(self, x: float, y: float, radius: float, colour: str, strength: float = 0.8, front: bool = False,
             flat: float = 1.0) -> None:  # fmt: skip
        """Paint light around a point, fading to nothing at `radius`; `flat` squeezes it vertically."""
        paint = self.defs.radial([(0, colour, strength), (0.4, colour, strength * 0.4), (1, colour, 0)])
        self.ellipse(x, y, radius, radius * flat, paint, front)

    def ridge(self, base: float, rise: float, steps: int, roughness: float = 1.0) -> list[Point]:
        """Points of a rolling skyline from the left edge to the right, between `base` and `rise` above it."""
        points = []
        overlap = self.width * 0.06
        for index in range(steps + 1):
            x = -overlap + (self.width + 2 * overlap) * index / steps
            sway = self.rng.uniform(-0.25, 0.25) * (self.width / steps) * roughness
            points.append((x + sway, base - rise * self.rng.random()))
        return points

    def land(self, points: Sequence[Point], bottom: float, fill: str, front: bool = False) -> None:
        """Paint the land below a smooth skyline."""
        data = smooth(points) + f"L{points[-1][0]:.1f} {bottom:.1f}L{points[0][0]:.1f} {bottom:.1f}Z"
        self.path(data, fill, front)
