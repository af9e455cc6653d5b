"""`spectacle runpod`: a worker on RunPod's serverless platform."""

from __future__ import annotations

import secrets
import signal
import sys
from importlib.util import find_spec
from pathlib import Path

import click

from spectacle import logs
from spectacle.cli.settings import find_file, read_settings, with_configuration

PACKAGES = ("runpod", "fastapi", "itsdangerous", "limits", "multipart")


@click.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
@with_configuration
@click.option("--kind", help="Kind of jobs that do not specify one. Default: the one that suits the job.")
@click.option(
    "--concurrency", type=click.IntRange(1, 64), default=1, show_default=True,
    help="Number of jobs to process simultaneously; use the number of GPUs.",
)  # fmt: skip
@click.pass_context
def command(context: click.Context, file: Path | None, spool: Path | None, kind: str | None, concurrency: int) -> None:
    """Take jobs from a RunPod endpoint, inside a container there.

    It starts a daemon on a spool in the container and hands it RunPod's jobs. Progress, errors and cancellations are
    passed on. Options that begin with --rp_ or --test_ are those of the package runpod:

    \b
    spectacle runpod --spool /tmp/spool --rp_serve_api --rp_api_port 8080
    spectacle runpod --spool /tmp/spool --test_input '{"input": {"prompt": "a red fox"}}'
    """
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        raise click.ClickException(f"runpod: needs {', '.join(missing)}. Run `pip install '.[runpod]'` in the clone.")
    from spectacle.gateway.core import Gateway
    from spectacle.gateway.seals import Seals
    from spectacle.gateway.serverless import Daemon, serve

    unknown = [each for each in context.args if each.startswith("-") and not each.startswith(("--rp_", "--test_"))]
    if unknown:
        raise click.UsageError(f"No such option: {unknown[0]}")
    file = file or find_file(spool)
    settings = read_settings(file, spool)
    logs.configure(settings.log.level, settings.log.format)
    try:
        settings.spool.path.mkdir(mode=0o770, parents=True, exist_ok=True)
    except OSError as error:
        raise click.ClickException(
            f"spool {settings.spool.path}: cannot be created: {error.strerror}. Use another directory."
        ) from None
    arguments = ["--spool", str(settings.spool.path), *(["--config", str(file)] if file is not None else [])]
    # Identifiers never leave the worker, so that nobody else has to know the key.
    gateway = Gateway(settings, Seals(secrets.token_bytes(32), settings.gateway.url_lifetime))
    # The package's own server passes the signal on when it has ended, and the daemon must be stopped first.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with Daemon(arguments) as daemon:
        serve(gateway, daemon, kind=kind, concurrency=concurrency, arguments=context.args)
