"""Joining things that touch: riding, sitting on, being inside, holding and wearing."""

from __future__ import annotations

import math

from spectacle.generators.illustration.compose.casting import words_of
from spectacle.generators.illustration.compose.fitting import fit, grow, put
from spectacle.generators.illustration.compose.holding import OVERHEAD_WORDS, hold
from spectacle.generators.illustration.compose.inscribing import printed_area
from spectacle.generators.illustration.compose.parts import Assembly, Part
from spectacle.generators.illustration.compose.wearing import wear
from spectacle.generators.illustration.language.scene import RelationKind

ATTACHING = frozenset({
    RelationKind.ON, RelationKind.INSIDE, RelationKind.RIDING, RelationKind.HOLDING, RelationKind.WEARING,
})  # fmt: skip
CLEAR_WORDS = frozenset(
    {"bowl", "fishbowl", "jar", "aquarium", "bottle", "bubble", "globe", "cage", "glass", "window", "mirror"}
)
CABIN_WORDS = frozenset({"car", "automobile", "taxi", "jeep", "suv", "limousine", "van", "minibus"})
BOARD_WORDS = frozenset(
    {"skateboard", "surfboard", "snowboard", "sled", "carpet", "broom", "scooter", "ski", "skis", "rug", "log", "raft"}
)
CYCLE_WORDS = frozenset({"bicycle", "bike", "motorcycle", "motorbike", "scooter", "unicycle", "tricycle", "motor"})
SEAT_SHARES = {
    "sofa": 0.55,
    "couch": 0.55,
    "chair": 0.52,
    "armchair": 0.58,
    "bed": 0.45,
    "bench": 0.45,
    "throne": 0.6,
    "seat": 0.55,
    "stool": 0.05,
    "swing": 0.8,
}


def attach(host: Assembly, child: Assembly, kind: RelationKind, slot: int, slots: int) -> None:
    """Put `child` where it belongs on `host`; `slot` of `slots` when several share it."""
    if kind is RelationKind.RIDING:
        _ride(host, child, slot, slots)
    elif kind is RelationKind.HOLDING and _is_climbed(child.root):
        _on(host, child, 0, 1)
    elif kind is RelationKind.HOLDING:
        hold(host, child, slot, slots)
    elif kind is RelationKind.WEARING:
        wear(host, child, slot, slots)
    elif kind is RelationKind.INSIDE or (host.root.drawing.category == "boat" and child.root.drawing.height_m < 4):
        _inside(host, child, slot, slots)
    else:
        _on(host, child, slot, slots)
    host.parts.extend(child.parts)


def _is_climbed(held: Part) -> bool:
    """Whether something "held" is too big for that and stands on the one who holds it."""
    words = words_of(held.drawing, held.noun)
    overhead = words & (OVERHEAD_WORDS | {"fire", "flame", "flames"})
    return held.drawing.category in {"building", "furniture", "vehicle"} and not overhead


def seat_of(host: Part) -> float:
    """Height of the surface of a host that others are put on."""
    if host.drawing.seat is not None:
        return host.row((host.drawing.seat - host.drawing.box[1]) / host.drawing.box[3])
    words = words_of(host.drawing, host.noun)
    for word, share in SEAT_SHARES.items():
        if word in words:
            return host.row(share)
    return host.row(host.outline.top(0.3, 0.7))


def _spread(host: Part, slot: int, slots: int, share: float = 0.72) -> float:
    return host.middle + (0 if slots == 1 else host.width * share * ((slot + 0.5) / slots - 0.5))


