"""Understanding prompts: from a text in one of several languages to the scene it asks for."""

from spectacle.generators.illustration.words.colours import PALETTE
from spectacle.generators.illustration.words.understanding import understand

__all__ = ["PALETTE", "understand"]
