"""`spectacle pull`: download the weights of a generator to this machine."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

import click

from spectacle.cli import completion
from spectacle.cli.output import print_table
from spectacle.cli.resumable import resumable
from spectacle.cli.settings import settings_for, with_configuration
from spectacle.config import LoraSettings
from spectacle.errors import SpectacleError
from spectacle.generators import registry
from spectacle.generators.base import Generator, Resources
from spectacle.generators.diffusion.loras import source_of
from spectacle.weights import Source, Store
from spectacle.weights.pull import Piece, Pull, bring_in, from_folder, from_hub, merged, with_damaged


@click.command()
@click.argument("name", required=False, shell_complete=completion.GENERATORS)
@click.option(
    "--preset", "presets", multiple=True, shell_complete=completion.PRESETS,
    help="Preset to download weights for. Can be repeated.",
)  # fmt: skip
@click.option("--lora", "loras", multiple=True, metavar="NAME", help="Download the LoRA [loras.NAME]. Can be repeated.")
@click.option("--all-presets", is_flag=True, help="Download the weights of every preset.")
@click.option(
    "--from",
    "folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Copy from a directory instead of the hub: a repository, a directory of repositories, the hub library's "
    "cache, "
    "or another weights directory.",
)
@click.option(
    "--revision", "revisions", multiple=True, metavar="REPO=COMMIT", help="Use this revision of a repository."
)
@click.option("--update", is_flag=True, help="Use the newest revisions, not those of earlier pulls.")
@click.option("--verify", is_flag=True, help="Read existing files again, and replace damaged ones.")
@click.option("--dry-run", is_flag=True, help="Show what would be downloaded, and download nothing.")
@click.option("--yes", is_flag=True, help="Skip confirmation and accept licence conditions.")
@with_configuration
def command(
    name: str | None,
    presets: tuple[str, ...],
    loras: tuple[str, ...],
    all_presets: bool,
    folder: Path | None,
    revisions: tuple[str, ...],
    update: bool,
    verify: bool,
    dry_run: bool,
    yes: bool,
    file: Path | None,
    spool: Path | None,
) -> None:
    """Download the weights of the generator NAME, verify them, and mark them complete.

    Shows what will be downloaded, its size, where it goes and its licence, and asks before it starts. Run the command
    again to resume an interrupted download. The daemon itself never downloads anything.

    \b
    spectacle pull qwen-image --preset 2512-lightning-8
    spectacle pull qwen-image --preset 2512-lightning-8 --from /mnt/models
    spectacle weights
    """
    settings = settings_for(file, spool)
    if name is None and not loras:
        raise click.UsageError("Nothing to download. Give the name of a generator, or --lora NAME.")
    adapters = [_lora(each, settings.loras) for each in loras]
    resources = Resources.from_settings(settings)
    sources = merged(
        [
            *(_sources(registry.find(name, resources), presets, all_presets, resources) if name else ()),
            *(source for source, _ in adapters),
        ]
    )
    if not sources:
        click.echo(f"{name} needs no weights")
        return
    if folder is None and find_spec("huggingface_hub") is None:
        missing = registry.find(name, resources).missing_packages() if name else None
        raise SpectacleError(missing or "huggingface_hub: not installed. Run `pip install huggingface_hub`.")
    store = Store(settings.weights.directory)
    wanted = {source.repo: revision for source, revision in adapters if revision} | _commits(revisions, sources)
    if folder is not None:
        pulls = [from_folder(source, store, folder) for source in sources]
    else:
        pulls = [from_hub(source, store, revision=wanted.get(source.repo), update=update) for source in sources]
    if verify:
        pulls = [with_damaged(pull, store) for pull in pulls]
    _show(pulls, store)
    if name is not None:
        generator = registry.find(name, resources)
        _show_local(generator, _presets(generator, presets, all_presets), resources)
    if not any(pull.missing for pull in pulls):
        bring_in(pulls, store)  # a pattern may be new though its files are there
        click.echo("everything is downloaded already")
        return
    if dry_run:
        return
    _agree(pulls, yes)
    with resumable(store.root):
        progress = _Progress(pulls)
        bring_in(pulls, store, starting=progress.starting, verified=progress.verified)
    click.echo(f"complete: {', '.join(pull.source.repo for pull in pulls)}")


def _presets(generator: type[Generator], presets: Sequence[str], all_presets: bool) -> list[str | None]:
    wanted: Sequence[str | None] = tuple(generator.presets) if all_presets else presets
    return [generator.resolve_preset(preset) for preset in wanted or (None,)]


def _sources(
    generator: type[Generator], presets: Sequence[str], all_presets: bool, resources: Resources
) -> list[Source]:
    wanted = _presets(generator, presets, all_presets)
    return [source for preset in wanted for source in generator.sources(preset, resources)]


def _show_local(generator: type[Generator], presets: Sequence[str | None], resources: Resources) -> None:
    """Say which parts are on this machine already, with their sizes and licences."""
    parts = dict.fromkeys(part for preset in presets for part in generator.local_parts(preset, resources))
    for name, path, licence in parts:
        files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
        size = f"{sum(each.stat().st_size for each in files) / 1e9:.2f} GB" if files else "missing"
        click.echo(f"{name}: {path}, {size}, licence: {licence}")


def _lora(name: str, loras: Mapping[str, LoraSettings]) -> tuple[Source, str | None]:
    """What is downloaded of a LoRA adapter, and its commit where the settings name one."""
    if name not in loras:
        raise SpectacleError(f"--lora {name}: not in the configuration. Add [loras.{name}] with repository and file.")
    source = source_of(loras[name])
    if source is None:
        raise SpectacleError(
            f"--lora {name}: {loras[name].file} is a file on this machine. There is nothing to download."
        )
    return source, loras[name].revision


def _commits(revisions: Sequence[str], sources: Sequence[Source]) -> dict[str, str]:
    commits = dict(each.partition("=")[::2] for each in revisions)
    repos = {source.repo for source in sources}
    for repo, commit in commits.items():
        if repo not in repos or not commit:
            raise SpectacleError(
                f"--revision {repo}={commit}: unknown repository. Use REPO=COMMIT with one of "
                f"{', '.join(sorted(repos))}."
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
        raise SpectacleError(
            f"{', '.join(noticed)}: the licence has conditions. Read the notice above, and use --yes to accept it."
        )


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
