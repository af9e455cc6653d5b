"""Enlarges stroked shapes before picosvg outlines them: Skia's outline may be off by a quarter of the shape's unit."""

from __future__ import annotations

import math
from collections.abc import Mapping

from lxml import etree
from picosvg.svg import SVG
from picosvg.svg_transform import Affine2D
from picosvg.svg_types import SVGPath

from spectacle.svg.clean import SVG_NAMESPACE
from spectacle.svg.rules import NUMBER

_TOLERANCE = 0.2
_PATH = f"{{{SVG_NAMESPACE}}}path"
_GROUP = f"{{{SVG_NAMESPACE}}}g"
_LENGTHS = ("stroke-width", "stroke-dashoffset", "stroke-dasharray")
_DEFAULTS = {"stroke": "none", "stroke-width": "1", "stroke-dashoffset": "0", "stroke-dasharray": "none"}


class StrokedSVG(SVG):  # type: ignore[misc]
    """picosvg's document, with outlines as fine as the grid needs whatever the viewBox is.

    Args:
        tree: The root of the document; it is changed.
        scale: Steps of the grid on each unit of the viewBox.
    """

    def __init__(self, tree: etree._Element, scale: float) -> None:
        super().__init__(tree)
        self.apply_style_attributes(inplace=True)
        self.resolve_nested_svgs(inplace=True)
        self.shapes_to_paths(inplace=True)
        self.expand_shorthand(inplace=True)
        self.resolve_use(inplace=True)
        super().__init__(self.toetree())
        _enlarge(self.svg_root, scale, _DEFAULTS)

    @property
    def tolerance(self) -> float:
        """By how much the quadratics that take the place of circular arcs may be off, in a shape's own units."""
        return _TOLERANCE


def _enlarge(element: etree._Element, scale: float, inherited: Mapping[str, str]) -> None:
    style = {name: element.get(name, default) for name, default in inherited.items()}
    if transform := element.get("transform"):
        scale *= math.sqrt(abs(Affine2D.fromstring(transform).determinant()))
    if element.tag == _PATH:
        if style["stroke"] != "none" and scale > 1:
            _multiply(element, scale, style)
        return
    for child in list(element):
        _enlarge(child, scale, style)


def _multiply(path: etree._Element, factor: float, style: Mapping[str, str]) -> None:
    """Write the path in units of the grid, smaller by `factor`, in a group with its transformation and clip path."""
    group = etree.Element(_GROUP)
    path.addprevious(group)
    group.append(path)
    for name in ("transform", "clip-path"):
        if name in path.attrib:
            group.set(name, path.attrib.pop(name))
    path.set("transform", f"scale({1 / factor!r})")
    path.set("d", _multiplied(path.get("d", ""), factor))
    for name in _LENGTHS:
        path.set(name, NUMBER.sub(lambda found: repr(float(found[0]) * factor), style[name]))


def _multiplied(data: str, factor: float) -> str:
    commands = []
    for command, operands in SVGPath(d=data):
        kept = range(2, 5) if command in "Aa" else ()
        numbers = (number if index in kept else factor * number for index, number in enumerate(operands))
        commands.append((command, tuple(numbers)))
    return str(SVGPath.from_commands(commands).d)
