"""The pictures in the guide to vectorizing: an image, and what becomes of it with one option and another.

    python scripts/pages/pictures.py

makes all of them again; `scripts/build_docs.py` makes those that are missing. It needs the extra `supersvg`.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "docs/images/vectorize"

_SIZE = 168, 126
_GAP = 6
_COLOURS = 48
_HEAD = '<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="{1}" viewBox="0 0 {0} {1}">'

_BADGE = (
    '<path fill="#fff" d="M0 0h168v126H0z"/><rect x="14" y="13" width="100" height="100" rx="20" fill="#1d4ed8"/>'
    '<circle cx="64" cy="63" r="34" fill="#facc15"/><path d="M64 36l8 18 20 2-15 13 5 20-18-11-18 11 5-20-15-13 20-2z" '
    'fill="#dc2626"/><circle cx="138" cy="36" r="16" fill="#16a34a"/><path d="M122 70h32v40h-32z" fill="#111"/>'
    '<path d="M132 80h4v4h-4zM142 94h3v3h-3z" fill="#fff"/>'
)
_PLAN = (
    '<path fill="#fff" d="M0 0h168v126H0z"/><g fill="none" stroke="#111" stroke-width="3"><path d="M14 14h140v98H14z'
    'M80 14v98M14 70h66"/><path d="M80 60a28 28 0 0 1 28 28M110 112l30-40" stroke-width="2"/></g>'
)
_SIGNATURE = (
    '<path fill="#f4efe4" d="M0 0h168v126H0z"/><path fill="none" stroke="#1e2a55" stroke-width="3" stroke-linecap='
    '"round" d="M16 84C40 6 54 20 46 76S76 34 84 66s18-22 28-6 20 22 40-4M20 104q60-10 130-4"/>'
)


@dataclass(frozen=True)
class Panel:
    """One picture: the image, and a drawing for each settings.

    Attributes:
        image: Makes the image.
        settings: Those of `VectoriseSettings` for each drawing.
        shown: Changes the SVG so that what matters can be seen.
        part: Left, top, right and bottom of what is shown, as shares of the image.
    """

    image: Callable[[], Any]
    settings: tuple[dict[str, Any], ...]
    shown: Callable[[str], str] = field(default=lambda svg: svg)
    part: tuple[float, float, float, float] = (0, 0, 1, 1)


def _drawn(body: str) -> Any:
    return _rasterised(_HEAD.format(*_SIZE) + body + "</svg>", *_SIZE).convert("RGB")


def _badge() -> Any:
    return _drawn(_BADGE)


def _plan() -> Any:
    return _drawn(_PLAN)


def _specks() -> Any:
    return _drawn(_BADGE + '<path fill="#16a34a" d="M118 6h5v5h-5zM156 54h4v5h-4zM118 116h6v4h-6zM4 100h5v5h-5z"/>')


def _photographed() -> Any:
    import numpy as np
    from PIL import Image

    paper = np.asarray(_drawn(_SIGNATURE), np.float32)
    light = 1 - 0.4 * np.hypot(*(np.mgrid[:126, :168] / 168))
    noise = np.random.default_rng(1).normal(0, 4, paper.shape)
    return Image.fromarray((paper * light[..., None] + noise).clip(0, 255).astype(np.uint8))


def _photograph() -> Any:
    import skimage.data
    from PIL import Image

    return Image.fromarray(skimage.data.astronaut()[:384]).resize(_SIZE, Image.Resampling.LANCZOS)


def _pieces(svg: str) -> str:
    return svg.replace("<path ", '<path stroke="#fff" stroke-width="1.6" vector-effect="non-scaling-stroke" ')


def _outlines(svg: str) -> str:
    """Outlines instead of what they are filled with."""
    bare = re.sub(r'\sfill="[^"]*"', "", svg)
    return re.sub(r"<(path|circle|ellipse|rect) ", r'<\1 fill="none" stroke="#1d4ed8" stroke-width="1" ', bare)


def _thin(svg: str) -> str:
    return re.sub(r'stroke-width="[^"]*"', 'stroke-width="1"', re.sub(r'stroke="#\w+"', 'stroke="#dc2626"', svg))


PANELS = {
    "max-paths": Panel(_photograph, ({"max_paths": 24}, {"max_paths": 400})),
    "colors": Panel(_photograph, ({"colours": 3}, {"colours": 8})),
    "background": Panel(_badge, ({}, {"page": False})),
    "ink": Panel(_photographed, ({}, {"ink": True, "page": False})),
    "layout": Panel(_badge, ({}, {"tiled": True, "page": False}), _pieces),
    "strokes": Panel(_plan, ({}, {"centerline": True, "page": False}), _thin),
    "shapes": Panel(_badge, ({}, {"shapes": True}), _outlines),
    "simplify": Panel(_badge, ({"simplify": 0.25}, {"simplify": 2.0}), part=(0.1, 0.1, 0.7, 0.9)),
    "min-area": Panel(_specks, ({}, {"min_area": 60})),
    "mode": Panel(_badge, ({"mode": "photo", "max_paths": 24}, {"mode": "logo"})),
}


def missing() -> list[Path]:
    """The pictures that have to be made."""
    return [path for name in PANELS if not (path := FOLDER / f"{name}.png").exists()]


def make(path: Path) -> None:
    """Make one of the pictures."""
    from PIL import Image

    from spectacle.generators.supersvg.tracing.settings import Mode, VectoriseSettings
    from spectacle.generators.supersvg.tracing.vectorise import vectorise

    panel = PANELS[path.stem]
    image = panel.image()
    cells = [_cell(image, panel)]
    for chosen in panel.settings:
        settings = VectoriseSettings(**{**chosen, "mode": Mode(chosen.get("mode", "auto"))})
        svg = vectorise(image, settings, lambda step, steps, error: None).svg
        drawing = _rasterised(panel.shown(svg), image.width * 4, image.height * 4)
        cells.append(_cell(drawing, panel))
    width, height = cells[0].size
    whole = Image.new("RGB", (len(cells) * (width + _GAP) - _GAP, height), "white")
    for number, cell in enumerate(cells):
        whole.paste(cell, (number * (width + _GAP), 0))
    path.parent.mkdir(exist_ok=True)
    whole.quantize(_COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


def _cell(image: Any, panel: Panel) -> Any:
    """What is shown of an image, on squares where it is transparent."""
    from PIL import Image

    left, top, right, bottom = panel.part
    box = (left * image.width, top * image.height, right * image.width, bottom * image.height)
    height = round(_SIZE[0] * (box[3] - box[1]) / (box[2] - box[0]))
    ground = Image.new("RGBA", (_SIZE[0], height), "#fff")
    for row in range(0, height, 8):
        for column in range(row % 16, _SIZE[0], 16):
            ground.paste("#e5e7eb", (column, row, column + 8, row + 8))
    ground.alpha_composite(image.convert("RGBA").resize(ground.size, Image.Resampling.LANCZOS, box=box))
    return ground.convert("RGB")


def _rasterised(svg: str, width: int, height: int) -> Any:
    import cairosvg
    from PIL import Image

    return Image.open(io.BytesIO(cairosvg.svg2png(svg.encode(), output_width=width, output_height=height)))


if __name__ == "__main__":
    for each in PANELS:
        make(FOLDER / f"{each}.png")
