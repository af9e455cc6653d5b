"""Style words, and the boilerplate people wrap a prompt in."""

from __future__ import annotations

import re

from spectacle.generators.illustration.language.tables import by_word, word_set

STYLE_WORDS = by_word("styles")
"""Phrases to the style they ask for; those this generator has no way of its own for ask for `flat`."""

ALSO_THINGS = word_set("styles that are things")
"""Style words that may be a thing too: a style only at the prompt's beginning or end, or before "of" or "style"."""

SKIPPED = word_set("skipped")
"""Phrases that are passed over wherever they stand."""

_REQUEST = (
    r"(?:(?:hey|hi|hello|ok|okay|please|pls|plz|dear bot|bot|imagine|prompt|kindly|hallo)\b[\s,:!.]*"
    r"|(?:now|so|well|oh|yo)\s*,\s*)"
)
_ASK = (
    r"(?:(?:can|could|would|will) you (?:please |maybe |kindly )?"
    r"|i (?:would|do)? ?(?:really )?(?:want|like|love|need|wish)(?: you)?(?: to (?:see|have|get))?(?: to)? ?"
    r"|i am looking for |let us see |let me see |how about |what about |we (?:want|need) |try (?:to )?)"
)
_MAKE = (
    r"(?:(?:draw|paint|create|generate|make|show|give|produce|render|design|sketch|illustrate|do|send|get|compose|"
    r"imagine|visuali[sz]e|depict|drawing|painting|creating|have)\b(?: (?:me|us|for me|up|out))*[\s,:]+)"
)
_PICTURE_WORDS = (
    r"(?:picture|image|photo|photograph|pic|drawing|illustration|painting|artwork|scene|render|rendering|portrait|"
    r"depiction|view|shot|close[- ]?up|closeup|wallpaper|poster|piece of art|work of art|snapshot|graphic|"
    r"visuali[sz]ation|representation|composition|card|design|print|still life|art|panorama|clipart|cartoon|"
    r"landscape painting|oil painting|footage|screenshot|frame|film still|thumbnail|meme)"
)
_PICTURE = (
    r"(?:(?:(?:a|an|the|some|one|my)\s+)?(?:(?!(?:a|an|the|at|in|on|with|of|to|by|and|for|is|are|\w+ing)\b)[\w\-']+,?\s+){0,4}?"
    + _PICTURE_WORDS
    + r"s?\s+(?:of|showing|depicting|with|that shows?|which shows?|where|in which|featuring|about|from|:)\s+)"
)
_OPENING = re.compile(rf"\s*(?:{_REQUEST})*(?:{_ASK})?(?:{_REQUEST})*(?:{_MAKE})?", re.IGNORECASE)
_PICTURE_OF = re.compile(rf"\s*{_PICTURE}", re.IGNORECASE)


def opening(prompt: str) -> tuple[str, str]:
    """Splits a prompt into the words that only ask for an image, and what the image is to show.

    The first part still holds style words ("a watercolour painting of"), so it is worth reading for those alone.
    """
    end = 0
    match = _OPENING.match(prompt)
    if match:
        end = match.end()
    match = _PICTURE_OF.match(prompt, end, end + 160)
    if match:
        end = match.end()
    return prompt[:end], prompt[end:]
