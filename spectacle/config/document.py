"""Writes the settings model down: as a `spectacle.toml` that shows every default, and as a reference for people."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ByteSize
from pydantic.fields import FieldInfo

from spectacle.config import DEFAULT_FILES, ENVIRONMENT_PREFIX, KindSettings, Settings

_WIDTH = 100
_LONG_NUMBER = 100_000
"""Numbers from here on are written in groups of three digits."""

_BOUNDS = {"ge": "at least", "gt": "more than", "le": "at most"}

_HEAD = """\
# Settings of Spectacle. A line that begins with "#" and a name shows a default: take the "#" away to change it.
# `spectacle doctor` checks this file. Variables such as SPECTACLE_SPOOL_PATH and flags such as --spool override it.
"""

_KINDS_NOTE = """\
# What is served: a table [kinds.NAME] for each kind of request. A request USER-MSGID-WxH-NAME.txt asks for the kind
# NAME. When any kind is given here, the two built-in ones, which follow, are not served unless they stay.
"""

_INTRODUCTION = """\
# Configuration

<!-- Made from spectacle/config/settings.py by scripts/build_docs.py; do not edit. -->

Spectacle needs no configuration: `spectacle serve --spool DIR` serves the built-in generator. `spectacle init DIR`
writes a `spectacle.toml` that shows every setting with its default.

A setting is taken from the first of these that has it:

1. a flag of the command, such as `--spool`;
2. a variable `SPECTACLE_SECTION_KEY`, such as `SPECTACLE_SPOOL_PATH`. Lists are written as TOML or with commas
   (`SPECTACLE_WORKERS_DEVICES=cuda:0,cuda:1`);
3. the configuration file: the one `--config` names, or `$SPECTACLE_CONFIG`, or the first there is of {files};
4. the default.

An unknown setting or a value that is not allowed is refused, with the setting, the value, the line and what is
allowed. A running daemon reads the file again on SIGHUP and uses it from the next request on; where `[weights]`,
`[placement]`, `workers.svg_memory` or `workers.svg_seconds` have changed, each worker is started again for its next
job, and loads its model again. The spool and the devices stay as they were until the daemon is started again.
`spectacle doctor` says which file is used and checks it.

Two variables are not settings: `SPECTACLE_CONFIG` names the file, and `SPECTACLE_PLUGINS` the third-party packages,
with commas between them, that generators are loaded from (set but empty: none; unset: all)."""


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
        given = kind.model_dump(exclude_defaults=True) | {"makes": kind.makes}
        parts.append(f"[kinds.{name}]\n" + "".join(f"{key} = {_toml(value)}\n" for key, value in given.items()))
    return "\n".join(parts)


def render_markdown() -> str:
    """The reference of all settings, `docs/configuration.md`."""
    files = ", ".join(f"`{path}`" for path in DEFAULT_FILES)
    parts = [
        _INTRODUCTION.format(files=files),
        _markdown_table("", Settings),
    ]
    for name, section in _sections():
        parts += [f"## `[{name}]`", section.__doc__ or "", _markdown_table(name, section)]
    parts += [
        "## `[kinds.NAME]`",
        (KindSettings.__doc__ or "") + " A request `USER-MSGID-WxH-NAME.txt` asks for the kind `NAME`, and one without "
        "a kind for `default_kind`. When any kind is configured, the built-in ones are not served unless they are "
        "configured too. They are:",
        "```toml\n"
        + "\n".join(
            f'[kinds.{name}]\ngenerator = "{kind.generator}"\nmakes = "{kind.makes}"\n'
            for name, kind in Settings().kinds.items()
        )
        + "```",
        _markdown_table("kinds.NAME", KindSettings),
        "`spectacle generators` lists the generators, `spectacle generators NAME` the presets and options of one.",
    ]
    return "\n\n".join(parts) + "\n"


def _sections() -> Iterator[tuple[str, type[BaseModel]]]:
    for name, field in Settings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield name, field.annotation


def _own_fields(model: type[BaseModel]) -> Iterator[tuple[str, FieldInfo]]:
    """The settings of a section itself, without the sections and tables in it."""
    inner = dict(_sections()) if model is Settings else {}
    for name, field in model.model_fields.items():
        if name not in inner and not (model is Settings and name == "kinds"):
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
    lines = ["| setting | default | allowed | what it is |", "|---|---|---|---|"]
    for name, field in _own_fields(model):
        if field.is_required():
            default = "must be given"
        else:
            default = "unset" if field.default is None else f"`{_toml(field.default)}`"
        cell = f"`{name}`"
        if not path.startswith("kinds"):
            variable = ENVIRONMENT_PREFIX + "_".join(filter(None, (path, name))).upper()
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
    if origin is Literal:
        return " or ".join(f'"{value}"' for value in arguments)
    if origin is tuple:
        return "a list"
    if origin is dict:
        return "a table"
    if arguments:  # a union with None
        return " or ".join(filter(None, (_type_words(part) for part in arguments if part is not type(None))))
    names: dict[Any, str] = {
        int: "a whole number",
        float: "a number",
        bool: "true or false",
        Path: "a path",
        ByteSize: "a size in bytes",
    }
    return names.get(annotation, "")


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}." if words else ""


def _commented(text: str) -> str:
    return "".join(f"# {line}\n" for line in textwrap.wrap(text.replace("`", ""), _WIDTH))


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
