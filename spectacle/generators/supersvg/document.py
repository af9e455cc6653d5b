"""Writes a set of paths as a compact SVG document."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from spectacle.generators.supersvg.shapes import PathSet

_Integers = NDArray[np.int64]


def to_svg(paths: PathSet, width: int, height: int, grid: float = 0.25, background: Tensor | None = None) -> str:
    """Write paths as an SVG document.

    The coordinates are integers, multiples of `grid`, under one scaling group, and relative wherever SVG allows: that
    is the shortest form. Straight curves become lines.

    Args:
        paths: Paths in pixels of a picture of `width` × `height`.
        width: Width of the document.
        height: Height of the document.
        grid: The step in pixels that coordinates are rounded to.
        background: (3,) colour of a first path as large as the picture, if there shall be one.
    """
    points = np.rint(paths.points.detach().cpu().numpy().astype(np.float64) / grid).astype(np.int64)
    colours = np.rint(paths.colours.detach().cpu().numpy().clip(0, 1) * 255).astype(np.int64)
    opacities = paths.opacities.detach().cpu().numpy()
    data: list[list[str]] = [[] for _ in range(len(paths))]
    first = 0
    for count, owner in zip(paths.contours.tolist(), paths.owners.tolist(), strict=True):
        data[owner].append(_contour(points[3 * first : 3 * (first + count)]))
        first += count
    drawn = [
        f'<path {_paint(colour, opacity)}d="{"".join(contours)}"/>'
        for colour, opacity, contours in zip(colours.tolist(), opacities.tolist(), data, strict=True)
        if any(contours)
    ]
    group = "" if grid == 1 else f' transform="scale({short_number(grid)})"'
    if paths.fill_rule == "evenodd":
        group += ' fill-rule="evenodd"'
    body = f"<g{group}>{''.join(drawn)}</g>" if group else "".join(drawn)
    if background is not None:
        colour = np.rint(background.cpu().numpy().clip(0, 1) * 255).astype(np.int64)
        body = f'<path {_paint(colour.tolist(), 1)}d="M0 0h{width}v{height}H0z"/>{body}'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
        f"{body}</svg>"
    )


def rounded(paths: PathSet, grid: float) -> PathSet:
    """The paths as `to_svg` writes them: on the grid, with 8-bit colours and opacities in hundredths."""
    return replace(
        paths,
        points=(paths.points / grid).round() * grid,
        colours=(paths.colours.clamp(0, 1) * 255).round() / 255,
        opacities=(paths.opacities * 100).round() / 100,
    )


def short_number(value: float) -> str:
    """A number without needless zeros."""
    text = f"{value:.6f}".rstrip("0").rstrip(".")
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def short_colour(colour: list[int]) -> str:
    """The shortest hexadecimal notation of an 8-bit colour."""
    text = "".join(f"{channel:02x}" for channel in colour)
    return f"#{text[::2]}" if text[::2] == text[1::2] else f"#{text}"


def _paint(colour: list[int], opacity: float) -> str:
    fill = short_colour(colour)
    paint = "" if fill == "#000" else f'fill="{fill}" '
    hundredths = round(opacity * 100)
    return paint if hundredths >= 100 else f'{paint}fill-opacity="{short_number(hundredths / 100)}" '


def _contour(points: _Integers) -> str:
    start = points[0]
    segments: list[tuple[str, list[int]]] = []
    here = start
    for number in range(0, len(points), 3):
        first, second = points[number + 1], points[number + 2]
        end = points[number + 3] if number + 3 < len(points) else start
        last = number + 3 >= len(points)
        if _straight(here, first, second, end):
            dx, dy = (end - here).tolist()
            if last or not (dx or dy):
                pass  # closing draws the last line
            elif dy == 0:
                segments.append(("h", [dx]))
            elif dx == 0:
                segments.append(("v", [dy]))
            else:
                segments.append(("l", [dx, dy]))
        else:
            segments.append(("c", np.concatenate([first - here, second - here, end - here]).tolist()))
        here = end
    if not segments:
        return ""
    text = f"M{_joined(start.tolist())}"
    command = ""
    for name, numbers in segments:
        arguments = _joined(numbers)
        if name != command:
            text += name + arguments
        else:
            text += arguments if arguments.startswith("-") else f" {arguments}"
        command = name
    return f"{text}z"


def _joined(numbers: list[int]) -> str:
    text = str(numbers[0])
    for number in numbers[1:]:
        text += str(number) if number < 0 else f" {number}"
    return text


def _straight(start: _Integers, first: _Integers, second: _Integers, end: _Integers) -> bool:
    """Whether a curve is its chord, to within half a step of the grid."""
    chord_x, chord_y = (end - start).tolist()
    length = chord_x * chord_x + chord_y * chord_y
    for control in (first, second):
        x, y = (control - start).tolist()
        cross = chord_x * y - chord_y * x
        along = chord_x * x + chord_y * y
        if 4 * cross * cross > length or not 0 <= along <= length:
            return False
    return True
