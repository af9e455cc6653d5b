"""Botanical plates: SDXL with a LoRA of century-old illustrations, led by a sketch through ControlNet."""

from spectacle.generators.botanical.generator import Botanical

__all__ = ["Botanical"]
