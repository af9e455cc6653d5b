"""Hand-kept knowledge about the drawings: what they are, where they belong, how tall, which way they look."""

from __future__ import annotations

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
NEVER = {"middle finger", "cigarette", "kaaba", "place of worship", "no smoking", "prayer beads"}


class Description:
    def __init__(self, category, habitat, form, height_m):
        self.category, self.habitat, self.form, self.height_m = category, habitat, form, height_m
        self.faces, self.seat = "front", None


def describe(raw):
    sub = raw.group.rpartition("/")[2]
    row = SUBGROUPS.get(sub)
    if row is None or raw.title in NEVER:
        return None
    d = Description(*row)
    if raw.title.endswith(" face"):
        d.form = "face"
    if d.category in ("animal", "bird", "fish", "insect", "vehicle", "boat") and d.form == "whole":
        d.faces = "left"
    return d
