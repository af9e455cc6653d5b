"""People from head to foot: Fluent's busts and faces, which end at the shoulders or the chin, given bodies of our own."""

# ruff: noqa: E501 - tables read best with one thing to a line, however long

from __future__ import annotations

from dataclasses import dataclass, field

from . import facts
from .shapes import circle, ellipse, line, path, rect

SKIN, DARK_HAIR = "#ffc83d", "#6d4534"
WIDTH, HEIGHT = 32, 57
HAND_COLOURS = {"#ffc83d", "#f9c23c", "#fcc53f"}


@dataclass(frozen=True, slots=True)
class Role:
    """How a Fluent bust goes on below.

    Attributes:
        titles: What the person is called, by the icon's prefix (none, `man-`, `woman-`).
        legs: Colour of the trousers; with `robe`, unused.
        shoes: Colour of the shoes.
        robe: Colour of a robe or skirt down to the ankles.
        hand: Colour of the hands.
        keywords: Further words.
    """

    legs: str
    shoes: str = "#321b41"
    robe: str = ""
    titles: dict[str, str] = field(default_factory=dict)
    hand: str = SKIN
    keywords: tuple[str, ...] = ()


ROLES: dict[str, Role] = {
    "artist": Role("#636363", titles={"": "painter"}, keywords=("artist", "painter", "palette", "brush")),
    "astronaut": Role("#e6e6e6", "#9b9b9b", hand="#f4f4f4", keywords=("spaceman", "cosmonaut", "space", "spacesuit", "rocket")),
    "construction-worker": Role("#4c6fae", "#8c5543", keywords=("builder", "worker", "hard hat")),
    "cook": Role("#636363", titles={"": "chef"}, keywords=("cook", "baker", "kitchen")),
    "detective": Role("#433b6b", keywords=("sleuth", "spy", "investigator", "private eye", "trench coat")),
    "factory-worker": Role("#0074ba", "#8c5543", keywords=("worker", "welder", "engineer")),
    "farmer": Role("#0084ce", "#8c5543", keywords=("gardener", "rancher", "farm")),
    "firefighter": Role("#ca0b4a", keywords=("fireman", "firewoman", "fire")),
    "guard": Role("#321b41", "#1c1c1c", titles={"": "royal guard"}, keywords=("guard", "soldier", "sentry", "guardsman")),
    "health-worker": Role("#5b8fb9", "#f4f4f4", titles={"": "doctor", "woman-": "nurse", "man-": "doctor"},
                          keywords=("doctor", "nurse", "physician", "surgeon", "health worker", "medic")),
    "judge": Role("", robe="#212121", keywords=("lawyer", "magistrate", "court")),
    "man-mage": Role("", robe="#00a6ed", titles={"man-": "wizard"}, keywords=("mage", "sorcerer", "magician", "merlin", "warlock")),
    "woman-mage": Role("", robe="#00a6ed", titles={"woman-": "witch"}, keywords=("mage", "sorceress", "wizard", "enchantress")),
    "mechanic": Role("#0084ce", "#8c5543", keywords=("plumber", "repairman", "handyman", "electrician")),
    "ninja": Role("#321b41", "#1c1c1c", hand="#321b41", keywords=("shinobi", "warrior", "stealth")),
    "office-worker": Role("#433b6b", titles={"": "business person", "man-": "businessman", "woman-": "businesswoman"},
                          keywords=("office worker", "manager", "clerk", "banker", "boss")),
    "pilot": Role("#321b41", "#1c1c1c", keywords=("captain", "aviator", "airman")),
    "police-officer": Role("#0074ba", keywords=("policeman", "policewoman", "cop", "police", "sheriff")),
    "person-with-crown": Role("#f95725", "#8c5543", titles={"": "king"}, keywords=("monarch", "ruler", "crown", "royal")),
    "prince": Role("#f4f4f4", "#8c5543", keywords=("royal", "crown", "fairy tale")),
    "princess": Role("", robe="#633589", keywords=("queen", "royal", "crown", "fairy tale", "gown")),
    "scientist": Role("#636363", keywords=("chemist", "researcher", "biologist", "lab coat", "professor")),
    "singer": Role("#433b6b", keywords=("rock star", "musician", "vocalist", "pop star")),
    "student": Role("", robe="#212121", titles={"": "graduate"}, keywords=("student", "pupil", "scholar", "gown")),
    "superhero": Role("#0074ba", "#f8312f", keywords=("hero", "superman", "cape", "heroine")),
    "supervillain": Role("#433b6b", keywords=("villain", "cape", "evil")),
    "vampire": Role("#321b41", "#1c1c1c", keywords=("dracula", "halloween", "undead")),
    "elf": Role("#8c5543", "#6d4534", keywords=("magical", "fantasy", "woodland")),
    "person-in-tuxedo": Role("#533566", "#1c1c1c", titles={"": "person in tuxedo", "man-": "groom", "woman-": "woman in tuxedo"},
                             keywords=("bridegroom", "waiter", "butler", "tuxedo", "conductor")),
    "woman-with-veil": Role("", robe="#f4f4f4", titles={"woman-": "bride"}, keywords=("wedding", "veil", "wife")),
    "woman-with-headscarf": Role("", robe="#635994", titles={"": "woman with headscarf"}, keywords=("hijab", "headscarf")),
    "troll": Role("#6d4534", "#96c34a", hand="#96c34a", keywords=("ogre", "monster", "orc", "fantasy")),
    "zombie": Role("#433b6b", hand="#26c2d3", keywords=("undead", "halloween", "walking dead")),
}  # fmt: skip


