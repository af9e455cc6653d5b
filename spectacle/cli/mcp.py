"""`spectacle mcp`: tools for language models over standard input and output."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import click

from spectacle import logs
from spectacle.cli.settings import settings_for, with_configuration
from spectacle.client.submission import account
from spectacle.errors import SpoolUnavailable

PACKAGES = ("mcp", "itsdangerous", "limits")


@click.command()
@with_configuration
@click.option("--user", help="User that requests are for; users take turns. Default: your account.")
def command(file: Path | None, spool: Path | None, user: str | None) -> None:
    """Serve the spool's images to a language model by MCP.

    An MCP host such as Claude or VS Code starts this command and talks to it over standard input and output. The
    tools generate, edit and vectorize images, list kinds, and show or cancel requests.

    \b
    spectacle mcp --spool /srv/spectacle/spool
    claude mcp add spectacle -- spectacle mcp --spool /srv/spectacle/spool

    A daemon must serve the spool: `spectacle serve`. `spectacle gateway` serves the same tools over HTTP at /mcp.
    """
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        raise click.ClickException(f"mcp: needs {', '.join(missing)}. Run `pip install '.[gateway]'` in the clone.")
    from spectacle.gateway.core import Gateway
    from spectacle.gateway.mcp.requests import Requests
    from spectacle.gateway.mcp.stdio import serve
    from spectacle.gateway.seals import Seals
    from spectacle.gateway.tokens import User

    settings = settings_for(file, spool)
    path = settings.spool.path
    if not path.is_dir():
        raise SpoolUnavailable(f"spool {path}: does not exist. Mount it, or create it with `spectacle init`.")
    # Standard output is for messages of the protocol alone.
    logs.configure("warning", stream=sys.stderr)
    gateway = Gateway(settings, Seals.open(settings.gateway.key, settings.gateway.url_lifetime))
    serve(Requests(gateway, User(account() if user is None else user)))
