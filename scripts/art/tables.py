"""Hand-kept knowledge about the drawings: what is left out, what they are, where they belong, which way they look."""

# ruff: noqa: E501 - tables read best with one thing to a line, however long

from __future__ import annotations

import re
from dataclasses import dataclass

from .nouns import NOUNS
from .sources import Raw

# Emojibase subgroup: category, habitat, form, height in metres. None leaves the subgroup out.
SUBGROUPS: dict[str, tuple[str, str, str, float] | None] = {
    "face-smiling": ("emotion", "ground", "face", 0.25), "face-affection": ("emotion", "ground", "face", 0.25),
    "face-tongue": ("emotion", "ground", "face", 0.25), "face-hand": ("emotion", "ground", "face", 0.25),
    "face-neutral-skeptical": ("emotion", "ground", "face", 0.25), "face-sleepy": ("emotion", "ground", "face", 0.25),
    "face-unwell": ("emotion", "ground", "face", 0.25), "face-hat": ("emotion", "ground", "face", 0.25),
    "face-glasses": ("emotion", "ground", "face", 0.25), "face-concerned": ("emotion", "ground", "face", 0.25),
    "face-negative": ("emotion", "ground", "face", 0.25), "face-costume": ("fantasy", "ground", "face", 0.25),
    "cat-face": ("emotion", "ground", "face", 0.25), "monkey-face": ("emotion", "ground", "face", 0.25),
    "heart": ("symbol", "sky", "symbol", 0.3), "emotion": ("symbol", "sky", "symbol", 0.3),
    "hand-fingers-open": ("body", "ground", "part", 0.2), "hand-fingers-partial": ("body", "ground", "part", 0.2),
    "hand-single-finger": ("body", "ground", "part", 0.2), "hand-fingers-closed": ("body", "ground", "part", 0.2),
    "hands": ("body", "ground", "part", 0.2), "hand-prop": ("body", "ground", "part", 0.2),
    "body-parts": ("body", "ground", "part", 0.2),
    "person": ("person", "ground", "part", 1.7), "person-gesture": ("person", "ground", "part", 1.7),
    "person-role": ("person", "ground", "part", 1.7), "person-fantasy": ("fantasy", "ground", "part", 1.7),
    "person-activity": ("person", "ground", "whole", 1.7), "person-sport": ("person", "ground", "whole", 1.7),
    "person-resting": ("person", "ground", "part", 1.2), "family": ("person", "ground", "whole", 1.7),
    "person-symbol": None, "skin-tone": None, "hair-style": None,
    "animal-mammal": ("animal", "ground", "whole", 0.9), "animal-bird": ("bird", "ground", "whole", 0.35),
    "animal-amphibian": ("animal", "ground", "whole", 0.12), "animal-reptile": ("animal", "ground", "whole", 0.4),
    "animal-marine": ("fish", "underwater", "whole", 0.4), "animal-bug": ("insect", "ground", "whole", 0.04),
    "plant-flower": ("flower", "ground", "whole", 0.5), "plant-other": ("plant", "ground", "whole", 0.6),
    "food-fruit": ("fruit", "table", "whole", 0.09), "food-vegetable": ("vegetable", "table", "whole", 0.15),
    "food-prepared": ("food", "table", "whole", 0.12), "food-asian": ("food", "table", "whole", 0.12),
    "food-sweet": ("food", "table", "whole", 0.12), "drink": ("drink", "table", "whole", 0.16),
    "dishware": ("dish", "table", "whole", 0.2),
    "place-map": ("object", "wall", "whole", 0.6), "place-geographic": ("landscape", "ground", "scene", 60.0),
    "place-building": ("building", "ground", "whole", 9.0), "place-religious": ("building", "ground", "whole", 14.0),
    "place-other": ("landscape", "ground", "scene", 30.0),
    "transport-ground": ("vehicle", "ground", "whole", 1.7), "transport-water": ("boat", "water", "whole", 3.0),
    "transport-air": ("aircraft", "sky", "whole", 6.0), "hotel": ("object", "ground", "whole", 0.6),
    "time": ("object", "table", "whole", 0.25), "sky-weather": ("weather", "sky", "whole", 3.0),
    "event": ("object", "ground", "whole", 0.4), "award-medal": ("object", "table", "whole", 0.3),
    "sport": ("sport", "ground", "whole", 0.3), "game": ("toy", "table", "whole", 0.2),
    "arts-crafts": ("object", "table", "whole", 0.3), "clothing": ("clothing", "wearable", "whole", 0.4),
    "sound": ("object", "ground", "whole", 0.3), "music": ("object", "table", "whole", 0.25),
    "musical-instrument": ("instrument", "ground", "whole", 0.7), "phone": ("device", "table", "whole", 0.18),
    "computer": ("device", "table", "whole", 0.4), "light-video": ("device", "table", "whole", 0.3),
    "book-paper": ("object", "table", "whole", 0.25), "money": ("object", "table", "whole", 0.1),
    "mail": ("object", "table", "whole", 0.25), "writing": ("tool", "table", "whole", 0.18),
    "office": ("object", "table", "whole", 0.2), "lock": ("tool", "table", "whole", 0.12),
    "tool": ("tool", "table", "whole", 0.3), "science": ("tool", "table", "whole", 0.3),
    "medical": ("tool", "table", "whole", 0.2), "household": ("object", "ground", "whole", 0.4),
    "other-object": ("object", "ground", "whole", 0.4),
    "transport-sign": None, "warning": None, "arrow": None, "religion": None, "zodiac": None, "av-symbol": None,
    "gender": None, "math": None, "punctuation": ("symbol", "sky", "symbol", 0.4), "currency": None,
    "other-symbol": None, "keycap": None, "alphanum": None, "geometric": ("symbol", "sky", "symbol", 0.4),
    "flag": None, "country-flag": None, "subdivision-flag": None, "extra": ("object", "ground", "whole", 0.5),
}  # fmt: skip

