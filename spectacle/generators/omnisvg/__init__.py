"""OmniSVG: a drawing from words or from a picture."""
