"""`spectacle schema`: the options of a generator, for programs."""

from __future__ import annotations

import click

from spectacle.cli.output import print_json
from spectacle.generators import registry


@click.command()
@click.argument("generator")
def command(generator: str) -> None:
    """Print the options of a GENERATOR as JSON Schema, the form of STEM-options.json.

    \b
    spectacle schema illustration > options.schema.json
    """
    print_json(registry.find(generator).Options.model_json_schema())
