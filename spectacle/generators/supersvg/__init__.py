"""SuperSVG and an optimizer: any image as an SVG of filled paths."""

from spectacle.generators.supersvg.generator import SuperSvg

__all__ = ["SuperSvg"]
