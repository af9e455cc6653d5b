"""Generates images, and edits up to ten of them together, with Qwen-Image-2.1: also with transparency."""

from spectacle.generators.qwen_image_21.generator import QwenImage21

__all__ = ["QwenImage21"]
