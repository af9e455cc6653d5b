"""Builds `spectacle/generators/illustration/art/maps.bin`, the outlines of countries and of the world.

    python scripts/build_maps.py

It needs `npm`. The outlines are Natural Earth's (public domain) as the npm package `world-atlas` has them (ISC, whose
text is put beside them); borders are those that hold on the ground. Each country is scaled by the cosine of its middle
latitude, and parts far from its main land or far smaller than it are left out.

The file is JSON compressed with zlib: name in lower case to `[width, height, path data]`, the larger side 1000 units.
"""

# ruff: noqa: E501 - tables read best with one thing to a line, however long

from __future__ import annotations

import itertools
import json
import math
import zlib
from pathlib import Path
from typing import Any

from art.sources import Packages

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "spectacle" / "generators" / "illustration" / "art"
SIMPLE = 0.05
"""Detail left out, in degrees, for a country ten degrees wide."""
LEAST = 0.004
"""Parts with a smaller share of the main land are left out."""
OTHER_NAMES = {
    "united states of america": "usa, united states, us, america, the us", "united kingdom": "uk, great britain, britain",
    "dem. rep. congo": "democratic republic of the congo", "dominican rep.": "dominican republic", "czechia": "czech republic",
    "bosnia and herz.": "bosnia and herzegovina, bosnia", "central african rep.": "central african republic", "s. sudan": "south sudan",
    "côte d'ivoire": "ivory coast", "myanmar": "burma", "netherlands": "holland", "macedonia": "north macedonia", "eq. guinea": "equatorial guinea",
    "w. sahara": "western sahara", "turkey": "türkiye", "eswatini": "swaziland", "solomon is.": "solomon islands", "united arab emirates": "uae, emirates",
}  # fmt: skip
Ring = list[tuple[float, float]]


def arcs_of(data: dict[str, Any]) -> list[Ring]:
    """The arcs in degrees: they come as differences of whole numbers."""
    (kx, ky), (dx, dy) = data["transform"]["scale"], data["transform"]["translate"]
    arcs = []
    for arc in data["arcs"]:
        x = y = 0
        points = []
        for step in arc:
            x, y = x + step[0], y + step[1]
            points.append((x * kx + dx, y * ky + dy))
        arcs.append(points)
    return arcs


def rings_of(geometry: dict[str, Any], arcs: list[Ring]) -> list[Ring]:
    """The outer rings of a country; lakes are left out."""
    parts = geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]
    rings = []
    for part in parts:
        ring: Ring = []
        for number in part[0]:
            points = arcs[number] if number >= 0 else list(reversed(arcs[~number]))
            ring += points if not ring else points[1:]
        rings.append(unwrapped(ring))
    return rings


def unwrapped(ring: Ring) -> Ring:
    """The ring without jumps where it crosses the date line."""
    out = [ring[0]]
    for x, y in ring[1:]:
        out.append((x - 360 * round((x - out[-1][0]) / 360), y))
    if middle(out)[0] < -180 or (min(x for x, _ in out) < -180.1 and middle(out)[0] < -100):
        out = [(x + 360, y) for x, y in out]
    return out


def area(ring: Ring) -> float:
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, ring[1:] + ring[:1], strict=True))) / 2


def middle(ring: Ring) -> tuple[float, float]:
    return sum(x for x, _ in ring) / len(ring), sum(y for _, y in ring) / len(ring)


def simplified(ring: Ring, tolerance: float) -> Ring:
    """The ring with fewer points: Douglas and Peucker's way."""
    if len(ring) < 5:
        return ring
    keep = {0, len(ring) - 1}
    stack = [(0, len(ring) // 2), (len(ring) // 2, len(ring) - 1)]
    keep.add(len(ring) // 2)
    while stack:
        first, last = stack.pop()
        (x1, y1), (x2, y2) = ring[first], ring[last]
        length = math.hypot(x2 - x1, y2 - y1) or 1e-9
        best, farthest = 0.0, first
        for index in range(first + 1, last):
            x, y = ring[index]
            apart = abs((x2 - x1) * (y1 - y) - (x1 - x) * (y2 - y1)) / length
            if apart > best:
                best, farthest = apart, index
        if best > tolerance:
            keep.add(farthest)
            stack += [(first, farthest), (farthest, last)]
    return [ring[index] for index in sorted(keep)]


def drawn(rings: list[Ring], everything: bool) -> list[Any]:
    """Width, height and path of the rings that belong to the main land."""
    main = max(rings, key=area)
    centre = middle(main)
    reach = max(8.0, 1.1 * math.sqrt(area(main)) * 1.6)
    kept = []
    for ring in rings:
        x, y = middle(ring)
        turns = 0 if everything else round((x - centre[0]) / 360)
        moved, x = [(a - 360 * turns, b) for a, b in ring], x - 360 * turns
        near = math.hypot(x - centre[0], y - centre[1]) < reach + math.sqrt(area(ring))
        if (everything and area(ring) > 1.5 and y > -60) or (
            not everything and near and area(ring) >= LEAST * area(main)
        ):
            kept.append(moved)
    squeeze = 1.0 if everything else math.cos(math.radians(centre[1]))
    flat = [[(x * squeeze, -y) for x, y in ring] for ring in kept]
    left, top = min(x for ring in flat for x, _ in ring), min(y for ring in flat for _, y in ring)
    wide, tall = max(x for ring in flat for x, _ in ring) - left, max(y for ring in flat for _, y in ring) - top
    scale = 1000 / max(wide, tall)
    tolerance = 1.1 if everything else SIMPLE * max(wide, tall) / 10 * 0.5
    parts = []
    for ring in flat:
        points = [(round((x - left) * scale), round((y - top) * scale)) for x, y in simplified(ring, tolerance)]
        steps = "".join(f"l{b[0] - a[0]} {b[1] - a[1]}" for a, b in itertools.pairwise(points) if a != b)
        if steps:
            parts.append(f"M{points[0][0]} {points[0][1]}{steps.replace(' -', '-')}z")
    return [round(wide * scale), round(tall * scale), "".join(parts)]


def main() -> None:
    folder = Packages(ROOT / ".art-cache").npm("world-atlas")
    data = json.loads((folder / "countries-50m.json").read_text())
    arcs = arcs_of(data)
    maps: dict[str, list[Any]] = {}
    for geometry in data["objects"]["countries"]["geometries"]:
        if geometry.get("arcs"):
            name = geometry["properties"]["name"].lower()
            maps[name] = drawn(rings_of(geometry, arcs), everything=False)
    world = json.loads((folder / "land-110m.json").read_text())
    pieces = [
        ring for geometry in world["objects"]["land"]["geometries"] for ring in rings_of(geometry, arcs_of(world))
    ]
    maps["world"] = drawn(pieces, everything=True)
    aliases = {
        other.strip(): name for name, others in OTHER_NAMES.items() if name in maps for other in others.split(",")
    }
    text = json.dumps({"maps": maps, "aliases": aliases}, ensure_ascii=False, separators=(",", ":"))
    packed = zlib.compress(text.encode(), 9)
    (TARGET / "maps.bin").write_bytes(packed)
    (TARGET / "LICENSE-world-atlas.txt").write_bytes((folder / "LICENSE").read_bytes())
    print(f"{len(maps)} maps, {len(aliases)} further names, {len(packed)} bytes")


if __name__ == "__main__":
    main()
