"""Prepares images to train on; what exists already is kept, so that an interrupted run resumes."""

from __future__ import annotations

import colorsys
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from spectacle.errors import GeneratorError
from spectacle.svg import Rasteriser, clean_svg

TEST_PICTURES = 48
"""How many synthetic images there are by default."""

PictureProgress = Callable[[int, int], None]
"""Called with how many of how many images are ready."""


def make_test(
    into: Path, progress: PictureProgress, *, count: int = TEST_PICTURES, size: int = 256, seed: int = 0
) -> int:
    """Make synthetic images: flat shapes, gradients, soft blobs, stripes and rings.

    Args:
        into: Directory for `test-NNNN.png`.
        progress: Called after each image.
        count: How many there shall be.
        size: Width and height in pixels.
        seed: Seed of what they show; each image depends on it and its number alone.

    Returns:
        How many were made.
    """
    into.mkdir(parents=True, exist_ok=True)
    made = 0
    for number in range(count):
        path = into / f"test-{number:04}.png"
        if not path.exists():
            write_picture(path, _synthetic(np.random.default_rng((seed, number)), size))
            made += 1
        progress(number + 1, count)
    return made


def make_icons(
    source: Path, into: Path, progress: PictureProgress, rasteriser: Rasteriser, *, size: int = 256
) -> tuple[int, list[str]]:
    """Render the SVG icons of a directory, such as a copy of the Tabler icons, black on white.

    Args:
        source: Directory with SVG files, also in directories within it.
        into: Directory for the images, in directories as those of `source`. One that is newer than its icon is kept.
        progress: Called after each icon.
        rasteriser: Renders them.
        size: Width and height in pixels.

    Returns:
        How many were made, and those that could not be rendered, with the reason.

    Raises:
        GeneratorError: When there are no icons.
    """
    icons = sorted(path for path in source.rglob("*.svg") if path.is_file())
    if not icons:
        raise GeneratorError(
            f"{source}: contains no SVG files. Use a directory with icons, such as `icons` of @tabler/icons."
        )
    made, failed = 0, []
    for number, icon in enumerate(icons, 1):
        path = into / icon.relative_to(source).with_suffix(".png")
        if not path.exists() or path.stat().st_mtime_ns < icon.stat().st_mtime_ns:
            try:
                drawing = clean_svg(icon.read_text(encoding="utf-8"), width=size, height=size)
                drawn = rasteriser.render(drawing, size, size)
            except (GeneratorError, UnicodeDecodeError, OSError) as error:
                failed.append(f"{icon}: {error.message if isinstance(error, GeneratorError) else error}")
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                write_picture(path, Image.alpha_composite(Image.new("RGBA", drawn.size, "white"), drawn).convert("RGB"))
                made += 1
        progress(number, len(icons))
    return made, failed


def write_picture(path: Path, picture: Image.Image) -> None:
    """Write a PNG that is there completely or not at all."""
    temporary = path.with_name(f".{path.name}.writing")
    try:
        picture.save(temporary, "PNG")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _synthetic(random: np.random.Generator, size: int) -> Image.Image:
    # Rendered twice as large and made smaller, for smooth edges.
    ground = random.choice(["flat", "gradient", "stripes"])
    picture = _ground(random, 2 * size, str(ground))
    draw = ImageDraw.Draw(picture)
    for _ in range(random.integers(3, 12)):
        _shape(random, draw, 2 * size)
    if random.random() < 0.3:
        picture = picture.filter(ImageFilter.GaussianBlur(size * random.uniform(0.005, 0.03)))
    return picture.resize((size, size), Image.Resampling.LANCZOS)


def _ground(random: np.random.Generator, size: int, kind: str) -> Image.Image:
    first, second = np.array(_colour(random)), np.array(_colour(random))
    if kind == "flat":
        return Image.new("RGB", (size, size), tuple(first.tolist()))
    y, x = np.mgrid[:size, :size] / size
    angle = random.uniform(0, math.tau)
    along = x * math.cos(angle) + y * math.sin(angle)
    if kind == "stripes":
        share = (np.sin(along * random.uniform(20, 90)) > 0).astype(float)
    else:
        share = (along - along.min()) / (along.max() - along.min())
    pixels = first + (second - first) * share[..., None]
    return Image.fromarray(pixels.round().astype(np.uint8))


def _shape(random: np.random.Generator, draw: ImageDraw.ImageDraw, size: int) -> None:
    x, y = random.uniform(0, size, 2)
    radius = size * random.uniform(0.04, 0.3)
    colour = _colour(random)
    kind = random.choice(["disc", "ring", "box", "polygon", "star"])
    box = (x - radius, y - radius * random.uniform(0.4, 1), x + radius, y + radius * random.uniform(0.4, 1))
    if kind == "disc":
        draw.ellipse(box, fill=colour)
    elif kind == "ring":
        draw.ellipse(box, outline=colour, width=max(2, int(radius * random.uniform(0.1, 0.5))))
    elif kind == "box":
        draw.rounded_rectangle(box, radius=radius * random.uniform(0, 0.4), fill=colour)
    else:
        corners = int(random.integers(3, 9))
        turn = random.uniform(0, math.tau)
        inner, count = (random.uniform(0.3, 0.7), 2 * corners) if kind == "star" else (1.0, corners)
        radii = [radius * (inner if corner % 2 else 1) for corner in range(count)]
        angles = [turn + math.tau * corner / count for corner in range(count)]
        points = [(x + r * math.cos(angle), y + r * math.sin(angle)) for r, angle in zip(radii, angles, strict=True)]
        draw.polygon(points, fill=colour)


def _colour(random: np.random.Generator) -> tuple[int, int, int]:
    hue, saturation, value = random.uniform(0, 1), random.uniform(0.1, 1), random.uniform(0.2, 1)
    red, green, blue = (round(255 * part) for part in colorsys.hsv_to_rgb(hue, saturation, value))
    return red, green, blue
