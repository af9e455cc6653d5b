"""Plates, platters and boards seen from above, with food in rounds on them."""

# ruff: noqa: E501 - tables read best with one thing to a line, however long

from __future__ import annotations

import math
import re
from dataclasses import replace

from spectacle.generators.illustration.compose.canvas import Canvas
from spectacle.generators.illustration.compose.colour import lighten
from spectacle.generators.illustration.compose.genres.flat import clusters_of, in_box, plain_canvas
from spectacle.generators.illustration.compose.painting import Painted, randomness, things_of
from spectacle.generators.illustration.compose.placed import Placed
from spectacle.generators.illustration.compose.render import draw_all
from spectacle.generators.illustration.compose.stage import Stage
from spectacle.generators.illustration.language.scene import Match, Scene, Thing

_SETS = (
    (r"english breakfast|fried breakfast|full breakfast", ("fluent:cooking", "fluent:bacon", "clipart:sausage", "fluent:tomato", "fluent:brown-mushroom", "fluent:bread")),
    (r"breakfast", ("fluent:croissant", "fluent:cooking", "fluent:pancakes", "fluent:strawberry", "fluent:bread")),
    (r"charcuterie|cheese board|cheese platter", ("fluent:cheese-wedge", "fluent:grapes", "fluent:baguette-bread", "fluent:olive", "fluent:cut-of-meat", "fluent:chestnut")),
    (r"sushi", ("fluent:sushi", "noto:sushi", "fluent:fried-shrimp", "fluent:rice-ball", "fluent:fish-cake-with-swirl")),
    (r"tapas|mezze", ("fluent:olive", "fluent:shrimp", "fluent:cheese-wedge", "fluent:falafel", "fluent:bread")),
    (r"bento", ("fluent:rice-ball", "fluent:sushi", "fluent:fried-shrimp", "fluent:broccoli", "fluent:fish-cake-with-swirl")),
    (r"thali|indian", ("fluent:curry-rice", "fluent:flatbread", "fluent:cooked-rice", "fluent:pot-of-food")),
    (r"fruits?", ("fluent:red-apple", "fluent:grapes", "fluent:banana", "fluent:strawberry", "fluent:kiwi-fruit", "fluent:tangerine")),
    (r"vegetables?|veggies|salad", ("fluent:carrot", "fluent:broccoli", "fluent:tomato", "fluent:cucumber", "fluent:bell-pepper")),
    (r"seafood|fish", ("fluent:lobster", "fluent:shrimp", "fluent:oyster", "fluent:crab", "fluent:lemon")),
    (r"desserts?|sweets?|cakes?", ("fluent:shortcake", "fluent:cupcake", "fluent:doughnut", "fluent:cookie", "fluent:custard")),
    (r"meat|barbecue|bbq", ("fluent:cut-of-meat", "fluent:meat-on-bone", "fluent:poultry-leg", "fluent:bacon")),
    (r"food|meal|dinner|lunch", ("fluent:cut-of-meat", "fluent:potato", "fluent:broccoli", "fluent:carrot", "fluent:mushroom")),
)  # fmt: skip
"""What is on a plate of which no more is said."""
_SERVED = frozenset({
    "spaghetti", "curry rice", "pot of food", "shallow pan of food", "green salad", "steaming bowl", "soup bowl", "lasagna", "fish and chips", "fried rice",
    "omelette", "cheese platter", "roast meal", "meatballs", "fruit bowl", "bread basket", "stuffed flatbread", "pancakes",
})  # fmt: skip
"""Food that is drawn on a plate of its own."""
_EDIBLE = frozenset({"food", "fruit", "vegetable", "drink", "dish"})


