"""Weights of one part of a model in a file of their own: as ComfyUI, the authors of models and llama.cpp store them."""

from spectacle.generators.diffusion.single_file.part import PartFile, check, load, sizes, sizes_of_gguf

__all__ = ["PartFile", "check", "load", "sizes", "sizes_of_gguf"]
