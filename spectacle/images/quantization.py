"""How finely a JPEG file keeps its image."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

KEY = "quantization"
"""Where `PIL.Image.Image.info` holds it, for an image that has the pixels of the file."""

_STEPS = 64
_RGB = 0


@dataclass(frozen=True, slots=True)
class Component:
    """Brightness, or one colour difference.

    Attributes:
        across, down: Samples of it, for each of the component that has fewest.
        steps: 64 steps of quantization by rows, each 1 or more: the lowest frequencies first.
    """

    across: int
    down: int
    steps: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Quantization:
    """The components of a JPEG file: brightness alone, or followed by two colour differences."""

    components: tuple[Component, ...]

    @classmethod
    def of(cls, picture: Image.Image) -> Quantization | None:
        """What an opened file says, or None if it is no JPEG, or one of other components."""
        if not isinstance(picture, JpegImageFile):
            known = picture.info.get(KEY)
            return known if isinstance(known, Quantization) else None
        if len(picture.layer) not in {1, 3} or picture.info.get("adobe_transform") == _RGB:
            return None
        components = []
        for _, across, down, table in picture.layer:
            steps = tuple(picture.quantization.get(table, ()))
            if len(steps) != _STEPS or min(steps) < 1:
                return None
            components.append(Component(across, down, steps))
        return cls(tuple(components))
