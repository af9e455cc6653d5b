"""Ends long work at the command line in a line that says how to continue, whether Ctrl-C or the disk has ended it."""

from __future__ import annotations

import errno
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import click

from spectacle.cli.waiting import INTERRUPTED
from spectacle.errors import SpectacleError


@contextmanager
def resumable(folder: Path) -> Iterator[None]:
    """For work of which everything written so far stays, so that the same command continues.

    Args:
        folder: Where it is written.

    Raises:
        SpectacleError: In place of an error of the operating system.
    """
    try:
        yield
    except KeyboardInterrupt:
        click.echo(err=True)
        stopped()
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise SpectacleError(
                f"{folder}: the disk is full. Free space, then run the same command again to resume."
            ) from None
        raise SpectacleError(
            f"{error.filename or folder}: {error.strerror or error}. Fix that, then run the command again."
        ) from None


def stopped() -> NoReturn:
    """Say how to continue, and end the program with `INTERRUPTED`."""
    click.echo(f"stopped. To resume: {shlex.join(['spectacle', *sys.argv[1:]])}", err=True)
    sys.exit(INTERRUPTED)
