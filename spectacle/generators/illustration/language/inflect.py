"""English plurals: from the written form to the singular."""

from spectacle.generators.illustration.language.tables import by_word, word_set

IRREGULAR = by_word("irregular plurals")
"""Plurals that no rule gives, and those a rule would get wrong; with some misspellings people write."""

SAME_IN_PLURAL = word_set("same in plural")
"""Words whose plural is written like the singular."""

NOT_PLURAL = word_set("not plural")
"""Words that end in s and are not plurals."""

ONLY_PLURAL = word_set("only plural")
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
