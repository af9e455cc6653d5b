"""Painting skies: gradient, sun, moon, stars, clouds, birds, rainbow."""

from __future__ import annotations

import math

from spectacle.generators.illustration.compose.canvas import Canvas
from spectacle.generators.illustration.compose.colour import mix
from spectacle.generators.illustration.compose.svg import dot, element, polyline

WALLED = frozenset({"waterfall", "forest", "jungle", "city", "street", "harbour", "mountains"})
"""Places whose background hides most of the sky, where a rainbow is painted over it."""


def paint_sky(canvas: Canvas, clouds: float = 1.0, bottom: float | None = None, orb: bool = True) -> None:
    """Sky from the top to the horizon with what the time and weather put there; `clouds` scales their number."""
    bottom = canvas.horizon if bottom is None else bottom
    paint = canvas.defs.linear(list(canvas.sky.stops), 0, 0, 0, bottom)
    canvas.rect(0, 0, canvas.width, min(canvas.height, bottom + 2), paint)
    if bottom < canvas.height:
        canvas.rect(0, bottom, canvas.width, canvas.height - bottom, canvas.far("#86a96a", 0.35))
    rng, weather = canvas.rng, set(canvas.weather)
    overcast = bool(weather & {"rain", "storm", "fog", "snow", "cloudy"})
    if canvas.sky.dark or "stars" in weather:
        paint_stars(canvas, bottom)
    side = rng.choice((0.14, 0.2, 0.78, 0.86))
    if (orb and not overcast and not canvas.has & {"sun", "moon"}) or (
        orb and overcast and canvas.night and "moon" not in canvas.has and not weather & {"storm", "rain"}
    ):
        paint_orb(canvas, side * canvas.width, bottom)
    if "rainbow" in weather and "rainbow" not in canvas.has and canvas.place not in WALLED:
        paint_rainbow(canvas, bottom)
    count = round(clouds * (2 + 2.2 * canvas.width / canvas.height) * (0.5 if canvas.time == "night" else 1))
    if "cloudy" in weather or "storm" in weather or "rain" in weather:
        count = round(count * 2.4) + 3
    elif "clear" in weather:
        count = round(count * 0.3)
    paint_clouds(canvas, count, bottom)
    if canvas.time in {"day", "dawn", "sunset"} and not weather & {"storm", "rain"} and rng.random() < 0.6:
        paint_birds(canvas, bottom)


def paint_orb(canvas: Canvas, x: float, bottom: float) -> None:
    """The sun by day, low and large at its rise and set; the moon by night, sometimes a crescent."""
    rng, unit = canvas.rng, canvas.unit
    canvas.orb = x
    if canvas.night:
        radius = unit * rng.uniform(0.05, 0.075)
        y = min(bottom * rng.uniform(0.2, 0.34), unit * 0.3)
        canvas.glow(x, y, radius * 4.2, canvas.sky.sun, 0.42)
        if rng.random() < 0.4:
            r = radius
            data = (
                f"M{x + 0.3 * r:.1f} {y - r:.1f}A{r:.1f} {r:.1f} 0 1 0 {x + r:.1f} {y + 0.3 * r:.1f}"
                f"A{0.86 * r:.1f} {0.86 * r:.1f} 0 0 1 {x + 0.3 * r:.1f} {y - r:.1f}Z"
            )
            canvas.path(data, canvas.sky.sun)
            return
        canvas.ellipse(x, y, radius, radius, canvas.sky.sun)
        marks = ((-0.32, -0.25, 0.22), (0.3, 0.1, 0.27), (-0.2, 0.42, 0.15), (0.18, -0.48, 0.12), (-0.55, 0.12, 0.1))
        data = "".join(dot(x + dx * radius, y + dy * radius, size * radius) for dx, dy, size in marks)
        canvas.path(data, mix(canvas.sky.sun, "#9a93a8", 0.32))
        return
    low = canvas.time in {"sunset", "dawn"}
    radius = unit * (rng.uniform(0.085, 0.12) if low else rng.uniform(0.055, 0.075))
    y = bottom - radius * rng.uniform(0.7, 1.7) if low else min(bottom * rng.uniform(0.2, 0.32), unit * 0.26)
    canvas.glow(x, y, radius * (5.5 if low else 4.4), canvas.sky.sun, 0.75)
    if not low and rng.random() < 0.35:
        rays = []
        for index in range(12):
            angle = math.pi * index / 6 + 0.2
            inner, outer = radius * 1.35, radius * (1.75 if index % 2 else 1.95)
            rays.append(
                polyline([(x + math.cos(angle) * inner, y + math.sin(angle) * inner),
                          (x + math.cos(angle) * outer, y + math.sin(angle) * outer)])
            )  # fmt: skip
        canvas.stroke("".join(rays), "#ffd75e", radius * 0.13)
    canvas.ellipse(x, y, radius * 1.16, radius * 1.16, canvas.sky.sun, fill_opacity=0.55)
    canvas.ellipse(x, y, radius, radius, mix(canvas.sky.sun, "#ffd23f", 0.25 if low else 0.55))


