"""The files that come with the package: service units, clients, and what containers and rented machines need."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

_INSTALLED = Path(__file__).parent / "files"
"""Where setup.py puts them when the package is built, with the paths that they have in a clone."""

_GROUPS: Mapping[str, tuple[str, ...]] = {
    "systemd": ("systemd/**/*",),
    "clients": ("clients/shell/spectacle-request", "clients/typescript/*.ts"),
    "container": (
        ".containerignore",
        "Containerfile",
        "compose*.yaml",
        "requirements/all.txt",
        "requirements/gateway.txt",
    ),
    "cloud": ("cloud/*",),
}
"""The files of each group, by their paths in a clone."""
CLIENTS = {
    "shell": ("spectacle-request",),
    "typescript": ("spectacle-client.ts", "example.ts"),
}
"""The files of the client in each language, which need nothing of this package."""

PROGRAM, SPOOL, CONFIGURATION = "/opt/spectacle/bin/spectacle", "/srv/spectacle/spool", "/etc/spectacle/spectacle.toml"
"""The paths that the units have here, to be replaced by those of an installation."""
OF_ONE_USER = {"%h/.local/bin/spectacle": PROGRAM, "%h/.config/spectacle/spectacle.toml": CONFIGURATION}
"""The same in the unit of one user."""
HIDDEN = ("/home", "/root", "/run/user", "/tmp", "/var/tmp")  # noqa: S108 - none of them is written to
"""What `ProtectHome=yes` and `PrivateTmp=yes` hide from the system's units."""


def program() -> str:
    """The command of this installation, as a service can call it."""
    for path in (Path(sys.argv[0]), Path(sys.executable).with_name("spectacle")):
        if path.name == "spectacle" and path.is_file() and os.access(path, os.X_OK):
            return str(path.absolute())
    return f"{sys.executable} -m spectacle"


def units(paths: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The units, their drop-ins and the files of accounts and directories.

    Args:
        paths: Replacements of `PROGRAM`, `SPOOL` and `CONFIGURATION`; one that is missing stays as it is.

    Yields:
        The path below the directory they are written to, and the text.
    """
    for name, original in files("systemd"):
        text = original
        known = OF_ONE_USER if name.startswith("systemd/user/") else {path: path for path in paths}
        for placeholder, meaning in known.items():
            if meaning in paths:
                text = _replaced(text, placeholder, paths[meaning], is_command=meaning == PROGRAM)
        yield name, text


def files(group: str) -> Iterator[tuple[str, str]]:
    """The path and the text of each file of a group: `systemd`, `clients`, `container` or `cloud`."""
    top = _INSTALLED if _INSTALLED.is_dir() else _INSTALLED.parents[2]
    for pattern in _GROUPS[group]:
        for path in sorted(path for path in top.glob(pattern) if path.is_file()):
            yield path.name if group == "clients" else path.relative_to(top).as_posix(), path.read_text("utf-8")


def write(path: Path, text: str) -> str:
    """Write a file unless it is there, and say what was done."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
            if text.startswith("#!"):
                os.fchmod(file.fileno(), 0o777 & ~_umask())
    except FileExistsError:
        try:
            same = path.read_text(encoding="utf-8") == text
        except (OSError, ValueError):
            same = False
        return (
            "exists already" if same else "exists already and differs, not changed; move it away to get this version's"
        )
    return "created"


def _replaced(text: str, placeholder: str, value: str, is_command: bool) -> str:
    """Replace a path, with the quotes and escapes that systemd needs in lines that are settings."""
    lines = []
    for line in text.splitlines(keepends=True):
        if line.startswith("#"):
            shown = value
        elif is_command:
            shown = _command(value)
        else:
            shown = _word(value, is_argument=line.startswith("ExecStart="))
        lines.append(line.replace(placeholder, shown))
    return "".join(lines)


def _command(value: str) -> str:
    program, module, name = value.partition(" -m spectacle")
    return _word(program, is_argument=True) + module + name


def _word(value: str, is_argument: bool) -> str:
    """A path as one word of a unit."""
    value = value.replace("%", "%%")
    if is_argument:
        value = value.replace("$", "$$")
    if re.search(r"[\s\"'\\;]", value):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
        return f'"{escaped}"'
    return value


def _umask() -> int:
    """The umask, which can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
