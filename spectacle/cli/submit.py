"""`spectacle submit`: ask for an image."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import click

from spectacle import client
from spectacle.cli import completion
from spectacle.cli.settings import settings_for, with_configuration
from spectacle.cli.waiting import can_show_progress, finish

FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)


class _Size(click.ParamType[tuple[int, int]]):
    name = "WxH"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        match = re.fullmatch(r"([1-9][0-9]{0,4})[xX×]([1-9][0-9]{0,4})", str(value))
        if match is None:
            self.fail(
                f"invalid size {value!r}. Use width and height, each 1 to 99999 pixels, such as 640x480.", param, ctx
            )
        return int(match[1]), int(match[2])


SIZE = _Size()
"""The type of options for an image's size."""


class _Option(click.ParamType[tuple[str, Any]]):
    name = "KEY=VALUE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Any]:
        key, equals, text = str(value).partition("=")
        if not (key and equals):
            self.fail(f"invalid option {value!r}. Use KEY=VALUE, such as steps=8.", param, ctx)
        try:
            return key, json.loads(text)
        except ValueError:
            return key, text


OPTION = _Option()
"""The type of options for one option of the generator."""


@click.command()
@click.argument("words", metavar="PROMPT...", nargs=-1, required=True)
@with_configuration
@click.option(
    "--size", type=SIZE, metavar="WxH", default="1024x1024", show_default=True, help="Width and height in pixels."
)
@click.option("--kind", shell_complete=completion.KINDS, help="Kind, such as svg. Default: that of the daemon.")
@click.option("--input", "inputs", type=FILE, multiple=True, help="Input image. Can be repeated.")
@click.option("--mask", type=FILE, help="Mask for inpainting, a PNG.")
@click.option("--control", type=FILE, help="Control image (edges, depth, pose, sketch), a PNG.")
@click.option(
    "--option", "pairs", type=OPTION, multiple=True, shell_complete=completion.OPTIONS,
    help="Option of the generator; the value is JSON, or else text. Can be repeated.",
)  # fmt: skip
@click.option("--options", "options_file", type=FILE, help="JSON file with options. --option and --seed override it.")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Seed: the same seed makes the same image again.")
@click.option("--user", help="User that the request is for; users take turns. Default: your account.")
@click.option("--wait/--no-wait", "wait_for_it", default=False, help="Wait and print the path of the image.")
@click.option("--timeout", type=click.FloatRange(0), help="Maximum time to wait, in seconds.")
def command(
    words: tuple[str, ...],
    file: Path | None,
    spool: Path | None,
    size: tuple[int, int],
    kind: str | None,
    inputs: tuple[Path, ...],
    mask: Path | None,
    control: Path | None,
    pairs: tuple[tuple[str, Any], ...],
    options_file: Path | None,
    seed: int | None,
    user: str | None,
    wait_for_it: bool,
    timeout: float | None,
) -> None:
    """Submit a request for an image of PROMPT.

    Prints the path of the request, or with --wait that of the image once it is there. Press Ctrl-C while waiting
    to cancel the request.

    \b
    spectacle submit --wait "a red fox in the snow" --size 640x480
    spectacle submit --wait --kind svg --option png=true "three sheep on a hill"
    spectacle submit --wait --input sketch.png "the same in watercolour"

    Words are joined by spaces, so the prompt need not be quoted unless the shell would change it. While the request
    waits, the command says why: no instance, no space, the kind, the place in the queue.

    Exit status: 0 done, 1 the request got an error, 2 wrong usage, 124 timeout, 130 interrupted. `spectacle generators
    NAME` lists the options of a generator.
    """
    options = {**options_from(options_file), **dict(pairs)}
    if seed is not None:
        options["seed"] = seed
    if wait_for_it and can_show_progress():
        options.setdefault("progress", True)
    width, height = size
    ticket = client.submit(
        settings_for(file, spool).spool.path,
        " ".join(words),
        width=width,
        height=height,
        kind=kind,
        user=user,
        inputs=inputs,
        mask=mask,
        control=control,
        options=options or None,
    )
    finish(ticket, wait_for_it=wait_for_it, timeout=timeout)


def options_from(file: Path | None) -> dict[str, Any]:
    """The options in a JSON file; none without a file.

    Raises:
        click.ClickException: When it is not a JSON object.
    """
    if file is None:
        return {}
    try:
        options = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise click.ClickException(f"{file}: cannot be read as JSON: {error}. Fix the file.") from None
    if not isinstance(options, dict):
        raise click.ClickException(f'{file}: not a JSON object. Write one, for example {{"seed": 1}}.')
    return options
