"""Drawing a scene: layout, backgrounds, light, colours and styles, written as SVG."""

from spectacle.generators.illustration.compose.picture import Composition, PlacedThing, compose

__all__ = ["Composition", "PlacedThing", "compose"]
