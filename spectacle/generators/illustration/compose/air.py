"""Arranging composites in the air, and in free places of the sky."""

from __future__ import annotations

from random import Random

from spectacle.generators.illustration.compose.build import Cluster
from spectacle.generators.illustration.compose.canvas import Box
from spectacle.generators.illustration.compose.placed import PictureSpace, Placed, emit

_TOP = 0.06
"""Where the air ends, as a share of the image's height."""

_ABOVE_HORIZON = 0.03
"""How far below the horizon what floats may hang, in units."""

_BOTTOM_WITHOUT_GROUND = {"air": 0.86, "seabed": 0.8}
"""Where the air ends below in places without ground, as a share of the height."""

_CROWD = 3
"""Things in the air that fit above the horizon; more reach down to `_CROWD_BOTTOM` of the height."""
_CROWD_BOTTOM = 0.8

_SIDE_BY_SIDE = 0.9
"""Width to height of an image from which on composites float side by side, not above each other."""

_GAP, _GAP_ABOVE = 1.1, 1.12
"""Widths and heights with the gap to the next composite."""

_BROAD = 0.86
"""Share of the image's width that may be covered."""

_TALL, _TALL_ALONE = 0.8, 0.62
"""Height of what floats side by side, and of a single thing, in units."""

_WIDE, _WIDE_ALONE = 2.4, 0.66
"""Largest width of all, and of a single thing, in units."""

_SHRINKING = (1.0, 0.82, 0.66, 0.5)
"""Factors that are tried on a composite which looks for a free place."""

_TRIES = 60
"""Places that are tried with each factor."""

_ORDER = {"celestial": 0.0, "wall": 10.0}
_ORDER_AIR = 20.0
"""How near things are drawn: the sun behind a picture on the wall behind a bird."""


def in_air(clusters: list[Cluster], space: PictureSpace, rng: Random) -> list[Placed]:
    """Composites floating side by side or above each other, in the middle of the image."""
    low, high = _air(clusters, space)

    several = len(clusters) > 1 and space.width / space.height > _SIDE_BY_SIDE
    spans = [_span(cluster) for cluster in clusters]
    width = _GAP * sum(c.composite.width for c in clusters) if several else max(c.composite.width for c in clusters)
    height = max(spans) if several else sum(spans) * _GAP
    scale = _air_scale(clusters, space, width, height, low - high, several=several)
    placed = []
    total = width * scale
    x = (space.width - total) / 2 + rng.uniform(-0.3, 0.3) * max(0.0, space.width * _BROAD - total)
    y = low
    for cluster, span in zip(clusters, spans, strict=True):
        left, top, right, bottom = cluster.composite.bounds
        share = (right - left) * scale
        spare = max(0.0, (low - high) - span * scale)
        middle = (low + high) / 2 + span * scale / 2 + rng.uniform(-0.5, 0.5) * spare * 0.6
        ground = max((middle if several else y) - bottom * scale, high - top * scale)
        if several:
            origin = x - left * scale
        else:
            swing = rng.uniform(-0.3, 0.3) * max(0.0, space.width * _BROAD - share)
            origin = (space.width - share) / 2 - left * scale + swing
        for member in cluster.composite:
            placed += emit(member, origin, ground, scale, "air", 1000)
        x += share * _GAP
        y -= span * scale * _GAP_ABOVE
    return placed


def _air(clusters: list[Cluster], space: PictureSpace) -> tuple[float, float]:
    """Lower and upper end of the air in pixels."""
    low = space.horizon + _ABOVE_HORIZON * space.unit
    if space.setting.ground in _BOTTOM_WITHOUT_GROUND:
        low = space.height * _BOTTOM_WITHOUT_GROUND[space.setting.ground]
    if sum(len(cluster.composite.members) for cluster in clusters) > _CROWD:
        low = max(low, _CROWD_BOTTOM * space.height)
    return low, _TOP * space.height


