"""What rooms are made of: walls, floors, windows, pictures, lamps, plants."""

from __future__ import annotations

import math

from spectacle.generators.illustration.compose import plants
from spectacle.generators.illustration.compose.canvas import Canvas
from spectacle.generators.illustration.compose.colour import lighten, mix
from spectacle.generators.illustration.compose.svg import box, dot, num

WALLS = (
    ("#f3dcc0", "#e9cfae"),
    ("#cfe0d6", "#bcd3c6"),
    ("#d6dcec", "#c3cbe0"),
    ("#f2d3cd", "#e6c0b8"),
    ("#efe3b8", "#e3d39f"),
    ("#d9cfe6", "#c9bcd9"),
)


def wall(canvas: Canvas, colours: tuple[str, str], pattern: int | None = None) -> None:
    """A papered wall down to the floor, with a skirting board."""
    rng, unit, width, base = canvas.rng, canvas.unit, canvas.width, canvas.horizon
    light, dark = canvas.lit(colours[0]), canvas.lit(colours[1])
    canvas.rect(0, 0, width, base + 2, canvas.vertical(0, base, light, mix(light, dark, 0.5)))
    kind = rng.randrange(3) if pattern is None else pattern
    step = unit * 0.09
    columns = int(width / step) + 2
    if kind == 0:
        canvas.path("".join(box(step * k, 0, step * 0.5, base) for k in range(columns)), dark, fill_opacity=0.45)
    elif kind == 1:
        rows = int(base / step) + 1
        canvas.path(
            "".join(
                dot(step * (k + (row % 2) / 2), step * (row + 0.4), step * 0.09)
                for k in range(columns)
                for row in range(rows)
            ),
            dark,
        )
    canvas.rect(0, base - unit * 0.035, width, unit * 0.035, canvas.lit("#faf4ea"))
    canvas.rect(0, base - unit * 0.038, width, unit * 0.005, canvas.lit("#d9cdbb"))


def floor(canvas: Canvas, colour: str, tiled: bool = False) -> None:
    """Boards or tiles in perspective."""
    unit, width, top, bottom = canvas.unit, canvas.width, canvas.horizon, canvas.height
    canvas.rect(
        0,
        top,
        width,
        bottom - top + 2,
        canvas.vertical(top, bottom, canvas.lit(lighten(colour, -0.06)), canvas.lit(lighten(colour, 0.02))),
    )
    vanish = top - (bottom - top) * 1.2
    data = []
    step = unit * (0.2 if tiled else 0.13)
    reach = width * 1.6
    for index in range(-round(reach / step), round(reach / step) + 1):
        foot = width / 2 + index * step
        head = width / 2 + (foot - width / 2) * (top - vanish) / (bottom - vanish)
        if max(head, foot) > -step and min(head, foot) < width + step:
            data.append(f"M{num(head)} {num(top)}L{num(foot)} {num(bottom)}")
    if tiled:
        data.extend(f"M0 {num(top + (bottom - top) * (k / 6) ** 1.5)}H{num(width)}" for k in range(1, 6))
    else:
        rng = canvas.rng
        for _ in range(round(16 * width / unit)):
            slot = rng.randrange(-round(width / step), round(width / step))
            y = top + (bottom - top) * rng.random()
            scale = (y - vanish) / (bottom - vanish)
            x = width / 2 + slot * step * scale
            data.append(f"M{num(x)} {num(y)}h{num(step * scale)}")
    canvas.stroke("".join(data), canvas.lit(lighten(colour, -0.13)), unit * 0.003, stroke_opacity=0.6)
    shade = canvas.lit("#3a2a24")
    canvas.rect(
        0, top, width, unit * 0.05, canvas.defs.linear([(0, shade, 0.28), (1, shade, 0)], 0, top, 0, top + unit * 0.05)
    )


