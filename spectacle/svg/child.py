"""The process that draws: reads drawings from a socket on standard input, answers with pixels, within hard limits.

Started by `spectacle.svg.rasterise` as `python -m spectacle.svg.child PARENT_PID`. A request is a `REQUEST` header and
the drawing in UTF-8, an answer is a `RESPONSE` header and its payload. The first answer tells whether the process can
draw at all.
"""

from __future__ import annotations

import ctypes
import gc
import os
import re
import resource
import signal
import socket
import struct
import sys
from enum import IntEnum
from typing import Any
from xml.etree.ElementTree import Element, tostring

from defusedxml.ElementTree import fromstring

REQUEST = struct.Struct("<IIIIQ")
"""Bytes of the drawing, width, height, CPU seconds, bytes of address space."""
RESPONSE = struct.Struct("<BQ")
"""`Answer` and bytes of the payload."""
DPI = 96

_PR_SET_PDEATHSIG = 1
# An address lets cairosvg cache what <use> refers to; without one it searches the whole document for every <use>.
_BASE = "http://drawing.invalid/"
_XLINK_HREF = "{http://www.w3.org/1999/xlink}href"
_INHERITING = re.compile(rb"<(?:[\w.-]+:)?(?:linearGradient|radialGradient|pattern)\s[^>]*href\s*=")
_INHERITING_NAMES = ("linearGradient", "radialGradient", "pattern")


class Answer(IntEnum):
    """What the payload of an answer is."""

    READY = 0
    """Nothing: drawings may be sent."""
    LIBRARY_MISSING = 1
    """Text: why cairo could not be loaded."""
    PIXELS = 2
    """Rows of cairo's ARGB32 pixels, alpha premultiplied: bytes blue, green, red, alpha on a little-endian machine."""
    FAILED = 3
    """Text: why the drawing could not be rendered."""
    NO_MEMORY = 4
    """Nothing: memory did not suffice, and the process ends."""


def main() -> None:
    """Answer requests until the other end closes the socket."""
    _die_with_parent(int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C is for the parent, which may want to finish
    connection = socket.socket(fileno=0)
    try:
        import cairosvg.surface  # noqa: F401
    except OSError as error:
        _answer(connection, Answer.LIBRARY_MISSING, str(error).encode())
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    gc.collect()
    gc.freeze()
    gc.disable()  # a drawing's nodes live until it is done, and are collected after the answer
    _answer(connection, Answer.READY)
    stream = connection.makefile("rb")
    while header := stream.read(REQUEST.size):
        length, width, height, cpu_seconds, memory = REQUEST.unpack(header)
        svg = stream.read(length)
        _arm(cpu_seconds, memory)
        try:
            surface = _draw(svg, width, height)
        except MemoryError:
            _answer(connection, Answer.NO_MEMORY)
            return
        except Exception as error:  # whatever a drawing makes cairosvg raise is the drawing's failure
            _answer(connection, Answer.FAILED, f"{type(error).__name__}: {error}".encode(errors="replace"))
        else:
            _answer(connection, Answer.PIXELS, surface.get_data())
            del surface
        gc.collect()


def _die_with_parent(parent: int) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("the parent is gone")


def _arm(cpu_seconds: int, memory: int) -> None:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    used = int(usage.ru_utime + usage.ru_stime) + 1
    for limit, soft in ((resource.RLIMIT_CPU, used + cpu_seconds), (resource.RLIMIT_AS, memory)):
        hard = resource.getrlimit(limit)[1]
        resource.setrlimit(limit, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def _answer(connection: socket.socket, answer: Answer, payload: Any = b"") -> None:
    connection.sendall(RESPONSE.pack(answer, len(payload)))
    connection.sendall(payload)


def _draw(svg: bytes, width: int, height: int) -> Any:  # cairocffi.ImageSurface
    from cairosvg.parser import Tree
    from cairosvg.surface import PNGSurface

    if _INHERITING.search(svg):
        svg = _resolve_inheritance(svg)
    tree = Tree(bytestring=svg, url=_BASE, url_fetcher=_fetch_nothing)
    surface = PNGSurface(tree, None, DPI, output_width=width, output_height=height)
    surface.cairo.flush()
    return surface.cairo


def _fetch_nothing(url: str, resource_type: str) -> bytes:
    return b'<svg width="1" height="1"/>'


def _resolve_inheritance(svg: bytes) -> bytes:
    """Give gradients and patterns what they inherit by `href`: cairosvg 2.9.1 forgets it again at every second use."""
    root: Element = fromstring(svg)
    by_id = {identity: element for element in root.iter() if (identity := element.get("id"))}
    for element in list(root.iter()):
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


if __name__ == "__main__":
    main()
