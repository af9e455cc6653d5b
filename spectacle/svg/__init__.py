"""SVG from generators, made safe to publish and to draw."""
