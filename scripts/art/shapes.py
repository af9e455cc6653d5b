"""The few words the library's own drawings are written in."""

from __future__ import annotations


def rect(x: float, y: float, width: float, height: float, fill: str, radius: float = 0) -> str:
    rounded = f' rx="{radius:g}"' if radius else ""
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}"{rounded} fill="{fill}"/>'


def circle(cx: float, cy: float, r: float, fill: str) -> str:
    return f'<circle cx="{cx:g}" cy="{cy:g}" r="{r:g}" fill="{fill}"/>'


def ellipse(cx: float, cy: float, rx: float, ry: float, fill: str) -> str:
    return f'<ellipse cx="{cx:g}" cy="{cy:g}" rx="{rx:g}" ry="{ry:g}" fill="{fill}"/>'


def path(d: str, fill: str) -> str:
    return f'<path d="{d}" fill="{fill}"/>'


def line(d: str, stroke: str, width: float) -> str:
    return (
        f'<path d="{d}" fill="none" stroke="{stroke}" stroke-width="{width:g}" stroke-linecap="round" '
        'stroke-linejoin="round"/>'
    )


def turned(angle: float, cx: float, cy: float, *parts: str) -> str:
    return f'<g transform="rotate({angle:g} {cx:g} {cy:g})">{"".join(parts)}</g>'


def moved(dx: float, dy: float, *parts: str) -> str:
    return f'<g transform="translate({dx:g} {dy:g})">{"".join(parts)}</g>'


def mirrored(axis: float, *parts: str) -> str:
    """The parts and their mirror images about the vertical line x = axis."""
    inner = "".join(parts)
    return f'{inner}<g transform="matrix(-1 0 0 1 {2 * axis:g} 0)">{inner}</g>'