def paint_plate(scene: Scene, stage: Stage, width: int, height: int, seed: int) -> Painted | None:
    """Paints a table from above with a plate of the food named; None when the scene is not about food alone."""
    said = f"{scene.manner} {scene.title}".lower()
    foods = [
        thing
        for thing in scene.things
        if stage[thing.matches[0].drawing].category in _EDIBLE and thing.noun not in ("plate", "bowl", "platter")
    ]
    others = [thing for thing in scene.things if stage[thing.matches[0].drawing].category not in _EDIBLE]
    served = [thing for thing in foods if stage[thing.matches[0].drawing].title in _SERVED]
    if others or served or (scene.place_said and scene.place not in (None, "table", "kitchen")):
        return None
    drinks = [thing for thing in foods if stage[thing.matches[0].drawing].category == "drink"]
    foods = [thing for thing in foods if thing not in drinks]
    if len(foods) < 2:
        known = next((names for words, names in _SETS if re.search(rf"\b(?:{words})\b", said)), ())
        more = [Thing(stage[name].title, (Match(name, 1.0),)) for name in known if name in stage]
        have = {thing.matches[0].drawing for thing in foods}
        foods += [thing for thing in more if thing.matches[0].drawing not in have]
    if not foods:
        return None
    canvas = plain_canvas(width, height, randomness(scene, seed, "plate"), scene.style)
    _table(canvas)
    unit, x, y = canvas.unit, width / 2, height / 2
    if drinks:
        x -= (width - unit) / 4 + unit * 0.06
    r = unit * (0.42 if not drinks else 0.36)
    if re.search(r"board|charcuterie|tray|bento", said):
        canvas.rect(x - r * 1.08, y - r * 0.9, r * 2.16, r * 1.8, "#8a5a38", rx=r * 0.2)
        canvas.rect(x - r * 1.04, y - r * 0.86, r * 2.08, r * 1.72, "#c98a52", rx=r * 0.17)
    else:
        canvas.ellipse(x, y + r * 0.04, r * 1.03, r * 1.03, "#20160c", fill_opacity=0.25)
        canvas.ellipse(x, y, r, r, "#e9edf0")
        canvas.ellipse(x, y, r * 0.97, r * 0.97, "#fbfcfc")
        canvas.ellipse(x, y, r * 0.72, r * 0.72, "#eef1f3")
        canvas.ellipse(x, y, r * 0.69, r * 0.69, "#fdfdfd")
    placed: list[Placed] = []
    shown = _dealt(foods)
    alone = [replace(thing, count=1) for thing in (*shown, *drinks)]
    clusters = clusters_of(replace(scene, things=tuple(alone), relations=(), inscriptions=()), stage, 1.0, canvas.rng)
    for index, cluster in enumerate(clusters):
        if index < len(shown):
            a, b, size = _seat(index, len(shown), x, y, r)
        else:
            size = unit * 0.17
            a, b = x + r + size * 1.15, y + (index - len(shown) - (len(drinks) - 1) / 2) * 2.1 * size
        placed += in_box([cluster], (a - size, b - size, a + size, b + size))
    objects = "".join(draw_all(placed, canvas, stage))
    return Painted(f"{canvas.defs}{''.join(canvas.back)}{objects}", things_of(placed), "table", "day")


def _dealt(foods: list[Thing]) -> list[Thing]:
    """The foods one by one, each as often as its number or until the plate is full."""
    if any(thing.count > 1 for thing in foods) or len(foods) > 6:
        return [replace(thing, count=1) for thing in foods for _ in range(thing.count if thing.count <= 12 else 12)][
            :16
        ]
    wanted = 7 if len(foods) > 1 else 6
    return [replace(foods[index % len(foods)], count=1) for index in range(max(wanted, len(foods)))]


def _seat(index: int, count: int, x: float, y: float, r: float) -> tuple[float, float, float]:
    """Middle and half the size of one of several on a round plate."""
    if count == 1:
        return x, y, r * 0.6
    rest = count - 1 if count > 5 else count
    if count > 5 and index == 0:
        return x, y, r * 0.27
    angle = 2 * math.pi * (index - (1 if count > 5 else 0)) / rest - math.pi / 2
    ring = 0.58 if count > 5 else 0.42
    size = min(0.28, ring * math.sin(math.pi / rest) * 1.02)
    return x + ring * r * math.cos(angle), y + ring * r * math.sin(angle), r * size


def _table(canvas: Canvas) -> None:
    """Boards of a wooden table from above."""
    tone = canvas.rng.choice(("#b07a4a", "#8f6a4a", "#c79a68", "#7f8f8a"))
    canvas.rect(0, 0, canvas.width, canvas.height, tone)
    boards = max(4, round(6 * canvas.height / canvas.unit))
    for index in range(boards):
        top = canvas.height * index / boards
        canvas.rect(0, top, canvas.width, canvas.height / boards * 0.97, lighten(tone, canvas.rng.uniform(-0.03, 0.03)))