NOTO_EXTRAS = {
    "lighthouse": "lighthouse", "meteor": "meteor", "monarch-butterfly": "monarch butterfly",
    "net-with-handle": "butterfly net", "pickle": "pickle", "eraser": "eraser",
}  # fmt: skip
NEVER = {"middle finger", "kaaba", "place of worship", "no smoking", "prayer beads"}


# Whole titles that are never taken: gestures that offend, tobacco, texts, maps, sheets.
LEFT_OUT = re.compile(
    r"middle finger|no smoking|kaaba|place of worship|prayer beads|^family:|map of japan|input |button$"
    r"|^kiss|couple with heart|hot springs|pregnant|breast|feeding baby|sake bar|love hotel|bunny ears"
    r"|thirty$|^(one|two|four|five|six|seven|eight|nine|eleven|twelve) o.clock|speaker|bell with slash|banknote"
    r"|hamsa|identification card|name badge|japanese symbol|bikini|briefs|pistol|^bomb$|mx claus|love letter$|^(red|green|white) dragon$"
)
HEADS = {
    "bear", "boar", "chicken", "fox", "frog", "hamster", "koala", "lion", "moose", "panda", "polar bear", "unicorn",
    "wolf", "robot", "alien", "clown face", "ogre", "goblin", "skull", "santa claus", "mrs. claus", "baby angel",
    "pig nose", "wind face", "jack-o-lantern-face",
}  # fmt: skip
HEAD_IDS = {"fluent:raccoon"}
WHOLE = {
    "ghost", "pile of poo", "alien monster", "fairy", "man fairy", "woman fairy", "mermaid", "merman", "merperson",
    "genie", "man genie", "woman genie", "hairy creature", "person in bed", "person in lotus position",
    "man in lotus position", "woman in lotus position", "person taking bath", "ballet dancer",
}  # fmt: skip
WHOLE_IDS = {
    "noto:superhero", "noto:man-superhero", "noto:woman-superhero", "noto:supervillain", "noto:man-supervillain",
    "noto:woman-supervillain", "noto:troll", "noto:person-superhero", "noto:person-supervillain",
}  # fmt: skip
SCENES = {
    "bridge at night", "cityscape", "cityscape at dusk", "night with stars", "sunset", "sunrise", "fog", "foggy",
    "sunrise over mountains", "national park", "desert", "desert island", "camping", "beach with umbrella", "milky way",
    "motorway", "railway track", "airplane arrival", "airplane departure", "metro", "station", "mountain railway",
    "fireworks", "sparkler", "moon viewing ceremony", "carp streamer", "landslide", "umbrella on ground", "bus stop",
    "person mountain biking", "man mountain biking", "woman mountain biking", "person climbing", "man climbing",
    "woman climbing", "hole", "world map", "suspension railway",
}  # fmt: skip
SCENE_IDS = {
    "fluent:shooting-star", "noto:shooting-star", "fluent:sailboat", "fluent:canoe", "fluent:speedboat",
    "fluent:motor-boat", "fluent:ferry", "fluent:passenger-ship", "fluent:ship", "fluent:moai-scene",
    "noto:camping", "fluent:teacher", "fluent:man-teacher", "fluent:woman-teacher",
}  # fmt: skip
PARTS = {"bullet train", "light rail", "monorail", "high-speed train", "tram car", "tooth", "bone", "eye", "eyes"}
SYMBOLS = {
    "cyclone", "paw prints", "footprints", "sparkles", "fleur-de-lis", "musical note", "musical notes", "recycling symbol",
    "anger symbol", "hundred points", "dizzy", "collision", "sweat droplets", "dashing away", "zzz", "white flower",
    "trident emblem", "musical score", "money with wings", "chart increasing", "chart decreasing", "bar chart",
    "chart increasing with yen", "radioactive", "biohazard", "fingerprint", "splatter",
}  # fmt: skip
# Single emoji of subgroups that are left out as a whole.
KEPT = {
    "stop sign": ("object", "ground", "whole", 2.4), "construction": ("object", "ground", "whole", 1.0),
    "check mark": ("symbol", "sky", "symbol", 0.4), "cross mark": ("symbol", "sky", "symbol", 0.4),
    "recycling symbol": ("symbol", "sky", "symbol", 0.4), "trident emblem": ("symbol", "sky", "symbol", 0.4),
    "fleur-de-lis": ("symbol", "sky", "symbol", 0.4), "yin yang": ("symbol", "sky", "symbol", 0.4),
    "peace symbol": ("symbol", "sky", "symbol", 0.4), "infinity": ("symbol", "sky", "symbol", 0.4),
    "pirate flag": ("object", "ground", "whole", 1.5), "chequered flag": ("object", "ground", "whole", 1.0),
    "triangular flag": ("object", "ground", "whole", 2.0), "white flag": ("object", "ground", "whole", 1.5),
    "black flag": ("object", "ground", "whole", 1.5), "warning": ("symbol", "sky", "symbol", 0.5),
    "footprints": ("symbol", "ground", "symbol", 0.3),
}  # fmt: skip
RIGHT = {
    "airplane", "small airplane", "airplane arrival", "airplane departure", "rocket", "satellite antenna",
}  # fmt: skip
FRONT = {
    "bat", "beetle", "butterfly", "monarch butterfly", "lady beetle", "crab", "lobster", "spider", "spider web",
    "jellyfish", "octopus", "squid", "owl", "lizard", "cockroach", "coral", "feather", "front-facing baby chick",
    "hatching chick", "microbe", "oyster", "paw prints", "spiral shell", "sloth", "scorpion", "train", "tram", "metro",
    "station", "oncoming automobile", "oncoming bus", "oncoming police car", "oncoming taxi", "anchor", "bus stop",
    "construction", "fuel pump", "horizontal traffic light", "vertical traffic light", "stop sign", "oil drum",
    "police car light", "ring buoy", "wheel", "parachute", "flying saucer", "motorway", "railway track", "satellite",
    "aerial tramway", "mountain cableway", "suspension railway", "skateboard", "railway car", "mountain railway",
    "peacock", "wing", "starfish", "orangutan", "hot air balloon", "shopping basket", "red lorry", "canoe",
}  # fmt: skip
FACES_BY_ID = {
    **dict.fromkeys(
        ("clipart:" + name for name in (
            "armadillo", "purple-butterfly", "dragonfly", "praying-mantis", "stegosaurus", "triceratops", "pterodactyl",
            "angelfish", "grizzly-bear", "lion", "labrador", "boxer-dog", "galloping-horse", "trotting-horse", "sleeping-cat",
            "spotted-cow", "coach", "dump-truck", "seagull", "ostrich", "wagon", "bucket-and-sponge")), "right"),
    "spectacle:cannon": "right",
    **dict.fromkeys(("clipart:great-dane", "clipart:siamese-cat", "clipart:yacht"), "front"),
    **dict.fromkeys(
        ("spectacle:frog", "spectacle:koala", "spectacle:hamster", "spectacle:shopping-trolley"), "front"),
    "fluent:snake": "right", "fluent:fly": "front", "fluent:penguin": "front",
    "noto:dog": "front", "noto:phoenix": "front", "noto:turkey": "left", "noto:scorpion": "front",
}  # fmt: skip
# Where a rider's or sitter's foot goes: `top` is the ink's upper edge in the middle; a number is a share of the box.
SEATS: dict[str, str | float] = {
    "power line": 0.17, "iceberg": 0.42,
    **dict.fromkeys(
        (
            "horse", "galloping horse", "trotting horse", "unicorn", "donkey", "camel", "cow", "ox", "elephant",
            "mammoth", "zebra", "llama", "bison", "water buffalo", "rhinoceros", "hippopotamus", "lion", "tiger", "deer",
            "moose", "bear", "polar bear", "sauropod", "brontosaurus", "triceratops", "turtle", "whale", "dolphin", "pig",
            "goat", "ewe", "ram", "wolf", "giraffe", "ostrich", "kangaroo", "crocodile", "dragon", "fox",
            "automobile", "taxi", "bus", "police car", "sport utility vehicle", "minibus", "truck", "ambulance",
            "dining table", "wooden table", "long table", "rock", "wood", "barrel", "fence", "package", "cardboard box",
            "skateboard", "kick scooter", "sledge", "surfboard", "stepladder", "treasure chest", "oil drum", "washing machine",
            "oven", "refrigerator", "cabinet", "television", "pile of books", "books", "tractor", "house", "hut", "barn",
            "train", "haystack", "mushroom", "toadstool", "tree", "bridge", "wardrobe", "bookshelf", "log cabin",
            "cottage", "apartment building", "skyscraper", "locomotive", "spotted cow", "stegosaurus", "microwave", "desk", "table", "wall", "rug", "piano", "snowboard", "pillow",
        ),
        "top",
    ),
}  # fmt: skip


