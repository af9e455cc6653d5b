"""Reads the settings: flags over `SPECTACLE_*` variables over a TOML file over the defaults."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from spectacle.config.settings import KindSettings, Settings, SpoolSettings
from spectacle.errors import ConfigurationError

ENVIRONMENT_PREFIX = "SPECTACLE_"
UNSETTING = frozenset({"SPECTACLE_CONFIG", "SPECTACLE_PLUGINS"})
"""Variables with the prefix that are not settings: where the file lies, and which plug-ins are loaded."""

DEFAULT_FILES = (
    Path("spectacle.toml"),
    Path("~/.config/spectacle/spectacle.toml"),
    Path("/etc/spectacle/spectacle.toml"),
)


def find_file(environment: Mapping[str, str] = os.environ) -> Path | None:
    """The configuration file when none is named: `SPECTACLE_CONFIG`, or the first of `DEFAULT_FILES` there is."""
    if named := environment.get("SPECTACLE_CONFIG"):
        return Path(named)
    return next((path.expanduser() for path in DEFAULT_FILES if path.expanduser().is_file()), None)


def load(
    file: Path | None = None,
    *,
    environment: Mapping[str, str] = os.environ,
    flags: Mapping[str, Any] | None = None,
) -> Settings:
    """Read the settings: flags over variables over the file over the defaults.

    Args:
        file: A TOML file, or None for none.
        environment: Variables `SPECTACLE_SECTION_KEY`, such as `SPECTACLE_SPOOL_PATH`; lists and tables as TOML values.
        flags: Nested values from the command line, such as `{"spool": {"path": …}}`.

    Raises:
        ConfigurationError: For an unknown key or a bad value, with the key, the value, the line and what is allowed.
    """
    text = ""
    raw: dict[str, Any] = {}
    if file is not None:
        try:
            text = file.read_text(encoding="utf-8")
            raw = tomllib.loads(text)
        except OSError as error:
            raise ConfigurationError(f"{file}: cannot be read: {error.strerror}: name another with --config") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"{file}: is not valid TOML: {error}") from None
        except RecursionError:
            raise ConfigurationError(
                f"{file}: is not a settings file: its lists or tables are nested too deep"
            ) from None
        spool = raw.setdefault("spool", {})
        if isinstance(spool, dict):
            spool.setdefault("path", str(SpoolSettings().path))
            _set_beside(file, spool, "path")
        weights = raw.get("weights")
        if isinstance(weights, dict):
            _set_beside(file, weights, "directory")
            if isinstance(prepared := weights.get("prepared"), dict):
                for name in prepared:
                    _set_beside(file, prepared, name)
    origins: dict[tuple[str, ...], str] = {}
    for keys, value, variable in _from_environment(environment):
        _put(raw, keys, value)
        origins[keys] = variable
    for keys, value in _leaves(flags or {}):
        _put(raw, keys, value)
        origins[keys] = "command line"
    try:
        return Settings.model_validate(raw)
    except ValidationError as error:
        raise ConfigurationError("; ".join(_explain(each, file, text, origins) for each in error.errors())) from None


def _set_beside(file: Path, section: dict[str, Any], name: str) -> None:
    """Make a relative path relative to the file it stands in; leave alone what is not a path."""
    path = section.get(name)
    if isinstance(path, str):
        section[name] = str(file.parent / Path(path).expanduser())


def fields(model: type[BaseModel] = Settings, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every leaf setting as (key path, pydantic field), sections in order; `[kinds.*]` excepted."""
    for name, field in model.model_fields.items():
        annotation = field.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield from fields(annotation, (*path, name))
        elif name != "kinds":
            yield (*path, name), field


