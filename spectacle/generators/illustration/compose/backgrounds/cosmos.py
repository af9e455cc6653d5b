"""Backgrounds above the ground: sky, space, moon."""

from __future__ import annotations

from spectacle.generators.illustration.compose.canvas import Canvas
from spectacle.generators.illustration.compose.colour import lighten, mix
from spectacle.generators.illustration.compose.plants import rock, scatter
from spectacle.generators.illustration.compose.sky import cloud, paint_sky, paint_stars
from spectacle.generators.illustration.compose.svg import blob, dot, num


def sky(canvas: Canvas) -> None:
    """Above the clouds."""
    rng, unit, width, height = canvas.rng, canvas.unit, canvas.width, canvas.height
    paint_sky(canvas, 1.2, height)
    for row in range(3):
        y = height * (0.8 + 0.1 * row)
        tone, shade = (
            mix(canvas.sky.cloud, canvas.sky.low, 0.4 - 0.2 * row),
            mix(canvas.sky.shade, canvas.sky.low, 0.4 - 0.2 * row),
        )
        count = round((5 - row) * width / unit) + 1
        for index in range(count + 1):
            x = width * (index + rng.uniform(-0.3, 0.3)) / count
            canvas.use(
                cloud(canvas, tone, shade, rng.randrange(4)),
                x,
                y + unit * rng.uniform(-0.03, 0.03),
                unit * (0.0034 + 0.0012 * row),
                rng.random() < 0.5,
            )
    canvas.rect(0, height * 0.96, width, height * 0.05, canvas.sky.cloud)


def nebula(canvas: Canvas) -> None:
    """Deep space: dark gradient, coloured gas, stars."""
    rng, unit, width, height = canvas.rng, canvas.unit, canvas.width, canvas.height
    tones = rng.choice(
        (("#05061c", "#141144", "#2a1858"), ("#030a1f", "#0a2148", "#123a5e"), ("#0a0418", "#26103f", "#431a4f"))
    )
    canvas.rect(0, 0, width, height, canvas.vertical(0, height, *tones))
    gas = rng.sample(("#6f3fd0", "#d04f9a", "#2f7fd6", "#1fb0a8", "#e08a4f"), 3)
    for index in range(9):
        x, y = width * rng.random(), height * rng.random()
        canvas.glow(x, y, unit * rng.uniform(0.25, 0.55), gas[index % 3], 0.26, flat=rng.uniform(0.4, 0.8))
    paint_stars(canvas, height, 1.6)


def planet(canvas: Canvas, x: float, y: float, radius: float, colour: str, ringed: bool) -> None:
    """A banded planet, perhaps with a ring."""
    rng = canvas.rng
    canvas.glow(x, y, radius * 1.7, colour, 0.35)
    if ringed:
        canvas.path(
            (
                f"M{num(x - radius * 1.75)} {num(y + radius * 0.3)}A{num(radius * 1.78)}"
                f" {num(radius * 0.46)} -10 0 1 {num(x + radius * 1.75)} {num(y - radius * 0.3)}"
            ),
            stroke=lighten(colour, 0.1),
            stroke_width=radius * 0.13,
            stroke_opacity=0.7,
        )
    canvas.ellipse(
        x,
        y,
        radius,
        radius,
        canvas.defs.radial([(0, lighten(colour, 0.14)), (0.6, colour), (1, lighten(colour, -0.2))], 0.34, 0.3, 0.75),
    )
    clip = canvas.defs.clip(f'<circle cx="{num(x)}" cy="{num(y)}" r="{num(radius)}"/>')
    bands = "".join(
        (
            f'<path d="M{num(x - radius)} {num(y + radius * k)}q{num(radius)}'
            f" {num(radius * rng.uniform(0.08, 0.2))} {num(radius * 2)} 0"
            f"v{num(radius * rng.uniform(0.08, 0.16))}q{num(-radius)} {num(radius * 0.16)}"
            f' {num(-radius * 2)} 0z" fill="{lighten(colour, rng.choice((-0.09, 0.08)))}" fill-opa'
            'city="0.6"/>'
        )
        for k in (-0.62, -0.25, 0.12, 0.45)
    )
    canvas.add(f'<g clip-path="{clip}">{bands}</g>')
    if ringed:
        canvas.path(
            (
                f"M{num(x - radius * 1.75)} {num(y + radius * 0.3)}A{num(radius * 1.78)}"
                f" {num(radius * 0.46)} -10 0 0 {num(x + radius * 1.75)} {num(y - radius * 0.3)}"
            ),
            stroke=lighten(colour, 0.14),
            stroke_width=radius * 0.15,
        )