def _on(host: Assembly, child: Assembly, slot: int, slots: int) -> None:
    root = host.root
    area = printed_area(root.drawing)
    if area is not None:
        left, top, right, bottom = area
        room = (right - left) * root.width / slots, (bottom - top) * root.height
        child.scale(min(room[0] / child.width, room[1] / child.height))
        x = root.x + root.width * ((left + right) / 2 + (right - left) * ((slot + 0.5) / slots - 0.5))
        put(child, x, root.row((top + bottom) / 2) + child.height / 2, root.order + 1 + slot * 0.01)
        return
    furniture = root.drawing.category == "furniture" or bool(words_of(root.drawing, root.noun) & set(SEAT_SHARES))
    figure = child.root.drawing
    if (
        furniture
        and figure.category in {"person", "fantasy"}
        and figure.form == "whole"
        and not words_of(root.drawing, root.noun) & {"table", "bed", "desk"}
    ):
        seat = seat_of(root)
        child.scale(min(1.7 * root.height, max(0.85 * root.height, -seat / 0.4)) / child.height)
        fit(child, width=root.width * 0.95 / slots)
        put(
            child,
            _spread(root, slot, slots),
            min(0.04 * root.height, seat + child.root.height * 0.4),
            root.order + 1 + slot * 0.01,
        )
        return
    fit(child, width=root.width * (0.86 if slots == 1 else 0.9) / min(slots, 4) * (1 if furniture else 1.2))
    if furniture:
        if "worktop" in root.noun.attributes:
            fit(child, height=root.height * 0.32, width=root.width * 0.7 / slots)
        else:
            grow(child, min(root.height * 0.5, root.width * 0.8 / slots * child.height / child.width))
    cake = "cake" in words_of(root.drawing, root.noun)
    fit(child, height=root.height * (0.34 if cake else 1.6), width=root.width * 0.62 / slots if cake else None)
    x = _spread(root, slot, slots)
    flat = root.drawing.category in {"dish"} or words_of(root.drawing, root.noun) & {"plate", "tray"}
    y = root.row(0.35) if flat else seat_of(root)
    if cake:
        y = root.row(max(root.outline.top(0.1, 0.25), root.outline.top(0.75, 0.9)) + 0.06)
    elif not furniture and not flat:
        share = (x - root.x) / root.width
        column = 1 - share if root.mirrored else share
        y = root.row(min(0.9, root.outline.top(max(0, column - 0.12), min(1, column + 0.12))))
        y += min(root.height, child.height) * 0.05
    put(child, x, y, root.order + 1 + slot * 0.01, shade=furniture)


def _ride(host: Assembly, child: Assembly, slot: int, slots: int) -> None:
    mount, rider = host.root, child.root
    words = words_of(mount.drawing, mount.noun)
    if "broom" in words:
        brush_left = mount.column(mount.outline.lowest()) < mount.middle
        mount.angle = 45.0 if brush_left else -45.0
        child.look("right" if brush_left else "left")
        child.scale(mount.width * 1.1 / child.height)
        put(child, mount.middle, mount.row(0.5) + child.height * 0.3, mount.order - 1)
        return
    if words & BOARD_WORDS or mount.width > 3.2 * mount.height:
        fit(child, height=mount.width * 1.1)
        put(child, _spread(mount, slot, slots), mount.row(0.3 if words & {"scooter"} else 0.12), mount.order + 1)
        return
    if mount.looks != "front":
        child.look(mount.looks)
    if words & CYCLE_WORDS:
        fit(child, height=mount.height * 1.15)
        grow(child, mount.height * 0.85)
        upright = rider.drawing.form == "whole" and rider.drawing.category in {"person", "fantasy"}
        saddle = seat_of(mount) if mount.drawing.seat is not None else mount.row(0.4)
        sunk = child.height * (0.4 if upright else 0.12)
        put(child, mount.column(0.55), saddle + sunk, mount.order - 1)
        return
    if mount.drawing.category in {"vehicle", "boat", "aircraft"}:
        _inside(host, child, slot, slots)
        return
    fit(child, height=mount.height * 0.72, width=mount.width * 0.5 / slots)
    grow(child, mount.height * 0.42)
    back = (0.4, 0.62) if mount.drawing.faces == "left" else (0.38, 0.6)
    if words & {"horse", "unicorn", "pony", "zebra", "donkey"}:
        back = (0.46, 0.66) if mount.drawing.faces == "left" else (0.34, 0.54)
    if "dragon" in words:
        back = (0.68, 0.84) if mount.drawing.faces == "left" else (0.16, 0.32)
    saddle = seat_of(mount) if mount.drawing.seat is not None else mount.row(mount.outline.top(*back))
    x = mount.column(sum(back) / 2) + (0 if slots == 1 else mount.width * 0.4 * ((slot + 0.5) / slots - 0.5))
    sunk = 0.34 if rider.drawing.form == "whole" and rider.drawing.category in {"person", "fantasy"} else 0.16
    if rider.drawing.form in {"part", "face"}:
        sunk = 0.1
    if "dragon" in words:
        saddle = mount.row(mount.outline.top(*back))
        put(child, x, saddle + child.height * 0.3, mount.order + 1, cut=saddle + mount.height * 0.05)
        return
    put(child, x, saddle + child.height * sunk, mount.order - 1)


