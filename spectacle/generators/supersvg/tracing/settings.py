"""What an image is vectorized with, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from spectacle.generators.supersvg.tracing.metrics import Metrics

MAX_PATHS = 10_000


class Mode(StrEnum):
    """What kind of image it is."""

    AUTO = "auto"
    PHOTO = "photo"
    ILLUSTRATION = "illustration"
    LOGO = "logo"
    LINEART = "lineart"


class Detail(StrEnum):
    """How close the result shall be, for those who do not want to choose numbers."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    HIGHEST = "highest"


DETAILS: dict[Detail | None, tuple[int, int]] = {
    Detail.LOW: (64, 200),
    Detail.MEDIUM: (256, 300),
    Detail.HIGH: (1000, 400),
    Detail.HIGHEST: (4000, 500),
}
"""Maximum number of paths and steps of the optimizer for each detail."""


@dataclass(frozen=True, slots=True)
class VectoriseSettings:
    """How to vectorize.

    Attributes:
        max_paths: Maximum number of paths, 1 to `MAX_PATHS`.
        num_iterations: Steps of the optimizer, 0 or more; 0 gives the first shapes as they are found.
        detail: Sets `max_paths` and `num_iterations` in their place.
        mode: Kind of image.
        simplify: By how many pixels an outline may be off to make the document smaller, 0 to 5.
        time_limit: Seconds of wall-clock time after which the best drawing so far is returned, or None.
        colours: At most how many colours there shall be, or which, channels from 0 to 1; None for any.
        page: Whether there shall be a path as large as the image below the others.
        ink: Take everything for ink on paper, and leave the paper out.
        tiled: Lay pieces next to each other instead of above each other.
        grouped: Put paths of one colour that follow each other into groups.
        centerline: Draw strokes with a width instead of outlines.
        precision: Digits after the decimal point of coordinates; None to round as `simplify` allows.
        min_area: Areas of fewer pixels are left out; None for what suits the image.
        shapes: Write circles, ellipses and rectangles as such instead of as paths.
    """

    max_paths: int = 256
    num_iterations: int = 300
    detail: Detail | None = None
    mode: Mode = Mode.AUTO
    simplify: float = 0.25
    time_limit: float | None = None
    colours: int | tuple[tuple[float, float, float], ...] | None = None
    page: bool = True
    ink: bool = False
    tiled: bool = False
    grouped: bool = False
    centerline: bool = False
    precision: int | None = None
    min_area: float | None = None
    shapes: bool = False


@dataclass(frozen=True, slots=True)
class Vectorised:
    """A finished SVG.

    Attributes:
        svg: The SVG document, as wide and as high as the image.
        metrics: How close it came, how large it is and how long it took.
        mode: The kind of image that it was found to be; never `auto`.
        notes: What the client should know, in clauses.
    """

    svg: str
    metrics: Metrics
    mode: Mode
    notes: tuple[str, ...] = ()
