"""The built-in illustrator: understands a prompt, finds artworks for it, and composes them to a scene."""

from spectacle.generators.illustration.generator import Illustration, Style

__all__ = ["Illustration", "Style"]
