"""Arranging composites in the picture: scale, rows in the depth, and free places in the sky."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from spectacle.generators.illustration.art.library import Drawing
from spectacle.generators.illustration.compose.backgrounds import Setting
from spectacle.generators.illustration.compose.build import Cluster
from spectacle.generators.illustration.compose.canvas import Box
from spectacle.generators.illustration.compose.casting import LIVELY
from spectacle.generators.illustration.compose.parts import RISE, Assembly, Part, nearness

_LOW = frozenset({"flower", "plant", "insect", "fruit", "vegetable", "food"})
"""Categories of what others are not to be hidden by."""


@dataclass
class Placed:
    """One drawing in the picture.

    Attributes:
        part: What is drawn.
        x: Left edge of its visible box in pixels.
        y: Upper edge in pixels.
        width: Width in pixels.
        height: Height in pixels.
        order: Higher is nearer.
        foot: Height of the ground it stands on in pixels, or None in the air.
        stands: Whether its own foot is on the ground, so that it has a shadow there.
        cut: Height in pixels below which it is hidden, or None.
        kind: `stand`, `swim`, `air`, `celestial` or `wall`.
    """

    part: Part
    x: float
    y: float
    width: float
    height: float
    order: float
    foot: float | None
    stands: bool
    cut: float | None
    kind: str

    @property
    def box(self) -> Box:
        """Left, top, right and bottom in pixels, what is hidden by a cut left out."""
        bottom = self.y + self.height if self.cut is None else min(self.cut, self.y + self.height)
        return (self.x, self.y, self.x + self.width, bottom)


@dataclass(frozen=True, slots=True)
class Stage:
    """The space of the picture.

    Attributes:
        width: Width in pixels.
        height: Height in pixels.
        horizon: Height of the horizon in pixels.
        setting: The place.
    """

    width: float
    height: float
    horizon: float
    setting: Setting

    @property
    def unit(self) -> float:
        """The shorter side."""
        return min(self.width, self.height)


def arrange(clusters: list[Cluster], stage: Stage, rng: Random) -> list[Placed]:
    """Where everything goes, far things first."""
    ground = [cluster for cluster in clusters if cluster.kind in {"stand", "swim"}]
    floating = [cluster for cluster in clusters if cluster.kind == "air"]
    placed: list[Placed] = []
    if ground:
        placed += _on_ground(ground, stage, bool(len(clusters) > len(ground)), rng)
    elif floating:
        placed += _in_air(floating, stage, rng)
        floating = []
    taken = [one.box for one in placed]
    scale = _pixels_per_unit(placed)
    for cluster in sorted(
        (c for c in clusters if c.kind in {"air", "celestial", "wall"} and (c in floating or c.kind != "air")),
        key=lambda c: -c.composite.width,
    ):
        new = _in_free_place(cluster, stage, taken, scale, rng, alone=not placed)
        placed += new
        taken += [one.box for one in new]
    return sorted(placed, key=lambda one: one.order)


def _pixels_per_unit(placed: list[Placed]) -> float | None:
    return max((one.height / one.part.height for one in placed), default=None)


def _emit(member: Assembly, x: float, ground: float, scale: float, kind: str, order: float) -> list[Placed]:
    """Drawings of an assembly whose composite's ground origin is at (`x`, `ground`) with `scale` pixels a unit."""
    near = nearness(member.z) * scale
    foot = ground - (member.z * RISE + member.up) * scale
    x = x + member.x * scale
    made = []
    for part in member.parts:
        made.append(
            Placed(
                part,
                x + part.x * near,
                foot + part.y * near,
                part.width * near,
                part.height * near,
                order - member.z * 10 + part.order * 0.01,
                foot if kind in {"stand", "swim"} and member.up <= 0.01 else None,
                part is member.root and kind in {"stand", "swim"} and member.up <= 0.01,
                None if part.cut is None else foot + part.cut * near,
                kind,
            )
        )
    return made


