"""Placing assemblies by each other: several of a kind as a group, and next to, behind, under, between, around."""

# ruff: noqa: E501 - tables read best with one thing to a line, however long

from __future__ import annotations

import math
from random import Random

from spectacle.generators.illustration.compose.doings import apart, at_udder, meet
from spectacle.generators.illustration.compose.parts import Assembly, Composite, seen
from spectacle.generators.illustration.compose.together import distance_of
from spectacle.generators.illustration.language.scene import RelationKind

_HIGHEST_STACK = 8
"""As many lie on each other at most; more are a heap."""
LOW_CEILINGS = frozenset({"table", "chair", "desk", "bench", "stool"})


def group(members: list[Assembly], kind: str, wide: float, alone: bool, rng: Random) -> Composite:
    """Several of a kind: up to three in a row, more in staggered rows, in the air scattered.

    Args:
        members: The assemblies, each about its own foot.
        kind: `air` scatters, anything else stands in rows.
        wide: Width of the image over its height.
        alone: Whether there is nothing else in the image.
        rng: Randomness of the arrangement.
    """
    count = len(members)
    if count == 1:
        return Composite(members)
    near = distance_of(members[0].root.noun)
    for member in members:
        member.scale(rng.uniform(0.93, 1.07) if near is None else 1.0)
    if near is not None and count <= 4:
        for index, member in enumerate(members):
            member.x = (index - (count - 1) / 2) * near * max(one.width for one in members)
        return Composite(members)
    width = max(member.width for member in members)
    height = max(member.height for member in members)
    if "stacked" in members[0].root.noun.attributes and count <= _HIGHEST_STACK:
        return _stacked(members, rng)
    if kind in {"air", "celestial"}:
        return _scatter(members, width, height, wide, rng)
    if count <= 4 and all(member.root.drawing.category in {"building", "landscape"} for member in members):
        for index, member in enumerate(members):
            member.x = (index - (count - 1) / 2) * width * 0.74
            member.z = height * (0.0, 1.1, 0.5, 1.5)[index]
        return Composite(members)
    rows = 1
    per = ((3.4 if alone else 2.6) if wide < 1.4 else 4.2 if wide < 2.2 else 8) * min(1.6, max(0.6, height / width))
    while rows < 6 and count > (3 if wide >= 0.7 else 1) and count / rows > per * rows**0.45:
        rows += 1
    per_row = [count // rows + (1 if row < count % rows else 0) for row in range(rows)]
    position = 0
    for row, number in enumerate(per_row):
        for index in range(number):
            member = members[position]
            position += 1
            step = width * (1.04 if rows == 1 else 1.12)
            member.x = (index - (number - 1) / 2) * step + (
                width * 0.28 * (-1) ** row if rows > 1 and number == per_row[0] else 0
            )
            member.x += rng.uniform(-0.05, 0.05) * width
            depth = max(height * 1.1, width * 0.6)
            member.z = row * depth + rng.uniform(0, 0.22) * depth * (1 if rows == 1 else 0.6)
    return Composite(members)


def _stacked(members: list[Assembly], rng: Random) -> Composite:
    """One on top of the other, a little askew."""
    up = 0.0
    for member in members:
        member.up = up
        member.x = rng.uniform(-0.04, 0.04) * member.width
        up += 0.74 * member.root.height
    return Composite(members)


def _scatter(members: list[Assembly], width: float, height: float, wide: float, rng: Random) -> Composite:
    count = len(members)
    columns = max(1, min(count, round(math.sqrt(count * height / width * min(2.5, max(0.5, wide))) + 0.3)))
    for index, member in enumerate(members):
        row, column = divmod(index, columns)
        across = min(columns, count - row * columns)
        member.x = (column - (across - 1) / 2) * width * 1.18 + rng.uniform(-0.14, 0.14) * width
        member.x += width * 0.3 * (-1) ** row if columns > 1 and across == columns else 0
        member.up = row * height * 1.12 + rng.uniform(0, 0.3) * height
        for part in member.parts:
            part.angle += rng.uniform(-7, 7) if len(member.parts) == 1 else 0
    return Composite(members)


def merge(first: Composite, second: Composite) -> None:
    """Take the second's members into the first."""
    first.members.extend(second.members)


def _free_spot(subject: Composite, target: Composite, wanted: float, wide: float) -> float:
    """Where before the target the middle of the subject goes, so that it hides none of those who stand there already."""
    taken = [(seen(member)[0], seen(member)[2]) for member in target if member.extra.get("front")]
    if not taken:
        return wanted
    half = subject.width / 2
    spots = [
        wanted,
        *(wanted + side * step * max(half, 0.2 * wide) for step in (1, 1.6, 2.2, 3, 4) for side in (-1, 1)),
    ]

    def hidden(spot: float) -> float:
        return sum(max(0.0, min(right, spot + half) - max(left, spot - half)) for left, right in taken)

    return min(spots, key=lambda spot: (round(hidden(spot), 2), spots.index(spot)))


def _turn(composite: Composite, direction: str) -> None:
    for member in composite:
        member.look(direction)


def relate(
    subject: Composite, target: Composite, kind: RelationKind, rng: Random, words: frozenset[str], wide: float
) -> None:
    """Place the subject by the target; afterwards both are the target's composite.

    Args:
        subject: What is placed.
        target: What it is placed by.
        kind: How.
        rng: Randomness.
        words: Words of the target's title and noun.
        wide: Width of the image over its height.
    """
    left, top, right, _ = target.bounds
    gap = 0.1 * max(0.5, min(subject.width, target.width))
    near = distance_of(subject.members[0].root.noun)
    if kind is RelationKind.RIGHT_OF and near is not None and distance_of(target.members[0].root.noun) is not None:
        gap = -(1 - near) * (subject.width + target.width) / 2
    if kind is RelationKind.LEFT_OF:
        _beside(subject, target, -1, gap)
    elif kind is RelationKind.RIGHT_OF:
        _beside(subject, target, 1, gap)
    elif kind is RelationKind.BEHIND:
        _behind(subject, target, rng, worktop="worktop" in target.members[0].root.noun.attributes)
    elif kind is RelationKind.IN_FRONT_OF:
        if subject.height < 0.42 * target.height and any(_lively(member) for member in subject):
            for member in subject:
                member.scale(min(1.8, 0.42 * target.height / subject.height))
        depth = 0.35 * max(subject.height, 0.3 * target.height) + max(member.z for member in subject)
        target.shift(0, depth + 0.4)
        left, _, right, _ = target.bounds
        taller = subject.height / max(0.01, target.height)
        offset = 0.0 if taller < 0.5 else rng.choice((-1, 1)) * (right - left) * 0.32
        _centre(subject, _free_spot(subject, target, (left + right) / 2 + offset, right - left))
        for member in subject:
            member.extra["front"] = 1
    elif kind is RelationKind.UNDER:
        _under(subject, target, rng, words)
    elif kind is RelationKind.ABOVE:
        lift = -top + 0.12 * max(subject.height, -top * 0.4)
        low = max(member.bounds[3] - member.up for member in subject)
        _centre(subject, (left + right) / 2 + rng.uniform(-0.12, 0.12) * (right - left))
        subject.shift(0, target.members[0].z, lift + max(0.0, low))
    elif kind is RelationKind.AROUND:
        _around(subject, target)
    elif kind is RelationKind.CHASING:
        direction = rng.choice(("left", "right"))
        _turn(subject, direction)
        _turn(target, direction)
        _beside(subject, target, 1 if direction == "left" else -1, gap * 2.5)
    elif kind is RelationKind.LOOKING_AT:
        side = rng.choice((-1, 1))
        if not any(member.root.looks != "front" for member in subject):
            side = -1
        elif rng.random() < 0.5:
            side = 1 if subject.members[0].root.looks == "left" else -1
        _turn(subject, "left" if side > 0 else "right")
        _beside(subject, target, side, gap * 1.5)
        for member in subject:
            member.extra["turned"] = 1
    elif kind is RelationKind.BESIDE and at_udder(subject, target):
        pass
    elif kind is RelationKind.BESIDE and (reach := apart(subject)) is not None:
        meet(subject, target)
        _beside(target, subject, 1, reach)
    else:
        side = rng.choice((-1, 1))
        if wide < 0.6 and subject.height < target.height * 0.7:
            _centre(subject, (left + right) / 2 + side * target.width * 0.4)
            subject.shift(0, -0.6)
        else:
            _beside(subject, target, side, gap)
            if kind is RelationKind.BESIDE and all(_lively(member) for member in (*subject, *target)):
                _turn(subject, "left" if side > 0 else "right")
                _turn(target, "right" if side > 0 else "left")
    merge(target, subject)


def _lively(member: Assembly) -> bool:
    return member.root.drawing.category in {"animal", "bird", "person", "fantasy", "fish", "insect"}


def between(subject: Composite, first: Composite, second: Composite) -> None:
    """Place the subject between two others; afterwards all are the first's composite."""
    gap = 0.08 * max(0.5, subject.width)
    _beside(subject, first, 1, gap)
    merge(first, subject)
    _beside(second, first, 1, gap)
    merge(first, second)


def amid(subject: Composite, target: Composite) -> None:
    """Place the subject in the middle of a group; afterwards both are the target's composite."""
    members = sorted(target.members, key=lambda member: member.x)
    half = len(members) // 2
    left, right = Composite(members[:half]), Composite(members[half:])
    for member in members:
        member.z = 0.0
    gap = 0.08 * max(0.5, subject.width)
    _centre(subject, 0.0)
    _beside(left, subject, -1, gap)
    _beside(right, subject, 1, gap)
    merge(target, subject)


def _centre(composite: Composite, x: float) -> None:
    left, _, right, _ = composite.bounds
    composite.shift(x - (left + right) / 2)


def _beside(subject: Composite, target: Composite, side: int, gap: float) -> None:
    left, _, right, _ = target.bounds
    own_left, _, own_right, _ = subject.bounds
    subject.shift(right + gap - own_left if side > 0 else left - gap - own_right)


def _behind(subject: Composite, target: Composite, rng: Random, *, worktop: bool = False) -> None:
    left, _, right, _ = target.bounds
    middle = (left + right) / 2
    if worktop:
        back = [member for member in target if member.extra.get("back")]
        step = 0.42 * (right - left)
        spot = middle + (0 if not back else step * (1 if len(back) % 2 else -1))
        for member in back:
            member.x -= 0.5 * step
        _centre(subject, spot - (0.5 * step if back else 0))
        subject.shift(0, 0.4 * target.members[0].height)
        for member in subject:
            member.extra["back"] = 1
        return
    depth = 0.9 * max(0.6, target.height * 0.6) + max(member.z for member in target)
    if subject.height > 1.9 * target.height and subject.width > target.width:
        _centre(subject, middle + rng.uniform(-0.15, 0.15) * subject.width)
        subject.shift(0, depth + 0.6)
        return
    side = rng.choice((-1, 1))
    peek = (
        0.5 * (right - left) - 0.1 * subject.width if subject.height < target.height * 1.35 else 0.22 * (right - left)
    )
    _centre(subject, middle + side * peek)
    subject.shift(0, depth)


def _under(subject: Composite, target: Composite, rng: Random, words: frozenset[str]) -> None:
    low = words & LOW_CEILINGS
    share = 0.42 if low else 0.46
    needed = subject.height / share
    if target.height < needed:
        factor = min(2.6, needed / target.height)
        for member in target:
            member.scale(factor)
        if target.height < needed:
            for member in subject:
                member.scale(target.height / needed)
    left, _, right, _ = target.bounds
    middle = (left + right) / 2
    if low or words & {"umbrella", "parasol", "rainbow", "arch"}:
        _centre(subject, middle + rng.uniform(-0.04, 0.04) * (right - left))
        subject.shift(0, 0.02 if low else -0.1)
    else:
        side = rng.choice((-1, 1))
        reach = max(0.0, (right - left) * 0.3 - subject.width * 0.1)
        _centre(subject, middle + side * max(reach, subject.width * 0.3))
        subject.shift(0, -0.35)


def _around(subject: Composite, target: Composite) -> None:
    left, _, right, _ = target.bounds
    middle, count = (left + right) / 2, len(subject.members)
    depth = 0.5 * target.height + 0.5
    if count == 1:
        _beside(subject, target, 1, 0.1)
        return
    wide = max(member.width for member in subject)
    reach = (right - left) / 2 + wide * 0.62
    for index, member in enumerate(subject):
        half_round = count <= 5
        angle = math.pi * index / (count - 1) if half_round else 2 * math.pi * (index + 0.5) / count
        x, z = math.cos(angle) * reach, math.sin(angle) * depth
        member.x, member.z = middle + x, z * 0.8
        member.look("left" if x > 0 else "right")