# Heads that `whole_people` puts on bodies.
FACES = {
    "man", "woman", "person", "boy", "girl", "child", "old-man", "old-woman", "woman-blonde-hair", "man-beard",
    "santa-claus", "clown-face", "robot", "alien", "woman-white-hair", "woman-red-hair",
}  # fmt: skip


def bottom_row(markup: str) -> list[tuple[float, float, str]]:
    """Runs of one colour along the cut lower edge of a bust, in view box units."""
    pixels = facts.raster(markup, (32.0, 32.0), 320)
    row = pixels[284] if not (pixels[294][:, 3] > 200).any() else pixels[294]
    runs: list[list[float | str]] = []
    for x in range(320):
        colour = "#" + row[x][:3].tobytes().hex() if row[x][3] > 200 else ""
        if runs and runs[-1][2] == colour:
            runs[-1][1] = (x + 1) / 10
        else:
            runs.append([x / 10, (x + 1) / 10, colour])
    return [(float(a), float(b), str(c)) for a, b, c in runs if c and float(b) - float(a) > 0.45]


def at(runs: list[tuple[float, float, str]], x: float, default: str) -> str:
    return next((c for a, b, c in runs if a <= x <= b), default)


def with_body(bust: str, role: Role) -> str:
    """A bust with the rest of the body below it, on a view box of 32 by 57."""
    runs = bottom_row(bust)
    main = (
        max(runs, key=lambda r: (min(r[1], 23) - max(r[0], 9)) if r[2] not in HAND_COLOURS else -9)[2]
        if runs
        else role.legs
    )
    parts = []
    for x, hand_x in ((7.0, 5.0), (25.0, 23.0)):
        colour = at(runs, x, main)
        if colour in HAND_COLOURS:
            a, b, _ = next(r for r in runs if r[0] <= x <= r[1])
            parts.append(rect(a, 28, b - a, 5, colour, 2))
        else:
            parts.append(rect(hand_x + 0.1, 34, 3.8, 6.4, role.hand, 1.9))
            parts.append(rect(hand_x, 28.6, 4, 8.4, colour, 1))
    if role.robe:
        parts.append(rect(10.4, 51, 4.8, 4.6, role.shoes, 1.6) + rect(16.8, 51, 4.8, 4.6, role.shoes, 1.6))
        parts.append(path("M9 29.4h14l3.2 22.4q.2 1.6-1.4 1.6H7.2q-1.6 0-1.4-1.6z", role.robe))
        thin = [(a, b, c) for a, b, c in runs if 9 <= (a + b) / 2 <= 23 and b - a < 2 and c not in HAND_COLOURS]
        parts.extend(rect(a, 29.4, b - a, 24, c) for a, b, c in thin)
    else:
        parts.append(
            rect(10, 39, 5.4, 14, role.legs, 1) + rect(16.6, 39, 5.4, 14, role.legs, 1) + rect(10, 38, 12, 5, role.legs)
        )
        parts.append(path("M8.4 55.6q0-3.6 3-3.6h4v3.6zM23.6 55.6q0-3.6-3-3.6h-4v3.6z", role.shoes))
        strips = "".join(
            rect(max(a, 9), 29.4, min(b, 23) - max(a, 9), 11, c)
            for a, b, c in runs
            if min(b, 23) - max(a, 9) > 0.4 and c not in HAND_COLOURS
        )
        parts.append(rect(9, 28.4, 14, 12, main, 1) + strips)
    return "".join(parts) + bust


