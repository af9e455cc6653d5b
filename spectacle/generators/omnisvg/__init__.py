"""OmniSVG: an SVG from words or from an image."""

from spectacle.generators.omnisvg.generator import OmniSvg

__all__ = ["OmniSvg"]