def window(canvas: Canvas, x: float, y: float, wide: float, tall: float, curtain: str | None = None) -> None:
    """A window with what is outside at this time of day, and perhaps curtains."""
    rng, unit = canvas.rng, canvas.unit
    sky = canvas.defs.linear(list(canvas.sky.stops), 0, y, 0, y + tall)
    frame = canvas.lit("#fbf7ef")
    canvas.rect(x - wide * 0.06, y - wide * 0.06, wide * 1.12, tall + wide * 0.12, frame)
    clip = canvas.defs.clip(f'<rect x="{num(x)}" y="{num(y)}" width="{num(wide)}" height="{num(tall)}"/>')
    parts = [f'<rect x="{num(x)}" y="{num(y)}" width="{num(wide)}" height="{num(tall)}" fill="{sky}"/>']
    if canvas.night:
        parts.append(
            f'<circle cx="{num(x + wide * 0.7)}" cy="{num(y + tall * 0.26)}" r="{num(wide * 0.1)}"'
            f' fill="{canvas.sky.sun}"/>'
        )
        stars = "".join(dot(x + wide * rng.random(), y + tall * 0.7 * rng.random(), wide * 0.012) for _ in range(14))
        parts.append(f'<path d="{stars}" fill="#ffffff"/>')
    else:
        clouds = "".join(
            dot(x + wide * (0.2 + 0.11 * k), y + tall * (0.25 - 0.03 * (k % 2)), wide * 0.08) for k in range(4)
        )
        parts.append(f'<path d="{clouds}" fill="{canvas.sky.cloud}"/>')
    dim = {"day": 0.0, "dawn": 0.1, "sunset": 0.2, "dusk": 0.5, "night": 0.7}[canvas.time]
    for height, tone in ((0.3, "#8fc28a"), (0.17, "#6fae62")):
        hill = (
            f"M{num(x - 2)} {num(y + tall)}V{num(y + tall * (1 - height))}Q{num(x + wide * 0.35)}"
            f" {num(y + tall * (1 - height * 1.6))} {num(x + wide * 0.65)}"
            f" {num(y + tall * (1 - height * 0.9))}T{num(x + wide + 2)}"
            f" {num(y + tall * (1 - height))}V{num(y + tall)}Z"
        )
        parts.append(f'<path d="{hill}" fill="{mix(tone, "#141b3c", dim)}"/>')
    canvas.add(f'<g clip-path="{clip}">{"".join(parts)}</g>')
    bar = wide * 0.035
    canvas.path(box(x + wide / 2 - bar / 2, y, bar, tall) + box(x, y + tall * 0.46, wide, bar), frame)
    canvas.rect(x - wide * 0.1, y + tall + wide * 0.04, wide * 1.2, wide * 0.06, canvas.lit("#efe6d8"))
    if curtain is not None:
        tone = canvas.lit(curtain)
        canvas.rect(x - wide * 0.26, y - wide * 0.13, wide * 1.52, wide * 0.035, canvas.lit("#8a6a4c"))
        for sign, edge in ((1, x - wide * 0.22), (-1, x + wide * 1.22)):
            canvas.path(
                (
                    f"M{num(edge)} {num(y - wide * 0.1)}h{num(sign * wide * 0.36)}"
                    f"C{num(edge + sign * wide * 0.34)} {num(y + tall * 0.4)}"
                    f" {num(edge + sign * wide * 0.2)} {num(y + tall * 0.6)}"
                    f" {num(edge + sign * wide * 0.26)} {num(y + tall * 1.12)}H{num(edge)}Z"
                ),
                tone,
            )
            folds = "".join(
                (
                    f"M{num(edge + sign * wide * k)} {num(y - wide * 0.1)}C{num(edge + sign * wide * k)}"
                    f" {num(y + tall * 0.4)} {num(edge + sign * wide * k * 0.6)} {num(y + tall * 0.6)}"
                    f" {num(edge + sign * wide * k * 0.7)} {num(y + tall * 1.1)}"
                )
                for k in (0.1, 0.2, 0.28)
            )
            canvas.stroke(folds, lighten(tone, -0.07), unit * 0.004)
    elif not canvas.night:
        beam = canvas.defs.linear([(0, "#fff6d0", 0.3), (1, "#fff6d0", 0)], 0, y, 0, canvas.height)
        canvas.polygon(
            [(x, y + tall), (x + wide, y + tall), (x + wide * 1.5, canvas.height), (x - wide * 0.1, canvas.height)],
            beam,
        )


