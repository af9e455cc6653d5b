"""Maps of countries and of the world, from outlines that are in the public domain."""

from __future__ import annotations

import functools
import json
import re
import zlib
from importlib import resources
from typing import Any

from spectacle.generators.illustration.compose.colour import lighten
from spectacle.generators.illustration.compose.genres.flat import plain_canvas
from spectacle.generators.illustration.compose.lettering import block
from spectacle.generators.illustration.compose.painting import Painted, randomness
from spectacle.generators.illustration.compose.stage import Stage
from spectacle.generators.illustration.compose.svg import element, num
from spectacle.generators.illustration.language.colours import COLOUR_WORDS, PALETTE
from spectacle.generators.illustration.language.scene import Scene

_LANDS = ("#8fbf7f", "#e0b872", "#d98f72", "#9db8d9", "#c7a6d1")


@functools.cache
def _atlas() -> dict[str, Any]:
    data = (resources.files("spectacle.generators.illustration.art") / "maps.bin").read_bytes()
    atlas: dict[str, Any] = json.loads(zlib.decompress(data))
    return atlas


def outline_of(text: str) -> tuple[str, list[Any]] | None:
    """The name and the outline of the country, or the world, that a text names; None when it names none."""
    atlas = _atlas()
    plain = re.sub(r"[^\w' ]", " ", text.lower())
    names = sorted([*atlas["maps"], *atlas["aliases"]], key=len, reverse=True)
    for name in names:
        if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", plain):
            return name, atlas["maps"][atlas["aliases"].get(name, name)]
    return ("world", atlas["maps"]["world"]) if re.search(r"\b(?:world|earth|globe|continents?)\b", plain) else None


def paint_map(scene: Scene, stage: Stage, width: int, height: int, seed: int) -> Painted | None:
    """Paints the map of a country in a sea, with its name; None when the prompt names no country."""
    found = outline_of(scene.topic or scene.title) or outline_of(scene.title)
    if found is None:
        return None
    name, (wide, tall, data) = found
    rng = randomness(scene, seed, "map")
    canvas = plain_canvas(width, height, rng)
    unit = canvas.unit
    words = [COLOUR_WORDS[word] for word in re.findall(r"[a-z]+", scene.title.lower()) if word in COLOUR_WORDS]
    land = next((PALETTE[word] for word in words if PALETTE[word] != "rainbow"), rng.choice(_LANDS))
    canvas.rect(0, 0, width, height, "#cfe6f2")
    for share in (0.25, 0.5, 0.75):
        canvas.stroke(f"M0 {num(height * share)}H{width}M{num(width * share)} 0V{height}", "#bcd9e8", unit * 0.003)
    band = unit * 0.16
    scale = min(width * 0.88 / wide, (height - band - unit * 0.08) / tall)
    x, y = (width - wide * scale) / 2, band + (height - band - tall * scale) / 2 - unit * 0.02
    place = f"translate({num(x)} {num(y)})scale({scale:.4g})"
    stroke = unit * 0.004 / scale
    canvas.add(
        element(
            "path",
            d=data,
            transform=f"translate({num(x + unit * 0.008)} {num(y + unit * 0.01)})scale({scale:.4g})",
            fill="#9fc0d2",
        )
    )
    canvas.add(
        element(
            "path",
            d=data,
            transform=place,
            fill=land,
            stroke=lighten(land, -0.22),
            stroke_width=stroke,
            stroke_linejoin="round",
        )
    )
    titles = [one.text for one in scene.inscriptions]
    title = titles[0] if titles else " ".join(part.capitalize() for part in name.split())
    canvas.add(block(title, (width * 0.1, unit * 0.03, width * 0.8, band * 0.8), "#2c3e50", unit * 0.1))
    return Painted(f"{canvas.defs}{''.join(canvas.back)}", (), name, "day")
