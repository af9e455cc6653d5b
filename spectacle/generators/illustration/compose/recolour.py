"""Giving an artwork the colour that was asked for, on the right part and with its shading kept."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable
from functools import lru_cache

from spectacle.generators.illustration.art.library import Artwork
from spectacle.generators.illustration.compose.colour import from_lch, lab, lch
from spectacle.generators.illustration.compose.svg import map_colours
from spectacle.generators.illustration.language.colours import PALETTE

RAINBOW = ("#f2505a", "#f9a13a", "#f8df4b", "#5fc36a", "#4aa6e8", "#8a67cf")
_FILL = re.compile(r'fill="(#[0-9a-fA-F]{3,8})"')
_STOP = re.compile(r'stop-color="(#[0-9a-fA-F]{3,8})"')
_NEAR = 0.11


def recolour(markup: str, drawing: Artwork, colours: tuple[str, ...], gradient: str) -> str:
    """The markup in the colours named; the first goes to the largest part of the body.

    Args:
        markup: Elements of the artwork.
        drawing: What is known of it; `colours` and `body` say what the body is.
        colours: Names of the palette.
        gradient: Paint (`url(#…)`) of a rainbow, for that colour.
    """
    wanted = [name for name in colours if name in PALETTE]
    if not wanted or not drawing.colours:
        return markup
    body = body_of(drawing, len(wanted))
    if wanted[0] == "rainbow":
        main = {drawing.colours[index][0] for index in body}
        steps = itertools.count()

        def stop(found: re.Match[str]) -> str:
            if _nearest(found[1], drawing) not in body:
                return found[0]
            return f'stop-color="{RAINBOW[next(steps) % len(RAINBOW)]}"'

        markup = _STOP.sub(stop, markup)
        return _FILL.sub(
            lambda found: f'fill="{gradient}"' if _nearest(found[1], drawing) in body or found[1] in main else found[0],
            markup,
        )
    plan: dict[int, tuple[str, str]] = {}
    groups = _shared(drawing, body, len(wanted))
    for name, indices in zip(wanted, groups, strict=False):
        base = max(indices, key=lambda index: drawing.colours[index][1])
        for index in indices:
            plan[index] = (drawing.colours[base][0], PALETTE[name] if PALETTE[name] != "rainbow" else RAINBOW[0])
    change: Callable[[str], str] = lru_cache(maxsize=None)(lambda colour: _changed(colour, drawing, plan))
    return map_colours(markup, change)


def body_of(drawing: Artwork, wanted: int) -> tuple[int, ...]:
    """Positions in the artwork's colours of what takes on another colour."""
    body = tuple(index for index in drawing.body if index < len(drawing.colours))
    if drawing.category in {"person", "fantasy"} and drawing.form != "face":
        dressed = tuple(index for index in body if not _skin(drawing.colours[index][0]))
        body = dressed or body
    if wanted == 1 and drawing.category not in _ONE_HUE:
        body += tuple(index for index in range(len(drawing.colours)) if index not in body and _is_large(drawing, index))
    if not body:
        body = (max(range(len(drawing.colours)), key=lambda index: drawing.colours[index][1]),)
    if wanted > 1 and len(body) == 1:
        others = [
            index
            for index in range(len(drawing.colours))
            if index not in body and lab(drawing.colours[index][0])[0] > 0.3
        ]
        body += tuple(others[: wanted - 1])
    return body


_ONE_HUE = frozenset(
    {"person", "fantasy", "animal", "bird", "fish", "insect", "fruit", "building", "landscape", "food", "dish", "drink"}
)
"""Categories whose artworks keep their other hues when a colour is asked for: leaves, windows, beaks."""


def _is_large(drawing: Artwork, index: int) -> bool:
    """Whether a hue of an artwork covers so much that the thing would not be of the colour asked for without it."""
    colour, share = drawing.colours[index]
    lightness, chroma, _ = lch(colour)
    return share >= 0.15 and chroma > 0.07 and 0.3 < lightness < 0.97


def _skin(colour: str) -> bool:
    lightness, chroma, hue = lch(colour)
    return lightness > 0.68 and chroma > 0.1 and 1.15 < hue < 1.66


def _shared(drawing: Artwork, body: tuple[int, ...], wanted: int) -> list[list[int]]:
    """The body's colours divided among the wanted ones: by lightness, the largest part first."""
    if wanted == 1 or len(body) == 1:
        return [list(body)]
    ranked = sorted(body, key=lambda index: -drawing.colours[index][1])
    seeds = ranked[:1]
    for _ in range(wanted - 1):
        rest = [index for index in ranked if index not in seeds]
        if not rest:
            break
        seeds.append(
            max(
                rest,
                key=lambda index: (
                    drawing.colours[index][1] ** 0.5 * min(_apart(drawing, index, seed) for seed in seeds)
                ),
            )
        )
    groups: list[list[int]] = [[seed] for seed in seeds]
    for index in ranked:
        if index not in seeds:
            groups[min(range(len(seeds)), key=lambda place: _apart(drawing, index, seeds[place]))].append(index)
    return groups


def _apart(drawing: Artwork, one: int, other: int) -> float:
    return math.dist(lab(drawing.colours[one][0]), lab(drawing.colours[other][0]))


def _nearest(colour: str, drawing: Artwork) -> int:
    here = lab(colour)
    return min(range(len(drawing.colours)), key=lambda index: math.dist(here, lab(drawing.colours[index][0])))


def _changed(colour: str, drawing: Artwork, plan: dict[int, tuple[str, str]]) -> str:
    nearest = _nearest(colour, drawing)
    if nearest not in plan:
        return colour
    apart = math.dist(lab(colour), lab(drawing.colours[nearest][0]))
    lightness, chroma, hue = lch(colour)
    if apart > _NEAR:
        _, own_chroma, own_hue = lch(drawing.colours[nearest][0])
        turned = abs(math.remainder(hue - own_hue, 2 * math.pi))
        if (min(chroma, own_chroma) > 0.04 and turned > 0.5) or (own_chroma > 0.06 and chroma < 0.03):
            return colour
    base, target = plan[nearest]
    base_lightness, base_chroma, _ = lch(base)
    goal_lightness, goal_chroma, goal_hue = lch(target)
    keep = 0.85 if 0.25 < goal_lightness < 0.9 else 0.6
    new = goal_lightness + (lightness - base_lightness) * keep
    new = min(max(new, 0.12), 0.985)
    ratio = chroma / base_chroma if base_chroma > 0.04 else 1 - 0.6 * max(0.0, lightness - base_lightness)
    return from_lch(new, goal_chroma * min(1.25, max(0.35, ratio)), goal_hue)
