"""Posters, covers and cards: an image with its words, set on paper."""

# ruff: noqa: E501 - tables read best with one thing to a line, however long

from __future__ import annotations

import re
from dataclasses import replace

from spectacle.generators.illustration.compose.canvas import Canvas
from spectacle.generators.illustration.compose.colour import lighten, mix
from spectacle.generators.illustration.compose.genres.flat import clusters_of, in_box, plain_canvas
from spectacle.generators.illustration.compose.lettering import block, writable
from spectacle.generators.illustration.compose.painting import Painted, paint_scene, randomness, things_of
from spectacle.generators.illustration.compose.render import draw_all
from spectacle.generators.illustration.compose.stage import Stage
from spectacle.generators.illustration.compose.svg import element, num, rename
from spectacle.generators.illustration.language.dates import is_date
from spectacle.generators.illustration.language.scene import Scene

GREETINGS = (
    ("birthday", "Happy Birthday!"), ("christmas", "Merry Christmas!"), ("xmas", "Merry Christmas!"), ("easter", "Happy Easter!"),
    ("valentine", "Happy Valentine's Day!"), ("thank", "Thank You!"), ("wedding", "Our Wedding"), ("get well", "Get Well Soon!"),
    ("get-well", "Get Well Soon!"), ("anniversary", "Happy Anniversary!"), ("halloween", "Happy Halloween!"), ("mother", "Happy Mother's Day!"),
    ("father", "Happy Father's Day!"), ("new year", "Happy New Year!"), ("baby", "Baby Shower"), ("congratulations", "Congratulations!"),
    ("graduation", "Congratulations!"), ("sympathy", "With Sympathy"), ("save the date", "Save the Date"), ("invit", "You're Invited!"),
    ("party", "You're Invited!"), ("certificate", "Certificate"), ("holiday", "Happy Holidays!"), ("postcard", ""), ("business", ""), ("greeting", "Best Wishes!"),
)  # fmt: skip
"""Kinds of cards to what is written on them when the prompt says nothing."""

_PAPERS = (
    ("#fdf1e3", "#d9644a"),
    ("#e9f3ee", "#2f7d63"),
    ("#f3ecf8", "#7a4ba8"),
    ("#e8f1fa", "#2b62a8"),
    ("#fdeef2", "#c2447a"),
)
_LEADING = re.compile(
    r"^(?:for|about|of|to|with|featuring|showing)\s+(?:an?\s+|the\s+|my\s+)?|^(?:an?|the|my)\s+", re.IGNORECASE
)
MAX_TITLE = 40


def paint_poster(scene: Scene, stage: Stage, width: int, height: int, seed: int) -> Painted:
    """Paints a poster or a cover: the scene under its title, in a margin of paper."""
    rng = randomness(scene, seed, "board")
    canvas = plain_canvas(width, height, rng)
    paper, tone = rng.choice(_PAPERS)
    canvas.rect(0, 0, width, height, paper)
    unit = canvas.unit
    titles = _titled(scene, _texts(scene))
    band = height * (0.2 if height >= width * 0.6 else 0.3)
    margin = unit * 0.045
    letters = block(titles[0].upper() if scene.genre == "poster" else titles[0],
                    (margin * 1.5, margin, width - 3 * margin, band - margin), tone, unit * 0.2)  # fmt: skip
    foot = 0.0
    if len(titles) > 1:
        foot = height * 0.09
        letters += block(
            " – ".join(titles[1:]),
            (margin * 2, height - foot - margin * 0.5, width - 4 * margin, foot * 0.7),
            tone,
            unit * 0.07,
        )
    left, top, wide, tall = margin, band + margin * 0.4, width - 2 * margin, height - band - margin * 1.4 - foot
    inner, inset = _inset(scene, stage, left, top, wide, tall, seed)
    canvas.add(inset)
    frame = element("rect", x=left, y=top, width=wide, height=tall, fill="none", stroke=tone, stroke_width=unit * 0.008)
    spine = ""
    if scene.genre == "cover" and "book" in scene.manner:
        spine = element(
            "rect", x=0, y=0, width=unit * 0.035, height=height, fill=mix(tone, "#20202a", 0.4), fill_opacity=0.85
        )
    content = f"{canvas.defs}{''.join(canvas.back)}{frame}{letters}{spine}"
    return replace(inner, content=content)


