"""Compares the nodes and the error of icons that are traced from images with their sources' and with VTracer's.

make benchmarks
python benchmarks/icons.py                                # 26 icons at two sizes; about four minutes on two cores
python benchmarks/icons.py --only twemoji:fox --sizes 128

The sources are fetched with npm, once: Iconify's packages of icons. Each is rendered by CairoSVG on white, and traced
with default options. VTracer's is the drawing of the smaller error of its defaults and of its finest settings, with two
decimals. Nodes are segments of paths, shapes of the sources counted as paths. Seconds are of CPU time.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import subprocess
import sys
import tarfile
from pathlib import Path
from statistics import median

import cairosvg
from picosvg.svg import SVG
from PIL import Image
from vector import Measured, judged, outlines, spectacle_svg, vtracer_svg

ICONS = (
    *("simple-icons:github", "simple-icons:wikipedia", "simple-icons:spotify", "simple-icons:playstation"),
    *("logos:google-icon", "logos:slack-icon", "logos:firefox", "logos:figma", "logos:docker-icon", "logos:python"),
    *("logos:mastercard", "logos:postgresql", "flagpack:us", "flagpack:za", "twemoji:fox", "twemoji:pizza"),
    *("openmoji:dog-face", "openmoji:rocket", "noto:rocket", "noto:watermelon", "noto:hamburger"),
    *("fluent-emoji-flat:rocket", "tabler:settings", "tabler:brand-github", "devicon:swift", "devicon:react"),
)
SIZES = (128, 512)
PATHS, STEPS = 256, 300
DEFAULTS, FINEST = (4, 16, 6), (1, 8, 8)


def source(icon: str, folder: Path) -> str:
    """The SVG of an icon, `set:name`; its package is fetched into the folder if it is not there."""
    package, name = icon.split(":")
    collection = folder / f"{package}.json"
    if not collection.exists():
        folder.mkdir(parents=True, exist_ok=True)
        pack = ["npm", "pack", "--silent", "--pack-destination", str(folder), f"@iconify-json/{package}"]
        fetched = subprocess.run(pack, check=True, capture_output=True, text=True).stdout.split()[-1]
        with tarfile.open(folder / fetched) as archive:
            member = archive.extractfile("package/icons.json")
            assert member is not None
            collection.write_bytes(member.read())
    icons = json.loads(collection.read_text())
    found = icons["icons"][name]
    width, height = (found.get(side, icons.get(side, 16)) for side in ("width", "height"))
    box = f"{found.get('left', 0)} {found.get('top', 0)} {width} {height}"
    links = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return f'<svg {links} viewBox="{box}" width="{width}" height="{height}">{found["body"]}</svg>'


def nodes_of(svg: str) -> int:
    """How many nodes a source has."""
    return outlines(SVG.fromstring(svg).shapes_to_paths().tostring())[0]


def rendered(svg: str, size: int) -> Image.Image:
    """An icon on white, its longer side of so many pixels."""
    width, height = (float(side) for side in re.findall(r' (?:width|height)="([^"]*)"', svg)[:2])
    scale = size / max(width, height)
    sides = {"output_width": round(width * scale), "output_height": round(height * scale)}
    raw = cairosvg.svg2png(svg.encode(), background_color="white", **sides)
    return Image.open(io.BytesIO(raw)).convert("RGB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", default=list(ICONS))
    parser.add_argument("--sizes", nargs="*", type=int, default=list(SIZES))
    parser.add_argument("--sources", type=Path, default=Path("build/icons"), help="Where the packages are kept.")
    parser.add_argument("--svg", type=Path, help="Where to save Spectacle's drawings.")
    options = parser.parse_args()
    print("| icon | size | nodes: source | Spectacle | VTracer | paths | MSE | VTracer | crossing | CPU s |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    results: dict[int, list[tuple[float, float, float, float]]] = {size: [] for size in options.sizes}
    for icon in options.only:
        svg = source(icon, options.sources)
        nodes = nodes_of(svg)
        for size in options.sizes:
            image = rendered(svg, size)
            drawn, seconds = spectacle_svg(image, PATHS, STEPS)
            ours = judged(Measured(drawn, seconds, 0), image)
            tries = (judged(Measured(vtracer_svg(image, *setting)[0], 0, 0), image) for setting in (DEFAULTS, FINEST))
            theirs = min(tries, key=lambda result: result.mse)
            results[size].append((ours.nodes / nodes, theirs.nodes / nodes, ours.mse / theirs.mse, ours.crossing))
            print(
                f"| {icon} | {size} | {nodes} | {ours.nodes} | {theirs.nodes} | {ours.paths} | {ours.mse:.6f} "
                f"| {theirs.mse:.6f} | {100 * ours.crossing:.0f} % | {seconds:.1f} |",
                flush=True,
            )
            if options.svg:
                options.svg.mkdir(parents=True, exist_ok=True)
                (options.svg / f"{icon.replace(':', '-')}-{size}.svg").write_text(ours.svg)
    for size, rows in results.items():
        own, theirs_, share, crossing = (list(column) for column in zip(*rows, strict=True))
        print(
            f"\n{size} pixels: in the median {median(own):.2f} times the source's nodes, "
            f"VTracer's {median(theirs_):.2f}; error {median(share):.3f} of VTracer's, {max(share):.3f} at most; "
            f"{100 * sum(crossing) / len(crossing):.1f} % of outlines cross themselves"
        )


if __name__ == "__main__":
    sys.exit(main())
