"""Painting a scene: layout, background, light and style, as the content of a document."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from spectacle.generators.illustration.compose.abstract import paint_abstract
from spectacle.generators.illustration.compose.arrange import arrange
from spectacle.generators.illustration.compose.backgrounds import SETTINGS
from spectacle.generators.illustration.compose.bands import FAR
from spectacle.generators.illustration.compose.build import build
from spectacle.generators.illustration.compose.canvas import Box, Canvas
from spectacle.generators.illustration.compose.casting import cast, words_of
from spectacle.generators.illustration.compose.inscribing import inscribed
from spectacle.generators.illustration.compose.light import INDOORS, light_of, sky_of
from spectacle.generators.illustration.compose.pixel_art import pixelate
from spectacle.generators.illustration.compose.placed import PictureSpace, Placed
from spectacle.generators.illustration.compose.render import borders, draw, draw_all
from spectacle.generators.illustration.compose.scenery import place_of, time_of
from spectacle.generators.illustration.compose.stage import Stage
from spectacle.generators.illustration.compose.sticker import card, sheet
from spectacle.generators.illustration.compose.styles import over, style_ground, style_pieces
from spectacle.generators.illustration.compose.svg import Defs, element, text_element
from spectacle.generators.illustration.compose.weather import paint_weather
from spectacle.generators.illustration.language.scene import Scene


@dataclass(frozen=True, slots=True)
class PlacedThing:
    """One artwork of the image, for checking what is where.

    Attributes:
        thing: Position of its thing in the scene.
        index: Which of that thing's it is, from 0.
        noun: The noun.
        drawing: Identity of the artwork.
        title: What the drawing shows.
        box: Left, top, right and bottom in pixels of what is visible.
        colours: Names of the colours it was given.
        order: Higher is nearer.
        looks: `left`, `right` or `front`.
    """

    thing: int
    index: int
    noun: str
    drawing: str
    title: str
    box: Box
    colours: tuple[str, ...]
    order: int
    looks: str


@dataclass(frozen=True, slots=True)
class Painted:
    """What was painted.

    Attributes:
        content: The elements of the document.
        placed: The artworks, far ones first.
        place: The place that was painted.
        time: The time of day that was painted.
        genre: The kind of image that was painted.
    """

    content: str
    placed: tuple[PlacedThing, ...]
    place: str
    time: str
    genre: str = "scene"


def randomness(scene: Scene, seed: int, name: str) -> Random:
    """The randomness of one part of an image: other seeds and other prompts have other ones."""
    return Random(f"{seed}:{scene.salt}:{name}" if scene.salt else f"{seed}:{name}")


def paint_scene(scene: Scene, library: Stage, width: int, height: int, seed: int) -> Painted:
    """Paints a scene that fills the image."""
    casting, layout, painting = (randomness(scene, seed, name) for name in ("casting", "layout", "painting"))
    place = place_of(scene, library, casting)
    time = time_of(scene, library, place, casting)
    if scene.style == "noir" and scene.time is None:
        time = "night"
    setting = SETTINGS[place]
    roles = inscribed(scene, cast(scene, library, place, casting), library)
    wide = width / height
    low, high = setting.horizon
    horizon = height * layout.uniform(low, high)
    space = PictureSpace(float(width), float(height), horizon, setting)
    clusters = build(scene, roles, library, wide, layout)
    placed = arrange(clusters, space, layout)
    canvas = Canvas(
        float(width), float(height), horizon, painting, light_of(place, time, scene.weather),
        sky_of(time, scene.weather, painting), place, time, scene.weather, Defs(),
        keep=tuple(one.box for one in placed if one.kind != "celestial"),
        has=_drawn_words(placed),
        shore=_shore(placed, space),
        style=scene.style,
        orb=next((one.x + one.width / 2 for one in placed if one.kind == "celestial"), None),
    )  # fmt: skip
    if not scene.things and scene.place is None and scene.time is None and not scene.weather:
        paint_abstract(canvas, scene.mood)
    else:
        setting.paint(canvas)
    _pool(canvas, placed)
    paint_weather(canvas)
    content = _styled(scene, placed, canvas, library, randomness(scene, seed, "style"), width, height)
    return Painted(content, things_of(placed), place, time)


def _pool(canvas: Canvas, placed: list[Placed]) -> None:
    """At night a pool of moonlight around what stands in the open, so that it is seen."""
    if canvas.time != "night" or canvas.place in INDOORS | {"space", "moon", "mars", "studio", "underwater", "cave"}:
        return
    standing = [one for one in placed if one.kind != "celestial" and one.part.order <= 0]
    for one in sorted(standing, key=lambda one: -one.width * one.height)[:3]:
        reach = max(one.width, one.height) * 0.85
        canvas.glow(one.x + one.width / 2, one.y + one.height * 0.55, reach, "#a9bdf5", 0.34)


def _styled(
    scene: Scene, placed: list[Placed], canvas: Canvas, library: Stage, rng: Random, width: int, height: int
) -> str:
    """The content of the document in the style of the scene."""
    style = scene.style
    objects = "".join(draw_all(placed, canvas, library))
    back, front = "".join(canvas.back), "".join(canvas.front)
    if style == "sticker" and placed:
        cut = borders(placed, canvas, library, "#ffffff", canvas.unit * 0.016, "#8a8fa8")
        plain = "".join(draw(one, canvas, library) for one in placed)
        said = scene.place is not None and scene.place_said
        ground = card(canvas, back + front, rng) if said else sheet(canvas, rng)
        return f"{canvas.defs}{ground}{cut}{plain}"
    if style == "sticker":
        ground = card(canvas, back + front, rng)
        return f"{canvas.defs}{ground}"
    if style == "pixel art":
        dark = borders(placed, canvas, library, "#1d1b2e", canvas.unit * 0.0075)
        flat = f"{canvas.defs}{back}{dark}{objects}{front}"
        return pixelate(document(width, height, "", "", flat), width, height)
    if style == "flat":
        return f"{canvas.defs}{back}{objects}{front}"
    canvas.defs.restyle(lambda part: style_pieces(style, part))
    back, front = (style_ground(style, layer, canvas.unit) for layer in (back, front))
    top = over(style, canvas, rng)
    return f"{canvas.defs}{back}{objects}{front}{top}"


def document(width: int, height: int, title: str, description: str, content: str) -> str:
    """An SVG document with a title and a description for those who do not see it."""
    head = text_element("title", title) + text_element("desc", description)
    return element(
        "svg", head + content, xmlns="http://www.w3.org/2000/svg", width=str(width), height=str(height),
        viewBox=f"0 0 {width} {height}", role=None,
    )  # fmt: skip


def _drawn_words(placed: list[Placed]) -> frozenset[str]:
    words: frozenset[str] = frozenset()
    for one in placed:
        words |= words_of(one.part.drawing, one.part.noun)
    return words


def _shore(placed: list[Placed], space: PictureSpace) -> float | None:
    standing = [one for one in placed if one.kind == "stand" and FAR not in one.part.noun.attributes]
    if space.setting.ground != "water" or not standing:
        return None
    feet = min((one.foot for one in standing if one.foot is not None), default=space.height * 0.85)
    return min(max(space.horizon + 0.1 * space.height, feet - 0.09 * space.height), space.height * 0.84)


def things_of(placed: list[Placed]) -> tuple[PlacedThing, ...]:
    return tuple(
        PlacedThing(
            one.part.thing,
            one.part.index,
            one.part.noun.noun,
            one.part.drawing.id,
            one.part.drawing.title,
            one.box,
            one.part.noun.colours,
            order,
            one.part.looks,
        )
        for order, one in enumerate(placed)
    )
