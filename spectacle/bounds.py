"""Says in plain words what a setting or an option must be, for a value that pydantic has rejected."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_MUST_BE = {
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "dict_type": "an object, such as {{}}",
    "enum": "{expected}",
    "finite_number": "a finite number",
    "float_parsing": "a number",
    "float_type": "a number",
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a smaller number",
    "int_type": "a whole number",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "list_type": "a list",
    "literal_error": "{expected}",
    "model_type": "an object, such as {{}}",
    "string_too_long": "at most {max_length} characters long",
    "string_too_short": "at least {min_length} characters long",
    "string_pattern_mismatch": "text that matches {pattern}",
    "string_type": "text in quotes",
    "tuple_type": "a list",
}


def must_be(kind: str, message: str, context: Mapping[str, Any], said: Mapping[str, str] | None = None) -> str:
    """A clause such as `must be at least 1`.

    Args:
        kind: Pydantic's type of the error.
        message: Its message, for types that are not known here, and for errors that our own validators raised.
        context: Its `ctx`.
        said: Clauses that are to be used for some types instead.
    """
    if said and kind in said:
        return said[kind]
    if kind in _MUST_BE:
        bounds = {name: int(bound) if _is_whole(bound) else bound for name, bound in context.items()}
        return f"must be {_MUST_BE[kind].format(**bounds)}"
    message = message.removeprefix("Value error, ").replace("Input should", "must", 1)
    return f"{message[:1].lower()}{message[1:]}".removesuffix(".")


def _is_whole(bound: object) -> bool:
    return isinstance(bound, float) and bound.is_integer()
