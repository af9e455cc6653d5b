"""`spectacle init`: make a spool and a configuration file, and write the files that come with the package."""

from __future__ import annotations

import grp
import os
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from spectacle.cli import shipped
from spectacle.cli.live import opened
from spectacle.config.document import render_toml
from spectacle.spool.naming import STATE_DIRECTORY, STATE_PARTS

CERTIFICATES = "provenance"
"""Directory of the certificates, next to the configuration file."""

_PROVENANCE = {"certificate": "certificate.pem", "key": "key.pem", "trust": "root.pem"}
"""The settings of the section `[provenance]`, and the files they name."""
_SECTION = "[provenance]\n" + "".join(f'{name} = "{CERTIFICATES}/{file}"\n' for name, file in _PROVENANCE.items())

ALONE, WITH_GROUP = 0o770, 0o2770


@click.command()
@click.argument(
    "directory", metavar="[DIR]", required=False, type=click.Path(file_okay=False, readable=False, path_type=Path)
)
@click.option(
    "--group", help="Group that can use the spool. The spool gets mode 2770, so that files in it belong to the group."
)
@click.option(
    "--config", "file", type=click.Path(dir_okay=False, path_type=Path),
    help="Where to write the configuration. Default: spectacle.toml next to DIR.",
)  # fmt: skip
@click.option(
    "--provenance", "sign", is_flag=True,
    help="Make certificates for signing results, next to the configuration. Needs the extra `provenance`.",
)  # fmt: skip
@click.option(
    "--systemd", is_flag=True,
    help="Write systemd units into the directory systemd, with the paths of this installation, of DIR and of the "
    "configuration.",
)  # fmt: skip
@click.option(
    "--client", "clients", multiple=True, type=click.Choice(sorted(shipped.CLIENTS)),
    help="Write the client in this language; it needs nothing else of Spectacle. Can be repeated.",
)  # fmt: skip
@click.option("--container", is_flag=True, help="Write files for building and running a container.")
@click.option("--cloud", is_flag=True, help="Write files for rented GPUs into the directory cloud.")
@click.option(
    "--into", type=click.Path(file_okay=False, path_type=Path), default=Path(), show_default="the working directory",
    help="Directory for the files of --systemd, --client, --container and --cloud.",
)  # fmt: skip
def command(
    directory: Path | None,
    group: str | None,
    file: Path | None,
    sign: bool,
    systemd: bool,
    clients: tuple[str, ...],
    container: bool,
    cloud: bool,
    into: Path,
) -> None:
    """Create the spool DIR and a configuration file that lists every setting, or write files that come with Spectacle.

    Existing files are not overwritten, and a directory that contains other files keeps its permissions.

    \b
    spectacle init ./spool
    sudo spectacle init /srv/spectacle/spool --group spectacle --config /etc/spectacle/spectacle.toml
    spectacle init ./spool --provenance
    spectacle init --systemd --client shell --client typescript

    With --provenance, a root certificate and one that it has signed are made as well. When the latter is about to
    expire, run the command again to renew it. Until then, keep root-key.pem in another place.
    """
    extras = systemd or clients or container or cloud
    if directory is None and not extras:
        raise click.UsageError("Missing argument 'DIR', or one of --systemd, --client, --container and --cloud.")
    if directory is None and group is not None:
        raise click.UsageError("--group: names the group of the spool, so give its DIR, too.")
    if directory is None and file is not None and not systemd:
        raise click.UsageError("--config: names the configuration of the spool, so give its DIR, or --systemd, too.")
    if directory is None and sign:
        raise click.UsageError("--provenance: belongs to the configuration of the spool, so give its DIR, too.")
    path = file
    if directory is not None:
        path = file or directory.absolute().parent / "spectacle.toml"
        _make(directory, group, path, sign=sign)
    for name, text in _files(directory, path, systemd, clients, container, cloud):
        _write(into, name, text)
    if systemd:
        _warn_of_what_units_hide(_paths(directory, path))
    if directory is not None:
        click.echo("\nNext:")
        word = shlex.quote(str(path))
        click.echo(f"  spectacle doctor --config {word}")
        click.echo(f"  spectacle serve --config {word}")
        click.echo(f'  spectacle submit --config {word} --wait "a red fox in the snow"')


