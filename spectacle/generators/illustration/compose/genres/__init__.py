"""The kinds of images other than a scene: icons, patterns, charts, maps, posters, portraits, plates, diagrams."""

from __future__ import annotations

from dataclasses import replace

from spectacle.generators.illustration.compose.genres.board import paint_card, paint_poster
from spectacle.generators.illustration.compose.genres.charts import paint_chart
from spectacle.generators.illustration.compose.genres.diagrams import paint_diagram
from spectacle.generators.illustration.compose.genres.icons import paint_icon
from spectacle.generators.illustration.compose.genres.maps import paint_map
from spectacle.generators.illustration.compose.genres.patterns import paint_pattern
from spectacle.generators.illustration.compose.genres.plates import paint_plate
from spectacle.generators.illustration.compose.genres.portraits import paint_portrait
from spectacle.generators.illustration.compose.genres.tall import paint_tall
from spectacle.generators.illustration.compose.genres.words import with_caption, with_words
from spectacle.generators.illustration.compose.painting import Painted
from spectacle.generators.illustration.compose.stage import Stage
from spectacle.generators.illustration.language.scene import Scene

_PAINTERS = {
    "icon": paint_icon,
    "pattern": paint_pattern,
    "chart": paint_chart,
    "map": paint_map,
    "diagram": paint_diagram,
    "poster": paint_poster,
    "cover": paint_poster,
    "card": paint_card,
    "portrait": paint_portrait,
    "plate": paint_plate,
}


def paint(scene: Scene, stage: Stage, width: int, height: int, seed: int) -> Painted:
    """Paints an image of the kind that the scene asks for."""
    painter = _PAINTERS.get(scene.genre)
    painted = painter(scene, stage, width, height, seed) if painter is not None else None
    if painted is not None:
        painted = replace(painted, genre=scene.genre)
    else:
        painted = with_words(scene, paint_tall(scene, stage, width, height, seed), width, height)
    return with_caption(scene, painted, width, height) if scene.captioned else painted
