"""The options that generators of SVG have in common."""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from spectacle.generators.base import GeneratorOptions


class SvgOptions(GeneratorOptions):
    """Settings for one request to a generator that makes SVG. Generators subclass it and add fields."""

    return_png: bool = Field(False, description="The same as `png`.")

    @model_validator(mode="before")
    @classmethod
    def _png_by_another_name(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("return_png") is True:
            return {**given, "png": True}
        return given
