"""OmniSVG: a drawing from words or from a picture."""

from spectacle.generators.omnisvg.generator import OmniSvg

__all__ = ["OmniSvg"]
