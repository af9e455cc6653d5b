"""Other languages: which one a prompt is in, and its words as English ones in English order.

The words come from two places: `languages.txt`, kept by hand, for what holds a sentence together and the commonest
nouns; and the names that emoji have in each language, from the lexicon. What is left is read by the English grammar, so
an image is understood the same way in every language.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources

from spectacle.generators.illustration.language import asian, inflect, phrases, worldwide
from spectacle.generators.illustration.language.asian import Item
from spectacle.generators.illustration.language.attributes import MOOD_WORDS
from spectacle.generators.illustration.language.colours import PALETTE
from spectacle.generators.illustration.language.kinds import is_worn
from spectacle.generators.illustration.language.lexicon import Lexicon
from spectacle.generators.illustration.language.retrieve import Retriever
from spectacle.generators.illustration.language.tokens import Token, fold, tokenise

LANGUAGES = ("en", "de", "fr", "es", "pt", "it", "nl", "zh", "ja")
"""Codes of the languages that `languages.txt` has words of; those of `worldwide.CODES` are understood too."""

_FLOWERS_AS_COLOURS = {
    "rose": "pink", "roses": "pink", "rosa": "pink", "orange": "orange", "oranges": "orange", "naranja": "orange",
    "naranjas": "orange", "laranja": "orange", "violet": "purple", "violeta": "purple", "lila": "purple",
    "marron": "brown", "turquoise": "turquoise",
}  # fmt: skip
"""Words of Romance languages that are a colour right after a noun and a flower or a fruit elsewhere."""

_SURELY_ENGLISH = 0.85
_MAX_PHRASE_WORDS = 5
_PLURAL_ENDINGS = {
    "de": ("e", "en", "n", "er", "ern", "s"), "nl": ("en", "s", "eren"), "fr": ("s", "x"), "es": ("s", "es"),
    "pt": ("s", "es", "is", "oes"), "it": ("i", "e"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Gloss:
    """What a word of another language is in English.

    Attributes:
        english: The English words.
        sort: The heading it stands under in `languages.txt`.
        plural: Whether it is a plural.
        lemma: The word itself in the singular, where that is known.
    """

    english: str
    sort: str
    plural: bool = False
    lemma: str = ""


@functools.cache
def _columns() -> dict[str, dict[str, Gloss]]:
    """The hand-kept words by language, folded."""
    columns: dict[str, dict[str, Gloss]] = {code: {} for code in LANGUAGES[1:]}
    sort = ""
    for line in (resources.files(__package__) / "languages.txt").read_text("utf-8").splitlines():
        if line.startswith("["):
            sort = line.strip("[]")
        elif line and not line.startswith("#"):
            english, *cells = (cell.strip() for cell in line.split("|"))
            for code, cell in zip(LANGUAGES[1:], cells, strict=True):
                _put(columns[code], code, english, sort, cell)
    return columns


def _put(table: dict[str, Gloss], code: str, english: str, sort: str, cell: str) -> None:
    first = ""
    lemma = cell.split(",", 1)[0].strip()
    for word in (word.strip() for word in cell.split(",")):
        if word in ("", "-"):
            continue
        key = fold(word) if code in ("zh", "ja") else " ".join(token.text for token in tokenise(word, english=False))
        first = first or key
        table.setdefault(key, Gloss(english, sort, sort == "noun" and _is_plural_of(key, first, code), lemma))


def _is_plural_of(word: str, first: str, code: str) -> bool:
    if code in ("zh", "ja"):
        return word.endswith(("们", "たち"))
    if code == "it":
        return word != first and word[:3] == first[:3] and len(word) == len(first) and word.endswith(("i", "e"))
    longer = len(word) > len(first) or (word[-1] == "s" and first[-1] != "s")
    return (
        longer and word[:3] == first[:3] and word.endswith(_PLURAL_ENDINGS[code]) and not word.endswith(("chen", "tje"))
    )


def _other_kana(text: str) -> str:
    """Hiragana as katakana and the other way round: names of animals are written in both."""
    return "".join(
        chr(ord(one) + 0x60)
        if "\u3041" <= one <= "\u3096"
        else chr(ord(one) - 0x60)
        if "\u30a1" <= one <= "\u30f6"
        else one
        for one in text
    )


class Dictionary:
    """One language's words."""

    def __init__(self, code: str, lexicon: Lexicon) -> None:
        self.code = code
        self._hand = _columns()[code]
        self._names = lexicon.translations(code)

    def look_up(self, phrase: str) -> Gloss | None:
        """The gloss of a folded phrase exactly as it stands."""
        known = self._hand.get(phrase)
        if known is None and self.code == "ja":
            known = self._hand.get(_other_kana(phrase))
        if known is not None:
            return known
        name = self._names.get(phrase) or (self._names.get(_other_kana(phrase)) if self.code == "ja" else None)
        return Gloss(name, "noun", lemma=phrase) if name else None

    def find(self, word: str) -> Gloss | None:
        """The gloss of one word, after taking off endings or the first parts of a compound."""
        known = self.look_up(word)
        if known is not None or self.code in ("zh", "ja"):
            return known
        for stem in self._stems(word):
            known = self.look_up(stem)
            if known is not None:
                plural = known.sort == "noun" and word.endswith(_PLURAL_ENDINGS[self.code])
                return Gloss(known.english, known.sort, plural or known.plural, known.lemma)
        return self._head(word) if self.code in ("de", "nl") else None

    def _stems(self, word: str) -> Iterable[str]:
        endings = ("ern", "en", "er", "es", "em", "e", "n", "s") if self.code in ("de", "nl") else ("es", "s", "x")
        for ending in endings:
            if word.endswith(ending) and len(word) - len(ending) >= 3:
                yield word[: -len(ending)]
        if self.code in ("es", "pt", "it"):
            for ending, vowels in (
                ("a", "o"),
                ("as", "o"),
                ("os", "o"),
                ("i", "oe"),
                ("e", "a"),
                ("ita", "ao"),
                ("ito", "oa"),
            ):
                if word.endswith(ending) and len(word) - len(ending) >= 3:
                    yield from (word[: -len(ending)] + vowel for vowel in vowels)
        if self.code == "fr":
            yield from (word + "e", word[:-1] if word.endswith("e") else word)

    def _head(self, word: str) -> Gloss | None:
        """The last part of a compound: a "Holztisch" is a Tisch."""
        for start in range(3, len(word) - 2):
            known = self.look_up(word[start:])
            if known is not None and known.sort in ("noun", "place") and len(word) - start >= 4:
                return known
        return None

    def longest_match(self, text: str, start: int) -> tuple[str, Gloss] | None:
        """The longest known word that begins at a character, for scripts without spaces."""
        for length in range(min(12, len(text) - start), 0, -1):
            piece = text[start : start + length]
            known = self.look_up(piece)
            if known is not None:
                return piece, known
        return None


