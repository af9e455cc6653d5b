"""Whole bodies of animals that both emoji sets show as heads only, drawn flat; they look left."""

# ruff: noqa: E501 - tables read best with one thing to a line, however long

from __future__ import annotations

from .shapes import circle, ellipse, line, moved, path, rect, turned

EYE, NOSE = "#1c1c1c", "#321b1b"


def legs(xs: tuple[float, ...], top: float, bottom: float, width: float, near: str, far: str, paw: str | None) -> str:
    """Four legs, the far ones first; `paw` is the colour of the lower part."""
    parts = []
    for index, x in enumerate(xs):
        parts.append(rect(x, top, width, bottom - top, far if index % 2 else near, width / 2.6))
        if paw:
            parts.append(path(
                f"M{x:g} {bottom - 11:g}h{width:g}v{11 - width / 2.6:g}q0 {width / 2.6:g} {-width / 2.6:g} {width / 2.6:g}"
                f"h{-width + 2 * width / 2.6:g}q{-width / 2.6:g} 0 {-width / 2.6:g} {-width / 2.6:g}z", paw))  # fmt: skip
    far_parts = [p for i, p in enumerate(parts) if (i // (2 if paw else 1)) % 2]
    near_parts = [p for i, p in enumerate(parts) if not (i // (2 if paw else 1)) % 2]
    return "".join(far_parts) + "\0" + "".join(near_parts)


def canine(coat: str, shade: str, light: str, sock: str | None, tip: str, inner: str) -> str:
    far, near = legs((40, 52, 84, 95), 74, 110, 11, coat, shade, sock).split("\0")
    tail = path("M96 62c10-4 14-18 26-26 10 12 8 42-14 50-8 2-14-2-16-8z", coat) + path(
        "M122 36c7 8 8 20 4 31-4-1-8-6-8-10-4 2-9 0-11-4 4-5 8-12 15-17z", tip)  # fmt: skip
    body = path("M30 66c0-12 12-18 26-18h30c14 0 20 8 20 20s-4 20-16 20H50c-12 0-20-8-20-22z", coat) + path(
        "M40 60q-2 22 14 30-18 0-24-16z", light)  # fmt: skip
    head = (
        path("M10 8q12 2 20 16l-20 14q-6-18 0-30zM66 8q-12 2-20 16l20 14q6-18 0-30z", coat)
        + path("M14 15q8 3 12 11l-12 8q-3-10 0-19zM62 15q-8 3-12 11l12 8q3-10 0-19z", inner)
        + path("M38 20c18 0 28 12 30 24l6 10-12 4C56 70 46 78 38 78S20 70 14 58L2 54l6-10c2-12 12-24 30-24z", coat)
        + path("M2 54l14-3c8 0 16 6 22 14 6-8 14-14 22-14l14 3-12 4C56 70 46 78 38 78S20 70 14 58z", light)
        + circle(25, 47, 4, EYE) + circle(51, 47, 4, EYE) + circle(26.2, 45.6, 1.3, "#fff") + circle(52.2, 45.6, 1.3, "#fff")
        + ellipse(38, 68, 6, 4.6, NOSE)
    )  # fmt: skip
    return tail + far + body + near + head


def bear(coat: str, shade: str, muzzle: str, limb: str, ear: str, patch: str | None, belly: str | None) -> str:
    far, near = legs((30, 46, 84, 97), 70, 110, 17, limb, limb if patch else shade, None).split("\0")
    body = path("M20 70c0-22 18-34 44-34s50 8 50 36c0 18-10 24-28 24H46c-18 0-26-10-26-26z", coat)
    if patch:
        body += path("M34 42h22q8 26-2 53h-8c-18 0-26-10-26-26 0-12 5-21 14-27z", limb)
    if belly:
        body += path("M56 88q20 6 38 0-2 8-10 8H64q-6 0-8-8z", belly)
    head = (
        circle(16, 16, 11, ear) + circle(58, 16, 11, ear) + circle(16, 17, 5.5, muzzle if not patch else ear)
        + circle(58, 17, 5.5, muzzle if not patch else ear)
        + path("M37 8c22 0 32 15 32 31 0 17-13 27-32 27S5 56 5 39C5 23 15 8 37 8z", coat)
        + (turned(25, 23, 36, ellipse(23, 36, 7, 9, patch)) + turned(-25, 51, 36, ellipse(51, 36, 7, 9, patch)) if patch else "")
        + ellipse(37, 51, 14, 11, muzzle)
        + circle(23, 36, 3.6, EYE) + circle(51, 36, 3.6, EYE) + circle(24.2, 34.8, 1.3, "#fff") + circle(52.2, 34.8, 1.3, "#fff")
        + ellipse(37, 46, 6, 4, NOSE) + line("M37 50v4q-5 4-9 1M37 54q5 4 9 1", NOSE, 1.8)
    )  # fmt: skip
    return circle(113, 56, 7, coat) + far + body + near + head


def lion() -> str:
    gold, shade, mane, dark, light = "#fcb53f", "#e39a2a", "#8c5543", "#6d4534", "#ffe3a8"
    far, near = legs((44, 56, 90, 101), 70, 110, 13, gold, shade, None).split("\0")
    tail = line("M110 62q14 2 12-20", gold, 6) + circle(121, 34, 8, mane)
    body = path("M40 62c0-14 14-18 28-18h28c14 0 20 8 20 20s-6 24-18 24H58c-12 0-18-10-18-26z", gold)
    head = (
        path("M38 2l12 5 13-1 6 11 11 8-1 13 5 12-8 11-1 13-13 4-9 10-12-4-12 4-9-10-13-4-1-13L-2 50l4-12-1-13 11-8 6-11 13 1z", mane)
        + circle(38, 42, 31, dark) + circle(16, 24, 8, gold) + circle(60, 24, 8, gold) + circle(38, 43, 26, gold)
        + ellipse(38, 55, 13, 11, light) + circle(28, 40, 3.6, EYE) + circle(48, 40, 3.6, EYE) + circle(29.2, 38.8, 1.3, "#fff")
        + circle(49.2, 38.8, 1.3, "#fff") + path("M31 48h14l-7 7z", NOSE) + line("M38 54v4q-4 4-8 1M38 58q4 4 8 1", NOSE, 1.8)
    )  # fmt: skip
    return moved(4, 0, tail + far + body + near + head)


def frog() -> str:
    green, dark, light = "#3fc257", "#229a48", "#d8f59a"
    return (
        ellipse(24, 74, 22, 22, dark) + ellipse(104, 74, 22, 22, dark)
        + path("M20 98c0-34 18-52 44-52s44 18 44 52z", green) + ellipse(64, 82, 26, 18, light)
        + path("M64 14c30 0 46 16 46 32 0 14-18 24-46 24S18 60 18 46c0-16 16-32 46-32z", green)
        + circle(36, 16, 14, green) + circle(92, 16, 14, green) + circle(36, 15, 9, "#fff") + circle(92, 15, 9, "#fff")
        + circle(36, 16, 5.5, EYE) + circle(92, 16, 5.5, EYE) + line("M30 46q34 22 68 0", "#146b33", 3)
        + circle(58, 34, 1.8, "#146b33") + circle(70, 34, 1.8, "#146b33")
        + "".join(ellipse(x, 98, 9, 5, green) for x in (42, 54, 74, 86)) + ellipse(14, 97, 13, 6, green) + ellipse(114, 97, 13, 6, green)
    )  # fmt: skip


def hen(coat: str, shade: str) -> str:
    return (
        line("M56 92v22M74 92v22M56 114h-11M56 114l6 2M74 114H63M74 114l6 2", "#f59b22", 4.5)
        + path("M112 30c12 6 14 26 6 38L96 66z", shade)
        + path("M24 22c12-8 30 0 32 22 8 6 22 4 34 0 10-4 16-12 22-16 8 30-2 68-44 70-34 2-50-22-46-44 1-12-4-24 2-32z", coat)
        + path("M58 58c14-6 30-2 38 4-4 18-28 24-38 10z", shade)
        + path("M22 22c-6-8 0-16 6-12 0-8 10-10 12-2 8-4 12 6 6 14z", "#f8312f")
        + path("M20 34L6 40l15 5z", "#f9a23c") + path("M20 46q10 0 8 12-8 4-10-4z", "#f8312f") + circle(32, 33, 3.6, EYE)
        + circle(33, 31.8, 1.2, "#fff")
    )  # fmt: skip


def koala() -> str:
    grey, shade, light = "#9aa3ad", "#7f8993", "#e9edf0"
    return (
        ellipse(64, 96, 34, 28, grey) + ellipse(64, 100, 20, 20, light) + ellipse(34, 118, 16, 8, shade) + ellipse(94, 118, 16, 8, shade)
        + turned(24, 34, 88, ellipse(34, 88, 9, 18, shade)) + turned(-24, 94, 88, ellipse(94, 88, 9, 18, shade))
        + circle(22, 30, 20, grey) + circle(106, 30, 20, grey) + circle(22, 32, 12, "#f4b7c3") + circle(106, 32, 12, "#f4b7c3")
        + path("M64 8c26 0 38 16 38 34S86 74 64 74 26 60 26 42 38 8 64 8z", grey)
        + ellipse(64, 50, 9, 14, "#3b3b4d") + circle(44, 40, 4.2, EYE) + circle(84, 40, 4.2, EYE) + circle(45.3, 38.6, 1.4, "#fff")
        + circle(85.3, 38.6, 1.4, "#fff") + line("M58 67q6 4 12 0", "#3b3b4d", 2)
    )  # fmt: skip


def hamster() -> str:
    coat, shade, cream, pink = "#f0a85c", "#d88a3c", "#fff1de", "#ffb3b3"
    return (
        path("M14 70C14 34 36 10 64 10s50 24 50 60c0 24-20 34-50 34S14 94 14 70z", coat)
        + circle(28, 18, 12, shade) + circle(100, 18, 12, shade) + circle(28, 19, 6.5, pink) + circle(100, 19, 6.5, pink)
        + path("M64 44c22 0 36 14 36 32s-14 28-36 28-36-10-36-28 14-32 36-32z", cream)
        + circle(44, 40, 5, EYE) + circle(84, 40, 5, EYE) + circle(45.6, 38.4, 1.7, "#fff") + circle(85.6, 38.4, 1.7, "#fff")
        + path("M58 50h12l-6 6z", "#e4717a") + line("M64 56v4q-5 4-9 1M64 60q5 4 9 1", NOSE, 1.8) + circle(34, 56, 7, pink)
        + circle(94, 56, 7, pink) + ellipse(52, 78, 7, 5, pink) + ellipse(76, 78, 7, 5, pink) + ellipse(44, 104, 12, 5, pink)
        + ellipse(84, 104, 12, 5, pink)
    )  # fmt: skip


def squirrel() -> str:
    coat, shade, cream, nut = "#c8693a", "#a44f27", "#ffe6c9", "#8c5543"
    return (
        path("M78 112c-8-20 8-30 10-46 2-18-10-24-4-40 6-18 34-18 38 4 4 26-6 40-8 56-2 14-12 28-26 28z", shade)
        + path("M92 104c-4-14 8-26 10-42 2-14-6-22-2-32 4-8 14-6 16 4 2 20-8 36-10 48-1 10-6 20-14 22z", "#e08a55")
        + ellipse(52, 60, 12, 12, coat) + path("M36 116c-8-30 2-56 26-58 22 0 30 22 28 42-1 10-6 16-14 16z", coat) + path("M42 112c-6-20-2-40 12-44 8 10 10 32 4 44z", cream)
        + path("M28 6q10 4 12 16H28zM52 4q8 8 6 18H46z", coat) + path("M40 16c18 0 26 12 26 24S56 62 40 62c-14 0-30-6-30-16 0-12 14-30 30-30z", coat)
        + path("M10 46c0-8 12-10 20-4s4 18-2 18c-10-2-18-6-18-14z", cream) + circle(36, 36, 4.4, EYE) + circle(37.3, 34.6, 1.5, "#fff")
        + ellipse(11, 44, 3.6, 3, NOSE) + line("M58 78q-14 8-26 2", coat, 9) + path("M18 72h18c2 12-2 20-9 22-7-2-11-10-9-22z", "#d3983e")
        + path("M15 74c0-8 6-10 12-10s12 2 12 10z", nut) + ellipse(48, 115, 18, 6, shade)
    )  # fmt: skip


def unicorn() -> str:
    white, shade, pink, violet, blue = "#f8f4fb", "#ddd3e8", "#ff7fc0", "#a77bea", "#62c8f5"
    far, near = legs((46, 58, 92, 103), 76, 122, 11, white, shade, "#b79ad6").split("\0")
    return (
        path("M108 62c14-6 20 6 18 24-1 12 0 18-6 24-10-6-12-30-16-40z", violet) + path("M112 62c10 2 8 20 6 38-8-8-12-24-12-34z", pink)
        + far + path("M40 72c0-14 10-20 26-20h26c16 0 22 8 22 20s-6 22-18 22H58c-12 0-18-10-18-22z", white) + near
        + path("M40 78C34 60 32 50 36 32l26-6c8 14 6 34 4 56z", white)
        + path("M44 12c16 0 22 12 22 22S54 50 46 50c-8 4-16 12-26 12-8 0-12-6-10-14 2-6 10-8 14-16 4-12 8-20 20-20z", white)
        + path("M36 14L20-8l24 14z", "#fcc53f") + path("M48 12l6-14 8 16z", white)
        + path("M44 12c22-6 32 12 30 30-2 14 6 22 0 34-12-4-14-16-12-26 2-14-2-24-18-26z", pink)
        + path("M56 16c16 4 22 16 20 34-1 12 4 18 0 24-8-6-8-16-8-26 0-14-2-22-12-32z", violet) + path("M40 13q10-2 14 12-12 0-14-12z", blue)
        + circle(40, 32, 3.8, EYE) + circle(41.2, 30.8, 1.3, "#fff") + circle(16, 52, 1.8, "#b79ad6") + circle(30, 48, 4, "#ffc9e2")
    )  # fmt: skip


def moose() -> str:
    coat, shade, horn, muzzle = "#8c5543", "#6d4534", "#f0b35c", "#b98368"
    far, near = legs((48, 60, 94, 105), 78, 126, 11, coat, shade, "#4a2d21").split("\0")
    return (
        far + path("M40 72c2-22 16-24 30-24h24c16 0 24 10 24 24s-8 22-20 22H60c-12 0-20-8-20-22z", coat) + near + rect(114, 56, 8, 14, shade, 4)
        + path("M36 34C20 34 6 26 4 6l8 8 2-12 8 12 6-12 4 14c4 4 6 8 8 16zM52 34c16 0 30-8 32-28l-8 8-2-12-8 12-6-12-4 14c-4 4-6 8-8 16z", horn)
        + path("M40 76C32 66 34 54 44 48h20q4 20-6 34z", coat) + ellipse(30, 40, 8, 4.5, shade) + ellipse(60, 40, 8, 4.5, shade)
        + path("M45 30c12 0 16 8 15 18-1 12-4 26-16 28S26 70 28 58c1-10 2-28 17-28z", coat)
        + path("M44 78c-12 0-18-6-16-16 2-6 8-8 16-8s13 2 14 8c1 10-4 16-14 16z", muzzle)
        + circle(37, 46, 3.4, EYE) + circle(52, 46, 3.4, EYE) + circle(38, 64, 2, NOSE) + circle(49, 64, 2, NOSE)
    )  # fmt: skip


def stingray() -> str:
    return (
        line("M100 42q20-4 34 14", "#4d6a8a", 5) + path("M4 42C30 34 44 6 62 4c16 8 34 26 44 38-10 12-28 30-44 38C44 78 30 50 4 42z", "#6f8fb3")
        + path("M10 42c22-2 60-4 92 0-30 6-66 6-92 0z", "#86a6c9") + circle(32, 34, 3.4, EYE) + circle(32, 50, 3.4, EYE)
        + "".join(circle(x, y, 3, "#a9c4e2") for x, y in ((58, 22), (66, 32), (58, 62), (68, 54), (82, 38), (80, 48), (52, 42)))
    )  # fmt: skip


def seahorse() -> str:
    return (
        path("M50 24c14 4 18 20 12 34-4 12-2 22-8 34-6 14-26 14-28 0-1-10 12-14 16-6-6-2-10 2-8 6 4 6 14 2 14-8 0-12-16-20-14-38 0-6 2-10 4-14z", "#ff9a3d")
        + path("M62 46c12-4 14 14 4 20z", "#ffc36e") + path("M36 8l6-6 4 6 6-4 2 8z", "#ff7a1f")
        + path("M46 8c14 0 20 10 18 20-2 8-12 10-20 8-8 4-18 6-24 8-4 2-6-4-2-6 8-4 12-8 14-14 2-10 6-16 14-16z", "#ff9a3d") + circle(46, 22, 4, EYE)
        + circle(47.2, 20.8, 1.3, "#fff") + line("M44 44q8 4 16 2M44 54q8 4 16 2M46 64q6 4 12 2M48 74q4 3 9 2", "#e57a1e", 2.4)
    )  # fmt: skip


def starfish() -> str:
    arms = path(
        "M60 2c8 0 12 24 16 36 12 0 40-2 42 6s-22 22-32 30c4 12 14 38 8 44-7 5-26-14-34-22-8 8-27 27-34 22-6-6 4-32 8-44C24 66 0 52 2 44s30-6 42-6c4-12 8-36 16-36z",
        "#ff7a45",
    )
    return arms + "".join(circle(x, y, 3.4, "#ffb48f") for x, y in ((60, 22), (60, 38), (92, 48), (78, 54), (84, 94), (74, 80), (36, 94), (46, 80), (28, 48), (42, 54), (60, 62)))  # fmt: skip


def animals() -> dict[str, tuple[int, int, str]]:
    """Title to width and height of the view box and markup."""
    return {
        "fox": (132, 112, canine("#ff822d", "#e2661a", "#fff4e6", "#5a3a34", "#fff4e6", "#5a3a34")),
        "wolf": (132, 112, canine("#9aa3ad", "#7f8993", "#eef1f3", None, "#6f7983", "#5c6670")),
        "bear": (124, 112, bear("#a56953", "#8c5543", "#e6b596", "#a56953", "#a56953", None, None)),
        "polar bear": (124, 112, bear("#f4f6f8", "#d7dee5", "#dfe6ec", "#f4f6f8", "#f4f6f8", None, None)),
        "panda": (124, 112, bear("#f4f4f4", "#2f2f3a", "#ffffff", "#2f2f3a", "#2f2f3a", "#2f2f3a", None)),
        "lion": (136, 112, lion()),
        "frog": (128, 104, frog()),
        "hen": (128, 118, hen("#fff6ea", "#e8d9c4")),
        "koala": (128, 128, koala()),
        "hamster": (128, 110, hamster()),
        "squirrel": (128, 122, squirrel()),
        "unicorn": (132, 132, moved(2, 9, unicorn())),
        "moose": (126, 128, moose()),
        "stingray": (136, 84, stingray()),
        "seahorse": (80, 108, seahorse()),
        "starfish": (120, 122, starfish()),
    }