def _rows(clusters: list[Cluster], stage: Stage, rng: Random) -> list[list[Cluster]]:
    """Clusters in rows from near to far: one row where they fit side by side, more in narrow pictures."""
    order = list(clusters)
    if len(order) == 1:
        return [order]
    if stage.setting.ground == "water" and len({cluster.kind for cluster in order}) == 2:
        return [[one for one in order if one.kind == "stand"], [one for one in order if one.kind == "swim"]]
    if stage.setting.kerb is not None:
        fixed = [one for one in order if _is_fixed(one)]
        if 0 < len(fixed) < len(order):
            return [[one for one in order if one not in fixed], fixed]
    heights = [cluster.composite.height for cluster in order]
    big = [
        cluster
        for cluster, height in zip(order, heights, strict=True)
        if height > 1.75 * sorted(heights)[0] and height == max(heights)
    ]
    wide = stage.width / stage.height
    best: tuple[float, list[list[Cluster]]] | None = None
    options: list[list[list[Cluster]]] = [[order]]
    if big and len(big) < len(order):
        options.append([[cluster for cluster in order if cluster not in big], big])
    low = [cluster for cluster in order if cluster.composite.height < 0.66 * max(heights)]
    halves = [low, [cluster for cluster in order if cluster not in low]] if len(order) > 2 and low else []
    if halves:
        options.append(halves)
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
            fit *= 1.1 if backed or option is halves else 0.5 if wide > 0.85 and roomy else 0.85
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
    """Whether it is a building or a tree, which stands beside a road rather than on it."""
    return all(_is_fixed_drawing(member.root.drawing) for member in cluster.composite)


def _is_fixed_drawing(root: Drawing) -> bool:
    return root.category in {"building", "tree", "landscape"} or "tree" in root.title.split()


def _stack_height(rows: list[list[Cluster]]) -> float:
    top, base = 0.0, 0.0
    for row in rows:
        top = max(top, base + max(cluster.composite.height for cluster in row))
        low = all(member.root.drawing.category in _LOW for cluster in row for member in cluster.composite)
        base += (0.78 if low else 0.48) * max(cluster.composite.height for cluster in row)
    return top


def _on_ground(clusters: list[Cluster], stage: Stage, leave_sky: bool, rng: Random) -> list[Placed]:
    rows = _rows(clusters, stage, rng)
    _face_inwards(rows)
    kerb = None if stage.setting.kerb is None else stage.horizon + stage.setting.kerb * (stage.height - stage.horizon)
    unit, wide = stage.unit, stage.width / stage.height
    margin = 0.05 * stage.width
    gap = 0.1
    widths = []
    for row in rows:
        widths.append(sum(cluster.composite.width for cluster in row) + gap * (len(row) - 1))
    height = _stack_height(rows)
    foot = stage.height * (stage.setting.foot + rng.uniform(-0.025, 0.02))
    if wide < 0.7:
        foot -= stage.height * 0.05 * min(1.0, 0.7 / wide - 1)
    room = (foot - 0.05 * stage.height) * (0.74 if leave_sky else 1.0)
    single = len(clusters) == 1 and len(clusters[0].composite.members) == 1
    tall = min((rng.uniform(0.56, 0.67) if single else 0.74) * unit * (1.15 if wide < 0.8 else 1.0), room)
    broad = min(stage.width - 2 * margin, unit * (rng.uniform(0.68, 0.8) if single else 2.6 if wide > 1.5 else 0.95))
    scale = min(tall / height, broad / max(widths))
    placed = []
    base = foot
    depth = 0.0
    lean = rng.choice((-0.85, 0.85))
    for number, row in enumerate(rows):
        near = 1.0 if number == 0 else 0.94
        total = widths[number] * scale * near
        spare = stage.width - 2 * margin - total
        slack = spare / (len(row) + 1) if len(row) > 1 else 0
        slack = min(slack, 0.22 * unit)
        used = total + slack * (len(row) - 1)
        x = (stage.width - used) / 2
        if len(rows) == 1 and len(row) == 1 and wide > 1.25:
            x += rng.choice((-0.12, 0.0, 0.12)) * (stage.width - used)
        elif len(rows) > 1:
            x += (lean if number % 2 else -lean) * max(0.0, spare - slack * (len(row) - 1)) / 2
        elif len(row) == 1:
            x += rng.choice((-0.8, -0.5, 0.0, 0.5, 0.8)) * max(0.0, spare) * 0.3
        for cluster in row:
            left, _, right, bottom = cluster.composite.bounds
            dip = rng.uniform(0, 0.03) * unit if len(row) > 1 else 0.0
            ground = base - max(0.0, bottom) * scale * near - dip
            for member in cluster.composite:
                placed += _emit(
                    member, x - left * scale * near, ground, scale * near, cluster.kind, 1000 - depth - dip / unit * 10
                )
            x += (right - left) * scale * near + slack + gap * scale * near
        if number == 0 and kerb is not None and len(rows) == 1 and all(_is_fixed(one) for one in row):
            _lift(placed, kerb - foot)
            return contained(placed, stage)
        tallest = max(cluster.composite.height for cluster in row)
        low = all(member.root.drawing.category in _LOW for cluster in row for member in cluster.composite)
        base = max(base - (0.78 if low else 0.48) * tallest * scale, stage.horizon + 0.03 * unit)
        if kerb is not None and number + 1 < len(rows) and all(_is_fixed(one) for one in rows[number + 1]):
            base = min(base, kerb)
        if stage.setting.ground == "water" and number + 1 < len(rows) and rows[number + 1][0].kind == "swim":
            base = min(base, stage.horizon + 0.45 * (stage.height - stage.horizon))
        depth += 100
    return contained(placed, stage)