def body(
    sleeve: str,
    torso: str,
    legs: str,
    shoes: str,
    skin: str = SKIN,
    *,
    dress: str = "",
    short: bool = False,
    bare: bool = False,
    detail: str = "",
) -> str:
    """A body for a head alone, its neck at (16, 19).

    Args:
        sleeve: Colour of the sleeves.
        torso: Colour of the upper garment.
        legs: Colour of the trousers, or of the legs under a dress.
        shoes: Colour of the shoes.
        skin: Colour of the hands and neck.
        dress: Colour of a skirt.
        short: A child's shorter legs.
        bare: Bare forearms and legs below the knee.
        detail: Markup on top.
    """  # fmt: skip
    hip = 36.0 if not short else 33.0
    ground = 56.0 if not short else 47.0
    out = [rect(13.6, 16, 4.8, 6, skin)]
    for x in (5.6, 22.6):
        out.append(rect(x, 21, 3.8, hip - 20, skin, 1.9))
        out.append(rect(x, 21, 3.8, hip - 23 - (6 if bare else 0), sleeve, 1.9))
    for x in (10.4, 16.6):
        out.append(rect(x, hip - 2, 5, ground - hip, skin if bare or dress else legs, 0.8))
        if bare and not dress:
            out.append(rect(x, hip - 2, 5, (ground - hip) * 0.5, legs, 0.8))
    out.append(path(f"M8.6 {ground:g}q0-3.6 3-3.6h3.8v3.6zM23.4 {ground:g}q0-3.6-3-3.6h-3.8v3.6z", shoes))
    out.append(path(f"M9.4 {hip + 1:g}V22q0-2.6 2.6-2.6h8q2.6 0 2.6 2.6v{hip - 21:g}z", torso))
    if dress:
        out.append(path(f"M9.8 {hip - 8:g}h12.4l4 {ground - hip - 1:g}q-10 3-20.4 0z", dress))
    else:
        out.append(path(f"M9.6 {hip:g}h12.8v3.4q0 1-1 1H10.6q-1 0-1-1z", legs))
    return "".join(out) + detail


def head(face: str, scale: float = 0.66, top: float = 0.0) -> str:
    """A Fluent face over the neck; its chin is at about y = 20."""
    return f'<g transform="matrix({scale:g} 0 0 {scale:g} {16 - 16 * scale:g} {top:g})">{face}</g>'


