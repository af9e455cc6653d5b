"""What scenes are often asked for and neither emoji set has: ships, roofs, branches, tents, trees in blossom."""

# ruff: noqa: E501 - tables read best with one thing to a line, however long

from __future__ import annotations

import math

from .own_objects import (
    AMBER,
    BLUE,
    DARK,
    GREEN,
    GREEN_DARK,
    INK,
    PALE,
    RED,
    RED_DARK,
    SILVER,
    SKY,
    STEEL,
    WOOD,
    WOOD_DARK,
    WOOD_LIGHT,
    YELLOW,
)
from .shapes import circle, ellipse, line, path, rect, turned

LEAF, LEAF_DARK, LEAF_LIGHT = "#4a9c3f", "#387d38", "#6ab04c"
BARK, BARK_DARK = "#8a5a3c", "#6d452d"
BLOSSOM, BLOSSOM_DARK, BLOSSOM_LIGHT = "#ffb3d1", "#f58fb8", "#ffd6e7"
STONE, STONE_DARK = "#a9b0b8", "#868e98"


def crown(dark: str, mid: str, light: str) -> str:
    """A round crown of leaves of three tones."""
    lumps = ((32, 62, 26), (96, 62, 26), (64, 38, 34), (44, 80, 24), (84, 80, 24))
    tops = ((34, 54, 19), (92, 54, 18), (62, 32, 25))
    return (
        "".join(circle(x, y, r, dark) for x, y, r in lumps)
        + "".join(circle(x, y - 5, r * 0.88, mid) for x, y, r in lumps)
        + "".join(circle(x - 4, y - 4, r * 0.62, light) for x, y, r in tops)
    )


def trunk(colour: str, shade: str) -> str:
    """A trunk that forks under a crown."""
    return path("M54 150c5-22 5-40 2-62l-16-20 6-4 14 14 2-22h6l3 20 14-14 5 5-16 21c-2 20-1 40 6 62z", colour) + path(
        "M68 150c-2-20-2-40 0-60l8 0c-2 20-1 40 6 60z", shade
    )


def star(x: float, y: float, r: float, fill: str) -> str:
    points = " ".join(
        f"{x + r * (1 if k % 2 == 0 else 0.42) * math.sin(k * math.pi / 5):.1f},"
        f"{y - r * (1 if k % 2 == 0 else 0.42) * math.cos(k * math.pi / 5):.1f}"
        for k in range(10)
    )
    return path("M" + points.replace(" ", "L") + "Z", fill)


def sail(x: float, y: float, wide: float, tall: float, fill: str, shade: str) -> str:
    bulge = wide * 0.12
    return path(f"M{x} {y}h{wide}q{bulge} {tall / 2} 0 {tall}q{-wide / 2} {-tall * 0.14} {-wide} 0q{bulge} {-tall / 2} 0 {-tall}z", fill) + path(
        f"M{x + wide * 0.72} {y}h{wide * 0.28}q{bulge} {tall / 2} 0 {tall}q{-wide * 0.14} {-tall * 0.06} {-wide * 0.26} {-tall * 0.09}q{bulge} {-tall * 0.45} {-wide * 0.02} {-tall * 0.91}z", shade)  # fmt: skip


def gravestone(x: float, y: float, wide: float, tall: float) -> str:
    r = wide / 2
    return (
        path(f"M{x} {y + tall}v{-(tall - r)}a{r} {r} 0 0 1 {wide} 0v{tall - r}z", STONE)
        + path(f"M{x + wide * 0.78} {y + tall}v{-(tall - r)}a{r} {r} 0 0 0 {-r * 0.7} {-r * 0.95}a{r} {r} 0 0 1 {r * 1.14} {r * 0.95}v{tall - r}z", STONE_DARK)
        + line(f"M{x + wide * 0.24} {y + tall * 0.42}h{wide * 0.42}M{x + wide * 0.24} {y + tall * 0.56}h{wide * 0.42}", STONE_DARK, wide * 0.06)
    )  # fmt: skip


