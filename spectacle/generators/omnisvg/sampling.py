"""How the next token is sampled from the model's scores, and what upstream does for which task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Subtype = Literal["icon", "illustration"]


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is sampled. The bounds are those of the options of the same names.

    Attributes:
        temperature: Divides the scores; small values keep to the likeliest tokens.
        top_p: Tokens are sampled from the likeliest that together have this probability.
        top_k: Tokens are sampled from this many of the likeliest.
        repetition_penalty: Makes tokens less likely that the SVG has already; 1 does nothing.
    """

    temperature: float
    top_p: float
    top_k: int
    repetition_penalty: float


# Upstream's inference.py.
_OF_TEXT: dict[Subtype, Sampling] = {
    "icon": Sampling(temperature=0.5, top_p=0.88, top_k=50, repetition_penalty=1.05),
    "illustration": Sampling(temperature=0.6, top_p=0.90, top_k=60, repetition_penalty=1.03),
}
_OF_PICTURE = Sampling(temperature=0.3, top_p=0.90, top_k=50, repetition_penalty=1.05)


def default_sampling(subtype: Subtype | None) -> Sampling:
    """How upstream samples tokens for a subtype of text, or for an image (None)."""
    return _OF_PICTURE if subtype is None else _OF_TEXT[subtype]
