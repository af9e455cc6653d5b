"""Compares soft shadows and glows of shapes of many forms, as they are traced, with VTracer's.

make benchmarks
python benchmarks/shades.py                               # 60 images; about three minutes on two cores
python benchmarks/shades.py --only heart ring --sheet shades.png

Each image is a shape on a page, below it its blurred form: a shadow that is moved on light pages, a glow on dark ones.
VTracer's is the drawing of the smaller error of its defaults and of its finest settings. Bands are neighbours that
differ by over 2.5/255 more or less than in the image, among those that differ in it by less than 6/255. Medians of each
form; seconds are of CPU time.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path
from statistics import median

import cairosvg
import numpy as np
from icons import DEFAULTS, FINEST, PATHS, STEPS
from PIL import Image
from scipy import ndimage
from vector import Measured, judged, spectacle_svg, vtracer_svg

SIDE = 220
FORMS = {
    "heart": '<path d="M110 180C60 140 30 110 30 78C30 50 50 36 70 36C88 36 102 46 110 60C118 46 132 36 150 36C170 36 '
    '190 50 190 78C190 110 160 140 110 180z"/>',
    "star": '<path d="M110 24L133 82L196 86L147 126L163 187L110 153L57 187L73 126L24 86L87 82z"/>',
    "corner": '<path d="M48 40H98V122H176V172H48z"/>',
    "ring": '<path fill-rule="evenodd" d="M110 30A80 80 0 1 0 110 190A80 80 0 1 0 110 30zM110 68A42 42 0 1 1 110 152'
    'A42 42 0 1 1 110 68z"/>',
    "cloud": '<path d="M70 160A36 36 0 0 1 62 90A50 50 0 0 1 158 84A39 39 0 0 1 160 160z"/>',
    "letters": '<g fill="none" stroke="#000" stroke-width="15"><path d="M28 140V80A22 22 0 0 1 72 80V140z"/>'
    '<path d="M96 58V140H130"/><path d="M150 140L172 62L194 140M158 114H186"/></g>',
}
PAGES = (
    # page, shape, shade, its deviation in pixels and its strength, and whether it is a glow
    ("#ffffff", "#d92645", "#000000", 6.0, 0.5, False),
    ("#ede6d6", "#2f7d6d", "#3a1400", 9.0, 0.6, False),
    ("#c7d6f2", "#e0a11b", "#0a0a32", 12.0, 0.6, False),
    ("#0d0d1f", "#fff2fa", "#ff33cc", 7.0, 1.4, True),
    ("#000000", "#f0ffff", "#1ae6ff", 10.0, 1.2, True),
    ("#33265f", "#fff7d6", "#ffbf1a", 8.0, 1.3, True),
    ("#ffffff", "#3c4ad9", "#14143c", 16.0, 0.7, False),
    ("#123524", "#eaffdd", "#33ff4d", 13.0, 1.5, True),
    ("", "#d92645", "#000000", 8.0, 0.6, False),
    ("", "#fff2fa", "#ff33cc", 9.0, 1.2, True),
)
_MOVED = (8, 5)


def covered(form: str) -> np.ndarray:
    """(height, width), how much of each pixel a form covers."""
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="{SIDE}" height="{SIDE}">{FORMS[form]}</svg>'
    return np.asarray(Image.open(io.BytesIO(cairosvg.svg2png(svg.encode()))), float)[..., 3] / 255


def colour(code: str) -> np.ndarray:
    return np.array([int(code[place : place + 2], 16) / 255 for place in (1, 3, 5)])


def shaded(form: str, page: str, own: str, shade: str, deviation: float, strength: float, glows: bool) -> Image.Image:
    """A form with its shadow or its glow, on a page or, without one, on nothing."""
    shape = covered(form)
    below = shape if glows else ndimage.shift(shape, _MOVED, order=1)
    soft = (strength * ndimage.gaussian_filter(below, deviation, mode="constant")).clip(0, 0.97)
    alpha = shape + soft * (1 - shape) if not page else np.ones_like(shape)
    pixels = (1 - soft)[..., None] * colour(page) if page else np.zeros((SIDE, SIDE, 3))
    pixels = pixels + soft[..., None] * colour(shade)
    pixels = (1 - shape)[..., None] * pixels + shape[..., None] * colour(own)
    straight = pixels / np.maximum(alpha, 1e-6)[..., None]
    channels = np.dstack([straight, alpha]) if not page else straight
    return Image.fromarray((channels.clip(0, 1) * 255).round().astype(np.uint8))


def on_white(image: Image.Image) -> Image.Image:
    white = Image.new("RGBA", image.size, "white")
    white.alpha_composite(image.convert("RGBA"))
    return white.convert("RGB")


def bands(svg: str, image: Image.Image) -> float:
    """The share of smooth neighbours whose difference is another, on white."""
    raw = cairosvg.svg2png(svg.encode(), background_color="white")
    drawn, wanted = (np.asarray(side.convert("RGB"), float) / 255 for side in (Image.open(io.BytesIO(raw)), image))
    off = smooth = 0
    for axis in (0, 1):
        ours, right = np.diff(drawn, axis=axis), np.diff(wanted, axis=axis)
        even = np.abs(right).max(axis=2) < 6 / 255
        off += int((even & (np.abs(ours - right).max(axis=2) > 2.5 / 255)).sum())
        smooth += int(even.sum())
    return off / smooth


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", choices=list(FORMS), default=list(FORMS))
    parser.add_argument("--sheet", type=Path, help="Where to save the images with Spectacle's drawings below them.")
    options = parser.parse_args()
    print("| form | paths: Spectacle | VTracer | nodes | VTracer | error, of VTracer's | bands | VTracer | CPU s |")
    print("|---|---|---|---|---|---|---|---|---|")
    rows: list[Image.Image] = []
    for form in options.only:
        found, seen = [], []
        for setting in PAGES:
            image = shaded(form, *setting)
            drawn, seconds = spectacle_svg(image, PATHS, STEPS)
            white = on_white(image)
            ours = judged(Measured(drawn, seconds, 0), white)
            tries = (judged(Measured(vtracer_svg(image, *one)[0], 0, 0), white) for one in (DEFAULTS, FINEST))
            theirs = min(tries, key=lambda result: result.mse)
            found.append((ours.paths, theirs.paths, ours.nodes, theirs.nodes, ours.mse / theirs.mse))
            seen.append((bands(ours.svg, white), bands(theirs.svg, white), seconds))
            raw = cairosvg.svg2png(ours.svg.encode(), background_color="white")
            rows += [white.convert("RGBA"), Image.open(io.BytesIO(raw)).convert("RGBA")]
        paths, their_paths, nodes, their_nodes, error = (median(column) for column in zip(*found, strict=True))
        own_bands, their_bands, time = (median(column) for column in zip(*seen, strict=True))
        print(
            f"| {form} | {paths:.0f} | {their_paths:.0f} | {nodes:.0f} | {their_nodes:.0f} | {error:.3f} "
            f"| {100 * own_bands:.2f} % | {100 * their_bands:.2f} % | {time:.1f} |",
            flush=True,
        )
    if options.sheet:
        sheet = Image.new("RGB", (len(PAGES) * SIDE, 2 * len(options.only) * SIDE), "#888")
        for number, tile in enumerate(rows):
            row, column = divmod(number // 2, len(PAGES))
            place = column * SIDE, (2 * row + number % 2) * SIDE
            sheet.paste(tile, place, tile)
        sheet.save(options.sheet)


if __name__ == "__main__":
    main()
