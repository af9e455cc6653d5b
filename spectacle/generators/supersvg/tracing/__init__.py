"""Vectorizing without weights: areas or regions of an image, traced, refined, and written as SVG."""
