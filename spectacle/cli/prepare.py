"""`spectacle prepare`: write one self-contained checkpoint that loads without adapters and without a network."""

from __future__ import annotations

from pathlib import Path

import click

from spectacle.cli import completion
from spectacle.cli.settings import settings_for, with_configuration
from spectacle.errors import SpectacleError
from spectacle.generators import registry
from spectacle.generators.base import Resources
from spectacle.weights.prepared import broken_off, write_prepared


@click.command()
@click.argument("name", shell_complete=completion.GENERATORS)
@click.option("--preset", shell_complete=completion.PRESETS, help="Preset to prepare.")
@click.option(
    "--into",
    type=click.Path(path_type=Path),
    required=True,
    help="Directory to create; it appears once it is complete.",
)
@click.option("--quantize", default="none", help="Store large models quantized, such as int8.", show_default=True)
@with_configuration
def command(name: str, preset: str | None, into: Path, quantize: str, file: Path | None, spool: Path | None) -> None:
    """Prepare a checkpoint of the generator NAME from pulled weights: adapters fused, stored as it will be loaded.

    The directory can be copied to other hosts, or stored on a volume that they share. List it under `weights.prepared`
    in the configuration to have it loaded instead of pulled weights.

    \b
    spectacle prepare botanical --into /srv/models/botanical
    spectacle prepare qwen-image --preset 2512-lightning-8 --quantize int8 --into /srv/models/qwen-image
    """
    settings = settings_for(file, spool)
    resources = Resources.from_settings(settings)
    generator = registry.find(name, resources)
    preset = generator.resolve_preset(preset)
    if (missing := generator.missing_packages()) is not None:
        raise SpectacleError(missing)
    for left in broken_off(into):
        click.echo(f"{left}: left by an interrupted prepare. Remove it, unless one is still running.", err=True)
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
