"""Writes a set of paths as a compact SVG document."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

from spectacle.generators.supersvg.arrays import Doubles
from spectacle.generators.supersvg.raster.gradients import Gradient
from spectacle.generators.supersvg.raster.shapes import PathSet
from spectacle.generators.supersvg.tracing.primitives import primitive_of

if TYPE_CHECKING:
    from spectacle.generators.supersvg.tracing.centerline import Stroke

_ROUND = 0.002
"""Ellipses whose radii differ by less than about this share of their squares are written as circles."""

_EXACT = 0.05
"""How many steps of the grid numbers may be off by their precision alone."""

_LONG = 100
"""Steps of the grid from which on a line is long."""

_WIDTHS = 0.25
"""Strokes have widths that are multiples of this, in pixels."""


def to_svg(
    paths: PathSet,
    width: int,
    height: int,
    grid: float = 0.25,
    background: Tensor | None = None,
    *,
    grouped: bool = False,
    shapes: float | None = None,
) -> str:
    """Write paths as an SVG document.

    The coordinates are integers, multiples of `grid`, under one scaling group, and relative wherever SVG allows: that
    is the shortest form. Straight curves become lines, and quadratic ones with a control point on the grid are written
    as such.

    Args:
        paths: Paths in pixels of an image of `width` × `height`.
        width: Width of the document.
        height: Height of the document.
        grid: The step in pixels that coordinates are rounded to.
        background: (3,) colour of a first path as large as the image, if there shall be one.
        grouped: Put paths of one fill that follow each other into a group with an id.
        shapes: How far in pixels an outline may be off a circle, an ellipse or a rectangle to be written as one; None
            for paths only.
    """
    exact = paths.detach().curves().cpu().double().numpy() / grid
    points: list[list[int]] = exact[:, :3].reshape(-1, 2).round().astype(np.int64).tolist()
    controls = _quadratic_controls(exact)
    definitions, fills = _fills(paths, grid)
    opacities = paths.opacities.tolist()
    data: list[list[str]] = [[] for _ in range(len(paths))]
    first = 0
    for count, owner in zip(paths.contours.tolist(), paths.owners.tolist(), strict=True):
        own = slice(first, first + count)
        data[owner].append(_contour(points[3 * own.start : 3 * own.stop], controls[own]))
        first += count
    elements = [f'path d="{"".join(contours)}"' for contours in data]
    if shapes is not None:
        _as_shapes(elements, paths, shapes, grid)
    drawn = []
    for fill, opacity, contours, element in zip(fills, opacities, data, elements, strict=True):
        if any(contours):
            name, attributes = element.split(" ", 1)
            drawn.append((fill, f"<{name} {'' if grouped else _fill(fill)}{_opacity(opacity)}{attributes}/>"))
    group = "" if grid == 1 else f' transform="scale({short_number(grid)})"'
    if paths.fill_rule == "evenodd":
        group += ' fill-rule="evenodd"'
    body = _in_groups(drawn) if grouped else "".join(path for _, path in drawn)
    if body and group:
        body = f"<g{group}>{body}</g>"
    if definitions:
        body = f"<defs>{''.join(definitions)}</defs>{body}"
    if background is not None:
        body = _page(background, width, height) + body
    return _document(body, width, height)


def strokes_to_svg(
    strokes: list[Stroke], colour: Tensor, width: int, height: int, grid: float = 0.25, background: Tensor | None = None
) -> str:
    """Write strokes of one colour as an SVG document, those of one width together.

    Args:
        strokes: In pixels of an image of `width` × `height`.
        colour: (3,).
        width, height, grid, background: As for `to_svg`.
    """
    by_width: dict[float, list[str]] = {}
    for stroke in strokes:
        by_width.setdefault(max(round(stroke.width / _WIDTHS) * _WIDTHS, _WIDTHS), []).append(_stroke(stroke, grid))
    groups = "".join(
        f'<g stroke-width="{short_number(wide / grid)}">{"".join(parts)}</g>'
        for wide, parts in sorted(by_width.items())
    )
    style = 'fill="none" stroke-linecap="round" stroke-linejoin="round"'
    scale = "" if grid == 1 else f' transform="scale({short_number(grid)})"'
    body = f'<g {style} stroke="{_hexadecimal(colour.tolist())}"{scale}>{groups}</g>' if groups else ""
    page = "" if background is None else _page(background, width, height)
    return _document(page + body, width, height)


def count_of(svg: str) -> int:
    """How many paths, circles, ellipses and rectangles a document of this module has."""
    return len(re.findall(r"<(?:path|circle|ellipse|rect) ", svg))


def _stroke(stroke: Stroke, grid: float) -> str:
    points = [[round(float(value) / grid) for value in point] for curve in stroke.curves for point in curve.points[:3]]
    if stroke.closed and (data := _contour(points)):
        return f'<path d="{data}"/>'
    points.append([round(float(value) / grid) for value in stroke.curves[-1].points[3]])
    # A dot is a line of one step: some programs draw none without length.
    return f'<path d="{_contour(points, closed=False) or f"M{_joined(points[0])}h1"}"/>'


def _page(colour: Tensor, width: int, height: int) -> str:
    return f'<path {_fill(_hexadecimal(colour.tolist()))}d="M0 0h{width}v{height}H0z"/>'


def _document(body: str, width: int, height: int) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
        f"{body}</svg>"
    )


def _as_shapes(elements: list[str], paths: PathSet, tolerance: float, grid: float) -> None:
    """Write elements for circles, ellipses and rectangles in place of those of paths that are such."""
    curves = paths.curves().detach().cpu().double().numpy()
    lengths, owners = paths.contours.tolist(), paths.owners.tolist()
    begin = 0
    for length, owner in zip(lengths, owners, strict=True):
        shape = primitive_of(curves[begin : begin + length], tolerance) if owners.count(owner) == 1 else None
        begin += length
        if shape is None:
            continue
        width, height = shape.right - shape.left, shape.bottom - shape.top
        sides: dict[str, float]
        if shape.oval:
            sides = {"cx": shape.left + width / 2, "cy": shape.top + height / 2}
            circle = abs(width - height) <= 2 * tolerance
            sides |= {"r": (width + height) / 4} if circle else {"rx": width / 2, "ry": height / 2}
            name = "circle" if circle else "ellipse"
        else:
            sides = {"x": shape.left, "y": shape.top, "width": width, "height": height}
            sides |= {"rx": shape.rx} if shape.rx else {}
            name = "rect"
        written = " ".join(f'{side}="{short_number(round(value / grid, 1))}"' for side, value in sides.items())
        elements[owner] = f"{name} {written}"


def _in_groups(drawn: list[tuple[str, str]]) -> str:
    """Paths that follow each other and have one fill, in a group each."""
    groups = []
    used: dict[str, int] = {}
    for fill, paths in groupby(drawn, key=itemgetter(0)):
        name = fill.removeprefix("#") if fill.startswith("#") else "gradient"
        used[name] = used.get(name, 0) + 1
        again = "" if used[name] == 1 else f"-{used[name]}"
        groups.append(f'<g id="color-{name}{again}" fill="{fill}">{"".join(path for _, path in paths)}</g>')
    return "".join(groups)


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
    for number, gradient in enumerate(paths.gradients or ()):
        if gradient is not None:
            definition = _gradient(gradient, grid)
            if definition not in definitions:
                definitions.append(definition)
            fills[number] = f"url(#g{definitions.index(definition)})"
    definitions = [text.replace(" ", f' id="g{number}" ', 1) for number, text in enumerate(definitions)]
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


def _gradient(gradient: Gradient, grid: float) -> str:
    """The definition of a gradient, without an id."""
    origin, first, second = gradient.frame / grid
    name, units = "linearGradient", 'gradientUnits="userSpaceOnUse"'
    if not gradient.radial:
        (x1, y1), (x2, y2) = ([round(value) for value in point] for point in (origin, first))
        where = f'{units} x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"'
    else:
        name = "radialGradient"
        one, other = first - origin, second - origin
        centred = not gradient.shift.any()
        across, down = origin + gradient.shift @ np.stack([one, other])
        if abs(one @ other) < _ROUND * (one @ one) and abs(one @ one - other @ other) < _ROUND * (one @ one):
            cx, cy, r, fx, fy = (round(float(value)) for value in (across, down, np.hypot(*one), *origin))
            where = f'{units} cx="{cx}" cy="{cy}" r="{r}"' + ("" if centred else f' fx="{fx}" fy="{fy}"')
        else:
            numbers = " ".join(short_number(round(float(value), 1)) for value in (*one, *other, *origin))
            centre = [short_number(round(float(value), 3)) for value in gradient.shift]
            focus = "" if centred else ' fx="0" fy="0"'
            where = f'{units} cx="{centre[0]}" cy="{centre[1]}" r="1"{focus} gradientTransform="matrix({numbers})"'
    stops = "".join(
        f'<stop{_offset(offset)} stop-color="{_hexadecimal(colour[:3])}"{_stop_opacity(colour[3])}/>'
        for offset, colour in zip(gradient.offsets.tolist(), gradient.colours.tolist(), strict=True)
    )
    return f"<{name} {where}>{stops}</{name}>"


def _offset(offset: float) -> str:
    text = short_number(round(offset, 3))
    return "" if text == "0" else f' offset="{text}"'


def _stop_opacity(opacity: float) -> str:
    text = short_number(round(opacity, 3))
    return "" if text == "1" else f' stop-opacity="{text}"'


def _hexadecimal(colour: list[float]) -> str:
    """The shortest notation of a colour with channels from 0 to 1."""
    text = "".join(f"{round(min(max(channel, 0), 1) * 255):02x}" for channel in colour)
    return f"#{text[::2]}" if text[::2] == text[1::2] else f"#{text}"


def _fill(fill: str) -> str:
    return "" if fill == "#000" else f'fill="{fill}" '


def _opacity(opacity: float) -> str:
    hundredths = round(opacity * 100)
    return "" if hundredths >= 100 else f'fill-opacity="{short_number(hundredths / 100)}" '


def _quadratic_controls(curves: Doubles) -> list[tuple[int, int] | None]:
    """The control points of those cubics (Q, 4, 2) that are quadratic curves on the grid, and None for the others."""
    begin, first, second, end = curves.transpose(1, 0, 2)
    controls = ((3 * (first + second) - begin - end) / 4).round()
    off = np.stack([begin + 2 * controls - 3 * first, end + 2 * controls - 3 * second])
    quadratic = (np.abs(off).max(axis=(0, 2), initial=0) < _EXACT).tolist()
    return [(int(x), int(y)) if known else None for known, (x, y) in zip(quadratic, controls, strict=True)]


def _contour(
    points: list[list[int]], controls: list[tuple[int, int] | None] | None = None, *, closed: bool = True
) -> str:
    x, y = start = points[0]
    segments: list[tuple[str, list[int]]] = []
    for number in range(0, len(points) - 1, 3):
        (x1, y1), (x2, y2) = points[number + 1], points[number + 2]
        last = closed and number + 3 >= len(points)
        end_x, end_y = start if last else points[number + 3]
        numbers = [x1 - x, y1 - y, x2 - x, y2 - y, end_x - x, end_y - y]
        dx, dy = numbers[4:]
        control = controls[number // 3] if controls is not None else None
        if not _straight(numbers):
            quadratic = None if control is None else [control[0] - x, control[1] - y, *numbers[4:]]
            segments.append(("c", numbers) if quadratic is None else ("q", quadratic))
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
    return f"{text}z" if closed else text


def _straight(curve: list[int]) -> bool:
    """Whether a curve, relative to its start, is its chord to within half a step of the grid, or one if it is long."""
    x1, y1, x2, y2, x, y = curve
    length = x * x + y * y
    if not length:
        return not any(curve)
    for control_x, control_y in ((x1, y1), (x2, y2)):
        cross = x * control_y - y * control_x
        along = x * control_x + y * control_y
        if _near(length) * cross * cross > length or not 0 <= along <= length:
            return False
    return True


def _near(length: int) -> int:
    """The square of how many parts a step is divided into, one of which is allowed: lines have rounded thirds."""
    return 1 if length > _LONG * _LONG else 4


def _joined(numbers: list[int]) -> str:
    text = str(numbers[0])
    for number in numbers[1:]:
        text += str(number) if number < 0 else f" {number}"
    return text
