"""Everyday props, things that carry text, plain shapes, planets and dishes that no permissive set has."""

# ruff: noqa: E501 - tables read best with one thing to a line, however long

from __future__ import annotations

import math

from .shapes import circle, ellipse, line, path, rect, turned

STEEL, SILVER, PALE, DARK, INK = "#9b9b9b", "#d3d3d3", "#e6e6e6", "#636363", "#321b41"
WOOD, WOOD_DARK, WOOD_LIGHT = "#a56953", "#7d4533", "#d3883e"
RED, RED_DARK, BLUE, BLUE_DARK, SKY = "#f8312f", "#ca0b4a", "#00a6ed", "#0074ba", "#83cbff"
YELLOW, AMBER, GREEN, GREEN_DARK, WHITE = "#fcd53f", "#f9a23c", "#00d26a", "#008463", "#f4f4f4"
PLATE = ellipse(64, 58, 62, 20, SILVER) + ellipse(64, 54, 62, 20, WHITE) + ellipse(64, 54, 44, 13, PALE)


def polygon(sides: int, cx: float, cy: float, r: float, fill: str, turn: float = -90) -> str:
    points = [
        (
            cx + r * math.cos(math.radians(turn + 360 * k / sides)),
            cy + r * math.sin(math.radians(turn + 360 * k / sides)),
        )
        for k in range(sides)
    ]
    return path("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + "z", fill)


def rounds(*spots: tuple[float, float, float, str]) -> str:
    return "".join(circle(x, y, r, fill) for x, y, r, fill in spots)


def legs(left: float, right: float, top: float, foot: float, fill: str, wide: float = 6) -> str:
    return rect(left, top, wide, foot - top, fill, 2) + rect(right - wide, top, wide, foot - top, fill, 2)


def bands(cx: float, cy: float, r: float, *stripes: tuple[float, float, str]) -> str:
    out = ""
    for top, bottom, fill in stripes:
        a, b = (math.sqrt(max(0.0, r * r - (y * r) ** 2)) for y in (top, bottom))
        out += path(
            f"M{cx - a:.1f} {cy + top * r:.1f}H{cx + a:.1f}A{r:g} {r:g} 0 0 1 {cx + b:.1f} {cy + bottom * r:.1f}H{cx - b:.1f}A{r:g} {r:g} 0 0 1 {cx - a:.1f} {cy + top * r:.1f}z",
            fill,
        )
    return out


SHAPES: dict[str, tuple[int, int, str]] = {
    "circle": (100, 100, circle(50, 50, 48, BLUE)),
    "square": (100, 100, rect(3, 3, 94, 94, BLUE)),
    "rectangle": (140, 90, rect(3, 3, 134, 84, BLUE)),
    "triangle": (110, 100, path("M55 3L107 97H3z", BLUE)),
    "pentagon": (100, 96, polygon(5, 50, 52, 49, BLUE)),
    "hexagon": (100, 90, polygon(6, 50, 45, 49, BLUE, 0)),
    "octagon": (100, 100, polygon(8, 50, 50, 51, BLUE, 22.5)),
    "oval": (140, 90, ellipse(70, 45, 67, 42, BLUE)),
    "rhombus": (90, 110, path("M45 3L87 55L45 107L3 55z", BLUE)),
    "trapezoid": (130, 80, path("M30 3H100L127 77H3z", BLUE)),
    "semicircle": (120, 64, path("M3 61a57 57 0 0 1 114 0z", BLUE)),
    "ring shape": (100, 100, path("M50 2a48 48 0 1 0 .1 0zM50 26a24 24 0 1 1-.1 0z", BLUE)),
    "cross shape": (100, 100, path("M35 3h30v32h32v30H65v32H35V65H3V35h32z", BLUE)),
    "arrow shape": (130, 90, path("M3 30h70V4l54 41-54 41V60H3z", BLUE)),
    "crescent shape": (90, 100, path("M62 3A48 48 0 1 0 62 97A52 52 0 0 1 62 3z", BLUE)),
    "cube": (110, 118, path("M55 3L107 30V88L55 115L3 88V30z", BLUE) + path("M55 3L107 30L55 57L3 30z", "#46c1f6") + path("M55 57L107 30V88L55 115z", BLUE_DARK)),
    "sphere": (100, 100, circle(50, 50, 48, BLUE) + path("M50 98A48 48 0 0 0 98 50Q86 84 30 93.600Q40 98 50 98z", BLUE_DARK) + ellipse(34, 30, 14, 9, "#8fdcff")),
    "pyramid shape": (120, 104, path("M56 3L117 84L70 101z", BLUE_DARK) + path("M56 3L70 101L3 80z", BLUE)),
    "cone shape": (90, 116, path("M45 3L87 100H3z", BLUE) + path("M45 3L87 100H56z", BLUE_DARK) + ellipse(45, 100, 42, 13, BLUE)),
    "cylinder": (90, 120, rect(3, 16, 84, 88, BLUE) + ellipse(45, 104, 42, 13, BLUE) + path("M60 16h27v88q-2 8-27 12z", BLUE_DARK) + ellipse(45, 16, 42, 13, "#46c1f6")),
    "spiral": (110, 110, line("M55 55q4-10 13-4 10 9-1 20-16 12-31-2-14-19 4-38 26-16 45 8 16 32-10 54-36 20-62-12-18-46 14-78", BLUE, 7)),
    "wavy line": (140, 50, line("M6 25q16-34 32 0t32 0 32 0 32 0", BLUE, 8)),
    "star shape": (110, 106, path("M55 3l15.800 33.600 36.200 4.800-26.600 25.400 6.600 36.600L55 86l-32 17.400 6.600-36.600L3 41.400l36.200-4.800z", YELLOW)),
    "heart shape": (110, 100, path("M55 97C6 62-6 26 22 7q22-9 33 16 11-25 33-16C116 26 104 62 55 97z", RED)),
    "dot": (60, 60, circle(30, 30, 28, BLUE)),
}  # fmt: skip

BOARD = rect(4, 4, 120, 72, WOOD, 5) + rect(9, 9, 110, 62, "#f6e7cb", 3)
CARRIERS: dict[str, tuple[int, int, str]] = {
    "sign": (128, 128, legs(36, 92, 60, 126, WOOD_DARK, 8) + BOARD),
    "shop sign": (132, 96, rect(10, 2, 112, 5, INK, 2) + line("M30 6v16M102 6v16", DARK, 3) + rect(4, 20, 124, 70, "#17594a", 7) + rect(9, 25, 114, 60, "#1f7a64", 4)),
    "held sign": (110, 128, rect(51, 66, 8, 60, WOOD_DARK, 2) + rect(3, 3, 104, 72, WHITE, 4) + rect(3, 70, 104, 5, SILVER, 2)),
    "billboard": (160, 128, legs(40, 120, 70, 126, DARK, 8) + rect(2, 4, 156, 78, DARK, 3) + rect(7, 9, 146, 68, WHITE)),
    "banner": (180, 60, path("M2 8L22 2V58L2 52L10 30z", RED_DARK) + path("M178 8L158 2V58L178 52L170 30z", RED_DARK) + rect(16, 2, 148, 50, RED, 2)),
    "poster": (90, 124, rect(2, 2, 86, 120, WHITE, 2) + rect(2, 2, 86, 120, "#f7efdf", 2) + rounds((45, 6, 2.4, RED))),
    "speech bubble": (130, 100, path("M20 4h90q16 0 16 16v42q0 16-16 16H56L30 97V78H20Q4 78 4 62V20Q4 4 20 4z", WHITE) + line("M20 4h90q16 0 16 16v42q0 16-16 16H56L30 97V78H20Q4 78 4 62V20Q4 4 20 4z", INK, 3)),
    "thought bubble": (130, 104, path("M30 70Q4 70 6 46 8 26 30 26 38 4 64 8 90 0 98 22 126 24 124 48 122 72 96 70 84 82 64 74 46 82 30 70z", WHITE) + rounds((30, 86, 8, WHITE), (16, 98, 5, WHITE)) + line("M30 70Q4 70 6 46 8 26 30 26 38 4 64 8 90 0 98 22 126 24 124 48 122 72 96 70 84 82 64 74 46 82 30 70z", STEEL, 2)),
    "neon sign": (140, 76, rect(2, 2, 136, 72, "#241a3a", 10) + line("M12 8h116q4 0 4 4v52q0 4-4 4H12q-4 0-4-4V12q0-4 4-4z", "#ff5bd0", 3)),
    "whiteboard": (150, 116, legs(24, 126, 78, 114, STEEL, 6) + rect(2, 2, 146, 84, STEEL, 4) + rect(7, 7, 136, 74, WHITE, 2) + rect(50, 86, 40, 5, DARK, 2)),
    "notice board": (130, 92, rect(2, 2, 126, 88, WOOD, 4) + rect(8, 8, 114, 76, "#d9a878", 2) + rect(16, 16, 26, 20, WHITE) + rect(52, 14, 22, 28, "#ffe08a") + rect(84, 18, 28, 20, "#bfe3ff") + rounds((29, 17, 2.2, RED), (63, 15, 2.2, BLUE), (98, 19, 2.2, RED))),
    "sticky note": (84, 84, rect(2, 2, 80, 80, "#ffe66d") + path("M82 58V82H58z", "#e0bd3a")),
    "easel": (100, 140, line("M28 138L48 8M72 138L52 8M50 20V134", WOOD, 6) + rect(12, 20, 76, 64, WOOD_DARK, 2) + rect(16, 24, 68, 56, WHITE) + rect(8, 84, 84, 7, WOOD, 2)),
    "canvas": (110, 90, rect(2, 2, 106, 86, "#d9c9ad", 2) + rect(6, 6, 98, 78, "#fbf6ea", 1)),
    "menu board": (84, 120, line("M12 116L18 10M72 116L66 10", WOOD_DARK, 6) + rect(10, 6, 64, 92, WOOD, 3) + rect(15, 11, 54, 82, "#2b3b34", 2) + line("M24 28h36M24 42h28M24 56h34M24 70h24M24 82h30", "#dfe8df", 2.6)),
    "ticket": (128, 64, path("M2 4h124v18a10 10 0 0 0 0 20v18H2V42a10 10 0 0 0 0-20z", AMBER) + line("M92 8v48", "#fff1de", 2)),
    "picture frame": (110, 96, rect(2, 2, 106, 92, "#d9a520", 3) + rect(12, 12, 86, 72, "#fbf6ea", 1)),
    "triangular picture frame": (120, 108, path("M60 3L118 105H2z", "#d9a520") + path("M60 30L98 94H22z", "#bfe3ff") + path("M22 94L52 66 68 80 80 70 98 94z", "#5fa86a")),
    "triangular road sign": (110, 150, rect(51, 90, 8, 58, STEEL, 2) + path("M55 3L108 96H2z", RED) + path("M55 26L90 87H20z", WHITE)),
    "pentagonal sign": (110, 150, rect(51, 90, 8, 58, STEEL, 2) + polygon(5, 55, 54, 52, YELLOW) + polygon(5, 55, 54, 45, "#fff6c2")),
}  # fmt: skip

CAFE: dict[str, tuple[int, int, str]] = {
    "espresso machine": (120, 104, rect(6, 6, 108, 34, RED, 6) + rect(12, 38, 96, 44, SILVER, 3) + rect(6, 82, 108, 16, DARK, 4) + rect(30, 46, 20, 10, INK, 2) + rect(70, 46, 20, 10, INK, 2) + line("M40 56v8M80 56v8", INK, 4) + rect(31, 68, 18, 14, WHITE, 3) + rect(71, 68, 18, 14, WHITE, 3) + rounds((24, 22, 6, WHITE), (96, 22, 6, WHITE)) + rect(40, 16, 40, 8, "#ff8a85", 3)),
    "takeaway cup": (64, 100, path("M8 20h48l-6 76H14z", "#f2e3cf") + path("M10.500 44h43l-2.600 30H13.100z", WOOD) + rect(4, 10, 56, 12, INK, 4) + rect(12, 4, 40, 8, "#4a2f5c", 3)),
    "cafe table": (110, 104, ellipse(55, 16, 52, 12, WOOD_DARK) + ellipse(55, 13, 52, 12, WOOD_LIGHT) + rect(51, 22, 8, 68, INK, 2) + ellipse(55, 94, 28, 8, INK)),
    "counter": (160, 100, rect(4, 20, 152, 78, WOOD, 3) + rect(0, 10, 160, 14, WOOD_DARK, 4) + "".join(rect(14 + 36 * k, 34, 26, 54, "#8c5543", 3) for k in range(4))),
    "cake stand": (110, 90, rect(51, 56, 8, 24, SILVER) + ellipse(55, 84, 26, 6, SILVER) + ellipse(55, 58, 52, 9, PALE) + rect(24, 22, 62, 34, "#f7a8c4", 5) + rect(24, 22, 62, 12, WHITE, 5) + rounds((40, 18, 6, RED), (55, 16, 6, RED), (70, 18, 6, RED))),
    "computer monitor": (124, 110, rect(50, 78, 24, 22, STEEL) + rect(34, 98, 56, 8, DARK, 4) + rect(3, 4, 118, 78, INK, 6) + rect(9, 10, 106, 62, "#bfe3ff", 2)),
    "photocopier": (110, 110, rect(8, 40, 94, 64, PALE, 5) + rect(4, 22, 102, 22, SILVER, 5) + rect(16, 12, 70, 12, DARK, 4) + rect(18, 58, 74, 8, DARK, 2) + rect(18, 76, 74, 8, DARK, 2) + rect(78, 26, 22, 10, BLUE, 2) + rect(24, 50, 40, 6, WHITE)),
    "filing cabinet": (80, 120, rect(4, 4, 72, 112, STEEL, 4) + "".join(rect(10, 10 + 35 * k, 60, 31, SILVER, 3) + rect(30, 17 + 35 * k, 20, 5, DARK, 2) + rect(32, 26 + 35 * k, 16, 7, WHITE) for k in range(3))),
    "water cooler": (60, 128, path("M14 40V14q0-10 16-10t16 10v26z", SKY) + rect(8, 40, 44, 84, PALE, 4) + rect(16, 56, 28, 20, SILVER, 2) + rounds((24, 64, 3, BLUE), (36, 64, 3, RED)) + rect(8, 116, 44, 8, STEEL, 2)),
    "conference table": (190, 84, rect(40, 40, 16, 40, WOOD_DARK) + rect(134, 40, 16, 40, WOOD_DARK) + ellipse(95, 34, 92, 22, WOOD_DARK) + ellipse(95, 29, 92, 22, WOOD_LIGHT)),
    "projector screen": (140, 110, rect(2, 2, 136, 9, DARK, 4) + rect(8, 11, 124, 86, WHITE) + rect(8, 95, 124, 5, DARK, 2) + line("M70 100v8", DARK, 2)),
    "iv drip": (60, 140, line("M30 8v120M14 10h32M14 10v6M46 10v6", STEEL, 4) + rect(8, 16, 16, 30, "#cfeeff", 4) + line("M16 46q0 40 30 60", "#9fd4ef", 2) + line("M10 134L30 124L50 134", DARK, 4)),
    "crutches": (64, 140, line("M14 10h14M21 12v120M14 60h14M12 12l4 50M30 12l-4 50", WOOD_LIGHT, 4) + line("M38 10h14M45 12v120M38 60h14M36 12l4 50M54 12l-4 50", WOOD_LIGHT, 4)),
    "medicine bottle": (60, 90, rect(14, 4, 32, 16, WHITE, 3) + rect(6, 20, 48, 66, AMBER, 7) + rect(6, 38, 48, 30, WHITE) + rect(27, 43, 6, 20, RED) + rect(20, 50, 20, 6, RED)),
    "heart monitor": (120, 96, rect(4, 4, 112, 74, INK, 6) + rect(10, 10, 84, 60, "#0b3326", 2) + line("M12 44h18l6-12 8 28 8-40 8 30 5-6h27", GREEN, 3) + rounds((105, 22, 5, RED), (105, 38, 5, YELLOW), (105, 54, 5, GREEN)) + rect(44, 78, 32, 10, STEEL) + rect(30, 86, 60, 7, DARK, 3)),
    "dumbbell": (120, 56, rect(36, 23, 48, 10, STEEL) + rect(18, 8, 12, 40, INK, 4) + rect(28, 3, 12, 50, DARK, 4) + rect(80, 3, 12, 50, DARK, 4) + rect(90, 8, 12, 40, INK, 4) + rect(10, 22, 10, 12, STEEL, 2) + rect(100, 22, 10, 12, STEEL, 2)),
    "treadmill": (130, 110, path("M4 92h104l14 10H10z", INK) + rect(2, 100, 124, 8, DARK, 3) + line("M104 96L116 26M84 40h34", STEEL, 6) + rect(96, 12, 30, 20, DARK, 4) + rect(101, 16, 20, 11, GREEN, 1)),
    "exercise bike": (120, 120, circle(30, 88, 22, DARK) + circle(30, 88, 12, STEEL) + line("M30 88L70 76L86 30M70 76L58 40M20 114h80M70 76v38", RED, 7) + rect(44, 32, 28, 9, INK, 4) + line("M80 30h20l4-8", INK, 6) + circle(70, 84, 8, INK)),
    "yoga mat": (140, 44, path("M6 30L24 12H126q10 0 10 12v8q0 8-8 8H14z", "#b06fd6") + circle(126, 26, 13, "#8d4fb5") + circle(126, 26, 6, "#d9b3f0")),
    "punching bag": (60, 140, line("M30 2v22M14 30L30 18L46 30", STEEL, 3) + rect(10, 26, 40, 100, RED, 14) + rect(10, 48, 40, 8, RED_DARK) + rect(10, 96, 40, 8, RED_DARK)),
    "gym bench": (130, 64, rect(6, 16, 118, 14, INK, 6) + legs(22, 108, 30, 60, STEEL, 7) + rect(14, 56, 24, 6, DARK, 2) + rect(92, 56, 24, 6, DARK, 2)),
    "market stall": (140, 130, legs(12, 128, 40, 126, WOOD_DARK, 6) + rect(6, 82, 128, 42, WOOD, 3) + "".join(path(f"M{4 + 22 * k} 40L{12 + 19.400 * k:g} 8h19.400L{26 + 22 * k} 40a11 11 0 0 1-22 0z", (RED, WHITE)[k % 2]) for k in range(6)) + rounds(*((18 + 13 * k, 76, 8, (RED, GREEN, AMBER)[k // 3]) for k in range(9))) + rounds(*((24.500 + 13 * k, 66, 8, (RED, GREEN, AMBER)[min(2, k // 3)]) for k in range(8)))),
    "shop shelf": (130, 120, rect(4, 4, 122, 112, PALE, 3) + "".join(rect(4, 36 + 37 * k, 122, 5, STEEL) + "".join(rect(12 + 19 * j, 14 + 37 * k + 4 * (j % 2), 13, 22 - 4 * (j % 2), (RED, BLUE, YELLOW, GREEN, "#b06fd6", AMBER)[(j + k) % 6], 2) for j in range(6)) for k in range(3))),
    "price tag": (90, 60, path("M24 4h60v52H24L4 30z", YELLOW) + circle(22, 30, 5, WHITE)),
    "clothes rack": (120, 120, line("M14 118V10h92v108M4 118h20M96 118h20", STEEL, 5) + "".join(line(f"M{30 + 22 * k} 12v8", DARK, 2) + path(f"M{30 + 22 * k} 20l14 10-5 8-3-2v44h-14V36l-3 2-5-8z", (RED, BLUE, GREEN, YELLOW)[k]) for k in range(4))),
    "mannequin": (60, 140, rect(27, 84, 6, 48, DARK) + ellipse(30, 132, 20, 6, DARK) + path("M22 6h16v14l14 6-4 30q6 22 4 34H8q-2-12 4-34L8 26l14-6z", "#e8cfae")),
    "luggage trolley": (110, 120, line("M20 110V20q0-14 16-14h40q16 0 16 14v90", AMBER, 6) + rect(10, 100, 92, 8, DARK, 3) + rounds((24, 112, 7, INK), (88, 112, 7, INK)) + rect(28, 64, 56, 36, BLUE, 4) + rect(34, 36, 42, 28, RED, 4)),
    "check in desk": (140, 100, rect(4, 36, 132, 62, BLUE_DARK, 4) + rect(0, 28, 140, 12, PALE, 3) + rect(80, 4, 40, 26, INK, 3) + rect(84, 8, 32, 18, SKY, 1) + path("M30 60l26 8 14-12 8 2-10 16 8 8-6 2-10-6-8 6-4-1 4-8-24-10z", WHITE)),
    "departure board": (150, 90, rect(2, 2, 146, 86, INK, 4) + "".join(rect(10, 12 + 15 * k, 40, 8, YELLOW, 1) + rect(58, 12 + 15 * k, 44, 8, WHITE, 1) + rect(110, 12 + 15 * k, 28, 8, (GREEN, GREEN, RED, YELLOW, GREEN)[k], 1) for k in range(5))),
    "control tower": (80, 140, path("M30 60h20l6 78H24z", PALE) + path("M10 20h60l-8 40H18z", STEEL) + path("M13 24h54l-4 18H17z", SKY) + rect(16, 12, 48, 9, DARK, 3) + line("M40 12V2", DARK, 3)),
    "escalator": (140, 110, path("M4 104L96 24h40v14H104L28 108H4z", DARK) + line("M6 84L94 8h40", INK, 6) + line("M20 96l10-1 2-8 10-1 2-8 10-1 2-8 10-1 2-8 10-1 2-8 10-1", SILVER, 4)),
    "ticket machine": (70, 120, rect(6, 4, 58, 112, RED, 5) + rect(14, 14, 42, 30, INK, 2) + rect(18, 18, 34, 22, SKY) + "".join(rect(16 + 14 * i, 52 + 12 * j, 10, 8, WHITE, 2) for i in range(3) for j in range(2)) + rect(16, 84, 38, 8, INK, 2) + rect(20, 88, 30, 10, YELLOW)),
    "turnstile": (100, 100, rect(10, 20, 26, 78, STEEL, 5) + rect(10, 12, 26, 14, DARK, 5) + line("M36 44L84 50M36 44L66 86M36 44L60 14", SILVER, 6) + circle(36, 44, 8, DARK)),
    "coffee table": (130, 60, legs(16, 114, 16, 58, WOOD_DARK, 7) + rect(4, 8, 122, 12, WOOD_LIGHT, 5)),
    "bunk bed": (140, 130, legs(6, 134, 4, 128, WOOD_DARK, 8) + "".join(rect(10, y, 120, 12, WOOD, 2) + rect(14, y - 14, 112, 15, c, 5) + rect(18, y - 22, 30, 12, WHITE, 5) for y, c in ((46, BLUE), (106, RED))) + line("M116 46V120M130 46V120M116 66h14M116 84h14M116 102h14", WOOD_DARK, 3)),
    "crib": (120, 100, legs(8, 112, 10, 98, WOOD_DARK, 7) + rect(8, 18, 104, 6, WOOD, 2) + rect(8, 78, 104, 8, WOOD, 2) + rect(14, 62, 92, 17, "#ffd7e6", 5) + "".join(rect(22 + 13 * k, 22, 4, 58, WOOD_LIGHT) for k in range(7))),
    "nightstand": (80, 84, legs(8, 72, 60, 82, WOOD_DARK, 6) + rect(4, 8, 72, 62, WOOD, 4) + rect(10, 16, 60, 22, WOOD_LIGHT, 3) + rect(10, 42, 60, 22, WOOD_LIGHT, 3) + rounds((40, 27, 3, INK), (40, 53, 3, INK))),
    "radiator": (110, 80, rect(4, 60, 102, 8, STEEL) + "".join(rect(8 + 16 * k, 6, 13, 66, WHITE, 6) + rect(18 + 16 * k, 8, 3, 62, SILVER, 2) for k in range(6)) + legs(14, 96, 70, 78, STEEL, 5)),
    "blender": (64, 120, path("M14 14h36l-5 58H19z", "#cfeeff") + path("M16.500 40h31l-2.600 32H19z", "#ff8fa8") + rect(10, 6, 44, 9, INK, 4) + path("M16 72h32l6 40H10z", STEEL) + rounds((32, 94, 6, INK)) + line("M50 24q10 4 4 24", DARK, 4)),
    "cutting board": (130, 60, path("M4 14q0-8 8-8h94q18 2 20 20 0 20-20 22H12q-8 0-8-8z", WOOD_LIGHT) + circle(112, 28, 6, WOOD_DARK) + line("M14 18h80M14 38h76", "#c27a3a", 2)),
    "rolling pin": (130, 40, rect(2, 15, 26, 10, WOOD_DARK, 5) + rect(102, 15, 26, 10, WOOD_DARK, 5) + rect(22, 6, 86, 28, WOOD_LIGHT, 10) + rect(28, 10, 74, 5, "#f0b678", 2)),
    "ashtray": (100, 44, path("M4 14h92l-12 26H16z", "#8fb6c9") + ellipse(50, 14, 46, 9, "#b9d6e3") + ellipse(50, 14, 34, 6, "#6d8e9e") + turned(-18, 66, 8, rect(44, 4, 44, 7, WHITE, 2) + rect(78, 4, 14, 7, AMBER, 2))),
    "belt": (130, 50, path("M2 14h104v20H2q6-10 0-20z", WOOD) + rect(96, 8, 30, 32, YELLOW, 5) + rect(103, 15, 16, 18, WOOD, 2) + line("M98 24h16", "#fff1b0", 4) + rounds((20, 24, 2.5, INK), (36, 24, 2.5, INK), (52, 24, 2.5, INK))),
    "rope": (120, 70, line("M10 52q0-40 50-40t50 28-44 22-44-18 40-16 36 6", "#d9b27c", 9) + line("M110 40q2 20-6 26", "#b98f58", 6)),
    "dog leash": (110, 80, line("M10 14q40 80 92 46", RED, 5) + line("M4 22a9 12 0 1 1 14-10", RED, 6)),
    "walking stick": (40, 130, line("M20 126V26a9 11 0 0 1 18 0v6", WOOD_DARK, 6)),
    "paint can": (80, 84, rect(8, 18, 64, 62, STEEL, 5) + ellipse(40, 18, 32, 9, SILVER) + ellipse(40, 18, 26, 6, BLUE) + path("M56 22q14 4 10 28-6 6-9-2 1-16-9-24z", BLUE) + line("M8 26Q-2-16 40 4T72 26", DARK, 3)),
    "brick block": (110, 70, path("M4 24L28 6H106V46L82 66H4z", "#b5533c") + path("M4 24L28 6H106L82 24z", "#d9775c") + path("M82 24L106 6V46L82 66z", "#8f3d2a")),
    "brick cube": (110, 118, path("M55 3L107 30V88L55 115L3 88V30z", "#b5533c") + path("M55 3L107 30L55 57L3 30z", "#d9775c") + path("M55 57L107 30V88L55 115z", "#8f3d2a") + line("M3 49.300L55 76.300L107 49.300M3 68.600L55 95.600L107 68.600M29 43.500V63M16 56V75M42 69.500V89M29 82V101M81 43.500V63M94 56V75M68 69.500V89M81 82V101", "#f0d9cc", 2)),
    "spoonful": (100, 50, ellipse(22, 26, 20, 14, SILVER) + rect(40, 22, 58, 7, STEEL, 3)),
    "ballot paper": (84, 100, rect(4, 4, 76, 92, WHITE, 3) + "".join(rect(14, 18 + 24 * k, 14, 14, PALE, 2) + rect(36, 22 + 24 * k, 34, 6, STEEL, 2) for k in range(3)) + line("M16 26l5 6 9-14", RED, 4)),
    "toy block": (110, 104, rect(4, 54, 48, 46, RED, 4) + rect(56, 54, 48, 46, BLUE, 4) + rect(30, 6, 48, 46, YELLOW, 4) + rounds((28, 77, 13, "#ff8a85"), (80, 77, 13, SKY)) + path("M54 16l12 24H42z", "#fff1b0")),
    "toy tower": (70, 140, "".join(rect(13 - 2 * (k % 2), 110 - 26 * k, 44 + 4 * (k % 2), 26, (RED, BLUE, YELLOW, GREEN)[k % 4], 4) + rect(20, 106 - 26 * k, 10, 6, (RED, BLUE, YELLOW, GREEN)[k % 4], 2) + rect(40, 106 - 26 * k, 10, 6, (RED, BLUE, YELLOW, GREEN)[k % 4], 2) for k in range(5))),
    "horseshoe": (90, 100, path("M14 96L6 40Q6 4 45 4T84 40L76 96H58L62 42Q62 24 45 24T28 42L32 96z", STEEL) + rounds((22, 84, 3, INK), (16, 58, 3, INK), (20, 32, 3, INK), (45, 14, 3, INK), (70, 32, 3, INK), (74, 58, 3, INK), (68, 84, 3, INK))),
    "fishing rod": (140, 120, line("M6 112L104 10", WOOD_DARK, 5) + line("M104 10Q128 40 126 84", STEEL, 1.6) + line("M126 84a6 8 0 1 1-8 4", DARK, 2.400) + circle(34, 90, 9, DARK) + circle(34, 90, 4, SILVER)),
    "sandbox": (140, 60, path("M4 30L24 12H116L136 30V54H4z", WOOD) + path("M12 30L28 16H112L128 30z", "#f0d9a0") + path("M50 26q14-16 30 0z", "#e3c585") + rect(4, 30, 132, 24, WOOD_LIGHT, 3)),
    "trampoline": (140, 66, line("M18 28v34M122 28v34M46 34v30M94 34v30", STEEL, 5) + ellipse(70, 26, 66, 16, BLUE) + ellipse(70, 24, 52, 11, INK)),
    "earrings": (120, 34, "".join(line(f"M{x} 4v8", STEEL, 3) + circle(x, 20, 10, "#e8b923") + circle(x - 3, 17, 3, "#fbe48a") for x in (12, 108))),
    "apron": (90, 110, line("M28 6q17 20 34 0", DARK, 4) + path("M26 8h38v26q8 8 20 8v60H6V42q12 0 20-8z", RED) + rect(28, 62, 34, 24, RED_DARK, 3)),
    "raincoat": (110, 110, path("M40 4h30l26 14 10 60-16 4-8-36v60H28V46l-8 36-16-4 10-60z", YELLOW) + line("M55 10v96", AMBER, 3) + rounds((60, 40, 2.6, INK), (60, 60, 2.6, INK), (60, 80, 2.6, INK)) + path("M36 6q19-10 38 0l-8 14H44z", AMBER)),
    "school bus": (170, 90, rect(4, 12, 140, 58, YELLOW, 8) + path("M144 34h14q8 0 8 10v26h-22z", AMBER) + "".join(rect(14 + 26 * k, 20, 20, 18, "#bfe3ff", 3) for k in range(5)) + rect(4, 48, 158, 5, INK) + rounds((40, 72, 14, INK), (126, 72, 14, INK), (40, 72, 6, SILVER), (126, 72, 6, SILVER))),
    "forklift": (130, 110, path("M10 50h60v40H10z", AMBER) + line("M22 50V10h42l14 40", DARK, 5) + rect(92, 6, 8, 88, DARK) + rect(98, 88, 30, 6, INK) + rounds((28, 94, 13, INK), (72, 96, 11, INK), (28, 94, 5, SILVER), (72, 96, 4, SILVER)) + rect(30, 40, 22, 12, INK, 3)),
    "limousine": (220, 70, path("M4 52V38q0-6 8-8l22-4L50 8h116l24 20 22 6q6 2 6 10v10z", "#2c2c34") + path("M54 12h34v16H44zM94 12h32v16H94zM132 12h30l20 16h-50z", "#bfe3ff") + rounds((44, 52, 14, INK), (178, 52, 14, INK), (44, 52, 6, SILVER), (178, 52, 6, SILVER))),
    "jet ski": (140, 70, path("M4 46q30-8 50-10l20-24h14l-6 22 50 6q8 10-14 22H24q-16-4-20-16z", RED) + path("M40 40l20-4h50l-10 10H46z", INK) + line("M76 14l-12-8", INK, 5)),
    "mind bulb": (60, 90, circle(30, 30, 27, YELLOW) + rect(18, 54, 24, 26, STEEL, 4)),
    "mountain peak": (140, 110, path("M70 4L138 108H2z", "#7d8aa0") + path("M70 4L96 44 84 54 72 42 58 54 44 44z", WHITE)),
    "airport": (200, 100, rect(6, 50, 140, 46, PALE, 3) + path("M0 52q76-40 152 0z", STEEL) + "".join(rect(14 + 22 * k, 60, 16, 22, SKY, 1) for k in range(6)) + path("M164 40h20l4 58h-28z", PALE) + path("M154 14h40l-6 28h-28z", STEEL) + path("M157 18h34l-3 12h-28z", SKY)),
    "police station": (130, 110, rect(6, 26, 118, 80, "#c9d6e6", 2) + rect(0, 18, 130, 12, BLUE_DARK, 2) + rect(52, 66, 26, 40, BLUE_DARK, 2) + "".join(rect(x, y, 20, 22, SKY, 2) for x in (16, 94) for y in (40, 72)) + polygon(6, 65, 48, 13, YELLOW, 0) + rect(60, 6, 10, 12, BLUE, 3)),
    "fire station": (140, 110, rect(6, 20, 128, 86, "#c9503c", 2) + rect(0, 14, 140, 10, WOOD_DARK, 2) + rect(18, 46, 46, 60, PALE, 3) + rect(76, 46, 46, 60, PALE, 3) + "".join(rect(18, 56 + 12 * k, 46, 2, STEEL) + rect(76, 56 + 12 * k, 46, 2, STEEL) for k in range(4)) + rounds((70, 32, 9, YELLOW))),
    "supermarket": (160, 96, rect(4, 24, 152, 70, PALE, 2) + rect(0, 10, 160, 26, GREEN, 3) + rect(14, 46, 54, 34, SKY, 2) + rect(92, 46, 54, 34, SKY, 2) + rect(70, 48, 20, 46, STEEL, 1) + line("M80 48v46", DARK, 2)),
    "train station": (180, 100, rect(6, 40, 168, 56, "#d9b08c", 2) + path("M2 42L40 20H140L178 42z", "#8c5543") + rect(74, 10, 32, 86, "#c99a76", 2) + path("M70 12L90-2 110 12z", "#8c5543") + circle(90, 26, 10, WHITE) + line("M90 20v6l4 3", INK, 2) + "".join(rect(x, 56, 18, 26, SKY, 8) for x in (18, 46, 116, 144)) + rect(80, 62, 20, 34, INK, 9)),
    "pie chart drawing": (100, 100, circle(50, 50, 47, BLUE) + path("M50 50V3A47 47 0 0 1 94.700 64.500z", RED) + path("M50 50L94.700 64.500A47 47 0 0 1 50 97z", YELLOW)),
    "canyon": (180, 110, path("M0 20h56l8 16-4 18 10 24-6 32H0z", "#c9683c") + path("M180 14h-52l-10 20 6 20-12 26 8 30h60z", "#b5573a") + path("M0 40h60l-2 10H0zM180 38h-58l2 10h56zM0 66h64l2 10H0zM180 66h-60l-4 10h64z", "#e08a54") + path("M64 110q10-20 26-18t26 18z", "#5fb6d9")),
}  # fmt: skip

GEAR: dict[str, tuple[int, int, str]] = {
    "space helmet": (110, 110, '<circle cx="55" cy="50" r="47" fill="#cfe8f5" fill-opacity=".45"/>' + path("M55 2a48 48 0 1 0 .1 0zM55 10a40 40 0 1 1-.1 0z", WHITE) + rect(16, 88, 78, 16, SILVER, 8) + rect(24, 92, 12, 8, RED, 2) + rect(74, 92, 12, 8, BLUE, 2) + '<path d="M24 38q6-18 22-22" fill="none" stroke="#fff" stroke-width="5" stroke-linecap="round"/>'),
    "chef hat": (100, 84, path("M20 50Q2 46 6 28 12 10 30 16 38 0 54 4 70 0 74 16 92 12 95 30 96 46 80 50L76 80H24z", WHITE) + rect(22, 62, 56, 18, PALE, 3) + line("M38 40v18M62 40v18M50 36v22", SILVER, 2)),
    "hero cape": (110, 120, path("M30 4h50l26 106q-24 10-51 10T4 110z", RED) + path("M55 4h25l26 106q-24 10-51 10z", RED_DARK) + rect(28, 2, 54, 8, YELLOW, 4)),
    "knight helmet": (90, 100, path("M10 96V44a35 38 0 0 1 70 0v52q-35 8-70 0z", "#b9c1c9") + rect(16, 42, 58, 14, INK, 3) + line("M24 66h42M26 76h38", DARK, 4) + path("M45 6q18-10 34 8-16-2-26 8z", RED)),
    "detective hat": (120, 60, ellipse(60, 46, 58, 12, "#8c6a43") + path("M26 46Q24 8 60 6t34 40z", "#a9825a") + rect(26, 34, 68, 8, "#6d4f30")),
    "surfboard": (150, 40, path("M4 22Q20 4 80 4q56 0 66 14-12 18-66 18-56 0-76-14z", "#f2e6c9") + path("M4 22Q20 8 80 8q50 0 60 10-50 8-136 4z", BLUE) + path("M30 20q50-6 100-2", "none").replace('fill="none"', 'fill="none" stroke="#f8312f" stroke-width="4"') + path("M28 34l8 6h-14z", DARK)),
    "skateboard": (130, 50, path("M4 12q4-4 10 0l12 8h78l12-8q6-4 10 0-2 8-12 16H16Q6 20 4 12z", "#b0562f") + path("M16 24h98l-6 4H22z", "#7d3a1d") + rounds((34, 36, 9, YELLOW), (96, 36, 9, YELLOW), (34, 36, 4, DARK), (96, 36, 4, DARK))),
    "doctor cap": (100, 60, path("M8 56Q10 8 50 6t42 50z", "#7fc4d9") + rect(6, 46, 88, 12, "#5fa9c2", 5) + rect(45, 18, 10, 24, WHITE, 2) + rect(38, 25, 24, 10, WHITE, 2)),
    "police cap": (120, 66, path("M10 30Q30 4 60 4t50 26l-14 14H24z", "#2f5fa8") + rect(24, 40, 72, 12, "#1d3f78", 3) + path("M22 50q38 20 76 0l-6 12q-32 10-64 0z", INK) + circle(60, 24, 8, YELLOW)),
}  # fmt: skip

LANDMARKS: dict[str, tuple[int, int, str]] = {
    "taj mahal": (190, 130, rect(8, 112, 174, 14, PALE, 2) + "".join(rect(x, 40, 9, 74, WHITE) + path(f"M{x - 2} 42q6.500-16 13 0z", SILVER) for x in (12, 42, 139, 169)) + rect(54, 66, 82, 48, WHITE) + path("M68 68q-8-34 27-48 35 14 27 48z", WHITE) + path("M95 20q3-8 0-16-3 8 0 16z", YELLOW) + path("M82 114V88q0-14 13-16 13 2 13 16v26z", "#b9c7d6") + path("M60 114V96q5-10 10 0v18zM120 114V96q5-10 10 0v18z", "#c9d6e2") + path("M60 68q6-14 12 0zM118 68q6-14 12 0z", SILVER)),
    "big ben": (60, 170, rect(12, 60, 36, 106, "#d9b878") + rect(9, 34, 42, 34, "#e8cb90") + circle(30, 51, 13, WHITE) + line("M30 43v8l6 4", INK, 2) + path("M9 36L30-2 51 36z", "#5f7a6a") + "".join(rect(17 + 10 * k, 74, 5, 84, "#b8935a") for k in range(3)) + rect(6, 162, 48, 6, "#b8935a")),
    "sydney opera house": (200, 90, rect(4, 72, 192, 14, "#b98f6a", 2) + "".join(path(f"M{x} 72q{w * 0.1:g}-{h} {w}-{h} 4 {h * 0.6:g}-{w * 0.2:g} {h}z", WHITE) + path(f"M{x + w} {72 - h}q4 {h * 0.6:g}-{w * 0.2:g} {h}l-6 0q{w * 0.1:g}-{h * 0.6:g} {w * 0.2 + 6:g}-{h}z", SILVER) for x, w, h in ((14, 40, 36), (40, 52, 56), (74, 60, 68), (124, 44, 46), (154, 34, 30)))),
    "colosseum": (190, 100, path("M6 40Q95-4 184 40V92Q95 108 6 92z", "#d9b98a") + path("M6 40Q95 60 184 40L176 34Q95 54 14 34z", "#b8935a") + "".join(rect(18 + 20 * k, y + (4 if 2 < k < 6 else 0), 11, 15, "#8c6a43", 5.500) for k in range(8) for y in (50, 74))),
    "great wall": (200, 100, path("M0 60q50-50 100-14t100-26v80H0z", "#7fae5f") + line("M4 74Q50 24 100 58T196 26", "#c9a878", 15) + line("M4 68Q50 18 100 52T196 20", "#a98658", 3) + "".join(rect(x, y, 24, 28, "#b8935a", 1) + rect(x - 3, y - 5, 30, 7, "#8c6a43", 1) for x, y in ((30, 26), (96, 36), (162, 12)))),
    "leaning tower": (70, 140, turned(6, 35, 130, "".join(rect(17, 20 + 18 * k, 36, 17, WHITE) + "".join(rect(20 + 7 * j, 23 + 18 * k, 4, 11, SILVER, 2) for j in range(5)) + rect(14, 18 + 18 * k, 42, 3, PALE) for k in range(6)) + rect(22, 4, 26, 15, WHITE, 2))),
    "great sphinx": (170, 90, path("M20 86V60q30-14 60-14l10-30q14-16 34 0l6 40q34 2 36 30z", "#d9b070") + path("M88 18q16-18 38 0l10 34H84z", "#c29a58") + path("M96 24q10-10 22 0v16q-10 12-22 0z", "#e8c890") + rounds((102, 30, 2, INK), (112, 30, 2, INK)) + path("M2 86h90l-6-16H20z", "#c29a58")),
    "golden gate bridge": (220, 110, rect(0, 76, 220, 7, "#c0402c") + line("M0 60Q30 64 56 12Q110 86 164 12Q190 64 220 60", "#d9553c", 3) + rect(50, 8, 12, 98, "#c0402c") + rect(158, 8, 12, 98, "#c0402c") + "".join(rect(x, 44, 1.600, 34, "#d9553c") for x in range(70, 156, 10))),
    "arc de triomphe": (120, 120, path("M6 116V10h108v106H84V66q0-24-24-24T36 66v50z", "#d9c9a8") + rect(2, 4, 116, 14, "#c2ae88", 2) + rect(4, 30, 112, 5, "#b89f78") + rect(12, 54, 16, 30, "#c2ae88") + rect(92, 54, 16, 30, "#c2ae88")),
    "white house": (190, 90, rect(4, 32, 182, 54, WHITE) + path("M60 34L95 10l35 24z", PALE) + "".join(rect(x, 36, 6, 50, SILVER) for x in (66, 80, 104, 118)) + "".join(rect(x, y, 10, 14, "#9fc3e0", 1) for x in (16, 36, 144, 164) for y in (42, 64)) + rect(88, 58, 14, 28, STEEL) + line("M95 10V-6", STEEL, 2)),
    "mona lisa painting": (90, 116, rect(2, 2, 86, 112, "#b8862c", 3) + rect(11, 11, 68, 94, "#8a9a6a") + path("M11 60q34-16 68 0v45H11z", "#6f7f58") + path("M28 34q0-20 17-20t17 20l4 34H24z", "#3a2a1c") + ellipse(45, 38, 11, 15, "#e8c08c") + path("M20 105q2-40 25-40t25 40z", "#4a3a24") + path("M34 66q11 12 22 0l-4-10H38z", "#e8c08c") + ellipse(45, 96, 18, 7, "#e0b480") + rounds((41, 36, 1.400, INK), (49, 36, 1.400, INK)) + line("M41 45q4 2 8-.6", "#a8684a", 1.400)),
}  # fmt: skip

DISHES: dict[str, tuple[int, int, str]] = {
    "lasagna": (128, 80, PLATE + "".join(rect(30, 20 + 8 * k, 68, 8, ("#f0c060", "#c9402c")[k % 2], 3) for k in range(4)) + path("M28 20q36-10 72 0v5q-8 8-14 0-10 9-20 0-10 9-18 0-12 8-20-1z", "#ffe08a")),
    "fish and chips": (128, 80, PLATE + path("M24 46q20-26 56-10l10-8v24l-10-6q-36 16-56 0z", AMBER) + "".join(turned(-30 + 14 * k, 84 + 4 * k, 48, rect(76 + 5 * k, 36, 6, 26, YELLOW, 1)) for k in range(6)) + ellipse(36, 58, 9, 4, GREEN)),
    "fried rice": (120, 86, path("M6 34h108q-4 44-54 46Q10 78 6 34z", RED) + path("M10 36q10-28 50-28t50 28z", "#f7e6b8") + rounds((34, 24, 3.500, GREEN), (52, 16, 3.500, AMBER), (70, 20, 3.500, GREEN), (86, 28, 3.500, AMBER), (46, 28, 3.500, RED), (66, 30, 3.500, GREEN))),
    "omelette": (128, 80, PLATE + path("M22 52q2-30 42-30t42 30q-40 14-84 0z", YELLOW) + path("M22 52q40-10 84 0-40 14-84 0z", AMBER) + rounds((50, 36, 3, GREEN), (66, 32, 3, GREEN), (80, 40, 3, RED))),
    "cheesecake": (120, 90, path("M8 44L96 26l18 18v26H8z", "#fff1c9") + rect(8, 66, 106, 10, WOOD_LIGHT, 2) + path("M8 44L96 26l18 18z", "#f7546a") + rounds((70, 34, 7, RED_DARK))),
    "cheese platter": (150, 86, ellipse(75, 56, 72, 24, WOOD_DARK) + ellipse(75, 51, 72, 24, WOOD_LIGHT) + path("M18 44L52 28l14 14v16H18z", YELLOW) + path("M18 44h48v14H18z", AMBER) + ellipse(94, 46, 20, 9, WHITE) + rect(74, 38, 40, 9, "#f4ead0", 4) + ellipse(94, 37, 20, 8, WHITE) + rounds(*((116 + 7 * (k % 3), 48 + 6 * (k // 3), 4.500, "#7d3fb5") for k in range(6))) + path("M62 66l14-7 14 7z", "#e8a04a")),
    "fruit bowl": (130, 100, rounds((40, 40, 20, RED), (92, 42, 19, AMBER), (66, 32, 20, GREEN)) + path("M22 46Q30 4 64 2q-4 8-14 12-14 8-16 34z", YELLOW) + rounds((74, 50, 9, "#7d3fb5"), (60, 52, 9, "#7d3fb5")) + path("M8 52h114q-6 44-57 46Q14 96 8 52z", BLUE)),
    "bread basket": (130, 80, ellipse(40, 32, 26, 14, WOOD_LIGHT) + ellipse(84, 30, 28, 15, "#e0a050") + ellipse(62, 24, 26, 12, "#f0b868") + line("M52 20l8 8M64 18l8 8M76 26l8 8", "#fbe0a8", 3) + path("M6 38h118l-14 38H20z", WOOD) + line("M14 50h102M18 62h94", WOOD_DARK, 3)),
    "breakfast": (140, 86, ellipse(70, 58, 68, 24, SILVER) + ellipse(70, 53, 68, 24, WHITE) + ellipse(46, 46, 22, 11, "#fffdf4") + circle(46, 44, 7, AMBER) + "".join(rect(74, 30 + 8 * k, 40, 6, ("#c9503c", "#e88a78")[k % 2], 3) for k in range(2)) + rect(72, 50, 44, 9, "#8c4a2c", 5) + rect(78, 61, 36, 8, "#8c4a2c", 4) + ellipse(44, 66, 22, 7, "#d9602c") + rounds((36, 64, 2.5, "#f08a4a"), (44, 67, 2.5, "#f08a4a"), (52, 65, 2.5, "#f08a4a"), (26, 54, 7, RED))),
    "soup bowl": (120, 76, path("M6 26h108q-4 44-54 46Q10 70 6 26z", BLUE) + ellipse(60, 26, 54, 13, WHITE) + ellipse(60, 27, 46, 9, AMBER) + rounds((44, 26, 4, GREEN), (62, 29, 4, RED), (78, 26, 4, GREEN))),
    "roast meal": (140, 84, ellipse(70, 56, 68, 24, SILVER) + ellipse(70, 51, 68, 24, WHITE) + path("M34 46q4-24 34-22 24 4 22 22-26 14-56 0z", "#b5683c") + rounds((98, 46, 7, GREEN), (106, 54, 7, GREEN), (92, 58, 7, GREEN)) + "".join(ellipse(38 + 13 * k, 62, 8, 5, YELLOW) for k in range(3))),
    "meatballs": (128, 80, PLATE + rounds((46, 44, 11, "#8c4a2c"), (66, 38, 11, "#9b5636"), (84, 46, 11, "#8c4a2c"), (62, 53, 11, "#9b5636")) + path("M34 54q30 14 60 0 2 8-30 10-32-2-30-10z", RED_DARK)),
}  # fmt: skip

PLANETS: dict[str, tuple[int, int, str]] = {
    "mercury planet": (100, 100, circle(50, 50, 47, "#a8a29a") + rounds((34, 36, 9, "#8a847c"), (64, 60, 12, "#8a847c"), (60, 28, 6, "#8a847c"), (32, 68, 6, "#8a847c"))),
    "venus planet": (100, 100, circle(50, 50, 47, "#e8c078") + bands(50, 50, 47, (-0.6, -0.35, "#d9a85a"), (-0.05, 0.15, "#f2d59a"), (0.45, 0.65, "#d9a85a"))),
    "mars planet": (100, 100, circle(50, 50, 47, "#d9603c") + rounds((36, 40, 10, "#b84a2c"), (66, 62, 13, "#b84a2c"), (64, 30, 6, "#b84a2c")) + bands(50, 50, 47, (-1.0, -0.86, WHITE))),
    "jupiter planet": (100, 100, circle(50, 50, 47, "#e8c9a0") + bands(50, 50, 47, (-0.7, -0.5, "#c98f5f"), (-0.28, -0.05, "#b8764a"), (0.2, 0.36, "#c98f5f"), (0.6, 0.78, "#b8764a")) + ellipse(66, 62, 11, 6, "#c9502c")),
    "uranus planet": (100, 100, circle(50, 50, 47, "#9fe0e6") + bands(50, 50, 47, (-0.3, -0.1, "#b9edf2"), (0.4, 0.6, "#86ccd6"))),
    "neptune planet": (100, 100, circle(50, 50, 47, "#3f6fe0") + bands(50, 50, 47, (-0.4, -0.2, "#5f8cf0"), (0.3, 0.45, "#2f58c0")) + ellipse(36, 40, 9, 5, "#25469b")),
}  # fmt: skip

PROPS = {**SHAPES, **CARRIERS, **CAFE, **GEAR, **LANDMARKS, **DISHES, **PLANETS}
"""Title to width and height of the view box, and the markup."""

ROWS = f"""
0.6 shape ground: {", ".join(SHAPES)}
1.4 object ground: sign, easel
0.8 object wall: shop sign, neon sign, notice board, banner, poster
0.9 object ground: held sign
4.0 object ground: billboard
0.6 object sky: speech bubble, thought bubble
1.6 object ground: whiteboard, projector screen
0.1 object table: sticky note, ticket, ballot paper
0.7 object wall: canvas, picture frame, triangular picture frame, mona lisa painting, departure board
2.2 object ground: triangular road sign, pentagonal sign
1.1 object ground: menu board
0.45 device table: espresso machine, blender
0.14 drink table: takeaway cup
0.75 furniture ground: cafe table, conference table
1.1 furniture ground: counter, check in desk
0.35 food table: cake stand
0.5 device table: computer monitor, heart monitor
1.1 device ground: photocopier, ticket machine, turnstile
1.2 furniture ground: filing cabinet, gym bench
1.2 device ground: water cooler
1.9 object ground: iv drip, clothes rack, mannequin
1.3 object ground: crutches, luggage trolley
0.12 object table: medicine bottle, ashtray
0.25 sport ground: dumbbell
1.4 sport ground: treadmill, exercise bike
0.2 sport ground: yoga mat
1.5 sport ground: punching bag
2.3 building ground: market stall
1.8 furniture ground: shop shelf, bunk bed
0.1 object table: price tag
25.0 building ground: control tower
3.0 object ground: escalator
0.45 furniture ground: coffee table
0.9 furniture ground: crib
0.55 furniture ground: nightstand
0.7 furniture ground: radiator
0.3 tool table: cutting board, rolling pin
0.3 wearable wearable: belt
0.4 object ground: rope, dog leash
0.9 object ground: walking stick
0.3 object ground: paint can, toy block
0.2 object ground: brick block
0.8 object ground: brick cube, toy tower
0.2 object table: spoonful, horseshoe, mind bulb
1.6 tool ground: fishing rod
0.4 object ground: sandbox
0.9 object ground: trampoline
0.3 wearable wearable: space helmet, chef hat, knight helmet, detective hat, doctor cap, police cap
0.9 wearable wearable: hero cape
0.12 sport ground: skateboard
0.25 sport water: surfboard
0.1 wearable wearable: earrings
0.8 clothing wearable: apron, raincoat
2.8 vehicle ground: school bus
2.0 vehicle ground: forklift
1.5 vehicle ground: limousine
1.2 boat water: jet ski
30.0 landscape ground: mountain peak, canyon
14.0 building ground: airport, train station
9.0 building ground: police station, fire station, supermarket
0.5 object ground: pie chart drawing
60.0 building ground: taj mahal, sydney opera house, colosseum, great wall, golden gate bridge, arc de triomphe, white house
70.0 building ground: big ben, leaning tower
20.0 building ground: great sphinx
0.15 food table: {", ".join(DISHES)}
9.0 celestial space: {", ".join(PLANETS)}
"""
"""Height in metres, category and habitat of each, as `nouns.ROWS` has them."""

WORDS = {
    "space helmet": "astronaut helmet", "chef hat": "chef's hat, toque", "hero cape": "cape, superhero cape, cloak", "knight helmet": "helm", "detective hat": "fedora, sherlock hat",
    "circle": "round, disc, disk", "square": "box shape, quadrilateral", "oval": "ellipse", "cone shape": "cone", "arrow shape": "arrow", "rhombus": "diamond shape, lozenge",
    "ring shape": "annulus, hoop, ring", "cross shape": "plus sign, cross", "sphere": "ball shape, orb, globe shape", "cube": "box, block, 3d cube",
    "sign": "signboard, board, notice, information sign", "shop sign": "store sign, hanging sign, restaurant sign", "held sign": "protest sign, picket sign",
    "billboard": "hoarding, advertising board", "banner": "ribbon, streamer, pennant", "poster": "placard, bill", "speech bubble": "word balloon, speech balloon",
    "thought bubble": "thought balloon", "neon sign": "neon light, lit sign", "whiteboard": "white board, marker board, flip chart", "notice board": "bulletin board, pin board, corkboard",
    "sticky note": "post-it, memo", "canvas": "blank canvas, painting", "menu board": "chalk sign, sandwich board, a-board", "picture frame": "frame, photo frame, painting frame",
    "triangular picture frame": "triangular frame, triangle frame", "triangular road sign": "warning sign, yield sign, triangular sign", "pentagonal sign": "pentagonal road sign, pentagon sign",
    "espresso machine": "coffee machine, coffee maker, coffeemaker", "takeaway cup": "paper cup, to-go cup, coffee to go, paper coffee cup", "cafe table": "bistro table, round table, pedestal table",
    "counter": "bar counter, shop counter, reception desk, worktop", "cake stand": "cake display", "computer monitor": "monitor, computer screen, screen, display", "photocopier": "copier, copy machine, xerox",
    "filing cabinet": "file cabinet, drawers", "water cooler": "water dispenser", "conference table": "meeting table, boardroom table", "projector screen": "movie screen, cinema screen, projection screen",
    "iv drip": "drip, infusion, intravenous drip", "medicine bottle": "pill bottle, medicine, cough syrup", "heart monitor": "ecg, ekg, vital signs monitor", "dumbbell": "weight, barbell, weights, dumbbells",
    "treadmill": "running machine", "exercise bike": "stationary bike, spin bike", "yoga mat": "exercise mat", "punching bag": "boxing bag, heavy bag", "gym bench": "weight bench, workout bench",
    "market stall": "stall, stand, fruit stand, vegetable stand, market stand, food stall, farmers market, kiosk, lemonade stand", "shop shelf": "store shelf, supermarket shelf, grocery shelf, shelves", "price tag": "label, tag",
    "clothes rack": "clothing rack, coat rack, wardrobe rail", "mannequin": "dummy, dress form, tailor's dummy", "luggage trolley": "baggage cart, luggage cart", "check in desk": "check-in counter, airport counter",
    "departure board": "arrivals board, timetable, flight information", "control tower": "airport tower, air traffic control", "turnstile": "ticket gate", "coffee table": "low table", "crib": "cot, baby bed, cradle",
    "nightstand": "bedside table, night table", "radiator": "heater, central heating", "blender": "mixer, smoothie maker", "cutting board": "chopping board", "rolling pin": "dough roller, baking",
    "ashtray": "cigarette tray", "belt": "leather belt, waist belt", "rope": "cord, coil of rope, string", "dog leash": "leash, lead, dog lead", "walking stick": "cane, stick, walking cane", "paint can": "paint pot, paint bucket, bucket of paint",
    "brick block": "brick, building brick", "brick cube": "cube made of brick, cube of bricks, brick texture cube", "toy block": "building blocks, toy bricks, blocks, building set", "toy tower": "tower of blocks, block tower, lego tower, toy building set",
    "fishing rod": "fishing pole, rod", "sandbox": "sandpit", "raincoat": "mackintosh, waterproof", "school bus": "yellow bus", "forklift": "forklift truck, fork lift", "limousine": "limo, stretch limousine",
    "jet ski": "water scooter, personal watercraft", "mountain peak": "mountain top, summit, peak, alp", "airport": "air terminal, airport terminal", "police station": "police department", "fire station": "firehouse",
    "supermarket": "grocery store, hypermarket, shop, grocery", "train station": "railway station, railroad station", "canyon": "grand canyon, gorge, ravine", "taj mahal": "indian palace, agra, mausoleum", "big ben": "elizabeth tower, london clock tower, clock tower",
    "sydney opera house": "opera house, sydney", "colosseum": "coliseum, roman arena, rome", "great wall": "great wall of china", "leaning tower": "tower of pisa, leaning tower of pisa, pisa", "great sphinx": "sphinx, sphinx of giza",
    "golden gate bridge": "golden gate, san francisco bridge, suspension bridge", "arc de triomphe": "triumphal arch", "white house": "washington white house", "mona lisa painting": "mona lisa, la gioconda", "lasagna": "lasagne", "fish and chips": "fried fish",
    "fried rice": "rice bowl, nasi goreng, egg fried rice, biryani, risotto, paella", "omelette": "omelet, frittata, scrambled eggs", "cheese platter": "cheese board, cheeses", "fruit bowl": "fruit basket", "bread basket": "basket of bread, rolls",
    "breakfast": "full english breakfast, english breakfast, fried breakfast, full breakfast, fry up", "soup bowl": "soup, broth, chowder", "roast meal": "sunday roast, roast dinner, dinner plate, plate of food, meal, thanksgiving dinner, roast beef, main course",
    "meatballs": "meatball", "mercury planet": "mercury", "venus planet": "venus", "mars planet": "mars", "jupiter planet": "jupiter", "uranus planet": "uranus", "neptune planet": "neptune", "easel": "painting easel, painter's easel",
}  # fmt: skip
"""Further words for each."""
