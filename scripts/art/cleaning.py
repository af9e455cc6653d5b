"""Reduces a drawing's SVG to an allow-list of elements and presentation attributes that every renderer draws alike."""

from __future__ import annotations

import copy
import math
import re
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

Element = ElementTree.Element

SHAPES = {"path", "circle", "ellipse", "rect", "polygon", "polyline", "line"}
GRADIENTS = {"linearGradient", "radialGradient"}
ELEMENTS = SHAPES | GRADIENTS | {"g", "stop", "defs", "clipPath", "mask"}
DROPPED = {"metadata", "title", "desc"}
PAINT = {
    "fill", "fill-opacity", "fill-rule", "stroke", "stroke-width", "stroke-opacity", "stroke-linecap", "opacity",
    "stroke-linejoin", "stroke-miterlimit", "stroke-dasharray", "stroke-dashoffset", "clip-rule", "clip-path", "mask",
    "stop-color", "stop-opacity", "display", "visibility", "color",
}  # fmt: skip
INHERITED = {
    "fill": "black", "fill-opacity": "1", "fill-rule": "nonzero", "stroke": "none", "stroke-width": "1",
    "stroke-opacity": "1", "stroke-linecap": "butt", "stroke-linejoin": "miter", "stroke-miterlimit": "4",
    "stroke-dasharray": "none", "stroke-dashoffset": "0", "clip-rule": "nonzero",
}  # fmt: skip
INITIAL = {"opacity": "1", "clip-path": "none", "mask": "none", "stop-opacity": "1", "display": "inline",
           "visibility": "visible"}  # fmt: skip
GEOMETRY = {
    "path": ("d",),
    "circle": ("cx", "cy", "r"),
    "ellipse": ("cx", "cy", "rx", "ry"),
    "rect": ("x", "y", "width", "height", "rx", "ry"),
    "polygon": ("points",),
    "polyline": ("points",),
    "line": ("x1", "y1", "x2", "y2"),
    "linearGradient": ("x1", "y1", "x2", "y2", "gradientUnits", "gradientTransform", "spreadMethod"),
    "radialGradient": ("cx", "cy", "r", "fx", "fy", "gradientUnits", "gradientTransform", "spreadMethod"),
    "stop": ("offset",),
    "g": (),
    "defs": (),
    "clipPath": ("clipPathUnits",),
    "mask": ("maskUnits", "maskContentUnits", "x", "y", "width", "height"),
}
UNITS = {"px": 1.0, "pt": 1.25, "pc": 15.0, "mm": 3.543307, "cm": 35.43307, "in": 90.0}
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
REFERENCE = re.compile(r"url\(\s*['\"]?#([^)'\"]+)['\"]?\s*\)")
Matrix = tuple[float, float, float, float, float, float]


class Unsuitable(Exception):
    """A drawing uses something the library does not carry; the message names it."""


def local(tag: object) -> str:
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def style_of(element: Element) -> dict[str, str]:
    """Presentation attributes and the style attribute of an element, the latter winning."""
    found = {name: value.strip() for name, value in element.attrib.items() if name in PAINT}
    for declaration in element.get("style", "").split(";"):
        name, colon, value = declaration.partition(":")
        if colon and name.strip() in PAINT:
            found[name.strip()] = value.replace("!important", "").strip()
    return found


def length(text: str | None, default: float = 0.0) -> float:
    if not text:
        return default
    match = re.fullmatch(r"\s*([-+0-9.eE]+)\s*([a-z%]*)\s*", text)
    if not match:
        return default
    if match[2] == "%":
        raise Unsuitable("percentage length")
    return float(match[1]) * UNITS.get(match[2], 1.0)


def multiply(a: Matrix, b: Matrix) -> Matrix:
    return (
        a[0] * b[0] + a[2] * b[1], a[1] * b[0] + a[3] * b[1],
        a[0] * b[2] + a[2] * b[3], a[1] * b[2] + a[3] * b[3],
        a[0] * b[4] + a[2] * b[5] + a[4], a[1] * b[4] + a[3] * b[5] + a[5],
    )  # fmt: skip


