"""Compares Spectacle's vectoriser with VTracer, AutoTrace and Potrace on pictures that come with Python packages.

make benchmarks
python benchmarks/vector.py                         # all pictures; about half an hour on two cores
python benchmarks/vector.py --only astronaut --paths 64 256
python benchmarks/vector.py --sheet sheet.jpg       # and the pictures side by side

Every contestant's drawing is rasterised by CairoSVG on white and compared with the picture, which is made to fit
512 x 512 pixels first. VTracer writes two decimals, and the best of 48 settings counts: once with about as many paths,
once with about as many gzipped bytes. GMSD is the deviation of the similarity of gradient magnitudes (Xue, 2014),
0 for images that look the same. Nodes are segments of paths; crossing is the share of outlines that cross themselves.
KiB are gzipped.

Every run is a process of its own; seconds are of CPU time, without imports and compilation.
"""

from __future__ import annotations

import argparse
import gzip
import io
import itertools
import multiprocessing
import os
import re
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import cairosvg
import numpy as np
from picosvg.svg_types import SVGPath
from PIL import Image
from scipy import ndimage

SIZE = 512
PATHS = (64, 256, 1000, 4000)
BUDGETS = (50, 300)
PHOTOGRAPHS = ("astronaut", "chelsea", "coffee", "rocket", "china.jpg", "flower.jpg")
DRAWINGS = ("logo", "horse", "phantom", "page", "text")
BILEVEL = ("horse",)
SPECKLES = (1, 2, 4, 8, 13, 20, 40, 80)
LAYER_DIFFERENCES = (8, 16, 48)
COLOUR_PRECISIONS = (6, 8)
COLOUR_COUNTS = (4, 8, 16, 32, 64, 128, 256)
NEAR = 1.15
FLATTENED = 4
"""Straight parts of each curve between which crossings are looked for."""


@dataclass(frozen=True)
class Measured:
    """One drawing and what it took."""

    svg: str
    seconds: float
    peak_mib: float
    paths: int = 0
    mse: float = 0.0
    psnr: float = 0.0
    ssim: float = 0.0
    gmsd: float = 0.0
    nodes: int = 0
    crossing: float = 0.0

    @property
    def zipped(self) -> int:
        """Bytes of the drawing as a server sends it."""
        return len(gzip.compress(self.svg.encode()))


def picture(name: str) -> Image.Image:
    """A picture of scikit-image or scikit-learn, RGB on white, at most 512 pixels wide and high."""
    if name.endswith(".jpg"):
        from sklearn.datasets import load_sample_image

        opened = Image.fromarray(load_sample_image(name))
    else:
        import skimage

        folder = Path(skimage.__file__).parent / "data"
        opened = Image.open(next(folder.glob(f"{name}.*")))
    white = Image.new("RGBA", opened.size, "white")
    white.alpha_composite(opened.convert("RGBA"))
    white.thumbnail((SIZE, SIZE), Image.Resampling.LANCZOS)
    return white.convert("RGB")


def spectacle_svg(image: Image.Image, paths: int, iterations: int) -> tuple[str, float]:
    from spectacle.generators.supersvg.tracing.settings import VectoriseSettings
    from spectacle.generators.supersvg.tracing.vectorise import vectorise

    warm = VectoriseSettings(max_paths=8, num_iterations=4)
    vectorise(image.resize((64, 64)), warm, lambda step, steps, error: None)
    begun = time.process_time()
    settings = VectoriseSettings(max_paths=paths, num_iterations=iterations)
    drawn = vectorise(image, settings, lambda step, steps, error: None)
    return drawn.svg, time.process_time() - begun


def vtracer_svg(image: Image.Image, speckle: int, layer_difference: int, colour_precision: int) -> tuple[str, float]:
    import vtracer

    raw = io.BytesIO()
    image.save(raw, "PNG")
    begun = time.process_time()
    svg = vtracer.convert_raw_image_to_svg(
        raw.getvalue(),
        img_format="png",
        filter_speckle=speckle,
        layer_difference=layer_difference,
        color_precision=colour_precision,
        path_precision=2,
    )
    return svg, time.process_time() - begun


def autotrace_svg(image: Image.Image, colours: int) -> tuple[str, float]:
    from autotrace import Bitmap, VectorFormat

    begun = time.process_time()
    vector = Bitmap(np.asarray(image)).trace(color_count=colours)
    svg = vector.encode(VectorFormat.SVG)
    return svg.decode() if isinstance(svg, bytes) else svg, time.process_time() - begun