def _from_environment(environment: Mapping[str, str]) -> Iterator[tuple[tuple[str, ...], Any, str]]:
    known = {ENVIRONMENT_PREFIX + "_".join(keys).upper(): (keys, field) for keys, field in fields()}
    for variable, text in environment.items():
        if not variable.startswith(ENVIRONMENT_PREFIX) or variable in UNSETTING:
            continue
        if variable not in known:
            near = get_close_matches(variable, known, 1)
            hint = f": did you mean {near[0]}?" if near else ""
            raise ConfigurationError(f"variable {variable}: no such setting{hint}")
        keys, field = known[variable]
        yield keys, _plain(text, field.annotation), variable


def _plain(text: str, annotation: Any) -> Any:
    """A variable's text as a TOML value where the field is a list or table; pydantic reads numbers itself."""
    if getattr(annotation, "__origin__", None) in (tuple, dict):
        if not text.lstrip().startswith(("[", "{")):
            return [part.strip() for part in text.split(",") if part.strip()]
        try:
            return tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            return text
    if text == "" and type(None) in get_args(annotation):
        return None
    return text


def _leaves(nested: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, value in nested.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, (*path, key))
        elif value is not None:
            yield (*path, key), value


def _put(raw: dict[str, Any], keys: tuple[str, ...], value: Any) -> None:
    for key in keys[:-1]:
        inner = raw.get(key)
        if not isinstance(inner, dict):
            inner = raw[key] = {}
        raw = inner
    raw[keys[-1]] = value


_SAID = {
    "byte_size": 'must be a size in bytes, such as "10GB" or 10_000_000_000',
    "byte_size_unit": 'must be a size in bytes, such as "10GB" or 10_000_000_000',
    "dict_type": "must be a table",
    "model_type": "must be a section, with its settings below a line [NAME]",
    "path_type": "must be a path in quotes",
    "string_type": "must be text in quotes",
    "too_short": "must not be empty",
    "tuple_type": 'must be a list, such as ["one", "two"]',
}
"""What is said instead of pydantic's sentences that speak of Python."""


def _explain(error: Any, file: Path | None, text: str, origins: Mapping[tuple[str, ...], str]) -> str:
    keys = tuple(str(part) for part in error["loc"])
    where = next((f"{origins[keys[:n]]}: " for n in range(len(keys), 0, -1) if keys[:n] in origins), "")
    if not where and file is not None:
        line = _line_of(text, keys)
        where = f"{file}, line {line}: " if line else f"{file}: "
    name = ".".join(keys)
    if error["type"] == "extra_forbidden":
        allowed = _allowed(keys)
        near = get_close_matches(keys[-1], allowed, 1)
        hint = f"did you mean {near[0]}? " if near else ""
        return f"{where}unknown setting {name}: {hint}allowed here: {', '.join(allowed)}"
    if error["type"] == "missing":
        return f"{where}{name} is missing"
    said = _SAID.get(error["type"], error["msg"].removeprefix("Value error, "))
    if not keys:
        return f"{where}{said}"
    shown = repr(error["input"])
    return f"{where}{name} = {shown if len(shown) <= 80 else shown[:77] + '…'}: {said}"


def _allowed(keys: tuple[str, ...]) -> list[str]:
    model: type[BaseModel] = Settings
    for key in keys[:-1]:
        if model is Settings and key == "kinds":
            return list(KindSettings.model_fields)
        annotation = model.model_fields[key].annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            model = annotation
    return list(model.model_fields)


def _line_of(text: str, keys: tuple[str, ...]) -> int | None:
    """The line of the file where a key stands, or of its table; None when it is not found as people write it."""
    table: tuple[str, ...] = ()
    best: int | None = None
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if heading := re.match(r"\[+\s*([^\]]+?)\s*\]+", stripped):
            table = tuple(part.strip().strip("\"'") for part in heading[1].split("."))
            if table == keys[: len(table)]:
                best = number
            continue
        if assignment := re.match(r"([A-Za-z0-9_.\-\"']+)\s*=", stripped):
            here = (*table, *(part.strip("\"'") for part in assignment[1].split(".")))
            if here == keys[: len(here)]:
                return number
    return best