# Title: width and height of the view box, and the markup.
SCENES: dict[str, tuple[int, int, str]] = {
    "wizard hat": (128, 116, (
        path("M64 3c10 8 8 20 14 34l16 58H28l18-50C52 28 52 14 64 3z", "#5b3fb0") + path("M64 3c10 8 8 20 14 34l16 58H74C72 60 70 30 64 3z", "#4a3096")
        + ellipse(64, 98, 61, 15, "#4a3096") + ellipse(64, 94, 61, 14, "#6d4fc4") + path("M30 84q34 14 64 0l3 11q-35 14-71 0z", YELLOW)
        + star(56, 62, 9, YELLOW) + star(74, 46, 6, YELLOW) + star(62, 28, 5, YELLOW))),
    "pirate ship": (160, 150, (
        rect(50, 14, 4, 96, WOOD_DARK) + rect(98, 6, 4, 104, WOOD_DARK) + line("M136 96L158 78", WOOD_DARK, 4) + path("M102 6h22l-6 6 6 6h-22z", INK)
        + sail(30, 26, 44, 30, "#3a3350", "#2b2540") + sail(28, 62, 48, 34, "#3a3350", "#2b2540") + sail(76, 24, 50, 30, "#3a3350", "#2b2540") + sail(72, 60, 56, 38, "#3a3350", "#2b2540")
        + path("M97 66c9 0 13 5 13 11 0 4-3 6-4 8v4H90v-4c-1-2-4-4-4-8 0-6 4-11 11-11z", "#f4f1e8") + circle(93, 77, 2.6, INK) + circle(102, 77, 2.6, INK) + line("M86 92l22-6M108 92l-22-6", "#f4f1e8", 2.6)
        + path("M6 86h22v14h104l14-8-12 40q-4 16-20 16H40Q22 148 16 128z", WOOD) + path("M12 112h130l-3 9H15z", WOOD_DARK) + path("M17 130h118q-5 18-21 18H40q-17 0-23-18z", WOOD_DARK)
        + rect(6, 82, 26, 7, WOOD_LIGHT, 2) + "".join(rect(x, 103, 10, 8, INK, 2) for x in (44, 64, 84, 104)) + rect(12, 94, 10, 10, YELLOW, 2))),
    "tree branch": (150, 150, (
        path("M8 150c8-40 8-92 0-148h34c-4 30-4 44-2 56 30 4 62 4 104-6l3 7c-36 16-74 19-106 18-1 26 2 52 9 73z", BARK) + path("M30 150c-4-50-4-100 0-148h12c-4 30-4 44-2 56 30 4 62 4 104-6l3 7c-36 10-74 12-107 11-1 30 3 58 10 80z", BARK_DARK)
        + line("M100 66q10 12 24 14M70 70q4 14 14 22", BARK, 4)
        + "".join(turned(a, x, y, ellipse(x, y, 13, 6.5, c)) for x, y, a, c in ((128, 84, 30, LEAF), (138, 44, -30, LEAF_LIGHT), (146, 66, 10, LEAF_DARK), (90, 98, 50, LEAF), (114, 90, 80, LEAF_LIGHT), (76, 96, 100, LEAF_DARK), (124, 46, -60, LEAF)))
        + "".join(circle(x, y, r, c) for x, y, r, c in ((14, 14, 20, LEAF_DARK), (40, 12, 18, LEAF), (4, 28, 12, LEAF), (28, 4, 18, LEAF_LIGHT), (62, 10, 12, LEAF_DARK), (56, 4, 10, LEAF_LIGHT))))),
    "rooftop": (190, 130, (
        rect(14, 64, 162, 66, "#f2dcb8") + rect(14, 64, 162, 10, "#d9bd92") + rect(128, 6, 22, 40, "#b5563a") + rect(124, 2, 30, 8, "#8f3f2b", 2)
        + path("M34 22h122l30 48H4z", "#c8553d") + "".join(line(f"M{34 - 7.5 * k:.1f} {22 + 12 * k}H{156 + 7.5 * k:.1f}", "#a8402d", 2.4) for k in range(5))
        + rect(30, 18, 130, 7, "#a8402d", 3.5) + "".join(rect(x, 84, 28, 30, "#fff8e8", 2) + rect(x + 3, 87, 22, 24, SKY) + rect(x + 12.5, 87, 3, 24, "#fff8e8") for x in (28, 134)) + rect(80, 86, 30, 44, WOOD, 2) + circle(104, 110, 2.4, YELLOW))),
    "gravestone": (84, 100, gravestone(8, 4, 68, 92) + path("M0 100q8-16 16-4 6-18 14 0h24q6-16 14-2 8-12 14 6z", LEAF_DARK)),
    "rover": (160, 110, (
        line("M40 86L66 62 92 86M66 62l40-2 16 26", DARK, 6) + "".join(circle(x, 90, 18, INK) + circle(x, 90, 9, STEEL) + circle(x, 90, 4, DARK) for x in (32, 80, 128))
        + rect(30, 44, 104, 20, "#f3f1ea", 5) + rect(30, 56, 104, 9, AMBER, 3) + path("M22 34h92l10 10H32z", "#2f6fb0") + line("M46 34l4 10M70 34l3 10M94 34l4 10", "#9cc8f0", 2)
        + rect(116, 14, 5, 32, STEEL) + rect(104, 4, 32, 15, "#f3f1ea", 5) + circle(128, 11.5, 4.4, INK) + line("M134 54l18 8v12", DARK, 5) + circle(44, 22, 12, PALE) + circle(44, 22, 7, SILVER) + line("M44 34v-8", DARK, 4))),
    "fishbowl": (128, 112, (
        path("M34 8h60c22 10 32 28 32 50 0 30-24 50-62 50S2 88 2 58C2 36 12 18 34 8z", "#d9f1fb") + path("M5 44h118c2 4 3 9 3 14 0 30-24 50-62 50S2 88 2 58c0-5 1-10 3-14z", "#8fd4f2") + ellipse(64, 44, 59, 6, "#b8e6f9")
        + path("M20 92q44-10 88 0c-10 11-26 16-44 16S30 103 20 92z", "#e8c98a") + line("M104 90q-8-14 0-26 6-8 0-16M96 92q-4-10-10-14", LEAF, 4) + ellipse(64, 8, 32, 5, "#eefaff") + path("M18 34q6-12 14-16-6 10-8 18z", "#ffffff"))),
    "bowl": (128, 76, (
        path("M4 14h120c0 34-20 52-42 56H46C24 66 4 48 4 14z", "#4aa3d8") + path("M4 14h120c0 6-1 10-2 14H6c-1-4-2-8-2-14z", "#2f86bd") + ellipse(64, 14, 60, 9, "#bfe3f5") + ellipse(64, 15, 52, 6, "#9acbe6") + rect(44, 68, 40, 7, "#2f86bd", 3))),
    "picnic blanket": (160, 76, (
        path("M28 34h116l14 40H4z", RED) + path("M48 34h20l-6 40H32zM92 34h20l14 40H96z", "#ff8a86") + path("M22 50h128l3 10H16z", "#fff", ).replace("/>", ' fill-opacity="0.55"/>')
        + path("M52 20q18-24 36 0", "none").replace('fill="none"', f'fill="none" stroke="{WOOD_DARK}" stroke-width="4"') + path("M42 24h56l-6 32H48z", WOOD_LIGHT) + rect(39, 18, 62, 9, WOOD, 4) + line("M46 36h48M48 46h44M60 28v28M80 28v28", WOOD, 2.4)
        + circle(114, 52, 9, RED_DARK) + line("M114 44q1-4 4-6", WOOD_DARK, 2) + path("M120 62q10-14 26-6l-4 8q-12-4-18 4z", AMBER) + rect(24, 40, 10, 18, GREEN_DARK, 3) + rect(26.5, 32, 5, 10, GREEN_DARK))),
    "pile of gold": (160, 72, (
        path("M2 72q18-34 44-40 30-42 62 0 34 8 50 40z", "#e8a92e") + path("M14 72q18-26 40-30 26-34 54-2 28 8 40 32z", YELLOW)
        + "".join(turned(a, x, y, ellipse(x, y, 11, 6, "#e8a92e"), ellipse(x, y - 2, 11, 6, "#ffe887")) for x, y, a in ((30, 60, -14), (56, 44, 10), (80, 30, -6), (104, 46, 16), (130, 62, 8), (80, 60, 0), (50, 64, 6), (108, 66, -8), (66, 22, -18)))
        + path("M92 16l9 7-9 12-9-12z", "#e84a6f") + path("M36 40l7 5-7 9-7-9z", "#3fb0e8"))),
    "bus stop": (130, 130, (
        rect(8, 16, 6, 110, DARK) + rect(96, 16, 6, 110, DARK) + rect(14, 26, 82, 74, "#cfe8f5") + path("M20 92L58 30h12L32 92z", "#e8f6fc") + rect(2, 8, 106, 11, BLUE, 4) + rect(22, 92, 66, 7, WOOD, 2) + rect(28, 98, 5, 28, DARK) + rect(78, 98, 5, 28, DARK)
        + rect(117, 30, 5, 98, STEEL) + circle(119.5, 22, 10, YELLOW) + rect(114, 17, 11, 8, INK, 2) + circle(116.5, 26.5, 1.8, INK) + circle(122.5, 26.5, 1.8, INK))),
    "bamboo": (110, 150, (
        "".join(rect(x, y, w, 150 - y, c, 2) + "".join(rect(x - 1, yy, w + 2, 4, GREEN_DARK, 2) for yy in range(y + 22, 146, 28)) for x, y, w, c in ((20, 6, 12, "#6fae3f"), (46, 0, 14, "#86c24a"), (76, 14, 12, "#6fae3f")))
        + "".join(turned(a, x, y, ellipse(x, y, 17, 5, c)) for x, y, a, c in ((10, 30, 30, LEAF), (40, 40, -30, LEAF_LIGHT), (70, 24, -25, LEAF), (98, 44, 28, LEAF_LIGHT), (66, 62, 30, LEAF), (36, 84, 35, LEAF_LIGHT), (94, 84, -28, LEAF), (12, 96, -32, LEAF), (68, 108, -30, LEAF_LIGHT))))),
    "cherry tree": (128, 150, (
        crown(BLOSSOM_DARK, BLOSSOM, BLOSSOM_LIGHT) + trunk(BARK, BARK_DARK) + "".join(circle(x, y, 13, BLOSSOM) for x, y in ((36, 72), (92, 72), (64, 58))) + "".join(circle(x, y, 2.6, "#ffffff") for x, y in ((30, 44), (52, 22), (80, 30), (98, 58), (40, 72), (70, 54), (90, 82)))
        + "".join(ellipse(x, y, 3.4, 2, BLOSSOM) for x, y in ((24, 112), (104, 106), (92, 130), (34, 138))))),
    "leafy tree": (128, 150, trunk(BARK, BARK_DARK) + crown(LEAF_DARK, LEAF, LEAF_LIGHT)),
    "apple tree": (128, 150, (
        trunk(BARK, BARK_DARK) + crown(LEAF_DARK, LEAF, LEAF_LIGHT) + "".join(circle(x, y, 6.4, RED) + circle(x - 2, y - 2, 1.8, "#ff8a86") for x, y in ((30, 54), (54, 34), (84, 40), (100, 66), (48, 76), (74, 66), (84, 88), (32, 80))))),
    "camping tent": (160, 110, (
        path("M80 4L156 106H4z", "#f08a3c") + path("M80 4l28 102H52z", "#c9622a") + path("M80 22l22 84H58z", "#3b2a3f") + path("M80 22l-22 84 8 0q12-40 14-84z", "#ffb066") + line("M80 4l0-3M4 106l-4 2M156 106l4 2", WOOD_DARK, 3) + path("M80 4L4 106h12L80 14l64 92h12z", "#ffb066"))),
    "campfire": (120, 110, (
        path("M60 4c6 20 30 30 30 58 0 20-14 32-30 32S30 82 30 62c0-14 8-20 12-32 6 6 8 10 8 16 8-10 12-26 10-42z", "#f2582f") + path("M60 34c4 12 18 20 18 36 0 14-8 24-18 24S42 84 42 70c0-8 4-12 8-18 2 4 4 6 4 10 5-8 7-18 6-28z", "#ff9a3c")
        + path("M60 60c3 6 9 11 9 20s-4 14-9 14-9-5-9-14 6-12 9-20z", "#ffdf6b") + turned(12, 60, 96, rect(10, 90, 100, 13, WOOD, 6), circle(16, 96.5, 5, WOOD_LIGHT)) + turned(-12, 60, 96, rect(10, 90, 100, 13, WOOD_DARK, 6), circle(104, 96.5, 5, WOOD_LIGHT)))),
    "pumpkin": (128, 110, (
        path("M58 22c0-10 2-16 10-20l10 4c-6 4-8 10-8 16z", LEAF_DARK) + ellipse(30, 66, 28, 38, "#e8761e") + ellipse(98, 66, 28, 38, "#e8761e") + ellipse(44, 66, 26, 42, "#f58a2a") + ellipse(84, 66, 26, 42, "#f58a2a") + ellipse(64, 66, 22, 44, "#ff9d3f")
        + path("M70 24q14-6 24 4-10 8-22 0z", LEAF))),
    "stack of books": (128, 104, (
        rect(10, 78, 108, 24, RED, 4) + rect(18, 83, 100, 14, "#fff6e3", 2) + rect(10, 78, 14, 24, RED_DARK, 4) + rect(18, 54, 92, 24, BLUE, 4) + rect(18, 59, 84, 14, "#fff6e3", 2) + rect(98, 54, 12, 24, "#0074ba", 4)
        + rect(12, 32, 100, 22, GREEN, 4) + rect(20, 37, 92, 12, "#fff6e3", 2) + rect(12, 32, 12, 22, GREEN_DARK, 4) + rect(22, 10, 84, 22, YELLOW, 4) + rect(22, 15, 76, 12, "#fff6e3", 2) + rect(94, 10, 12, 22, AMBER, 4))),
    "hospital bed": (160, 96, (
        rect(6, 10, 7, 84, STEEL, 3) + rect(148, 36, 7, 58, STEEL, 3) + rect(10, 62, 142, 12, SILVER, 3) + rect(12, 48, 136, 16, "#ffffff", 6) + path("M56 46h90q6 0 6 6v14H56z", "#8fd0e8") + rect(16, 38, 36, 14, "#e6f2f8", 6))),
    "blackboard": (160, 104, (
        rect(0, 2, 160, 92, WOOD, 4) + rect(6, 8, 148, 80, "#2f6b52") + line("M20 28h44M20 42h30M92 30q14-14 26 0t24 0", "#e8f3ec", 3) + line("M96 66l14-16 14 16zM24 66h36", "#e8f3ec", 3) + rect(20, 92, 120, 7, WOOD_DARK, 3)
        + rect(38, 88, 14, 5, "#ffffff", 1) + rect(60, 88, 10, 5, YELLOW, 1))),
    "lily pad": (150, 54, (
        path("M75 50C30 50 4 40 4 28S34 6 75 6c14 0 28 2 40 5L80 28l62-7c3 2 4 5 4 7 0 12-28 22-71 22z", LEAF_DARK) + path("M75 44C32 44 6 36 5 26 8 14 36 6 75 6c14 0 28 2 40 5L80 26l62-5c2 1 3 4 3 5-3 11-30 18-70 18z", LEAF)
        + line("M78 26L30 16M78 27L20 32M78 28l-14 14M80 28l30 11", LEAF_LIGHT, 2.4))),
    "tree house": (128, 160, (
        path("M52 160c4-30 4-60 2-90h20c-2 30-2 60 4 90z", BARK) + path("M66 160c-2-30-2-60-1-90h9c-2 30-2 60 4 90z", BARK_DARK) + crown(LEAF_DARK, LEAF, LEAF_LIGHT) + rect(22, 100, 84, 6, WOOD_DARK, 2)
        + rect(34, 64, 60, 37, WOOD_LIGHT) + line("M34 76h60M34 88h60", WOOD, 2) + path("M26 66L64 40l38 26z", RED) + rect(56, 74, 16, 27, WOOD_DARK, 2) + rect(39, 72, 12, 12, SKY) + rect(78, 72, 12, 12, SKY)
        + line("M90 106v52M104 106v52M90 118h14M90 130h14M90 142h14", WOOD, 3.4))),
    "puddle": (150, 40, (
        path("M20 30C-4 24 6 12 30 12 40 2 66 2 78 8c20-6 52-2 50 8 26 4 24 18-8 19-20 6-44 4-56-1-14 4-34 2-44-4z", "#6fb7e0") + path("M36 18c12-8 32-6 40-4-14 2-30 4-40 4zM92 26c10-4 26-4 34-3-10 4-24 5-34 3z", "#cdeaf8"))),
    "chessboard": (140, 70, (
        path("M26 6h88l24 48H2z", WOOD_DARK) + path("M2 54h136v8H2z", "#5a3324")
        + "".join(path(f"M{30 - 3.2 * r + (80 + 6.4 * r) / 6 * c:.1f} {10 + 6.6 * r:.1f}h{(80 + 6.4 * r) / 6:.1f}l{0.55 * (c - 2.5):.1f} 6.6h{-(80 + 6.4 * r) / 6:.1f}z", "#f3e3c3" if (r + c) % 2 else "#8a5a3c") for r in range(6) for c in range(6))
        + "".join(circle(x, y - 11, 4, f) + path(f"M{x - 5} {y}q5-6 3-9h4q-2 3 3 9z", f) for x, y, f in ((46, 22, "#fff8e8"), (88, 20, INK), (70, 38, "#fff8e8"), (106, 42, INK), (34, 44, "#fff8e8"))))),
}  # fmt: skip
