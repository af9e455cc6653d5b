"""Cleaning an SVG document from a generator: allow-listed, bounded, and framed for the size asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from spectacle.errors import GeneratorError
from spectacle.svg.rules import (
    ELEMENTS,
    GROUPING_ELEMENTS,
    INHERITED_REFERRING,
    LINK,
    LINKING_ELEMENTS,
    NUMBER,
    ONCE_REFERRING,
    PLAIN_TEXT_ELEMENTS,
    RULES,
    TEXT_ELEMENTS,
    parse_numbers,
    referred_id,
    style_declarations,
)

SVG_NAMESPACE = "http://www.w3.org/2000/svg"
XLINK_NAMESPACE = "http://www.w3.org/1999/xlink"
XML_NAMESPACE = "http://www.w3.org/XML/1998/namespace"
SAME_ASPECT = 0.02
"""Largest relative difference of two aspect ratios that are considered the same: stretching by less is not seen."""

_EXACT = 1e-6
_PREFIXES = {SVG_NAMESPACE: "", XLINK_NAMESPACE: "xlink:", XML_NAMESPACE: "xml:"}
_PIXELS_PER_UNIT = {"": 1, "px": 1, "pt": 96 / 72, "pc": 16, "in": 96, "cm": 96 / 2.54, "mm": 96 / 25.4}
_ROOT_LENGTH = re.compile(rf"\s*({NUMBER.pattern})([a-z%]*)[\s,]*", re.ASCII)
_MAYBE_LARGE = re.compile(r"(?<![\d.])\d{7}|[eE]")


@dataclass(frozen=True, slots=True)
class SvgLimits:
    """How large an SVG may be.

    Attributes:
        bytes: Size of the document in bytes of UTF-8, before and after cleaning.
        elements: Number of elements, dropped ones included.
        expanded: Number of elements when every reference (`use`, pattern, gradient, clip, mask) is followed where it is
            used, as a renderer does.
        depth: Nesting of elements, references followed.
        coordinate: Largest absolute value of a coordinate, length or transformation.
    """

    bytes: int = 4 * 2**20
    elements: int = 20_000
    expanded: int = 200_000
    depth: int = 64
    coordinate: float = 1e6


def clean_svg(text: str, *, width: int, height: int, limits: SvgLimits = SvgLimits()) -> str:
    """Make an SVG safe to publish and exactly `width` × `height` pixels.

    A document that needs no change is returned as it is, character by character; so cleaning is idempotent. Otherwise
    the document is written again, compact and always in the same way.

    Dropped without a word: comments, processing instructions, the XML declaration; every element that is not in the
    allowlist, with all it contains (scripts, style sheets, images, foreign objects, animations, filters,
    elements of other namespaces); every attribute that is not in the allowlist or whose value is not well-formed,
    among them event handlers and references to anything but an element of the same document; the second use of an id.
    A `style` attribute is turned into the presentation attributes it stands for, an `a` into a group, and a `switch`
    into a group with the first of its alternatives that stays.

    The root gets `width` and `height`. A `viewBox` is kept, otherwise it is made from the former width and height
    (absolute units at 96 per inch), or from the new ones when those are missing or relative. The SVG is centred
    and nothing is cut off, unless `preserveAspectRatio` says otherwise; one whose aspect ratio is off by at most
    `SAME_ASPECT` is stretched instead of leaving thin empty bars.

    Returns:
        The document, beginning with `<svg` and ending with the root's end tag, perhaps followed by white space.

    Raises:
        GeneratorError: The document as a whole is refused, because it is not well-formed XML, its root is not `svg`,
            it declares a document type or an entity, it refers to itself, or it goes beyond `limits`.
    """
    _check_bytes(text, limits)
    source = text.lstrip("\ufeff \t\r\n")
    builder = _Builder(limits)
    parser = DefusedXMLParser(target=builder, forbid_dtd=True)
    try:
        parser.feed(source)
        root = parser.close()
    except ParseError as error:
        raise _refused(f"it is not well-formed XML ({error})") from error
    except DefusedXmlException as error:
        raise _refused("it declares a document type or an entity") from error
    changed = builder.changed | (source != text) | (not source.startswith("<svg"))
    changed |= "<![CDATA[" in source  # harmless in XML, but markup to an HTML page that the SVG is pasted into
    changed |= _frame(root, width, height)
    _check_expansion(builder.elements, limits)
    if not changed:
        return text
    cleaned = "".join(_serialise(builder.elements))
    _check_bytes(cleaned, limits)
    return cleaned


def in_millimetres(svg: str, width: float, height: float) -> str:
    """A cleaned SVG whose root has its size in millimetres in place of pixels."""
    end = svg.index(">")
    root = re.sub(r' width="[^"]*"', f' width="{_plain(width)}mm"', svg[:end], count=1)
    root = re.sub(r' height="[^"]*"', f' height="{_plain(height)}mm"', root, count=1)
    return root + svg[end:]


def _refused(reason: str) -> GeneratorError:
    return GeneratorError(f"the SVG was rejected: {reason}")


def _check_bytes(text: str, limits: SvgLimits) -> None:
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise _refused("it contains characters that XML does not allow") from error
    if size > limits.bytes:
        raise _refused(f"it is {size} bytes; the limit is {limits.bytes}")


@dataclass(slots=True)
class _Element:
    name: str
    attributes: dict[str, str]
    chooses: bool = False
    content: list[_Element | str] = field(default_factory=list)
    cost: int = 0
    height: int = 0

    def children(self) -> Iterator[_Element]:
        return (item for item in self.content if isinstance(item, _Element))


class _Builder:
    """Receives the parser's events, keeps what is allowed and remembers whether that was everything."""

    def __init__(self, limits: SvgLimits) -> None:
        self.limits = limits
        self.changed = False
        self.elements: list[_Element] = []
        self._open: list[_Element] = []
        self._count = 0
        self._dropped_depth = 0
        self._ids: set[str] = set()
        self._namespace = f"{{{SVG_NAMESPACE}}}"

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > self.limits.elements:
            raise _refused(f"it has more than {self.limits.elements} elements")
        if len(self._open) + self._dropped_depth >= self.limits.depth:
            raise _refused(f"its elements are nested more than {self.limits.depth} deep")
        if self._count == 1 and "}" not in tag:
            self._namespace = ""
            self.changed = True
        namespace, brace, name = tag.rpartition("}")
        if self._count == 1 and (name != "svg" or namespace + brace != self._namespace):
            raise _refused(f"its root element is <{name[:40]}>, not <svg>")
        if self._dropped_depth or not self._allowed(namespace + brace, name):
            self._dropped_depth += 1
            self.changed = True
            return
        name_kept = self._kept_name(name)
        element = _Element(name_kept, self._kept_attributes(name_kept, attributes), chooses=name == "switch")
        self.changed |= name_kept != name
        self.changed |= not _same_attributes(element.attributes, attributes)
        if self._open:
            self._open[-1].content.append(element)
        self._open.append(element)
        self.elements.append(element)

    def end(self, tag: str) -> None:
        if self._dropped_depth:
            self._dropped_depth -= 1
        else:
            self._open.pop()

    def data(self, text: str) -> None:
        if self._open and not self._dropped_depth and self._open[-1].name in TEXT_ELEMENTS:
            self._open[-1].content.append(text)

    def comment(self, text: str) -> None:
        self.changed = True

    def pi(self, target: str, data: str | None = None) -> None:
        self.changed = True

    def start_ns(self, prefix: str, uri: str) -> None:
        self.changed |= uri not in {SVG_NAMESPACE, XLINK_NAMESPACE}

    def close(self) -> _Element:
        return self.elements[0]

    def _allowed(self, namespace: str, name: str) -> bool:
        if namespace != self._namespace or name not in ELEMENTS | GROUPING_ELEMENTS:
            return False
        parent = self._open[-1] if self._open else None
        if parent is None:
            return True
        chosen = parent.chooses and any(parent.children())
        return not chosen and parent.name not in PLAIN_TEXT_ELEMENTS

    def _kept_name(self, name: str) -> str:
        if name not in GROUPING_ELEMENTS:
            return name
        return "tspan" if self._open[-1].name in TEXT_ELEMENTS else "g"

    def _kept_attributes(self, element: str, attributes: dict[str, str]) -> dict[str, str]:
        kept: dict[str, str] = {}
        for key, value in attributes.items():
            self._keep(element, _prefixed(key), value, kept)
        for name, value in style_declarations(attributes.get("style", "")):
            self._keep(element, name, value, kept)
        if "href" in kept:
            kept.pop("xlink:href", None)
        identity = kept.get("id")
        if identity in self._ids:
            del kept["id"]
        elif identity is not None:
            self._ids.add(identity)
        return kept

    def _keep(self, element: str, name: str, value: str, kept: dict[str, str]) -> None:
        rule = RULES.get(name)
        allowed = rule.keep(value) if rule else None
        if rule is None or allowed is None or (rule is LINK and element not in LINKING_ELEMENTS):
            return
        if rule.coordinates:
            self._check_coordinates(element, name, allowed)
        kept[name] = allowed

    def _check_coordinates(self, element: str, name: str, value: str) -> None:
        if self.limits.coordinate >= 999_999 and not _MAYBE_LARGE.search(value):
            return
        for number in NUMBER.findall(value):
            if abs(float(number)) > self.limits.coordinate:
                limit = f"{self.limits.coordinate:g}"
                raise _refused(f"{name} of <{element}> has the number {number[:40]}, beyond the limit of {limit}")


