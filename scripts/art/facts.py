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
    ground = ink[max(top, bottom - max(2, round((bottom - top) * 0.05))) : bottom]
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
    return [("#%02x%02x%02x" % h, round(s, 3)) for s, h in ranked[:6] if s >= 0.01]


def upper_edge(markup: str, size: tuple[float, float], box: tuple[float, float, float, float]) -> float:
    """The highest ink a little right of the middle of a drawing, where a left-looking mount has its back."""
    pixels = raster(markup, size)
    unit = size[0] / pixels.shape[1]
    columns = slice(int((box[0] + box[2] * 0.5) / unit), max(1, int((box[0] + box[2] * 0.66) / unit)))
    ink = pixels[:, columns, 3] > 128
    tops = [np.flatnonzero(column)[0] for column in ink.T if column.any()]
    return round(float(np.median(tops)) * unit, 2) if tops else round(box[1], 2)


def body_of(colours: list[tuple[str, float]], wanted: str | None) -> list[int]:
    """Which of the dominant colours are the body.

    Args:
        colours: Dominant colours with their shares.
        wanted: `grey`, `dark` or a hue in degrees to look for; None takes the family with the largest share, in which
            greys count for less than hues and near-black for less still.
    """
    families = [family(text) for text, _ in colours]
    weights = {"hue": 1.0, "grey": 0.6, "dark": 0.35}
    best: list[int] = []
    best_share = 0.0
    for kind, hue in families:
        if wanted is not None and (wanted != kind if wanted in weights else kind != "hue" or apart(hue, float(wanted)) > 40):
            continue
        members = [i for i, (other, angle) in enumerate(families) if other == kind and (kind != "hue" or apart(angle, hue) <= 28)]
        share = sum(colours[i][1] for i in members) * weights[kind]
        if share > best_share:
            best, best_share = members, share
    return best or [0]


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
