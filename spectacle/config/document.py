"""Writes the settings model down: as a `spectacle.toml` that shows every default, and as a reference for people."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel, ByteSize
from pydantic.fields import FieldInfo

from spectacle.config import (
    DEFAULT_FILES,
    ENVIRONMENT_PREFIX,
    KindSettings,
    LoraSettings,
    ModelLoraSettings,
    ModelPresetSettings,
    ModelSettings,
    PartSettings,
    RayGroupSettings,
    RetentionRule,
    Settings,
    SizeSettings,
)
from spectacle.config.operation import Duration
from spectacle.config.section import section_in

_WIDTH = 100
_LONG_NUMBER = 100_000
"""Numbers from here on are written in groups of three digits."""

_BOUNDS = {"ge": "at least", "gt": "more than", "le": "at most"}

_HEAD = """\
# Settings of Spectacle. Commented-out settings show their defaults; uncomment a line to change it.
# `spectacle doctor` checks this file. Variables such as SPECTACLE_SPOOL_PATH and flags such as --spool override it.
"""

_KINDS_NOTE = """\
# A table [kinds.NAME] for each kind. A request USER-MSGID-WxH-NAME.txt selects the kind NAME. If you define any kind,
# the built-in ones are served only if they are listed too, as below.
"""

_INTRODUCTION = """\
# Configuration

<!-- Generated from spectacle/config/settings.py by scripts/build_docs.py; do not edit. -->

Spectacle needs no configuration: `spectacle serve --spool DIR` serves the built-in generator. `spectacle init DIR`
writes a `spectacle.toml` that lists every setting with its default.

The first of these that sets a setting takes effect:

1. a flag of the command, such as `--spool`;
2. a variable `SPECTACLE_SECTION_KEY`, such as `SPECTACLE_SPOOL_PATH`. Lists are written as TOML or with commas
   (`SPECTACLE_WORKERS_DEVICES=cuda:0,cuda:1`);
3. the configuration file: that of `--config`, or `$SPECTACLE_CONFIG`, or the first that exists of {files};
4. the default.

An unknown setting or an invalid value gets an error with the setting, the value, the line and what is allowed. A
running daemon reloads the file on SIGHUP and uses it from the next request on. If `[weights]`, `[placement]`,
`[loras]`, `[models]`, `[provenance]`, `workers.svg_memory` or `workers.svg_seconds` have changed, each worker is
restarted for its next job and reloads its model. Changes of the spool and the devices need a restart of the daemon.
`spectacle doctor` shows which file is used and checks it.

