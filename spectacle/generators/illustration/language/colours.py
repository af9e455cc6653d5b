"""Colour names: the palette that things are painted from, and the words for it."""

from spectacle.generators.illustration.language.tables import by_word, word_set

PALETTE = {
    "red": "#d92b2b", "dark red": "#8b1a1a", "orange": "#f58a1f", "yellow": "#fcd53f", "gold": "#d9a520",
    "green": "#3a9d3a", "light green": "#8fd97a", "dark green": "#1e5b2e", "olive": "#7d8030", "mint": "#a8e6cf",
    "teal": "#178a8a", "turquoise": "#35c9c0", "blue": "#2b6fd9", "light blue": "#7fc4f5", "dark blue": "#1d2f6f",
    "purple": "#7d3fb5", "violet": "#6a35c9", "lavender": "#b9a5e8", "magenta": "#d6249f", "pink": "#f58ab8",
    "light pink": "#fbc4d9", "brown": "#7b4a2b", "light brown": "#b98a5e", "beige": "#e6d3b1", "cream": "#fbf0d4",
    "white": "#f7f7f5", "light grey": "#cfd3d8", "grey": "#8d939b", "dark grey": "#4b4f57", "silver": "#b9c1cb",
    "black": "#22242a", "maroon": "#6d1530", "coral": "#fb7d63", "peach": "#ffc8a0", "copper": "#b5683c",
    "rainbow": "rainbow",
}  # fmt: skip
"""Name of the colour to its value as `#rrggbb`; `rainbow` is many colours and has none."""

COLOUR_WORDS = {name: name for name in PALETTE} | by_word("colours")
"""Words and phrases to the palette's names."""

ALSO_NOUNS = word_set("colours that are nouns")
"""Colour words that name a thing too: a colour only before a noun or after "is"."""


def nearest_colour(value: str) -> str:
    """The palette's name for a colour given as `#rrggbb`."""

    def parts(colour: str) -> tuple[int, int, int]:
        return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)

    wanted = parts(value)
    named = ((name, parts(colour)) for name, colour in PALETTE.items() if colour.startswith("#"))
    return min(named, key=lambda one: sum((a - b) ** 2 for a, b in zip(wanted, one[1], strict=True)))[0]