def matrix(text: str | None) -> Matrix:
    """The affine map that a transform attribute states."""
    result: Matrix = (1, 0, 0, 1, 0, 0)
    for name, body in re.findall(r"(\w+)\s*\(([^)]*)\)", text or ""):
        n = [float(v) for v in NUMBER.findall(body)]
        if name == "matrix":
            step: Matrix = (n[0], n[1], n[2], n[3], n[4], n[5])
        elif name == "translate":
            step = (1, 0, 0, 1, n[0], n[1] if len(n) > 1 else 0)
        elif name == "scale":
            step = (n[0], 0, 0, n[1] if len(n) > 1 else n[0], 0, 0)
        elif name == "rotate":
            c, s = math.cos(math.radians(n[0])), math.sin(math.radians(n[0]))
            step = (c, s, -s, c, 0, 0)
            if len(n) > 2:
                step = multiply(multiply((1, 0, 0, 1, n[1], n[2]), step), (1, 0, 0, 1, -n[1], -n[2]))
        elif name == "skewX":
            step = (1, 0, math.tan(math.radians(n[0])), 1, 0, 0)
        elif name == "skewY":
            step = (1, math.tan(math.radians(n[0])), 0, 1, 0, 0)
        else:
            raise Unsuitable(f"transform {name}")
        result = multiply(result, step)
    return result


def number(value: float, digits: int) -> str:
    """A number as short as SVG lets it be."""
    text = f"{value:.{digits}f}".rstrip("0").rstrip(".") if digits > 0 else f"{value:.0f}"
    if text in ("-0", ""):
        return "0"
    if text.startswith("0."):
        return text[1:]
    return "-" + text[2:] if text.startswith("-0.") else text


def join(parts: list[str]) -> str:
    """Numbers and commands with the fewest separators."""
    out: list[str] = []
    for part in parts:
        if out and not part[0].isalpha() and not out[-1][-1:].isalpha():
            apart = part[0] == "-" or (part[0] == "." and "." in out[-1])
            out.append(part if apart else " " + part)
        else:
            out.append(part)
    return "".join(out)


ARITY = {"m": 2, "l": 2, "h": 1, "v": 1, "c": 6, "s": 4, "q": 4, "t": 2, "a": 7, "z": 0}


def path_data(text: str, digits: int) -> str:
    """Path data with its numbers rounded; rounding errors of relative commands do not add up."""
    segments = parse_path(text)
    parts: list[str] = []
    exact = start = (0.0, 0.0)
    pen = pen_start = (0.0, 0.0)
    last = ""
    for command, values in segments:
        kind, relative = command.lower(), command.islower()
        if kind == "z":
            parts.append("z")
            exact, pen, last = start, pen_start, "z"
            continue
        base = exact if relative else (0.0, 0.0)
        absolute = list(values)
        if kind == "h":
            absolute[0] += base[0]
            end = (absolute[0], exact[1])
        elif kind == "v":
            absolute[0] += base[1]
            end = (exact[0], absolute[0])
        elif kind == "a":
            absolute[5] += base[0]
            absolute[6] += base[1]
            end = (absolute[5], absolute[6])
        else:
            absolute = [v + base[i % 2] for i, v in enumerate(values)]
            end = (absolute[-2], absolute[-1])
        if kind == "h":
            out = [absolute[0] - pen[0]]
        elif kind == "v":
            out = [absolute[0] - pen[1]]
        elif kind == "a":
            out = [*absolute[:5], absolute[5] - pen[0], absolute[6] - pen[1]]
        else:
            out = [v - pen[i % 2] for i, v in enumerate(absolute)]
        texts = [number(v, digits) for v in out]
        if kind == "a":
            texts[3:5] = [str(int(bool(values[3]))), str(int(bool(values[4])))]
            texts[2] = number(values[2], 2)
        letter = "M" if kind == "m" and not parts else kind
        repeated = letter == last and kind != "m"
        if not repeated:
            parts.append(letter)
        parts.extend(texts)
        last = letter
        moved = [float(t) for t in texts]
        if kind == "h":
            pen = (pen[0] + moved[0], pen[1])
        elif kind == "v":
            pen = (pen[0], pen[1] + moved[0])
        else:
            pen = (pen[0] + moved[-2], pen[1] + moved[-1])
        exact = end
        if kind == "m":
            start, pen_start = exact, pen
    return join(parts)