@dataclass(slots=True)
class Description:
    """What is known of a drawing without looking at it."""

    category: str
    habitat: str
    form: str
    height_m: float
    faces: str = "front"
    seat: str | float | None = None


def noun_row(title: str) -> tuple[str, str, float] | None:
    """The row of the longest ending of a title that has one, or of what stands before `with` or `of`."""
    words = title.split()
    for start in range(len(words)):
        row = NOUNS.get(" ".join(words[start:]))
        if row:
            return row
    before = re.split(r" (?:with|of|in|and|on) ", title)[0]
    return noun_row(before) if before != title else None


def describe(raw: Raw) -> Description | None:
    """What is known of a drawing, or None when it is left out."""
    subgroup = raw.group.rpartition("/")[2]
    title = raw.title
    if LEFT_OUT.search(title):
        return None
    if raw.source in ("fluent", "noto"):
        row = KEPT.get(title) or SUBGROUPS.get(subgroup)
        if row is None:
            return None
        description = Description(*row)
        known = NOUNS.get(title)
    elif raw.source == "flags":
        description = Description("object", "ground", "whole", 2.0)
        known = None
    else:
        description = Description("object", "ground", "whole", 0.4)
        known = noun_row(title)
    if raw.extra:
        description = Description(
            raw.extra["category"],
            "ground",
            "whole",
            float(raw.extra.get("height", 1.7)),
            raw.extra.get("faces", "front"),
        )
    if known and description.form in ("whole", "scene"):
        description.category, description.habitat, description.height_m = known
    description.form = form_of(raw, description.form)
    if description.form == "face" and description.category in ("animal", "bird"):
        description.height_m *= 0.5
    if description.category in ("person", "fantasy") and description.form in ("face", "part"):
        description.height_m = 0.3 if description.form == "face" else 0.8
    if description.category in ("person", "fantasy") and re.search(
        r"swimming|surfing|rowing|water polo|mer(maid|man|person)", title
    ):
        description.habitat = "water"
    description.faces = faces_of(raw, description)
    if description.form in ("whole", "scene"):
        description.seat = SEATS_BY_ID.get(raw.id, SEATS.get(title))
    return description


