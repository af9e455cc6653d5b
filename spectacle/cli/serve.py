"""`spectacle serve`: the daemon."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from types import FrameType
from typing import Any

import click
import structlog

from spectacle import config, logs
from spectacle.cli.settings import settings_for, with_configuration
from spectacle.daemon.devices import find_devices
from spectacle.daemon.notify import notify, reloading
from spectacle.errors import ConfigurationError
from spectacle.watcher import Watcher
from spectacle.worker.local import LocalWorker

log = structlog.get_logger()


@click.command()
@with_configuration
@click.option(
    "--device", "devices", multiple=True, help="Device to use: auto, cpu, cuda:0 … May be given several times."
)
@click.option("--once", is_flag=True, help="Work through what is there and exit.")
@click.option(
    "--log-level", type=click.Choice(["debug", "info", "warning", "error"]), help="Least level that is logged."
)
def command(file: Path | None, spool: Path | None, devices: tuple[str, ...], once: bool, log_level: str | None) -> None:
    """Watch a spool and generate what is asked for.

    Without a configuration file, `spectacle serve --spool DIR` serves the built-in illustrator. SIGTERM or Ctrl-C lets
    running jobs finish, a second one stops at once; SIGHUP reads the configuration again.
    """
    flags: dict[str, Any] = {}
    if devices:
        flags["workers"] = {"devices": list(devices)}
    if log_level:
        flags["log"] = {"level": log_level}
    file = file or config.find_file()
    settings = settings_for(file, spool, flags)
    logs.configure(settings.log.level, settings.log.form)
    workers = [LocalWorker(device, settings) for device in find_devices(settings.workers.devices)]
    watcher = Watcher(settings, workers)
    _Signals(watcher, lambda: settings_for(file, spool, flags)).install()
    watcher.run(once=once)
    logs.flush()


class _Signals:
    """Turns signals into calls on the watcher, on a thread of their own: a handler may interrupt any lock."""

    def __init__(self, watcher: Watcher, reread: Any) -> None:
        self._watcher = watcher
        self._reread = reread
        self._stops = 0

    def install(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._handle)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGHUP:
            threading.Thread(target=self._reload, daemon=True).start()
        else:
            self._stops += 1
            threading.Thread(target=self._stop, args=(self._stops > 1,), daemon=True).start()

    def _stop(self, at_once: bool) -> None:
        log.info("stopping at once" if at_once else "stopping: running jobs may finish; once more stops at once")
        self._watcher.stop(at_once=at_once)

    def _reload(self) -> None:
        reloading()
        try:
            settings = self._reread()
        except ConfigurationError as error:
            log.error("the configuration stays as it was", reason=error.message)
        else:
            logs.configure(settings.log.level, settings.log.form)
            self._watcher.reload(settings)

        notify(READY=1)
