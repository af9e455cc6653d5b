"""Weights on this machine: what a generator needs of them, where they are, and how they come there."""

from spectacle.weights.source import WEIGHTS, Source, without
from spectacle.weights.store import Located, Store

__all__ = ["WEIGHTS", "Located", "Source", "Store", "without"]
