"""The options of `omnisvg`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from spectacle.generators.omnisvg.sizes import MAX_CANDIDATES, MAX_TOKENS
from spectacle.generators.svg_options import SvgOptions


class OmniSvgOptions(SvgOptions):
    """Settings for one request, by the names that OmniSVG's servers use."""

    task_type: Literal["text-to-svg", "image-to-svg"] | None = Field(
        None,
        description="Generate from the prompt, or vectorize the input image. Default: the latter if there is one.",
    )
    model_size: Literal["4B", "8B"] | None = Field(
        None,
        description="Size of the model. Default: that of the kind; another kind must be configured with the other.",
    )
    task_subtype: Literal["icon", "illustration"] | None = Field(
        None, description="What to generate from a prompt. Default: inferred from its words."
    )
    num_candidates: int = Field(
        4, ge=1, le=MAX_CANDIDATES, description="Maximum number of SVGs to return, the best first."
    )
    max_length: int = Field(
        1536,
        ge=256,
        le=MAX_TOKENS,
        description="Maximum number of tokens of an SVG; a path takes from 6 to several dozen.",
    )
    temperature: float | None = Field(
        None,
        ge=0.05,
        le=1.5,
        description="Sampling temperature. Default: 0.3 for images, 0.5 for icons, 0.6 for illustrations.",
    )
    top_p: float | None = Field(
        None, ge=0.1, le=1, description="Sample from the most likely tokens that together have this probability."
    )
    top_k: int | None = Field(None, ge=1, le=200, description="Sample from this number of most likely tokens.")
    repetition_penalty: float | None = Field(
        None, ge=1, le=2, description="Make tokens that the SVG already contains less likely; 1 does nothing."
    )
    replace_background: bool = Field(
        True, description="Make the background of the input image white before vectorizing it."
    )
    processed_input: bool = Field(
        False, description="Also write STEM-input-processed.png: the input image as the model sees it."
    )
