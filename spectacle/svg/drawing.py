"""Rendering with cairosvg: no fetching, references looked up, inheritance resolved. Importing it loads libcairo."""

from __future__ import annotations

import re
from typing import Any
from xml.etree.ElementTree import Element, tostring

from cairosvg.parser import Tree
from cairosvg.surface import PNGSurface
from defusedxml.ElementTree import fromstring

DPI = 96
"""Pixels per inch, as CSS has it."""

_BASE = "http://drawing.invalid/"  # cairosvg caches the targets of references only for a document with an address
_XLINK_HREF = "{http://www.w3.org/1999/xlink}href"
_INHERITING = re.compile(rb"<(?:[\w.-]+:)?(?:linearGradient|radialGradient|pattern)\s[^>]*href\s*=")
_INHERITING_NAMES = ("linearGradient", "radialGradient", "pattern")


def draw(svg: bytes, width: int, height: int) -> Any:
    """Render a document on a transparent ground and return the `cairocffi.ImageSurface` of `width` × `height` pixels.

    Raises:
        Exception: Whatever the document makes cairosvg raise.
    """
    if _INHERITING.search(svg):
        svg = _resolve_inheritance(svg)
    surface = _Surface(Tree(bytestring=svg, url=_BASE, url_fetcher=_fetch_nothing), width, height)
    surface.cairo.flush()
    return surface.cairo


class _Surface(PNGSurface):  # type: ignore[misc]
    """cairosvg 2.9.1 walks through the document for every `<use>`; this one fills its cache of targets beforehand."""

    def __init__(self, tree: Tree, width: int, height: int) -> None:
        self._tree = tree
        super().__init__(tree, None, DPI, output_width=width, output_height=height)

    def _create_surface(self, width: float, height: float) -> Any:
        nodes = [self._tree]
        while nodes:
            node = nodes.pop()
            if "id" in node:
                self.tree_cache.setdefault((self._tree.url, node["id"]), node)
            nodes.extend(reversed(node.children))
        return super()._create_surface(width, height)


def _fetch_nothing(url: str, resource_type: str) -> bytes:
    return b'<svg width="1" height="1"/>'


def _resolve_inheritance(svg: bytes) -> bytes:
    """Give gradients and patterns what they inherit by `href`: cairosvg 2.9.1 forgets it again at every second use."""
    root: Element = fromstring(svg)
    by_id = {identity: element for element in root.iter() if (identity := element.get("id"))}
    for element in root.iter():
        if not str(element.tag).endswith(_INHERITING_NAMES):
            continue
        seen = {id(element)}
        while (target := by_id.get(_pop_href(element).removeprefix("#"))) is not None and id(target) not in seen:
            seen.add(id(target))
            for name, value in target.attrib.items():
                element.attrib.setdefault(name, value)
            if len(element) == 0:
                element.extend(target)
    return tostring(root)


def _pop_href(element: Element) -> str:
    plain, linked = element.attrib.pop("href", ""), element.attrib.pop(_XLINK_HREF, "")
    return plain or linked
