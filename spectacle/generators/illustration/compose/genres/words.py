"""Words over an image: texts that no thing carries, and a caption for what could not be drawn."""

from __future__ import annotations

from dataclasses import replace

from spectacle.generators.illustration.compose.lettering import CAP, LEADING, fit, line, writable
from spectacle.generators.illustration.compose.painting import Painted
from spectacle.generators.illustration.compose.svg import element
from spectacle.generators.illustration.language.scene import Scene


def with_words(scene: Scene, painted: Painted, width: int, height: int) -> Painted:
    """The image with the texts that belong to no thing, in large letters on a strip."""
    texts = [inscription.text for inscription in scene.inscriptions if inscription.carrier is None]
    empty = not scene.things and scene.place is None and scene.time is None and not scene.weather
    if not texts and empty and scene.title and len(scene.title) <= 80:
        texts = [scene.title]
    if not texts:
        return painted
    share = 0.5 if empty else 0.2
    middle = height * (0.5 if empty else 0.14 if not painted.placed or _top(painted) > 0.24 * height else 0.88)
    return replace(painted, content=painted.content + strip(" – ".join(texts), width, height, middle, share))


def with_caption(scene: Scene, painted: Painted, width: int, height: int) -> Painted:
    """The image with a line at its foot that names what of the prompt it does not show."""
    missing = [*(one.word for one in scene.unknown if not one.used), *scene.not_drawn]
    missing = [word for word in dict.fromkeys(missing) if writable(word) == 1]
    if not missing:
        return painted
    text = f"not shown: {', '.join(missing)}"[:120]
    return replace(painted, content=painted.content + strip(text, width, height, height * 0.96, 0.07))


def _top(painted: Painted) -> float:
    return min(one.box[1] for one in painted.placed)


def strip(text: str, width: int, height: int, middle: float, share: float) -> str:
    """A text on a pale strip across the image.

    Args:
        text: What is written.
        width: Width of the image in pixels.
        height: Height of the image in pixels.
        middle: Height of the middle of the strip.
        share: Share of the image's height that it may take.
    """
    unit = min(width, height)
    fitted = fit(text, width * 0.86, height * share * 0.72, unit * 0.15)
    pad = fitted.size * 0.42
    tall, wide = fitted.height + 2 * pad, min(fitted.width + 3 * pad, width * 0.98)
    top = min(max(middle - tall / 2, unit * 0.02), height - tall - unit * 0.02)
    ground = element(
        "rect", x=(width - wide) / 2, y=top, width=wide, height=tall, rx=pad * 0.7, fill="#fffdf6", fill_opacity=0.93
    )
    first = top + pad + CAP * fitted.size
    lines = "".join(
        line(written, width / 2, first + index * LEADING * fitted.size, fitted.size, "#26262c")
        for index, written in enumerate(fitted.lines)
    )
    return ground + lines
