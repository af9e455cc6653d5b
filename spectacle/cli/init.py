"""`spectacle init`: make a spool and a configuration file."""

from __future__ import annotations

import grp
import os
from pathlib import Path

import click

from spectacle.cli.live import opened
from spectacle.config.document import render_toml
from spectacle.spool.naming import STATE_DIRECTORY, STATE_PARTS

ALONE, WITH_GROUP = 0o770, 0o2770


@click.command()
@click.argument("directory", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--group", help="Group that may use the spool: it gets mode 2770, so that files in it belong to the group."
)
@click.option(
    "--config", "file", type=click.Path(dir_okay=False, path_type=Path),
    help="Where to write the configuration. Default: spectacle.toml beside DIR.",
)  # fmt: skip
def command(directory: Path, group: str | None, file: Path | None) -> None:
    """Make the spool DIR and a configuration file that shows every setting.

    Nothing that is there already is overwritten, and a directory with foreign files keeps its permissions.

    \b
    spectacle init ./spool
    sudo spectacle init /srv/spectacle/spool --group spectacle --config /etc/spectacle/spectacle.toml
    """
    try:
        spool = _make_spool(directory, None if group is None else grp.getgrnam(group).gr_gid)
        path = file or directory.absolute().parent / "spectacle.toml"
        configuration = _write_configuration(directory, path)
    except KeyError:
        raise click.ClickException(f"there is no group {group!r}: make it with `groupadd --system {group}`") from None
    except OSError as error:
        raise click.ClickException(
            f"{directory}: {error.strerror}: choose another place, or run this as a user who may change it"
        ) from None
    click.echo(f"spool          {directory}: {spool}")
    click.echo(f"configuration  {path}: {configuration}")
    click.echo("\nNext:")
    click.echo(f"  spectacle doctor --config {path}")
    click.echo(f"  spectacle serve --config {path}")
    click.echo(f'  spectacle submit --config {path} --wait "a red fox in the snow"')


def _make_spool(directory: Path, group: int | None) -> str:
    """Make it, and say what was done."""
    made = not directory.is_dir()
    if made:
        directory.mkdir(parents=True, mode=ALONE)
    names = os.listdir(directory)
    permitted = made or not names or (STATE_DIRECTORY in names and group is not None)
    if permitted:
        os.close(_permit(str(directory), group))
    with opened(directory) as spool:
        spool.prepare_state_directory()
    # Relative to descriptors and without following links, for this may run as root on what others may write to.
    top = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if permitted:
            state = _permit(STATE_DIRECTORY, group, within=top)
            for part in STATE_PARTS:
                os.close(_permit(part, group, within=state))
            os.close(state)
        mode = os.fstat(top).st_mode & 0o7777
    finally:
        os.close(top)
    kept = "" if permitted else " as before"
    return f"{'made' if made else 'was there already'}, mode {mode:04o}{kept}"


def _permit(name: str, group: int | None, within: int | None = None) -> int:
    """Give a directory its group and mode. Returns its descriptor."""
    no_follow = 0 if within is None else os.O_NOFOLLOW
    descriptor = os.open(name, os.O_RDONLY | os.O_DIRECTORY | no_follow, dir_fd=within)
    if group is not None:
        os.chown(descriptor, -1, group)
    os.fchmod(descriptor, ALONE if group is None else WITH_GROUP)
    return descriptor


def _write_configuration(directory: Path, path: Path) -> str:
    """Write it unless it is there, and say what was done."""
    path.parent.mkdir(parents=True, exist_ok=True)
    directory, home = directory.absolute(), path.absolute().parent
    text = render_toml(directory.relative_to(home) if directory.is_relative_to(home) else directory)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        return "was there already and stays as it is"
    return "made"
