"""`spectacle gateway`: the HTTP gateway, and the tokens of its users."""

from __future__ import annotations

import contextlib
import ipaddress
import signal
import socket
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import Any

import click
import structlog

from spectacle import config, logs
from spectacle.cli.output import print_json, print_table, printable
from spectacle.cli.settings import settings_for, with_configuration
from spectacle.errors import ConfigurationError

log = structlog.get_logger()

PACKAGES = (
    "fastapi",
    "fastapi_swagger",
    "uvicorn",
    "multipart",
    "limits",
    "itsdangerous",
    "standardwebhooks",
    "httpx",
    "mcp",
    "prometheus_client",
)
MAX_HEADER_BYTES = 32 * 1024
BACKLOG = 1024
SHUTDOWN_SECONDS = 5
KEEP_ALIVE_SECONDS = 75
"""Longer than clients and proxies keep an idle connection: it must not close while they send the next request."""


@click.group(invoke_without_command=True)
@with_configuration
@click.option("--listen", metavar="HOST:PORT", help="Address and port. Default: that of the configuration.")
@click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]), help="Minimum log level.")
@click.pass_context
def command(
    context: click.Context, file: Path | None, spool: Path | None, listen: str | None, log_level: str | None
) -> None:
    """Serve the HTTP interfaces of image clients over a spool.

    The gateway is a client of the spool, and runs on any host that mounts it; a daemon generates the images. On a
    loopback address, it serves everybody on this machine until the first token is added. On any other address, it
    serves nobody without a token.

    \b
    spectacle gateway --spool ./spool
    spectacle gateway token add alice
    spectacle gateway --listen 0.0.0.0:8000

    The subcommand `token` adds, lists and removes tokens.
    """
    flags: dict[str, Any] = {}
    if listen:
        flags["gateway"] = {"listen": listen}
    if log_level:
        flags["log"] = {"level": log_level}
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        raise click.ClickException(f"gateway: needs {', '.join(missing)}. Run `pip install '.[gateway]'` in the clone.")
    settings = settings_for(file, spool, flags)
    context.obj = settings
    if context.invoked_subcommand is None:
        serve(settings)


def serve(settings: config.Settings) -> None:
    """Serve until SIGTERM or Ctrl-C."""
    import uvicorn

    from spectacle.gateway.app import create_app
    from spectacle.gateway.tokens import Tokens

    host, port = _address(settings.gateway.listen)
    required = not _is_loopback(host)
    # Before it listens, for a file of tokens that cannot be used is an error.
    has_tokens = bool(Tokens(settings.gateway.tokens).entries())
    logs.configure(settings.log.level, settings.log.format)
    app = create_app(settings, tokens_required=required)
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise click.ClickException(
            f"gateway.listen: cannot listen on {settings.gateway.listen}: {error.strerror}. Choose another address or "
            "port with --listen."
        ) from None
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            http="h11",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            h11_max_incomplete_event_size=MAX_HEADER_BYTES,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
        )
    )

    def stop(_number: int, _frame: FrameType | None) -> None:
        server.should_exit = True

    # uvicorn has handlers of its own while it serves, and raises the signal again at its end.
    signal.signal(signal.SIGTERM, stop)
    with listening:
        log.info("gateway started", listen=settings.gateway.listen, spool=str(settings.spool.path))
        if required and not has_tokens:
            log.warning(
                "gateway has no token",
                reason=f"{settings.gateway.listen} can be reached from other machines, so nobody is served without "
                f"one. Add one with `spectacle gateway token add NAME`; it takes effect without a restart.",
                tokens=str(settings.gateway.tokens),
            )
        with contextlib.suppress(KeyboardInterrupt):
            server.run(sockets=[listening])
        log.info("gateway stopped")
    logs.flush()


@command.group()
def token() -> None:
    """Add, list and remove tokens. A token stands for a user of the spool."""


@token.command("add")
@click.argument("name")
@click.option("--kind", "kinds", multiple=True, help="Kind that may be requested. Can be repeated. Default: all.")
@click.option("--rate", help="Maximum rate, such as 60/minute. Default: gateway.rate.")
@click.option("--max-waiting", type=click.IntRange(1), help="Maximum number of unfinished requests.")
@click.pass_obj
def add(
    settings: config.Settings, name: str, kinds: tuple[str, ...], rate: str | None, max_waiting: int | None
) -> None:
    """Make a token for the user NAME and print it. It is shown only once, because only its hash is stored."""
    from spectacle.gateway.tokens import Tokens

    click.echo(Tokens(settings.gateway.tokens).add(name, kinds=kinds or None, rate=rate, max_waiting=max_waiting))
    click.echo(f"Added a token for {name} to {settings.gateway.tokens}.", err=True)


@token.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_tokens(settings: config.Settings, as_json: bool) -> None:
    """List the tokens: their users and limits."""
    from spectacle.gateway.tokens import Tokens

    entries = [entry.model_dump(mode="json", exclude={"sha256"}) for entry in Tokens(settings.gateway.tokens).entries()]
    if as_json:
        print_json(entries)
        return
    rows = [
        (
            printable(each["user"]),
            each["created"],
            ", ".join(each["kinds"] or ["all"]),
            each["rate"] or settings.gateway.rate,
            str(each["max_waiting"] or settings.gateway.max_waiting),
        )
        for each in entries
    ]
    print_table(("user", "created", "kinds", "rate", "max waiting"), rows)


@token.command("remove")
@click.argument("name")
@click.pass_obj
def remove(settings: config.Settings, name: str) -> None:
    """Remove every token of the user NAME. Running gateways stop accepting them immediately."""
    from spectacle.gateway.tokens import Tokens

    count = Tokens(settings.gateway.tokens).remove(name)
    if not count:
        raise click.ClickException(f"user {name}: has no token in {settings.gateway.tokens}. List them first.")
    click.echo(f"Removed {count} token{'' if count == 1 else 's'} of {name}.", err=True)


def _address(listen: str) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    if int(port) > 65535:
        raise ConfigurationError(f"gateway.listen: port {port} is not valid. Use 0 to 65535.")
    return host.strip("[]"), int(port)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