def potrace_svg(image: Image.Image) -> tuple[str, float]:
    import potrace

    begun = time.process_time()
    light = np.asarray(image.convert("L")) >= 128  # potracer takes what is false for ink
    data = []
    for curve in potrace.Bitmap(light).trace():
        parts = [f"M{curve.start_point.x:.1f} {curve.start_point.y:.1f}"]
        for segment in curve.segments:
            if segment.is_corner:
                parts.append(f"L{segment.c.x:.1f} {segment.c.y:.1f}")
            else:
                parts.append(f"C{segment.c1.x:.1f} {segment.c1.y:.1f} {segment.c2.x:.1f} {segment.c2.y:.1f}")
            end = f"{segment.end_point.x:.1f} {segment.end_point.y:.1f}"
            parts.append(f"L{end}" if segment.is_corner else f" {end}")
        data.append("".join(parts) + "z")
    size = f'width="{image.width}" height="{image.height}"'
    body = f'<path fill-rule="evenodd" d="{"".join(data)}"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{body}</svg>', time.process_time() - begun


def _child(work: Callable[..., tuple[str, float]], arguments: tuple[object, ...], pipe: object) -> None:
    svg, seconds = work(*arguments)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    pipe.send(Measured(svg, seconds, peak))  # type: ignore[attr-defined]


def measured(image: Image.Image, work: Callable[..., tuple[str, float]], *arguments: object) -> Measured:
    """Run a contestant in a process of its own and judge its drawing."""
    context = multiprocessing.get_context("spawn")
    receive, send = context.Pipe(duplex=False)
    child = context.Process(target=_child, args=(work, (image, *arguments), send))
    child.start()
    send.close()
    result: Measured = receive.recv()
    child.join()
    return judged(result, image)


def judged(result: Measured, image: Image.Image) -> Measured:
    from spectacle.generators.supersvg.tracing.metrics import compare

    drawn, wanted = (np.asarray(side, np.float32) / 255 for side in (rasterised(result.svg, image), image))
    mse, psnr, ssim = compare(drawn, wanted)
    paths = len(re.findall(r"<(?:path|rect|polygon)\b", result.svg))
    nodes, crossing = outlines(result.svg)
    return replace(
        result, paths=paths, mse=mse, psnr=psnr, ssim=ssim, gmsd=gmsd(drawn, wanted), nodes=nodes, crossing=crossing
    )


