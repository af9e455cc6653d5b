"""What a JPEG file leaves open: each coefficient of its blocks is known to half a step of quantization."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy import fft, ndimage
from scipy.linalg import solve_banded

from spectacle.generators.supersvg.arrays import Floats, Labels
from spectacle.images.quantization import Quantization

_SIDE = 8
"""Pixels of a block across and down, as ISO/IEC 10918-1 has them."""

_ROUNDING = 1.0
"""By how much, in 1/255, rounding of samples to 8 bits may move a coefficient: over three standard deviations of it."""

_HALF = 2
_GREY = 128
_TO_YCC = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]], np.float32)
"""From RGB to brightness and two colour differences, as JFIF 1.02 has it."""

_TO_RGB = np.linalg.inv(_TO_YCC).astype(np.float32)
_WEIGHTS = (_TO_RGB**2).sum(axis=0)
"""What a squared difference in each of them is in RGB, their small mixed terms aside."""

_WHITE = 255

_COARSE = 0.5
"""What differences of colour weigh against those of brightness."""

_GUIDED = 3
"""How often colours are made to follow brightness, and the image to fit its file again."""

_BLURRED, _NEARBY = 0.5, 0.7
"""Standard deviations, in samples of colour, of the blur that quantization leaves in them, and of the window in which
colours rise with brightness."""

_SEEN_STEP = 2.0
"""By how much, in 1/255, brightness must differ there for colours to follow it."""

_SOLVED, _MIN_POWER = 30, 1.0
"""Steps of the search for colours of parts (Nesterov's), and what is added to the squares of those that are tiny."""


@dataclass(frozen=True, slots=True)
class _Component:
    """Brightness, or one colour difference.

    Attributes:
        steps: (8, 8) of quantization.
        coefficients: (rows, columns of units, blocks down, across in each, 8, 8), whole multiples of the steps.
        halved: Which of the axes, 0 down and 1 across, have half as many samples as pixels.
    """

    steps: Floats
    coefficients: Floats
    halved: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Compressed:
    """What is known of the pixels that a JPEG file was made from.

    Attributes:
        shape: Height and width of the image.
        unit: Rows and columns of the pixels that are compressed together.
    """

    shape: tuple[int, int]
    unit: tuple[int, int]
    _components: tuple[_Component, ...]

    @classmethod
    def of(cls, picture: Image.Image, pixels: Floats) -> Compressed | None:
        """What is known of an image, or None if it is no JPEG, or one of unusual sampling.

        Args:
            picture: As it was opened.
            pixels: (height, width, 3), 0 to 1, the same; of another size it is not that of the file.
        """
        quantization = Quantization.of(picture)
        if quantization is None or picture.size != pixels.shape[1::-1]:
            return None
        across = max(component.across for component in quantization.components)
        down = max(component.down for component in quantization.components)
        unit = _SIDE * down, _SIDE * across
        if max(unit) > 2 * _SIDE:
            return None
        components = []
        for samples, component in zip(np.moveaxis(_ycc(pixels), 2, 0), quantization.components, strict=False):
            ratios = down / component.down, across / component.across
            halved = tuple(axis for axis, ratio in enumerate(ratios) if ratio == _HALF)
            plane = samples
            for axis in halved:
                plane = _not_doubled(_halved(_even(plane, axis), axis), axis)
            steps = np.array(component.steps, np.float32).reshape(_SIDE, _SIDE)
            size = _SIDE * component.down, _SIDE * component.across
            decoded = _coefficients(_in_units(plane, size))
            components.append(_Component(steps, np.round(decoded / steps) * steps, halved))
        return cls((pixels.shape[0], pixels.shape[1]), unit, tuple(components))

    def nearest(self, modelled: Floats) -> Floats:
        """(height, width, 3): an image with those coefficients of the file that another cannot have had.

        Args:
            modelled: (height, width, 3) the other, of which all is kept that the file leaves open.
        """
        changes = np.zeros((3, *self.shape), np.float32)
        for number, (component, off) in enumerate(self._differences(_in_units(modelled, self.unit), None)):
            allowed = component.steps / 2 + _ROUNDING
            blocks = fft.idctn(np.where(np.abs(off) > allowed, off, 0), axes=(-2, -1), norm="ortho")
            rows, columns, down, across = blocks.shape[:4]
            plane = blocks.transpose(0, 2, 4, 1, 3, 5).reshape(rows * down * _SIDE, columns * across * _SIDE)
            sides = [-(-side // 2) if axis in component.halved else side for axis, side in enumerate(self.shape)]
            plane = plane[: sides[0], : sides[1]]
            for axis in component.halved:
                plane = _doubled(plane, axis, self.shape[axis])
            changes[number] = plane
        change = np.moveaxis(changes, 0, 2) @ _TO_RGB.T / _WHITE
        return np.asarray((modelled + change).clip(0, 1), np.float32)

    @property
    def subsampled(self) -> bool:
        """Whether the file has fewer samples of colour than of brightness."""
        return any(component.halved for component in self._components)

    def restored(self, modelled: Floats) -> Floats:
        """(height, width, 3): the same as `nearest`, with the colours of fine lines where their brightness is.

        Lines of a pixel keep their brightness in files that keep the colours of two pixels or four together. Where an
        image differs from the other, its colours are supposed to differ in proportion to its brightness.

        Args:
            modelled: (height, width, 3) the other: what is behind the lines.
        """
        image = self.nearest(modelled)
        if not self.subsampled:
            return image
        behind = _ycc(modelled)
        for _ in range(_GUIDED):
            image = self.nearest(self._guided(modelled, _ycc(image) - behind))
        return image

    def _guided(self, modelled: Floats, off: Floats) -> Floats:
        """An image that differs by this in brightness, and by colours that follow it."""
        halved = max((component.halved for component in self._components), key=len)

        def blurred(plane: Floats) -> Floats:
            for axis in halved:
                plane = _halved(_even(plane, axis), axis)
            return np.asarray(ndimage.gaussian_filter(plane, (_BLURRED, _BLURRED, 0)), np.float32)

        def enlarged(plane: Floats) -> Floats:
            plane = np.asarray(ndimage.gaussian_filter(plane, (_NEARBY, _NEARBY, 0)), np.float32)
            for axis in reversed(halved):
                plane = _doubled(plane, axis, self.shape[axis])
            return plane

        light, colours = off[..., :1], off[..., 1:]
        coarse = blurred(light)
        power = enlarged(coarse**2)
        slopes = enlarged(coarse * blurred(colours)) / (power + _SEEN_STEP**2)
        following = power / (power + _SEEN_STEP**2)
        guided = following * slopes * light + (1 - following) * colours
        return np.asarray(modelled + np.concatenate([light, guided], axis=2) @ _TO_RGB.T / _WHITE, np.float32)

    def colour_changes(self, modelled: Floats, covers: Iterable[Floats]) -> Floats:
        """(n, 3), by how much the colours of parts of an image are off, their brightness aside, for the least misfit.

        Args:
            modelled: (height, width, 3) the image.
            covers: n times (height, width), how much of each pixel a part covers.
        """
        changes = []
        differences = list(self._differences(_in_units(modelled, self.unit), None))[1:]
        if not differences:
            return np.zeros((len(list(covers)), 3), np.float32)
        halved = differences[0][0].halved
        rows = []
        for cover in covers:
            plane = _in_units(cover, self.unit)
            for axis in halved:
                plane = _halved(plane, axis - 2)
            rows.append(_coefficients(plane).ravel())
        slopes = np.stack(rows)
        power = slopes @ slopes.T
        power[np.diag_indices(len(power))] += _MIN_POWER
        inverse = np.linalg.inv(power)
        for component, off in differences:
            allowed = np.broadcast_to(component.steps / 2 + _ROUNDING, off.shape).ravel()
            change, ahead = np.zeros(len(slopes)), np.zeros(len(slopes))
            for number in range(_SOLVED):
                left = off.ravel() - ahead @ slopes
                beyond = np.sign(left) * np.maximum(np.abs(left) - allowed, 0)
                last, change = change, ahead + inverse @ (slopes @ beyond)
                ahead = change + number / (number + 3) * (change - last)
            changes.append(change)
        return np.asarray(np.stack([np.zeros(len(slopes)), *changes], axis=1) @ _TO_RGB.T / _WHITE, np.float32)

    def misfit(self, modelled: Floats, units: tuple[Labels, Labels] | None = None) -> Floats:
        """(rows, columns of units): by how much an image cannot have given the file, as a sum of squared differences.

        Args:
            modelled: (height, width, 3).
            units: The rows and columns of those to be looked at, instead of all.
        """
        pixels = _in_units(modelled, self.unit)
        total = 0.0
        for (component, off), weight in zip(
            self._differences(pixels if units is None else pixels[units], units), _WEIGHTS, strict=False
        ):
            beyond = np.maximum(np.abs(off) - component.steps / 2 - _ROUNDING, 0)
            total = total + weight * 2 ** len(component.halved) * (beyond**2).sum(axis=(-4, -3, -2, -1))
        return np.asarray(total / _WHITE**2, np.float32)

    def units_of(self, rows: Labels, columns: Labels) -> tuple[Labels, Labels]:
        """The rows and columns of the units that some pixels are in, each once."""
        across = -(-self.shape[1] // self.unit[1])
        place = np.unique(rows // self.unit[0] * across + columns // self.unit[1])
        return place // across, place % across

    def _differences(self, pixels: Floats, chosen: tuple[Labels, Labels] | None) -> Iterator[tuple[_Component, Floats]]:
        """Each component, and by how much its coefficients differ from those of units of other pixels."""
        for samples, component in zip(np.moveaxis(_ycc(pixels), -1, 0), self._components, strict=False):
            plane = samples
            for axis in component.halved:
                plane = _halved(plane, axis - 2)
            own = component.coefficients if chosen is None else component.coefficients[chosen]
            yield component, own - _coefficients(plane)


def by_brightness(differences: Floats) -> Floats:
    """(n, 3) differences of colours, in brightness and, weighted less, in two colour differences.

    Files keep brightness more finely.
    """
    return np.asarray(differences @ _TO_YCC.T * np.array([1, _COARSE, _COARSE], np.float32), np.float32)


def _ycc(pixels: Floats) -> Floats:
    ycc = pixels * _WHITE @ _TO_YCC.T
    ycc[..., 0] -= _GREY
    return np.asarray(ycc, np.float32)


def _in_units(values: Floats, size: tuple[int, int]) -> Floats:
    """(rows, columns of units, height, width of a unit, ...), the last pixels repeated where a unit is not full."""
    margins = [(0, -side % step) for side, step in zip(values.shape, size, strict=False)]
    padded = np.pad(values, [*margins, *[(0, 0)] * (values.ndim - 2)], mode="edge")
    rows, columns = (side // step for side, step in zip(padded.shape, size, strict=False))
    return padded.reshape(rows, size[0], columns, size[1], *values.shape[2:]).swapaxes(1, 2)


def _coefficients(units: Floats) -> Floats:
    """(..., blocks down, across, 8, 8) of units of samples."""
    *before, height, width = units.shape
    blocks = units.reshape(*before, height // _SIDE, _SIDE, width // _SIDE, _SIDE).swapaxes(-3, -2)
    return np.asarray(fft.dctn(blocks, axes=(-2, -1), norm="ortho"), np.float32)


def _even(values: Floats, axis: int) -> Floats:
    if values.shape[axis] % 2 == 0:
        return values
    return np.concatenate([values, values.take([-1], axis=axis)], axis=axis)


def _halved(values: Floats, axis: int) -> Floats:
    """The means of two samples each, as encoders take."""
    ahead = np.moveaxis(values, axis, 0)
    means: Floats = np.asarray((ahead[::2] + ahead[1::2]) / 2, np.float32)
    return np.moveaxis(means, 0, axis)


def _doubled(values: Floats, axis: int, size: int) -> Floats:
    """Twice as many samples, each a quarter on the way to the next, as decoders make them."""
    ahead = np.moveaxis(values, axis, 0)
    before, after = np.concatenate([ahead[:1], ahead[:-1]]), np.concatenate([ahead[1:], ahead[-1:]])
    doubled = np.stack([(3 * ahead + before) / 4, (3 * ahead + after) / 4], axis=1)
    whole: Floats = np.asarray(doubled.reshape(-1, *ahead.shape[1:])[:size], np.float32)
    return np.moveaxis(whole, 0, axis)


def _not_doubled(values: Floats, axis: int) -> Floats:
    """What becomes these when it is doubled and halved again."""
    ahead = np.moveaxis(values, axis, 0)
    if len(ahead) == 1:
        return values
    bands = np.repeat(np.array([[1], [6], [1]], np.float32) / 8, len(ahead), axis=1)
    bands[1, [0, -1]] = 7 / 8
    single: Floats = np.asarray(solve_banded((1, 1), bands, ahead), np.float32)
    return np.moveaxis(single, 0, axis)
