"""What can be measured of a drawing by looking at it: where its ink is, what it stands on, which colours it has."""

from __future__ import annotations

import colorsys
import io
import re
from dataclasses import dataclass

import cairosvg
import numpy as np
from PIL import Image

SIDE = 128
COLOUR = re.compile(r'(?:fill|stroke|stop-color)="#([0-9a-f]{6}|[0-9a-f]{3})"')


@dataclass(slots=True)
class Facts:
    """Measured facts, in view box units."""

    box: tuple[float, float, float, float]
    foot: tuple[float, float]
    colours: list[tuple[str, float]]


def document(markup: str, size: tuple[float, float]) -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size[0]:g} {size[1]:g}">{markup}</svg>'


def raster(markup: str, size: tuple[float, float], side: int = SIDE) -> np.ndarray:
    """RGBA pixels, the longer side `side` pixels."""
    scale = side / max(size)
    width, height = max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
    png = cairosvg.svg2png(document(markup, size).encode(), output_width=width, output_height=height)
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"))


def extent(markup: str, size: tuple[float, float]) -> tuple[float, float, float, float]:
    """Bounds of all ink, also of what lies outside the view box (by up to half its size): x, y, width, height."""
    margin_x, margin_y = size[0] / 2, size[1] / 2
    moved = f'<g transform="translate({margin_x:g} {margin_y:g})">{markup}</g>'
    pixels = raster(moved, (size[0] * 2, size[1] * 2), 256)
    ink = pixels[..., 3] > 24
    if not ink.any():
        raise ValueError("empty")
    unit = size[0] * 2 / pixels.shape[1]
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    left, top = float(columns[0]) * unit - margin_x, float(rows[0]) * unit - margin_y
    return left, top, (columns[-1] + 1 - columns[0]) * unit, (rows[-1] + 1 - rows[0]) * unit


def written_colours(markup: str) -> list[tuple[int, int, int]]:
    found = []
    for text in dict.fromkeys(COLOUR.findall(markup)):
        full = text if len(text) == 6 else "".join(c * 2 for c in text)
        found.append((int(full[:2], 16), int(full[2:4], 16), int(full[4:], 16)))
    if re.search(r'fill="(black)"', markup) or "<path d=" in markup:
        found.append((0, 0, 0))
    return list(dict.fromkeys(found))


def measure(markup: str, size: tuple[float, float]) -> Facts:
    """Looks at a drawing.

    Raises:
        ValueError: Nothing is to be seen.
    """
    pixels = raster(markup, size)
    ink = pixels[..., 3] > 24
    if ink.sum() < 40:
        raise ValueError("empty")
    unit = size[0] / pixels.shape[1]
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    ground = ink[max(top, bottom - max(2, round((bottom - top) * 0.07))) : bottom]
    touching = np.flatnonzero(ground.any(axis=0))
    box = (left * unit, top * unit, (right - left) * unit, (bottom - top) * unit)
    foot = (touching[0] * unit, (touching[-1] + 1) * unit)
    return Facts(
        box=tuple(round(float(v), 2) for v in box),  # type: ignore[arg-type]
        foot=(round(float(foot[0]), 2), round(float(foot[1]), 2)),
        colours=dominant(pixels, written_colours(markup)),
    )


def dominant(pixels: np.ndarray, written: list[tuple[int, int, int]]) -> list[tuple[str, float]]:
    """The colours as they are written in the markup that cover most of the ink, like ones counted together."""
    solid = pixels[pixels[..., 3] > 200][:, :3].astype(np.int32)
    if not len(solid):
        solid = pixels[pixels[..., 3] > 24][:, :3].astype(np.int32)
    written = written or [(0, 0, 0)]
    palette = np.array(written, dtype=np.int32)
    distance = ((solid[:, None, :] - palette[None]) ** 2).sum(axis=2)
    counts = np.bincount(distance.argmin(axis=1), minlength=len(palette))
    shares: list[list[float]] = []
    heads: list[tuple[int, int, int]] = []
    for index in np.argsort(-counts, kind="stable"):
        if counts[index] == 0:
            break
        rgb = written[index]
        near = next(
            (i for i, h in enumerate(heads) if sum((a - b) ** 2 for a, b in zip(h, rgb, strict=True)) < 900), None
        )
        if near is None:
            heads.append(rgb)
            shares.append([float(counts[index])])
        else:
            shares[near].append(float(counts[index]))
    total = float(counts.sum())
    ranked = sorted(((sum(s) / total, h) for s, h in zip(shares, heads, strict=True)), reverse=True)
    return [("#" + bytes(h).hex(), round(s, 3)) for s, h in ranked[:6] if s >= 0.01]


