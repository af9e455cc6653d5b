"""Weather painted over a scene: rain, snow, fog, wind, lightning."""

from __future__ import annotations

import itertools

from spectacle.generators.illustration.compose.canvas import Canvas
from spectacle.generators.illustration.compose.colour import mix
from spectacle.generators.illustration.compose.light import INDOORS
from spectacle.generators.illustration.compose.sky import WALLED, paint_rainbow
from spectacle.generators.illustration.compose.svg import blob, dot, num


def paint_weather(canvas: Canvas) -> None:
    """What falls and blows, before the objects; lightning behind them."""
    if canvas.place in INDOORS or canvas.place in {"underwater", "space", "moon", "mars", "cave", "studio"}:
        return
    weather = set(canvas.weather)
    if "rainbow" in weather and "rainbow" not in canvas.has and canvas.place in WALLED:
        paint_rainbow(canvas, canvas.horizon)
    if "aurora" in weather and canvas.place not in WALLED:
        aurora(canvas)
    if "storm" in weather:
        lightning(canvas)
    if weather & {"rain", "storm"}:
        rain(canvas, "storm" in weather)
    if "snow" in weather:
        snowfall(canvas)
    if "fog" in weather:
        fog(canvas)
    if "wind" in weather:
        wind(canvas)


def aurora(canvas: Canvas) -> None:
    """Curtains of green and violet light in the upper sky."""
    rng, unit = canvas.rng, canvas.unit
    for hue, low in (("#3ff0a0", 0.62), ("#5de0c8", 0.48), ("#a678f0", 0.36)):
        points, x, y = [], -0.1 * canvas.width, canvas.horizon * (low + rng.uniform(-0.06, 0.06))
        while x < 1.1 * canvas.width:
            points.append((x, y))
            x += canvas.width * rng.uniform(0.1, 0.18)
            y = canvas.horizon * (low + rng.uniform(-0.12, 0.12))
        tall = canvas.horizon * rng.uniform(0.26, 0.36)
        for share, opacity in ((1.0, 0.1), (0.72, 0.12), (0.45, 0.14), (0.22, 0.18)):
            foot = "".join(
                f"Q{num((a + c) / 2)} {num(b)} {num(c)} {num(d)}" for (a, b), (c, d) in itertools.pairwise(points)
            )
            top = "".join(
                f"Q{num((a + c) / 2)} {num(b - tall * share)} {num(a)} {num(b - tall * share)}"
                for (c, _), (a, b) in itertools.pairwise(points[::-1])
            )
            (x0, y0), (x1, y1) = points[0], points[-1]
            data = f"M{num(x0)} {num(y0)}{foot}L{num(x1)} {num(y1 - tall * share)}{top}Z"
            canvas.path(data, hue, opacity=opacity)
        canvas.glow(canvas.width * rng.uniform(0.2, 0.8), points[2][1] - tall * 0.4, unit * 0.4, hue, 0.16)