def _prefixed(key: str) -> str:
    if not key.startswith("{"):
        return key
    namespace, _, name = key[1:].partition("}")
    return _PREFIXES.get(namespace, "other:") + name


def _same_attributes(kept: dict[str, str], given: dict[str, str]) -> bool:
    return len(kept) == len(given) and all(kept.get(_prefixed(key)) == value for key, value in given.items())


def _frame(root: _Element, width: int, height: int) -> bool:
    """Set the root's size, viewBox and aspect; True when that changed anything."""
    before = dict(root.attributes)
    if "viewBox" not in before:
        own_width, own_height = _pixels(before.get("width")), _pixels(before.get("height"))
        if not own_width or not own_height:
            own_width, own_height = width, height
        root.attributes["viewBox"] = f"0 0 {_plain(own_width)} {_plain(own_height)}"
    root.attributes["width"] = str(width)
    root.attributes["height"] = str(height)
    if "preserveAspectRatio" not in before:
        box_width, box_height = parse_numbers(root.attributes["viewBox"])[2:]
        stretch = (width / height) / (box_width / box_height)
        if 1 + _EXACT < max(stretch, 1 / stretch) <= 1 + SAME_ASPECT:
            root.attributes["preserveAspectRatio"] = "none"
    return root.attributes != before