@functools.cache
def _dictionary(code: str) -> Dictionary:
    return Dictionary(code, Lexicon.open())


def detect(prompt: str, retriever: Retriever) -> str:
    """The code of the language a prompt is most likely in; English when nothing speaks for another."""
    tokens = tokenise(prompt, english=False)[:60]
    han = "".join(token.text for token in tokens if token.sort == "han")
    scripted = worldwide.of_script(prompt)
    if scripted is not None:
        return scripted
    if han:
        return "ja" if any("\u3040" <= character <= "\u30ff" for character in han) else "zh"
    words = [token.text for token in tokens if token.sort == "word"]
    if not words:
        return "en"
    english = sum(_english(word, retriever) for word in words)
    if english >= _SURELY_ENGLISH * len(words) and all(token.raw.isascii() for token in tokens):
        return "en"
    best, most = "en", english + (0.25 if english else 0.0)
    for code in LANGUAGES[1:7]:
        dictionary = _dictionary(code)
        hits = sum(1.0 if dictionary.look_up(word) else 0.7 if dictionary.find(word) else 0.0 for word in words)
        if hits > most:
            best, most = code, hits
    for code in ("pl", "tr"):
        known = worldwide.hits(words, code)
        if known > most:
            best, most = code, known
    return best


def _english(word: str, retriever: Retriever) -> float:
    """How much a word speaks for English: fully when it is understood, half when a dictionary has it."""
    if word in phrases.table() or word in MOOD_WORDS or retriever.knows(inflect.singular(word)):
        return 1.0
    return 0.5 if word in retriever.lexicon.words else 0.0


def translate(prompt: str, code: str) -> list[Token]:
    """The prompt's words as English tokens; `Token.raw` keeps what was written."""
    if code in worldwide.CODES:
        return _tokens(worldwide.items_of(prompt, code))
    dictionary = _dictionary(code)
    tokens = tokenise(prompt, english=False)
    if code in ("zh", "ja"):
        items = _items(tokens, dictionary)
        known = asian.reorder([item for item in items if item.sort != "unknown"], code)
        # Whether what is not known is a thing or what one does is not known, either: it stays out of the sentence.
        strange = [part for item in items if item.sort == "unknown" for part in (Item(",", "mark", ","), item)]
        return _tokens([*known, *strange])
    items = _glossed(tokens, dictionary)
    return _tokens(_verbs_forward(items) if code in ("de", "nl") else items)


def _items(tokens: Sequence[Token], dictionary: Dictionary) -> list[Item]:
    items: list[Item] = []
    for token in tokens:
        if token.sort != "han":
            items.append(Item(token.text, "mark" if token.sort == "mark" else token.sort, token.raw))
            continue
        position, counted = 0, bool(items) and items[-1].sort == "number"
        while position < len(token.text):
            particle = asian.particle(token.text, position, dictionary.code)
            match = dictionary.longest_match(token.text, position)
            if counted and token.text[position] in asian.MEASURES and (match is None or len(match[0]) == 1):
                position += 1
                counted = False
                continue
            counted = False
            if match is not None and len(match[0]) >= len(particle):
                word, gloss = match
                items.append(Item(_plural(gloss.english) if gloss.plural else gloss.english, gloss.sort, word))
                position += len(word)
            elif particle:
                items.append(Item(particle, "particle", particle))
                position += len(particle)
            else:
                _put_unknown(items, token.text[position])
                position += 1
    return items


