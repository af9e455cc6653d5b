"""Drawing what was placed: colours and light of each artwork, shadows, reflections, glow."""

from __future__ import annotations

from functools import cache

from spectacle.generators.illustration.art.library import Library
from spectacle.generators.illustration.compose.canvas import Canvas
from spectacle.generators.illustration.compose.casting import words_of
from spectacle.generators.illustration.compose.colour import lch, lighten, mix, turn
from spectacle.generators.illustration.compose.placed import Placed
from spectacle.generators.illustration.compose.recolour import RAINBOW, recolour
from spectacle.generators.illustration.compose.styles import silhouette, style_drawing, style_ground
from spectacle.generators.illustration.compose.svg import element, map_colours, num, rename

GLOWING = frozenset(
    {
        "sun",
        "moon",
        "star",
        "fire",
        "candle",
        "lantern",
        "lamp",
        "bulb",
        "firework",
        "fireworks",
        "campfire",
        "torch",
        "sparkler",
        "lightning",
        "voltage",
        "comet",
        "flashlight",
        "jack-o-lantern",
        "lightbulb",
        "diya",
        "sparkles",
        "flame",
        "meteor",
    }
)
_WARM = "#ffdc86"


def draw_all(placed: list[Placed], canvas: Canvas, library: Library) -> list[str]:
    """Markup of all artworks with their shadows, far ones first."""
    parts: list[str] = []
    for one in placed:
        parts += [style_ground(canvas.style, piece, canvas.unit) for piece in _before(one, canvas)]
        parts.append(draw(one, canvas, library))
        parts += [style_ground(canvas.style, piece, canvas.unit) for piece in _after(one, canvas)]
    return parts


def draw(one: Placed, canvas: Canvas, library: Library, identity: str = "") -> str:
    """Markup of one artwork at its place, or of another group in its coordinates."""
    identity = identity or defined(one, canvas, library)
    part = one.part
    x, y, _, tall = part.drawing.box
    scale = one.height / tall
    transform = []
    if part.angle:
        transform.append(f"rotate({num(part.angle)} {num(one.x + one.width / 2)} {num(one.y + one.height / 2)})")
    sx = -scale if part.mirrored else scale
    tx = one.x + one.width + x * scale if part.mirrored else one.x - x * scale
    transform.append(f"translate({num(tx)} {num(one.y - y * scale)})scale({sx:.4g} {scale:.4g})")
    markup = f'<use href="#{identity}" transform="{"".join(transform)}"/>'
    if one.cut is not None and one.cut < one.y + one.height:
        clip = canvas.defs.clip(
            element(
                "rect",
                x=one.x - one.width,
                y=one.y - one.height,
                width=one.width * 3,
                height=one.cut - one.y + one.height,
            )
        )
        markup = f'<g clip-path="{clip}">{markup}</g>'
    return markup


def borders(
    placed: list[Placed], canvas: Canvas, library: Library, colour: str, width: float, shadow: str | None = None
) -> str:
    """Markup of the outlines of all artworks grown by `width` pixels, perhaps with a shadow under each."""
    under, over = [], []
    for one in placed:
        over.append(draw(one, canvas, library, _border(one, canvas, library, colour, width)))
        if shadow is not None:
            drawn = draw(one, canvas, library, _border(one, canvas, library, shadow, width))
            shift = canvas.unit * 0.01
            under.append(f'<g transform="translate({num(shift * 0.5)} {num(shift)})">{drawn}</g>')
    return "".join(under + over)


def _border(one: Placed, canvas: Canvas, library: Library, colour: str, width: float) -> str:
    name = f"b{one.part.thing}{colour[1:]}{_suffix(one)}"
    if name not in canvas.drawings:
        scale = one.height / one.part.drawing.box[3]
        markup = silhouette(library.markup(one.part.drawing.id), colour, 2 * width / scale)
        canvas.drawings[name] = canvas.defs.group(rename(markup, name), large=True)
    return canvas.drawings[name]