def picture(canvas: Canvas, x: float, y: float, wide: float, tall: float) -> None:
    """A framed landscape or flower on the wall."""
    rng = canvas.rng
    canvas.rect(x, y, wide, tall, canvas.lit(rng.choice(("#8a6242", "#d1a64e", "#4f4a48", "#b9856a"))))
    inner = (x + wide * 0.09, y + wide * 0.09, wide * 0.82, tall - wide * 0.18)
    canvas.rect(*inner, canvas.lit("#fbf5ea"))
    ix, iy, iw, ih = inner[0] + wide * 0.05, inner[1] + wide * 0.05, inner[2] - wide * 0.1, inner[3] - wide * 0.1
    if rng.random() < 0.6:
        canvas.rect(ix, iy, iw, ih, canvas.lit(rng.choice(("#bfe0f0", "#f7d9b5", "#d5d0ee"))))
        canvas.ellipse(ix + iw * 0.7, iy + ih * 0.3, iw * 0.1, iw * 0.1, canvas.lit("#fbd66a"))
        canvas.polygon(
            [
                (ix, iy + ih),
                (ix, iy + ih * 0.7),
                (ix + iw * 0.35, iy + ih * 0.4),
                (ix + iw * 0.6, iy + ih * 0.72),
                (ix + iw * 0.8, iy + ih * 0.55),
                (ix + iw, iy + ih * 0.8),
                (ix + iw, iy + ih),
            ],
            canvas.lit(rng.choice(("#7fb08a", "#7f9ac0", "#b58a6a"))),
        )
    else:
        bloom = plants.flower(canvas, rng.choice(("#f26d7e", "#f9a646", "#8f7fe0")), variant=rng.randrange(3))
        canvas.use(bloom, ix + iw / 2, iy + ih * 0.98, ih * 0.9 / 100)


def pot_plant(canvas: Canvas, x: float, foot: float, size: float) -> None:
    """A leafy plant in a pot."""
    rng = canvas.rng
    leaf = canvas.lit(rng.choice(("#4f9a55", "#5fa84a", "#3f8a62")))
    for angle in (-70, -48, -26, -6, 16, 38, 62):
        a = math.radians(angle - 90)
        reach = size * rng.uniform(0.55, 0.75)
        tip = (x + reach * math.cos(a) * 0.8, foot - size * 0.32 + reach * math.sin(a))
        nx, ny = -math.sin(a) * size * 0.1, math.cos(a) * size * 0.1
        mid = ((x + tip[0]) / 2, (foot - size * 0.32 + tip[1]) / 2)
        canvas.path(
            (
                f"M{num(x)} {num(foot - size * 0.32)}Q{num(mid[0] + nx)} {num(mid[1] + ny)}"
                f" {num(tip[0])} {num(tip[1])}Q{num(mid[0] - nx)} {num(mid[1] - ny)} {num(x)}"
                f" {num(foot - size * 0.32)}Z"
            ),
            lighten(leaf, rng.uniform(-0.05, 0.05)),
        )
    pot = canvas.lit(rng.choice(("#d07a52", "#f0ece2", "#6f8fa8", "#e0b04f")))
    canvas.polygon(
        [
            (x - size * 0.2, foot - size * 0.36),
            (x + size * 0.2, foot - size * 0.36),
            (x + size * 0.15, foot),
            (x - size * 0.15, foot),
        ],
        pot,
    )
    canvas.rect(x - size * 0.23, foot - size * 0.4, size * 0.46, size * 0.08, lighten(pot, -0.04))


def standing_lamp(canvas: Canvas, x: float, foot: float, tall: float) -> None:
    """A floor lamp, lit at night."""
    shade = canvas.lit("#f7e3b5") if not canvas.night else "#ffe7a6"
    canvas.stroke(
        f"M{num(x)} {num(foot)}V{num(foot - tall * 0.8)}M{num(x - tall * 0.08)} {num(foot)}H{num(x + tall * 0.08)}",
        canvas.lit("#5f5048"),
        tall * 0.02,
    )
    if canvas.night:
        canvas.glow(x, foot - tall * 0.85, tall * 0.9, "#ffd27a", 0.65)
    canvas.polygon(
        [
            (x - tall * 0.07, foot - tall),
            (x + tall * 0.07, foot - tall),
            (x + tall * 0.14, foot - tall * 0.76),
            (x - tall * 0.14, foot - tall * 0.76),
        ],
        shade,
    )


def rug(canvas: Canvas) -> None:
    """A round rug where things stand."""
    rng = canvas.rng
    tone = canvas.lit(rng.choice(("#c9645a", "#5f8fb0", "#e0b25c", "#8fae7a", "#a582b5")))
    y, ry = canvas.horizon + (canvas.height - canvas.horizon) * 0.6, (canvas.height - canvas.horizon) * 0.32
    rx = min(canvas.width * 0.42, canvas.unit * 0.62)
    for grow, colour in (
        (1.0, lighten(tone, -0.05)),
        (0.93, lighten(tone, 0.1)),
        (0.86, tone),
        (0.6, lighten(tone, 0.06)),
    ):
        canvas.ellipse(canvas.width / 2, y, rx * grow, ry * grow, colour)


def lamplight(canvas: Canvas) -> None:
    """Warm light in the middle of an evening room."""
    if canvas.night:
        canvas.glow(canvas.width / 2, canvas.horizon, max(canvas.width, canvas.unit) * 0.6, "#ffca7a", 0.2)
