"""The reference of all commands, from the command line itself."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import click

from spectacle import cli

_INTRODUCTION = """\
# Commands

<!-- Generated from spectacle/cli/ by scripts/build_docs.py; do not edit. -->

`spectacle --help` lists the commands, `spectacle COMMAND --help` prints what is below. Shell completion of commands and
options: add `eval "$(_SPECTACLE_COMPLETE=bash_source spectacle)"` to `~/.bashrc`; for other shells use `zsh_source` or
`fish_source`.

A command that fails prints one line beginning with `Error:` to standard error and exits with status 1. Wrong usage
exits with status 2.
"""


def render() -> str:
    """The page `docs/reference/commands.md`."""
    context = click.Context(cli.main, info_name="spectacle")
    listed = "\n".join(f"| `{name}` | {summary} |" for name, summary in cli.COMMANDS.items())
    parts = [_INTRODUCTION, f"| command | purpose |\n|---|---|\n{listed}\n"]
    for name in cli.COMMANDS:
        command = cli.main.get_command(context, name)
        assert command is not None
        parts.append("\n\n".join(_section(name, command, context)) + "\n")
        parts += _subsections(name, command, context)
    return "\n".join(parts)


def _subsections(name: str, command: click.Command, parent: click.Context) -> Iterator[str]:
    """The sections of subcommands, at any depth; a group that only holds others has none of its own."""
    if not isinstance(command, click.Group):
        return
    context = click.Context(command, info_name=name, parent=parent)
    for word, each in command.commands.items():
        path = f"{name} {word}"
        if isinstance(each, click.Group):
            yield from _subsections(path, each, context)
        else:
            yield "\n\n".join(_section(path, each, context, heading="###")) + "\n"


def _section(name: str, command: click.Command, parent: click.Context, heading: str = "##") -> Iterator[str]:
    usage = " ".join(command.collect_usage_pieces(click.Context(command, info_name=name, parent=parent)))
    yield f"{heading} spectacle {name}"
    yield f"```text\nspectacle {name} {usage}\n```"
    for paragraph in re.split(r"\n{2,}", inspect.cleandoc(command.help or "")):
        if paragraph.startswith("\b"):
            yield f"```text\n{paragraph.removeprefix(chr(8)).strip()}\n```"
        else:
            yield paragraph
    if options := [option for option in command.params if isinstance(option, click.Option)]:
        yield "| option | default | meaning |\n|---|---|---|\n" + "\n".join(map(_row, options))


def _row(option: click.Option) -> str:
    names = ", ".join(f"`{name}`" for name in [*option.opts, *option.secondary_opts])
    if not option.is_flag:
        names += f" {_value(option)}"
    if option.required:
        default = "required"
    elif option.show_default and option.default is not None:
        default = f"`{option.default}`"
    else:
        default = ""
    return f"| {names} | {default} | {option.help} |".replace("||", "|")


def _value(option: click.Option) -> str:
    if isinstance(option.type, click.Choice):
        return " or ".join(f"`{choice}`" for choice in option.type.choices)
    if option.metavar is not None:
        return option.metavar
    if isinstance(option.type, click.IntRange | click.FloatRange):
        least = "" if option.type.min is None else f", {'more than' if option.type.min_open else 'at least'} "
        most = "" if option.type.max is None else f", at most {option.type.max}"
        return f"NUMBER{least}{option.type.min if least else ''}{most}"
    return option.type.name.upper()