def lightning(canvas: Canvas) -> None:
    """One or two bolts with their glow, behind the objects."""
    rng, unit = canvas.rng, canvas.unit
    for _ in range(rng.randint(1, 2)):
        x, y = canvas.width * rng.choice((rng.uniform(0.1, 0.35), rng.uniform(0.65, 0.9))), 0.0
        points = [(x, y)]
        while y < canvas.horizon * 0.94:
            y += unit * rng.uniform(0.04, 0.09)
            x += unit * rng.uniform(-0.05, 0.05)
            points.append((x, y))
        left = [(px - unit * 0.009 * (1 - k / len(points)), py) for k, (px, py) in enumerate(points)]
        right = [(px + unit * 0.009 * (1 - k / len(points)), py) for k, (px, py) in enumerate(points)]
        canvas.glow(points[0][0], 0, unit * 0.5, "#cfd9ff", 0.5)
        outline = "M" + "L".join(f"{num(a)} {num(b)}" for a, b in left + right[::-1]) + "Z"
        canvas.path(outline, "#ffe98a", stroke="#fff6cf", stroke_width=unit * 0.005)
        fork = points[len(points) // 2]
        canvas.stroke(
            (
                f"M{num(fork[0])} {num(fork[1])}l{num(unit * 0.06)} {num(unit * 0.05)}"
                f"l{num(-unit * 0.015)} {num(unit * 0.03)}l{num(unit * 0.05)} {num(unit * 0.06)}"
            ),
            "#fff0a8",
            unit * 0.005,
        )


def rain(canvas: Canvas, heavy: bool) -> None:
    """Slanting drops of three sizes and splashes on the ground."""
    rng, unit = canvas.rng, canvas.unit
    area = min(4.0, canvas.width * canvas.height / unit**2)
    lean = rng.choice((-0.22, 0.22)) * (1.6 if heavy else 1)
    tone = mix("#e2eefc", canvas.sky.low, 0.25)
    for length, thick, count, opacity in ((0.03, 0.0018, 90, 0.5), (0.05, 0.0028, 60, 0.6), (0.08, 0.004, 26, 0.7)):
        data = []
        for _ in range(round(count * area * (1.5 if heavy else 1.0))):
            x, y, reach = (
                canvas.width * rng.uniform(-0.05, 1.05),
                canvas.height * rng.uniform(-0.03, 1),
                unit * length * rng.uniform(0.7, 1.2),
            )
            data.append(f"M{num(x)} {num(y)}l{num(reach * lean)} {num(reach)}")
        canvas.stroke("".join(data), tone, unit * thick, front=True, stroke_opacity=opacity)
    splashes = []
    for _ in range(round(34 * canvas.width / unit)):
        x, y = canvas.width * rng.random(), canvas.horizon + (canvas.height - canvas.horizon) * rng.uniform(0.1, 1)
        size = unit * (0.004 + 0.012 * (y - canvas.horizon) / (canvas.height - canvas.horizon))
        splashes.append(
            f"M{num(x - size)} {num(y)}a{num(size)} {num(size * 0.35)} 0 1 0 {num(size * 2)} 0"
            f"a{num(size)} {num(size * 0.35)} 0 1 0 {num(-size * 2)} 0M{num(x - size * 0.5)}"
            f" {num(y - size * 0.2)}l{num(-size * 0.4)} {num(-size)}M{num(x + size * 0.5)}"
            f" {num(y - size * 0.2)}l{num(size * 0.4)} {num(-size)}"
        )
    canvas.stroke("".join(splashes), tone, unit * 0.0018, front=True, stroke_opacity=0.6)


def snowfall(canvas: Canvas) -> None:
    """Flakes of several sizes, most behind the objects' plane and some large ones near."""
    rng, unit = canvas.rng, canvas.unit
    area = min(4.0, canvas.width * canvas.height / unit**2)
    for radius, count, opacity, front in ((0.0024, 120, 0.75, False), (0.004, 70, 0.85, True), (0.0075, 24, 0.9, True)):
        data = "".join(
            dot(canvas.width * rng.random(), canvas.height * rng.random(), unit * radius * rng.uniform(0.7, 1.3))
            for _ in range(round(count * area))
        )
        canvas.path(data, "#ffffff", front=front, fill_opacity=opacity)


def fog(canvas: Canvas) -> None:
    """Banks of mist at the horizon and before the objects' feet."""
    rng, unit = canvas.rng, canvas.unit
    tone = mix(canvas.sky.low, "#f4f6f7" if not canvas.night else "#56608c", 0.45)
    for front, centre, strength in (
        (False, canvas.horizon, 0.95),
        (True, canvas.horizon + (canvas.height - canvas.horizon) * 0.35, 0.42),
        (True, canvas.height, 0.6),
    ):
        half = unit * (0.3 if not front else 0.2)
        canvas.rect(
            0,
            centre - half,
            canvas.width,
            half * 2,
            canvas.defs.linear([(0, tone, 0), (0.5, tone, strength), (1, tone, 0)], 0, centre - half, 0, centre + half),
            front,
        )
        for _ in range(4):
            canvas.ellipse(
                canvas.width * rng.random(),
                centre + rng.uniform(-0.5, 0.3) * half,
                canvas.width * rng.uniform(0.2, 0.45),
                unit * rng.uniform(0.015, 0.04),
                canvas.defs.radial([(0, tone, 0.75), (1, tone, 0)]),
                front,
            )


def wind(canvas: Canvas) -> None:
    """Curling streaks and leaves carried along."""
    rng, unit = canvas.rng, canvas.unit
    tone = mix("#ffffff", canvas.sky.low, 0.2)
    for _ in range(round(6 * canvas.width / unit)):
        x, y, reach, curl = (
            canvas.width * rng.uniform(-0.1, 0.9),
            canvas.height * rng.uniform(0.08, 0.8),
            unit * rng.uniform(0.2, 0.4),
            unit * rng.uniform(0.02, 0.035),
        )
        canvas.stroke(
            (
                f"M{num(x)} {num(y)}q{num(reach * 0.35)} {num(-curl * 0.8)} {num(reach * 0.7)} 0"
                f"t{num(reach * 0.3)} {num(-curl * 0.6)}a{num(curl)} {num(curl)} 0 1 0 {num(-curl)}"
                f" {num(-curl)}"
            ),
            tone,
            unit * 0.005,
            front=rng.random() < 0.4,
            stroke_opacity=0.65,
        )
    for _ in range(round(12 * canvas.width / unit)):
        x, y, size = (
            canvas.width * rng.random(),
            canvas.height * rng.uniform(0.1, 0.95),
            unit * rng.uniform(0.008, 0.016),
        )
        canvas.path(
            blob(x, y, size, size * 0.45, rng, 5, 0.3),
            canvas.lit(rng.choice(("#d98f3d", "#7fae4a", "#c9643d", "#e0b44f"))),
            front=True,
        )