def _pixels(length: str | None) -> float | None:
    """A root length in pixels, or None when it is missing, zero or relative."""
    match = _ROOT_LENGTH.fullmatch(length or "")
    if not match or match[2] not in _PIXELS_PER_UNIT:
        return None
    pixels = round(float(match[1]) * _PIXELS_PER_UNIT[match[2]], 4)
    return pixels if pixels > 0 else None


def _plain(number: float) -> str:
    return f"{number:.4f}".rstrip("0").rstrip(".")


def _check_expansion(elements: list[_Element], limits: SvgLimits) -> None:
    """Refuse references that go in circles, or that multiply the SVG beyond the limits.

    Depth first with a stack of its own, each element evaluated once: `cost` is its number of elements and `height` its
    nesting with all references followed.
    """
    by_id = {element.attributes["id"]: element for element in elements if "id" in element.attributes}
    entered: set[int] = set()
    stack = [elements[0]]
    while stack:
        element = stack[-1]
        if element.cost:
            stack.pop()
            continue
        once = _targets(element, ONCE_REFERRING, by_id)
        inherited = _targets(element, INHERITED_REFERRING, by_id)
        parts = list(chain(element.children(), once, inherited))
        if id(element) not in entered:
            entered.add(id(element))
            for part in parts:
                if part.cost:
                    continue
                if id(part) in entered:
                    raise _refused(f"<{part.name}> with id {part.attributes.get('id', '')!r} refers to itself")
                stack.append(part)
            continue
        stack.pop()
        element.cost = 1 + sum(part.cost for part in chain(element.children(), once))
        element.cost *= 1 + sum(part.cost for part in inherited)
        element.height = 1 + max((part.height for part in parts), default=0)
        if element.cost > limits.expanded:
            raise _refused(f"its references expand to more than {limits.expanded} elements")
        if element.height > limits.depth:
            raise _refused(f"its references are nested more than {limits.depth} deep")


def _targets(element: _Element, names: tuple[str, ...], by_id: dict[str, _Element]) -> list[_Element]:
    ids = [referred_id(element.attributes[name]) for name in names if name in element.attributes]
    return [by_id[identity] for identity in ids if identity in by_id]


def _serialise(elements: list[_Element]) -> Iterator[str]:
    declarations = f' xmlns="{SVG_NAMESPACE}"'
    if any("xlink:href" in element.attributes for element in elements):
        declarations += f' xmlns:xlink="{XLINK_NAMESPACE}"'
    stack: list[_Element | str] = [elements[0]]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            yield item
            continue
        attributes = "".join(f' {name}="{_escape_attribute(value)}"' for name, value in item.attributes.items())
        start = f"<{item.name}{declarations}{attributes}"
        declarations = ""
        if not item.content:
            yield f"{start}/>"
            continue
        yield f"{start}>"
        stack.append(f"</{item.name}>")
        stack.extend(
            escape_text(content) if isinstance(content, str) else content for content in reversed(item.content)
        )


def escape_text(text: str) -> str:
    """`text` as the content of an XML element."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")


def _escape_attribute(text: str) -> str:
    escaped = escape_text(text).replace('"', "&quot;")
    return escaped.replace("\t", "&#9;").replace("\n", "&#10;")
