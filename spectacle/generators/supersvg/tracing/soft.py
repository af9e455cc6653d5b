"""Soft shadows and glows as few paths: what fades around a rectangle, a line or a point, by opacity."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from spectacle.generators.supersvg.arrays import Doubles, Labels, Reals
from spectacle.generators.supersvg.raster.gradients import Gradient

_OVERLAP = 1.0
"""By how many pixels opaque pieces of a shade reach under the next, so that nothing shines through between them."""

_KAPPA = 4 / 3 * math.tan(math.pi / 8)
_LINE = np.array([0, 1 / 3, 2 / 3])[:, None]


@dataclass(frozen=True, slots=True)
class Soft:
    """A shade whose colour says how far a place is from a rectangle, which may be as thin as a line or a point.

    Attributes:
        centre: (2,) of the rectangle, in pixels.
        angle: By how much it is turned, in radians.
        sides: (2,) half of its width and of its height.
        reach: How far from it the shade ends.
        offsets: (n,) ascending, 0 to 1: shares of that way.
        colours: (n, 4) red, green, blue, opacity there.
        stretch: How many times as far places along the height count.
        within: Whether it is seen in its area alone, so that its paths have the outline of that.
    """

    centre: Doubles
    angle: float
    sides: Doubles
    reach: float
    offsets: Doubles
    colours: Doubles
    stretch: float = 1.0
    within: bool = False

    @property
    def axes(self) -> Doubles:
        """(2, 2) the directions of the width and of the height."""
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        return np.array([[cos, sin], [-sin, cos]])

    @property
    def opaque(self) -> bool:
        """Whether nothing shines through it."""
        return bool(self.colours[:, 3].min() >= 1)

    def at(self, x: Reals, y: Reals) -> Doubles:
        """(n, 4) the colours at points, multiplied by the opacity, and the opacity; nothing where it has ended."""
        places = np.stack([x, y], axis=1)
        way = distances(self.centre, self.angle, self.sides, places, self.stretch) / self.reach
        mixed = np.stack([np.interp(way, self.offsets, channel) for channel in self.colours.T], axis=1)
        mixed[:, :3] *= mixed[:, 3:]
        mixed[way > 1] = 0
        return mixed

    def pieces(self) -> list[tuple[list[Doubles], Gradient]]:
        """The paths it is made of, lowest first: for each its outlines, (curves, 3, 2), and its gradient.

        Four corners, the parts above and below the rectangle, and those on its sides with the rectangle itself.
        """
        (a, b), far = self.sides, self.reach
        under = _OVERLAP if self.opaque else 0.0
        pieces: list[tuple[list[Doubles], Gradient]] = []
        ways = [(sx, sy) for sx in ((-1, 1) if a else (0,)) for sy in ((-1, 1) if b else (0,))]
        for sx, sy in ways:
            corner = np.array([sx * a, sy * b])
            frame = self._out(np.stack([corner, corner + np.array([far, 0]), corner + np.array([0, far])]))
            pieces.append(([self._out(_round(corner, (sx, sy), far, under))], self._gradient(frame)))
        if a:
            outlines = [_box(-a, -b - far, a, -b + under), _box(-a, b - under, a, b + far)] if b else None
            outlines = outlines or [_box(-a, -far, a, far)]
            pieces.append(([self._out(outline) for outline in outlines], self._mirrored(np.array([0, b + far]), b)))
        if b:
            pieces.append(([self._out(_box(-a - far, -b, a + far, b))], self._mirrored(np.array([a + far, 0]), a)))
        return pieces

    def piece_at(self, x: Reals, y: Reals) -> Labels:
        """(n,) which of its pieces points are in, or nearest to."""
        places = (np.stack([x, y], axis=1) - self.centre) @ self.axes.T * np.array([1, self.stretch])
        (a, b), outer = self.sides, np.abs(places) > self.sides
        right, lower = places.T > 0
        corners = (right * (2 if b else 1) if a else 0) + (lower if b else 0)
        count = (2 if a else 1) * (2 if b else 1)
        strip = count + (1 if a else 0)
        beside = np.where(outer[:, 1], count, strip) if b else np.full(len(places), count)
        return np.asarray(np.where(outer.all(axis=1) | ~self.sides.any(), corners, beside), np.int64)

    def _out(self, points: Doubles) -> Doubles:
        """Points along the width and the height, in pixels of the image."""
        return np.asarray(self.centre + points / np.array([1, self.stretch]) @ self.axes)

    def _gradient(self, frame: Doubles) -> Gradient:
        return Gradient(frame, self.offsets, self.colours)

    def _mirrored(self, end: Doubles, inner: float) -> Gradient:
        """The linear gradient that fades from the middle, (0, 0), on both sides, and is even up to `inner` from it."""
        outer = inner + self.reach
        half = (inner + self.offsets * self.reach) / outer
        colours = self.colours
        if half[0] <= 0:
            half, colours = half[1:], colours[1:]
            offsets = np.concatenate([-half[::-1], [0], half])
            every = np.concatenate([colours[::-1], self.colours[:1], colours])
        else:
            offsets = np.concatenate([-half[::-1], half])
            every = np.concatenate([colours[::-1], colours])
        ends = self._out(np.stack([-end, end]).astype(np.float64))
        return Gradient(np.concatenate([ends, ends[:1]]), (offsets + 1) / 2, every)


def opaque_on(colour: Doubles, softs: tuple[Soft, ...], places: Reals) -> tuple[Soft, ...]:
    """Shades as what is seen of them on one colour, if none lies on another: opaque pieces may overlap without a seam.

    Args:
        colour: (3,) what they lie on.
        softs: The shades.
        places: (n, 2) x and y of all places where they are seen.
    """
    if np.sum([soft.at(*places.T)[:, 3] > 0 for soft in softs], axis=0).max() > 1:
        return softs
    found = []
    for soft in softs:
        seen = colour + soft.colours[:, 3:] * (soft.colours[:, :3] - colour)
        found.append(replace(soft, colours=np.concatenate([seen, np.ones((len(seen), 1))], axis=1)))
    return tuple(found)


def distances(centre: Doubles, angle: float, sides: Doubles, places: Reals, stretch: float = 1.0) -> Doubles:
    """(n,) how far points are from a rectangle, in pixels; 0 in it.

    Args:
        centre, angle, sides, stretch: As `Soft` has them; the height counts as stretched.
        places: (n, 2) x and y.
    """
    cos, sin = math.cos(angle), math.sin(angle)
    across, down = (places - centre).T
    first = np.maximum(np.abs(across * cos + down * sin) - sides[0], 0)
    second = np.maximum(np.abs(down * cos - across * sin) * stretch - sides[1], 0)
    return np.asarray(np.hypot(first, second))


def _box(left: float, top: float, right: float, bottom: float) -> Doubles:
    """(4, 3, 2) a rectangle."""
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float64)
    steps = np.roll(corners, -1, axis=0) - corners
    return np.asarray(corners[:, None] + _LINE * steps[:, None])


def _round(corner: Doubles, way: tuple[int, int], far: float, under: float) -> Doubles:
    """A circle around a corner as far as it lies outside: a quarter, a half or all of it, and `under` farther in."""
    sx, sy = way
    if not sx and not sy:
        turns = [0, 1, 2, 3]
    elif not sx:
        turns = [0, 1] if sy > 0 else [2, 3]
    elif not sy:
        turns = [3, 0] if sx > 0 else [1, 2]
    else:
        turns = [{(1, 1): 0, (-1, 1): 1, (-1, -1): 2, (1, -1): 3}[way]]
    curves = []
    for turn in turns:
        begin = np.array([[1, 0], [0, 1], [-1, 0], [0, -1]][turn], np.float64)
        end = np.array([[0, 1], [-1, 0], [0, -1], [1, 0]][turn], np.float64)
        curves.append(corner + far * np.stack([begin, begin + _KAPPA * end, end + _KAPPA * begin]))
    last = corner + far * np.array([[0, 1], [-1, 0], [0, -1], [1, 0]][turns[-1]], np.float64)
    first = curves[0][0]
    if sx or sy:
        inner = under * -np.array([sx, sy], np.float64)
        bent = last + inner * (np.abs(last - corner) < 1e-9), first + inner * (np.abs(first - corner) < 1e-9)
        inside = [corner + inner] if sx and sy else []
        for one, other in pairwise([last, bent[0], *inside, bent[1], first]):
            if np.abs(other - one).max() > 1e-9:
                curves.append(one + _LINE * (other - one))
    return np.stack(curves)
