"""Arranging composites in the image: on the ground, in the air, and in free places of the sky."""

from __future__ import annotations

from random import Random

from spectacle.generators.illustration.compose.air import in_air, in_free_place
from spectacle.generators.illustration.compose.build import Cluster
from spectacle.generators.illustration.compose.ground import on_ground
from spectacle.generators.illustration.compose.placed import PictureSpace, Placed


def arrange(clusters: list[Cluster], space: PictureSpace, rng: Random) -> list[Placed]:
    """Where everything goes, far things first."""
    ground = [cluster for cluster in clusters if cluster.kind in {"stand", "swim"}]
    floating = [cluster for cluster in clusters if cluster.kind == "air"]
    placed: list[Placed] = []
    if ground:
        placed += on_ground(ground, space, bool(len(clusters) > len(ground)), rng)
    elif floating:
        placed += in_air(floating, space, rng)
        floating = []
    taken = [one.box for one in placed]
    scale = _pixels_per_unit(placed)
    for cluster in sorted(
        (c for c in clusters if c.kind in {"air", "celestial", "wall"} and (c in floating or c.kind != "air")),
        key=lambda c: -c.composite.width,
    ):
        new = in_free_place(cluster, space, taken, scale, rng, alone=not placed)
        placed += new
        taken += [one.box for one in new]
    return sorted(placed, key=lambda one: one.order)


def _pixels_per_unit(placed: list[Placed]) -> float | None:
    return max((one.height / one.part.height for one in placed), default=None)