def upper_edge(markup: str, size: tuple[float, float], box: tuple[float, float, float, float], faces: str) -> float:
    """The highest ink in the middle of a drawing, a little away from where it looks: a mount's back, a table's top."""
    pixels = raster(markup, size)
    unit = size[0] / pixels.shape[1]
    begin = {"left": 0.5, "right": 0.34, "front": 0.42}[faces]
    columns = slice(int((box[0] + box[2] * begin) / unit), max(1, int((box[0] + box[2] * (begin + 0.16)) / unit)))
    ink = pixels[:, columns, 3] > 128
    tops = [np.flatnonzero(column)[0] for column in ink.T if column.any()]
    return round(float(np.median(tops)) * unit, 2) if tops else round(box[1], 2)


SKIN_AND_HAIR = {
    "#ffc83d",
    "#f1a11e",
    "#fdbb11",
    "#d37034",
    "#f59f00",
    "#f3ad61",
    "#fadcbc",
    "#543930",
    "#f9c23c",
    "#ffb02e",
}
GLAZED = {"vehicle", "building", "boat", "aircraft"}
WEIGHTS = {"hue": 1.0, "grey": 0.6, "dark": 0.35}


def body_of(colours: list[tuple[str, float]], category: str, wanted: str | None) -> list[int]:
    """Which of the dominant colours are the body.

    Args:
        colours: Dominant colours with their shares.
        category: Kind of thing; the panes of a vehicle and the skin of a person are not a body.
        wanted: `grey`, `dark`, a hue in degrees or the colours themselves, `#rrggbb` with commas between; None takes
            the family with the largest share, in which greys count for less than hues and near-black for less still.
    """
    if wanted and wanted.startswith("#"):
        return [i for i, (text, _) in enumerate(colours) if text in wanted.split(",")] or [0]
    open_to = {i for i, (text, _) in enumerate(colours) if not kept_as_it_is(text, category)} or set(
        range(len(colours))
    )
    families = [family(text) for text, _ in colours]
    best: list[int] = []
    best_share = 0.0
    for anchor, (kind, hue) in enumerate(families):
        if anchor not in open_to:
            continue
        if wanted in WEIGHTS and wanted != kind:
            continue
        if wanted and wanted not in WEIGHTS and (kind != "hue" or apart(hue, float(wanted)) > 40):
            continue
        members = [
            i for i, (other, angle) in enumerate(families)
            if i in open_to and other == kind and (kind != "hue" or apart(angle, hue) <= 28)
        ]  # fmt: skip
        share = sum(colours[i][1] for i in members) * WEIGHTS[kind]
        if share > best_share:
            best, best_share = members, share
    return best or [0]


def kept_as_it_is(text: str, category: str) -> bool:
    """Whether a colour of a thing of this kind stays when the thing is said to have another colour."""
    if category in ("person", "fantasy") and text in SKIN_AND_HAIR:
        return True
    if category not in GLAZED:
        return False
    red, green, blue = (int(text[i : i + 2], 16) / 255 for i in (1, 3, 5))
    hue, lightness, _ = colorsys.rgb_to_hls(red, green, blue)
    return 175 <= hue * 360 <= 215 and lightness > 0.55


def apart(a: float, b: float) -> float:
    return abs((a - b + 180) % 360 - 180)


def family(text: str) -> tuple[str, float]:
    """`hue` with its angle, `grey` or `dark` for a colour."""
    r, g, b = (int(text[i : i + 2], 16) / 255 for i in (1, 3, 5))
    hue, lightness, _ = colorsys.rgb_to_hls(r, g, b)
    chroma = max(r, g, b) - min(r, g, b)
    if lightness < 0.16 or (lightness < 0.3 and chroma < 0.12):
        return "dark", 0.0
    if chroma < 0.12 or (lightness > 0.93 and chroma < 0.2):
        return "grey", 0.0
    return "hue", hue * 360
