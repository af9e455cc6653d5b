"""Joining things that touch: riding, sitting on, being inside, holding and wearing."""

from __future__ import annotations

import math

from spectacle.generators.illustration.compose.bodies import WIDTH
from spectacle.generators.illustration.compose.casting import words_of
from spectacle.generators.illustration.compose.inscribing import printed_area
from spectacle.generators.illustration.compose.parts import Assembly, Part
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
OVERHEAD_WORDS = frozenset(
    {"umbrella", "parasol", "balloon", "balloons", "kite", "flag", "torch", "lantern", "parachute"}
)
NECK_WORDS = frozenset({"scarf", "tie", "necktie", "bow", "bowtie", "necklace", "collar", "medal", "ribbon", "beads"})
EYE_WORDS = frozenset({"glasses", "sunglasses", "goggles", "mask", "spectacles", "eyeglasses", "monocle"})
BODY_WORDS = frozenset({
    "shirt", "t-shirt", "dress", "coat", "jacket", "sweater", "vest", "suit", "kimono", "costume", "blouse",
    "jeans", "shorts", "skirt", "bikini", "apron", "armor", "armour", "uniform", "jersey", "sari", "robe",
    "trousers", "pants", "swimsuit", "pyjamas",
})  # fmt: skip
FOOT_WORDS = frozenset(
    {"boot", "boots", "shoe", "shoes", "sneakers", "socks", "sandals", "slippers", "skates", "heels", "skate"}
)
BACK_WORDS = frozenset({"backpack", "cape", "wings", "jetpack", "rucksack"})


def attach(host: Assembly, child: Assembly, kind: RelationKind, slot: int, slots: int) -> None:
    """Put `child` where it belongs on `host`; `slot` of `slots` when several share it."""
    if kind is RelationKind.RIDING:
        _ride(host, child, slot, slots)
    elif kind is RelationKind.HOLDING:
        _hold(host, child, slot, slots)
    elif kind is RelationKind.WEARING:
        _wear(host, child, slot, slots)
    elif kind is RelationKind.INSIDE or (host.root.drawing.category == "boat" and child.root.drawing.height_m < 4):
        _inside(host, child, slot, slots)
    else:
        _on(host, child, slot, slots)
    host.parts.extend(child.parts)


def _fit(child: Assembly, height: float | None = None, width: float | None = None) -> None:
    """Shrink to at most a height and a width."""
    factor = 1.0
    if height is not None:
        factor = min(factor, height / child.height)
    if width is not None:
        factor = min(factor, width / child.width)
    if factor < 1:
        child.scale(factor)


def _grow(child: Assembly, height: float) -> None:
    if child.height < height:
        child.scale(height / child.height)


def _put(child: Assembly, x: float, y: float, order: float, cut: float | None = None, shade: bool = False) -> None:
    """Move a child's foot to a point and its parts to an order."""
    low = min(part.order for part in child.parts)
    for part in child.parts:
        part.shift(x, y)
        part.order = order + (part.order - low) * 0.1
        if cut is not None and part.cut is None:
            part.cut = cut
        if not shade:
            part.shade = 0.0


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
        _put(child, x, root.row((top + bottom) / 2) + child.height / 2, root.order + 1 + slot * 0.01)
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
        _fit(child, width=root.width * 0.95 / slots)
        _put(
            child,
            _spread(root, slot, slots),
            min(0.04 * root.height, seat + child.root.height * 0.4),
            root.order + 1 + slot * 0.01,
        )
        return
    _fit(child, width=root.width * (0.86 if slots == 1 else 0.9) / min(slots, 4) * (1 if furniture else 1.2))
    if furniture:
        if "worktop" in root.noun.attributes:
            _fit(child, height=root.height * 0.32, width=root.width * 0.7 / slots)
        else:
            _grow(child, min(root.height * 0.5, root.width * 0.8 / slots * child.height / child.width))
    cake = "cake" in words_of(root.drawing, root.noun)
    _fit(child, height=root.height * (0.34 if cake else 1.6), width=root.width * 0.62 / slots if cake else None)
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
    _put(child, x, y, root.order + 1 + slot * 0.01, shade=furniture)


