"""`spectacle again`: make the same image once more."""

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
from spectacle.config import KindSettings, Settings
from spectacle.errors import UnknownGenerator
from spectacle.generators import registry
from spectacle.generators.base import Resources


@click.command()
@click.argument("picture", type=FILE, metavar="FILE")
@with_configuration
@click.option("--input", "inputs", type=FILE, multiple=True, help="Input image of the request. Can be repeated.")
@click.option("--mask", type=FILE, help="Mask of the request, a PNG.")
@click.option("--control", type=FILE, help="Control image of the request, a PNG.")
@click.option("--wait/--no-wait", "wait_for_it", default=False, help="Wait and print the path of the image.")
@click.option("--timeout", type=click.FloatRange(0), help="Maximum time to wait, in seconds.")
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
    """Make the image FILE, a result of Spectacle, again: same prompt, size, kind, options and seed.

    Attachments are not stored in results. If the request had any, attach them again. The exit status is that of
    `spectacle submit`.

    \b
    spectacle again --wait fox.png
    spectacle again --wait --input sketch.png fox.png
    """
    from spectacle.provenance import read_provenance

    making = read_provenance(picture)
    if making.get("metadata") == "minimal":
        raise click.ClickException(
            f"{picture}: was made with the option `metadata=minimal`, so its prompt, options and seed are not in it. "
            f"Submit the request again, with `metadata=full`."
        )
    try:
        prompt, width, height = str(making["prompt"]), int(making["width"]), int(making["height"])
        kind, generator = str(making["kind"]), str(making["generator"])
        options = {**making["options"], "seed": making["seed"]}
    except (KeyError, TypeError, ValueError, OverflowError):
        raise click.ClickException(
            f"{picture}: its metadata is incomplete. Use an image whose `spectacle show` prints a prompt, a kind and "
            f"a size."
        ) from None
    options.pop("progress", None)
    if wait_for_it and can_show_progress():
        options["progress"] = True
    settings = settings_for(file, spool)
    _warn_of_differences(making, settings.kinds.get(kind))
    _warn_of_loras(making, settings)
    _warn_of_attachments(generator, settings, given={"input": inputs, "mask": mask, "control": control})
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
        printable(
            f"Kind {making['kind']}: was served by {before}, and is now served by {after}. Expect a different image."
        ),
        err=True,
    )


def _warn_of_loras(making: Mapping[str, Any], settings: Settings) -> None:
    recorded = making["facts"].get("loras") if isinstance(making.get("facts"), dict) else None
    if not isinstance(recorded, list):
        return
    from spectacle.generators.diffusion.loras import changes_since

    used = [each for each in recorded if isinstance(each, dict)]
    for name in changes_since(used, Resources.from_settings(settings)):
        click.echo(printable(f"LoRA {name}: has another content now. Expect a different image."), err=True)


def _warn_of_attachments(generator: str, settings: Settings, given: Mapping[str, object]) -> None:
    try:
        needs = registry.find(generator, Resources.from_settings(settings)).needs
    except UnknownGenerator:
        return
    used = {"input": needs.max_pictures > 0, "mask": needs.mask, "control": needs.control}
    unknown = [role for role, can_be_used in used.items() if can_be_used and not given[role]]
    if unknown:
        flags = ", ".join(f"--{role}" for role in unknown)
        click.echo(
            f"Attachments are not stored in results. If the request had any, attach them again with {flags}.", err=True
        )
