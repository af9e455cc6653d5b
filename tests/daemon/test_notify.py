"""Notifications to the service manager, received on a real datagram socket."""

from __future__ import annotations

import secrets
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from spectacle.daemon.notify import notify, reloading


@pytest.fixture(params=["file", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    name = str(tmp_path / "notify") if request.param == "file" else f"@spectacle-{secrets.token_hex(8)}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind("\0" + name[1:] if name.startswith("@") else name)
        channel.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        yield channel


def test_fields_arrive_as_lines_of_one_message(manager: socket.socket) -> None:
    assert notify(READY=1, STATUS="2 waiting, drawing größer")
    assert manager.recv(4096).decode() == "READY=1\nSTATUS=2 waiting, drawing größer"


def test_a_line_break_in_a_value_cannot_forge_a_field(manager: socket.socket) -> None:
    notify(STATUS="one\nSTOPPING=1\r\ntwo")
    assert manager.recv(4096).decode() == "STATUS=one STOPPING=1 two"


def test_reloading_carries_the_time_the_manager_compares(manager: socket.socket) -> None:
    before = time.monotonic_ns() // 1000
    assert reloading()
    lines = dict(line.split("=") for line in manager.recv(4096).decode().splitlines())
    assert lines["RELOADING"] == "1"
    assert before <= int(lines["MONOTONIC_USEC"]) <= time.monotonic_ns() // 1000


def test_a_manager_that_does_not_read_never_stops_the_daemon(manager: socket.socket) -> None:
    for _ in range(100_000):
        if not notify(WATCHDOG=1):
            break
    else:
        pytest.fail("the queue of the socket never filled")
    assert manager.recv(4096) == b"WATCHDOG=1"


@pytest.mark.parametrize("address", [None, "", "relative", "/nowhere/notify", "@nobody-listens"])
def test_outside_a_service_nothing_happens(address: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if address is None:
        monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    else:
        monkeypatch.setenv("NOTIFY_SOCKET", address)
    assert notify(READY=1) is False
