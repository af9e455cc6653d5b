"""Objects that neither emoji set has, drawn flat in simple shapes on a view box of 128 units."""

# ruff: noqa: E501 - tables read best with one thing to a line, however long

from __future__ import annotations

from .shapes import circle, ellipse, line, path, rect, turned

STEEL, SILVER, PALE, DARK, INK = "#9b9b9b", "#d3d3d3", "#e6e6e6", "#636363", "#321b41"
WOOD, WOOD_DARK, WOOD_LIGHT = "#a56953", "#7d4533", "#d3883e"
RED, RED_DARK, BLUE, BLUE_DARK, SKY = "#f8312f", "#ca0b4a", "#00a6ed", "#0074ba", "#83cbff"
YELLOW, AMBER, GREEN, GREEN_DARK = "#fcd53f", "#f9a23c", "#00d26a", "#008463"

# Title: width and height of the view box, and the markup.
OBJECTS: dict[str, tuple[int, int, str]] = {
    "bench": (128, 80, (
        rect(14, 30, 7, 48, DARK, 2) + rect(107, 30, 7, 48, DARK, 2) + rect(24, 46, 6, 28, "#4c4c4c", 2)
        + rect(98, 46, 6, 28, "#4c4c4c", 2) + rect(14, 4, 7, 44, DARK, 2) + rect(107, 4, 7, 44, DARK, 2)
        + rect(4, 5, 120, 10, WOOD, 3) + rect(4, 19, 120, 10, WOOD, 3) + rect(2, 40, 124, 8, WOOD_LIGHT, 3)
        + rect(2, 49, 124, 6, WOOD, 3))),
    "fire hydrant": (88, 120, (
        rect(12, 108, 64, 10, RED_DARK, 3) + rect(22, 40, 44, 70, RED, 4) + path("M20 42a24 24 0 0 1 48 0z", RED)
        + rect(16, 38, 56, 9, RED_DARK, 3) + rect(38, 8, 12, 12, RED_DARK, 3) + rect(6, 58, 18, 18, RED_DARK, 4)
        + rect(64, 58, 18, 18, RED_DARK, 4) + rect(2, 56, 7, 22, STEEL, 3) + rect(79, 56, 7, 22, STEEL, 3)
        + circle(44, 68, 14, RED_DARK) + circle(44, 68, 9, STEEL) + circle(44, 68, 3.5, DARK)
        + rect(27, 48, 5, 56, "#ff6d6a", 2.5) + rect(18, 98, 52, 8, RED_DARK, 3))),
    "parking meter": (64, 140, (
        rect(27, 66, 10, 66, STEEL) + rect(16, 130, 32, 9, DARK, 3) + rect(22, 60, 20, 14, DARK, 3)
        + path("M8 34a24 24 0 0 1 48 0v22a10 10 0 0 1-10 10H18A10 10 0 0 1 8 56z", "#5b6f86")
        + path("M16 34a16 16 0 0 1 32 0z", "#d9f0ff") + line("M32 34L40 24", RED, 2.5) + rect(16, 34, 32, 3, INK)
        + rect(20, 43, 24, 5, SILVER, 2) + circle(32, 56, 4, YELLOW))),
    "frisbee": (128, 52, (
        ellipse(64, 30, 60, 20, RED_DARK) + ellipse(64, 24, 60, 20, RED) + ellipse(64, 22, 44, 13, "#ff6d6a")
        + ellipse(64, 22, 28, 8, RED))),
    "toaster": (128, 100, (
        rect(30, 8, 28, 40, "#d3883e", 8) + rect(34, 12, 20, 30, "#ffce7c", 6) + rect(68, 8, 28, 40, "#d3883e", 8)
        + rect(72, 12, 20, 30, "#ffce7c", 6) + rect(18, 88, 16, 9, INK, 3) + rect(94, 88, 16, 9, INK, 3)
        + rect(8, 30, 112, 62, SILVER, 16) + rect(8, 72, 112, 20, STEEL, 10) + rect(8, 72, 112, 8, STEEL)
        + rect(24, 32, 80, 7, DARK, 3.5) + rect(112, 46, 12, 8, INK, 3) + circle(92, 62, 7, DARK)
        + rect(91, 56, 2.4, 7, PALE, 1) + rect(22, 44, 6, 24, "#f4f4f4", 3))),
    "microwave": (128, 84, (
        rect(12, 76, 14, 7, INK, 2) + rect(102, 76, 14, 7, INK, 2) + rect(3, 4, 122, 74, PALE, 7)
        + rect(10, 12, 82, 58, DARK, 5) + rect(16, 18, 70, 46, INK, 3) + path("M24 60L44 20h12L36 60z", "#4f3a62")
        + rect(88, 16, 5, 50, SILVER, 2.5) + rect(98, 12, 22, 12, "#00583d", 2) + rect(101, 16, 16, 4, GREEN, 1)
        + "".join(rect(98 + 8 * i, 30 + 8 * j, 6, 6, STEEL, 1.5) for i in range(3) for j in range(3))
        + rect(98, 57, 22, 9, BLUE, 2))),
    "refrigerator": (80, 140, (
        rect(10, 132, 12, 7, INK, 2) + rect(58, 132, 12, 7, INK, 2) + rect(4, 3, 72, 132, "#d8e2ea", 8)
        + rect(4, 46, 72, 3.5, "#9fb0bd") + rect(68, 3, 8, 132, "#bccad5", 6) + rect(12, 20, 6, 20, DARK, 3)
        + rect(12, 58, 6, 34, DARK, 3) + rect(44, 14, 12, 9, YELLOW, 1) + circle(50, 13, 2, RED))),
    "oven": (112, 116, (
        rect(10, 108, 14, 7, INK, 2) + rect(88, 108, 14, 7, INK, 2) + rect(3, 6, 106, 104, PALE, 5)
        + rect(3, 6, 106, 8, DARK, 3) + rect(3, 14, 106, 20, SILVER)
        + "".join(circle(x, 24, 6, DARK) + rect(x - 1, 18.5, 2, 6, PALE, 1) for x in (16, 34, 78, 96))
        + rect(46, 18, 20, 12, "#00583d", 2) + rect(12, 42, 88, 58, STEEL, 5) + rect(20, 56, 72, 36, INK, 4)
        + rect(28, 80, 56, 4, "#ff8a3d", 2) + rect(16, 46, 80, 5, DARK, 2.5) + rect(24, 66, 64, 2, "#7d6b8f"))),
    "kitchen sink": (128, 110, (
        rect(6, 52, 116, 56, "#e8ded2", 3) + rect(12, 62, 50, 42, "#d8cbbb", 2) + rect(66, 62, 50, 42, "#d8cbbb", 2)
        + rect(54, 78, 4, 12, DARK, 2) + rect(70, 78, 4, 12, DARK, 2) + rect(0, 44, 128, 10, STEEL, 3)
        + path("M24 44h80l-6 12H30z", SILVER) + line("M64 44V18a12 12 0 0 1 24 0v6", DARK, 7)
        + rect(84, 22, 8, 6, "#4c4c4c", 1) + rect(50, 36, 8, 9, RED, 2) + rect(70, 36, 8, 9, BLUE, 2)
        + path("M88 30c4 5 5 8 0 8s-4-3 0-8", BLUE))),
    "remote control": (48, 128, (
        rect(4, 3, 40, 122, "#3b3b4d", 12) + circle(24, 18, 7, RED) + circle(24, 48, 15, DARK)
        + circle(24, 48, 6.5, SILVER)
        + "".join(circle(12 + 12 * i, 76 + 12 * j, 4, SILVER) for i in range(3) for j in range(3))
        + rect(12, 110, 24, 7, BLUE, 3.5))),
    "vase": (80, 128, (
        path("M28 6h24c2 0 4 2 3 5-3 12-1 20 8 30 22 26 16 64-6 82H23C1 105-5 67 17 41c9-10 11-18 8-30-1-3 1-5 3-5z",
             BLUE) + path("M10 62q30 16 60 0l2 14q-32 16-64 0z", "#f4f4f4")
        + path("M9 88q31 16 62 0-1 6-3 12-28 12-56 0-2-6-3-12z", BLUE_DARK) + ellipse(40, 8, 15, 4, BLUE_DARK))),
    "hair dryer": (128, 120, (
        turned(10, 60, 80, rect(50, 60, 22, 54, "#ca0b4a", 8), rect(57, 74, 8, 14, PALE, 3))
        + path("M8 28h16v40H8z", DARK) + path("M22 22l26-6h40a32 32 0 0 1 0 64H48l-26-6z", "#ff5b9a")
        + circle(88, 48, 22, "#ca0b4a") + circle(88, 48, 13, INK) + rect(36, 26, 30, 6, "#ff9cc4", 3))),
    "necktie": (56, 128, (
        path("M16 3h24l6 14-10 12H20L10 17z", BLUE_DARK) + path("M20 29h16l14 74-22 22L6 103z", BLUE)
        + path("M22 40l13-9 3 15-18 12zM17 66l24-16 3 15-30 20zM11 98l36-24 3 14-35 24z", BLUE_DARK))),
    "dining table": (128, 76, (
        rect(14, 16, 9, 58, WOOD_DARK, 2) + rect(105, 16, 9, 58, WOOD_DARK, 2) + rect(10, 14, 108, 12, WOOD, 2)
        + rect(2, 6, 124, 11, WOOD_LIGHT, 4))),
    "sofa": (128, 76, (
        rect(14, 66, 10, 9, WOOD_DARK, 2) + rect(104, 66, 10, 9, WOOD_DARK, 2) + rect(14, 4, 100, 52, "#00a6ed", 12)
        + rect(62, 8, 4, 36, BLUE_DARK) + rect(18, 40, 92, 20, "#4fc3f7", 6) + rect(62, 40, 4, 20, BLUE_DARK)
        + rect(4, 28, 22, 42, BLUE_DARK, 9) + rect(102, 28, 22, 42, BLUE_DARK, 9) + rect(14, 56, 100, 14, BLUE_DARK, 4)
        )),
    "armchair": (96, 92, (
        rect(14, 82, 9, 9, WOOD_DARK, 2) + rect(73, 82, 9, 9, WOOD_DARK, 2) + rect(14, 4, 68, 66, "#f8663d", 16)
        + rect(20, 48, 56, 22, "#ff8f6b", 7) + rect(3, 36, 22, 48, "#d43f1c", 10) + rect(71, 36, 22, 48, "#d43f1c", 10)
        + rect(14, 66, 68, 18, "#d43f1c", 5))),
    "wardrobe": (100, 140, (
        rect(10, 131, 12, 8, WOOD_DARK, 2) + rect(78, 131, 12, 8, WOOD_DARK, 2) + rect(3, 4, 94, 130, WOOD, 4)
        + rect(0, 2, 100, 9, WOOD_DARK, 3) + rect(9, 16, 39, 84, WOOD_LIGHT, 3) + rect(52, 16, 39, 84, WOOD_LIGHT, 3)
        + rect(9, 105, 82, 23, WOOD_LIGHT, 3) + rect(41, 54, 4, 14, YELLOW, 2) + rect(55, 54, 4, 14, YELLOW, 2)
        + rect(40, 114, 20, 4, YELLOW, 2) + rect(15, 23, 27, 32, WOOD, 2) + rect(58, 23, 27, 32, WOOD, 2))),
    "bookshelf": (100, 130, (
        rect(2, 2, 96, 127, WOOD_DARK, 3) + "".join(rect(8, y, 84, 34, "#5a2f22") for y in (8, 48, 88))
        + "".join(rect(x, y + 34 - h, w, h, f, 1) for y, row in (
            (8, ((10, 9, 28, RED), (20, 7, 30, BLUE), (28, 10, 24, YELLOW), (39, 8, 30, GREEN), (50, 8, 27, "#8d65c5"),
                 (76, 12, 14, AMBER))),
            (48, ((10, 12, 20, SKY), (40, 8, 30, "#ff822d"), (49, 9, 26, GREEN_DARK), (59, 7, 29, PALE),
                  (67, 9, 25, RED_DARK), (77, 12, 30, BLUE_DARK))),
            (88, ((10, 8, 29, "#8d65c5"), (19, 9, 24, AMBER), (29, 8, 30, RED), (38, 10, 26, SKY),
                  (62, 8, 28, YELLOW), (71, 9, 30, GREEN), (81, 8, 24, BLUE)))) for x, w, h, f in row))),
    "floor lamp": (64, 150, (
        rect(29, 40, 6, 102, DARK, 2) + path("M12 148c0-6 9-9 20-9s20 3 20 9z", DARK)
        + path("M18 4h28l14 44H4z", YELLOW) + path("M46 4l14 44H42L36 4z", AMBER) + line("M46 48v14", STEEL, 2)
        + circle(46, 64, 2.5, STEEL))),
    "table lamp": (80, 116, (
        rect(36, 52, 8, 20, "#d3883e") + path("M30 66h20c14 14 12 36 2 44H28c-10-8-12-30 2-44z", "#4fc3f7")
        + rect(22, 108, 36, 7, BLUE_DARK, 3) + path("M24 4h32l20 52H4z", "#ffe08a") + path("M56 4l20 52H56L46 4z", YELLOW)
        )),
    "igloo": (128, 80, (
        path("M6 78a54 70 0 0 1 108 0z", "#d4e9f7") + line("M27 30q33 8 66 0M12 54q40 8 84 0M60 9v23M40 33v24M80 33v24M26 57v20M62 59v18", "#9cc7e4", 2.5)
        + path("M74 78V62a24 24 0 0 1 48 0v16z", "#b9daf0") + path("M84 78V64a14 14 0 0 1 28 0v14z", "#2f4d6e"))),
    "pyramid": (128, 88, (
        path("M58 3L2 86h86z", "#f3c260") + path("M58 3l68 78-38 5z", "#c98b3a")
        + line("M46 21h26M36 36h35M26 51h49M15 67h66", "#d9a548", 2.5) + path("M40 86v-12h10v12z", "#7d4f1d"))),
    "skyscraper": (64, 160, (
        rect(30, 2, 4, 18, DARK) + rect(16, 18, 32, 14, "#5b6f86", 2) + rect(8, 30, 48, 129, "#7d95ad", 2)
        + rect(44, 30, 12, 129, "#5b6f86", 2)
        + "".join(rect(x, y, 7, 8, "#cdeaff" if (x + y) % 3 else YELLOW, 1) for x in (13, 24, 35) for y in range(36, 142, 13))
        + rect(24, 143, 16, 16, INK, 1))),
    "apartment building": (100, 130, (
        rect(6, 10, 88, 119, "#f2a07b", 3) + rect(2, 4, 96, 9, "#b5563a", 3)
        + "".join(rect(x, y, 18, 18, "#fff3e6", 2) + rect(x + 2, y + 2, 14, 14, "#5bb8ea", 1) + rect(x + 8, y + 2, 2, 14, "#fff3e6")
                  for x in (14, 41, 68) for y in (20, 47, 74))
        + rect(40, 100, 20, 29, WOOD_DARK, 2) + circle(55, 116, 1.8, YELLOW) + rect(14, 102, 18, 16, "#5bb8ea", 2)
        + rect(68, 102, 18, 16, "#5bb8ea", 2))),
    "barn": (128, 112, (
        path("M10 50L28 20 64 4l36 16 18 30v61H10z", RED_DARK) + path("M4 52L26 16 64 0l38 16 22 36-7 4-20-34-33-14-33 14L11 56z", "#f4f4f4")
        + rect(40, 62, 48, 49, "#f4f4f4") + rect(44, 66, 40, 45, "#a0083a") + line("M44 66l40 45M84 66L44 111", "#f4f4f4", 4)
        + rect(54, 28, 20, 20, "#f4f4f4", 1) + rect(57, 31, 14, 14, INK))),
    "windmill": (112, 150, (
        path("M36 60h40l12 89H24z", "#f0e4d0") + path("M62 60h14l12 89H66z", "#d9c8ad") + path("M32 62c2-20 12-28 24-28s22 8 24 28z", RED)
        + rect(48, 118, 16, 31, WOOD_DARK, 2) + rect(50, 84, 12, 14, "#5bb8ea", 2)
        + "".join(turned(a, 56, 50, rect(54.5, 2, 3, 48, WOOD_DARK), rect(57, 4, 14, 36, "#fff8ea", 1),
                         line("M57 16h14M57 28h14", WOOD, 1.6)) for a in (25, 115, 205, 295)) + circle(56, 50, 6, WOOD_DARK))),
    "bridge": (160, 70, (
        path("M2 26q78-34 156 0v12H2z", "#9aa3ad") + path("M2 36h156v33h-20a22 22 0 0 0-44 0H66a22 22 0 0 0-44 0H2z", "#b9c1c9")
        + line("M4 24q76-32 152 0", "#6f7a86", 5) + line("M10 52h8M72 50h14M142 52h10M30 42h12M110 42h14", "#98a2ac", 3))),
    "well": (100, 112, (
        rect(16, 34, 8, 50, WOOD_DARK) + rect(76, 34, 8, 50, WOOD_DARK) + path("M50 2L2 36h96z", RED_DARK)
        + rect(24, 44, 52, 6, WOOD) + line("M50 50v18", "#d9c8ad", 2) + path("M42 66h16l-2 14H44z", WOOD_LIGHT)
        + rect(8, 74, 84, 37, STEEL, 6) + rect(4, 70, 92, 10, "#b9c1c9", 4)
        + line("M14 92h20M44 92h22M74 92h12M26 102h22M58 102h22", DARK, 2.5))),
    "fence": (128, 64, (
        rect(0, 20, 128, 7, PALE) + rect(0, 44, 128, 7, PALE)
        + "".join(path(f"M{x} 63V12l8-9 8 9v51z", "#f8f4ee") + rect(x + 13, 13, 3, 50, SILVER) for x in (4, 30, 56, 82, 108)))),
    "street lamp": (52, 160, (
        rect(23, 48, 6, 106, "#3b3b4d", 2) + path("M12 159c0-7 6-10 14-10s14 3 14 10z", "#3b3b4d") + rect(19, 44, 14, 6, "#3b3b4d", 2)
        + path("M14 16h24l-5 30H19z", "#ffe08a") + path("M10 16l8-9h16l8 9z", "#3b3b4d") + circle(26, 5, 3, "#3b3b4d")
        + line("M20 16l3 28M32 16l-3 28", "#3b3b4d", 1.6))),
    "signpost": (100, 120, (
        rect(45, 6, 10, 113, WOOD_DARK, 2) + path("M14 16h62l16 12-16 12H14z", WOOD_LIGHT) + path("M88 50H30L14 62l16 12h58z", WOOD)
        )),
    "truck": (160, 88, (
        rect(4, 62, 152, 10, "#3b3b4d", 3) + rect(56, 4, 102, 62, "#f4f4f4", 4) + rect(56, 48, 102, 6, BLUE)
        + path("M4 66V40l12-24h36v50z", RED) + path("M12 40l8-18h22v18z", SKY) + rect(46, 20, 6, 46, RED_DARK)
        + rect(2, 52, 8, 6, YELLOW, 2) + rect(36, 46, 10, 3.5, RED_DARK, 1)
        + "".join(circle(x, 72, 14, INK) + circle(x, 72, 6.5, SILVER) for x in (30, 110, 140)))),
    "tank": (150, 80, (
        path("M72 20h34l10 20H60z", "#5e7a3a") + rect(4, 24, 66, 7, "#4c632d", 3) + rect(0, 22, 10, 11, "#4c632d", 2)
        + path("M20 38h112l14 18H8z", "#6f8f45") + rect(84, 12, 16, 9, "#4c632d", 3)
        + rect(6, 52, 138, 27, "#3b3b3b", 13) + "".join(circle(x, 65.5, 8.5, "#6f8f45") + circle(x, 65.5, 3, "#3b3b3b") for x in (22, 43, 64, 85, 106, 127)))),
    "lawn mower": (128, 110, (
        line("M118 6L84 70", DARK, 6) + line("M118 6h-14", INK, 8) + path("M20 72c0-10 8-16 18-16h44c8 0 14 6 14 14v14H20z", GREEN)
        + rect(36, 42, 30, 18, "#3b3b4d", 4) + rect(14, 76, 84, 12, GREEN_DARK, 4)
        + "".join(circle(x, 92, 15, INK) + circle(x, 92, 7, YELLOW) for x in (28, 86)))),
    "shopping trolley": (120, 110, (
        line("M4 8h16l18 68h62", DARK, 6) + path("M24 22h92l-12 42H36z", "#cfd8df") + line("M44 22l6 42M64 22l2 42M84 22l-3 42M102 22l-8 42M28 36h84M32 50h76", STEEL, 3)
        + circle(46, 92, 10, INK) + circle(92, 92, 10, INK) + circle(46, 92, 4, SILVER) + circle(92, 92, 4, SILVER))),
    "sword": (44, 140, (
        path("M22 2l9 14v78H13V16z", SILVER) + path("M22 2l9 14v78h-9z", STEEL) + rect(2, 94, 40, 9, YELLOW, 4)
        + rect(17, 102, 10, 26, WOOD_DARK, 2) + circle(22, 132, 7, YELLOW))),
    "shield": (96, 112, (
        path("M48 3l42 12v36c0 30-20 48-42 58C26 99 6 81 6 51V15z", SILVER) + path("M48 12l34 10v29c0 24-16 39-34 48z", BLUE_DARK)
        + path("M48 12L14 22v29c0 24 16 39 34 48z", BLUE) + path("M48 30l6 14 15 1-12 10 4 15-13-8-13 8 4-15-12-10 15-1z", YELLOW))),
    "treasure chest": (128, 100, (
        path("M8 46V36C8 16 22 6 40 6h48c18 0 32 10 32 30v10z", WOOD) + rect(8, 48, 112, 50, WOOD, 4) + rect(4, 42, 120, 10, WOOD_DARK, 2)
        + rect(20, 6, 10, 92, YELLOW) + rect(98, 6, 10, 92, YELLOW) + rect(54, 40, 20, 24, YELLOW, 4) + circle(64, 50, 4, INK)
        + rect(62.5, 50, 3, 8, INK))),
    "cauldron": (120, 104, (
        rect(26, 88, 10, 15, INK, 3) + rect(84, 88, 10, 15, INK, 3) + path("M10 36h100c8 34-14 60-50 60S2 70 10 36z", "#3b3b4d")
        + rect(2, 26, 116, 14, "#51516a", 7) + ellipse(60, 28, 50, 8, GREEN) + circle(44, 20, 8, GREEN) + circle(70, 14, 6, "#7ff0b4")
        + circle(84, 24, 5, "#7ff0b4"))),
    "haystack": (120, 84, (
        path("M6 83C4 46 28 6 60 4s58 40 54 79z", "#f3c23c") + line("M26 60l10-18M46 34l6-14M62 66l8-20M84 54l8-18M40 74l6-12M86 76l6-14M66 30l4-10", "#c9922a", 3))),
    "swing": (128, 128, (
        line("M20 124L34 8h60l14 116", RED, 7) + line("M50 10v80M78 10v80", DARK, 2.5) + rect(42, 88, 44, 8, WOOD_LIGHT, 3))),
    "seesaw": (150, 60, (
        path("M75 26l18 33H57z", BLUE) + turned(-8, 75, 26, rect(4, 20, 142, 9, RED, 4), rect(16, 8, 4, 14, INK), rect(130, 8, 4, 14, INK),
        rect(12, 6, 12, 4, INK, 2), rect(126, 6, 12, 4, INK, 2)))),
    "snow globe": (96, 116, (
        path("M16 92h64l8 23H8z", RED_DARK) + circle(48, 50, 46, "#cfeaff") + path("M8 72a46 46 0 0 0 80 0q-40-16-80 0z", "#f8fbff")
        + path("M48 22l18 28h-8l14 20H24l14-20h-8z", GREEN_DARK) + rect(44, 70, 8, 10, WOOD_DARK)
        + "".join(circle(x, y, 2.6, "#fff") for x, y in ((20, 40), (30, 24), (70, 26), (78, 46), (60, 14), (18, 58))))),
    "mirror": (80, 116, (
        ellipse(40, 56, 38, 54, "#d3883e") + ellipse(40, 56, 30, 46, "#d4ecfb") + path("M22 78l30-52 8 8-30 54z", "#f3faff") + rect(24, 106, 32, 9, WOOD, 3))),
    "washing machine": (100, 116, (
        rect(4, 4, 92, 108, PALE, 6) + rect(4, 4, 92, 22, SILVER, 6) + circle(82, 15, 6, DARK) + rect(12, 10, 30, 10, "#f8f8f8", 2)
        + circle(50, 68, 34, STEEL) + circle(50, 68, 27, "#4b6f96") + path("M24 66q13-10 26 0t26 0a27 27 0 0 1-52 2z", SKY)
        + rect(10, 110, 12, 5, INK, 2) + rect(78, 110, 12, 5, INK, 2))),
    "ceiling fan": (128, 60, (
        rect(61, 0, 6, 26, DARK) + ellipse(64, 30, 14, 8, STEEL) + path("M52 28L4 22v12l48-1zM76 28l48-6v12l-48-1z", WOOD) + circle(64, 40, 8, "#ffe9a8"))),
    "chandelier": (128, 100, (
        line("M64 0v30", AMBER, 3) + line("M64 80C24 80 16 60 16 46M64 80c40 0 48-20 48-34M64 84C46 84 42 66 42 50M64 84c18 0 22-18 22-34", AMBER, 4)
        + rect(58, 28, 12, 60, YELLOW, 5) + "".join(rect(x - 4, 30, 8, 18, "#fff8ea", 2) + path(f"M{x} 16q6 8 0 14-6-6 0-14", "#ff8a3d") for x in (16, 42, 86, 112))
        + circle(64, 92, 5, SKY))),
    "fireplace": (128, 112, (
        rect(8, 16, 112, 95, "#b5563a", 2) + rect(0, 4, 128, 14, WOOD_DARK, 3) + path("M28 111V62a36 30 0 0 1 72 0v49z", INK)
        + line("M12 36h18M44 28h22M84 28h20M12 60h10M106 60h10M10 84h14M104 84h14", "#8f3f28", 3)
        + path("M64 56c18 14 24 26 20 40-2 8-10 12-20 12s-18-4-20-12c-3-10 4-18 8-22 2 6 4 8 6 8 2-8 0-16 6-26z", "#ff8a3d")
        + path("M64 80c8 8 12 14 8 22-2 4-14 4-16 0-4-8 4-12 8-22z", YELLOW) + rect(38, 100, 52, 8, WOOD_DARK, 4))),
    "window": (100, 112, (
        rect(4, 2, 92, 102, "#f8f4ee", 3) + rect(12, 10, 36, 40, "#9bd8ff") + rect(52, 10, 36, 40, "#9bd8ff") + rect(12, 54, 36, 42, "#9bd8ff")
        + rect(52, 54, 36, 42, "#9bd8ff") + rect(0, 102, 100, 9, "#d9c8ad", 2) + path("M16 46l20-34h8L24 46zM56 92l20-34h8L64 92z", "#cdeeff"))),
    "stepladder": (80, 128, (
        line("M56 8l18 116", STEEL, 6) + line("M28 8L6 124M46 8l8 116", AMBER, 7) + line("M26 28h22M22 50h28M18 72h34M14 94h40M10 114h44", YELLOW, 6) + rect(22, 3, 40, 9, AMBER, 3))),
}  # fmt: skip
