"""Gradients that an SVG can have: linear, radial or elliptical, with any number of colours and opacities."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from spectacle.generators.supersvg.arrays import Doubles, Floats, Reals

TABLE = 512
"""Colours of a gradient that are rendered: as many steps from its beginning to its end."""


@dataclass(frozen=True, slots=True, eq=False)
class Gradient:
    """How the colour of a path changes from place to place.

    Attributes:
        frame: (3, 2) points in pixels. Of a linear gradient: where it begins, where it ends, and the first again. Of
            another one: its focus, and as far from there as the ends of two radii of the ellipse where it ends are from
            that ellipse's centre.
        offsets: (n,) ascending, 0 to 1: how far on the way the colours are.
        colours: (n, 4) red, green, blue, opacity, 0 to 1.
        shift: (2,) from the focus to the centre of that ellipse, in units of the two radii; shorter than 1.
    """

    frame: Doubles
    offsets: Doubles
    colours: Doubles
    shift: Doubles = field(default_factory=lambda: np.zeros(2))

    @property
    def radial(self) -> bool:
        """Whether it spreads from a centre."""
        return not np.array_equal(self.frame[0], self.frame[2])

    @property
    def ramp(self) -> Doubles:
        """(9,) what `ramp_of` says of it."""
        return ramp_of(self.frame, self.shift)

    @property
    def table(self) -> Floats:
        """(`TABLE`, 5) red, green, blue, 1, opacity in even steps from the beginning to the end."""
        steps = np.linspace(0, 1, TABLE)
        red, green, blue, opacity = (np.interp(steps, self.offsets, channel) for channel in self.colours.T)
        return np.stack([red, green, blue, np.ones(TABLE), opacity], axis=1).astype(np.float32)

    def at(self, x: Reals, y: Reals) -> Doubles:
        """(n, 4) the colours at points, multiplied by the opacity, and the opacity."""
        along = ways(self.frame, self.shift, x, y)
        mixed = np.stack([np.interp(along, self.offsets, channel) for channel in self.colours.T], axis=1)
        mixed[:, :3] *= mixed[:, 3:]
        return mixed

    def scaled(self, x: float, y: float) -> Gradient:
        """The same on an image `x` times as wide and `y` times as high."""
        return replace(self, frame=self.frame * np.array([x, y]))

    def moved(self, x: float, y: float) -> Gradient:
        """The same farther to the right and farther down by so many pixels."""
        return replace(self, frame=self.frame + np.array([x, y]))

    @property
    def key(self) -> bytes:
        """The same for gradients that are the same."""
        return b"".join(part.tobytes() for part in (self.frame, self.offsets, self.colours, self.shift))


def ramp_of(frame: Doubles, shift: Doubles) -> Doubles:
    """(9,) a to i: at x, y a gradient has come a + b·x + c·y of the way.

    One with a focus has come the length of that and of d + e·x + f·y, and g + h·x + i·y more.

    Args:
        frame, shift: As `Gradient` has them.
    """
    origin, first, second = frame
    if np.array_equal(origin, second):
        along = (first - origin) / max(float((first - origin) @ (first - origin)), 1e-9)
        return np.array([-origin @ along, *along, 0, 0, 0, 0, 0, 0])
    # A place q is on the circle around t · shift with the radius t where |q - t · shift| = t.
    inverse = np.linalg.inv(np.stack([first - origin, second - origin], axis=1))
    far = float(shift @ shift)
    wide = 1 / (1 - far)
    towards = np.outer(shift, shift) / max(far, 1e-12)
    form = (math.sqrt(wide) * (np.eye(2) - towards) + wide * towards) @ inverse
    lean = -wide * shift @ inverse
    constant = -form @ origin
    return np.array([constant[0], *form[0], constant[1], *form[1], -lean @ origin, *lean])


def ways(frame: Doubles, shift: Doubles, x: Reals, y: Reals) -> Doubles:
    """(n,) how far on its way a gradient is at points.

    Args:
        frame, shift: As `Gradient` has them.
        x, y: (n,).
    """
    a, b, c, d, e, f, g, h, i = ramp_of(frame, shift)
    along = a + b * x + c * y
    return np.asarray(
        along if np.array_equal(frame[0], frame[2]) else np.hypot(along, d + e * x + f * y) + g + h * x + i * y
    )


def tables_of(gradients: tuple[Gradient | None, ...] | None, count: int) -> tuple[Floats, NDArray[np.int64]]:
    """The tables of some paths' gradients, and for each path which it has; -1 for none."""
    chosen = np.full(count, -1, np.int64)
    tables: list[Floats] = []
    for number, gradient in enumerate(gradients or ()):
        if gradient is not None:
            chosen[number] = len(tables)
            tables.append(gradient.table)
    return np.stack(tables) if tables else np.zeros((0, TABLE, 5), np.float32), chosen
