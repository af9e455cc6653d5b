"""Things that grow, as pieces to be repeated: 100 high, standing on the origin."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from random import Random

from spectacle.generators.illustration.compose.canvas import Canvas
from spectacle.generators.illustration.compose.colour import lighten, mix
from spectacle.generators.illustration.compose.svg import blob, box, dot, element, num, polygon


def leaf_tree(canvas: Canvas, leaf: str, trunk: str = "#7a5234", variant: int = 0) -> str:
    """A broad-leaved tree; `leaf` is its colour already in the light of the scene."""
    rng = Random(variant)
    bark = canvas.lit(trunk)
    shape = "M-4 0C-3-14-3-26-2-42L-14-54L-11-56L-1-48L0-58L3-58L3-46L13-55L15-52L3-38C3-24 4-12 6 0Z"
    crowns = (
        ((-20, -50, 18), (20, -50, 18), (0, -58, 22), (-12, -74, 18), (13, -74, 17), (0, -84, 15)),
        ((-14, -46, 17), (15, -48, 16), (0, -62, 21), (-4, -80, 17)),
        ((-26, -52, 16), (26, -52, 16), (-8, -58, 20), (10, -62, 20), (-16, -70, 15), (14, -76, 14), (0, -80, 14)),
    )[variant % 3]
    dark, light = lighten(leaf, -0.07), lighten(leaf, 0.07)
    shade = "".join(dot(x, y, r) for x, y, r in crowns)
    body = "".join(dot(x - 1.5, y - 2.5, r * 0.9) for x, y, r in crowns)
    shine = "".join(dot(x - r * 0.3, y - r * 0.42, r * 0.42) for x, y, r in crowns if rng.random() < 0.75)
    return canvas.defs.group(
        element("path", d=shape, fill=bark)
        + element("path", d="M1 0C2-12 1.500-24 2-40L3-40C3-24 4-12 6 0Z", fill=lighten(bark, -0.06))
        + element("path", d=shade, fill=dark)
        + element("path", d=body, fill=leaf)
        + element("path", d=shine, fill=light, fill_opacity=0.8)
    )


def poplar(canvas: Canvas, leaf: str, variant: int = 0) -> str:
    """A slender tree."""
    width = 11 + 3 * (variant % 3)
    return canvas.defs.group(
        element("path", d="M-2 0L-1.500-20H1.500L2.500 0Z", fill=canvas.lit("#6f4b31"))
        + element(
            "path",
            d=f"M0-100C{width}-80 {width + 5}-40 {width - 2}-20Q0-8-{width - 2}-20C-{width + 5}-40-{width}-80 0-100Z",
            fill=leaf,
        )
        + element(
            "path",
            d=f"M0-100C{width}-80 {width + 5}-40 {width - 2}-20Q5-12 1-13C7-40 6-75 0-100Z",
            fill=lighten(leaf, -0.06),
        )
    )


def pine(canvas: Canvas, leaf: str, snowy: bool = False, variant: int = 0) -> str:
    """A conifer of four tiers, perhaps with snow on them."""
    wide = (26, 22, 30)[variant % 3]
    tiers = ((-8, wide, -42), (-28, wide * 0.84, -60), (-48, wide * 0.66, -78), (-66, wide * 0.46, -100))
    left = "".join(
        f"M0 {top}Q{num(-half * 0.45)} {num((base + top) / 2 - 2)} {num(-half)} {base}"
        f"Q{num(-half * 0.5)} {base + 5} 0 {base + 4}Q{num(half * 0.5)} {base + 5} {num(half)} {base}"
        f"Q{num(half * 0.45)} {num((base + top) / 2 - 2)} 0 {top}Z"
        for base, half, top in tiers
    )
    right = "".join(
        f"M0 {top}Q{num(half * 0.45)} {num((base + top) / 2 - 2)} {num(half)} {base}"
        f"Q{num(half * 0.5)} {base + 5} 0 {base + 4}"
        f"Q{num(half * 0.2)} {num((base + top) / 2)} 0 {top}Z"
        for base, half, top in tiers
    )
    parts = element("path", d=box(-3, -10, 6, 10), fill=canvas.lit("#6a4730"))
    parts += element("path", d=left, fill=leaf) + element("path", d=right, fill=lighten(leaf, -0.055))
    if snowy:
        caps = "".join(
            f"M0 {top}Q{num(-half * 0.4)} {num((base + top) / 2 - 3)} {num(-half * 0.8)} {base - 4}"
            f"Q{num(-half * 0.45)} {base - 9} {num(-half * 0.2)} {base - 6}Q{num(half * 0.15)}"
            f" {base - 14} {num(half * 0.4)} {base - 8}"
            f"Q{num(half * 0.55)} {base - 12} {num(half * 0.72)} {base - 7}Q{num(half * 0.4)}"
            f" {num((base + top) / 2 - 3)} 0 {top}Z"
            for base, half, top in tiers
        )
        parts += element("path", d=caps, fill=canvas.lit("#f4f8fc"))
    return canvas.defs.group(parts)


def palm(canvas: Canvas, leaf: str, variant: int = 0) -> str:
    """A palm with a bent trunk."""
    lean = (14, -12, 20)[variant % 3]
    bark = canvas.lit("#a3794f")
    trunk = (
        f"M-4 0C-2-25 {num(lean * 0.3)}-50 {num(lean - 1.5)}-76L{num(lean + 2)}-76C{num(lean * 0.4 + 4)}-50 3-25 5 0Z"
    )
    rings = "".join(
        f"M{num(lean * t * t - 3)} {num(-76 * t)}q3 2 6 0" for t in (0.12, 0.24, 0.36, 0.48, 0.6, 0.72, 0.84)
    )
    fronds = []
    for angle, reach in ((-165, 36), (-140, 34), (-105, 26), (-70, 26), (-38, 34), (-12, 36), (170, 26), (10, 26)):
        a = math.radians(angle)
        tip = (lean + reach * math.cos(a), -77 + reach * math.sin(a) * 0.62 + 15)
        top = (lean + reach * 0.55 * math.cos(a), -77 + reach * 0.8 * math.sin(a) - 5)
        low = (top[0], top[1] + 9)
        fronds.append(
            f"M{lean} -77Q{num(top[0])} {num(top[1])} {num(tip[0])} {num(tip[1])}Q{num(low[0])}"
            f" {num(low[1])} {lean} -77Z"
        )
    return canvas.defs.group(
        element("path", d=trunk, fill=bark)
        + element("path", d=rings, fill="none", stroke=lighten(bark, -0.09), stroke_width=1)
        + element("path", d="".join(fronds[4:]), fill=lighten(leaf, -0.05))
        + element("path", d="".join(fronds[:4]), fill=leaf)
        + element("path", d=dot(lean - 2, -74, 3) + dot(lean + 3, -73, 3), fill=canvas.lit("#6b4326"))
    )


def acacia(canvas: Canvas, leaf: str) -> str:
    """A flat-topped tree of the savanna."""
    bark = canvas.lit("#6d5138")
    crown = "M-58-72C-52-86-34-84-26-90C-10-100 14-99 26-91C42-92 56-84 60-73C40-68 22-71 0-69C-22-71-40-67-58-72Z"
    return canvas.defs.group(
        element(
            "path",
            d="M-4 0C-2-22-4-34-22-56L-34-72L-29-72L-4-48L2-74L7-74L5-46L30-72L35-72L10-38C5-24 4-12 6 0Z",
            fill=bark,
        )
        + element("path", d=crown, fill=leaf)
        + element("path", d="M-44-80C-30-86-24-86-18-90C-4-97 10-96 20-90C4-86-24-84-44-80Z", fill=lighten(leaf, 0.06))
    )


def bush(canvas: Canvas, leaf: str, berries: str | None = None) -> str:
    """A round bush, perhaps with berries or blossoms."""
    blobs = ((-34, -24, 26), (34, -22, 24), (-12, -44, 30), (16, -46, 28), (0, -22, 30))
    parts = element(
        "path", d="".join(dot(x, y, r) for x, y, r in blobs) + box(-56, -16, 112, 16), fill=lighten(leaf, -0.06)
    )
    parts += element("path", d="".join(dot(x - 3, y - 5, r * 0.84) for x, y, r in blobs), fill=leaf)
    parts += element("path", d="".join(dot(x - 8, y - 12, r * 0.4) for x, y, r in blobs), fill=lighten(leaf, 0.06))
    if berries:
        spots = ((-38, -30), (-18, -58), (4, -40), (26, -56), (38, -24), (-6, -22), (14, -70))
        parts += element("path", d="".join(dot(x, y, 4.5) for x, y in spots), fill=berries)
    return canvas.defs.group(parts)


def tuft(canvas: Canvas, colour: str, variant: int = 0) -> str:
    """A tuft of grass."""
    rng = Random(variant)
    blades = []
    for index in range(5):
        x = (index - 2) * 9
        tip_x, tip_y = x * 2.1 + rng.uniform(-8, 8), -rng.uniform(55, 100)
        blades.append(
            f"M{x - 5} 0Q{num(x - 2 + tip_x * 0.1)} {num(tip_y * 0.6)} {num(tip_x)} {num(tip_y)}"
            f"Q{num(x + 4)} {num(tip_y * 0.5)} {x + 5} 0Z"
        )
    return canvas.defs.group(element("path", d="".join(blades), fill=colour))


def flower(canvas: Canvas, petal: str, heart: str = "#f7c843", variant: int = 0) -> str:
    """A flower: five petals, a tulip or a daisy."""
    stem = canvas.lit("#4f8f3a")
    parts = element("path", d="M-2 0Q4-35 0-72L4-72Q8-35 3 0Z", fill=stem)
    parts += element("path", d="M2-20Q22-28 28-48Q8-44 2-20ZM1-28Q-16-34-22-50Q-4-48 1-28Z", fill=lighten(stem, 0.04))
    petal, heart = canvas.lit(petal), canvas.lit(heart)
    if variant % 3 == 1:
        parts += element(
            "path", d="M-16-94Q-10-92-7-84Q0-100 2-102Q6-98 11-84Q14-92 20-94Q24-62 2-62Q-20-62-16-94Z", fill=petal
        )
        parts += element("path", d="M2-102Q14-84 8-62Q-6-60-6-76Q-2-92 2-102Z", fill=lighten(petal, 0.05))
    elif variant % 3 == 2:
        ring = "".join(
            f"M2-80L{num(2 + 21 * math.cos(a - 0.2))} {num(-80 + 21 * math.sin(a - 0.2))}"
            f"A4 4 0 0 1 {num(2 + 21 * math.cos(a + 0.2))} {num(-80 + 21 * math.sin(a + 0.2))}Z"
            for a in (index * math.pi / 5 for index in range(10))
        )
        parts += element("path", d=ring, fill=petal) + element("circle", cx=2, cy=-80, r=8, fill=heart)
    else:
        ring = "".join(
            dot(2 + 13 * math.cos(a), -82 + 13 * math.sin(a), 9.5)
            for a in (index * 2 * math.pi / 5 for index in range(5))
        )
        parts += element("path", d=ring, fill=petal) + element("circle", cx=2, cy=-82, r=7, fill=heart)
    return canvas.defs.group(parts)


def fern(canvas: Canvas, colour: str) -> str:
    """Arching fronds."""
    fronds = "".join(
        f"M0 0Q{num(x * 0.5)} {num(y * 1.2)} {x} {y}Q{num(x * 0.35)} {num(y * 0.75)} 0 0Z"
        for x, y in ((-60, -34), (-44, -66), (-20, -88), (14, -94), (40, -72), (60, -38), (-66, -10), (66, -12))
    )
    return canvas.defs.group(element("path", d=fronds, fill=colour))


def reed(canvas: Canvas, colour: str) -> str:
    """Bulrushes."""
    blades = "M-14 0Q-20-40-34-70Q-14-40-8 0ZM-2 0Q0-50-4-84Q6-50 4 0ZM10 0Q16-36 32-62Q20-30 16 0Z"
    return canvas.defs.group(
        element("path", d=blades, fill=colour)
        + element("path", d="M-8 0Q-10-50-14-96M8 0Q10-40 14-80", fill="none", stroke=colour, stroke_width=2)
        + element("path", d="M-17-92a3 3 0 0 1 6 0v20a3 3 0 0 1-6 0zM11-78a3 3 0 0 1 6 0v18a3 3 0 0 1-6 0z",
                  fill=canvas.lit("#7a4a2a"))
    )  # fmt: skip


def cactus(canvas: Canvas, colour: str) -> str:
    """A saguaro."""
    return canvas.defs.group(
        element(
            "path",
            d="M-9 0V-88a9 9 0 0 1 18 0V-40h8a5 5 0 0 0 5-5V-62a6.500 6.500 0 0 1 13 0v20a15 15 0 0 1-15 15H9V0Z"
            "M-9-34h-9a14 14 0 0 1-14-14V-66a6.500 6.500 0 0 1 13 0v13a5 5 0 0 0 5 5h5Z",
            fill=colour,
        )
        + element("path", d="M3 0V-92M-3 0V-92", fill="none", stroke=lighten(colour, -0.07), stroke_width=1.6)
    )


def rock(canvas: Canvas, colour: str, variant: int = 0) -> str:
    """A boulder with a lit side."""
    rng = Random(variant + 7)
    outline = [
        (-60, 0),
        (-52, -38 - rng.uniform(0, 20)),
        (-18, -70 - rng.uniform(0, 26)),
        (24, -66 - rng.uniform(0, 26)),
        (54, -34 - rng.uniform(0, 16)),
        (62, 0),
    ]
    top = [outline[1], outline[2], outline[3], (16, -46), (-22, -42)]
    side = [outline[3], outline[4], outline[5], (22, 0), (16, -46)]
    return canvas.defs.group(
        element("path", d=polygon(outline), fill=colour)
        + element("path", d=polygon(top), fill=lighten(colour, 0.07))
        + element("path", d=polygon(side), fill=lighten(colour, -0.06))
    )


def mushroom(canvas: Canvas) -> str:
    """A toadstool."""
    cap = canvas.lit("#d8433b")
    return canvas.defs.group(
        element("path", d="M-14 0Q-8-30-10-52H10Q8-30 14 0Q0 5-14 0Z", fill=canvas.lit("#f3e6d0"))
        + element("path", d="M-46-46C-42-84-18-100 0-100S42-84 46-46Q0-36-46-46Z", fill=cap)
        + element("path", d=dot(-20, -66, 7) + dot(6, -82, 8) + dot(24, -60, 6), fill=canvas.lit("#fff4e6"))
    )


def scatter(canvas: Canvas, make: Callable[[float], str], top: float, bottom: float, count: int, small: float,
            large: float, front: bool = False, clear: bool = False, margin: float = 0.0) -> None:  # fmt: skip
    """Repeat pieces over a strip of ground, far ones first and smaller.

    Args:
        canvas: Where to paint.
        make: Identity of the piece for a depth, 0 far to 1 near.
        top: Height in pixels of the far edge.
        bottom: Height in pixels of the near edge.
        count: How many.
        small: Height in pixels of a piece at the far edge.
        large: Height in pixels of a piece at the near edge.
        front: Whether to paint before the objects.
        clear: Whether to omit pieces behind or before objects.
        margin: How far around the objects to leave clear, in pixels.
    """
    rng = canvas.rng
    spots = sorted((rng.random(), rng.random(), rng.random() < 0.5, rng.uniform(0.8, 1.2)) for _ in range(count))
    for depth, across, mirrored, size in spots:
        x = canvas.width * (across * 1.06 - 0.03)
        y = top + (bottom - top) * depth
        height = (small + (large - small) * depth) * size
        if clear and not canvas.free(x, y - height / 3, margin):
            continue
        canvas.use(make(depth), x, y, height / 100, mirrored, front=front)


def tree_line(canvas: Canvas, y: float, height: float, colour: str, kind: str, spacing: float = 0.6) -> None:
    """A row of far trees as one silhouette, standing on the line `y`."""
    rng = canvas.rng
    data = []
    x = -height
    while x < canvas.width + height:
        tall = height * rng.uniform(0.6, 1.1)
        if kind == "pine":
            half = tall * 0.26
            data.append(f"M{num(x - half)} {num(y + 2)}L{num(x)} {num(y - tall)}L{num(x + half)} {num(y + 2)}Z")
            x += half * 2 * spacing * rng.uniform(0.7, 1.4)
        else:
            half = tall * 0.42
            data.append(dot(x, y - tall * 0.5, half) + box(x - half, y - tall * 0.5, half * 2, tall * 0.5 + 2))
            x += half * 2 * spacing * rng.uniform(0.7, 1.4)
    canvas.path("".join(data), colour)


def patch(canvas: Canvas, x: float, y: float, rx: float, ry: float, colour: str, opacity: float = 1.0) -> None:
    """An irregular patch of ground."""
    canvas.path(blob(x, y, rx, ry, canvas.rng), colour, fill_opacity=opacity if opacity < 1 else None)


def foliage(canvas: Canvas, base: str, depth: float, spread: float = 0.05) -> str:
    """A leaf colour in the light of the scene at a depth, 0 far to 1 near, from a few variations."""
    shift = canvas.rng.choice((-spread, 0.0, spread))
    return canvas.far(lighten(base, shift), round((1 - depth) * 4) / 4 * 0.42)


def clover(canvas: Canvas, top: float, bottom: float, count: int, colours: Sequence[str]) -> None:
    """Small dots of blossoms on a lawn."""
    rng = canvas.rng
    for colour in colours:
        data = []
        for _ in range(count // len(colours)):
            depth = rng.random() ** 0.8
            size = canvas.unit * (0.0015 + 0.0035 * depth)
            data.append(dot(canvas.width * rng.random(), top + (bottom - top) * depth, size))
        canvas.path("".join(data), mix(canvas.lit(colour), canvas.lit("#6fae54"), 0.1))


def ripple_line(x: float, y: float, length: float, height: float) -> str:
    """Path data of a small wave stroke."""
    return f"M{num(x)} {num(y)}q{num(length / 4)} {num(-height)} {num(length / 2)} 0t{num(length / 2)} 0"
