"""`spectacle weights`: list, verify and remove pulled weights."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import click

from spectacle.cli.output import print_json, print_table
from spectacle.cli.settings import settings_for, with_configuration
from spectacle.config import Settings
from spectacle.errors import SpectacleError
from spectacle.generators import registry
from spectacle.generators.base import Resources
from spectacle.weights import Store
from spectacle.weights.pull import check
from spectacle.weights.store import alone_with


@click.command()
@click.option("--verify", is_flag=True, help="Read every file again and compare it with its hash.")
@click.option("--remove", "repos", multiple=True, metavar="REPO", help="Remove the weights of a repository.")
@click.option("--prune", is_flag=True, help="Remove older revisions and stale files of interrupted downloads.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_configuration
def command(
    verify: bool, repos: tuple[str, ...], prune: bool, as_json: bool, file: Path | None, spool: Path | None
) -> None:
    """List the weights on this machine, or verify or remove them.

    \b
    spectacle weights
    spectacle weights --verify
    spectacle weights --remove Qwen/Qwen-Image
    """
    settings = settings_for(file, spool)
    store = Store(settings.weights.directory)
    for repo in repos:
        store.remove(repo)
        click.echo(f"removed {repo}", err=True)
    if prune:
        for path in list(store.superseded()):
            with alone_with(path.parent):
                shutil.rmtree(path)
            click.echo(f"removed {path}", err=True)
    if verify:
        _verify(store)
        return
    used = _users(settings)
    found: list[dict[str, Any]] = [
        {
            "repo": marker.repo,
            "revision": marker.revision,
            "bytes": sum(record.size for record in marker.files.values()),
            "files": len(marker.files),
            "licence": marker.licence,
            "origin": marker.origin,
            "generators": sorted(used.get(marker.repo, ())),
        }
        for marker in store.markers()
    ]
    if as_json:
        print_json({"directory": str(store.root), "weights": found})
        return
    if not found:
        click.echo(f"no weights in {store.root}. Run `spectacle generators` to see which generators need some.")
        return
    rows = [
        (
            each["repo"],
            each["revision"][:12],
            f"{each['bytes'] / 1e9:.2f} GB",
            ", ".join(each["generators"]) or "none",
            each["licence"],
        )
        for each in found
    ]
    print_table(("repository", "commit", "size", "generators", "licence"), rows)
    total = sum(each["bytes"] for each in found)
    click.echo(f"{total / 1e9:.2f} GB in {store.root}", err=True)
    for path in store.superseded():
        click.echo(f"{path} is no longer used. Run `spectacle weights --prune` to remove it.", err=True)


def _verify(store: Store) -> None:
    wrong = []
    markers = list(store.markers())
    for marker in markers:
        click.echo(f"reading {marker.repo}", err=True)
        wrong += check(marker, store)
    for line in wrong:
        click.echo(line)
    if wrong:
        click.echo(
            "Run `spectacle pull NAME --verify` for the generator that uses them; it replaces damaged files alone.",
            err=True,
        )
        sys.exit(1)
    click.echo("everything matches its hash" if markers else f"no weights in {store.root}")


def _users(settings: Settings) -> dict[str, set[str]]:
    """The generators that load a repository, by its name."""
    users: dict[str, set[str]] = {}
    resources = Resources.from_settings(settings)
    for name in registry.names(settings.models):
        try:
            generator = registry.find(name, resources)
        except SpectacleError:
            continue
        for preset in (None, *generator.presets):
            for source in generator.sources(preset, resources):
                users.setdefault(source.repo, set()).add(name)
    return users
