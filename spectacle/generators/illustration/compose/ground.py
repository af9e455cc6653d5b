"""Arranging composites on the ground: their scale, and rows in the depth."""

from __future__ import annotations

from random import Random

from spectacle.generators.illustration.art.library import Artwork
from spectacle.generators.illustration.compose.bands import at_horizon, banded
from spectacle.generators.illustration.compose.build import Cluster
from spectacle.generators.illustration.compose.casting import LIVELY
from spectacle.generators.illustration.compose.placed import PictureSpace, Placed, contained, emit, lift
from spectacle.generators.illustration.compose.together import distance_of

_LOW = frozenset({"flower", "plant", "insect", "fruit", "vegetable", "food"})
"""Categories of what others are not to be hidden by."""
_NEARER = 1.2
"""How much larger something in the foreground is than among the rest."""
_TALLEST = 0.56
"""Share of the height of a narrow image that what stands in it may take."""


def _rows(clusters: list[Cluster], space: PictureSpace, rng: Random) -> list[list[Cluster]]:
    """Clusters in rows from near to far: one row where they fit side by side, more in narrow images."""
    order = list(clusters)
    if len(order) == 1:
        return [order]
    if space.setting.ground == "water" and len({cluster.kind for cluster in order}) == 2:
        return [[one for one in order if one.kind == "stand"], [one for one in order if one.kind == "swim"]]
    if space.setting.kerb is not None:
        fixed = [one for one in order if _is_fixed(one)]
        if 0 < len(fixed) < len(order):
            return [[one for one in order if one not in fixed], fixed]
    heights = [cluster.composite.height for cluster in order]
    big = [
        cluster
        for cluster, height in zip(order, heights, strict=True)
        if height > 1.75 * sorted(heights)[0] and height == max(heights)
    ]
    wide = space.width / space.height
    best: tuple[float, list[list[Cluster]]] | None = None
    options: list[list[list[Cluster]]] = [[order]]
    if big and len(big) < len(order):
        options.append([[cluster for cluster in order if cluster not in big], big])
    low = [cluster for cluster in order if cluster.composite.height < 0.66 * max(heights)]
    halves = [low, [cluster for cluster in order if cluster not in low]] if len(order) > 2 and low else []
    if halves:
        options.append(halves)
    depth = [low, [one for one in order if one not in low and one not in big], big]
    if len(order) > 2 and all(depth) and not set(map(id, low)) & set(map(id, big)) and all(map(_is_fixed, big)):
        options.append(depth)
    for rows in range(2, min(len(order), 4) + 1):
        ranked = sorted(order, key=lambda cluster: cluster.composite.height)
        size = -(-len(ranked) // rows)
        options.append([ranked[start : start + size] for start in range(0, len(ranked), size)])
    roomy = True
    for option in options:
        width = max(sum(cluster.composite.width for cluster in row) + 0.12 * (len(row) - 1) for row in option)
        height = _stack_height(option)
        fit = min(0.88 * wide / width, 0.72 / height)
        if len(option) > 1:
            backed = bool(big) and option is options[1]
            crowded = 0.5 if wide > 0.85 and roomy else 0.85
            fit *= 1.25 if option is depth else 1.1 if backed or option is halves else crowded
        else:
            roomy = fit * max(heights) > 0.36
        if best is None or fit > best[0]:
            best = (fit, option)
    assert best is not None
    rows_found = best[1]
    for row in rows_found:
        if len(row) > 2 or rng.random() < 0.5:
            rng.shuffle(row)
    return rows_found


def _face_inwards(rows: list[list[Cluster]]) -> None:
    """Let the outer ones of a row look to the middle, when nothing else decides where they look."""
    for row in rows:
        for cluster, direction in ((row[0], "right"), (row[-1], "left")):
            members = cluster.composite.members
            alike = len({member.thing for member in members}) == 1 and all(len(member.parts) == 1 for member in members)
            if len(row) > 1 and alike and members[0].root.drawing.category in LIVELY:
                for member in members:
                    member.look(direction)


def _is_fixed(cluster: Cluster) -> bool:
    """Whether it is a building or a tree, which stands by a road rather than on it."""
    return all(_is_fixed_drawing(member.root.drawing) for member in cluster.composite)


def _is_fixed_drawing(root: Artwork) -> bool:
    return root.category in {"building", "tree", "landscape"} or "tree" in root.title.split()


def _stack_height(rows: list[list[Cluster]]) -> float:
    top, base = 0.0, 0.0
    for row in rows:
        top = max(top, base + max(cluster.composite.height for cluster in row))
        low = all(member.root.drawing.category in _LOW for cluster in row for member in cluster.composite)
        base += (0.78 if low else 0.48) * max(cluster.composite.height for cluster in row)
    return top


def on_ground(clusters: list[Cluster], space: PictureSpace, leave_sky: bool, rng: Random) -> list[Placed]:
    """Where clusters stand: rows of what is near and in the middle, and behind them what is far away."""
    near_ones, middle, far = banded(clusters)
    for cluster in near_ones if middle or far else []:
        low = all(member.root.drawing.category in _LOW for member in cluster.composite)
        for member in cluster.composite:
            member.scale(_NEARER * (0.5 if low else 1.0))
    clusters = [*near_ones, *middle]
    rows = [near_ones, *_rows(middle, space, rng)] if near_ones and middle else _rows(clusters, space, rng)
    _face_inwards(rows)
    kerb = None if space.setting.kerb is None else space.horizon + space.setting.kerb * (space.height - space.horizon)
    unit, wide = space.unit, space.width / space.height
    narrow, long = wide < 0.6, wide > 2.2
    margin = 0.05 * space.width
    if long and len(clusters) == 1:
        _spread_out(clusters[0], wide)
    gap = 0.1
    widths = []
    for row in rows:
        widths.append(sum(cluster.composite.width for cluster in row) + gap * (len(row) - 1))
    height = _stack_height(rows)
    foot = space.height * (space.setting.foot + rng.uniform(-0.025, 0.02))
    if wide < 0.7:
        foot -= space.height * 0.05 * min(1.0, 0.7 / wide - 1)
    room = (foot - 0.05 * space.height) * (0.74 if leave_sky else 1.0)
    single = len(clusters) == 1 and len(clusters[0].composite.members) == 1
    tall = min((rng.uniform(0.56, 0.67) if single else 0.74) * unit * (1.15 if wide < 0.8 else 1.0), room)
    if narrow:
        tall = min(_TALLEST * space.height, room)
    widest = 3.6 if long else 2.6 if wide > 1.5 else 0.95
    alone = rng.uniform(0.68, 0.8) * (1.15 if narrow else 2.4 if long else 1.0)
    broad = min(space.width - 2 * margin, unit * (alone if single else widest))
    scale = min(tall / height, broad / max(widths))
    placed = []
    base = foot
    depth = 0.0
    lean = rng.choice((-0.85, 0.85))
    for number, row in enumerate(rows):
        near = (1.0, 0.94, 0.88)[min(number, 2)]
        total = widths[number] * scale * near
        spare = space.width - 2 * margin - total
        slack = spare / (len(row) + 1) if len(row) > 1 else 0
        slack = min(slack, (0.7 if long else 0.22) * unit)
        used = total + slack * (len(row) - 1)
        x = (space.width - used) / 2
        if len(rows) == 1 and len(row) == 1 and wide > 1.25:
            x += rng.choice((-0.12, 0.0, 0.12)) * (space.width - used) * (1.6 if long else 1.0)
        elif len(rows) > 1:
            x += (lean if number % 2 else -lean) * max(0.0, spare - slack * (len(row) - 1)) / 2
        elif len(row) == 1:
            x += rng.choice((-0.8, -0.5, 0.0, 0.5, 0.8)) * max(0.0, spare) * 0.3
        for cluster in row:
            left, _, right, bottom = cluster.composite.bounds
            dip = rng.uniform(0, 0.03) * unit if len(row) > 1 else 0.0
            ground = base - max(0.0, bottom) * scale * near - dip
            for member in cluster.composite:
                placed += emit(
                    member, x - left * scale * near, ground, scale * near, cluster.kind, 1000 - depth - dip / unit * 10
                )
            x += (right - left) * scale * near + slack + gap * scale * near
        if number == 0 and kerb is not None and len(rows) == 1 and all(_is_fixed(one) for one in row):
            lift(placed, kerb - foot)
            break
        tallest = max(cluster.composite.height for cluster in row)
        low = all(member.root.drawing.category in _LOW for cluster in row for member in cluster.composite)
        base = max(base - (0.78 if low else 0.48) * tallest * scale, space.horizon + 0.03 * unit)
        if kerb is not None and number + 1 < len(rows) and all(_is_fixed(one) for one in rows[number + 1]):
            base = min(base, kerb)
        if space.setting.ground == "water" and number + 1 < len(rows) and rows[number + 1][0].kind == "swim":
            base = min(base, space.horizon + 0.45 * (space.height - space.horizon))
        depth += 100
    placed = contained(placed, space)
    return placed + at_horizon(far, placed, scale, space, rng) if far else placed


def _spread_out(cluster: Cluster, wide: float) -> None:
    """Moves the members of a group apart, so that they take up more of a long image."""
    members = cluster.composite.members
    alike = len({member.thing for member in members}) == 1
    if len(members) < 2 or not alike or distance_of(members[0].root.noun) is not None:
        return
    factor = min(1.7, max(1.0, 0.62 * wide * cluster.composite.height / cluster.composite.width))
    for member in members:
        member.x *= factor
