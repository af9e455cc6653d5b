"""`spectacle prepare`: write one self-contained checkpoint that loads without adapters and without a network."""

from __future__ import annotations

from pathlib import Path

import click

from spectacle.cli.settings import settings_for, with_configuration
from spectacle.errors import SpectacleError
from spectacle.generators import registry
from spectacle.generators.base import Resources
from spectacle.weights.prepared import broken_off, write_prepared


@click.command()
@click.argument("name")
@click.option("--preset", help="Preset to prepare.")
@click.option(
    "--into", type=click.Path(path_type=Path), required=True, help="Directory to make; it appears once it is whole."
)
@click.option("--quantize", default="none", help="Store large models quantized, such as int8.", show_default=True)
@with_configuration
def command(name: str, preset: str | None, into: Path, quantize: str, file: Path | None, spool: Path | None) -> None:
    """Prepare a checkpoint of the generator NAME from pulled weights: adapters fused, stored as it will be loaded.

    The directory can be copied to other hosts or lie on a volume they share. `weights.prepared` in the configuration
    has it loaded instead of pulled weights.

    \b
    spectacle prepare botanical --into /srv/models/botanical
    spectacle prepare qwen-image --preset lightning-8 --quantize int8 --into /srv/models/qwen-image
    """
    settings = settings_for(file, spool)
    resources = Resources.from_settings(settings.weights, settings.placement)
    generator = registry.find(name)
    preset = generator.named(preset)
    if (missing := generator.missing_packages()) is not None:
        raise SpectacleError(missing)
    for left in broken_off(into):
        click.echo(f"{left} was left by a prepare that was broken off: remove it, unless one still runs", err=True)
    manifest = write_prepared(
        into,
        lambda folder: generator.prepare(
            preset, folder, resources, quantize, lambda sentence: click.echo(sentence, err=True)
        ),
        generator=name,
        preset=preset,
        quantization=quantize,
    )
    size = sum(record.size for record in manifest.files.values())
    key = f"{name}/{preset}" if preset else name
    click.echo(f"{into}: {size / 1e9:.2f} GB in {len(manifest.files)} files. To use it, in spectacle.toml:")
    click.echo(f'\n[weights.prepared]\n"{key}" = "{into.absolute()}"')
