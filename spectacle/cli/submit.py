"""`spectacle submit`: ask for a picture."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import click

from spectacle import client
from spectacle.cli.settings import settings_for, with_configuration
from spectacle.cli.waiting import can_show_progress, finish

FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)


class _Size(click.ParamType[tuple[int, int]]):
    name = "WxH"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        match = re.fullmatch(r"([1-9][0-9]{0,4})[xX×]([1-9][0-9]{0,4})", str(value))
        if match is None:
            self.fail(f"{value!r} is not a valid size: write width and height in pixels, such as 640x480", param, ctx)
        return int(match[1]), int(match[2])


class _Option(click.ParamType[tuple[str, Any]]):
    name = "KEY=VALUE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Any]:
        key, equals, text = str(value).partition("=")
        if not (key and equals):
            self.fail(f"{value!r} is not a valid option: write KEY=VALUE, such as steps=8", param, ctx)
        try:
            return key, json.loads(text)
        except ValueError:
            return key, text


@click.command()
@click.argument("prompt")
@with_configuration
@click.option(
    "--size", type=_Size(), metavar="WxH", default="1024x1024", show_default=True, help="Width and height in pixels."
)
@click.option("--kind", help="Kind of picture, such as svg. Default: the daemon's.")
@click.option("--input", "inputs", type=FILE, multiple=True, help="Picture to work from. May be given several times.")
@click.option("--mask", type=FILE, help="Mask for inpainting, a PNG.")
@click.option("--control", type=FILE, help="Control picture (edges, depth, pose, sketch), a PNG.")
@click.option(
    "--option", "pairs", type=_Option(), multiple=True,
    help="Option of the generator; the value is JSON, or else text. May be given several times.",
)  # fmt: skip
@click.option("--options", "options_file", type=FILE, help="JSON file with options; --option and --seed come on top.")
@click.option("--seed", type=click.IntRange(0), help="Seed: the same one makes the same picture again.")
@click.option("--user", help="Whom it is for; requests are served fairly between users. Default: your account.")
@click.option("--wait/--no-wait", "wait_for_it", default=False, help="Wait and print the path of the picture.")
@click.option("--timeout", type=click.FloatRange(0), help="Seconds to wait at most.")
def command(
    prompt: str,
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
    """Ask for a picture of PROMPT.

    Prints the path of the request, or with --wait that of the picture once it is there. Ctrl-C while waiting takes the
    request back.

    \b
    spectacle submit --wait "a red fox in the snow" --size 640x480
    spectacle submit --wait --kind svg --option png=true "three sheep on a hill"
    spectacle submit --wait --input sketch.png "the same in watercolour"

    Exit status: 0 done, 1 answered with an error, 2 wrong usage, 124 time is up, 130 interrupted. `spectacle generators
    NAME` lists the options of a generator.
    """
    options = {**_options_from(options_file), **dict(pairs)}
    if seed is not None:
        options["seed"] = seed
    if wait_for_it and can_show_progress():
        options.setdefault("progress", True)
    width, height = size
    ticket = client.submit(
        settings_for(file, spool).spool.path,
        prompt,
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


def _options_from(file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        options = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise click.ClickException(f"{file} cannot be read as JSON: {error}") from None
    if not isinstance(options, dict):
        raise click.ClickException(f'{file} holds no JSON object: write {{"seed": 1}}, for example')
    return options