def _ride(host: Assembly, child: Assembly, slot: int, slots: int) -> None:
    mount, rider = host.root, child.root
    words = words_of(mount.drawing, mount.noun)
    if "broom" in words:
        brush_left = mount.column(mount.outline.lowest()) < mount.middle
        mount.angle = 45.0 if brush_left else -45.0
        child.look("right" if brush_left else "left")
        child.scale(mount.width * 1.1 / child.height)
        _put(child, mount.middle, mount.row(0.5) + child.height * 0.3, mount.order - 1)
        return
    if words & BOARD_WORDS or mount.width > 3.2 * mount.height:
        _fit(child, height=mount.width * 1.1)
        _put(child, _spread(mount, slot, slots), mount.row(0.3 if words & {"scooter"} else 0.12), mount.order + 1)
        return
    if mount.looks != "front":
        child.look(mount.looks)
    if words & CYCLE_WORDS:
        _fit(child, height=mount.height * 1.15)
        _grow(child, mount.height * 0.85)
        upright = rider.drawing.form == "whole" and rider.drawing.category in {"person", "fantasy"}
        saddle = seat_of(mount) if mount.drawing.seat is not None else mount.row(0.4)
        sunk = child.height * (0.4 if upright else 0.12)
        _put(child, mount.column(0.55), saddle + sunk, mount.order - 1)
        return
    if mount.drawing.category in {"vehicle", "boat", "aircraft"}:
        _inside(host, child, slot, slots)
        return
    _fit(child, height=mount.height * 0.72, width=mount.width * 0.5 / slots)
    _grow(child, mount.height * 0.42)
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
        _put(child, x, saddle + child.height * 0.3, mount.order + 1, cut=saddle + mount.height * 0.05)
        return
    _put(child, x, saddle + child.height * sunk, mount.order - 1)


def _hold(host: Assembly, child: Assembly, slot: int, slots: int) -> None:
    root, held = host.root, child.root
    words = words_of(held.drawing, held.noun)
    side = -1 if root.looks == "left" else 1
    if slot % 2:
        side = -side
    bust = root.drawing.form != "whole"
    hand = root.row(0.8 if bust else 0.6)
    if words & {"umbrella", "parasol"}:
        shelter(host, child, side)
        return
    if words & OVERHEAD_WORDS:
        _grow(child, root.height * 0.5)
        _fit(child, height=root.height * 0.8, width=root.width * 1.1)
        string = held.column(held.outline.lowest())
        if (string - held.middle) * side > 0:
            child.mirror()
            string = held.column(held.outline.lowest())
        reach = 0.46 if not bust else 0.3
        _put(child, root.middle + side * root.width * reach - string, hand, root.order + 1)
        return
    if words & {"fire", "flame", "flames"} and root.drawing.category in {"animal", "fantasy"}:
        _breathe(host, child, side)
        return
    if held.drawing.category in {"building", "furniture", "vehicle"}:
        _on(host, child, 0, 1)
        return
    animal = root.drawing.category in {"animal", "bird", "insect", "fish"}
    if root.looks != "front" and animal:
        centre, top, wide = root.outline.head(root.drawing.faces)
        _fit(child, height=root.height * 0.46, width=root.width * 0.5)
        _grow(child, root.height * 0.26)
        mouth = centre - wide * 0.5 if root.drawing.faces == "left" else centre + wide * 0.5
        x = root.column(mouth) + side * child.width * 0.2
        _put(child, x, root.row(min(0.96, top + 0.72)) + child.height * 0.3, root.order + 1)
        low = max(part.bottom for part in child.parts)
        if low > 0:
            for part in child.parts:
                part.shift(0, -low)
        return
    if "hugging" in root.noun.attributes and held.drawing.category not in {"person", "building", "furniture"}:
        child.scale(min(0.52 * root.height / child.height, 0.9 * root.width / child.width))
        _put(child, root.middle + side * root.width * 0.12, root.row(0.9), root.order + 1)
        return
    large = held.drawing.category == "instrument" or words & {"guitar", "violin", "book", "newspaper"}
    if large and slots == 1:
        _fit(child, height=root.height * 0.56, width=root.width * 0.85)
        _grow(child, root.height * 0.4)
        book = bool(words & {"book", "books", "newspaper"})
        x = root.middle + (0 if book else side * root.width * 0.12)
        _put(child, x, root.row(0.98 if bust else 0.8), root.order + 1)
        return
    _fit(child, height=root.height * 0.5, width=root.width * 0.75)
    _grow(child, root.height * 0.26)
    _put(child, root.middle + side * root.width * 0.4, hand + child.height * 0.4, root.order + 1)


