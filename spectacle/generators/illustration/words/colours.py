"""Colour names: the palette that things are painted from, and the words for it."""

from __future__ import annotations

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

COLOUR_WORDS = {name: name for name in PALETTE} | {
    "reddish": "red", "scarlet": "red", "crimson": "dark red", "ruby": "dark red", "cherry red": "red",
    "blood red": "dark red", "bright red": "red", "ginger": "orange", "amber": "orange", "tangerine": "orange",
    "golden": "gold", "bright yellow": "yellow", "lemon yellow": "yellow", "blonde": "gold", "mustard": "gold",
    "greenish": "green", "emerald": "green", "bright green": "green", "lime": "light green", "lime green": "light green",
    "pale green": "light green", "neon green": "light green", "forest green": "dark green", "mint green": "mint",
    "olive green": "olive", "khaki": "olive", "cyan": "turquoise", "aqua": "turquoise", "bluish": "blue",
    "bright blue": "blue", "royal blue": "blue", "cobalt": "blue", "sapphire": "blue", "sky blue": "light blue",
    "baby blue": "light blue", "pale blue": "light blue", "azure": "light blue", "icy blue": "light blue",
    "navy": "dark blue", "navy blue": "dark blue", "midnight blue": "dark blue", "indigo": "violet",
    "bright purple": "purple", "dark purple": "purple", "light purple": "lavender", "lilac": "lavender",
    "mauve": "lavender", "plum": "purple", "fuchsia": "magenta", "hot pink": "magenta", "bright pink": "magenta",
    "rose": "pink", "pinkish": "pink", "pale pink": "light pink", "baby pink": "light pink", "dark brown": "brown",
    "chestnut": "brown", "chocolate": "brown", "tan": "light brown", "bronze": "copper", "ivory": "cream",
    "snow white": "white", "pure white": "white", "off white": "cream", "gray": "grey", "light gray": "light grey",
    "dark gray": "dark grey", "charcoal": "dark grey", "silvery": "silver", "pitch black": "black",
    "jet black": "black", "burgundy": "maroon", "salmon": "coral", "multicolored": "rainbow",
    "multicoloured": "rainbow", "multi colored": "rainbow", "multi coloured": "rainbow", "multicolor": "rainbow",
    "colorful": "rainbow", "colourful": "rainbow", "rainbow colored": "rainbow", "rainbow coloured": "rainbow",
    "all colors of the rainbow": "rainbow", "light orange": "peach", "dark orange": "orange", "deep blue": "dark blue",
    "deep red": "dark red", "deep green": "dark green", "deep purple": "purple", "pale yellow": "cream",
    "light yellow": "cream", "dark yellow": "gold", "dark pink": "magenta", "light red": "coral", "rust": "copper",
    "bright orange": "orange", "neon pink": "magenta", "neon blue": "turquoise", "light turquoise": "turquoise",
    "dark teal": "teal", "black and white striped": "black and white",
}  # fmt: skip
"""Words and phrases to the palette's names."""

ALSO_NOUNS = frozenset(
    "orange rose plum chestnut chocolate salmon gold silver copper peach lime olive cream mint lavender violet amber "
    "ruby emerald sapphire rust coral rainbow cherry lemon lilac ginger ivory charcoal bronze mustard tan teal tangerine "
    "navy indigo".split()
)
"""Colour words that name a thing too: a colour only before a noun or after "is"."""
