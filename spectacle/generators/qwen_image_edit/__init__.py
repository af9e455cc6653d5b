"""Edits pictures as the prompt asks, with Qwen-Image-Edit."""