def _breathe(host: Assembly, child: Assembly, side: int) -> None:
    """Let fire come out of the mouth of the host."""
    root = host.root
    _, top, _ = root.outline.head(root.drawing.faces)
    child.scale(root.height * 0.36 / child.height)
    child.root.angle = 90.0 * side
    mouth = root.middle + side * root.width * (0.46 if root.drawing.faces != "front" else 0.2)
    _put(child, mouth + side * child.height * 0.45, root.row(top + 0.2) + child.height * 0.5, root.order + 1)


def shelter(host: Assembly, child: Assembly, side: int = 1) -> None:
    """Hold an umbrella over the host."""
    root = host.root
    child.scale(max(root.height * 0.95, root.width * 1.2) / child.height)
    _fit(child, width=root.height * 1.25)
    _put(child, root.middle + side * root.width * 0.12, root.row(0.52), root.order - 0.5)


def _wear(host: Assembly, child: Assembly, slot: int, slots: int) -> None:
    root, worn = host.root, child.root
    words = words_of(worn.drawing, worn.noun)
    face = root.drawing.form == "face"
    centre, top, wide = root.outline.head("front" if face else root.drawing.faces)
    if face:
        centre, top, wide = 0.5, root.outline.top(0.35, 0.65), 0.9
    head_x, head_y, head = root.column(centre), root.row(top), root.width * wide
    if root.drawing.id.startswith("figure:") and root.drawing.size[0] == WIDTH:
        unit = root.width / root.drawing.box[2]
        child_head = root.drawing.height_m < 1.4
        head_x, head_y, head = root.middle, root.y + 0.6 * unit, (16.8 if child_head else 15.8) * unit
    elif root.drawing.form == "whole" and root.drawing.category == "person":
        head = min(head, root.height * 0.28)

    def width(target: float) -> None:
        child.scale(target / child.width)

    if "space" in words:
        width(head * 1.5)
        _put(child, head_x, head_y + head * 0.5 + child.height / 2, root.order + 2)
    elif words & EYE_WORDS:
        width(head * 0.86)
        _put(child, head_x, head_y + head * (0.5 if not face else 0.42) + child.height / 2, root.order + 2)
    elif words & NECK_WORDS and "snowman" in words_of(root.drawing, root.noun):
        width(root.width * 0.52)
        _put(child, root.middle, root.row(0.42) + child.height * 0.6, root.order + 1)
    elif words & NECK_WORDS:
        width(head * 0.8)
        _fit(child, height=root.height * 0.34)
        _put(child, head_x, head_y + head * 0.88 + child.height * 0.8, root.order + 1)
    elif words & BODY_WORDS:
        aside = root.drawing.category in {"animal", "bird", "fish", "insect"} and root.drawing.faces != "front"
        width(root.width * (0.5 if aside else 0.72))
        _fit(child, height=root.height * 0.5)
        _put(child, root.middle, root.row(0.62) + child.height * 0.5, root.order + 1)
    elif words & FOOT_WORDS:
        span = max(root.shade, root.width * 0.4) * (1.1 if slots == 1 else 1.3)
        width(span / slots)
        _put(child, span * ((slot + 0.5) / slots - 0.5), child.height * 0.12, root.order + 1)
    elif words & BACK_WORDS:
        width(root.width * (0.6 if "backpack" in words else 1.1))
        side = 1 if root.looks == "left" else -1
        _put(
            child,
            root.middle + (side * root.width * 0.28 if "backpack" in words else 0),
            root.row(0.42) + child.height * 0.5,
            root.order - 1,
        )
    else:
        beast = root.drawing.category in {"animal", "bird", "fish", "insect"}
        width(head * (0.86 if words & {"crown", "tiara"} or beast else 1.08))
        _fit(child, height=head * 0.95)
        sunk = 0.3 if root.drawing.category in {"animal", "bird"} or face else 0.36
        _put(child, head_x, head_y + child.height * sunk, root.order + 2)


