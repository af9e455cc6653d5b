"""Encoding any SVG: its shapes become filled paths on OmniSVG's grid, and those become tokens."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import pathops
from defusedxml.ElementTree import fromstring
from lxml import etree
from picosvg.svg_pathops import intersection, skia_path
from picosvg.svg_types import SVGPath
from tinycss2 import color4  # type: ignore[import-untyped]

from spectacle.errors import GeneratorError
from spectacle.generators.omnisvg.drawing import SIDE, Drawing, Path
from spectacle.generators.omnisvg.rounding import Commands, rounded
from spectacle.generators.omnisvg.strokes import StrokedSVG
from spectacle.generators.omnisvg.tokens import Vocabulary, encode_drawing
from spectacle.svg.clean import SVG_NAMESPACE, XLINK_NAMESPACE, clean_svg
from spectacle.svg.rules import NUMBER, parse_numbers

Colour = tuple[float, float, float]
"""Red, green and blue, 0 to 255."""

_WHITE = (255.0, 255.0, 255.0)
_REFUSED = {
    "text": "convert its text to paths",
    "image": "remove its images",
    "foreignObject": "remove what is not SVG",
    "style": "write its style sheet's declarations as attributes",
    "pattern": "use plain colours",
    "mask": "use clip paths",
    "filter": "remove its filters",
    "marker": "replace its markers with paths",
}
_UNITS = {"px": 1, "pt": 96 / 72, "pc": 16, "in": 96, "cm": 96 / 2.54, "mm": 96 / 25.4}
_LENGTH = re.compile(rf"\s*({NUMBER.pattern})({'|'.join(_UNITS)}|%)\s*", re.ASCII)
_PLACES = 64
"""At this many places a gradient's colour is looked up."""
_MAX_REASON_LENGTH = 120


@dataclass(frozen=True, slots=True)
class _Shape:
    """A filled shape on the grid before rounding."""

    commands: Commands
    paint: Colour | str
    alpha: float


def encode(svg: str, vocabulary: Vocabulary) -> list[int]:
    """Write an SVG document in OmniSVG's tokens.

    Args:
        svg: The document.
        vocabulary: The vocabulary of the model that is to read them.

    Returns:
        The begin token, the paths, the end token. A model reads and writes at most 2048 tokens; there may be more.

    Raises:
        GeneratorError: See `read_svg`.
    """
    return encode_drawing(read_svg(svg), vocabulary)


def read_svg(svg: str) -> Drawing:
    """Turn an SVG document into filled paths on the grid.

    The viewBox is centred on the grid, its longer side as long as the grid's. picosvg turns shapes, strokes, clip
    paths, `use` and transformations into plain paths; what is outside the viewBox is cut off. Coordinates are
    rounded to the grid and colours to the nearest of 4 bits a channel. A gradient becomes its mean colour. What is
    translucent becomes opaque, in the colour it has on the average of what it covers, or is omitted where the image
    changes less by that. Lines much finer than the grid vanish. An SVG that is on the grid already, as
    `Drawing.to_svg` writes it, stays as it is.

    This may take seconds for thousands of paths.

    Raises:
        GeneratorError: The document is refused by `clean_svg`, has what cannot become a filled path (text, images,
            style sheets, patterns, masks, filters, markers), or paints nothing.
    """
    cleaned = clean_svg(svg, width=SIDE, height=SIDE)
    _refuse_what_is_no_path(svg)
    root = etree.fromstring(cleaned.encode(), etree.XMLParser(resolve_entities=False))
    left, top, width, height = parse_numbers(root.get("viewBox"))
    _prepare(root, width, height)
    scale = SIDE / max(width, height)
    try:
        picture = StrokedSVG(root, scale).topicosvg(ndigits=max(0, math.ceil(3 + math.log10(scale))), inplace=True)
        tree = picture.toetree()
        shapes = [
            _Shape(_on_grid(element.get("d"), scale, left, top, width, height), paint, alpha)
            for element, paint, alpha in _painted(tree, tree, 1.0)
        ]
        paths = [Path(rounded(shape.commands), colour) for shape, colour in _opaque(shapes)]
    except Exception as error:  # picosvg and skia-pathops have no errors of their own
        raise _refused(f"{type(error).__name__}: {error}"[:_MAX_REASON_LENGTH]) from error
    drawing = Drawing(tuple(path for path in paths if path.segments))
    if not drawing.paths:
        raise _refused("it paints nothing")
    return drawing