def _make(directory: Path, group: str | None, path: Path, *, sign: bool) -> None:
    """Make the spool and its configuration, and say so."""
    try:
        spool = _make_spool(directory, None if group is None else grp.getgrnam(group).gr_gid)
        certificates = _make_certificates(path.absolute().parent / CERTIFICATES) if sign else None
        configuration = _write_configuration(directory, path, sign=sign)
    except KeyError:
        raise click.ClickException(
            f"--group {group!r}: the group does not exist. Run `groupadd --system {group}`."
        ) from None
    except OSError as error:
        raise click.ClickException(
            f"{directory}: {error.strerror}. Use another directory, or run this as a user with permission to change it."
        ) from None
    click.echo(f"spool          {directory}: {spool}")
    click.echo(f"configuration  {path}: {configuration}")
    if certificates is not None:
        click.echo(f"certificates   {path.absolute().parent / CERTIFICATES}: {certificates}")
        if "not changed" in configuration:
            click.echo(f"\nAdd this to {path}, unless it is there:\n\n{_SECTION}", nl=False)


def _files(
    directory: Path | None, path: Path | None, systemd: bool, clients: tuple[str, ...], container: bool, cloud: bool
) -> Iterator[tuple[str, str]]:
    """The name and the text of everything that is to be written."""
    if systemd:
        yield from shipped.units(_paths(directory, path))
    wanted = {name for client in clients for name in shipped.CLIENTS[client]}
    yield from ((name, text) for name, text in shipped.files("clients") if name in wanted)
    if container:
        yield from shipped.files("container")
    if cloud:
        yield from shipped.files("cloud")


def _paths(directory: Path | None, path: Path | None) -> dict[str, str]:
    """What to put into the units in place of the usual paths."""
    paths = {shipped.PROGRAM: shipped.program()}
    if directory is not None:
        paths[shipped.SPOOL] = str(directory.absolute())
    if path is not None:
        paths[shipped.CONFIGURATION] = str(path.absolute())
    return paths


def _write(into: Path, name: str, text: str) -> None:
    try:
        done = shipped.write(into / name, text)
    except OSError as error:
        raise click.ClickException(
            f"{into / name}: {error.strerror}. Use another directory with --into, or run this as a user with "
            "permission to change it."
        ) from None
    click.echo(f"{into / name}: {done}")


def _warn_of_what_units_hide(paths: Mapping[str, str]) -> None:
    for path in paths.values():
        if path.startswith(tuple(f"{each}/" for each in shipped.HIDDEN)):
            click.echo(
                f"{path}: hidden from the system's units, which see neither homes nor /tmp. Use "
                "systemd/user/spectacle.service, or install elsewhere, such as in /opt.",
                err=True,
            )


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
    return f"{'created' if made else 'exists already'}, mode {mode:04o}{kept}"


def _permit(name: str, group: int | None, within: int | None = None) -> int:
    """Give a directory its group and mode. Returns its descriptor."""
    no_follow = 0 if within is None else os.O_NOFOLLOW
    descriptor = os.open(name, os.O_RDONLY | os.O_DIRECTORY | no_follow, dir_fd=within)
    if group is not None:
        os.chown(descriptor, -1, group)
    os.fchmod(descriptor, ALONE if group is None else WITH_GROUP)
    return descriptor


def _make_certificates(directory: Path) -> str:
    """Make what is missing, and say what was done."""
    from spectacle.signing.certificates import make_certificates

    written = make_certificates(directory)
    return f"wrote {', '.join(written)}" if written else "exist already, not changed"


def _write_configuration(directory: Path, path: Path, *, sign: bool) -> str:
    """Write it unless it is there, and say what was done."""
    path.parent.mkdir(parents=True, exist_ok=True)
    directory, home = directory.absolute(), path.absolute().parent
    text = render_toml(directory.relative_to(home) if directory.is_relative_to(home) else directory)
    if sign:
        for name, file_name in _PROVENANCE.items():
            text = text.replace(f"\n#{name} =\n", f'\n{name} = "{CERTIFICATES}/{file_name}"\n', 1)
    try:
        with path.open("x", encoding="utf-8") as opened_file:
            opened_file.write(text)
    except FileExistsError:
        return "exists already, not changed"
    return "created"
