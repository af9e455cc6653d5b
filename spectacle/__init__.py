"""Spectacle watches a folder: drop a text file in, get a picture back."""

__version__ = "0.1.0"
