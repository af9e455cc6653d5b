"""`spectacle illustrate`: the built-in illustrator without a daemon, and the plan of an image."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import click

from spectacle.cli.output import print_json, printable
from spectacle.cli.submit import SIZE


@click.command()
@click.argument("prompt", required=False)
@click.option("--plan", "as_plan", is_flag=True, help="Print how PROMPT is interpreted, as JSON, and compose nothing.")
@click.option(
    "--from-plan", "plan_file", type=click.File("rb"), help="Compose the plan in this JSON file; - is standard input."
)
@click.option(
    "--size", type=SIZE, metavar="WxH", default="1024x1024", show_default=True, help="Width and height in pixels."
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the arrangement.")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="SVG file. Default: standard output.",
)
def command(
    prompt: str | None, as_plan: bool, plan_file: BinaryIO | None, size: tuple[int, int], seed: int,
    output: Path | None,
) -> None:  # fmt: skip
    """Compose PROMPT, or a plan, as SVG.

    \b
    spectacle illustrate "two red cats on a sofa" --output cats.svg
    spectacle illustrate --plan "two red cats on a sofa" > plan.json
    spectacle illustrate --from-plan plan.json --output cats.svg
    """
    from pydantic import ValidationError

    from spectacle.generators.illustration.art.library import Library
    from spectacle.generators.illustration.compose import compose
    from spectacle.generators.illustration.language.understanding import understand
    from spectacle.generators.illustration.plan import Plan

    if output is not None and output.suffix.lower() not in ("", ".svg"):
        raise click.UsageError(
            f"--output {output}: this command writes SVG. Use {output.with_suffix('.svg')}, or `spectacle submit` for "
            "another format."
        )
    if (prompt is None) == (plan_file is None):
        raise click.UsageError("PROMPT and --from-plan: exactly one is needed. Use one of them.")
    library = Library.open()
    if plan_file is not None:
        try:
            scene = Plan.model_validate_json(plan_file.read()).scene(library)
        except ValidationError as error:
            raise click.ClickException(
                printable(
                    f"--from-plan {plan_file.name}: invalid plan: {error.errors()[0]['msg']}. Fix it; "
                    f"`spectacle illustrate --plan` prints valid ones."
                )
            ) from None
    else:
        scene = understand(prompt or "", library)
    if as_plan:
        print_json(Plan.of(scene).model_dump(mode="json", exclude_defaults=True))
        return
    composition = compose(scene, library, *size, seed)
    for note in composition.facts.get("notes", ()):
        click.echo(f"Note: {printable(note)}", err=True)
    if output is None:
        click.echo(composition.svg)
    else:
        output.write_text(composition.svg, encoding="utf-8")
