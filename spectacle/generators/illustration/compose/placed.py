"""Artworks with their places in the image, and the space they are placed in."""

from __future__ import annotations

from dataclasses import dataclass

from spectacle.generators.illustration.compose.backgrounds import Setting
from spectacle.generators.illustration.compose.canvas import Box
from spectacle.generators.illustration.compose.parts import RISE, Assembly, Part, nearness


@dataclass
class Placed:
    """One drawing in the image.

    Attributes:
        part: What is drawn.
        x: Left edge of its visible box in pixels.
        y: Upper edge in pixels.
        width: Width in pixels.
        height: Height in pixels.
        order: Higher is nearer.
        foot: Height of the ground it stands on in pixels, or None in the air.
        stands: Whether its own foot is on the ground, so that it has a shadow there.
        cut: Height in pixels below which it is hidden, or None.
        kind: `stand`, `swim`, `air`, `celestial` or `wall`.
    """

    part: Part
    x: float
    y: float
    width: float
    height: float
    order: float
    foot: float | None
    stands: bool
    cut: float | None
    kind: str

    @property
    def box(self) -> Box:
        """Left, top, right and bottom in pixels, what is hidden by a cut omitted."""
        bottom = self.y + self.height if self.cut is None else min(self.cut, self.y + self.height)
        return (self.x, self.y, self.x + self.width, bottom)


@dataclass(frozen=True, slots=True)
class PictureSpace:
    """The space of the image.

    Attributes:
        width: Width in pixels.
        height: Height in pixels.
        horizon: Height of the horizon in pixels.
        setting: The place.
    """

    width: float
    height: float
    horizon: float
    setting: Setting

    @property
    def unit(self) -> float:
        """The shorter side."""
        return min(self.width, self.height)


def emit(member: Assembly, x: float, ground: float, scale: float, kind: str, order: float) -> list[Placed]:
    """Artworks of an assembly whose composite's ground origin is at (`x`, `ground`) with `scale` pixels a unit."""
    near = nearness(member.z) * scale
    foot = ground - (member.z * RISE + member.up) * scale
    x = x + member.x * scale
    made = []
    for part in member.parts:
        made.append(
            Placed(
                part,
                x + part.x * near,
                foot + part.y * near,
                part.width * near,
                part.height * near,
                order - member.z * 10 + part.order * 0.01,
                foot if kind in {"stand", "swim"} and member.up <= 0.01 else None,
                part is member.root and kind in {"stand", "swim"} and member.up <= 0.01,
                None if part.cut is None else foot + part.cut * near,
                kind,
            )
        )
    return made


def contained(placed: list[Placed], space: PictureSpace) -> list[Placed]:
    """Artworks on the ground shrunk together towards their feet until they are wholly in the image."""
    top = min(one.y for one in placed)
    left, right = min(one.x for one in placed), max(one.x + one.width for one in placed)
    foot = max(one.y + one.height for one in placed)
    margin = 0.015 * space.unit
    foot_limit = space.height - margin
    if foot > foot_limit:
        lift(placed, foot_limit - foot)
        top, foot = top + foot_limit - foot, foot_limit
    middle = (left + right) / 2
    factor = min(1.0, (foot - 0.03 * space.height) / (foot - top), (space.width - 2 * margin) / (right - left))
    shift = 0.0
    if factor < 1.0:
        left, right = middle + (left - middle) * factor, middle + (right - middle) * factor
    shift = max(0.0, margin - left) - max(0.0, right - space.width + margin)
    for one in placed:
        one.x = middle + (one.x - middle) * factor + shift
        one.y = foot + (one.y - foot) * factor
        one.width, one.height = one.width * factor, one.height * factor
        one.foot = None if one.foot is None else foot + (one.foot - foot) * factor
        one.cut = None if one.cut is None else foot + (one.cut - foot) * factor
    return placed


def lift(placed: list[Placed], shift: float) -> None:
    """Move artworks down by `shift` pixels."""
    for one in placed:
        one.y += shift
        one.foot = None if one.foot is None else one.foot + shift
        one.cut = None if one.cut is None else one.cut + shift