def defined(one: Placed, canvas: Canvas, library: Library) -> str:
    """Identity of the drawing in its colours and this light, defined once for each variation."""
    part = one.part
    drawing, noun = part.drawing, part.noun
    variant = part.index % 4 if noun.count > 1 else 0
    name = f"v{variant}t{part.thing}{_suffix(one)}"
    if name in canvas.drawings:
        return canvas.drawings[name]
    rainbow = ""
    if "rainbow" in noun.colours:
        last = len(RAINBOW) - 1
        lit = [(index / last, canvas.light.on_object(colour)) for index, colour in enumerate(RAINBOW)]
        rainbow = canvas.defs.linear(lit, 0, 0, 1, 0.35, "objectBoundingBox")
    markup = recolour(library.markup(drawing.id), drawing, noun.colours, rainbow)
    glows = bool(words_of(drawing, noun) & GLOWING) or "glowing" in noun.attributes
    windows = canvas.night and drawing.category == "building"
    hue, shift = ((0, 0.0), (5, 0.015), (-5, -0.015), (3, -0.02))[variant]
    if drawing.category == "animal":
        hue, shift = ((0, 0.0), (7, -0.07), (-7, 0.05), (10, -0.12))[variant]
    if noun.colours:
        hue = 0
    dressed = drawing.category == "person" and not noun.colours

    @cache
    def change(colour: str) -> str:
        if windows and _is_pane(colour):
            return _WARM
        if variant and dressed and _is_cloth(colour):
            colour = turn(colour, (0, -90, 140, 60)[variant])
        elif variant:
            colour = lighten(turn(colour, hue) if hue else colour, shift)
        if glows:
            return mix(colour, canvas.light.on_object(colour), 0.15)
        return canvas.light.on_object(colour)

    markup = style_drawing(canvas.style, map_colours(markup, change), one.height / drawing.box[3], canvas.unit)
    ink = change("#000000") if canvas.style != "blueprint" else "#174f96"
    renamed = rename(markup, name)
    if rainbow:  # the gradient is the document's, not the artwork's
        renamed = renamed.replace(f"url(#{name}{rainbow[5:]}", rainbow)
    canvas.drawings[name] = canvas.defs.group(renamed, large=True, fill=ink)
    return canvas.drawings[name]


def _suffix(one: Placed) -> str:
    """What tells the artworks of one thing apart: its members may be drawn differently."""
    return "" if one.part.noun.count == 1 else "d" + one.part.drawing.id.replace(":", "-")


def _is_cloth(colour: str) -> bool:
    """Whether a colour on a person is neither skin nor hair nor black and white."""
    _, chroma, hue = lch(colour)
    return chroma > 0.05 and not 0.2 < hue < 1.75


def _is_pane(colour: str) -> bool:
    lightness, chroma, hue = lch(colour)
    return lightness > 0.6 and chroma > 0.03 and -2.9 < hue < -1.2


def _before(one: Placed, canvas: Canvas) -> list[str]:
    """Glow, shadow or reflection, drawn before the object itself."""
    parts = []
    part = one.part
    words = words_of(part.drawing, part.noun)
    middle = (one.x + one.width / 2, one.y + one.height / 2)
    if (words & GLOWING or "glowing" in part.noun.attributes) and (
        canvas.night or canvas.place in {"cave", "space", "stage", "moon"} or words & {"sun", "glowing"}
    ):
        reach = max(one.width, one.height) * 0.95
        paint = canvas.defs.radial([(0, "#fff0b0", 0.75), (0.45, "#ffe08a", 0.3), (1, "#ffd36a", 0)])
        parts.append(element("circle", cx=middle[0], cy=middle[1], r=reach, fill=paint))
    if canvas.night and part.drawing.category == "vehicle" and part.looks != "front" and one.stands:
        parts.append(_headlight(one, canvas))
    if one.kind == "swim" and one.stands and one.foot is not None:
        parts.append(_reflection(one, canvas))
    elif part.shade > 0 and one.kind == "stand" and one.foot is not None:
        parts.append(_shadow(one, canvas))
    return parts


