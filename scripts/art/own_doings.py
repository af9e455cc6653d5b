"""What people do things with, and what things happen on, that no permissive set has."""

# ruff: noqa: E501 - tables read best with one thing to a line, however long

from __future__ import annotations

from .own_props import (
    BLUE,
    BLUE_DARK,
    DARK,
    INK,
    PALE,
    RED,
    RED_DARK,
    SILVER,
    SKY,
    STEEL,
    WHITE,
    WOOD,
    WOOD_DARK,
    YELLOW,
)
from .shapes import circle, line, moved, path, rect

TEAL, TEAL_DARK, PINK = "#3fa796", "#2c7d71", "#f28bb0"


def _wheel(x: float, y: float, r: float) -> str:
    return circle(x, y, r, INK) + circle(x, y, r * 0.58, SILVER) + circle(x, y, r * 0.2, DARK)


def _carriage(x: float, fill: str, dark: str, windows: int = 4) -> str:
    panes = "".join(rect(x + 8 + k * 24, 24, 18, 16, SKY, 3) for k in range(windows))
    return (
        rect(x, 14, 108, 46, fill, 6) + rect(x, 46, 108, 14, dark) + rect(x + 2, 10, 104, 7, dark, 3) + panes
        + _wheel(x + 22, 64, 8) + _wheel(x + 42, 64, 8) + _wheel(x + 68, 64, 8) + _wheel(x + 88, 64, 8)
    )  # fmt: skip


def _shirt(x: float, fill: str) -> str:
    return path(f"M{x} 27l9-4q6 5 12 0l9 4 6 13-8 4-3-5v27h-20v-27l-3 5-8-4z", fill)


def _trousers(x: float, fill: str) -> str:
    return path(f"M{x} 24h24l3 42h-11l-4-28-4 28h-11z", fill)


_CAKE = (
    path("M10 84h100l-6 10q-44 8-88 0z", SILVER)
    + path("M20 44h80v38q-40 12-80 0z", "#f7c39b")
    + path("M20 60q40 10 80 0v8q-40 10-80 0z", WHITE)
    + path("M16 40Q60 22 104 40l-2 14q-6 8-12 0-6 10-14 2-8 10-16 0-8 10-16 0-8 8-14-2-6 8-12 0z", "#fce8ee")
    + "".join(circle(x, y, 6, RED) for x, y in ((38, 38), (60, 33), (82, 38)))
)