Two variables are not settings: `SPECTACLE_CONFIG` is the path of the file, and `SPECTACLE_PLUGINS` a comma-separated
list of the third-party packages whose generators are loaded (empty: none; default: all)."""


def render_toml(spool: Path | None = None) -> str:
    """A configuration file with every setting, its description and its default.

    Args:
        spool: Value of `spool.path`, the only setting that is not left at its default; None leaves that one as well.
    """
    parts = [_HEAD, *_toml_fields(Settings, {})]
    for name, section in _sections():
        values = {"path": spool} if name == "spool" and spool is not None else {}
        parts.append(f"[{name}]\n{_commented(section.__doc__ or '')}")
        parts += _toml_fields(section, values)
    parts.append(_KINDS_NOTE + "".join(f"# {line}\n" for line in _kind_lines()))
    for name, kind in Settings().kinds.items():
        given = kind.model_dump(exclude_defaults=True) | {"format": kind.format}
        parts.append(f"[kinds.{name}]\n" + "".join(f"{key} = {_toml(value)}\n" for key, value in given.items()))
    return "\n".join(parts)


def render_markdown() -> str:
    """The reference of all settings, `docs/reference/configuration.md`."""
    files = ", ".join(f"`{path}`" for path in DEFAULT_FILES)
    parts = [
        _INTRODUCTION.format(files=files),
        _markdown_table("", Settings),
    ]
    for name, section in _sections():
        about = " ".join((section.__doc__ or "").split())
        parts += [f"## `[{name}]`", about, _markdown_table(name, section)]
    parts += [
        "## `[weights.parts.NAME.PART]`",
        (PartSettings.__doc__ or "") + " [Get, check and prepare weights](../how-to/weights.md) shows how.",
        _markdown_table("weights.parts.NAME.PART", PartSettings),
        "## `[retention.kinds.NAME]`",
        (RetentionRule.__doc__ or "") + " They hold in addition to those for all results together.",
        _markdown_table("retention.kinds.NAME", RetentionRule),
        "## `[ray.groups.NAME]`",
        " ".join((RayGroupSettings.__doc__ or "").split())
        + " [Run workers on a Ray cluster](../how-to/cluster.md) shows how.",
        _markdown_table("ray.groups.NAME", RayGroupSettings),
    ]
    parts += [
        "## `[kinds.NAME]`",
        (KindSettings.__doc__ or "") + " A request `USER-MSGID-WxH-NAME.txt` selects the kind `NAME`, and one without "
        "a kind `default_kind`. If you define any kind, the built-in ones are served only if they are listed too. "
        "They are:",
        "```toml\n"
        + "\n".join(
            f'[kinds.{name}]\ngenerator = "{kind.generator}"\nformat = "{kind.format}"\n'
            for name, kind in Settings().kinds.items()
        )
        + "```",
        _markdown_table("kinds.NAME", KindSettings),
        "## `[loras.NAME]`",
        (LoraSettings.__doc__ or "") + " [LoRA adapters](../how-to/loras.md) shows how.",
        _markdown_table("loras.NAME", LoraSettings),
        "## `[models.NAME]`",
        (ModelSettings.__doc__ or "")
        + " [Use any model of diffusers](../how-to/any-model.md) shows how. A model that no "
        "kind uses is served as the kind of its name, with `_` for characters that a kind cannot have.",
        _markdown_table("models.NAME", ModelSettings),
        "### `[models.NAME.sizes]`",
        SizeSettings.__doc__ or "",
        _markdown_table("models.NAME.sizes", SizeSettings),
        "### `[models.NAME.presets.PRESET]`",
        ModelPresetSettings.__doc__ or "",
        _markdown_table("models.NAME.presets.PRESET", ModelPresetSettings),
        "### Entries of `loras` of a model or preset",
        ModelLoraSettings.__doc__ or "",
        _markdown_table("models.NAME.loras", ModelLoraSettings),
        "`spectacle generators` lists the generators, `spectacle generators NAME` the presets and options of one.",
    ]
    return "\n\n".join(parts) + "\n"


def _sections(model: type[BaseModel] = Settings, path: str = "") -> Iterator[tuple[str, type[BaseModel]]]:
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield path + name, field.annotation
            yield from _sections(field.annotation, f"{path}{name}.")


def _own_fields(model: type[BaseModel]) -> Iterator[tuple[str, FieldInfo]]:
    """The settings of a section itself, without the sections and tables in it."""
    for name, field in model.model_fields.items():
        if section_in(field.annotation) is None:
            yield name, field


def _toml_fields(model: type[BaseModel], values: Mapping[str, Any]) -> Iterator[str]:
    for name, field in _own_fields(model):
        head = _commented(f"{field.description} {_sentence(allowed_values(field))}".strip())
        if name in values:
            yield f"{head}{name} = {_toml(values[name])}\n"
        elif field.default is None:
            yield f"{head}#{name} =\n"
        else:
            yield f"{head}#{name} = {_toml(field.default)}\n"


def _kind_lines() -> Iterator[str]:
    for name, field in KindSettings.model_fields.items():
        about = f"{name}: {field.description} {_sentence(allowed_values(field))}".strip()
        yield from textwrap.wrap(about, _WIDTH, subsequent_indent="  ")


def _markdown_table(path: str, model: type[BaseModel]) -> str:
    lines = ["| setting | default | allowed | meaning |", "|---|---|---|---|"]
    for name, field in _own_fields(model):
        default = "" if field.default is None else f"`{_toml(field.default)}`"
        if field.is_required():
            default = "required"
        cell = f"`{name}`"
        if "NAME" not in path:
            variable = ENVIRONMENT_PREFIX + "_".join(filter(None, (*path.split("."), name))).upper()
            cell += f"<br>`{variable}`"
        allowed = allowed_values(field).replace("|", "\\|")
        lines.append(f"| {cell} | {default} | {allowed} | {field.description} |")
    return "\n".join(lines)


def allowed_values(field: FieldInfo) -> str:
    """What a setting may be, in words: its type and bounds; empty where the type says nothing."""
    bounds: dict[str, float] = {}
    for constraint in field.metadata:
        for name in _BOUNDS:
            bound = getattr(constraint, name, None)
            if bound is not None:
                bounds[name] = int(bound) if bound == int(bound) else bound
    words = [_type_words(field.annotation)]
    if bounds.keys() == {"ge", "le"}:
        words.append(f"{_number(bounds['ge'])} to {_number(bounds['le'])}")
    else:
        words += [f"{phrase} {_number(bounds[name])}" for name, phrase in _BOUNDS.items() if name in bounds]
    return ", ".join(filter(None, words))


def _type_words(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return 'a length of time, such as "7d"' if annotation == Duration else _type_words(arguments[0])
    if origin is Literal:
        return " or ".join(f'"{value}"' for value in arguments)
    if origin is tuple:
        return "a list"
    if origin is dict:
        return "a table"
    if arguments:  # a union with None
        return " or ".join(filter(None, (_type_words(part) for part in arguments if part is not type(None))))
    names: dict[Any, str] = {
        int: "an integer",
        float: "a number",
        bool: "true or false",
        Path: "a path",
        ByteSize: "a size in bytes",
    }
    return names.get(annotation, "")


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}." if words else ""


def _commented(text: str) -> str:
    return "".join(f"# {line}\n" for line in textwrap.wrap(" ".join(text.replace("`", "").split()), _WIDTH))


def _number(value: float) -> str:
    return f"{value:_}" if isinstance(value, int) and abs(value) >= _LONG_NUMBER else f"{value}"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(key)} = {_toml(each)}" for key, each in value.items()) + "}"
    # A JSON string is a TOML basic string, once DEL, which TOML wants escaped, is.
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
