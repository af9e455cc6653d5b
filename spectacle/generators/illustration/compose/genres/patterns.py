"""Seamless patterns: a tile that fits its neighbours on all sides."""

# ruff: noqa: E501 - tables read best with one thing to a line, however long

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace

from spectacle.generators.illustration.compose.canvas import Canvas
from spectacle.generators.illustration.compose.colour import lighten, mix
from spectacle.generators.illustration.compose.genres.flat import clusters_of, in_box, plain_canvas
from spectacle.generators.illustration.compose.painting import Painted, randomness, things_of
from spectacle.generators.illustration.compose.placed import Placed
from spectacle.generators.illustration.compose.recolour import RAINBOW
from spectacle.generators.illustration.compose.render import draw_all
from spectacle.generators.illustration.compose.stage import Stage
from spectacle.generators.illustration.compose.svg import num
from spectacle.generators.illustration.language.colours import COLOUR_WORDS, PALETTE
from spectacle.generators.illustration.language.scene import Match, Scene, Thing

_GROUNDS = ("#fdf6ea", "#e6f2f0", "#eceaf6", "#fdeaea", "#eaf1fa", "#f3f5e2")
_PAIRS = (
    ("#2f6f8f", "#f4efe2"),
    ("#d9644a", "#fdf1e3"),
    ("#2a9d8f", "#f4f1de"),
    ("#7a4ba8", "#f1eaf8"),
    ("#e0a030", "#26364a"),
)
_FLORAL = (
    "fluent:tulip",
    "fluent:rose",
    "fluent:sunflower",
    "fluent:hibiscus",
    "fluent:cherry-blossom",
    "fluent:blossom",
)
_MOTIFS = frozenset(
    {"flower", "fruit", "symbol", "shape", "food", "insect", "plant", "vegetable", "emotion", "celestial"}
)
_SKETCHES = (
    ("dots", r"polka|dots?|spots?"), ("zigzag", r"chevron|zig ?zag|herringbone"), ("checks", r"gingham|check\w*|checkerboard|houndstooth"),
    ("plaid", r"plaid|tartan"), ("stripes", r"strip\w+|lines"), ("hexagons", r"hexagon\w*|honeycomb"), ("triangles", r"triang\w+|geometric|mosaic|tessellat\w*"),
    ("scales", r"scales?|waves?|scallop\w*|art deco"),
)  # fmt: skip


def paint_pattern(scene: Scene, stage: Stage, width: int, height: int, seed: int) -> Painted | None:
    """Paints a tile: motifs in a half-drop, or dots, stripes, checks and the like; None where a scene is meant."""
    if re.search(r"phone|desktop|screen|mobile", scene.manner) and not _is_all_motifs(scene, stage):
        return None
    rng = randomness(scene, seed, "pattern")
    canvas = plain_canvas(width, height, rng, scene.style)
    said = f"{scene.manner} {scene.topic} {scene.title}".lower()
    colours = [PALETTE[COLOUR_WORDS[word]] for word in re.findall(r"[a-z]+", said) if word in COLOUR_WORDS]
    rainbow = "rainbow" in colours
    colours = [*dict.fromkeys(colour for colour in colours if colour != "rainbow"), *(RAINBOW if rainbow else ())]
    scene = replace(
        scene, things=tuple(thing for thing in scene.things if thing.noun not in COLOUR_WORDS), relations=()
    )
    if not scene.things and re.search(r"floral|flower", said):
        known = [identity for identity in _FLORAL if identity in stage][:3]
        scene = replace(scene, things=tuple(Thing(stage[one].title, (Match(one, 1.0),)) for one in known))
    sketch = next((name for name, words in _SKETCHES if re.search(rf"\b(?:{words})\b", said)), "")
    tone, ground = rng.choice(_PAIRS)
    if scene.things:
        return _motifs(scene, stage, canvas, rng.choice(_GROUNDS), sketch)
    if len(colours) > 1:
        tone, ground = colours[0], colours[1]
    elif colours:
        tone, ground = colours[0], "#fdfcf8"
    canvas.rect(0, 0, width, height, ground)
    _DRAWN[sketch or "triangles"](canvas, tone, ground, colours)
    return Painted(f"{canvas.defs}{''.join(canvas.back)}", (), sketch or "triangles", "day")


def _is_all_motifs(scene: Scene, stage: Stage) -> bool:
    """Whether a wallpaper for a screen shows small things alone, which make a pattern, and no scene."""
    categories = {stage[thing.matches[0].drawing].category for thing in scene.things}
    return bool(categories) and (scene.place is None or not scene.place_said) and categories <= _MOTIFS


def _motifs(scene: Scene, stage: Stage, canvas: Canvas, ground: str, sketch: str) -> Painted:
    """The things in turn in a half-drop; what crosses an edge comes in again at the opposite one."""
    width, height = canvas.width, canvas.height
    canvas.rect(0, 0, width, height, ground)
    if sketch and sketch != "scales":
        _DRAWN[sketch](canvas, lighten(ground, -0.05), ground, [])
    single = replace(scene, things=tuple(replace(thing, count=1) for thing in scene.things))
    clusters = clusters_of(single, stage, 1.0, canvas.rng)
    columns = max(2, 2 * round(2 * width / canvas.unit))
    rows = max(2, round(4 * height / canvas.unit))
    wide, tall = width / columns, height / rows
    parts: list[str] = []
    placed: list[Placed] = []
    for column in range(columns):
        for row in range(rows):
            cluster = clusters[(column * 2 + row) % len(clusters)]
            x, y = (column + 0.5) * wide, (row + 0.5 + 0.5 * (column % 2)) * tall
            size = 0.36 * min(wide, tall)
            motif = in_box([cluster], (x - size, y - size, x + size, y + size))
            drawn = "".join(draw_all(motif, canvas, stage))
            turn = (column * 37 + row * 53) % 40 - 20
            parts.append(f'<g transform="rotate({turn} {num(x)} {num(y)})">{drawn}</g>')
            if y + size > height:
                parts.append(f'<g transform="translate(0 {num(-height)})rotate({turn} {num(x)} {num(y)})">{drawn}</g>')
            placed += motif
    content = f"{canvas.defs}{''.join(canvas.back)}{''.join(parts)}"
    return Painted(content, things_of(placed), sketch or "motifs", "day")


