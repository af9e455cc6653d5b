"""A daemon with several workers on one spool, as real processes."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from daemon_process import CONFIGURATION, Daemon, wait_for

TWO = CONFIGURATION.replace('devices = ["cpu"]', 'devices = ["cpu", "cpu"]\npreload = false')


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    daemon = Daemon(tmp_path, TWO)
    daemon.start()
    yield daemon
    daemon.kill()


def busy(daemon: Daemon) -> dict[str, dict[str, Any]]:
    """The workers that run something, by their stems."""
    devices = daemon.report().get("devices", [])
    return {device["job"]["stem"]: device for device in devices if device["job"]}


def test_something_light_is_served_while_something_heavy_runs(daemon: Daemon) -> None:
    daemon.write("a-1-8x8-slow", "a fox")
    wait_for(lambda: "a-1-8x8-slow" in busy(daemon), "the heavy request to run")
    daemon.write("b-2-8x8-card", "a fox")
    wait_for((daemon.spool / "b-2-8x8-card.png").exists, "the light request")
    assert busy(daemon)["a-1-8x8-slow"]["worker"] in ("cpu", "cpu-2")


def test_the_end_of_one_worker_costs_its_own_request_one_attempt_and_no_other(daemon: Daemon) -> None:
    stems = ["a-1-8x8-slow", "b-2-8x8-slow"]
    for stem in stems:
        daemon.write(stem, "a fox")
    running = wait_for(lambda: len(found := busy(daemon)) == 2 and found, "both to run")
    os.kill(running[stems[0]]["pid"], signal.SIGKILL)
    wait_for(
        lambda: busy(daemon).get(stems[0], {}).get("pid") not in (None, running[stems[0]]["pid"]), "another process"
    )
    assert busy(daemon)[stems[1]]["pid"] == running[stems[1]]["pid"]
    attempts = {path.name: path.read_text() for path in (daemon.spool / ".spectacle/attempts").iterdir()}
    assert [name for name in attempts if stems[0] in name]
    assert not [name for name in attempts if stems[1] in name]


def test_a_worker_that_has_nothing_to_do_is_not_started(daemon: Daemon) -> None:
    daemon.write("a-1-8x8-card", "a fox")
    wait_for((daemon.spool / "a-1-8x8-card.png").exists, "the result")
    wait_for(lambda: daemon.report().get("done"), "the report")
    assert sorted(device["pid"] is not None for device in daemon.report()["devices"]) == [False, True]