def _inside(host: Assembly, child: Assembly, slot: int, slots: int) -> None:
    root = host.root
    words = words_of(root.drawing, root.noun)
    x = _spread(root, slot, slots, 0.6)
    if root.width > 2.4 * root.height and "puddle" in words:
        host.scale(max(1.0, 1.5 * child.width * slots / root.width))
        _put(child, _spread(root, slot, slots, 0.6), root.row(0.6), root.order + 1, shade=True)
        return
    if root.drawing.category == "tree" or "tree" in words:
        _fit(child, height=root.height * 0.34, width=root.width * 0.42)
        _put(child, x, root.row(0.52), root.order + 1)
        return
    if words & {"vase", "pot", "jug", "bucket", "jar", "flowerpot"} and child.root.drawing.category in {
        "flower",
        "plant",
    }:
        child.scale(root.height * 0.85 / child.height)
        lean = 0.0 if slots == 1 else (slot / (slots - 1) - 0.5) * min(1.7, 0.5 * slots)
        height = child.height
        rim = root.row(max(0.02, root.outline.top(0.42, 0.58)))
        _put(
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
        _fit(child, height=root.height * 0.46, width=root.width * 0.52 / slots)
        _grow(child, root.height * 0.3 / slots)
        _put(child, x, root.row(0.62) + child.height * 0.4, root.order + 1)
    elif root.drawing.category == "building" or (
        root.height > 3.0 * child.height and root.drawing.category not in {"vehicle", "boat", "aircraft"}
    ):
        _fit(child, height=root.height * 0.36)
        _put(child, x, root.height * 0.02, root.order + 1, shade=True)
    elif words & CABIN_WORDS:
        child.scale(root.height * 0.62 / child.height)
        _fit(child, width=root.width * 0.36 / slots)
        sill = root.row(0.47)
        spread = 0 if slots == 1 else root.width * 0.3 * ((slot + 0.5) / slots - 0.5)
        _put(child, root.middle + spread, sill + child.height * 0.36, root.order + 1, cut=sill)
    elif root.drawing.seat is not None:
        _fit(child, height=root.height * 0.8, width=root.width * 0.6 / slots)
        _grow(child, min(root.height * 0.55, root.width * 0.5 / slots * child.height / child.width))
        rim = seat_of(root)
        _put(child, x, rim + child.height * 0.25, root.order + 1, cut=rim)
    else:
        _fit(child, height=root.height * 1.1, width=root.width * 0.62 / slots)
        _grow(child, root.height * 0.5)
        _fit(child, width=root.width * 0.8 / slots)
        share = (x - root.x) / root.width
        column = 1 - share if root.mirrored else share
        rim = root.row(root.outline.top(max(0, column - 0.15), min(1, column + 0.15)))
        _put(child, x, rim + child.height * 0.4, root.order - 1)


def _heap(host: Assembly, child: Assembly, slot: int, slots: int) -> None:
    """One of many in a container: rows of a heap above its rim, the upper ones behind."""
    root = host.root
    across = max(2, min(5, -(-slots // 3))) if slots > 5 else -(-slots * 3 // 5)
    row, place = divmod(slot, across)
    number = min(across, slots - row * across)
    child.scale(root.width * 0.86 / across / child.width)
    _fit(child, height=root.height * 0.6)
    x = root.middle + root.width * 0.78 * ((place + 0.5) / across - 0.5) + root.width * 0.39 * (1 - number / across)
    rim = root.row(max(root.outline.top(0.05, 0.3), root.outline.top(0.7, 0.95)))
    _put(child, x, rim + child.height * (0.35 - 0.6 * row), root.order - 1 - row * 0.5)
