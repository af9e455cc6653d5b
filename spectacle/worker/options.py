"""Reads `STEM-options.json`, which may be anything, as checked options of a generator."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, NoReturn, TypeVar

from pydantic import ValidationError

from spectacle.bounds import must_be
from spectacle.errors import BadOptions, one_line
from spectacle.generators.base import GeneratorOptions

MAX_OPTIONS_BYTES = 64 * 2**10
"""Largest options file, in bytes."""

MAX_DEPTH = 8
"""Deepest nesting of objects and lists, counting the outermost."""

MAX_DIGITS = 20
"""Longest whole number, in digits: what an unsigned 64-bit number needs."""

NO_OPTIONS = b"{}"
"""What is read when there is no options file."""

_SHOWN = 60
"""Maximum number of characters of a name or value that a message repeats."""

_Options = TypeVar("_Options", bound=GeneratorOptions)


class BadDefault(BadOptions):
    """Raised when what is wrong is an option that the settings give every request of a kind."""


def read_options(raw: bytes, model: type[_Options], defaults: Mapping[str, Any]) -> _Options:
    """Read the options of a request.

    Values are not converted: `"5"` is not a number, `1` is not a truth value and `5.0` not a whole number.

    Args:
        raw: The whole options file; `NO_OPTIONS` when there is none.
        model: The generator's options.
        defaults: Values, configured for the kind, of the options that the file does not set.

    Raises:
        BadOptions: When the file is too large, not UTF-8, not a JSON object, too deep, names an option twice, or
            contains an invalid number; and when an option is unknown or its value is not allowed. The message names
            the option and its value, and what is allowed.
    """
    given = {} if raw == NO_OPTIONS else parse_options(raw)
    try:
        merged = json.dumps({**defaults, **given}, default=str)
        return model.model_validate_json(merged, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise _bad_option(first, model, given) from None


def parse_options(raw: bytes) -> dict[str, Any]:
    """Read the members of an options file, whatever they are called.

    Raises:
        BadOptions: When it is not the JSON object that `read_options` takes.
    """
    if len(raw) > MAX_OPTIONS_BYTES:
        raise BadOptions(f"the options file is {len(raw)} bytes; the limit is {MAX_OPTIONS_BYTES}. Shorten it.")
    try:
        parsed = json.loads(
            raw.decode("utf-8-sig"),
            object_pairs_hook=_object,
            parse_int=_whole_number,
            parse_float=_number,
            parse_constant=_refuse_number,
        )
    except UnicodeDecodeError as error:
        raise BadOptions(f"the options file is not UTF-8 text: {error.reason}. Save it as UTF-8.") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        raise BadOptions(f"the options file is not JSON: {error.msg} at {where}. Write an object like {{}}.") from None
    except RecursionError:
        raise _too_deep() from None
    if not isinstance(parsed, dict):
        raise BadOptions(f'the options file contains {_shown(parsed)}, not an object. Write one like {{"seed": 17}}.')
    _check(parsed, MAX_DEPTH)
    return parsed


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = {}
    for name, value in pairs:
        if name in members:
            raise BadOptions(f"option {_shown(name)}: set twice. Set it once.")
        members[name] = value
    return members


def _whole_number(digits: str) -> int:
    if len(digits.lstrip("-")) > MAX_DIGITS:
        raise BadOptions(
            f"the options file contains {_shortened(digits)}, which is too large. Use at most {MAX_DIGITS} digits."
        )
    return int(digits)


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        _refuse_number(text)
    return number


def _refuse_number(text: str) -> NoReturn:
    raise BadOptions(
        f"the options file contains {_shortened(text)}, which is not a valid option value. Use a finite number."
    )


def _check(value: object, depth: int) -> None:
    if isinstance(value, str):
        if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
            raise BadOptions(
                f"the options file contains {_shown(value)}, an unpaired surrogate. Write the complete character."
            )
    elif isinstance(value, (dict, list)):
        if not depth:
            raise _too_deep()
        for member in value.values() if isinstance(value, dict) else value:
            _check(member, depth - 1)
        if isinstance(value, dict):
            for name in value:
                _check(name, depth)


def _too_deep() -> BadOptions:
    return BadOptions(f"the options file nests more than {MAX_DEPTH} objects and lists. Flatten it.")


def _bad_option(error: Mapping[str, Any], model: type[GeneratorOptions], given: Mapping[str, Any]) -> BadOptions:
    kind, place = error["type"], error["loc"]
    valid = [field.alias or name for name, field in model.model_fields.items()]
    valid_options = f"Valid options: {', '.join(sorted(valid))}."
    reason = one_line(must_be(kind, error["msg"], error.get("ctx", {})))
    if not place:
        return BadOptions(f"the options do not fit together: {reason}. {valid_options}")
    option = str(place[0])
    origin, kind_of_error = ("", BadOptions) if option in given else (" in the daemon's configuration", BadDefault)
    if kind == "extra_forbidden" and len(place) == 1:
        nearest = get_close_matches(option[:_SHOWN], valid, n=1)
        guess = f"Did you mean {nearest[0]}? " if nearest else ""
        return kind_of_error(
            f"unknown option {_shown(option)}{origin}. {guess}{valid_options}", option=_shortened(option)
        )
    path = option + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place[1:])
    reason = f"it {reason}" if reason.startswith("must ") else reason
    if kind == "extra_forbidden":
        return kind_of_error(f"unknown option {_shortened(path)}{origin}. Remove it.", option=_shortened(option))
    problem = "is missing" if kind == "missing" else f"is {_shown(error['input'])}: {reason}"
    return kind_of_error(f"option {_shortened(path)}{origin} {problem}. {valid_options}", option=_shortened(option))


def _shown(value: object) -> str:
    return _shortened(json.dumps(value, ensure_ascii=False, default=str))


def _shortened(text: str) -> str:
    short = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in short)
