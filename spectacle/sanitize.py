"""Turns the bytes of a request file into prompt text that is safe to store, to show and to put into a chat template."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from spectacle import signatures
from spectacle.errors import BlockedPrompt, UnreadableRequest

_WORKING_LENGTH = 16
"""Of a longer text only only this many times `max_characters` are examined."""

_MAX_MARKS = 30
"""Maximum number of combining marks on one character: beyond all real text, says UAX #15 (Stream-Safe Text Format).

Ordering a longer run takes `unicodedata.normalize` quadratic time.
"""

_MAX_CLUSTER = 40
"""How far back from the length limit a boundary between user-perceived characters is searched for, in code points."""

_ZERO_WIDTH_JOINER = "\u200d"
_VARIATION_SELECTORS = "\ufe0e\ufe0f"
_JOINERS = _ZERO_WIDTH_JOINER + _VARIATION_SELECTORS

_PICTOGRAPHS = (
    "©®‼⁉™ℹ↔-↙↩↪⌚⌛⌨⏏⏩-⏳⏸-⏺Ⓜ▪▫▶◀◻-◾☀-\u2757❣-❧➕-➗➡➰➿⤴⤵⬅-⬇⬛⬜⭐⭕〰〽㊗㊙"  # the symbols emoji-data.txt lists
    "\U0001f000-\U0001faff"
)
_EMOJI = f"[{_PICTOGRAPHS}]"
_STRAY_JOINER = re.compile(
    rf"(?<!{_EMOJI})(?<!{_EMOJI}\ufe0f){_ZERO_WIDTH_JOINER}|{_ZERO_WIDTH_JOINER}(?!{_EMOJI})"
    rf"|{_ZERO_WIDTH_JOINER}(?=↔(?!\ufe0f))"  # form C may turn a bare one, with an overlay, into ↮
    rf"|(?<!{_EMOJI})(?<![0-9#*])[{_VARIATION_SELECTORS}]|(?<=[0-9#*])[{_VARIATION_SELECTORS}](?!\u20e3)"
)

_EMOJI_PLANE = range(0x1F000, 0x1FB00)
"""Reserved by Unicode for pictographs, so what Python's tables do not know there yet is a newer emoji."""

_BLANK = "\u2800"
"""The empty Braille pattern: a space to the eye, though not to `str.isspace`."""

_INVISIBLE = frozenset(
    chr(code)
    for codes in (
        (0x034F, 0x3164, 0xFFA0),
        range(0x115F, 0x1161),
        range(0x17B4, 0x17B6),
        range(0x180B, 0x1810),
        range(0xFE00, 0xFE0E),
        range(0xE0100, 0xE01F0),
    )
    for code in codes
)
"""Default-ignorable characters of DerivedCoreProperties.txt that no category beginning with C already covers."""

_LOOK_ALIKES = {
    look_alike: plain
    for plain, look_alikes in {
        "<": "‹〈⟨❬❮❰˂ᐸᚲ⦑⧼≺𝈶",
        ">": "›〉⟩❭❯❱˃ᐳ⦒⧽≻𝈷𖼿",
        "|": "¦∣│┃┆┇┊┋❘❙❚ǀ⏐⏽⎮⎪▏▕‖∥।丨〡︱",
        "/": "⁄∕⧸╱",
        "[": "⁅〔〚⟦【",
        "]": "⁆〕〛⟧】",
    }.items()
    for look_alike in look_alikes
}

_ANGLE_NAMES = (
    "s|unk|pad|bos|eos|mask|sys|think|tool_*call|tool_*response|start_*of_*turn|end_*of_*turn"
    "|start_*of_*image|end_*of_*image|extra_*id_*[0-9]{1,3}"
)
_SQUARE_NAMES = "inst|system_*prompt|available_*tools|tool_*calls|tool_*results|img|img_*break|img_*end"
_TOKEN = re.compile(
    rf"(?P<open><\|)|(?P<close>\|>)|(?P<named></?(?:{_ANGLE_NAMES})>|\[/?(?:{_SQUARE_NAMES})\])",
)
"""Control tokens of chat templates, to be searched for in a skeleton (see `_skeleton`).

`<|` and `|>` stand for all of Qwen's, CLIP's and DeepSeek's; the names are those of Qwen (`<think>`, `<tool_call>`), T5
and Llama (`<s>`, `<extra_id_0>`, `<<SYS>>`, `[INST]`), Gemma (`<start_of_turn>`) and Mistral (`[IMG]`, `[TOOL_CALLS]`).
"""