DOINGS: dict[str, tuple[int, int, str]] = {
    "watering can": (120, 96, line("M36 30q-30-6-28 20 2 22 30 22", TEAL_DARK, 7) + line("M70 56L104 24", TEAL, 9)
        + path("M94 18l18 16 4-4-18-17z", TEAL_DARK) + rect(32, 32, 46, 56, TEAL, 8) + rect(32, 44, 46, 8, TEAL_DARK)
        + line("M36 32q18-22 38 0", TEAL_DARK, 6)),
    "stroller": (120, 120, line("M92 20L112 8", DARK, 6) + line("M96 18L40 96M30 62L88 98", STEEL, 5)
        + path("M18 54h78q-2 30-32 32-34 0-46-32z", BLUE) + path("M18 54A38 38 0 0 1 56 16V54z", BLUE_DARK) + line("M56 16V54M37 22L56 54", BLUE, 3)
        + _wheel(38, 102, 14) + _wheel(90, 102, 14)),
    "clothesline": (240, 130, rect(8, 6, 8, 122, WOOD, 3) + rect(224, 6, 8, 122, WOOD, 3) + rect(0, 12, 24, 6, WOOD_DARK, 3) + rect(216, 12, 24, 6, WOOD_DARK, 3)
        + line("M12 18Q120 30 228 18", PALE, 2.5) + moved(0, -1, _shirt(34, RED)) + moved(0, 1, _trousers(84, BLUE)) + moved(0, 2, _shirt(120, YELLOW))
        + path("M168 25h40v44h-40z", WHITE) + path("M168 36h40v5h-40zM168 50h40v5h-40z", PINK)
        + "".join(rect(x, 20, 3, 9, WOOD_DARK, 1) for x in (44, 62, 90, 104, 130, 148, 174, 200))),
    "laundry basket": (110, 80, path("M18 30q10-24 28-14 10-14 26-2 18-6 22 16z", PINK) + path("M50 30q14-20 34 0z", SKY)
        + path("M8 28h94l-8 48q0 3-4 3H20q-4 0-4-3z", "#e0b27a") + path("M8 28h94l-2 10H10z", "#c8935a")
        + "".join(rect(x, 46, 8, 22, "#c8935a", 3) for x in (26, 42, 60, 76))),
    "hairbrush": (40, 130, rect(15, 62, 10, 64, WOOD, 5) + path("M6 36Q6 4 20 4T34 36 28 68H12Q6 58 6 36z", WOOD) + path("M11 36Q11 12 20 12T29 36 25 60H15Q11 52 11 36z", "#f4d9c6")
        + "".join(circle(x, y, 1.4, INK) for y in (22, 30, 38, 46, 54) for x in (16, 20, 24))),
    "mop": (50, 160, rect(22, 2, 6, 118, WOOD, 3) + rect(12, 114, 26, 8, DARK, 3)
        + "".join(line(f"M{x} 121Q{x + d} 138 {x + 2 * d} 154", PALE if n % 2 else SILVER, 5) for n, (x, d) in enumerate(((14, -3), (19, -2), (25, 0), (31, 2), (36, 3))))),
    "passenger train": (348, 74, rect(104, 48, 16, 6, DARK) + rect(226, 48, 16, 6, DARK) + _carriage(4, BLUE, BLUE_DARK) + _carriage(118, BLUE, BLUE_DARK)
        + path("M234 14h58q26 2 50 34v12H234z", RED) + path("M234 46h109v14H234z", RED_DARK) + path("M296 20q20 4 32 22h-32z", SKY) + rect(242, 24, 18, 16, SKY, 3) + rect(268, 24, 18, 16, SKY, 3)
        + rect(236, 10, 54, 7, RED_DARK, 3) + circle(337, 52, 4, YELLOW) + "".join(_wheel(x, 64, 8) for x in (252, 272, 306, 326))),
    "power line": (300, 150, rect(20, 4, 9, 144, WOOD, 2) + rect(271, 4, 9, 144, WOOD, 2) + rect(4, 16, 41, 6, WOOD_DARK, 2) + rect(255, 16, 41, 6, WOOD_DARK, 2)
        + line("M8 15Q150 32 292 15", INK, 3) + line("M8 34Q150 52 292 34", INK, 2) + "".join(rect(x, 9, 5, 8, SILVER, 1) for x in (6, 38, 257, 289))),
    "iceberg": (160, 96, path("M8 92L30 46 52 52 78 8 104 36 120 32 152 92z", "#dff1fb") + path("M78 8L104 36 94 92H60L70 50z", "#f6fcff") + path("M120 32L152 92H112L104 60z", "#b9dcef")
        + path("M30 46L52 52 44 92H8z", "#c7e5f4")),
    "bucket of milk": (70, 64, line("M10 14Q35-14 60 14", STEEL, 3.5) + path("M6 14h58l-7 46q0 3-4 3H17q-4 0-4-3z", STEEL) + path("M6 14h58l-2 10H8z", SILVER) + path("M9 14q26-10 52 0-26 8-52 0z", WHITE)),
    "candleless cake": (120, 100, _CAKE), "candleless birthday cake": (120, 100, _CAKE),
    "pet food": (80, 40, path("M8 18q6-16 18-10 8-10 20 0 16-6 26 10z", WOOD) + path("M2 18h76l-9 20H11z", RED) + path("M2 18h76l-2 6H4z", RED_DARK)),
}  # fmt: skip
WORDS = {
    "stroller": "pram, buggy, pushchair, baby carriage", "clothesline": "washing line, laundry line, laundry, washing", "laundry basket": "laundry, dirty clothes",
    "passenger train": "long train, train", "power line": "wire, telephone wire, telegraph wire", "hairbrush": "brush, comb", "watering can": "can",
    "pet food": "animal feed, food bowl", "iceberg": "ice",
}  # fmt: skip
ROWS = """
0.4 tool ground: watering can
0.35 object ground: bucket of milk
0.2 dish ground: pet food
0.2 tool table: hairbrush
1.4 tool ground: mop
1.0 object ground: stroller
2.0 object ground: clothesline
0.5 object ground: laundry basket
3.6 vehicle ground: passenger train
5.0 object ground: power line
0.25 food table: candleless cake, candleless birthday cake
4.0 landscape ground: iceberg
"""
