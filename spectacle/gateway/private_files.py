"""Small secret files of this user: read only where nobody else can read or write them, and replaced whole."""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from spectacle.errors import ConfigurationError

_MAX_BYTES = 2**20


def read_private(path: Path, most: int = _MAX_BYTES) -> bytes | None:
    """The content of a file that only its owner can use, or None when there is none.

    Args:
        path: The file.
        most: Most bytes that are read.

    Raises:
        ConfigurationError: When it cannot be read, or others could.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}. Fix its permissions.") from None
    with open(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ConfigurationError(f"{path}: not a regular file. Remove it, or set another path in [gateway].")
        if status.st_uid not in (os.geteuid(), 0) or stat.S_IMODE(status.st_mode) & 0o077:
            raise ConfigurationError(
                f"{path}: others can use it (owner {status.st_uid}, mode {stat.S_IMODE(status.st_mode):o}). "
                f"Run `chmod 600 {path}` as the gateway's user."
            )
        return file.read(most)


def write_private(path: Path, content: bytes, *, replace: bool) -> bool:
    """Write a file with mode 0600, whole.

    Args:
        path: Where. Missing directories are created.
        content: Its content.
        replace: Whether a file that is there is replaced; otherwise, it is left as it is.

    Returns:
        Whether it was written.

    Raises:
        ConfigurationError: When it cannot be written.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with open(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(descriptor)
            if replace:
                draft.replace(path)
            else:
                os.link(draft, path)
        finally:
            with suppress(FileNotFoundError):
                draft.unlink()
    except FileExistsError:
        return False
    except OSError as error:
        raise ConfigurationError(
            f"{path}: cannot be written: {error.strerror}. Fix the permissions, or set another path in [gateway]."
        ) from None
    return True