def form_of(raw: Raw, form: str) -> str:
    title, emoji = raw.title, raw.source in ("fluent", "noto")
    if raw.id in SCENE_IDS or (emoji and title in SCENES):
        return "scene"
    if raw.id in WHOLE_IDS or (title in WHOLE and emoji):
        return "whole"
    if emoji and (title in HEADS or raw.id in HEAD_IDS or (title.endswith(" face") and "moon" not in title)):
        return "face"
    if emoji and raw.group.endswith("/person") and raw.source == "fluent":
        return "face"
    if emoji and raw.group.endswith("/person") and raw.source == "noto" and not title.startswith(("deaf",)):
        return "face" if ":" not in title or "beard" in title else "part"
    if emoji and re.search(r"getting (haircut|massage)|steamy room|juggling", title) and "juggling" not in title:
        return "part"
    if title in PARTS and emoji:
        return "part"
    if title in SYMBOLS:
        return "symbol"
    return form


def faces_of(raw: Raw, description: Description) -> str:
    title = raw.title
    if raw.id in FACES_BY_ID:
        return FACES_BY_ID[raw.id]
    if title.endswith("facing right") or title in RIGHT:
        return "right"
    if title in FRONT or description.form == "face":
        return "front"
    if description.category in ("animal", "bird", "fish", "insect", "vehicle", "boat", "aircraft"):
        return "left"
    if re.search(r"walking|running|with white cane|wheelchair|biking|rowing|swimming|surfing|skier|kneeling", title):
        return "left"
    return description.faces