class Searchable(Protocol):
    """A pattern of a blocklist."""

    def search(self, text: str, /) -> object:
        """Something true when it is found in the text."""
        ...


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt that is safe to use.

    Attributes:
        text: The text, perhaps empty.
        notes: What was changed, in words for the result's metadata. Form C and changed white space are not noted.
    """

    text: str
    notes: tuple[str, ...] = ()


def decode_prompt(raw: bytes, *, max_bytes: int = 65_536, file: str = "the request file") -> str:
    """Decode a request file: UTF-8 with or without a byte order mark, or UTF-16 with one.

    Args:
        raw: The whole file, perhaps empty.
        max_bytes: Largest file that is read.
        file: What messages call it.

    Raises:
        UnreadableRequest: When it is larger, in another encoding, no text at all, or holds a NUL.
    """
    if len(raw) > max_bytes:
        raise UnreadableRequest(f"{file} is {len(raw)} bytes; the limit is {max_bytes}. Shorten the prompt.")
    is_utf16 = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    encoding = "utf-16" if is_utf16 else "utf-8-sig"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        offset = len(raw) - len(error.object) + error.start  # the codecs count from behind the byte order mark
        what = f"contains byte 0x{raw[offset]:02x} at offset {offset}, which is not {'UTF-16' if is_utf16 else 'UTF-8'}"
        raise UnreadableRequest(f"{file} {_appearance(raw, what)}. Save the prompt as UTF-8 text.") from None
    if "\0" in text:
        characters = text[: text.index("\0")]
        offset = 2 + len(characters.encode("utf-16-le")) if is_utf16 else raw.index(b"\0")
        raise UnreadableRequest(
            f"{file} {_appearance(raw, f'contains a NUL at offset {offset}')}. Save the prompt as UTF-8 text."
        )
    return text


def _appearance(raw: bytes, what: str) -> str:
    if (known := signatures.describe(raw, like_text=False)) is not None:
        return f"looks like {known}"
    if len(raw) / 4 <= raw.count(0) <= len(raw) * 3 / 4:
        what += " and looks like UTF-16 without a byte order mark"
    return what


def sanitize(text: str, *, max_characters: int = 4000, blocked: Sequence[Searchable] = ()) -> Prompt:
    """Make a prompt safe. What comes out goes through unchanged, and without a note, when it is put in again.

    The text that comes out

    - is in Unicode normal form C, on one line, without white space at its ends and with single spaces inside;
    - has no control, format, surrogate, private-use or unassigned character and none that is invisible. What holds an
      emoji together stays: a zero-width joiner between two pictographs, a variation selector after one or in a keycap;
      so do characters in the range Unicode reserves for future emoji (U+1F000 to U+1FAFF);
    - has at most `max_characters` code points and does not end within an accented letter, emoji or flag;
    - has no control token of a chat template and nothing that looks like one, also not after compatibility
      normalization (NFKC), whatever its case and the spaces in it: the brackets of such tokens become parentheses.

    It takes time linear in `max_characters`, however long the text is.

    Args:
        text: Any text, lone surrogates included.
        max_characters: Longest prompt, in code points, at least 1.
        blocked: Patterns searched for in the sanitized prompt, as it is and in its compatibility form (NFKC).

    Raises:
        BlockedPrompt: When one of `blocked` is found; the message names its number, counted from 1.
            Nothing else is raised.
    """
    notes = []
    seen = _cut(text, max_characters * _WORKING_LENGTH)
    visible, removed = _remove_invisible(seen)
    if removed:
        notes.append(f"{_count(removed, 'control or invisible character')} removed")
    normal, removed = _normalize(visible)
    if removed:
        notes.append(f"{_count(removed, 'combining mark')} removed")
    whole = re.sub(" {2,}", " ", normal).strip(" ")
    short = _cut(whole, max_characters).rstrip(" ")
    if short != whole or seen != text:
        before = len(whole) if seen == text else len(text)
        notes.append(f"shortened from {before} to {_count(len(short), 'character')}")
    neutral, tokens = _neutralise(short)
    if tokens:
        notes.append(f"{_count(tokens, 'chat-template token')} neutralised")
    variants = (neutral, unicodedata.normalize("NFKC", neutral))
    for number, pattern in enumerate(blocked, start=1):
        if any(pattern.search(variant) for variant in variants):
            raise BlockedPrompt(
                f"the prompt matches pattern {number} of the daemon's blocklist. Change the prompt.",
                pattern=number,
            )
    return Prompt(neutral, tuple(notes))


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _remove_invisible(text: str) -> tuple[str, int]:
    """Make all white space spaces and take out what cannot be seen; returns also how many characters that were."""
    if text.isascii() and text.isprintable():
        return text, 0
    table: dict[int, str | None] = {}
    for character in set(text):
        if character.isspace() or character == _BLANK:
            table[ord(character)] = " "
        elif _is_invisible(character):
            table[ord(character)] = None
    visible = _STRAY_JOINER.sub("", text.translate(table))
    return visible, len(text) - len(visible)


def _is_invisible(character: str) -> bool:
    if character in _INVISIBLE:
        return True
    category = unicodedata.category(character)
    if category == "Cn":
        return ord(character) not in _EMOJI_PLANE
    return category[0] == "C" and character != _ZERO_WIDTH_JOINER


def _normalize(text: str) -> tuple[str, int]:
    """Put into form C, with no more than `_MAX_MARKS` marks on a character; returns also how many were taken off."""
    if text.isascii():
        return text, 0
    limited, before = _limit_marks(text)
    limited, after = _limit_marks(unicodedata.normalize("NFC", limited))  # some marks become two
    return limited, before + after


def _limit_marks(text: str) -> tuple[str, int]:
    kept = []
    run = 0
    for character in text:
        run = run + 1 if unicodedata.combining(character) else 0
        if run <= _MAX_MARKS:
            kept.append(character)
    return "".join(kept), len(text) - len(kept)


def _cut(text: str, length: int) -> str:
    """The first `length` code points or a few less, so that no user-perceived character is cut in two."""
    if len(text) <= length:
        return text
    import regex  # takes as long as all else here, and most prompts are short

    # Only what is near the limit, for `regex` takes quadratic time for a row of flags.
    start = _pair_of_flag_letters(text, max(length - 2 * _MAX_CLUSTER, 0))
    end = 0
    for cluster in regex.finditer(r"\X", text, pos=start, endpos=length + _MAX_CLUSTER):
        if cluster.end() > length:
            break
        end = cluster.end()
    # A longer cluster is not one of any language, and may be cut.
    return text[:end] if length - end < _MAX_CLUSTER else text[:length].rstrip(_JOINERS)


def _pair_of_flag_letters(text: str, index: int) -> int:
    """`index` or, in the middle of a flag, where the flag begins: pairs count from the beginning of the row."""
    row = index
    while row and "\U0001f1e6" <= text[row - 1] <= "\U0001f1ff":
        row -= 1
    return index - (index - row) % 2


def _neutralise(text: str) -> tuple[str, int]:
    """Make the brackets of chat-template tokens parentheses; returns also how many tokens there were.

    One pass suffices: a parenthesis is part of no token, so what stands on its two sides cannot grow together to one.
    """
    skeleton, positions = _skeleton(text)
    pieces = []
    done = opened = closed = named = 0
    for match in _TOKEN.finditer(skeleton):
        first, last = positions[match.start()], positions[match.end() - 1]
        pieces.append(text[done:first])
        if match["open"]:
            pieces.append("(")
            opened += 1
        elif match["close"]:
            pieces.append(")")
            closed += 1
        else:
            pieces.append(f"({text[first + 1 : last]})")
            named += 1
        done = last + 1
    pieces.append(text[done:])
    return "".join(pieces), max(opened, closed) + named


def _skeleton(text: str) -> tuple[str, list[int]]:
    """What the text looks like once compatibility forms, case, accents, look-alikes and spaces no longer count.

    Returns also, for each character of it, the index in `text` that it comes from.
    """
    if text.isascii() and not re.search(r"[<>\[]", text):
        return "", []
    skeleton = []
    positions = []
    for index, character in enumerate(text):
        for part in _fold(character):
            skeleton.append(part)
            positions.append(index)
    return "".join(skeleton), positions


@lru_cache(maxsize=4096)
def _fold(character: str) -> str:
    if character in _LOOK_ALIKES:
        return _LOOK_ALIKES[character]
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    return "".join(
        _LOOK_ALIKES.get(part, "_" if unicodedata.category(part) == "Pc" or part == "▁" else part)
        for part in folded
        if unicodedata.category(part)[0] not in "MZC"
    )
