"""`spectacle again`: make the same picture once more."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from spectacle import client
from spectacle.cli.output import printable
from spectacle.cli.settings import settings_for, with_configuration
from spectacle.cli.submit import FILE
from spectacle.cli.waiting import can_show_progress, finish
from spectacle.config import KindSettings
from spectacle.errors import UnknownGenerator
from spectacle.generators import registry


@click.command()
@click.argument("picture", type=FILE, metavar="FILE")
@with_configuration
@click.option(
    "--input", "inputs", type=FILE, multiple=True, help="Picture that was attached. May be given several times."
)
@click.option("--mask", type=FILE, help="Mask that was attached, a PNG.")
@click.option("--control", type=FILE, help="Control picture that was attached, a PNG.")
@click.option("--wait/--no-wait", "wait_for_it", default=False, help="Wait and print the path of the picture.")
@click.option("--timeout", type=click.FloatRange(0), help="Seconds to wait at most.")
def command(
    picture: Path,
    file: Path | None,
    spool: Path | None,
    inputs: tuple[Path, ...],
    mask: Path | None,
    control: Path | None,
    wait_for_it: bool,
    timeout: float | None,
) -> None:
    """Make the picture FILE, a PNG or SVG of Spectacle's, once more: same prompt, size, kind, options and seed.

    Pictures that were attached to the request are not kept in its result; give them again if there were any.
    Exit status as of `spectacle submit`.

    \b
    spectacle again --wait fox.png
    spectacle again --wait --input sketch.png fox.png
    """
    from spectacle.worker.results import read_provenance

    making = read_provenance(picture)
    try:
        prompt, width, height = str(making["prompt"]), int(making["width"]), int(making["height"])
        kind, generator = str(making["kind"]), str(making["generator"])
        options = {**making["options"], "seed": making["seed"]}
    except (KeyError, TypeError, ValueError, OverflowError):
        raise click.ClickException(f"{picture} does not tell enough of its making to repeat it") from None
    options.pop("progress", None)
    if wait_for_it and can_show_progress():
        options["progress"] = True
    settings = settings_for(file, spool)
    _warn_of_differences(making, settings.kinds.get(kind))
    _warn_of_attachments(generator, given={"input": inputs, "mask": mask, "control": control})
    ticket = client.submit(
        settings.spool.path,
        prompt,
        width=width,
        height=height,
        kind=kind,
        inputs=inputs,
        mask=mask,
        control=control,
        options=options,
    )
    finish(ticket, wait_for_it=wait_for_it, timeout=timeout)


def _warn_of_differences(making: Mapping[str, Any], now: KindSettings | None) -> None:
    if now is None or (now.generator, now.preset) == (making["generator"], making.get("preset")):
        return
    before, after = (
        f"{generator}, preset {preset}" if preset else f"{generator}"
        for generator, preset in ((making["generator"], making.get("preset")), (now.generator, now.preset))
    )
    click.echo(
        printable(f"Kind {making['kind']} was served by {before} and is served by {after} now: expect another picture"),
        err=True,
    )


def _warn_of_attachments(generator: str, given: Mapping[str, object]) -> None:
    try:
        needs = registry.find(generator).needs
    except UnknownGenerator:
        return
    used = {"input": needs.max_pictures > 0, "mask": needs.mask, "control": needs.control}
    unknown = [role for role, can_be_used in used.items() if can_be_used and not given[role]]
    if unknown:
        flags = ", ".join(f"--{role}" for role in unknown)
        click.echo(f"A result does not keep what was attached: if there was any, give it again with {flags}", err=True)
