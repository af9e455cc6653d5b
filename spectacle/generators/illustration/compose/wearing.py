"""What is worn: on the head, over the eyes, around the neck, on the body, the back and the feet."""

from __future__ import annotations

from spectacle.generators.illustration.compose.bodies import WIDTH
from spectacle.generators.illustration.compose.casting import words_of
from spectacle.generators.illustration.compose.fitting import fit, put
from spectacle.generators.illustration.compose.parts import Assembly

EAR_WORDS = frozenset({"earring", "earrings"})
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


def wear(host: Assembly, child: Assembly, slot: int, slots: int) -> None:
    """Put what is worn on the head, the eyes, the neck, the body or the feet; `slot` of `slots` worn together."""
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
        put(child, head_x, head_y + head * 0.5 + child.height / 2, root.order + 2)
    elif words & EAR_WORDS and root.drawing.category in {"person", "fantasy"}:
        width(head * 1.1)
        put(child, head_x, head_y + head * 0.72 + child.height / 2, root.order + 2)
    elif words & EYE_WORDS:
        width(head * 0.86)
        put(child, head_x, head_y + head * (0.5 if not face else 0.42) + child.height / 2, root.order + 2)
    elif words & NECK_WORDS and "snowman" in words_of(root.drawing, root.noun):
        width(root.width * 0.52)
        put(child, root.middle, root.row(0.42) + child.height * 0.6, root.order + 1)
    elif words & NECK_WORDS:
        width(head * 0.8)
        fit(child, height=root.height * 0.34)
        put(child, head_x, head_y + head * 0.88 + child.height * 0.8, root.order + 1)
    elif words & BODY_WORDS:
        aside = root.drawing.category in {"animal", "bird", "fish", "insect"} and root.drawing.faces != "front"
        width(root.width * (0.5 if aside else 0.72))
        fit(child, height=root.height * 0.5)
        put(child, root.middle, root.row(0.62) + child.height * 0.5, root.order + 1)
    elif words & FOOT_WORDS:
        span = max(root.shade, root.width * 0.4) * (1.1 if slots == 1 else 1.3)
        width(span / slots)
        put(child, span * ((slot + 0.5) / slots - 0.5), child.height * 0.12, root.order + 1)
    elif words & BACK_WORDS:
        width(root.width * (0.6 if "backpack" in words else 1.1))
        side = 1 if root.looks == "left" else -1
        put(
            child,
            root.middle + (side * root.width * 0.28 if "backpack" in words else 0),
            root.row(0.42) + child.height * 0.5,
            root.order - 1,
        )
    else:
        beast = root.drawing.category in {"animal", "bird", "fish", "insect"}
        width(head * (0.86 if words & {"crown", "tiara"} or beast else 1.08))
        fit(child, height=head * 0.95)
        sunk = 0.3 if root.drawing.category in {"animal", "bird"} or face else 0.36
        put(child, head_x, head_y + child.height * sunk, root.order + 2)
