"""Reads single parameters of HTTP requests: whole numbers, sizes, switches and texts, from JSON or from forms."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from spectacle.gateway.problems import bad_parameter

_SIZE = re.compile(r"([1-9][0-9]{0,4})[xX×]([1-9][0-9]{0,4})")
_TRUE, _FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off", "")
MAX_SIDE = 99999


def text(fields: Mapping[str, Any], name: str, default: str | None = None) -> str:
    """A text.

    Raises:
        Problem: When it is missing without a default, or not a text.
    """
    value = fields.get(name)
    if value is None:
        if default is None:
            raise bad_parameter(name, f"{name}: missing. Send a text.")
        return default
    if not isinstance(value, str):
        raise bad_parameter(name, f"{name}: not a text. Send a JSON string.")
    return value


def number(fields: Mapping[str, Any], name: str) -> float | None:
    """A finite number, or None when there is none.

    Raises:
        Problem: When it is not a number.
    """
    value = fields.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            value = math.nan
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise bad_parameter(name, f"{name}: not a number. Send one, such as 1.")
    return value


def whole(fields: Mapping[str, Any], name: str, low: int, high: int) -> int | None:
    """A whole number between bounds, or None when there is none.

    Raises:
        Problem: When it is anything else.
    """
    given = fields.get(name)
    if isinstance(given, str) and re.fullmatch(r"[+-]?[0-9]{1,30}", given.strip()):
        value: float | None = int(given)
    elif isinstance(given, int) and not isinstance(given, bool):
        value = given
    else:
        value = number(fields, name)
    if value is None:
        return None
    if value != int(value) or not low <= value <= high:
        raise bad_parameter(name, f"{name}: {value:g} is not valid. Send a whole number from {low} to {high}.")
    return int(value)


def switch(fields: Mapping[str, Any], name: str, default: bool) -> bool:
    """True or false.

    Raises:
        Problem: When it is neither.
    """
    value = fields.get(name)
    if value is None:
        return default
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise bad_parameter(name, f"{name}: not true or false. Send one of the two.")


def size(value: Any, name: str = "size") -> tuple[int, int]:
    """Width and height from a text such as `640x480`.

    Raises:
        Problem: When it is not a size.
    """
    match = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise bad_parameter(name, f"{name}: not a size. Send width and height in pixels, such as 640x480.")
    return int(match[1]), int(match[2])