def _shadow(one: Placed, canvas: Canvas) -> str:
    part = one.part
    scale = one.height / part.height
    half = min(max(part.shade * scale * 0.68, one.width * 0.3), one.width * 0.62)
    foot_x = one.x - part.x * scale if one.stands else one.x + one.width / 2
    foot_x = min(max(foot_x, one.x + half * 0.5), one.x + one.width - half * 0.5)
    foot = one.y + one.height
    dark = mix(
        canvas.lit("#4a5a3a" if canvas.place not in {"snow", "beach", "desert", "moon"} else "#5a5560"), "#10142a", 0.55
    )
    strength = 0.5 if one.stands else 0.38
    paint = canvas.defs.radial([(0, dark, strength), (0.6, dark, strength * 0.5), (1, dark, 0)])
    return element(
        "ellipse", cx=foot_x, cy=foot - half * 0.02, rx=half * 1.3, ry=half * (0.24 if one.stands else 0.14), fill=paint
    )


def _flames(one: Placed, canvas: Canvas) -> list[str]:
    """Flames along the upper edge, and their glow."""
    part = one.part
    paint = canvas.defs.radial([(0, "#ffd36a", 0.55), (1, "#ff7a2f", 0)])
    reach = max(one.width, one.height) * 0.75
    middle = one.x + one.width / 2
    parts = [element("ellipse", cx=middle, cy=one.y + one.height * 0.3, rx=reach, ry=reach * 0.8, fill=paint)]
    for step, share in enumerate((0.16, 0.38, 0.6, 0.84)):
        tall = one.height * (0.3, 0.38, 0.34, 0.28)[step]
        x = one.x + one.width * (1 - share if part.mirrored else share)
        y = one.y + one.height * min(0.7, part.outline.top(max(0.0, share - 0.06), share + 0.06)) + tall * 0.42
        for size, colour in ((1.0, "#f2582f"), (0.72, "#ff9a3c"), (0.44, "#ffdf6b")):
            h, w = tall * size, tall * 0.34 * size
            data = (
                f"M{num(x)} {num(y)}C{num(x - w * 1.5)} {num(y)} {num(x - w * 1.2)} {num(y - h * 0.5)}"
                f" {num(x - w * 0.3)} {num(y - h * 0.62)}"
                f"C{num(x - w * 0.3)} {num(y - h * 0.8)} {num(x)} {num(y - h * 0.9)}"
                f" {num(x + w * 0.2)} {num(y - h)}C{num(x + w * 0.4)} {num(y - h * 0.7)} {num(x + w * 1.2)}"
                f" {num(y - h * 0.55)} {num(x + w * 1.1)} {num(y - h * 0.25)}"
                f"C{num(x + w)} {num(y - h * 0.08)} {num(x + w * 0.6)} {num(y)} {num(x)} {num(y)}Z"
            )
            parts.append(element("path", d=data, fill=colour))
    return parts


def _slumber(one: Placed, canvas: Canvas) -> str:
    """Three letters Z rising from the head."""
    part = one.part
    centre, top, _ = part.outline.head(part.drawing.faces)
    sign = -1 if part.looks == "left" else 1
    x, y = one.x + one.width * (1 - centre if part.mirrored else centre), one.y + one.height * top
    data = []
    for step, share in enumerate((0.05, 0.07, 0.095)):
        size = canvas.unit * share * 0.8
        left, low = (
            x + sign * canvas.unit * 0.055 * (step + 0.4) - size / 2,
            max(size * 1.3, y - canvas.unit * (0.02 + 0.062 * step)),
        )
        data.append(f"M{num(left)} {num(low - size)}h{num(size * 0.8)}L{num(left)} {num(low)}h{num(size * 0.8)}")
    tone = "#ffffff" if canvas.night else canvas.lit("#4a6fa8")
    return element(
        "path",
        d="".join(data),
        fill="none",
        stroke=tone,
        stroke_width=canvas.unit * 0.009,
        stroke_linecap="round",
        stroke_linejoin="round",
    )