SEATS_BY_ID: dict[str, float] = {
    "fluent:dog": 0.36, "clipart:dachshund": 0.3, "fluent:chair": 0.5, "noto:chair": 0.52, "fluent:bed": 0.3, "noto:bed": 0.47, "fluent:couch-and-lamp": 0.75,
    "noto:couch-and-lamp": 0.7, "fluent:seat": 0.7, "noto:seat": 0.62, "fluent:toilet": 0.43, "noto:toilet": 0.5,
    "fluent:bathtub": 0.5, "noto:bathtub": 0.5, "noto:sailboat": 0.82, "fluent:sailboat": 0.62, "noto:canoe": 0.38,
    "fluent:canoe": 0.45, "noto:speedboat": 0.35, "fluent:speedboat": 0.4, "noto:motor-boat": 0.55,
    "fluent:motor-boat": 0.5, "noto:bicycle": 0.1, "fluent:bicycle": 0.18, "noto:motorcycle": 0.38,
    "fluent:motorcycle": 0.38, "noto:motor-scooter": 0.48, "fluent:motor-scooter": 0.36, "noto:pickup-truck": 0.42,
    "fluent:pickup-truck": 0.45, "noto:carousel-horse": 0.45, "fluent:carousel-horse": 0.45,
    "noto:manual-wheelchair": 0.45, "fluent:manual-wheelchair": 0.5, "noto:motorized-wheelchair": 0.5,
    "fluent:motorized-wheelchair": 0.5, "spectacle:sofa": 0.52, "spectacle:armchair": 0.52, "spectacle:bench": 0.5,
    "spectacle:swing": 0.67, "spectacle:office-desk-chair": 0.54, "spectacle:stool": 0.03, "spectacle:throne": 0.63,
    "spectacle:rowing-boat": 0.3, "spectacle:hammock": 0.6, "spectacle:submarine": 0.35, "clipart:wooden-chair": 0.5, "clipart:wagon": 0.56,
    "clipart:sledge": 0.3, "noto:dragon": 0.55, "fluent:dragon": 0.55, "spectacle:unicorn": 0.46,
    "noto:flying-saucer": 0.05, "fluent:flying-saucer": 0.15, "clipart:penny-farthing": 0.06,
    "spectacle:shopping-trolley": 0.2, "noto:shopping-cart": 0.2, "fluent:shopping-cart": 0.2,
    "clipart:wheelbarrow": 0.12, "clipart:shopping-basket": 0.4, "spectacle:seesaw": 0.3, "clipart:yacht": 0.88,
    "clipart:schooner": 0.85, "noto:basket": 0.45, "fluent:basket": 0.5, "noto:ferry": 0.5, "noto:ship": 0.6,
    "fluent:ferry": 0.55, "noto:playground-slide": 0.1, "fluent:playground-slide": 0.1, "spectacle:lawn-mower": 0.5,
    "noto:desert-island": 0.8, "fluent:desert-island": 0.8, "clipart:hot-air-balloon": 0.93, "noto:kick-scooter": 0.85,
    "fluent:kick-scooter": 0.85, "clipart:dump-truck": 0.2, "noto:racing-car": 0.3, "fluent:racing-car": 0.3,
    "spectacle:lily-pad": 0.55, "spectacle:tree-branch": 0.4, "spectacle:rooftop": 0.14, "spectacle:pirate-ship": 0.68, "spectacle:pile-of-gold": 0.25,
    "spectacle:pumpkin": 0.22, "spectacle:stack-of-books": 0.1, "spectacle:hospital-bed": 0.5, "spectacle:picnic-blanket": 0.75,
    "spectacle:well": 0.6, "spectacle:fireplace": 0.02, "spectacle:kitchen-sink": 0.4,
}  # fmt: skip