def paint_card(scene: Scene, stage: Stage, width: int, height: int, seed: int) -> Painted:
    """Paints a card: its greeting over the things it is decorated with."""
    rng = randomness(scene, seed, "board")
    canvas = plain_canvas(width, height, rng)
    paper, tone = rng.choice(_PAPERS)
    unit = canvas.unit
    canvas.rect(0, 0, width, height, paper)
    _confetti(canvas, paper, tone)
    canvas.rect(
        unit * 0.035,
        unit * 0.035,
        width - unit * 0.07,
        height - unit * 0.07,
        "none",
        stroke=tone,
        stroke_width=unit * 0.008,
        rx=unit * 0.03,
    )
    canvas.rect(
        unit * 0.052,
        unit * 0.052,
        width - unit * 0.104,
        height - unit * 0.104,
        "none",
        stroke=tone,
        stroke_width=unit * 0.003,
        rx=unit * 0.02,
    )
    titles = _greeted(next((text for key, text in GREETINGS if key in scene.manner), ""), _texts(scene))
    titles = _titled(scene, titles)
    top = height * (0.34 if scene.things or scene.place else 0.9)
    letters = block(
        titles[0],
        (width * 0.1, height * 0.085, width * 0.8, (top - height * 0.1) * (1.0 if len(titles) == 1 else 0.62)),
        tone,
        unit * 0.17,
    )
    if len(titles) > 1:
        rest = (width * 0.12, height * 0.085 + (top - height * 0.1) * 0.68, width * 0.76, (top - height * 0.1) * 0.3)
        letters += block(" – ".join(titles[1:]), rest, "#3a3a44", unit * 0.075)
    if scene.place is not None and scene.place_said:
        box = (unit * 0.1, top, width - unit * 0.2, height - top - unit * 0.1)
        inner, inset = _inset(scene, stage, *box, seed)
        canvas.add(inset)
        return replace(inner, content=f"{canvas.defs}{''.join(canvas.back)}{letters}")
    placed = in_box(
        clusters_of(scene, stage, 1.4, rng), (width * 0.14, top + unit * 0.02, width * 0.86, height - unit * 0.11)
    )
    objects = "".join(draw_all(placed, canvas, stage))
    return Painted(f"{canvas.defs}{''.join(canvas.back)}{objects}{letters}", things_of(placed), "plain", "day")


def _greeted(greeting: str, texts: list[str]) -> list[str]:
    """What is written on a card: the greeting unless the prompt has one of its own, and nothing twice."""
    said = {text.lower(): text for text in texts}
    texts = [text for low, text in said.items() if not any(low in other for other in said if other != low)]
    first = greeting.lower().partition(" ")[0]
    return [greeting, *texts] if greeting and not any(first in low for low in said) else texts


def _inset(
    scene: Scene, stage: Stage, left: float, top: float, wide: float, tall: float, seed: int
) -> tuple[Painted, str]:
    """The scene painted in a rectangle of the page: what was placed there, and its elements."""
    inner = paint_scene(scene, stage, max(16, round(wide)), max(16, round(tall)), seed)
    content = rename(inner.content, "i")
    clip = f'<clipPath id="inset"><rect x="0" y="0" width="{num(wide)}" height="{num(tall)}"/></clipPath>'
    markup = f'<g transform="translate({num(left)} {num(top)})"><defs>{clip}</defs><g clip-path="url(#inset)">{content}</g></g>'
    placed = tuple(
        replace(one, box=(one.box[0] + left, one.box[1] + top, one.box[2] + left, one.box[3] + top))
        for one in inner.placed
    )
    return replace(inner, placed=placed), markup


def _texts(scene: Scene) -> list[str]:
    return [one.text for one in scene.inscriptions if one.carrier is None]


def _titled(scene: Scene, texts: list[str]) -> list[str]:
    """The texts of a page with a title before them, where none of them is more than a date."""
    return texts if any(not is_date(text) for text in texts) else [_title(scene), *texts]


def _title(scene: Scene) -> str:
    """The words of the prompt that say what it is about, for a page whose words are not given."""
    topic = _LEADING.sub("", scene.topic.split(",")[0].strip())
    topic = re.split(r"\s+(?:with|in|on|at|by|and|featuring)\s+", topic)[0]
    if not topic or len(topic) > MAX_TITLE or writable(topic) < 1:
        topic = scene.things[0].noun if scene.things else scene.manner
    return topic[:1].upper() + topic[1:]


def _confetti(canvas: Canvas, paper: str, tone: str) -> None:
    rng, unit = canvas.rng, canvas.unit
    for _ in range(36):
        x, y = canvas.width * rng.random(), canvas.height * rng.random()
        canvas.ellipse(x, y, unit * 0.008, unit * 0.008, rng.choice((lighten(paper, -0.06), mix(paper, tone, 0.3))))
