"""What all sections of the settings have in common: strict, unchangeable, with messages for people."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

from pydantic import AfterValidator, BaseModel, ByteSize, ConfigDict, ValidationInfo, field_validator

from spectacle.spool.naming import KIND_PATTERN, RESERVED_KINDS

NO_HOME = Path("/nonexistent")
"""The home directory of an account without one: nothing is found in it, and nothing can be written."""

_NUMBERS = (int, int | None, float, float | None, ByteSize, ByteSize | None)


def whole(pattern: str, words: str) -> AfterValidator:
    """Demand that all of a text matches, which `pattern` of pydantic does not; the words say what the text must be."""

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(f"must be {words}")
        return text

    return AfterValidator(check)


def expanded(path: Path) -> Path:
    """A path with the account's home directory in place of `~`, or a place where nothing is for an account without."""
    try:
        return path.expanduser()
    except RuntimeError:
        return NO_HOME / Path(*path.parts[1:])


def kind_name(name: str) -> str:
    if not KIND_PATTERN.fullmatch(name):
        raise ValueError("invalid kind name. Use a-z, 0-9 and _, beginning with a letter")
    if name in RESERVED_KINDS:
        raise ValueError(
            "reserved kind name, because its results would be named like attachments of other requests. Use another"
        )
    return name


class Section(BaseModel):
    """A section: unknown settings and values of other types are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, validate_default=True)

    @field_validator("*", mode="before")
    @classmethod
    def _truth_is_not_a_number(cls, value: Any, info: ValidationInfo) -> Any:
        field = cls.model_fields[info.field_name or ""]
        if isinstance(value, bool) and field.annotation in _NUMBERS:
            raise ValueError("must be a number")
        return value


def section_in(annotation: Any) -> type[BaseModel] | None:
    """The section that a setting is, or that its table or list contains; None for a value."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := section_in(part)) is not None), None)