def _grid(canvas: Canvas, across: int) -> tuple[int, int, float, float]:
    """Columns, rows and the size of a cell, so that whole cells fill the tile."""
    columns = 2 * max(1, round(across / 2 * canvas.width / canvas.unit))
    rows = 2 * max(1, round(across / 2 * canvas.height / canvas.unit))
    return columns, rows, canvas.width / columns, canvas.height / rows


def _dots(canvas: Canvas, tone: str, ground: str, colours: list[str]) -> None:
    columns, rows, wide, tall = _grid(canvas, 8)
    tones = [colours[0], *colours[2:]] if len(colours) > 2 else [tone]
    for column in range(columns + 1):
        for row in range(rows + 1):
            if (column + row) % 2 == 0:
                fill = tones[(column // 2 + row // 2) % len(tones)]
                canvas.ellipse(column * wide, row * tall, 0.42 * min(wide, tall), 0.42 * min(wide, tall), fill)


def _stripes(canvas: Canvas, tone: str, ground: str, colours: list[str]) -> None:
    columns, _, wide, _ = _grid(canvas, 12)
    tones = [colours[0], *colours[2:]] if len(colours) > 2 else [tone]
    for column in range(0, columns, 2):
        canvas.rect(column * wide, 0, wide, canvas.height, tones[(column // 2) % len(tones)])


def _checks(canvas: Canvas, tone: str, ground: str, colours: list[str]) -> None:
    columns, rows, wide, tall = _grid(canvas, 8)
    for column in range(0, columns, 2):
        canvas.rect(column * wide, 0, wide, canvas.height, tone, fill_opacity=0.5)
    for row in range(0, rows, 2):
        canvas.rect(0, row * tall, canvas.width, tall, tone, fill_opacity=0.5)


def _plaid(canvas: Canvas, tone: str, ground: str, colours: list[str]) -> None:
    columns, rows, wide, tall = _grid(canvas, 4)
    second = colours[2] if len(colours) > 2 else mix(tone, "#20202a", 0.4)
    for share, size, fill in ((0.2, 0.36, tone), (0.75, 0.1, second), (0.32, 0.05, "#ffffff")):
        for column in range(columns):
            canvas.rect((column + share) * wide, 0, size * wide, canvas.height, fill, fill_opacity=0.5)
        for row in range(rows):
            canvas.rect(0, (row + share) * tall, canvas.width, size * tall, fill, fill_opacity=0.5)


def _zigzag(canvas: Canvas, tone: str, ground: str, colours: list[str]) -> None:
    columns, rows, wide, tall = _grid(canvas, 8)
    for row in range(-1, rows + 1):
        top = row * tall
        if row % 2 == 0:
            points = [(column * wide, top + (tall if column % 2 else 0)) for column in range(columns + 1)]
            canvas.polygon([*points, *((x, y + tall) for x, y in reversed(points))], tone)


def _hexagons(canvas: Canvas, tone: str, ground: str, colours: list[str]) -> None:
    columns, rows, wide, tall = _grid(canvas, 8)
    for column in range(columns + 1):
        for row in range(-1, rows + 1):
            x, y = column * wide, (row + 0.5 * (column % 2)) * tall
            points = [
                (x + 0.58 * wide * math.cos(math.pi * k / 3), y + 0.5 * tall * math.sin(math.pi * k / 3) / 0.866 * 0.92)
                for k in range(6)
            ]
            canvas.polygon(points, "none", stroke=tone, stroke_width=canvas.unit * 0.012)


def _triangles(canvas: Canvas, tone: str, ground: str, colours: list[str]) -> None:
    columns, rows, wide, tall = _grid(canvas, 6)
    tones = (
        colours if len(colours) > 2 else [tone, mix(tone, ground, 0.35), mix(tone, ground, 0.65), lighten(tone, -0.08)]
    )
    for column in range(columns):
        for row in range(rows):
            x, y = column * wide, row * tall
            canvas.polygon([(x, y), (x + wide, y), (x, y + tall)], tones[(column + 2 * row) % len(tones)])
            canvas.polygon(
                [(x + wide, y), (x + wide, y + tall), (x, y + tall)], tones[(column * 3 + row + 1) % len(tones)]
            )


def _scales(canvas: Canvas, tone: str, ground: str, colours: list[str]) -> None:
    columns, rows, wide, tall = _grid(canvas, 6)
    for row in range(-1, rows + 2):
        for column in range(-1, columns + 1):
            x, y = (column + 0.5 * (row % 2)) * wide + wide / 2, row * tall
            for share, fill in ((1.0, tone), (0.84, ground), (0.68, tone), (0.5, ground), (0.3, tone)):
                canvas.ellipse(x, y, 0.5 * wide * share, tall * share, fill)


_DRAWN: dict[str, Callable[[Canvas, str, str, list[str]], None]] = {
    "dots": _dots, "stripes": _stripes, "checks": _checks, "plaid": _plaid, "zigzag": _zigzag, "hexagons": _hexagons,
    "triangles": _triangles, "scales": _scales,
}  # fmt: skip
