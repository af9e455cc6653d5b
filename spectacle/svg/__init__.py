"""SVG from generators, made safe to publish and to render."""

from __future__ import annotations

from spectacle.svg.clean import SvgLimits, clean_svg
from spectacle.svg.rasterise import Rasteriser

__all__ = ["Rasteriser", "SvgLimits", "clean_svg"]
