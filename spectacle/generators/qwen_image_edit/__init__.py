"""Edits images as the prompt asks, with Qwen-Image-Edit and its successors."""

from spectacle.generators.qwen_image_edit.generator import QwenImageEdit

__all__ = ["QwenImageEdit"]
