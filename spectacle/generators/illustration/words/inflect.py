"""English plurals: from the written form to the singular."""

from __future__ import annotations

IRREGULAR = {
    "men": "man", "women": "woman", "children": "child", "kids": "kid", "people": "person", "persons": "person",
    "mice": "mouse", "geese": "goose", "feet": "foot", "teeth": "tooth", "oxen": "ox", "lice": "louse",
    "wolves": "wolf", "leaves": "leaf", "knives": "knife", "wives": "wife", "lives": "life", "calves": "calf",
    "halves": "half", "shelves": "shelf", "elves": "elf", "thieves": "thief", "loaves": "loaf", "scarves": "scarf",
    "hooves": "hoof", "dwarves": "dwarf", "selves": "self", "wharves": "wharf", "cacti": "cactus", "fungi": "fungus",
    "octopi": "octopus", "octopodes": "octopus", "hippopotami": "hippopotamus", "nuclei": "nucleus",
    "firemen": "fireman", "policemen": "policeman", "snowmen": "snowman", "fishermen": "fisherman",
    "mermen": "merman", "postmen": "postman", "salesmen": "salesman", "sportsmen": "sportsman",
    "businessmen": "businessman", "gentlemen": "gentleman", "policewomen": "policewoman", "cavemen": "caveman",
    "swordsmen": "swordsman", "horsemen": "horseman", "craftsmen": "craftsman", "spacemen": "spaceman",
    "grandchildren": "grandchild", "dice": "die", "pence": "penny", "brethren": "brother", "data": "data",
    "movies": "movie", "cookies": "cookie", "zombies": "zombie", "hippies": "hippie", "brownies": "brownie",
    "pixies": "pixie", "hoodies": "hoodie", "smoothies": "smoothie", "genies": "genie", "ties": "tie", "pies": "pie",
    "selfies": "selfie", "calories": "calorie", "koalas": "koala", "shoes": "shoe", "toes": "toe", "canoes": "canoe",
    "hoes": "hoe", "oboes": "oboe", "does": "doe", "axes": "axe", "buses": "bus", "gases": "gas", "caves": "cave",
    "waves": "wave", "gloves": "glove", "doves": "dove", "olives": "olive", "stoves": "stove", "graves": "grave",
    "hives": "hive", "beehives": "beehive", "sleeves": "sleeve", "curves": "curve", "moustaches": "moustache",
    "headaches": "headache", "avalanches": "avalanche", "horses": "horse", "houses": "house", "nurses": "nurse",
    "roses": "rose", "noses": "nose", "vases": "vase", "purses": "purse", "geishas": "geisha", "mongooses": "mongoose",
    "gooses": "goose", "mooses": "moose", "cheeses": "cheese", "blouses": "blouse", "hoses": "hose", "cases": "case",
    "bases": "base", "suitcases": "suitcase", "bookcases": "bookcase", "greenhouses": "greenhouse",
    "lighthouses": "lighthouse", "seahorses": "seahorse", "treehouses": "treehouse", "warehouses": "warehouse",
    "racehorses": "racehorse", "corpses": "corpse", "prizes": "prize", "mazes": "maze", "tortoises": "tortoise",
    "porpoises": "porpoise", "villages": "village", "bushes": "bush", "monkies": "monkey", "sheeps": "sheep",
    "fishes": "fish", "deers": "deer", "childrens": "child", "mens": "man", "womens": "woman",
}  # fmt: skip
"""Plurals that no rule gives, and those a rule would get wrong; with some misspellings people write."""

SAME_IN_PLURAL = frozenset(
    "sheep deer fish moose bison salmon trout shrimp squid aircraft spacecraft hovercraft series species swine "
    "buffalo reindeer elk cod tuna offspring cattle poultry".split()
)
"""Words whose plural is written like the singular."""

NOT_PLURAL = frozenset(
    "bus gas glass grass dress class boss cross moss lens bass cactus octopus hippopotamus walrus platypus canvas "
    "compass circus virus genius atlas iris asparagus hibiscus crocus papyrus christmas tennis chess mess kiss bliss "
    "goddess princess waitress actress mattress fortress empress duchess lioness tigress stewardess hostess "
    "business wilderness darkness happiness sadness loneliness news physics mathematics gymnastics "
    "always is was has his this its us plus thus yes cumulus venus mars uranus paris texas pegasus colossus "
    "triceratops rhinoceros albatross seabass albinos cosmos chaos ethos pancreas pampas christmas ibis "
    "trellis tetris bonus campus sinus abacus brontosaurus tyrannosaurus stegosaurus apatosaurus "
    "ankylosaurus spinosaurus brachiosaurus lotus eucalyptus narcissus nautilus cerberus mantis".split()
)
"""Words that end in s and are not plurals."""


ONLY_PLURAL = frozenset(
    "glasses sunglasses scissors jeans trousers pants shorts goggles headphones binoculars spectacles eyeglasses pajamas "
    "pyjamas clothes noodles tongs pliers stairs tights leggings overalls fries drums earmuffs skis".split()
)
"""Plurals that are one thing."""


def singular(word: str) -> str:
    """The singular of an English noun, or the word itself when it is not written as a plural."""
    if word in IRREGULAR:
        return IRREGULAR[word]
    if word in NOT_PLURAL or word in ONLY_PLURAL or word in SAME_IN_PLURAL or len(word) < 4 or not word.endswith("s"):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "xes", "sses", "zzes", "oes")):
        return word[:-2]
    if word.endswith(("ss", "us", "is")):
        return word
    return word[:-1]


def is_plural(word: str) -> bool:
    """Whether an English noun is written in the plural."""
    return singular(word) != word


def verb_stem(word: str) -> tuple[str, ...]:
    """What the infinitive of a word in -ing, -s or -ed may be, likeliest first."""
    if word.endswith("ing") and len(word) > 4:
        base = word[:-3]
        return _doubled(base) if _is_doubled(base) else (base, base + "e")
    if word.endswith("ies") and len(word) > 4:
        return (word[:-3] + "y", word[:-1])
    if word.endswith("es") and len(word) > 3:
        return (word[:-1], word[:-2])
    if word.endswith("s") and not word.endswith("ss") and len(word) > 3:
        return (word[:-1],)
    if word.endswith("ied") and len(word) > 4:
        return (word[:-3] + "y",)
    if word.endswith("ed") and len(word) > 4:
        base = word[:-2]
        return _doubled(base) if _is_doubled(base) else (base, base + "e")
    return (word,)


def _is_doubled(base: str) -> bool:
    return len(base) > 2 and base[-1] == base[-2] and base[-1] not in "aeiou"


def _doubled(base: str) -> tuple[str, ...]:
    return (base[:-1], base)