def paint_stars(canvas: Canvas, bottom: float, density: float = 1.0, colour: str = "#ffffff") -> None:
    """Stars of three sizes, some with a cross of light."""
    rng, unit = canvas.rng, canvas.unit
    area = canvas.width * bottom / (unit * unit)
    for radius, number, opacity in ((0.0011, 70, 0.7), (0.0018, 34, 0.85), (0.0028, 11, 1.0)):
        data = []
        for _ in range(round(number * density * min(area, 4.0)) + 1):
            y = bottom * (1 - math.sqrt(rng.random())) if density <= 1 else bottom * rng.random()
            data.append(dot(canvas.width * rng.random(), y, unit * radius * rng.uniform(0.7, 1.2)))
        canvas.path("".join(data), colour, fill_opacity=opacity)
    sparks = []
    for _ in range(round(5 * density * min(area, 3.0))):
        x, y, reach = canvas.width * rng.random(), bottom * 0.75 * rng.random(), unit * rng.uniform(0.006, 0.012)
        thin = reach * 0.13
        sparks.append(
            f"M{x:.1f} {y - reach:.1f}L{x + thin:.1f} {y - thin:.1f}L{x + reach:.1f} {y:.1f}"
            f"L{x + thin:.1f} {y + thin:.1f}"
            f"L{x:.1f} {y + reach:.1f}L{x - thin:.1f} {y + thin:.1f}L{x - reach:.1f} {y:.1f}"
            f"L{x - thin:.1f} {y - thin:.1f}Z"
        )
    if sparks:
        canvas.path("".join(sparks), mix(colour, "#ffe9a8", 0.4))


def cloud(canvas: Canvas, colour: str, shade: str, variant: int) -> str:
    """Identity of a cloud 100 wide, its base at the origin's height, centred."""
    shapes = (
        ((-30, -6, 16), (-12, -16, 19), (10, -20, 22), (30, -8, 15)),
        ((-32, -5, 12), (-16, -12, 16), (4, -15, 18), (20, -12, 14), (35, -5, 11)),
        ((-26, -8, 15), (-6, -22, 20), (16, -13, 17), (33, -5, 11), (-38, -4, 9)),
        ((-34, -4, 9), (-20, -8, 12), (-2, -10, 14), (18, -9, 13), (34, -4, 9)),
    )[variant % 4]
    body = "".join(dot(x, y, radius) for x, y, radius in shapes)
    base = "M-44 0a8 8 0 0 1 8-9h72a8 8 0 0 1 8 9a6 6 0 0 1-6 6h-76a6 6 0 0 1-6-6z"
    under = "".join(dot(x + 2, y + 5, radius * 0.8) for x, y, radius in shapes)
    return canvas.defs.group(
        element("path", d=body + base, fill=shade)
        + element("path", d="".join(dot(x - 1.5, y - 2.5, radius * 0.93) for x, y, radius in shapes), fill=colour)
        + element("path", d=under, fill=mix(colour, shade, 0.25), fill_opacity=0.55)
    )


def paint_clouds(canvas: Canvas, count: int, bottom: float) -> None:
    """Clouds, smaller and paler towards the horizon, with streaks of high cloud between them."""
    rng = canvas.rng
    if rng.random() < 0.5 and count:
        for _ in range(3):
            y = bottom * rng.uniform(0.1, 0.6)
            x, length = rng.random() * canvas.width, canvas.width * rng.uniform(0.16, 0.34)
            canvas.ellipse(x, y, length, canvas.unit * 0.008, canvas.sky.cloud, fill_opacity=0.35)
    spots = []
    for index in range(count):
        x = canvas.width * ((index + rng.uniform(0.1, 0.9)) / max(1, count))
        spots.append((rng.uniform(0.1, 0.82), x))
    for depth, x in sorted(spots, reverse=True):
        y = bottom * depth
        size = canvas.unit * (0.34 - 0.25 * depth) * rng.uniform(0.7, 1.2)
        if "cloudy" in canvas.weather or "storm" in canvas.weather or "rain" in canvas.weather:
            size *= 1.7
        colour = mix(canvas.sky.cloud, canvas.sky.low, 0.55 * depth)
        shade = mix(canvas.sky.shade, canvas.sky.low, 0.55 * depth)
        canvas.use(cloud(canvas, colour, shade, rng.randrange(4)), x, y, size / 100, rng.random() < 0.5)


def paint_birds(canvas: Canvas, bottom: float) -> None:
    """A few far birds."""
    rng, unit = canvas.rng, canvas.unit
    x0, y0 = canvas.width * rng.uniform(0.2, 0.8), bottom * rng.uniform(0.2, 0.6)
    data = []
    for _ in range(rng.randint(2, 5)):
        x, y, wing = (
            x0 + unit * rng.uniform(-0.12, 0.12),
            y0 + unit * rng.uniform(-0.06, 0.06),
            unit * rng.uniform(0.008, 0.016),
        )
        data.append(
            f"M{x - wing:.1f} {y - wing * 0.3:.1f}Q{x - wing * 0.4:.1f} {y - wing * 0.7:.1f} {x:.1f} {y:.1f}"
            f"Q{x + wing * 0.4:.1f} {y - wing * 0.7:.1f} {x + wing:.1f} {y - wing * 0.3:.1f}"
        )
    canvas.stroke("".join(data), mix(canvas.sky.shade, "#25304a", 0.6), unit * 0.0028)


def paint_rainbow(canvas: Canvas, bottom: float) -> None:
    """A rainbow over the whole width."""
    x = canvas.width * canvas.rng.uniform(0.38, 0.62)
    radius = min(canvas.width * 0.46, bottom * 0.92)
    band = canvas.unit * 0.016
    for index, colour in enumerate(("#f2505a", "#f9a13a", "#f8df4b", "#6cc86a", "#4aa6e8", "#6a67cf", "#a566c4")):
        r = radius - band * index
        canvas.path(
            f"M{x - r:.1f} {bottom + 4:.1f}A{r:.1f} {r:.1f} 0 0 1 {x + r:.1f} {bottom + 4:.1f}",
            stroke=colour, stroke_width=band * 1.06, stroke_opacity=0.62,
        )  # fmt: skip
