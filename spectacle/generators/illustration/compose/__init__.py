"""Drawing a scene: layout, backgrounds, light, colours and styles, written as SVG."""

from spectacle.generators.illustration.compose.painting import PlacedThing
from spectacle.generators.illustration.compose.picture import Composition, compose

__all__ = ["Composition", "PlacedThing", "compose"]