def _put_unknown(items: list[Item], character: str) -> None:
    """Add a character that nothing is known of to the word before it, if that is not known either.

    A word that ends in other hiragana than a particle is a verb or an adjective, and left out.
    """
    word = items.pop().english if items and items[-1].sort == "unknown" else ""
    if not "\u3041" <= character <= "\u309f":
        items.append(Item(word + character, "unknown", word + character))


def _glossed(tokens: Sequence[Token], dictionary: Dictionary) -> list[Item]:
    items: list[Item] = []
    position, single = 0, False
    while position < len(tokens):
        token = tokens[position]
        if token.sort != "word":
            items.append(Item(token.text, token.sort, token.raw))
            position += 1
            continue
        length, gloss = _longest(tokens, position, dictionary)
        raw = " ".join(part.raw for part in tokens[position : position + length])
        position += length
        if items and items[-1].sort == "noun" and length == 1 and token.text in _FLOWERS_AS_COLOURS:
            gloss = Gloss(_FLOWERS_AS_COLOURS[token.text], "adjective")
        if gloss is None:
            items.append(Item(token.text, "unknown", token.raw))
            continue
        if gloss.english in ("a", "one"):
            single = True
        english = gloss.english
        if gloss.sort == "noun":
            english = _plural(english) if gloss.plural and not single else english
            single = False
            raw = gloss.lemma if gloss.plural and gloss.lemma else raw
        items.append(Item(english, gloss.sort, raw))
    return _worn(items)


def _worn(items: list[Item]) -> list[Item]:
    """The words with "of" before what is worn as "with": "um cachorro de óculos", "un hombre de traje"."""
    return [
        Item("with", "function", item.raw)
        if item.english == "of" and following and is_worn(following.english)
        else item
        for item, following in zip(items, [*items[1:], None], strict=True)
    ]


def _verbs_forward(items: Sequence[Item]) -> list[Item]:
    """Puts the verb of a relative clause before what it acts on: ", die ein Buch liest" becomes ", reading a book"."""
    result: list[Item] = []
    clause: list[Item] = []
    relative = False
    for item in [*items, Item(".", "mark", "")]:
        ends = item.sort == "mark" or item.english == "and"
        if not ends:
            clause.append(item)
            continue
        pronoun = bool(clause) and clause[0].english in ("the", "who") and clause[0].sort == "function"
        bare = pronoun and len(clause) > 1 and clause[1].sort in ("relation", "function", "adjective")
        relative = bare if result and result[-1].english == "," else relative
        if relative and clause and clause[-1].sort == "verb":
            clause = [clause[-1], *clause[1 if bare else 0 : -1]]
        result.extend(clause)
        clause = []
        if item.raw:
            result.append(item)
    return result


def _longest(tokens: Sequence[Token], start: int, dictionary: Dictionary) -> tuple[int, Gloss | None]:
    end = start
    while end < len(tokens) and tokens[end].sort == "word" and end - start < _MAX_PHRASE_WORDS:
        end += 1
    for length in range(end - start, 1, -1):
        gloss = dictionary.look_up(" ".join(token.text for token in tokens[start : start + length]))
        if gloss is not None and not _ends_in_colour(tokens[start + length - 1].text, dictionary):
            return length, gloss
    return 1, dictionary.find(tokens[start].text)


def _ends_in_colour(word: str, dictionary: Dictionary) -> bool:
    """Whether what looks like a name ends in a colour, which is rather said of the noun: "dragón rojo"."""
    last = dictionary.find(word)
    return last is not None and last.sort == "adjective" and last.english in PALETTE


def _plural(english: str) -> str:
    """An English noun in the plural, where the singular can be told from it again."""
    head, _, last = english.rpartition(" ")
    backwards = {single: plural for plural, single in inflect.IRREGULAR.items()}
    plural = "children" if last == "child" else "people" if last == "person" else backwards.get(last, "")
    if not plural:
        plural = last + ("es" if last.endswith(("s", "x", "ch", "sh")) else "s")
    if last.endswith("y") and last[-2:-1] not in tuple("aeiou"):
        plural = last[:-1] + "ies"
    return f"{head} {plural}".strip() if inflect.singular(plural) == last else english


def _tokens(items: Iterable[Item]) -> list[Token]:
    tokens: list[Token] = []
    for item in items:
        if item.sort in ("mark", "number", "emoji"):
            tokens.append(Token(item.english, item.raw, item.sort))
        elif item.sort == "unknown":
            tokens.append(Token(item.english if _is_borrowed(item.english) else f"{item.english}~", item.raw, "word"))
        else:
            tokens.extend(Token(word, item.raw, "word") for word in item.english.split())
    return tokens


def _is_borrowed(word: str) -> bool:
    """Whether an unknown word of another language may be meant as the English noun it looks like, such as "pizza"."""
    return word in Lexicon.open().nouns and word not in phrases.table()
