"""Reads the settings: flags over `SPECTACLE_*` variables over a TOML file over the defaults."""

from __future__ import annotations

import os
import re
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from spectacle.bounds import must_be
from spectacle.config.finding import is_same_directory
from spectacle.config.renamed import RENAMED, old_names, use_new_names, warning
from spectacle.config.section import section_in
from spectacle.config.settings import Settings, SpoolSettings
from spectacle.errors import ConfigurationError

ENVIRONMENT_PREFIX = "SPECTACLE_"
UNSETTING = frozenset({"SPECTACLE_CONFIG", "SPECTACLE_PLUGINS"})
"""Variables with the prefix that are not settings: where the file is, and which plug-ins are loaded."""


def warn_on_stderr(message: str) -> None:
    """Print a warning for people."""
    print(f"Warning: {message}", file=sys.stderr)  # noqa: T201 - the log is perhaps not set up before the settings are read


def load(
    file: Path | None = None,
    *,
    environment: Mapping[str, str] = os.environ,
    flags: Mapping[str, Any] | None = None,
    warn: Callable[[str], None] = warn_on_stderr,
) -> Settings:
    """Read the settings: flags over variables over the file over the defaults.

    Args:
        file: A TOML file, or None for none.
        environment: Variables `SPECTACLE_SECTION_KEY`, such as `SPECTACLE_SPOOL_PATH`; lists and tables as TOML values.
        flags: Nested values from the command line, such as `{"spool": {"path": …}}`.
        warn: Called with a sentence for each setting with an old name.

    Raises:
        ConfigurationError: For an unknown key or a bad value, with the key, the value, the line and what is allowed,
            and for a file in the spool itself.
    """
    text = ""
    raw: dict[str, Any] = {}
    if file is not None:
        try:
            text = file.read_text(encoding="utf-8")
            raw = tomllib.loads(text)
        except FileNotFoundError:
            raise ConfigurationError(
                f"{file}: does not exist. Write it with `spectacle init`, or use another file with --config."
            ) from None
        except OSError as error:
            remedy = "Fix its permissions, or use" if isinstance(error, PermissionError) else "Use"
            raise ConfigurationError(
                f"{file}: cannot be read: {error.strerror}. {remedy} another file with --config."
            ) from None
        except UnicodeDecodeError as error:
            raise ConfigurationError(f"{file}: byte {error.start + 1} is not UTF-8. Save the file as UTF-8.") from None
        except tomllib.TOMLDecodeError as error:
            raise ConfigurationError(f"{file}: {_invalid_toml(error)}, or use another file with --config.") from None
        except RecursionError:
            raise ConfigurationError(
                f"{file}: lists or tables are nested too deeply. Use another file with --config."
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
        gateway = raw.get("gateway")
        if isinstance(gateway, dict):
            _set_beside(file, gateway, "tokens")
            _set_beside(file, gateway, "key")
        hooks = raw.get("hooks")
        for hook in hooks.values() if isinstance(hooks, dict) else ():
            # A name without a slash is searched for in PATH.
            if isinstance(hook, list) and hook and isinstance(hook[0], str) and "/" in hook[0]:
                program = {"program": hook[0]}
                _set_beside(file, program, "program")
                hook[0] = program["program"]
        provenance = raw.get("provenance")
        if isinstance(provenance, dict):
            for name in ("certificate", "key", "trust"):
                _set_beside(file, provenance, name)
        metrics = raw.get("metrics")
        if isinstance(metrics, dict):
            _set_beside(file, metrics, "textfile")
        for lora in _loras(raw):
            if lora.get("repository") is None:
                _set_beside(file, lora, "file")
        for part in _parts(raw):
            if part.get("repository") is None:
                _set_beside(file, part, "path")
                _set_beside(file, part, "projector")
        for keys in use_new_names(raw):
            line = _line_of(text, keys)
            warn(warning(keys, f"{file}, line {line}: " if line else f"{file}: "))
    origins: dict[tuple[str, ...], str] = {}
    for keys, value, variable in _from_environment(environment, warn):
        _put(raw, keys, value)
        origins[keys] = variable
    for keys, value in _leaves(flags or {}):
        _put(raw, keys, value)
        origins[keys] = "command line"
    try:
        settings = Settings.model_validate(raw)
    except ValidationError as error:
        raise ConfigurationError(" ".join(_explain(each, file, text, origins) for each in error.errors())) from None
    if file is not None and is_same_directory(file.absolute().parent, settings.spool.path):
        raise ConfigurationError(
            f"{file}: is in the spool, so everyone who can write there could change it. Move it to another directory."
        )
    for name in ("answered", "failed"):
        command = getattr(settings.hooks, name)
        if command and "/" in command[0] and _is_inside(Path(command[0]), settings.spool.path):
            raise ConfigurationError(
                f"hooks.{name}: {command[0]} is in the spool, so everyone who can write there could change it. Move it "
                f"to another directory."
            )
    return settings


def _is_inside(file: Path, directory: Path) -> bool:
    """Whether a file is in a directory, or in one below it, however its path is written."""
    return any(is_same_directory(each, directory) for each in file.resolve().parents)


def _parts(raw: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The tables of all parts of models."""
    weights = raw.get("weights")
    models = weights.get("parts") if isinstance(weights, dict) else None
    for parts in models.values() if isinstance(models, dict) else ():
        yield from (part for part in parts.values() if isinstance(part, dict)) if isinstance(parts, dict) else ()


def _loras(raw: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The tables of all adapters: those under `[loras]`, and those that models and their presets list."""

    def tables(value: Any) -> list[dict[str, Any]]:
        values = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        return [each for each in values if isinstance(each, dict)]

    yield from tables(raw.get("loras"))
    for model in tables(raw.get("models")):
        for each in (model, *tables(model.get("presets"))):
            yield from tables(each.get("loras"))


def _set_beside(file: Path, section: dict[str, Any], name: str) -> None:
    """Make a relative path relative to the file it stands in; leave alone what is not a path."""
    path = section.get(name)
    if isinstance(path, str):
        try:
            section[name] = str(file.parent / Path(path).expanduser())
        except RuntimeError:
            raise ConfigurationError(
                f"{file}: {name} = {path!r}: there is no such home directory. Use an absolute path."
            ) from None


def fields(model: type[BaseModel] = Settings, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every leaf setting as (key path, pydantic field), sections in order; tables of sections excepted."""
    for name, field in model.model_fields.items():
        annotation = field.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield from fields(annotation, (*path, name))
        elif section_in(annotation) is None:
            yield (*path, name), field


def _from_environment(
    environment: Mapping[str, str], warn: Callable[[str], None]
) -> Iterator[tuple[tuple[str, ...], Any, str]]:
    known = {ENVIRONMENT_PREFIX + "_".join(keys).upper(): (keys, field) for keys, field in fields()}
    old = {ENVIRONMENT_PREFIX + "_".join(keys).upper(): (keys, new) for keys, new in RENAMED.items()}
    for variable, text in environment.items():
        if not variable.startswith(ENVIRONMENT_PREFIX) or variable in UNSETTING:
            continue
        name = variable
        if variable in old:
            keys, new = old[variable]
            warn(warning(keys, f"variable {variable}: "))
            name = ENVIRONMENT_PREFIX + "_".join((*keys[:-1], new)).upper()
        if name not in known:
            near = get_close_matches(variable, known, 1, 0.85)
            remedy = f"Did you mean {near[0]}?" if near else "Remove it, or use SPECTACLE_SECTION_NAME."
            raise ConfigurationError(f"variable {variable}: unknown setting. {remedy}")
        keys, field = known[name]
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
    if text.startswith("[") and any(get_origin(each) is tuple for each in get_args(annotation)):
        return _plain(text, tuple[str, ...])
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
    "string_too_short": "must not be empty",
    "too_short": "must not be empty",
    "tuple_type": 'must be a list, such as ["one", "two"]',
}
"""Messages in place of those of pydantic that mention Python."""


_TWICE = re.compile(r"Cannot declare \((.*?),?\) twice \(at line (\d+), column \d+\)")
"""What Python says of a section that is there twice, as when an example is added to a file that has all sections."""

_NO_LIMIT = (("limits", "users"), ("retention",))
"""Sections whose numbers limit something, and limit nothing where they are not set."""


def _invalid_toml(error: tomllib.TOMLDecodeError) -> str:
    if (twice := _TWICE.fullmatch(str(error))) is not None:
        name = twice[1].replace("'", "").replace(", ", ".")
        return f"the section [{name}] is there twice, again in line {twice[2]}. Put its settings into the first one"
    return f"invalid TOML: {error}. Fix it"


def _explain(error: Any, file: Path | None, text: str, origins: Mapping[tuple[str, ...], str]) -> str:
    keys = tuple(str(part) for part in error["loc"])
    where = next((f"{origins[keys[:n]]}: " for n in range(len(keys), 0, -1) if keys[:n] in origins), "")
    if not where and file is not None:
        written = keys[:-1] if keys[-1:] == ("[key]",) else keys
        line = max(_line_of(text, each) or 0 for each in (written, *old_names(written)))
        where = f"{file}, line {line}: " if line else f"{file}: "
    if keys[-1:] == ("[key]",):
        keys = keys[:-1]
        return f"{where}{'.'.join(keys)}: {error['msg'].removeprefix('Value error, ')}."
    name = ".".join(keys)
    if error["type"] == "extra_forbidden":
        allowed = _allowed(keys)
        near = get_close_matches(keys[-1], allowed, 1)
        hint = f"Did you mean {near[0]}? " if near else ""
        return f"{where}unknown setting {name}. {hint}Allowed here: {', '.join(allowed)}."
    if error["type"] == "missing":
        return f"{where}{name} is missing. Set it."
    said = must_be(error["type"], error["msg"], error.get("ctx", {}), _SAID)
    if not keys:
        return f"{where}{said}."
    if error["input"] == 0 and any(keys[: len(section)] == section for section in _NO_LIMIT):
        said += ". Omit it for no limit"
    shown = str(error["input"]).lower() if isinstance(error["input"], bool) else repr(error["input"])
    return f"{where}{name} = {shown if len(shown) <= 80 else shown[:77] + '…'}: {said}."


def _allowed(keys: tuple[str, ...]) -> list[str]:
    model: type[BaseModel] = Settings
    for key in keys[:-1]:
        if key not in model.model_fields:
            continue  # the name of a table, such as that of a kind, or a number in a list
        model = section_in(model.model_fields[key].annotation) or model
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
