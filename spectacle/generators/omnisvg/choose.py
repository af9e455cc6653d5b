"""Choosing among candidates: those that show nothing are dropped, the rest are put in order, best first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from spectacle.errors import GeneratorError
from spectacle.generators.omnisvg.drawing import Drawing

BLANK_ABOVE: Mapping[str, float] = {"illustration": 250.0, "icon": 252.0, "image": 252.0}
"""An SVG whose mean pixel on white, 0 to 255, is higher shows nothing; upstream's thresholds by kind of task."""

_UNPAINTED = 250
"""A pixel all of whose channels are above this is considered white paper."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One SVG to choose from.

    Attributes:
        drawing: What was decoded.
        svg: The document written of it.
        cut: Whether it was ended because `max_length` was near, not because the model was done.
    """

    drawing: Drawing
    svg: str
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """A candidate that shows something.

    Attributes:
        candidate: The candidate.
        number: Its place among those that were given, from 0.
        complete: Whether the model itself ended it, and nothing in its tokens was wrong.
        paths: How many paths are seen.
        coverage: Share of the image that is painted in anything but white, 0 to 1.
        difference: Root mean square difference to the wanted image, 0 to 255, or None when there is none.
    """

    candidate: Candidate
    number: int
    complete: bool
    paths: int
    coverage: float
    difference: float | None = None


def choose(
    candidates: Sequence[Candidate],
    render: Callable[[str], Image.Image],
    *,
    task: str,
    picture: Image.Image | None = None,
) -> list[Choice]:
    """Put the candidates that show something in order, best first.

    Complete SVGs come before others. Of these, with a `picture`, what differs least from it comes first, and without
    one, what has nearest to as many paths as the candidates have in the middle: neither the most crowded nor the
    emptiest. Equals stay in the order given.

    Args:
        candidates: The candidates.
        render: Renders an SVG document, in one size for all; transparent pixels are put on white.
        task: A key of `BLANK_ABOVE`.
        picture: The input image, as it was shown to the model; it is resized to that of the renderings.

    Returns:
        The choices; none when every candidate is blank or cannot be rendered.
    """
    choices = []
    for number, candidate in enumerate(candidates):
        if not candidate.drawing.visible:
            continue
        try:
            pixels = on_white(render(candidate.svg))
        except GeneratorError:  # too much for the renderer
            continue
        if pixels.mean() > BLANK_ABOVE[task]:
            continue
        choices.append(
            Choice(
                candidate,
                number,
                complete=candidate.drawing.complete and not candidate.cut,
                paths=len(candidate.drawing.visible),
                coverage=float((pixels.min(axis=2) <= _UNPAINTED).mean()),
                difference=None if picture is None else rendered_difference(pixels, picture),
            )
        )
    usual = median([each.paths for each in choices if each.complete] or [each.paths for each in choices] or [0])
    return sorted(choices, key=lambda each: _rank(each, usual))


def on_white(picture: Image.Image) -> NDArray[np.uint8]:
    """The image's pixels on white paper, shape (height, width, 3)."""
    if not picture.has_transparency_data:
        return np.asarray(picture.convert("RGB"))
    opaque = picture.convert("RGBA")
    return np.asarray(Image.alpha_composite(Image.new("RGBA", opaque.size, "white"), opaque).convert("RGB"))


def rendered_difference(pixels: NDArray[np.uint8], picture: Image.Image) -> float:
    """Root mean square difference of a rendering and an image on white, 0 to 255."""
    height, width = pixels.shape[:2]
    wanted = on_white(picture.resize((width, height), Image.Resampling.LANCZOS))
    return float(np.sqrt(np.mean((pixels.astype(np.float32) - wanted) ** 2)))


def _rank(choice: Choice, usual: float) -> tuple[float, ...]:
    near = abs(choice.paths - usual) if choice.difference is None else choice.difference
    return (not choice.complete, near)