def _air_scale(
    clusters: list[Cluster], space: PictureSpace, width: float, height: float, room: float, *, several: bool
) -> float:
    """Pixels a unit for composites of `width` and `height` in all, in air `room` pixels high."""
    single = len(clusters) == 1 and len(clusters[0].composite.members) == 1
    scale = min(
        (_TALL_ALONE if single else _TALL) * space.unit / height if several or single else room * 0.9 / height,
        min(_BROAD * space.width, space.unit * _WIDE) / width,
        room / height,
    )
    return min(scale, _WIDE_ALONE * space.unit / width) if single else scale


def _span(cluster: Cluster) -> float:
    _, top, _, bottom = cluster.composite.bounds
    return bottom - top


def in_free_place(
    cluster: Cluster, space: PictureSpace, taken: list[Box], scale: float | None, rng: Random, *, alone: bool
) -> list[Placed]:
    """Put a composite where it covers least, in the upper part of the image.

    Args:
        cluster: What is placed.
        space: The image.
        taken: What is covered already.
        scale: Pixels a unit of what is placed already; None before the first.
        rng: Chooses between places that are alike.
        alone: Whether nothing else is in the image.
    """
    left, top, right, bottom = cluster.composite.bounds
    width, height = right - left, bottom - top
    factor = _free_scale(cluster, space, scale, alone=alone)
    low = _free_bottom(cluster, space)
    best: tuple[float, float, float, float] | None = None
    for shrink in _SHRINKING:
        w, h = width * factor * shrink, height * factor * shrink
        for _ in range(_TRIES):
            x = rng.uniform(0.03 * space.width, max(0.031 * space.width, 0.97 * space.width - w))
            y = rng.uniform(0.03 * space.height, max(0.031 * space.height, min(low, space.height * 0.95) - h))
            cost = sum(_overlap((x, y, x + w, y + h), other) for other in taken) / max(1.0, w * h)
            middle = abs((x + w / 2) / space.width - 0.5)
            cost += 0.05 * rng.random() + (0.06 * (0.5 - middle) if taken else 0.12 * middle) + 0.6 * (1 - shrink)
            if best is None or cost < best[0]:
                best = (cost, x, y, shrink)
    assert best is not None
    _, x, y, shrink = best
    factor *= shrink
    placed = []
    order = _ORDER.get(cluster.kind, _ORDER_AIR)
    for member in cluster.composite:
        placed += emit(member, x - left * factor, y - top * factor, factor, cluster.kind, order)
    return placed


def _free_scale(cluster: Cluster, space: PictureSpace, scale: float | None, *, alone: bool) -> float:
    """Pixels a unit of a composite that looks for a free place, before it shrinks to fit."""
    left, top, right, bottom = cluster.composite.bounds
    width, height = right - left, bottom - top
    unit = space.unit
    count = len(cluster.composite.members)
    spread: float = min(2.4, count**0.5)
    if cluster.kind == "celestial":
        target = unit * (0.36 if alone and count == 1 else 0.2) * spread
        return min(target / height if count == 1 else target / max(height, width), space.width * 0.9 / width)
    if scale is None:
        return 0.5 * unit / max(height, width)
    return min(
        max(scale, 0.13 * unit * spread / height),
        0.36 * unit * max(1.0, spread * 0.8) / height,
        space.width * 0.9 / width,
    )


def _free_bottom(cluster: Cluster, space: PictureSpace) -> float:
    """Down to where a composite may be that looks for a free place, in pixels."""
    if space.setting.ground in _BOTTOM_WITHOUT_GROUND:
        return space.height * _BOTTOM_WITHOUT_GROUND["air"]
    return space.horizon * (0.92 if cluster.kind != "wall" else 0.7)


def _overlap(one: Box, other: Box) -> float:
    wide = min(one[2], other[2]) - max(one[0], other[0])
    tall = min(one[3], other[3]) - max(one[1], other[1])
    return wide * tall if wide > 0 and tall > 0 else 0.0
