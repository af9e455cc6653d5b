"""Cuts a prompt into words, numbers, emoji and punctuation."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

MAX_CHARACTERS = 4000
"""Longer prompts are read up to here: what an image can show is said long before."""

MAX_TOKENS = 400
"""Further words are not read, so that the time taken is bounded."""

_EMOJI = (
    r"(?:[\U0001F1E6-\U0001F1FF]{2}"
    r"|[\U0001F300-\U0001FAFF\u2600-\u27BF\u2B05-\u2B55\u231A-\u23FF\u25AA-\u25FE\u2190-\u21FF]"
    r"[\uFE0F\U0001F3FB-\U0001F3FF]*"
    r"(?:\u200D[\U0001F300-\U0001FAFF\u2600-\u27BF\u2B05-\u2B55][\uFE0F\U0001F3FB-\U0001F3FF]*)*)"
)
_CJK = r"[\u3040-\u30FF\u31F0-\u31FF\u3400-\u4DBF\u4E00-\u9FFF\uF900-\uFAFF々ー]"
_LETTER = r"(?:(?!" + _CJK + r")[^\W\d_]|[\u0900-\u0903\u093A-\u094F\u0951-\u0957\u0962\u0963\u064B-\u0652])"
_WORD = rf"{_LETTER}+(?:['’]{_LETTER}+)*"
_TOKEN = re.compile(rf"({_EMOJI})|({_CJK}+)|(\d+)|({_WORD})|([^\s\w])")
_NOISE = re.compile(
    r"https?://\S+|www\.\S+|<[^<>]{1,200}>|(?<!\w)[@#/](?=\w)|(?<!\S)--[a-z]+(?:\s+[\d:.]+)?|:\d+(?:\.\d+)?(?=\))",
    re.IGNORECASE,
)
_HYPHEN = re.compile(r"(?<=\w)[-‐‑–](?=\w)")
_CONTRACTIONS = (
    (re.compile(r"\b(it|there|he|she|that|who|here|what)['’]s\b", re.IGNORECASE), r"\1 is"),
    (re.compile(r"\b(they|we|you|who)['’]re\b", re.IGNORECASE), r"\1 are"),
    (re.compile(r"\bi['’]d\b", re.IGNORECASE), "i would"),
    (re.compile(r"\bi['’]m\b", re.IGNORECASE), "i am"),
    (re.compile(r"\b(can|do|does|is|are|wo|should)n['’]t\b", re.IGNORECASE), r"\1 not"),
    (re.compile(r"\b(dont|doesnt|isnt|arent)\b", re.IGNORECASE), "do not"),
)
_MARKS = re.compile(r"[\u0300-\u036f]")


@dataclass(frozen=True, slots=True)
class Token:
    """One word, number, emoji or punctuation mark.

    Attributes:
        text: Case-folded and, in Latin script, without accents.
        raw: As written.
        sort: `word`, `number`, `emoji`, `han` (a run without spaces) or `mark`.
        possessive: Whether an English possessive 's was taken off.
    """

    text: str
    raw: str
    sort: str
    possessive: bool = False


def fold(text: str) -> str:
    """Case-folded text with the accents of Latin letters taken off; kana keep their voicing marks."""
    if text.isascii():
        return text.casefold()
    folded = []
    for character in unicodedata.normalize("NFKC", text).casefold():
        parts = unicodedata.normalize("NFD", character)
        folded.append(_MARKS.sub("", parts) if parts[0].isascii() else character)
    return "".join(folded).replace("ø", "o").replace("œ", "oe").replace("æ", "ae")


def strip_noise(prompt: str) -> str:
    """The prompt without addresses, markup, `--ar 16:9` flags and `(word:1.2)` weights."""
    text = unicodedata.normalize("NFKC", prompt[:MAX_CHARACTERS]).replace("’", "'")
    return _HYPHEN.sub(" ", _NOISE.sub(" ", text))


def expand(text: str) -> str:
    """English text with its contractions written out."""
    if "'" in text or "nt" in text:
        for pattern, plain in _CONTRACTIONS:
            text = pattern.sub(plain, text)
    return text


def tokenise(prompt: str, *, english: bool = True) -> list[Token]:
    """The tokens of a prompt, at most `MAX_TOKENS`; words joined by hyphens come apart."""
    text = expand(strip_noise(prompt)) if english else strip_noise(prompt)
    tokens: list[Token] = []
    for match in _TOKEN.finditer(text):
        emoji, han, number, word, mark = match.groups()
        if emoji:
            tokens.append(Token(emoji.replace("\ufe0f", ""), emoji, "emoji"))
        elif han:
            tokens.append(Token(han, han, "han"))
        elif number:
            tokens.append(Token(number, number, "number"))
        elif word:
            tokens.extend(_word(word, english=english))
        elif mark:
            tokens.append(Token(mark, mark, "mark"))
        if len(tokens) >= MAX_TOKENS:
            break
    return tokens[:MAX_TOKENS]


def _word(raw: str, *, english: bool) -> list[Token]:
    text = fold(raw)
    if not english:
        # l'arbre, d'un, dell'albero: the elided article is a word of its own
        parts = text.split("'")
        raws = raw.split("'") if raw.count("'") == text.count("'") else parts
        return [Token(part, shown, "word") for part, shown in zip(parts, raws, strict=True) if part]
    if text.endswith("'s"):
        return [Token(text[:-2], raw[:-2], "word", possessive=True)]
    return [Token(text.replace("'", ""), raw, "word")]
