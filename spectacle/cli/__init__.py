"""The command line: one module for each command, imported when it is used."""

from __future__ import annotations

from importlib import import_module

import click
from click.shell_completion import CompletionItem

import spectacle
from spectacle.errors import SpectacleError

COMMANDS = {
    "serve": "Watch a spool and generate what is asked for.",
    "submit": "Ask for a picture, and wait for it if you like.",
    "status": "Show what all instances on a spool are doing.",
    "generators": "List the generators that are installed.",
    "pull": "Download the weights of a generator.",
    "weights": "List, verify or remove weights.",
    "prepare": "Write a self-contained checkpoint from weights.",
    "train": "Train a network on pictures of your own.",
    "datasets": "Prepare pictures to train on.",
    "init": "Make a spool directory and a configuration file.",
    "doctor": "Check this machine and the spool, and say what to do.",
    "show": "Print how a picture was made.",
    "again": "Make the same picture again.",
    "gc": "Remove left-overs of crashes, and old results if told so.",
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

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except SpectacleError as error:
            raise click.ClickException(error.message) from None


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(spectacle.__version__, prog_name="spectacle")
def main() -> None:
    """Drop a text file into a folder, get a picture back.

    \b
    spectacle init ./spool                             once
    spectacle serve                                    in one terminal
    spectacle submit --wait "a red fox in the snow"    in another

    Each command explains itself with --help. `eval "$(_SPECTACLE_COMPLETE=bash_source spectacle)"` in ~/.bashrc lets
    the shell complete commands and options; for other shells it is zsh_source or fish_source.
    """