def gmsd(one: np.ndarray, other: np.ndarray) -> float:
    """Gradient magnitude similarity deviation of two images, by Prewitt's filter on half the size."""
    sizes = []
    for side in (one, other):
        grey = side.mean(axis=2)[: side.shape[0] // 2 * 2, : side.shape[1] // 2 * 2]
        half = grey.reshape(grey.shape[0] // 2, 2, -1, 2).mean(axis=(1, 3))
        sizes.append(np.hypot(ndimage.prewitt(half, 0) / 3, ndimage.prewitt(half, 1) / 3))
    constant = 170 / 255**2
    likeness = (2 * sizes[0] * sizes[1] + constant) / (sizes[0] ** 2 + sizes[1] ** 2 + constant)
    return float(likeness.std())


def outlines(svg: str) -> tuple[int, float]:
    """How many segments a drawing's paths have, and which share of their outlines crosses itself."""
    nodes = crossed = count = 0
    for data in re.findall(r'\sd="([^"]*)"', svg):
        places: list[tuple[float, float]] = []
        contours = []
        for command, numbers in SVGPath(d=data).absolute(inplace=True).expand_shorthand(inplace=True):
            if command == "M":
                places = [(numbers[0], numbers[1])]
                contours.append(places)
                continue
            nodes += command != "Z"
            points = np.array([places[-1], *np.reshape(numbers, (-1, 2))]) if command in "LCQ" else None
            if points is None:
                last = places[-1]
                places += (
                    [(numbers[0], last[1])] if command == "H" else [(last[0], numbers[0])] if command == "V" else []
                )
                continue
            for place in np.linspace(0, 1, FLATTENED + 1)[1:]:
                row = points
                while len(row) > 1:
                    row = row[:-1] + (row[1:] - row[:-1]) * place
                places.append((float(row[0, 0]), float(row[0, 1])))
        for contour in contours:
            if len(contour) > 2:
                count += 1
                crossed += crosses_itself(np.array(contour))
    return nodes, crossed / max(count, 1)


def rasterised(svg: str, image: Image.Image) -> Image.Image:
    raw = cairosvg.svg2png(svg.encode(), output_width=image.width, output_height=image.height, background_color="white")
    return Image.open(io.BytesIO(raw)).convert("RGB")


def drawings_of(
    image: Image.Image, work: Callable[..., tuple[str, float]], settings: list[tuple[int, ...]]
) -> list[tuple[tuple[int, ...], Measured]]:
    """A contestant's drawings with some settings, of which only the SVG is known."""
    return [(setting, Measured(work(image, *setting)[0], 0, 0)) for setting in settings]


def as_many(drawings: list[tuple[tuple[int, ...], Measured]], image: Image.Image, wanted: int) -> tuple[int, ...]:
    """The settings of the best drawing with about so many paths, otherwise of the one with the nearest number."""
    counted = [(len(re.findall(r"<path\b", drawing.svg)), setting, drawing) for setting, drawing in drawings]
    near = [entry for entry in counted if wanted / NEAR <= entry[0] <= wanted * NEAR]
    near = near or [min(counted, key=lambda entry: abs(np.log(max(entry[0], 1) / wanted)))]
    return min(near, key=lambda entry: judged(entry[2], image).mse)[1]


def as_large(drawings: list[tuple[tuple[int, ...], Measured]], image: Image.Image, wanted: int) -> tuple[int, ...]:
    """The settings of the best drawing with at most about so many gzipped bytes, otherwise of the smallest."""
    small = [entry for entry in drawings if entry[1].zipped <= NEAR * wanted]
    small = small or [min(drawings, key=lambda entry: entry[1].zipped)]
    return min(small, key=lambda entry: judged(entry[1], image).mse)[0]


def crosses_itself(contour: np.ndarray) -> bool:
    """Whether two sides of a closed polygon (n, 2) that do not follow each other cross."""
    closed = contour if np.array_equal(contour[0], contour[-1]) else np.concatenate([contour, contour[:1]])
    begin, way = closed[:-1], np.diff(closed, axis=0)
    for number in range(len(begin) - 2):
        others = slice(number + 2, len(begin) - (number == 0))
        between = begin[others] - begin[number]
        cross = way[number, 0] * way[others, 1] - way[number, 1] * way[others, 0]
        safe = np.where(cross == 0, np.inf, cross)
        here = (between[:, 0] * way[others, 1] - between[:, 1] * way[others, 0]) / safe
        there = (between[:, 0] * way[number, 1] - between[:, 1] * way[number, 0]) / safe
        if ((cross != 0) & (here > 0) & (here < 1) & (there > 0) & (there < 1)).any():
            return True
    return False


def row(name: str, contestant: str, wanted: int | str, result: Measured) -> None:
    kib = result.zipped / 1024
    print(
        f"| {name} | {wanted} | {contestant} | {result.paths} | {result.mse:.5f} | {result.psnr:.1f} "
        f"| {result.ssim:.3f} | {result.gmsd:.3f} | {result.nodes} | {100 * result.crossing:.0f} % "
        f"| {kib:.1f} | {result.seconds:.1f} | {result.peak_mib:.0f} |",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", default=[*PHOTOGRAPHS, *DRAWINGS])
    parser.add_argument("--paths", nargs="*", type=int, default=list(PATHS))
    parser.add_argument("--iterations", nargs="*", type=int, default=list(BUDGETS))
    parser.add_argument("--sheet", type=Path, help="Where to save the pictures side by side.")
    options = parser.parse_args()
    rows = []
    print("| picture | asked | by | paths | MSE | PSNR | SSIM | GMSD | nodes | crossing | KiB | CPU s | peak MiB |")
    print("|---|---|---|---|---|---|---|---|---|---|---|---|---|")
    for name in options.only:
        image = picture(name)
        settings = list(itertools.product(SPECKLES, LAYER_DIFFERENCES, COLOUR_PRECISIONS))
        by_vtracer = drawings_of(image, vtracer_svg, settings)
        by_autotrace = drawings_of(image, autotrace_svg, [(count,) for count in COLOUR_COUNTS])
        for count in options.paths:
            ours = [measured(image, spectacle_svg, count, steps) for steps in options.iterations]
            for steps, result in zip(options.iterations, ours, strict=True):
                row(name, f"Spectacle, {steps} steps", count, result)
            vtraced = measured(image, vtracer_svg, *as_many(by_vtracer, image, count))
            row(name, "VTracer, as many paths", count, vtraced)
            same = measured(image, vtracer_svg, *as_large(by_vtracer, image, ours[-1].zipped))
            row(name, "VTracer, as many bytes", count, same)
            autotraced = measured(image, autotrace_svg, *as_many(by_autotrace, image, count))
            if abs(np.log(autotraced.paths / count)) < np.log(2):
                row(name, "AutoTrace", count, autotraced)
            rows.append((name, count, image, vtraced, ours[-1]))
        if name in BILEVEL:
            row(name, "Potrace", "any", measured(image, potrace_svg))
    if options.sheet:
        sheet(rows).save(options.sheet, quality=88)


def sheet(rows: list[tuple[str, int, Image.Image, Measured, Measured]]) -> Image.Image:
    """Picture, VTracer's drawing and Spectacle's, one row each."""
    cells = [[image, rasterised(theirs.svg, image), rasterised(ours.svg, image)] for _, _, image, theirs, ours in rows]
    heights = [max(cell.height for cell in line) + 8 for line in cells]
    whole = Image.new("RGB", (3 * (SIZE + 8) - 8, sum(heights) - 8), "white")
    top = 0
    for line, height in zip(cells, heights, strict=True):
        for number, cell in enumerate(line):
            whole.paste(cell, (number * (SIZE + 8), top))
        top += height
    return whole


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "2")
    sys.exit(main())