def contained(placed: list[Placed], stage: Stage) -> list[Placed]:
    """Drawings on the ground shrunk together towards their feet until they are wholly in the picture."""
    top = min(one.y for one in placed)
    left, right = min(one.x for one in placed), max(one.x + one.width for one in placed)
    foot = max(one.y + one.height for one in placed)
    margin = 0.015 * stage.unit
    foot_limit = stage.height - margin
    if foot > foot_limit:
        _lift(placed, foot_limit - foot)
        top, foot = top + foot_limit - foot, foot_limit
    middle = (left + right) / 2
    factor = min(1.0, (foot - 0.03 * stage.height) / (foot - top), (stage.width - 2 * margin) / (right - left))
    shift = 0.0
    if factor < 1.0:
        left, right = middle + (left - middle) * factor, middle + (right - middle) * factor
    shift = max(0.0, margin - left) - max(0.0, right - stage.width + margin)
    for one in placed:
        one.x = middle + (one.x - middle) * factor + shift
        one.y = foot + (one.y - foot) * factor
        one.width, one.height = one.width * factor, one.height * factor
        one.foot = None if one.foot is None else foot + (one.foot - foot) * factor
        one.cut = None if one.cut is None else foot + (one.cut - foot) * factor
    return placed


def _lift(placed: list[Placed], shift: float) -> None:
    """Move drawings down by `shift` pixels."""
    for one in placed:
        one.y += shift
        one.foot = None if one.foot is None else one.foot + shift
        one.cut = None if one.cut is None else one.cut + shift