def _refused(reason: str) -> GeneratorError:
    return GeneratorError(f"the SVG cannot be encoded: {reason}")


def _refuse_what_is_no_path(svg: str) -> None:
    for element in fromstring(svg.lstrip("\ufeff \t\r\n"), forbid_dtd=True).iter():
        namespace, _, name = element.tag.rpartition("}")
        if namespace[1:] in {"", SVG_NAMESPACE} and name in _REFUSED:
            raise _refused(f"it has <{name}>; {_REFUSED[name]}")


def _prepare(element: etree._Element, width: float, height: float, inherited: str | None = None) -> None:
    """Write what picosvg does not know as what it knows.

    That is: `currentColor` where the document says which it is, SVG 2's `href`, numbers without a space between them,
    and lengths with a unit.
    """
    colour = element.attrib.pop("color", inherited)
    for name, value in element.attrib.items():
        if colour and value.lower() == "currentcolor":
            element.set(name, colour)
        elif name in {"transform", "gradientTransform"}:
            element.set(name, re.sub(r"\(.*?\)", lambda found: f"({_spaced(found[0])})", value))
        elif name in {"viewBox", "stroke-dasharray"} and not re.search("[a-z%]", value):
            element.set(name, _spaced(value))
        elif (length := _LENGTH.fullmatch(value)) and not element.tag.endswith(("Gradient", "stop")):
            element.set(name, f"{float(length[1]) * _unit(length[2], name, width, height):.6g}")
    if "href" in element.attrib:
        element.set(f"{{{XLINK_NAMESPACE}}}href", element.attrib.pop("href"))
    for child in element:
        _prepare(child, width, height, colour)


def _spaced(numbers: str) -> str:
    return " ".join(NUMBER.findall(numbers))


def _unit(unit: str, name: str, width: float, height: float) -> float:
    """What one of a length's unit is; a percentage is of the viewBox."""
    if unit != "%":
        return _UNITS[unit]
    if name in {"x", "cx", "x1", "x2", "rx", "width"}:
        return width / 100
    if name in {"y", "cy", "y1", "y2", "ry", "height"}:
        return height / 100
    return math.hypot(width, height) / math.sqrt(2) / 100


def _painted(
    element: etree._Element, root: etree._Element, alpha: float
) -> Iterator[tuple[etree._Element, Colour | str, float]]:
    """Every path with its fill and how opaque it is."""
    alpha *= float(element.get("opacity", 1))
    name = etree.QName(element).localname
    if name == "path":
        fill, own_alpha = _fill(element.get("fill", "black"), root)
        yield element, fill, min(alpha * own_alpha * float(element.get("fill-opacity", 1)), 1)
    elif name != "defs":
        for child in element:
            yield from _painted(child, root, alpha)


def _fill(fill: str, root: etree._Element) -> tuple[Colour | str, float]:
    reference = re.match(r"url\(#(.*?)\)", fill)
    if not reference:
        return _colour(fill)
    gradients = [element for element in root.iter() if element.get("id") == reference[1]]
    if not gradients:
        return "none", 0.0
    return _mean_of_stops(gradients[0])


def _colour(value: str) -> tuple[Colour | str, float]:
    colour = color4.parse_color(value)
    if colour == "currentcolor":
        return "currentColor", 1.0
    if colour is None:
        raise ValueError(f"{value} is not a colour")
    red, green, blue, alpha = colour.to("srgb")
    return (255 * red, 255 * green, 255 * blue), alpha


def _mean_of_stops(gradient: etree._Element) -> tuple[Colour, float]:
    """Mean colour and opacity from a gradient's first to its last point, or of its outermost circle's area."""
    stops: list[tuple[float, Colour, float]] = []
    for stop in gradient:
        colour, alpha = _colour(stop.get("stop-color", "black"))
        text = stop.get("offset", "0").strip()
        offset = float(text[:-1]) / 100 if text.endswith("%") else float(text)
        offset = max(min(offset, 1), stops[-1][0] if stops else 0)
        rgb = (0.0, 0.0, 0.0) if isinstance(colour, str) else colour
        stops.append((offset, rgb, alpha * float(stop.get("stop-opacity", 1))))
    if not stops:
        return _WHITE, 0.0
    radial = etree.QName(gradient).localname == "radialGradient"
    places = [(place + 0.5) / _PLACES for place in range(_PLACES)]
    seen = [_between(stops, math.sqrt(place) if radial else place) for place in places]
    alpha = sum(each for each, _ in seen) / _PLACES
    return (_mean(seen), alpha) if alpha else (_WHITE, 0.0)


