"""The command line: one module for each command, imported when it is used."""

from __future__ import annotations

import errno
import os
import re
from contextlib import suppress
from importlib import import_module
from importlib.metadata import PackageNotFoundError, requires
from typing import Any

import click
from click.shell_completion import CompletionItem

import spectacle
from spectacle.cli import streams
from spectacle.errors import SpectacleError

COMMANDS = {
    "serve": "Watch a spool and process its requests.",
    "submit": "Submit a request for an image, and optionally wait for it.",
    "batch": "Make an image of everything in a directory or a file.",
    "illustrate": "Compose an image with the built-in illustrator, without a daemon, or print its plan.",
    "gateway": "Serve the HTTP interfaces of image clients over a spool.",
    "status": "Show what all instances on a spool are doing.",
    "queue": "Show the requests that wait and run, and why they wait.",
    "cancel": "Cancel requests.",
    "pause": "Pause the spool, or some kinds: running jobs finish, and requests wait.",
    "resume": "End a pause.",
    "mcp": "Serve the spool's images to a language model by MCP.",
    "runpod": "Take jobs from a RunPod endpoint, inside a container there.",
    "generators": "List installed generators.",
    "pull": "Download the weights of a generator.",
    "weights": "List, verify or remove weights.",
    "prepare": "Write a self-contained checkpoint from weights.",
    "train": "Train a network on your own images.",
    "datasets": "Prepare images to train on.",
    "init": "Create a spool directory and a configuration file; write units, clients and container files.",
    "doctor": "Check this machine and the spool, and say how to fix problems.",
    "show": "Print how an image was made.",
    "again": "Make the same image again.",
    "gc": "Remove files left by crashes and, with --older-than, old results.",
    "explain": "Explain an error code.",
    "schema": "Print the options of a generator as JSON Schema.",
}


class _Commands(click.Group):
    """Knows every command's name, and imports only the one that is run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"spectacle.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        # The inherited way would import every command.
        found = [CompletionItem(name, help=text) for name, text in COMMANDS.items() if name.startswith(incomplete)]
        return found + click.Command.shell_complete(self, ctx, incomplete)

    def main(self, *arguments: Any, **options: Any) -> Any:
        streams.prepare()
        return super().main(*arguments, **options)

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except SpectacleError as error:
            raise click.ClickException(error.message) from None
        except ModuleNotFoundError as error:
            package = (error.name or "a library").partition(".")[0]
            if package == "spectacle":
                raise
            raise click.ClickException(
                f"{package}: missing. Run `pip install '.[{_extra_with(package)}]'` in the clone."
            ) from None
        except OSError as error:
            if error.errno == errno.EPIPE:
                # Whoever read the output has ended.
                raise
            if error.errno == errno.ENOENT and not error.filename and _is_lost():
                raise click.ClickException("the working directory has been removed. Change to another.") from None
            where = f"{error.filename}: " if error.filename else ""
            raise click.ClickException(f"{where}{error.strerror or error}.") from None


def _is_lost() -> bool:
    """Whether the working directory has been removed."""
    try:
        os.getcwd()
    except FileNotFoundError:
        return True
    return False


def _extra_with(package: str) -> str:
    """The extra that a missing package comes with: the first that names it, or the one of all models."""
    name = re.sub(r"[-_.]+", "-", package).lower()
    with suppress(PackageNotFoundError):
        for line in requires("spectacle-daemon") or ():
            words = re.match(r"([A-Za-z0-9_.-]+).*extra == ['\"](\w+)['\"]", line)
            if words is not None and re.sub(r"[-_.]+", "-", words[1]).lower() == name:
                return words[2]
    return "diffusion"


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(spectacle.__version__, prog_name="spectacle")
def main() -> None:
    """Drop a text file into a directory, get an image back.

    \b
    spectacle init ./spool                             once
    spectacle serve                                    in one terminal
    spectacle submit --wait "a red fox in the snow"    in another

    Run a command with --help for details. `eval "$(_SPECTACLE_COMPLETE=bash_source spectacle)"` in ~/.bashrc enables
    shell completion of commands and options; for other shells use zsh_source or fish_source.
    """
