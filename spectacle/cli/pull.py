"""`spectacle pull`: bring the weights of a generator to this machine."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from spectacle.cli.output import print_table
from spectacle.cli.resumable import resumable
from spectacle.cli.settings import settings_for, with_configuration
from spectacle.errors import SpectacleError
from spectacle.generators import registry
from spectacle.generators.base import Generator
from spectacle.weights import Source, Store
from spectacle.weights.pull import Piece, Pull, bring_in, from_folder, from_hub, merged


@click.command()
@click.argument("name")
@click.option("--preset", "presets", multiple=True, help="Preset whose weights are wanted; may be given several times.")
@click.option("--all-presets", is_flag=True, help="The weights of every preset.")
@click.option(
    "--from",
    "folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Copy from a folder instead of the hub: a repository, a folder of repositories, the hub library's cache, or "
    "another weights directory.",
)
@click.option("--revision", "revisions", multiple=True, metavar="REPO=COMMIT", help="Take this commit of a repository.")
@click.option("--update", is_flag=True, help="Take the newest commits, not those of earlier pulls.")
@click.option("--dry-run", is_flag=True, help="Only say what would be brought.")
@click.option("--yes", is_flag=True, help="Do not ask; what the licences demand is agreed to.")
@with_configuration
def command(
    name: str,
    presets: tuple[str, ...],
    all_presets: bool,
    folder: Path | None,
    revisions: tuple[str, ...],
    update: bool,
    dry_run: bool,
    yes: bool,
    file: Path | None,
    spool: Path | None,
) -> None:
    """Download the weights of the generator NAME, verify them, and mark them complete.

    Says first what is to be downloaded, how much it is, where it goes and under which licence. A download that was
    broken off goes on where it stopped. The daemon never downloads anything; it finds what was pulled.

    \b
    spectacle pull qwen-image --preset lightning-8
    spectacle pull qwen-image --preset lightning-8 --from /mnt/models
    spectacle weights
    """
    settings = settings_for(file, spool).weights
    generator = registry.find(name)
    sources = merged(_sources(generator, presets, all_presets))
    if not sources:
        click.echo(f"{name} needs no weights")
        return
    store = Store(settings.directory)
    wanted = _commits(revisions, sources)
    if folder is not None:
        pulls = [from_folder(source, store, folder) for source in sources]
    else:
        pulls = [from_hub(source, store, revision=wanted.get(source.repo), update=update) for source in sources]
    _show(pulls, store)
    if not any(pull.missing for pull in pulls):
        bring_in(pulls, store)  # a pattern may be new though its files are there
        click.echo("everything is there already")
        return
    if dry_run:
        return
    _agree(pulls, yes)
    with resumable(store.root):
        progress = _Progress(pulls)
        bring_in(pulls, store, starting=progress.starting, verified=progress.verified)
    click.echo(f"complete: {', '.join(pull.source.repo for pull in pulls)}")


def _sources(generator: type[Generator], presets: Sequence[str], all_presets: bool) -> list[Source]:
    wanted: Sequence[str | None] = tuple(generator.presets) if all_presets else presets
    return [source for preset in wanted or (None,) for source in generator.weights(generator.named(preset))]


def _commits(revisions: Sequence[str], sources: Sequence[Source]) -> Mapping[str, str]:
    commits = dict(each.partition("=")[::2] for each in revisions)
    repos = {source.repo for source in sources}
    for repo, commit in commits.items():
        if repo not in repos or not commit:
            raise SpectacleError(
                f"--revision {repo}={commit}: write REPO=COMMIT with a repository of: {', '.join(sorted(repos))}"
            )
    return commits


def _show(pulls: Sequence[Pull], store: Store) -> None:
    rows = [
        (
            pull.source.repo,
            pull.revision[:12],
            f"{sum(piece.size for piece in pull.pieces) / 1e9:.2f} GB",
            f"{pull.size / 1e9:.2f} GB",
            pull.source.licence,
        )
        for pull in pulls
    ]
    print_table(("repository", "commit", "whole", "to bring", "licence"), rows)
    for pull in pulls:
        if pull.source.notice:
            click.secho(f"{pull.source.repo}: {pull.source.notice}", bold=True)
    there = next(path for path in (store.root, *store.root.absolute().parents) if path.exists())
    needed, free = sum(pull.size for pull in pulls), shutil.disk_usage(there).free
    click.echo(f"{needed / 1e9:.2f} GB into {store.root}, where {free / 1e9:.1f} GB are free")


def _agree(pulls: Sequence[Pull], yes: bool) -> None:
    """Have a person agree; without one at a terminal, only to what carries no notice."""
    noticed = [pull.source.repo for pull in pulls if pull.source.notice]
    if yes:
        return
    if sys.stdin.isatty():
        click.confirm("Go on?", default=not noticed, abort=True)
    elif noticed:
        raise SpectacleError(f"{', '.join(noticed)}: read the notice above, and give --yes to agree to it")


class _Progress:
    """Says which file comes next, and on a terminal how much of it has been verified."""

    def __init__(self, pulls: Sequence[Pull]) -> None:
        self._files = sum(len(pull.missing) for pull in pulls)
        self._begun = self._read = 0

    def starting(self, pull: Pull, piece: Piece) -> None:
        self._begun += 1
        self._read = 0
        size = f"{piece.size / 1e9:.2f} GB" if piece.size >= 10**7 else f"{piece.size / 1e3:.1f} kB"
        click.echo(f"{self._begun}/{self._files}  {pull.source.repo}/{piece.name}  {size}", err=True)

    def verified(self, _pull: Pull, piece: Piece, read: int) -> None:
        self._read += read
        if sys.stderr.isatty() and piece.size >= 10**8:
            click.echo(f"\rverifying {self._read / piece.size:4.0%}", nl=self._read >= piece.size, err=True)