# What takes on the colour said of a thing, by title or identity, where it is not the family of hues with the largest
# share: `grey`, `dark`, a hue in degrees, or the colours themselves.
BODIES: dict[str, str] = {
    **dict.fromkeys(
        ("rabbit", "elephant", "mouse", "rat", "swan", "polar bear", "panda", "koala", "wolf", "raccoon", "ewe",
         "goose", "hippopotamus", "rhinoceros", "shark", "zebra", "dove", "ghost", "snowman", "poodle", "refrigerator",
         "oven", "washing machine", "toaster", "castle"), "grey"),
    "fluent:duck": "grey", "noto:penguin": "dark", "black cat": "dark", "astronaut": "grey",
    "fluent:penguin": "#533566", "fluent:bed": "#3f5fff", "noto:bed": "200", "fluent:house": "#f3c07b",
    "noto:house": "#fff3e1,#bcaa93", "fluent:house-with-garden": "#f3c07b", "fluent:bicycle": "345",
    "noto:tractor": "#02ab47", "spectacle:truck": "#f8312f,#f4f4f4", "fluent:butterfly": "20",
    "fluent:mushroom": "#f8312f", "noto:mushroom": "#ff521a", "fluent:lady-beetle": "0", "noto:lady-beetle": "0",
    "noto:motorcycle": "355", "noto:locomotive": "0", "noto:duck": "15", "spectacle:barn": "340",
    "spectacle:firefighter": "340", "noto:couch-and-lamp": "205", "fluent:couch-and-lamp": "225",
}  # fmt: skip
