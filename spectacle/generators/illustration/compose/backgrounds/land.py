"""What landscapes are made of: hills, lawns, grass, paths, mountains, fences, roads."""

from __future__ import annotations

from spectacle.generators.illustration.compose import plants
from spectacle.generators.illustration.compose.canvas import Canvas
from spectacle.generators.illustration.compose.colour import lighten
from spectacle.generators.illustration.compose.plants import scatter
from spectacle.generators.illustration.compose.svg import box, polygon, smooth

PETALS = ("#f26d7e", "#fff3f0", "#f9c846", "#b08be0", "#ff9a5c", "#7fb6f2")


def far_hills(canvas: Canvas, colour: str, layers: int = 3, rise: float = 0.13) -> None:
    """Rolling hills, paler the farther they are."""
    for layer in range(layers):
        depth = layer / layers
        base = canvas.horizon + canvas.unit * 0.03 * (layer - 1)
        height = canvas.unit * rise * (1 - 0.55 * depth)
        points = canvas.ridge(base - height * 0.15, height, canvas.rng.randint(3, 5))
        tone = canvas.far(lighten(colour, canvas.rng.uniform(-0.03, 0.03)), 0.72 - 0.5 * depth)
        canvas.land(points, canvas.horizon + canvas.unit * 0.12, tone)


def lawn(canvas: Canvas, colour: str, top: float | None = None) -> None:
    """The near ground: a gradient with soft bands of light and dark across it."""
    top = canvas.horizon if top is None else top
    bottom, unit = canvas.height, canvas.unit
    points = canvas.ridge(top + unit * 0.012, unit * 0.022, 4)
    paint = canvas.vertical(top, bottom, canvas.far(lighten(colour, 0.045), 0.16), canvas.lit(colour),
                            canvas.lit(lighten(colour, -0.07)))  # fmt: skip
    canvas.land(points, bottom + 2, paint)
    rng = canvas.rng
    for index in range(5):
        depth = (index + 0.5) / 5
        y = top + (bottom - top) * (0.08 + 0.85 * depth)
        x = canvas.width * rng.uniform(-0.1, 1.1)
        tone = canvas.lit(lighten(colour, 0.05 if index % 2 else -0.045))
        canvas.ellipse(
            x, y, canvas.width * rng.uniform(0.25, 0.5), unit * (0.014 + 0.03 * depth), tone, fill_opacity=0.5
        )


def grass(canvas: Canvas, colour: str, count: int = 46, top: float | None = None) -> None:
    """Tufts over the ground, and larger ones in the foreground corners."""
    top = canvas.horizon + canvas.unit * 0.03 if top is None else top
    tones = [canvas.lit(lighten(colour, shift)) for shift in (-0.08, -0.05, 0.05)]
    pieces = [plants.tuft(canvas, tone, index) for index, tone in enumerate(tones)]
    scatter(canvas, lambda _: canvas.rng.choice(pieces), top, canvas.height * 0.98, count, canvas.unit * 0.012,
            canvas.unit * 0.045)  # fmt: skip


def foreground(canvas: Canvas, colour: str, flowers: bool = True) -> None:
    """Tall grass and flowers along the bottom edge, before the objects."""
    rng, unit = canvas.rng, canvas.unit
    tones = [
        plants.tuft(canvas, canvas.lit(lighten(colour, shift)), index)
        for index, shift in enumerate((-0.13, -0.1, -0.06))
    ]
    kinds = [plants.flower(canvas, petal, variant=index) for index, petal in enumerate(rng.sample(PETALS, 3))]
    count = round(9 * canvas.width / unit)
    for index in range(count):
        x = canvas.width * (index + rng.uniform(0.1, 0.9)) / count
        edge = abs(x / canvas.width - 0.5) * 2
        size = unit * (0.028 + 0.05 * edge * edge) * rng.uniform(0.8, 1.2)
        canvas.use(rng.choice(tones), x, canvas.height + unit * 0.012, size / 60, rng.random() < 0.5, front=True)
        if flowers and edge > 0.55 and rng.random() < 0.55:
            canvas.use(rng.choice(kinds), x + unit * 0.02, canvas.height + unit * 0.01, size * 1.5 / 100,
                       rng.random() < 0.5, front=True)  # fmt: skip


def side_trees(canvas: Canvas, makers: list[str], height: float, y: float, count: int = 3) -> None:
    """Trees of the middle distance towards both sides, leaving the middle open."""
    rng = canvas.rng
    spots = []
    for index in range(count):
        left = index % 2 == 0
        across = rng.uniform(-0.02, 0.2) if left else rng.uniform(0.8, 1.02)
        spots.append((y + canvas.unit * rng.uniform(-0.012, 0.05), canvas.width * across))
    for foot, x in sorted(spots):
        canvas.use(rng.choice(makers), x, foot, height * rng.uniform(0.7, 1.1) / 100, rng.random() < 0.5)