def earth(canvas: Canvas, x: float, y: float, radius: float) -> None:
    """The Earth from far off."""
    rng = canvas.rng
    canvas.glow(x, y, radius * 1.6, "#6fb8ff", 0.5)
    canvas.ellipse(
        x, y, radius, radius, canvas.defs.radial([(0, "#7fd0ff"), (0.55, "#2f86d8"), (1, "#123a80")], 0.34, 0.3, 0.78)
    )
    clip = canvas.defs.clip(f'<circle cx="{num(x)}" cy="{num(y)}" r="{num(radius)}"/>')
    lands = "".join(
        blob(x + dx * radius, y + dy * radius, rx * radius, ry * radius, rng, 9, 0.3)
        for dx, dy, rx, ry in (
            (-0.4, -0.35, 0.38, 0.3),
            (-0.15, 0.4, 0.2, 0.36),
            (0.5, -0.1, 0.32, 0.42),
            (0.3, 0.75, 0.3, 0.14),
        )
    )
    clouds = "".join(
        (
            f"M{num(x + dx * radius)} {num(y + dy * radius)}q{num(radius * 0.3)}"
            f" {num(-radius * 0.12)} {num(radius * 0.6)} 0"
        )
        for dx, dy in ((-0.8, -0.05), (-0.2, -0.6), (0.05, 0.3), (-0.6, 0.6))
    )
    canvas.add(
        f'<g clip-path="{clip}"><path d="{lands}" fill="#57b35f"/><path d="{clouds}" fill="non'
        'e" stroke="#ffffff" stroke-opacity="0.8" stroke-linecap="round" stroke-widt'
        f'h="{num(radius * 0.1)}"/></g>'
    )


def space(canvas: Canvas) -> None:
    """Nebulae, stars and planets."""
    rng, unit, width, height = canvas.rng, canvas.unit, canvas.width, canvas.height
    nebula(canvas)
    colours = rng.sample(("#e0975a", "#7f9ff2", "#d06fa8", "#5fc0b0", "#c9b06f", "#9a7fe0"), 2)
    corners = [(0.14, 0.16), (0.87, 0.2), (0.12, 0.84), (0.88, 0.82)]
    rng.shuffle(corners)
    spots = [(dx * width, dy * height) for dx, dy in corners if canvas.free(dx * width, dy * height, unit * 0.1)]
    if spots and "planet" not in canvas.has:
        planet(canvas, *spots[0], unit * rng.uniform(0.09, 0.14), colours[0], rng.random() < 0.5)
    if len(spots) > 1 and "planet" not in canvas.has:
        if rng.random() < 0.5 and "earth" not in canvas.has:
            earth(canvas, *spots[1], unit * rng.uniform(0.07, 0.1))
        else:
            planet(canvas, *spots[1], unit * rng.uniform(0.045, 0.07), colours[1], False)
    for _ in range(rng.randint(1, 2)):
        x, y, reach = width * rng.random(), height * rng.uniform(0.05, 0.6), unit * rng.uniform(0.1, 0.2)
        tail = canvas.defs.linear([(0, "#ffffff", 0.9), (1, "#ffffff", 0)], x, y, x + reach, y - reach * 0.5)
        canvas.path(
            f"M{num(x)} {num(y)}L{num(x + reach)} {num(y - reach * 0.5)}",
            stroke=tail,
            stroke_width=unit * 0.004,
            stroke_linecap="round",
        )


