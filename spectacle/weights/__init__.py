"""Weights on this machine: what a generator needs of them, where they lie, and how they come there."""

from spectacle.weights.source import Source
from spectacle.weights.store import Located, Store

__all__ = ["Located", "Source", "Store"]