def whole_people(faces: dict[str, str]) -> dict[str, tuple[int, int, str, tuple[str, ...]]]:
    """Title to view box, markup and keywords of the people made from faces.

    Args:
        faces: Cleaned markup of Fluent icons by name.
    """
    button = circle(16, 25, 0.7, "#f4f4f4") + circle(16, 29, 0.7, "#f4f4f4") + circle(16, 33, 0.7, "#f4f4f4")
    belt = rect(9.4, 34, 13.2, 2.6, "#1c1c1c") + rect(14.4, 33.8, 3.2, 3, "#fcd53f", 0.5)
    pirate_hat = (
        path("M6 7.4C8 1.6 24 1.6 26 7.4q2.4-2.4 3.6-1-2 5.2-13.6 5.2T2.4 6.4q1.2-1.4 3.6 1z", "#321b41")
        + circle(16, 5.6, 1.9, "#f4f4f4") + line("M13.6 8.6l4.8-1.4M18.4 8.6l-4.8-1.4", "#f4f4f4", 0.7)
    )  # fmt: skip
    patch = line("M8.6 9.6L22 13", "#1c1c1c", 0.7) + circle(18.8, 13, 2.1, "#1c1c1c")
    cowboy_hat = path("M11 7.2C11 3 12.6.8 14.4 1.4q1.6.8 3.2 0C19.4.8 21 3 21 7.2q6 .2 8-2.2-1 5.4-13 5.4T3 5q2 2.4 8 2.2z", "#a56953") + rect(
        10.9, 5.6, 10.2, 1.7, "#6d4534")  # fmt: skip
    helmet = (
        path("M7.4 19V9.6a8.6 8.6 0 0 1 17.2 0V19q-8.6 3-17.2 0z", "#b9c1c9") + rect(9, 9.4, 14, 3.2, "#321b41", 1)
        + line("M11 15h10M11.6 17h8.8", "#636363", 0.9) + path("M16 1.4q5-3 9 1.6-4 .4-6 2.6z", "#f8312f") + rect(15.4, 1, 1.2, 8.6, "#9b9b9b")
    )  # fmt: skip
    viking = (
        path("M7.4 10a8.6 8.6 0 0 1 17.2 0z", "#9b9b9b") + rect(7, 8.6, 18, 2.4, "#d3883e", 1) + path("M7.6 7Q1.6 6 3 0q2 4 6.4 4zM24.4 7q6-1 4.6-7-2 4-6.4 4z", "#fff1de")
    )  # fmt: skip
    crown = path("M9.6 7.4L8 1l4.4 3L16 0l3.6 4L24 1l-1.6 6.4z", "#fcd53f") + circle(16, 5.4, 0.9, "#f8312f")
    witch_hat = path("M3 9.6Q16 5.6 29 9.6q-13 3.6-26 0z", "#433b6b") + path("M9 8.4L18-5l5 13.4q-7-1.6-14 0z", "#433b6b") + path("M10 7l12.2.2.6 1.6Q16 7.4 9 8.6z", "#8d65c5")  # fmt: skip
    robot = (
        "".join(rect(x, 22, 4.4, 13, "#9b9b9b", 2) + circle(x + 2.2, 37, 2.8, "#636363") for x in (3.6, 24))
        + rect(11, 38, 4.4, 14, "#9b9b9b", 1) + rect(16.6, 38, 4.4, 14, "#9b9b9b", 1) + rect(8.8, 51, 7, 5, "#636363", 2)
        + rect(16.2, 51, 7, 5, "#636363", 2) + rect(13.6, 17, 4.8, 5, "#636363") + rect(8, 20, 16, 20, "#d3d3d3", 3)
        + rect(11, 24, 10, 7, "#321b41", 1) + circle(13.4, 27.5, 1.2, "#00d26a") + circle(16, 27.5, 1.2, "#fcd53f") + circle(18.6, 27.5, 1.2, "#f8312f")
    )  # fmt: skip
    alien = body("#86d72f", "#86d72f", "#86d72f", "#5fa81c", "#86d72f", short=True)
    skirt = "#ff5b9a"
    armour = path("M9.4 37V22q0-2.6 2.6-2.6h8q2.6 0 2.6 2.6v15z", "#b9c1c9") + line("M16 20v16M11 28h10", "#7f8993", 0.8) + rect(9.4, 34, 13.2, 2.4, "#8c5543")  # fmt: skip
    stripes = "".join(rect(9.4, y, 13.2, 1.8, "#f8312f") for y in (22, 26, 30))
    cross = rect(15.2, 23, 1.6, 5, "#f8312f") + rect(13.5, 24.7, 5, 1.6, "#f8312f")
    white_beard = path("M8.2 11q1 8.6 7.8 11 6.8-2.4 7.8-11-2.6 4-7.8 4t-7.8-4z", "#f4f4f4")
    made = {
        "man": (head(faces["man"]), body("#00a6ed", "#00a6ed", "#433b6b", "#321b41"), ("male", "guy", "gentleman", "dad", "father", "husband", "adult")),
        "woman": (head(faces["woman"]), body("#8d65c5", "#8d65c5", "", "#533566", dress="#8d65c5"), ("female", "lady", "mother", "mum", "mom", "wife", "adult")),
        "person": (head(faces["person"]), body("#ff822d", "#ff822d", "#636363", "#321b41"), ("human", "someone", "adult", "people")),
        "boy": (head(faces["boy"], 0.7), body("#f8312f", "#f8312f", "#0074ba", "#321b41", short=True, bare=True), ("child", "kid", "son", "brother", "lad")),
        "girl": (head(faces["girl"], 0.7), body(skirt, skirt, "", "#ca0b4a", dress=skirt, short=True, bare=True), ("child", "kid", "daughter", "sister")),
        "child": (head(faces["child"], 0.7), body("#fcd53f", "#00d26a", "#0084ce", "#321b41", short=True, bare=True), ("kid", "boy", "girl", "toddler")),
        "old man": (head(faces["old-man"]), body("#a56953", "#a56953", "#636363", "#321b41", detail=button), ("grandfather", "grandpa", "elderly", "senior", "granddad")),
        "old woman": (head(faces["old-woman"]), body("#ca0b4a", "#ca0b4a", "", "#321b41", dress="#8c5ba8"), ("grandmother", "grandma", "granny", "elderly", "senior")),
        "teacher": (head(faces["woman-blonde-hair"])
                    + line("M11.4 12.8a1.9 1.9 0 1 0 3.8 0a1.9 1.9 0 1 0-3.8 0M16.8 12.8a1.9 1.9 0 1 0 3.8 0a1.9 1.9 0 1 0-3.8 0M15.2 12.6h1.6", "#321b41", 0.6),
                    body("#00a67c", "#00a67c", "", "#321b41", dress="#433b6b", detail=rect(20.6, 28, 7.6, 9, "#f8312f", 0.8) + rect(21.6, 28, 1, 9, "#ca0b4a")),
                    ("schoolteacher", "professor", "instructor", "tutor")),
        "pirate": (head(faces["man-beard"]) + patch + pirate_hat, body("#f4f4f4", "#f4f4f4", "#433b6b", "#1c1c1c", detail=stripes
                   + path("M9.4 37V22q0-2.6 2.6-2.6h.6V37zM22.6 37V22q0-2.6-2.6-2.6h-.6V37z", "#8c5543") + belt), ("buccaneer", "captain", "corsair", "sailor")),
        "cowboy": (head(faces["man"]) + cowboy_hat, body("#ca5a3c", "#ca5a3c", "#4c6fae", "#8c5543", detail=path("M12 19.4h8l-4 5z", "#fcd53f")
                   + path("M9.4 36V22q0-2.6 2.6-2.6l1.4 16.6zM22.6 36V22q0-2.6-2.6-2.6l-1.4 16.6z", "#8c5543") + belt), ("rancher", "western", "sheriff", "gunslinger")),
        "knight": (helmet, body("#9b9b9b", "#b9c1c9", "#9b9b9b", "#636363", "#7f8993", detail=armour), ("armour", "armor", "warrior", "medieval", "paladin", "soldier")),
        "viking": (head(faces["man-beard"]) + viking, body("#8c5543", "#a56953", "#6d4534", "#321b41", detail=belt), ("warrior", "norse", "barbarian")),
        "queen": (head(faces["woman"]) + crown, body("#ca0b4a", "#ca0b4a", "", "#533566", dress="#ca0b4a", detail=rect(15, 22, 2, 29, "#fcd53f")), ("royal", "monarch", "crown", "ruler")),
        "santa claus": (head(faces["santa-claus"]), body("#f8312f", "#f8312f", "#f8312f", "#1c1c1c", "#f4f4f4", detail=rect(15, 20, 2, 16, "#f4f4f4") + belt), ("father christmas", "christmas", "saint nick", "santa")),
        "clown": (head(faces["clown-face"]), body("#fcd53f", "#8d65c5", "#00a6ed", "#f8312f", "#f4f4f4", detail="".join(circle(16, y, 1.3, "#f8312f") for y in (24, 28.5, 33))
                  + path("M9 19q7-3 14 0l-1.4 3-2.8-1.4-2.8 1.8-2.8-1.8L10.4 22z", "#f4f4f4")), ("circus", "jester", "joker")),
        "robot": (head(faces["robot"], 0.68), robot, ("android", "machine", "droid", "automaton")),
        "alien": (head(faces["alien"], 0.72), alien, ("extraterrestrial", "martian", "ufo", "space creature")),
        "nurse": (head(faces["woman"]) + path("M11 5.6q5-3.4 10 0l-.8 2.8q-4.2-1.6-8.4 0z", "#f4f4f4") + rect(15.5, 4.4, 1, 3, "#f8312f") + rect(14.5, 5.4, 3, 1, "#f8312f"),
                  body("#bfe6ff", "#bfe6ff", "", "#f4f4f4", dress="#bfe6ff", detail=cross), ("doctor", "medic", "hospital", "carer")),
        "soldier": (head(faces["man"]) + path("M7.6 9.6a8.4 8.4 0 0 1 16.8 0q1.4.6 1.2 2Q16 8.4 6.4 11.6q-.2-1.4 1.2-2z", "#5e7a3a"), body("#6f8f45", "#6f8f45", "#5e7a3a", "#321b41", detail=belt), ("army", "military", "trooper")),
        "sailor": (head(faces["man"]) + path("M9 6.6h14l1 3.4Q16 7.6 8 10z", "#f4f4f4") + ellipse(16, 5.6, 8.4, 2.6, "#f4f4f4") + rect(8.6, 7.4, 14.8, 1.6, "#0074ba", 0.8), body("#f4f4f4", "#f4f4f4", "#0074ba", "#1c1c1c", detail=path("M11 19.4h10l-5 8z", "#0074ba")), ("seaman", "navy", "mariner")),
        "gardener": (head(faces["woman"]) + path("M4 8.6q12-3.6 24 0-12 3.4-24 0z", "#f3c260") + path("M9.6 7.6q1-6 6.4-6t6.4 6q-6.4-1.6-12.8 0z", "#f3c260") + path("M9.6 7.4q6.4-1.6 12.8 0v1q-6.4-1.4-12.8 0z", "#00a67c"), body("#f4b7c3", "#f4b7c3", "#0084ce", "#00a67c", detail=rect(11.6, 26, 8.8, 12, "#0084ce", 1) + rect(11.6, 19.6, 1.6, 8, "#0084ce") + rect(18.8, 19.6, 1.6, 8, "#0084ce")), ("farmer", "florist", "planter")),
        "scarecrow": (head(faces["man"]) + path("M4 8.6q12-3.6 24 0-12 3.4-24 0z", "#d3983e") + path("M10 7.6l4-8 4 1 4 7q-6-1.6-12 0z", "#d3983e"), rect(2, 21.4, 28, 4, "#f8663d", 1.6) + line("M2 23l-2-2M2 24.4l-2 2M30 23l2-2M30 24.4l2 2", "#f3c23c", 1)
                      + rect(15, 38, 2, 18, "#7d4533") + path("M10 20h12v18l-3-1-3 2-3-2-3 1z", "#f8663d") + path("M10 30h12v9l-2 4-4-3-4 3-2-4z", "#4c6fae"), ("straw man", "farm", "field")),
        "snow queen": (head(faces["woman-white-hair"]) + crown, body("#9bd8ff", "#9bd8ff", "", "#0074ba", dress="#9bd8ff", detail=rect(15, 22, 2, 29, "#e9f7ff")), ("ice queen", "fairy tale", "winter")),
        "halloween witch": (head(faces["woman-red-hair"]) + witch_hat, body("#433b6b", "#433b6b", "", "#1c1c1c", dress="#433b6b", detail=rect(9.4, 32, 13.2, 2.2, "#8d65c5")), ("witch", "sorceress", "broom")),
        "dwarf": (head(faces["man-beard"], 0.72) + path("M7 10Q8 0 19-3q6 6 6 13-9-3-18 0z", "#f8312f") + white_beard, body("#0084ce", "#0084ce", "#8c5543", "#321b41", short=True, detail=rect(9.4, 30, 13.2, 2.4, "#6d4534") + rect(14.4, 29.6, 3.2, 3.2, "#fcd53f", 0.5)), ("gnome", "garden gnome", "fantasy", "lawn gnome")),
        "diver": (
            head(faces["man"]) + rect(9.4, 8.6, 13.2, 6, "#321b41", 2.4) + rect(10.4, 9.6, 11.2, 4, "#83cbff", 1.8) + line("M25 14v-9", "#f9a23c", 1.6) + line("M25 14q-2 3-6 2.4", "#f9a23c", 1.2),
            rect(11, 17, 10, 16, "#f9a23c", 3) + body("#3b3b4d", "#3b3b4d", "#3b3b4d", "#00a6ed", detail=rect(9.4, 34, 13.2, 2.2, "#f9a23c") + line("M12 20v14M20 20v14", "#f9a23c", 1)),
            ("scuba diver", "frogman", "snorkeller", "swimmer"),
        ),
        "fisherman": (
            head(faces["man-beard"]) + path("M5 8.8q11-3.4 22 0-11 3-22 0z", "#5e7a3a") + path("M9.6 7.8q1-6 6.4-6t6.4 6q-6.4-1.6-12.8 0z", "#6f8f45"),
            body("#a56953", "#a56953", "#5e7a3a", "#321b41", detail=path("M11 24h10v12H11z", "#6f8f45") + line("M25 33L30 4", "#7d4533", 0.9) + line("M30 4q2.6 12 1 26", "#9b9b9b", 0.4)),
            ("angler", "fisher", "fishing"),
        ),
        "photographer": (
            head(faces["woman"]),
            body("#433b6b", "#433b6b", "#636363", "#321b41", detail=line("M12 20l1.4 7M20 20l-1.4 7", "#1c1c1c", 0.9) + rect(11, 26, 10, 7, "#321b1b", 1.2) + circle(16, 29.6, 2.6, "#9b9b9b") + circle(16, 29.6, 1.6, "#00a6ed") + rect(17.4, 24.9, 2.4, 1.6, "#321b1b", 0.5)),
            ("cameraman", "camera", "paparazzi", "journalist", "reporter"),
        ),
    }  # fmt: skip
    lower = {"boy", "girl", "child", "alien", "dwarf"}
    raised = {"halloween witch": 6, "dwarf": 4}
    result = {}
    for title, (top, under, words) in made.items():
        lift = raised.get(title, 1)
        height = (48 if title in lower else HEIGHT) + lift
        result[title] = (WIDTH, height, f'<g transform="translate(0 {lift})">{under}{top}</g>', tuple(words))
    return result