def _inside(host: Assembly, child: Assembly, slot: int, slots: int) -> None:
    root = host.root
    words = words_of(root.drawing, root.noun)
    x = _spread(root, slot, slots, 0.6)
    if root.width > 2.4 * root.height and "puddle" in words:
        host.scale(max(1.0, 1.5 * child.width * slots / root.width))
        put(child, _spread(root, slot, slots, 0.6), root.row(0.6), root.order + 1, shade=True)
        return
    if root.drawing.category == "tree" or "tree" in words:
        fit(child, height=root.height * 0.34, width=root.width * 0.42)
        put(child, x, root.row(0.52), root.order + 1)
        return
    if words & {"vase", "pot", "jug", "bucket", "jar", "flowerpot"} and child.root.drawing.category in {
        "flower",
        "plant",
    }:
        child.scale(root.height * 0.85 / child.height)
        lean = 0.0 if slots == 1 else (slot / (slots - 1) - 0.5) * min(1.7, 0.5 * slots)
        height = child.height
        rim = root.row(max(0.02, root.outline.top(0.42, 0.58)))
        put(
            child,
            root.middle + math.sin(lean) * height * 0.5,
            rim + height * 0.3 - (math.cos(lean) - 1) * height * 0.4,
            root.order - 1 - abs(lean),
        )
        child.root.angle += math.degrees(lean)
        return
    lively = child.root.drawing.category in {"person", "animal", "bird", "fantasy"}
    if slots > 2 and not lively and root.drawing.category != "building":
        _heap(host, child, slot, slots)
        return
    if words & CLEAR_WORDS:
        fit(child, height=root.height * 0.46, width=root.width * 0.52 / slots)
        grow(child, root.height * 0.3 / slots)
        put(child, x, root.row(0.62) + child.height * 0.4, root.order + 1)
    elif root.drawing.category == "building" or (
        root.height > 3.0 * child.height and root.drawing.category not in {"vehicle", "boat", "aircraft"}
    ):
        fit(child, height=root.height * 0.36)
        put(child, x, root.height * 0.02, root.order + 1, shade=True)
    elif words & CABIN_WORDS:
        child.scale(root.height * 0.62 / child.height)
        fit(child, width=root.width * 0.36 / slots)
        sill = root.row(0.47)
        spread = 0 if slots == 1 else root.width * 0.3 * ((slot + 0.5) / slots - 0.5)
        put(child, root.middle + spread, sill + child.height * 0.36, root.order + 1, cut=sill)
    elif root.drawing.seat is not None:
        fit(child, height=root.height * 0.8, width=root.width * 0.6 / slots)
        grow(child, min(root.height * 0.55, root.width * 0.5 / slots * child.height / child.width))
        rim = seat_of(root)
        put(child, x, rim + child.height * 0.25, root.order + 1, cut=rim)
    else:
        fit(child, height=root.height * 1.1, width=root.width * 0.62 / slots)
        grow(child, root.height * 0.5)
        fit(child, width=root.width * 0.8 / slots)
        share = (x - root.x) / root.width
        column = 1 - share if root.mirrored else share
        rim = root.row(root.outline.top(max(0, column - 0.15), min(1, column + 0.15)))
        put(child, x, rim + child.height * 0.4, root.order - 1)


def _heap(host: Assembly, child: Assembly, slot: int, slots: int) -> None:
    """One of many in a container: rows of a heap above its rim, the upper ones behind."""
    root = host.root
    across = max(2, min(5, -(-slots // 3))) if slots > 5 else -(-slots * 3 // 5)
    row, place = divmod(slot, across)
    number = min(across, slots - row * across)
    child.scale(root.width * 0.86 / across / child.width)
    fit(child, height=root.height * 0.6)
    x = root.middle + root.width * 0.78 * ((place + 0.5) / across - 0.5) + root.width * 0.39 * (1 - number / across)
    rim = root.row(max(root.outline.top(0.05, 0.3), root.outline.top(0.7, 0.95)))
    put(child, x, rim + child.height * (0.35 - 0.6 * row), root.order - 1 - row * 0.5)
