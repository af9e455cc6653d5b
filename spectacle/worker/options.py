"""Reads `STEM-options.json`, which may be anything, as checked options of a generator."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, NoReturn, TypeVar

from pydantic import ValidationError

from spectacle.errors import BadOptions, one_line
from spectacle.generators.base import GeneratorOptions

MAX_OPTIONS_BYTES = 64 * 2**10
"""Largest options file, in bytes."""

MAX_DEPTH = 8
"""Deepest nesting of objects and lists, counting the outermost."""

MAX_DIGITS = 20
"""Longest whole number, in digits: what an unsigned 64-bit number needs."""

_SHOWN = 60
"""Most characters of a name or value that a message repeats."""

_Options = TypeVar("_Options", bound=GeneratorOptions)


def read_options(raw: bytes, model: type[_Options], defaults: Mapping[str, Any]) -> _Options:
    """Read the options of a request.

    Values are taken at their word: `"5"` is not a number, `1` is not a truth value and `5.0` not a whole number.

    Args:
        raw: The whole options file; `b"{}"` when there is none.
        model: The generator's options.
        defaults: Values, configured for the kind, of the options that the file does not set.

    Raises:
        BadOptions: When the file is too large, no UTF-8, no JSON object, too deep, names an option twice, or holds a
            number that is not one; and when an option is unknown or its value not what the generator takes. The message
            names the option and its value, and what is allowed.
    """
    given = _parse(raw)
    try:
        merged = json.dumps({**defaults, **given}, default=str)
        return model.model_validate_json(merged, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise _bad_option(first["type"], first["loc"], first["msg"], first["input"], model, given) from None


def _parse(raw: bytes) -> dict[str, Any]:
    if len(raw) > MAX_OPTIONS_BYTES:
        raise BadOptions(f"the options file has {len(raw)} bytes, at most {MAX_OPTIONS_BYTES} are read: shorten it")
    try:
        parsed = json.loads(
            raw.decode("utf-8-sig"),
            object_pairs_hook=_object,
            parse_int=_whole_number,
            parse_float=_number,
            parse_constant=_refuse_number,
        )
    except UnicodeDecodeError as error:
        raise BadOptions(f"the options file is not UTF-8 text: {error.reason}; save it as UTF-8") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        raise BadOptions(f"the options file is not JSON: {error.msg} at {where}; write an object like {{}}") from None
    except RecursionError:
        raise _too_deep() from None
    if not isinstance(parsed, dict):
        raise BadOptions(f'the options file holds {_shown(parsed)}, not an object: write one like {{"seed": 17}}')
    _check(parsed, MAX_DEPTH)
    return parsed


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = {}
    for name, value in pairs:
        if name in members:
            raise BadOptions(f"option {_shown(name)} is set twice: set it once")
        members[name] = value
    return members


def _whole_number(digits: str) -> int:
    if len(digits.lstrip("-")) > MAX_DIGITS:
        _refuse_number(digits)
    return int(digits)


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        _refuse_number(text)
    return number


def _refuse_number(text: str) -> NoReturn:
    raise BadOptions(f"the options file holds {_shortened(text)}, which is not a number that an option takes")


def _check(value: object, depth: int) -> None:
    if isinstance(value, str):
        if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
            raise BadOptions(f"the options file holds {_shown(value)}, half of a character: write it whole")
    elif isinstance(value, (dict, list)):
        if not depth:
            raise _too_deep()
        for member in value.values() if isinstance(value, dict) else value:
            _check(member, depth - 1)
        if isinstance(value, dict):
            for name in value:
                _check(name, depth)


def _too_deep() -> BadOptions:
    return BadOptions(f"the options file nests more than {MAX_DEPTH} objects and lists: flatten it")


def _bad_option(
    kind: str,
    place: tuple[int | str, ...],
    reason: str,
    value: object,
    model: type[GeneratorOptions],
    given: Mapping[str, Any],
) -> BadOptions:
    valid = [field.alias or name for name, field in model.model_fields.items()]
    valid_options = f"valid options: {', '.join(sorted(valid))}"
    reason = one_line(reason.replace("Input should", "it should").removeprefix("Value error, "))
    if not place:
        return BadOptions(f"the options do not fit together: {reason}; {valid_options}")
    option = str(place[0])
    origin = "" if option in given else " in the service's configuration"
    if kind == "extra_forbidden" and len(place) == 1:
        nearest = get_close_matches(option[:_SHOWN], valid, n=1)
        guess = f"did you mean {nearest[0]}? " if nearest else ""
        return BadOptions(f"unknown option {_shown(option)}{origin}: {guess}{valid_options}", option=_shortened(option))
    path = option + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place[1:])
    problem = "is missing" if kind == "missing" else f"is {_shown(value)}: {reason}"
    return BadOptions(f"option {_shortened(path)}{origin} {problem}; {valid_options}", option=_shortened(option))


def _shown(value: object) -> str:
    return _shortened(json.dumps(value, ensure_ascii=False, default=str))


def _shortened(text: str) -> str:
    short = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in short)