def winding_path(canvas: Canvas, colour: str, top: float) -> None:
    """A path from the bottom edge into the distance."""
    rng, unit = canvas.rng, canvas.unit
    bottom = canvas.height + 4
    depth = bottom - top
    start, end = canvas.width * rng.uniform(0.3, 0.7), canvas.width * rng.uniform(0.35, 0.65)
    sway = canvas.width * rng.choice((-0.16, 0.16))
    left, right = [], []
    for index in range(6):
        share = index / 5
        y = bottom - depth * (1 - (1 - share) ** 1.6)
        x = start + (end - start) * share + sway * (share * (1 - share) * 3) * (1 if index % 4 < 2 else -0.6)
        half = unit * (0.13 * (1 - share) ** 1.7 + 0.005)
        left.append((x - half, y))
        right.append((x + half, y))
    data = smooth(left) + "L" + smooth(list(reversed(right)))[1:] + "Z"
    canvas.path(data, canvas.vertical(top, bottom, canvas.far(colour, 0.25), canvas.lit(lighten(colour, -0.05))))


def mountain_range(
    canvas: Canvas, base: float, height: float, peaks: int, colour: str, fade: float, snow: bool = True
) -> None:
    """Peaks with a lit and a shaded side and snow on top."""
    rng, unit = canvas.rng, canvas.unit
    body, shade, caps = [], [], []
    spots = sorted(range(peaks), key=lambda _: rng.random())
    for index in spots:
        x = canvas.width * ((index + rng.uniform(0.2, 0.8)) / peaks)
        tall = height * rng.uniform(0.6, 1.0)
        half = tall * rng.uniform(0.75, 1.1)
        top = base - tall
        body.append(
            polygon(
                [
                    (x - half, base),
                    (x - half * 0.52, base - tall * 0.46),
                    (x - half * 0.4, base - tall * 0.5),
                    (x, top),
                    (x + half * 0.3, base - tall * 0.66),
                    (x + half * 0.45, base - tall * 0.58),
                    (x + half, base),
                ]
            )
        )
        shade.append(polygon([(x, top), (x + half * 0.3, base - tall * 0.66), (x + half * 0.45, base - tall * 0.58),
                              (x + half, base), (x + half * 0.2, base), (x + half * 0.05, base - tall * 0.3),
                              (x + half * 0.16, base - tall * 0.5), (x - half * 0.02, base - tall * 0.7)]))  # fmt: skip
        if snow and tall > height * 0.55:
            caps.append(
                polygon(
                    [
                        (x, top),
                        (x + half * 0.2, base - tall * 0.77),
                        (x + half * 0.1, base - tall * 0.7),
                        (x + half * 0.04, base - tall * 0.76),
                        (x - half * 0.06, base - tall * 0.66),
                        (x - half * 0.13, base - tall * 0.74),
                        (x - half * 0.24, base - tall * 0.69),
                    ]
                )
            )
        paint = canvas.vertical(
            top, base, canvas.far(colour, fade), canvas.far(lighten(colour, 0.04), min(1, fade + 0.3))
        )
        canvas.path(body.pop(), paint)
        canvas.path(shade.pop(), canvas.far(lighten(colour, -0.1), fade), fill_opacity=0.55)
        if caps:
            canvas.path(caps.pop(), canvas.far("#ffffff", fade * 0.6))
    canvas.glow(canvas.width / 2, base, max(canvas.width, unit) * 0.7, canvas.sky.low, 0.35, flat=0.12)


def fence(canvas: Canvas, y: float, height: float, colour: str, gap: float) -> None:
    """A picket fence over the whole width."""
    posts = []
    x = -gap / 2
    while x < canvas.width + gap:
        posts.append(
            f"M{x:.1f} {y:.1f}v{-height * 0.86:.1f}l{gap * 0.24:.1f} {-height * 0.14:.1f}"
            f"l{gap * 0.24:.1f} {height * 0.14:.1f}v{height * 0.86:.1f}z"
        )
        x += gap
    rails = box(-5, y - height * 0.36, canvas.width + 10, height * 0.1) + box(
        -5, y - height * 0.72, canvas.width + 10, height * 0.1
    )
    canvas.path(rails, canvas.lit(lighten(colour, -0.09)))
    canvas.path("".join(posts), canvas.lit(colour))


def paint_road(canvas: Canvas, top: float, bottom: float) -> None:
    """Asphalt across the image between two heights, with kerbs and a dashed middle line."""
    unit = canvas.unit
    canvas.rect(-4, top - unit * 0.012, canvas.width + 8, bottom - top + unit * 0.03, canvas.lit("#c9c4b4"))
    canvas.rect(
        -4,
        top,
        canvas.width + 8,
        bottom - top,
        canvas.vertical(top, bottom, canvas.lit("#6f757d"), canvas.lit("#565b63")),
    )
    canvas.rect(-4, top + unit * 0.01, canvas.width + 8, unit * 0.006, canvas.lit("#eceae2"))
    canvas.rect(-4, bottom - unit * 0.018, canvas.width + 8, unit * 0.008, canvas.lit("#eceae2"))
    middle, dash = top + (bottom - top) * 0.46, unit * 0.11
    x = -dash * canvas.rng.random()
    data = []
    while x < canvas.width:
        data.append(
            polygon(
                [
                    (x, middle),
                    (x + dash * 0.55, middle),
                    (x + dash * 0.52, middle + unit * 0.012),
                    (x - dash * 0.03, middle + unit * 0.012),
                ]
            )
        )
        x += dash
    canvas.path("".join(data), canvas.lit("#f3dc7a"))