def _between(stops: Sequence[tuple[float, Colour, float]], place: float) -> tuple[float, Colour]:
    """Opacity and colour of a gradient at a place on it."""
    for (start, colour, alpha), (end, next_colour, next_alpha) in pairwise([stops[0], *stops]):
        if place <= end:
            share = (place - start) / (end - start) if place > start else 0
            return alpha + share * (next_alpha - alpha), _mean([(1 - share, colour), (share, next_colour)])
    return stops[-1][2], stops[-1][1]


def _mean(colours: Sequence[tuple[float, Colour]]) -> Colour:
    """Mean of colours by their weights."""
    total = sum(weight for weight, _ in colours)
    red, green, blue = (sum(weight * colour[channel] for weight, colour in colours) / total for channel in range(3))
    return red, green, blue


def _on_grid(data: str, scale: float, left: float, top: float, width: float, height: float) -> Commands:
    """Path data moved from the viewBox to the grid, without what is outside of it."""
    margins = (SIDE - scale * width) / 2, (SIDE - scale * height) / 2
    shift = margins[0] - scale * left, margins[1] - scale * top
    commands: Commands = []
    for command, operands in SVGPath(d=data):
        radii, points = (operands[:5], operands[5:]) if command == "A" else ((), operands)
        moved = [scale * number + shift[index % 2] for index, number in enumerate(points)]
        commands.append((command, (*(scale * number for number in radii[:2]), *radii[2:], *moved)))
    window = (*margins, SIDE - margins[0], SIDE - margins[1])
    if all(_inside(command, operands, window) for command, operands in commands):
        return commands
    x, y, far_x, far_y = window
    frame = [("M", (x, y)), ("L", (far_x, y)), ("L", (far_x, far_y)), ("L", (x, far_y)), ("Z", ())]
    return list(intersection([_without_arcs(commands), frame], ["nonzero", "nonzero"]))


def _inside(command: str, operands: Sequence[float], window: tuple[float, float, float, float]) -> bool:
    points = operands[5:] if command == "A" else operands
    slack = 0.5
    return all(
        window[index % 2] - slack <= number <= window[index % 2 + 2] + slack for index, number in enumerate(points)
    )


def _without_arcs(commands: Commands) -> Commands:
    return list(SVGPath.from_commands(commands).arcs_to_cubics())


def _opaque(shapes: Sequence[_Shape]) -> Iterator[tuple[_Shape, str]]:
    """The shapes that are worth painting, and the opaque colour of each."""
    below: list[tuple[pathops.Path, Colour]] = []
    for shape in shapes:
        paint = shape.paint
        if paint == "none" or shape.alpha <= 0 or not shape.commands:
            continue
        rgb = (0.0, 0.0, 0.0) if isinstance(paint, str) else paint
        area = skia_path(_without_arcs(shape.commands), "nonzero")
        if shape.alpha < 1:
            ground = _ground(area, below)
            mean = _mean(ground)
            opaque = _mean([(shape.alpha, rgb), (1 - shape.alpha, mean)])
            error_painted = sum(
                weight * _distance(_mean([(shape.alpha, rgb), (1 - shape.alpha, colour)]), opaque)
                for weight, colour in ground
            )
            error_left_out = sum(weight * shape.alpha**2 * _distance(rgb, colour) for weight, colour in ground)
            if error_left_out <= error_painted:
                continue
            rgb, paint = opaque, opaque
        below.append((area, rgb))
        yield shape, paint if isinstance(paint, str) else _on_scale(paint)


def _ground(area: pathops.Path, below: Sequence[tuple[pathops.Path, Colour]]) -> list[tuple[float, Colour]]:
    """The colours that are seen in `area`, and how much of it each has; where nothing is painted, white."""
    seen = []
    rest = pathops.op(area, area, pathops.PathOp.UNION)
    whole = abs(rest.area) or 1.0
    for other, colour in reversed(below):
        covered = abs(pathops.op(rest, other, pathops.PathOp.INTERSECTION).area)
        if covered:
            seen.append((covered / whole, colour))
            rest = pathops.op(rest, other, pathops.PathOp.DIFFERENCE)
    return [*seen, (max(abs(rest.area) / whole, 1e-6), _WHITE)]


def _distance(one: Colour, other: Colour) -> float:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


def _on_scale(colour: Colour) -> str:
    return "#" + "".join(f"{17 * round(min(max(channel, 0), 255) / 17):02x}" for channel in colour)
