"""SuperSVG and an optimiser: any picture as a drawing of filled paths."""

from spectacle.generators.supersvg.generator import SuperSvg

__all__ = ["SuperSvg"]