def parse_path(text: str) -> list[tuple[str, list[float]]]:
    """Path data as commands with one set of arguments each."""
    segments: list[tuple[str, list[float]]] = []
    position, size, command = 0, len(text), ""
    skip = re.compile(r"[\s,]*")
    while True:
        position = skip.match(text, position).end()  # type: ignore[union-attr]
        if position >= size:
            return segments
        if text[position].isalpha():
            command = text[position]
            position += 1
            if command.lower() not in ARITY:
                raise Unsuitable(f"path command {command}")
            if command in "zZ":
                segments.append(("z", []))
                continue
        elif not command or command in "zZ":
            raise Unsuitable("path data")
        values: list[float] = []
        for index in range(ARITY[command.lower()]):
            position = skip.match(text, position).end()  # type: ignore[union-attr]
            if command in "aA" and index in (3, 4):
                values.append(float(text[position]))
                position += 1
                continue
            match = NUMBER.match(text, position)
            if not match:
                raise Unsuitable("path data")
            values.append(float(match[0]))
            position = match.end()
        segments.append((command, values))
        if command in "mM":
            command = "l" if command == "m" else "L"


class Cleaner:
    """Cleans one document; `markup` and `size` hold what came of it."""

    def __init__(
        self, svg: str, prefix: str, side: float, view: tuple[float, float, float, float] | None = None
    ) -> None:
        """Parses and cleans.

        Args:
            svg: A whole SVG document.
            prefix: What every id in the result begins with.
            side: Length of the longer side of the result's view box, in its units.
            view: View box to use in place of the document's own: x, y, width, height.

        Raises:
            Unsuitable: It holds something the library does not carry.
        """
        root = ElementTree.fromstring(svg)
        self.prefix = prefix
        self.ids = {e.get("id"): e for e in root.iter() if e.get("id")}
        self.names: dict[str, str] = {}
        self.depth = 0
        self.clipping = 0  # how many clip paths enclose the element at hand: in them even what has no paint counts
        box = [float(v) for v in NUMBER.findall(root.get("viewBox", ""))]
        if len(box) != 4:
            box = [0.0, 0.0, length(root.get("width")), length(root.get("height"))]
        if view:
            box = list(view)
        if box[2] <= 0 or box[3] <= 0:
            raise Unsuitable("no size")
        scale = side / max(box[2:])
        self.size = (box[2] * scale, box[3] * scale)
        self.view = (box[0], box[1], box[2], box[3])
        placed: Matrix = (scale, 0, 0, scale, -box[0] * scale, -box[1] * scale)
        self.digits_at_one = 2 if side >= 100 else 3
        used = self.references(root)
        plain = max(abs(p - i) for p, i in zip(placed, (1, 0, 0, 1, 0, 0), strict=True)) < 1e-9
        inherited = {k: v for k, v in style_of(root).items() if k in INHERITED}
        body = "".join(self.element(child, placed, inherited, used) for child in root)
        attributes = "".join(f" {k}={quoteattr(v)}" for k, v in inherited.items() if INHERITED[k] != v)
        if not plain:
            attributes += f' transform="{self.transform(placed)}"'
        self.markup = f"<g{attributes}>{body}</g>" if attributes else body

    def clip(self) -> None:
        """Cuts the drawing to its view box."""
        width, height = (number(v, 2) for v in self.size)
        name = self.name("view box")
        self.markup = (
            f'<clipPath id="{name}"><rect width="{width}" height="{height}"/></clipPath>'
            f'<g clip-path="url(#{name})">{self.markup}</g>'
        )

    def references(self, root: Element) -> set[str]:
        return set(REFERENCE.findall(ElementTree.tostring(root, encoding="unicode")))

    def transform(self, m: Matrix) -> str:
        if max(abs(v - i) for v, i in zip(m[:4], (1, 0, 0, 1), strict=True)) < 1e-9:
            return f"translate({join([number(m[4], 3), number(m[5], 3)])})"
        return f"matrix({join([*(number(v, 6) for v in m[:4]), number(m[4], 3), number(m[5], 3)])})"

    def name(self, identity: str) -> str:
        if identity not in self.names:
            self.names[identity] = f"{self.prefix}{len(self.names)}"
        return self.names[identity]

    def digits(self, m: Matrix) -> int:
        """Decimals that keep the rounding error the same whatever the scale."""
        grown = math.sqrt(abs(m[0] * m[3] - m[1] * m[2])) or 1.0
        return max(0, min(6, self.digits_at_one + math.ceil(math.log10(grown) - 0.3)))

    def element(self, e: Element, at: Matrix, inherited: dict[str, str], used: set[str]) -> str:
        tag = local(e.tag)
        self.depth += 1
        try:
            if self.depth > 60:
                raise Unsuitable("nesting")
            return self.dispatch(e, tag, at, inherited, used)
        finally:
            self.depth -= 1

    def dispatch(self, e: Element, tag: str, at: Matrix, inherited: dict[str, str], used: set[str]) -> str:
        if not tag or tag in DROPPED or not str(e.tag).startswith("{http://www.w3.org/2000/svg}"):
            return ""
        if tag == "use":
            return self.inlined(e, at, inherited, used)
        if tag in ("a", "switch", "symbol"):
            tag = "g"
        if tag == "svg":
            raise Unsuitable("nested svg")
        if tag not in ELEMENTS:
            if tag in ("filter", "style", "flowRoot", "text", "image", "pattern", "script", "marker", "tspan"):
                if tag in ("pattern", "marker", "filter") and not self.used(e, used):
                    return ""
                if tag == "style" and not (e.text or "").strip():
                    return ""
                if tag in ("flowRoot", "text") and not "".join(e.itertext()).strip():
                    return ""
                raise Unsuitable(tag)
            return ""
        if tag in GRADIENTS:
            return self.gradient(e, used)
        own = style_of(e)
        if own.get("display") == "none" or own.get("visibility") == "hidden":
            return ""
        if e.get("filter", "none") != "none" or "filter:url" in e.get("style", "").replace(" ", ""):
            raise Unsuitable("filter")
        if "mix-blend-mode" in e.get("style", ""):
            raise Unsuitable("blend mode")
        m = matrix(e.get("transform"))
        here = multiply(at, m)
        if self.clipping:
            own = {name: value for name, value in own.items() if name.startswith("clip-")}
        attributes = self.paint(own, inherited, tag)
        if e.get("transform") and max(abs(v - i) for v, i in zip(m, (1, 0, 0, 1, 0, 0), strict=True)) > 1e-9:
            attributes += f' transform="{self.transform(m)}"'
        down = {**inherited, **{k: v for k, v in own.items() if k in INHERITED}}
        if tag in ("clipPath", "mask"):
            if not self.used(e, used):
                return ""
            down = {}
        attributes = self.geometry(e, tag, here) + attributes
        if tag in ("clipPath", "mask", "g", "defs"):
            if e.get("id") in used and tag != "defs":
                attributes = f' id="{self.name(str(e.get("id")))}"' + attributes
            self.clipping += tag == "clipPath"
            inner = "".join(self.element(child, here, down, used) for child in e)
            self.clipping -= tag == "clipPath"
            if tag == "defs":
                kept = "".join(self.element(c, here, down, used) for c in e if local(c.tag) not in SHAPES | {"g"})
                return f"<defs>{kept}</defs>" if kept else ""
            if not inner:
                return ""
            return inner if tag == "g" and not attributes else f"<{tag}{attributes}>{inner}</{tag}>"
        if not self.clipping and down.get("fill") == "none" and down.get("stroke", "none") == "none":
            return ""
        if tag == "path" and (' d=""' in attributes or " d=" not in attributes):
            return ""
        return f"<{tag}{attributes}/>"

    def used(self, e: Element, used: set[str]) -> bool:
        return e.get("id") in used

    def paint(self, own: dict[str, str], inherited: dict[str, str], tag: str) -> str:
        stroked = own.get("stroke", inherited.get("stroke", "none")) != "none"
        out = []
        for name, value in own.items():
            if value == "inherit" or name in ("color", "display", "visibility"):
                continue
            if name in INHERITED:
                # Left out where it is what would be inherited anyway, or where there is no stroke to show it.
                if inherited.get(name, INHERITED[name]) == value:
                    continue
                if name.startswith("stroke-") and not stroked and tag != "g":
                    continue
            elif INITIAL.get(name) == value:
                continue
            written = self.value(name, value)
            if written:
                out.append(f" {name}={quoteattr(written)}")
        return "".join(out)

    def value(self, name: str, value: str) -> str:
        """A property's value as it is written in the result; empty when it refers to nothing."""
        if "currentColor" in value:
            return "#000"
        if "url(" in value:
            match = REFERENCE.match(value)
            if not match or match[1] not in self.ids:
                return (value.rpartition(")")[2].strip() or "none") if name in ("fill", "stroke") else ""
            target = local(self.ids[match[1]].tag)
            if target in ("pattern", "filter", "marker"):
                raise Unsuitable(target)
            return f"url(#{self.name(match[1])})"
        if name in ("stroke-width", "stroke-dashoffset"):
            return number(length(value, 1.0), 4)
        if name.endswith("opacity") and NUMBER.fullmatch(value):
            return number(float(value), 4)
        return colour(value)

    def geometry(self, e: Element, tag: str, at: Matrix) -> str:
        digits = self.digits(at)
        out = []
        for name in GEOMETRY[tag]:
            value = e.get(name)
            if value is None:
                continue
            if name == "d":
                value = path_data(value, digits)
            elif name == "points":
                value = " ".join(number(float(v), digits) for v in NUMBER.findall(value))
            elif name.endswith(("Units", "Method")):
                value = value.strip()
            elif name not in ("gradientTransform",):
                if value.strip().endswith("%"):
                    raise Unsuitable("percentage length")
                value = number(length(value), digits)
            out.append(f" {name}={quoteattr(value)}")
        return "".join(out)

    def chain(self, e: Element) -> list[Element]:
        """A gradient and those it takes from by reference."""
        found = [e]
        while len(found) < 10:
            href = found[-1].get("{http://www.w3.org/1999/xlink}href") or found[-1].get("href") or ""
            parent = self.ids.get(href.lstrip("#"))
            if parent is None or parent in found:
                break
            found.append(parent)
        return found

    def gradient(self, e: Element, used: set[str]) -> str:
        if not self.used(e, used):
            return ""
        tag = local(e.tag)
        chain = self.chain(e)
        stops = next((list(g) for g in chain if any(local(c.tag) == "stop" for c in g)), [])
        out = [f' id="{self.name(str(e.get("id")))}"']
        for name in GEOMETRY[tag]:
            value = next((g.get(name) for g in chain if g.get(name) is not None), None)
            if value is None:
                continue
            if name == "gradientTransform":
                m = matrix(value)
                if max(abs(v - i) for v, i in zip(m, (1, 0, 0, 1, 0, 0), strict=True)) < 1e-9:
                    continue
                value = f"matrix({join([*(number(v, 6) for v in m[:4]), number(m[4], 4), number(m[5], 4)])})"
            elif not name.endswith(("Units", "Method")):
                value = number(float(value[:-1]) / 100, 5) if value.endswith("%") else number(length(value), 5)
            out.append(f" {name}={quoteattr(value.strip())}")
        inner = []
        for stop in stops:
            if local(stop.tag) != "stop":
                continue
            style = style_of(stop)
            offset = stop.get("offset", "0").strip()
            offset = number(float(offset[:-1]) / 100, 4) if offset.endswith("%") else number(float(offset), 4)
            paint = f' stop-color="{colour(style.get("stop-color", "black"))}"'
            if float(style.get("stop-opacity", "1")) < 1:
                paint += f' stop-opacity="{number(float(style["stop-opacity"]), 4)}"'
            inner.append(f'<stop offset="{offset}"{paint}/>')
        return f"<{tag}{''.join(out)}>{''.join(inner)}</{tag}>"

    def inlined(self, e: Element, at: Matrix, inherited: dict[str, str], used: set[str]) -> str:
        """What a `use` shows, in its place."""
        href = e.get("{http://www.w3.org/1999/xlink}href") or e.get("href") or ""
        target = self.ids.get(href.lstrip("#"))
        if target is None:
            return ""
        ns = "{http://www.w3.org/2000/svg}"
        group = ElementTree.Element(ns + "g")
        for name in ("style", "transform", *sorted(PAINT)):
            if e.get(name) is not None:
                group.set(name, str(e.get(name)))
        inner = group
        if length(e.get("x")) or length(e.get("y")):
            inner = ElementTree.SubElement(group, ns + "g")
            inner.set("transform", f"translate({length(e.get('x'))} {length(e.get('y'))})")
        shown = copy.deepcopy(target)
        for part in shown.iter():
            if part.get("id") and part.get("id") not in used:
                del part.attrib["id"]
        if local(shown.tag) == "symbol":
            if shown.get("viewBox"):
                raise Unsuitable("symbol")
            shown.tag = ns + "g"
        inner.append(shown)
        return self.element(group, at, inherited, used)


NAMED = {"black": "#000", "white": "#fff"}


def colour(value: str) -> str:
    """A colour as `#rrggbb` (or `#rgb`) where it can be; other values as they are."""
    value = value.strip()
    match = re.fullmatch(r"rgb\(\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*\)", value)
    if match:
        value = "#" + "".join(f"{min(255, int(v)):02x}" for v in match.groups())
    if re.fullmatch(r"#[0-9a-fA-F]{3,6}", value):
        value = value.lower()
        if len(value) == 7 and value[1] == value[2] and value[3] == value[4] and value[5] == value[6]:
            value = "#" + value[1] + value[3] + value[5]
        return value
    return NAMED.get(value, value)