def _in_air(clusters: list[Cluster], stage: Stage, rng: Random) -> list[Placed]:
    """Composites floating side by side or above each other, in the middle of the picture."""
    unit = stage.unit
    wide = stage.width / stage.height
    low = stage.horizon + 0.03 * unit
    if stage.setting.ground in {"air", "seabed"}:
        low = stage.height * (0.86 if stage.setting.ground == "air" else 0.8)
    high = 0.06 * stage.height
    if sum(len(cluster.composite.members) for cluster in clusters) > 3:
        low = max(low, 0.8 * stage.height)
    columns = len(clusters) if wide > 0.9 or len(clusters) == 1 else 1
    width = sum(c.composite.width for c in clusters) * 1.1 if columns > 1 else max(c.composite.width for c in clusters)
    spans = [_span(cluster) for cluster in clusters]
    height = max(spans) if columns > 1 else sum(spans) * 1.1
    single = len(clusters) == 1 and len(clusters[0].composite.members) == 1
    scale = min(
        (0.62 if single else 0.8) * unit / height if columns > 1 or single else (low - high) * 0.9 / height,
        min(0.86 * stage.width, unit * 2.4) / width,
        (low - high) / height,
    )
    if single:
        scale = min(scale, 0.66 * unit / width)
    placed = []
    total = width * scale
    x = (stage.width - total) / 2 + rng.uniform(-0.3, 0.3) * max(0.0, stage.width * 0.86 - total)
    y = low
    for cluster, span in zip(clusters, spans, strict=True):
        left, top, right, bottom = cluster.composite.bounds
        share = (right - left) * scale
        middle = (
            (low + high) / 2 + span * scale / 2 + rng.uniform(-0.5, 0.5) * max(0.0, (low - high) - span * scale) * 0.6
        )
        ground = (middle if columns > 1 else y) - bottom * scale
        ground = max(ground, high - top * scale)
        origin = (
            x - left * scale
            if columns > 1
            else (stage.width - share) / 2
            - left * scale
            + rng.uniform(-0.3, 0.3) * max(0.0, stage.width * 0.86 - share)
        )
        for member in cluster.composite:
            placed += _emit(member, origin, ground, scale, "air", 1000)
        x += share * 1.1
        y -= span * scale * 1.12
    return placed


def _span(cluster: Cluster) -> float:
    _, top, _, bottom = cluster.composite.bounds
    return bottom - top


def _in_free_place(
    cluster: Cluster, stage: Stage, taken: list[Box], scale: float | None, rng: Random, alone: bool
) -> list[Placed]:
    """Put a composite where it covers least, in the upper part of the picture."""
    left, top, right, bottom = cluster.composite.bounds
    width, height = right - left, bottom - top
    unit = stage.unit
    count = len(cluster.composite.members)
    spread = min(2.4, count**0.5)
    if cluster.kind == "celestial":
        target = unit * (0.5 if alone and count == 1 else 0.2) * spread
        factor = min(target / height if count == 1 else target / max(height, width), stage.width * 0.9 / width)
    elif scale is None:
        factor = 0.5 * unit / max(height, width)
    else:
        factor = min(
            max(scale, 0.13 * unit * spread / height),
            0.36 * unit * max(1.0, spread * 0.8) / height,
            stage.width * 0.9 / width,
        )
    low_limit = (
        stage.height * 0.86
        if stage.setting.ground in {"air", "seabed"}
        else stage.horizon * (0.92 if cluster.kind != "wall" else 0.7)
    )
    best: tuple[float, float, float, float] | None = None
    for shrink in (1.0, 0.82, 0.66, 0.5):
        w, h = width * factor * shrink, height * factor * shrink
        for _ in range(60):
            x = rng.uniform(0.03 * stage.width, max(0.031 * stage.width, 0.97 * stage.width - w))
            y = rng.uniform(0.03 * stage.height, max(0.031 * stage.height, min(low_limit, stage.height * 0.95) - h))
            cost = sum(_overlap((x, y, x + w, y + h), other) for other in taken) / max(1.0, w * h)
            middle = abs((x + w / 2) / stage.width - 0.5)
            cost += 0.05 * rng.random() + (0.06 * (0.5 - middle) if taken else 0.12 * middle) + 0.6 * (1 - shrink)
            if best is None or cost < best[0]:
                best = (cost, x, y, shrink)
    assert best is not None
    _, x, y, shrink = best
    factor *= shrink
    placed = []
    order = {"celestial": 0.0, "wall": 10.0}.get(cluster.kind, 20.0)
    for member in cluster.composite:
        placed += _emit(member, x - left * factor, y - top * factor, factor, cluster.kind, order)
    return placed


def _overlap(one: Box, other: Box) -> float:
    wide = min(one[2], other[2]) - max(one[0], other[0])
    tall = min(one[3], other[3]) - max(one[1], other[1])
    return wide * tall if wide > 0 and tall > 0 else 0.0