def moon(canvas: Canvas) -> None:
    """Grey craters under a black sky with the Earth in it."""
    rng, unit, width, height = canvas.rng, canvas.unit, canvas.width, canvas.height
    nebula(canvas)
    left = rng.random() < 0.5
    if "earth" not in canvas.has:
        earth(canvas, width * (0.18 if left else 0.82), min(canvas.horizon * 0.34, unit * 0.24), unit * 0.11)
    dust = rng.choice(("#c3c3cc", "#c9c2b8", "#b8bcc8"))
    for row in range(2):
        points = canvas.ridge(canvas.horizon + unit * 0.02 * row, unit * (0.1 - 0.04 * row), 4)
        canvas.land(points, height, lighten(mix(dust, "#23264a", 0.5 - 0.22 * row), 0.0))
    top = canvas.horizon + unit * 0.02
    points = canvas.ridge(top, unit * 0.02, 4)
    canvas.land(points, height + 2, canvas.vertical(top, height, lighten(dust, -0.04), lighten(dust, -0.2)))
    spots = sorted((rng.random() ** 0.8, rng.random()) for _ in range(round(15 * width / unit)))
    for depth, across in spots:
        x, y = width * across, top + (height - top) * (0.05 + 0.92 * depth)
        rx = unit * (0.016 + 0.085 * depth) * rng.uniform(0.5, 1.1)
        ry = rx * 0.32
        canvas.ellipse(x, y - ry * 0.16, rx * 1.12, ry * 1.18, lighten(dust, 0.05))
        canvas.ellipse(x, y, rx, ry, lighten(dust, -0.17))
        canvas.ellipse(x + rx * 0.07, y + ry * 0.2, rx * 0.86, ry * 0.74, lighten(dust, -0.1))
    stones = [rock(canvas, lighten(dust, -0.1), k) for k in range(3)]
    scatter(
        canvas,
        lambda _: rng.choice(stones),
        top + unit * 0.02,
        height * 0.98,
        12,
        unit * 0.008,
        unit * 0.035,
        clear=True,
    )
    specks = "".join(
        dot(width * rng.random(), top + (height - top) * rng.random(), unit * rng.uniform(0.001, 0.0025))
        for _ in range(80)
    )
    canvas.path(specks, lighten(dust, -0.25), fill_opacity=0.6)


def mars(canvas: Canvas) -> None:
    """Red dunes and rocks under a pale dusty sky with two small moons."""
    rng, unit, width, height = canvas.rng, canvas.unit, canvas.width, canvas.height
    sky = rng.choice(
        (("#b5694a", "#e0a077", "#f5d2ac"), ("#8f5560", "#d38a72", "#f3c9a4"), ("#5c3a4f", "#b06a5c", "#efb98e"))
    )
    canvas.rect(0, 0, width, height, canvas.vertical(0, canvas.horizon, *sky))
    for x, y, radius in ((rng.uniform(0.1, 0.4), 0.16, 0.028), (rng.uniform(0.55, 0.9), 0.1, 0.018)):
        canvas.ellipse(width * x, height * y, unit * radius, unit * radius, "#f6e3cf", fill_opacity=0.85)
    dust = rng.choice(("#c8623a", "#bf5a3c", "#d07043"))
    for row in range(3):
        base = canvas.horizon + unit * (0.03 * row - 0.02)
        points = canvas.ridge(base, unit * (0.15 - 0.045 * row), 4 + row)
        canvas.land(points, height, mix(lighten(dust, -0.08 + 0.03 * row), sky[2], 0.5 - 0.17 * row))
    top = canvas.horizon + unit * 0.05
    points = canvas.ridge(top, unit * 0.02, 4)
    canvas.land(points, height + 2, canvas.vertical(top, height, lighten(dust, 0.03), lighten(dust, -0.12)))
    ripples = "".join(
        f"M{num(width * rng.random())} {num(top + (height - top) * rng.uniform(0.06, 1))}"
        f"q{num(unit * 0.06)} {num(-unit * 0.014)} {num(unit * 0.13)} 0"
        for _ in range(26)
    )
    canvas.stroke(ripples, lighten(dust, -0.1), unit * 0.004, stroke_opacity=0.7)
    for _ in range(round(5 * width / unit)):
        depth = rng.random() ** 0.8
        x, y = width * rng.random(), top + (height - top) * (0.08 + 0.85 * depth)
        rx = unit * (0.02 + 0.07 * depth) * rng.uniform(0.6, 1.1)
        canvas.ellipse(x, y - rx * 0.05, rx * 1.12, rx * 0.37, lighten(dust, 0.06))
        canvas.ellipse(x, y, rx, rx * 0.3, lighten(dust, -0.14))
    stones = [rock(canvas, lighten(dust, -0.12 - 0.03 * k), k) for k in range(3)]
    scatter(
        canvas,
        lambda _: rng.choice(stones),
        top + unit * 0.02,
        height * 0.98,
        18,
        unit * 0.012,
        unit * 0.06,
        clear=True,
    )
