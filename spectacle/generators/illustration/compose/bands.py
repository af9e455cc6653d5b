"""Depth in three bands: what is near, what is in the middle, and what is far away, at the horizon."""

from __future__ import annotations

from random import Random

from spectacle.generators.illustration.compose.build import Cluster
from spectacle.generators.illustration.compose.placed import PictureSpace, Placed, emit

FAR, NEAR = "far", "near"
"""Attributes of what is said to be in the background and in the foreground."""

_DISTANT = 0.5
"""How large something far away is, as a share of its size among the rest."""
_LARGEST = 0.4
"""How high it is at most, as a share of the shorter side."""
_ACROSS = 0.04
"""Step between the places that are tried for it, as a share of the width."""
_AIM = 0.68
"""Where across its middle would best be: a little off the middle of the image."""


def banded(clusters: list[Cluster]) -> tuple[list[Cluster], list[Cluster], list[Cluster]]:
    """Clusters that are near, in the middle and far; what is far is in the middle when nothing else is there."""
    far = [cluster for cluster in clusters if _is_in(cluster, FAR)]
    rest = [cluster for cluster in clusters if cluster not in far]
    if not rest:
        return [], far, []
    near = [cluster for cluster in rest if _is_in(cluster, NEAR)]
    return near, [cluster for cluster in rest if cluster not in near], far


def _is_in(cluster: Cluster, band: str) -> bool:
    return band in cluster.composite.members[0].root.noun.attributes


def at_horizon(
    far: list[Cluster], placed: list[Placed], scale: float, space: PictureSpace, rng: Random
) -> list[Placed]:
    """Places clusters behind all others, small and with their feet on the horizon, where they are seen best.

    Args:
        far: The clusters.
        placed: What stands before them.
        scale: Pixels for a unit of what stands before them.
        space: The space of the image; in a room the back is only a few steps away.
        rng: Randomness of the arrangement.
    """
    made: list[Placed] = []
    ground = space.horizon + 0.035 * (space.height - space.horizon)
    small = scale * (0.85 if space.setting.ground in ("floor", "table") else _DISTANT)
    for cluster in far:
        left, top, right, bottom = cluster.composite.bounds
        room = min(0.9 * ground, _LARGEST * space.unit) / max(0.01, -top)
        size = min(small, room, 0.6 * space.width / (right - left))
        size = max(size, min(room, 0.13 * space.unit / max(0.01, -top)))
        wide, tall = (right - left) * size, -top * size
        taken = [one.box for one in (*placed, *made)]
        start = rng.random() * _ACROSS * space.width
        step = _ACROSS * space.width
        steps = int(max(1.0, (space.width * 0.96 - wide) / step))
        spots = [min(0.02 * space.width + start + number * step, space.width * 0.98 - wide) for number in range(steps)]
        aim = space.width * _AIM - wide / 2
        best = min(spots, key=lambda x: (round(_hidden(x, ground - tall, wide, tall, taken)), abs(x - aim)))
        for member in cluster.composite:
            made += emit(member, best - left * size, ground - max(0.0, bottom) * size, size, cluster.kind, 200)
    return made


def _hidden(x: float, y: float, wide: float, tall: float, taken: list[tuple[float, float, float, float]]) -> float:
    """How much of a box others cover, in square pixels."""
    return sum(
        max(0.0, min(right, x + wide) - max(left, x)) * max(0.0, min(bottom, y + tall) - max(top, y))
        for left, top, right, bottom in taken
    )
