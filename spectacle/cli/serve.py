"""`spectacle serve`: the daemon."""

from __future__ import annotations

import platform
import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

import click
import structlog

from spectacle import logs
from spectacle.checks import Level
from spectacle.checks.metrics import check_metrics
from spectacle.checks.operators import check_settings
from spectacle.checks.provenance import require_signing
from spectacle.checks.workers import check_workers, require_devices
from spectacle.cli.live import opened
from spectacle.cli.settings import find_file, read_settings, with_configuration
from spectacle.cluster.access import installed_ray, read_address
from spectacle.cluster.manager import Cluster
from spectacle.cluster.worker import RayWorker
from spectacle.config import Settings
from spectacle.daemon.devices import cluster_places, find_places, require_workers
from spectacle.daemon.notify import notify, reloading
from spectacle.errors import ConfigurationError
from spectacle.watcher import Watcher
from spectacle.worker.contract import WorkerBackend
from spectacle.worker.local import LocalWorker

log = structlog.get_logger()


@click.command()
@with_configuration
@click.option(
    "--device", "devices", multiple=True, help="Device to use: auto, cpu, cuda:0, xpu:0, mps … Can be repeated."
)
@click.option("--ray", "address", metavar="HOST:PORT", help="Run jobs on the Ray cluster with this head node.")
@click.option("--once", is_flag=True, help="Process the requests that are there, then exit.")
@click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]), help="Minimum log level.")
def command(
    file: Path | None,
    spool: Path | None,
    devices: tuple[str, ...],
    address: str | None,
    once: bool,
    log_level: str | None,
) -> None:
    """Watch a spool and process its requests.

    Without a configuration file, `spectacle serve --spool DIR` serves the built-in generator. SIGTERM or Ctrl-C lets
    running jobs finish, a second one stops immediately. SIGHUP reloads the configuration.
    """
    flags: dict[str, Any] = {}
    if devices:
        flags["workers"] = {"devices": list(devices)}
    if address:
        # Devices that are named are used in addition to the cluster.
        flags["workers"] = {**flags.get("workers", {}), "backend": "both" if devices else "ray"}
        flags["ray"] = {"address": address}
    if log_level:
        flags["log"] = {"level": log_level}
    # Found once: a reload must not find another.
    file = file or find_file(spool)
    warnings: list[str] = []
    settings = read_settings(file, spool, flags, warnings.append)
    logs.configure(settings.log.level, settings.log.format)
    for reason in warnings:
        _warn(reason)
    if once:
        # Who asks for what is there now is not to wait for a spool that may never come.
        with opened(settings.spool.path):
            pass
    if sys.platform != "linux":
        log.warning("this operating system is not tested", system=platform.system())
    local = find_places(settings.workers)
    clustered = cluster_places(settings)
    places = [*local, *clustered]
    require_workers(settings, places)
    require_devices(local)
    if clustered:
        read_address(settings.ray)
        installed_ray()
    for check in check_workers(settings, local):
        if check.level is not Level.OK:
            log.warning("workers lack something", reason=check.found, remedy=check.remedy)
    for check in check_settings(settings):
        if check.level is not Level.OK:
            log.warning("settings do not work", reason=check.found, remedy=check.remedy)
    for check in check_metrics(settings.metrics):
        if check.level is not Level.OK:
            log.warning("metrics are not as configured", reason=check.found, remedy=check.remedy)
    for check in require_signing(settings.provenance):
        log.warning("results may not be signed", reason=check.found, remedy=check.remedy)
    cluster = Cluster(settings) if clustered else None
    workers: list[WorkerBackend] = [LocalWorker(place.device, settings, place.threads) for place in local]
    if cluster is not None:
        workers += [RayWorker(number, place.device, settings, cluster) for number, place in enumerate(clustered)]
    watcher = Watcher(settings, workers, places=places)

    def reread() -> Settings:
        settings = read_settings(file, spool, flags, _warn)
        require_workers(settings, places)
        for check in require_signing(settings.provenance):
            log.warning("results may not be signed", reason=check.found, remedy=check.remedy)
        return settings

    _Signals(watcher, reread).install()
    if cluster is not None:
        cluster.start()
    try:
        watcher.run(once=once)
    finally:
        if cluster is not None:
            cluster.close()
    logs.flush()


def _warn(reason: str) -> None:
    log.warning("setting renamed", reason=reason)


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
        log.info("stopping immediately" if at_once else "stopping after running jobs")
        self._watcher.stop(at_once=at_once)

    def _reload(self) -> None:
        reloading()
        try:
            settings = self._reread()
        except ConfigurationError as error:
            log.error("kept the old configuration", reason=error.message)
        else:
            logs.configure(settings.log.level, settings.log.format)
            self._watcher.reload(settings)

        notify(READY=1)