def _headlight(one: Placed, canvas: Canvas) -> str:
    sign = -1 if one.part.looks == "left" else 1
    x = one.x if sign < 0 else one.x + one.width
    y, reach = one.y + one.height * 0.62, one.width * 0.9
    paint = canvas.defs.linear([(0, "#fff2b8", 0.75), (1, "#fff2b8", 0)], x, y, x + sign * reach, y)
    return element(
        "path",
        d=(
            f"M{num(x - sign * one.width * 0.04)} {num(y - one.height * 0.05)}"
            f"L{num(x + sign * reach)} {num(y - one.height * 0.12)}V{num(y + one.height * 0.5)}"
            f"L{num(x - sign * one.width * 0.04)} {num(y + one.height * 0.08)}Z"
        ),
        fill=paint,
    )


def _water(canvas: Canvas) -> str:
    return canvas.lit("#3d8fc0")


def _reflection(one: Placed, canvas: Canvas) -> str:
    foot = one.foot if one.foot is not None else one.y + one.height
    dark = mix(_water(canvas), "#0d2440", 0.45)
    paint = canvas.defs.linear([(0, dark, 0.5), (1, dark, 0)], 0, foot - one.height * 0.05, 0, foot + one.height * 0.34)
    middle, half = one.x + one.width / 2, one.width * 0.44
    return element(
        "path",
        d=(
            f"M{num(middle - half)} {num(foot - one.height * 0.04)}H{num(middle + half)}"
            f"C{num(middle + half * 0.9)} {num(foot + one.height * 0.2)}"
            f" {num(middle + half * 0.4)} {num(foot + one.height * 0.34)} {num(middle)}"
            f" {num(foot + one.height * 0.34)}S{num(middle - half * 0.9)}"
            f" {num(foot + one.height * 0.2)} {num(middle - half)} {num(foot - one.height * 0.04)}"
            "Z"
        ),
        fill=paint,
    )


def _after(one: Placed, canvas: Canvas) -> list[str]:
    """The water before what swims in it, and the sleep over what sleeps."""
    if "burning" in one.part.noun.attributes:
        return _flames(one, canvas)
    if "sleeping" in one.part.noun.attributes and one.part.drawing.category in {"animal", "person", "bird", "fantasy"}:
        return [_slumber(one, canvas)]
    if one.kind != "swim" or not one.stands or one.foot is None:
        return []
    foot, middle, half = one.foot, one.x + one.width / 2, one.width * 0.56
    dip = min(one.height * 0.1, one.width * 0.09)
    water = _water(canvas)
    near = mix(water, canvas.sky.low, 0.18)
    parts = [
        element(
            "path",
            d=(
                f"M{num(middle - half)} {num(foot - dip * 0.3)}Q{num(middle - half * 0.5)}"
                f" {num(foot - dip * 1.3)} {num(middle)} {num(foot - dip * 0.8)}T{num(middle + half)}"
                f" {num(foot - dip * 0.3)}Q{num(middle + half * 0.6)} {num(foot + dip * 0.9)}"
                f" {num(middle)} {num(foot + dip * 0.9)}T{num(middle - half)} {num(foot - dip * 0.3)}Z"
            ),
            fill=near,
            fill_opacity=0.92,
        ),
    ]
    foam = canvas.lit("#f2fbff")
    lines = (
        f"M{num(middle - half)} {num(foot - dip * 0.3)}Q{num(middle - half * 0.5)}"
        f" {num(foot - dip * 1.3)} {num(middle)} {num(foot - dip * 0.8)}T{num(middle + half)}"
        f" {num(foot - dip * 0.3)}"
    )
    lines += (
        f"M{num(middle - half * 0.7)} {num(foot + dip * 0.5)}q{num(half * 0.35)}"
        f" {num(-dip * 0.5)} {num(half * 0.7)} 0t{num(half * 0.6)} 0"
    )
    parts.append(
        element(
            "path",
            d=lines,
            fill="none",
            stroke=foam,
            stroke_width=max(1.0, canvas.unit * 0.0035),
            stroke_linecap="round",
            stroke_opacity=0.75,
        )
    )
    return parts
