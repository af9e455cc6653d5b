"""Text as outlines of the bundled font, so that it looks the same everywhere and needs no font where it is seen."""

from __future__ import annotations

import functools
import itertools
import json
import zlib
from dataclasses import dataclass
from importlib import resources
from typing import Any

from spectacle.generators.illustration.compose.svg import element, num

CAP = 0.69
"""Height of a capital letter as a share of the letters' size."""

LEADING = 1.12
"""Distance between lines as a multiple of the letters' size."""

_EM = 1000
_BOX = 560
"""Width of the box that stands for a character the font does not have."""


@functools.cache
def _font() -> dict[str, Any]:
    data = (resources.files("spectacle.generators.illustration.art") / "letters.bin").read_bytes()
    font: dict[str, Any] = json.loads(zlib.decompress(data))
    return font


def writable(text: str) -> float:
    """Share of the characters of a text that the font has, 0 to 1; 1 for an empty text."""
    shown = [character for character in text if not character.isspace()]
    return sum(character in _font()["path"] for character in shown) / len(shown) if shown else 1.0


def width_of(text: str) -> float:
    """Width of one line as a multiple of the letters' size."""
    font = _font()
    total = sum(font["advance"].get(character, _BOX + 80) for character in text)
    total += sum(font["kern"].get(one + two, 0) for one, two in itertools.pairwise(text))
    return float(total) / _EM


@dataclass(frozen=True, slots=True)
class Fitted:
    """A text broken into lines that fit a box.

    Attributes:
        lines: The lines.
        size: Size of the letters, in the units of the box.
    """

    lines: tuple[str, ...]
    size: float

    @property
    def height(self) -> float:
        """Height from the top of the first line's capitals to the last line's baseline."""
        return self.size * (CAP + LEADING * (len(self.lines) - 1))

    @property
    def width(self) -> float:
        """Width of the widest line."""
        return self.size * max((width_of(line) for line in self.lines), default=0.0)


def fit(text: str, width: float, height: float, largest: float | None = None) -> Fitted:
    """The line breaks that let a text be written largest in a box.

    Args:
        text: What is written; runs of spaces count as one.
        width: Width of the box.
        height: Height of the box.
        largest: Size of the letters at most; None for as large as fits.
    """
    words = text.split() or [""]
    best = Fitted((" ".join(words),), 0.0)
    for count in range(1, min(len(words), 8) + 1):
        lines = _broken(words, count)
        widest = max(width_of(line) for line in lines) or 1.0
        size = min(width / widest, height / (CAP + LEADING * (len(lines) - 1)))
        if largest is not None:
            size = min(size, largest)
        if size > best.size * 1.02:
            best = Fitted(tuple(lines), size)
    return best


def _broken(words: list[str], count: int) -> list[str]:
    """The words in at most `count` lines, the widest of them as narrow as can be."""
    low, high = max(width_of(word) for word in words), width_of(" ".join(words))
    best = [" ".join(words)]
    for _ in range(12):
        middle = (low + high) / 2
        lines = [words[0]]
        for word in words[1:]:
            longer = f"{lines[-1]} {word}"
            if width_of(longer) <= middle:
                lines[-1] = longer
            else:
                lines.append(word)
        if len(lines) <= count:
            best, high = lines, middle
        else:
            low = middle
    return best


def line(text: str, x: float, baseline: float, size: float, fill: str, anchor: str = "middle") -> str:
    """One line of text as paths in a group that says what it reads.

    Args:
        text: What is written.
        x: Where it is anchored.
        baseline: Height of the line it stands on.
        size: Size of the letters.
        fill: Their paint.
        anchor: `start`, `middle` or `end`: what of the line is at `x`.
    """
    font = _font()
    scale = size / _EM
    shift = {"start": 0.0, "middle": -0.5, "end": -1.0}[anchor] * width_of(text) * size
    parts, at = [], 0
    for index, character in enumerate(text):
        data = font["path"].get(character)
        if data is None and not character.isspace():
            data = f"M60 0V-{CAP * _EM:.0f}H{_BOX}V0ZM120 -60H{_BOX - 60}V-{CAP * _EM - 60:.0f}H120Z"
        if data:
            parts.append(f'<path transform="translate({at} 0)" d="{data}"/>' if at else f'<path d="{data}"/>')
        at += font["advance"].get(character, _BOX + 80)
        at += font["kern"].get(text[index : index + 2], 0)
    return element(
        "g", "".join(parts), role="img", fill=fill, fill_rule="evenodd" if writable(text) < 1 else None,
        transform=f"translate({num(x + shift)} {num(baseline)})scale({scale:.5g})", **{"aria-label": text},
    )  # fmt: skip


def block(text: str, box: tuple[float, float, float, float], fill: str, largest: float | None = None) -> str:
    """A text in the middle of a box, in as many lines as let it be largest.

    Args:
        text: What is written.
        box: Left, top, width and height.
        fill: Paint of the letters.
        largest: Size of the letters at most.
    """
    left, top, width, height = box
    fitted = fit(text, width, height, largest)
    first = top + (height - fitted.height) / 2 + CAP * fitted.size
    return "".join(
        line(written, left + width / 2, first + index * LEADING * fitted.size, fitted.size, fill)
        for index, written in enumerate(fitted.lines)
    )
