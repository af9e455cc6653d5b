"""Writes a set of paths as a compact SVG document."""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor

from spectacle.generators.supersvg.raster.shapes import PathSet


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
    points: list[list[int]] = (paths.points.detach().cpu().double() / grid).round().long().tolist()
    definitions, fills = _fills(paths, grid)
    opacities = paths.opacities.tolist()
    data: list[list[str]] = [[] for _ in range(len(paths))]
    first = 0
    for count, owner in zip(paths.contours.tolist(), paths.owners.tolist(), strict=True):
        data[owner].append(_contour(points[3 * first : 3 * (first + count)]))
        first += count
    drawn = [
        f'<path {_paint(fill, opacity)}d="{"".join(contours)}"/>'
        for fill, opacity, contours in zip(fills, opacities, data, strict=True)
        if any(contours)
    ]
    group = "" if grid == 1 else f' transform="scale({short_number(grid)})"'
    if paths.fill_rule == "evenodd":
        group += ' fill-rule="evenodd"'
    body = "".join(drawn)
    if body and group:
        body = f"<g{group}>{body}</g>"
    if definitions:
        body = f"<defs>{''.join(definitions)}</defs>{body}"
    if background is not None:
        body = f'<path {_paint(_hexadecimal(background.tolist()), 1)}d="M0 0h{width}v{height}H0z"/>{body}'
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
        end_colours=None if paths.end_colours is None else (paths.end_colours.clamp(0, 1) * 255).round() / 255,
        opacities=(paths.opacities * 100).round() / 100,
    )


def short_number(value: float) -> str:
    """A number without needless zeros."""
    text = f"{value:.6f}".rstrip("0").rstrip(".")
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def _fills(paths: PathSet, grid: float) -> tuple[list[str], list[str]]:
    """Definitions of gradients, and the `fill` of each path."""
    fills = [_hexadecimal(colour) for colour in paths.colours.tolist()]
    definitions: list[str] = []
    if paths.axes is None or paths.end_colours is None:
        return definitions, fills
    for number, (axis, end) in enumerate(zip(paths.axes.tolist(), paths.end_colours.tolist(), strict=True)):
        end_fill = _hexadecimal(end)
        if not any(axis) or fills[number] == end_fill:
            continue
        identity = f"g{len(definitions)}"
        ends = zip(("x1", "y1", "x2", "y2"), (round(value / grid) for value in axis), strict=True)
        line = " ".join(f'{name}="{value}"' for name, value in ends)
        definitions.append(
            f'<linearGradient id="{identity}" gradientUnits="userSpaceOnUse" {line}>'
            f'<stop stop-color="{fills[number]}"/><stop offset="1" stop-color="{end_fill}"/></linearGradient>'
        )
        fills[number] = f"url(#{identity})"
    return definitions, fills


def _hexadecimal(colour: list[float]) -> str:
    """The shortest notation of a colour with channels from 0 to 1."""
    text = "".join(f"{round(min(max(channel, 0), 1) * 255):02x}" for channel in colour)
    return f"#{text[::2]}" if text[::2] == text[1::2] else f"#{text}"


def _paint(fill: str, opacity: float) -> str:
    paint = "" if fill == "#000" else f'fill="{fill}" '
    hundredths = round(opacity * 100)
    return paint if hundredths >= 100 else f'{paint}fill-opacity="{short_number(hundredths / 100)}" '


def _contour(points: list[list[int]]) -> str:
    x, y = start = points[0]
    segments: list[tuple[str, list[int]]] = []
    for number in range(0, len(points), 3):
        (x1, y1), (x2, y2) = points[number + 1], points[number + 2]
        last = number + 3 >= len(points)
        end_x, end_y = start if last else points[number + 3]
        numbers = [x1 - x, y1 - y, x2 - x, y2 - y, end_x - x, end_y - y]
        dx, dy = numbers[4:]
        if not _straight(numbers):
            segments.append(("c", numbers))
        elif last or not (dx or dy):
            pass  # closing draws the last line
        elif dy == 0:
            segments.append(("h", [dx]))
        elif dx == 0:
            segments.append(("v", [dy]))
        else:
            segments.append(("l", [dx, dy]))
        x, y = end_x, end_y
    if not segments:
        return ""
    text = f"M{_joined(start)}"
    command = ""
    for name, numbers in segments:
        arguments = _joined(numbers)
        if name != command:
            text += name + arguments
        else:
            text += arguments if arguments.startswith("-") else f" {arguments}"
        command = name
    return f"{text}z"


def _straight(curve: list[int]) -> bool:
    """Whether a curve, relative to its start, is its chord to within half a step of the grid."""
    x1, y1, x2, y2, x, y = curve
    length = x * x + y * y
    if not length:
        return not any(curve)
    for control_x, control_y in ((x1, y1), (x2, y2)):
        cross = x * control_y - y * control_x
        along = x * control_x + y * control_y
        if 4 * cross * cross > length or not 0 <= along <= length:
            return False
    return True


def _joined(numbers: list[int]) -> str:
    text = str(numbers[0])
    for number in numbers[1:]:
        text += str(number) if number < 0 else f" {number}"
    return text
