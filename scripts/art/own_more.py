"""More objects that neither emoji set has, and a few beings, drawn flat in simple shapes on a view box of 128 units."""

# ruff: noqa: E501 - tables read best with one thing to a line, however long

from __future__ import annotations

from .own_objects import (
    AMBER,
    BLUE,
    BLUE_DARK,
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

BONE = "#f4f1e8"

# Title: width and height of the view box, and the markup.
MORE: dict[str, tuple[int, int, str]] = {
    "submarine": (150, 92, (
        rect(66, 8, 34, 34, "#f9a23c", 6) + line("M84 10V2h14", DARK, 5) + path("M18 56c0-18 18-24 40-24h48c22 0 36 10 36 26s-14 26-36 26H58c-22 0-40-10-40-28z", YELLOW)
        + path("M19 62q60 12 122 0c-4 14-18 22-35 22H58c-20 0-36-8-39-22z", AMBER) + "".join(circle(x, 54, 9, "#7d5a1e") + circle(x, 54, 6, SKY) for x in (52, 80, 108))
        + path("M130 56l18-18v38z", AMBER))),
    "sandcastle": (128, 104, (
        path("M4 103q60-18 120 0z", "#d9a548") + rect(28, 52, 72, 48, "#f3c260") + rect(14, 36, 26, 64, "#e5b04e") + rect(88, 36, 26, 64, "#e5b04e")
        + "".join(rect(x, 28, 7, 12, "#e5b04e") for x in (13, 23.5, 34, 87, 97.5, 108)) + "".join(rect(x, 44, 8, 12, "#f3c260") for x in (44, 60, 76))
        + path("M52 100V84a12 12 0 0 1 24 0v16z", "#a8752b") + line("M64 46V10", WOOD_DARK, 3) + path("M65 10l20 8-20 8z", RED)
        + rect(23, 54, 8, 12, "#a8752b", 3) + rect(97, 54, 8, 12, "#a8752b", 3))),
    "pillow": (120, 80, (
        path("M10 10q50 8 100 0 10 0 6 10-6 20 0 40 4 12-6 10-50-8-100 0-10 2-6-10 6-20 0-40-4-10 6-10z", "#dcecfa") + line("M30 24q30 5 60 0M30 56q30-5 60 0", "#b4d3ee", 3))),
    "stool": (72, 96, (
        path("M14 16h10L16 95H6zM58 16H48l8 79h10z", WOOD) + rect(14, 58, 44, 6, WOOD_DARK) + rect(4, 6, 64, 13, WOOD_LIGHT, 6))),
    "throne": (84, 140, (
        path("M14 20l10 12L42 4l18 28 10-12v60H14z", YELLOW) + rect(20, 38, 44, 52, RED_DARK, 6) + rect(8, 88, 68, 16, RED, 5) + rect(4, 66, 14, 44, AMBER, 5)
        + rect(66, 66, 14, 44, AMBER, 5) + rect(8, 104, 68, 12, AMBER, 3) + rect(8, 114, 10, 25, AMBER, 2) + rect(66, 114, 10, 25, AMBER, 2) + circle(42, 20, 4, RED)
        + circle(11, 66, 6, YELLOW) + circle(73, 66, 6, YELLOW))),
    "piano": (140, 104, (
        rect(10, 4, 120, 62, INK, 4) + rect(4, 58, 132, 14, "#4b3a63", 3) + rect(10, 60, 120, 9, BONE)
        + "".join(rect(x, 60, 1, 9, STEEL) for x in range(18, 130, 8)) + "".join(rect(x, 60, 4, 5.4, INK) for x in range(15, 126, 16))
        + rect(12, 72, 10, 30, INK, 2) + rect(118, 72, 10, 30, INK, 2) + rect(26, 72, 88, 22, "#4b3a63") + rect(46, 22, 48, 26, "#4b3a63", 2) + rect(50, 26, 18, 18, BONE, 1)
        + rect(72, 26, 18, 18, BONE, 1) + rect(64, 94, 4, 9, YELLOW, 1) + rect(72, 94, 4, 9, YELLOW, 1))),
    "table": (128, 84, (
        path("M24 18h10l-8 65h-9zM104 18H94l8 65h9z", WOOD_DARK) + rect(16, 16, 96, 10, WOOD, 2) + rect(3, 5, 122, 13, "#c98650", 6))),
    "desk": (140, 84, (
        rect(8, 14, 8, 69, WOOD_DARK, 2) + rect(90, 14, 44, 69, WOOD, 3) + rect(2, 5, 136, 12, WOOD_LIGHT, 3)
        + "".join(rect(95, y, 34, 17, WOOD_LIGHT, 2) + rect(107, y + 7, 10, 3, YELLOW, 1.5) for y in (21, 41, 61)))),
    "rowing boat": (140, 62, (
        path("M4 22h132c-4 22-20 38-40 38H44C24 60 8 44 4 22z", WOOD) + path("M9 34h122q-3 7-7 12H16q-5-5-7-12z", WOOD_LIGHT) + rect(0, 16, 140, 9, WOOD_DARK, 4)
        + turned(-24, 70, 30, rect(67, 4, 5, 46, "#f3c38a", 2), rect(62, 38, 15, 22, "#f3c38a", 6)))),
    "bottle": (44, 128, (
        path("M15 8h14v26c0 10 12 12 12 30v54q0 8-8 8H11q-8 0-8-8V64c0-18 12-20 12-30z", GREEN_DARK) + rect(13, 3, 18, 9, RED_DARK, 3) + rect(3, 72, 38, 32, BONE)
        + rect(10, 82, 24, 4, AMBER) + rect(10, 90, 24, 4, AMBER) + rect(9, 56, 5, 12, "#35b98d", 2))),
    "cup": (112, 88, (
        path("M78 26h12c12 0 18 8 18 18S100 64 86 64h-8v-9h8c8 0 13-5 13-11s-4-9-10-9H78z", BLUE_DARK) + path("M6 10h78v40c0 22-12 34-30 34H36C18 84 6 72 6 50z", BLUE)
        + ellipse(45, 11, 39, 8, BLUE_DARK) + ellipse(45, 12, 32, 5.4, WOOD_DARK) + rect(14, 28, 7, 26, "#7fd4f7", 3.5))),
    "cooking pot": (128, 84, (
        rect(2, 34, 20, 9, INK, 4) + rect(106, 34, 20, 9, INK, 4) + path("M14 28h100v38q0 16-16 16H30q-16 0-16-16z", SILVER) + rect(8, 20, 112, 11, STEEL, 5)
        + path("M22 20q6-12 42-12t42 12z", PALE) + rect(56, 1, 16, 9, INK, 4) + rect(24, 40, 8, 28, "#f4f4f4", 4))),
    "excavator": (150, 110, (
        line("M84 44L48 12 20 40", AMBER, 10) + path("M8 40l22-6 4 18q-12 18-30 8z", DARK) + path("M76 30h34l10 16h22q6 0 6 6v22H76z", YELLOW) + path("M84 37h22l7 12v9H84z", SKY)
        + rect(70, 78, 78, 26, "#3b3b3b", 13) + "".join(circle(x, 91, 7, STEEL) for x in (84, 109, 134)))),
    "bulldozer": (150, 96, (
        path("M4 34q14 22 0 48 14 6 20 0V34q-8-6-20 0z", STEEL) + rect(22, 60, 30, 8, DARK) + path("M44 46h34V14h40v32h16q8 0 8 8v18H44z", YELLOW) + path("M86 22h24v22H86z", SKY)
        + rect(56, 24, 6, 24, DARK, 2) + rect(38, 66, 106, 28, "#3b3b3b", 14) + "".join(circle(x, 80, 8, AMBER) for x in (54, 78, 102, 128)))),
    "hammock": (160, 110, (
        path("M10 108V30h9v78zM141 108V30h9v78z", WOOD_DARK) + line("M16 36L40 58M144 36L120 58", BONE, 3) + path("M36 54q44 46 88 0 2 40-44 42-46-2-44-42z", RED)
        + path("M52 66q6 22 14 27l8 2q-12-8-14-24zM82 77q0 12-3 19l8-1q4-8 4-20zM104 68q-2 14-10 24l8-5q8-10 9-25z", BONE))),
    "rug": (150, 44, (
        path("M22 4h106l20 36H2z", RED_DARK) + path("M29 9h92l13 26H16z", AMBER) + path("M35 13h80l8 18H27z", RED_DARK) + path("M75 15l14 7-14 7-14-7z", YELLOW))),
    "birdcage": (84, 124, (
        line("M42 14V6", AMBER, 4) + circle(42, 6, 4, AMBER) + path("M6 60C6 30 20 14 42 14s36 16 36 46v52H6z", "#fff8e3") + line("M6 112V60C6 30 20 14 42 14s36 16 36 46v52M24 112V54c0-22 6-36 18-40M60 112V54c0-22-6-36-18-40M42 14v98M6 62h72", AMBER, 3)
        + rect(2, 110, 80, 12, WOOD, 4))),
    "cannon": (140, 84, (
        turned(-14, 70, 44, path("M4 28h80q30 0 38 8v18q-8 8-38 8H4z", "#3b3b4d"), rect(0, 24, 10, 42, "#51516a", 3), circle(126, 45, 6, "#3b3b4d"))
        + path("M60 60h62l14 22h-22z", WOOD) + circle(78, 60, 23, WOOD_DARK) + circle(78, 60, 17, WOOD_LIGHT) + line("M78 44v32M62 60h32M67 49l22 22M89 49L67 71", WOOD_DARK, 3.4) + circle(78, 60, 5, WOOD_DARK))),
    "wall": (150, 76, (
        rect(2, 2, 146, 74, "#e7cbb7", 2) + "".join(rect(4 + x, 4 + 14.4 * row, w, 12, ("#b5563a", "#c4694b", "#a84b31")[(int(x) + row) % 3], 1)
        for row in range(5) for x, w in (((0, 34), (36, 34), (72, 34), (108, 34)) if row % 2 else ((0, 16), (18, 34), (54, 34), (90, 34), (126, 16)))))),
    "sweater": (128, 112, (
        path("M44 6h40l24 12 18 66-18 6-12-40v58H32V50L20 90 2 84l18-66z", GREEN_DARK) + path("M44 6h40q-4 14-20 14T44 6z", "#00583d") + rect(32, 100, 64, 10, "#00583d", 2)
        + line("M36 60l8 8 8-8 8 8 8-8 8 8 8-8 8 8", BONE, 3.4))),
    "skirt": (112, 96, (path("M28 12h56l26 76q-54 14-108 0z", "#ff5b9a") + rect(26, 4, 60, 12, RED_DARK, 3) + line("M44 18L30 86M56 18v72M68 18l14 68", "#d93a78", 2.6))),
    "jacket": (128, 116, (
        path("M44 6h40l24 10 18 68-18 6-12-38v60H32V52L20 90 2 84l18-68z", BLUE_DARK) + path("M44 6l20 22L84 6l-6-4H50z", BONE) + path("M44 6l20 24-8 18-20-34zM84 6L64 30l8 18 20-34z", "#00548a")
        + rect(63, 30, 2.6, 82, "#003d66") + circle(70, 62, 2.6, YELLOW) + circle(70, 82, 2.6, YELLOW))),
    "wallet": (112, 80, (rect(4, 12, 104, 64, WOOD_DARK, 8) + rect(12, 4, 84, 20, "#7ac07a", 3) + rect(4, 18, 104, 58, WOOD, 8) + rect(74, 36, 38, 22, WOOD_DARK, 6) + circle(86, 47, 4, YELLOW))),
    "necklace": (112, 96, (line("M12 4c0 40 18 62 44 62s44-22 44-62", YELLOW, 5) + path("M56 64l14 12-14 18-14-18z", SKY) + path("M56 64l14 12H42z", "#b6e6fb"))),
    "typewriter": (128, 104, (
        rect(34, 2, 60, 38, "#fff", 2) + rect(42, 10, 44, 3, STEEL) + rect(42, 18, 36, 3, STEEL) + rect(8, 30, 112, 14, DARK, 7) + path("M20 42h88l16 54q2 6-6 6H10q-8 0-6-6z", GREEN_DARK)
        + path("M30 50h68l4 14H26z", INK) + "".join(circle(x, y, 4.4, BONE) for y, xs in ((74, range(28, 106, 12)), (86, range(22, 112, 12))) for x in xs))),
    "blanket": (128, 72, (
        path("M6 14q58-16 116 0v46q-58 14-116 0z", "#8d65c5") + path("M6 26q58-16 116 0v8q-58-16-116 0zM6 46q58 12 116 0v6q-58 14-116 0z", "#c4a8ee") + line("M10 62v6M26 65v5M46 67v4M66 67v4M86 67v4M104 65v5M118 62v6", "#8d65c5", 3))),
    "curtains": (128, 124, (
        line("M4 8h120", WOOD_DARK, 6) + path("M10 10h48q-4 60-34 74l6 38H10zM118 10H70q4 60 34 74l-6 38h20z", RED) + line("M24 14q0 46-8 68M42 14q-4 44-18 66M104 14q0 46 8 68M86 14q4 44 18 66", RED_DARK, 3) + rect(10, 80, 22, 6, YELLOW, 3) + rect(96, 80, 22, 6, YELLOW, 3))),
    "orchid": (80, 128, (
        line("M40 126C36 90 40 60 52 34", GREEN_DARK, 4) + path("M40 118C20 112 8 96 4 84c20 0 34 14 38 32zM42 120c16-4 28-16 32-28-16 0-28 10-34 26z", GREEN)
        + "".join(turned(a, x, y, "".join(turned(k, x, y, ellipse(x, y - 9, 6.4, 9, "#d98cf0")) for k in (0, 72, 144, 216, 288)), circle(x, y, 5, "#8a2fb0"), circle(x, y + 1, 2.4, YELLOW))
                  for x, y, a in ((54, 22, 0), (34, 46, 20), (58, 62, -16))))),
    "willow tree": (128, 136, (
        path("M54 134c6-30 4-60-2-80h24c-6 20-8 50-2 80z", WOOD_DARK) + path("M64 4c34 0 54 22 56 50 2 24 0 44-4 58-6-4-8-16-8-26-2 14-4 22-8 28-6-8-6-20-6-32-4 12-6 18-12 22-4-10-4-20-4-28-4 8-8 16-14 20-6-6-8-14-10-22-2 12-4 22-10 30-6-6-8-18-8-30-4 16-6 26-12 32-4-6-6-14-6-24-2 8-4 16-8 20C4 96 4 74 8 54 12 26 30 4 64 4z", "#7fb93c")
        + path("M64 4c34 0 54 22 56 50-16-14-36-20-56-20S22 40 8 54C12 26 30 4 64 4z", "#97cf4c"))),
    "skeleton": (72, 148, (
        path("M36 4c16 0 24 10 24 22 0 10-6 14-8 18v8H20v-8c-2-4-8-8-8-18C12 14 20 4 36 4z", BONE) + circle(27, 27, 6, INK) + circle(45, 27, 6, INK) + path("M36 34l4 7h-8z", INK) + line("M28 46v6M36 46v6M44 46v6", INK, 2)
        + rect(33, 52, 6, 46, BONE, 2) + line("M16 60q20-6 40 0M18 70q18-6 36 0M20 80q16-6 32 0M24 98q12 6 24 0", BONE, 5)
        + line("M16 60L8 84l2 24M56 60l8 24-2 24M30 102l-4 22 2 20M42 102l4 22-2 20M28 144h-9M44 144h9", BONE, 5.5) + circle(10, 110, 4.4, BONE) + circle(62, 110, 4.4, BONE))),
    "monster": (112, 120, (
        path("M30 20L20 2l20 10zM82 20L92 2 72 12z", AMBER) + path("M56 8c32 0 46 24 46 54 0 20-2 38-4 50q-8 6-16 0-6 8-14 2-6 6-12 2-6 4-12-2-8 6-14-2-8 6-16 0c-2-12-4-30-4-50C10 32 24 8 56 8z", "#8d65c5")
        + circle(56, 42, 20, "#fff") + circle(56, 44, 10, GREEN_DARK) + circle(56, 44, 5, INK) + path("M28 72h56c0 16-12 26-28 26S28 88 28 72z", INK) + path("M34 72l6 10 6-10zM66 72l6 10 6-10z", "#fff")
        + circle(22, 60, 4, "#b394e0") + circle(90, 64, 5, "#b394e0") + circle(86, 26, 3.4, "#b394e0"))),
    "waterfall": (112, 128, (
        path("M4 128V28L28 8h56l24 20v100z", "#7f8993") + path("M4 60l18-10v78H4zM108 54L92 44v84h16z", "#636d77") + path("M32 14q24-8 48 0v96H32z", "#7fd0f5") + line("M42 20v74M54 18v84M66 20v70M74 24v76", "#dff4fd", 3)
        + ellipse(56, 116, 44, 12, "#4db4e6") + "".join(circle(x, y, r, "#f1fbff") for x, y, r in ((34, 108, 9), (48, 112, 10), (64, 112, 10), (78, 108, 9))))),
    "snowboard": (44, 136, (rect(4, 3, 36, 130, "#8d65c5", 18) + path("M4 50l36-20v20L4 70zM4 96l36-20v16L4 112z", YELLOW) + rect(10, 44, 24, 10, INK, 3) + rect(10, 84, 24, 10, INK, 3))),
    "map": (128, 96, (
        path("M6 14l38-10v78L6 92zM84 14l38-10v78L84 92z", "#f4e3b5") + path("M44 4l40 10v78L44 82z", "#e3cd94") + line("M16 70c14-30 24 6 36-16s20-20 32-10", RED, 3.4) + line("M96 30l12 12M108 30L96 42", RED_DARK, 5)
        + path("M14 30l14-8 8 8-6 12-14 2zM92 62l18-6 4 14-16 8z", "#8cc07a"))),
    "office desk chair": (80, 120, (
        rect(20, 4, 40, 48, BLUE, 12) + rect(37, 50, 6, 14, DARK) + rect(12, 60, 56, 14, BLUE_DARK, 7) + line("M12 66V46M68 66V46", DARK, 4) + rect(6, 42, 14, 6, INK, 3) + rect(60, 42, 14, 6, INK, 3)
        + rect(37, 74, 6, 26, STEEL) + line("M40 100L14 110M40 100l26 10M40 100v12", DARK, 5) + circle(14, 113, 5.4, INK) + circle(66, 113, 5.4, INK) + circle(40, 114, 5.4, INK))),
    "power drill": (124, 100, (
        rect(2, 26, 28, 5, STEEL, 2) + path("M28 18h16v22H28z", DARK) + path("M42 10h60q18 0 18 18t-18 20H42z", AMBER) + turned(10, 90, 60, rect(74, 40, 26, 44, INK, 6), rect(68, 78, 40, 18, AMBER, 4)) + rect(66, 48, 8, 14, RED, 3) + rect(56, 18, 30, 8, YELLOW, 4))),
    "doll": (72, 124, (
        path("M12 34C8 8 22 2 36 2s28 6 24 32c0 12 4 20 6 30H6c2-10 6-18 6-30z", WOOD) + line("M22 76L10 92M50 76l12 16", "#ffd9b0", 8) + rect(25, 96, 9, 24, "#ffd9b0", 3) + rect(38, 96, 9, 24, "#ffd9b0", 3)
        + path("M26 58h20l18 44q-28 10-56 0z", "#ff5b9a") + circle(36, 34, 21, "#ffd9b0") + path("M15 32c2-18 14-22 21-22s19 4 21 22c-12-2-18-8-20-12-4 6-12 10-22 12z", WOOD) + circle(28, 36, 2.8, INK) + circle(44, 36, 2.8, INK)
        + circle(23, 42, 3.4, "#ff9cc4") + circle(49, 42, 3.4, "#ff9cc4") + line("M32 44q4 3 8 0", RED, 2) + rect(22, 116, 13, 7, RED, 3) + rect(37, 116, 13, 7, RED, 3))),
}  # fmt: skip
