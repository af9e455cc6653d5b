"""Spectacle watches a directory: drop a text file in, get an image back."""

__version__ = "0.1.0"
