"""Images from prompts with Qwen-Image: from text alone, from an image, in a part of one, or along its edges."""

from spectacle.generators.qwen_image.generator import QwenImage

__all__ = ["QwenImage"]
