"""Putting one assembly on another: its size, its place and its order."""

from __future__ import annotations

from spectacle.generators.illustration.compose.parts import Assembly


def fit(child: Assembly, height: float | None = None, width: float | None = None) -> None:
    """Shrink to at most a height and a width."""
    factor = 1.0
    if height is not None:
        factor = min(factor, height / child.height)
    if width is not None:
        factor = min(factor, width / child.width)
    if factor < 1:
        child.scale(factor)


def grow(child: Assembly, height: float) -> None:
    """Grow to at least a height."""
    if child.height < height:
        child.scale(height / child.height)


def put(child: Assembly, x: float, y: float, order: float, cut: float | None = None, shade: bool = False) -> None:
    """Move a child's foot to a point and its parts to an order."""
    low = min(part.order for part in child.parts)
    for part in child.parts:
        part.shift(x, y)
        part.order = order + (part.order - low) * 0.1
        if cut is not None and part.cut is None:
            part.cut = cut
        if not shade:
            part.shade = 0.0
