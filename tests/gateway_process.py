"""Runs the real gateway as a process of its own, for tests."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from daemon_process import DEADLINE, Daemon, wait_for

from spectacle.gateway.tokens import Tokens


@dataclass
class GatewayProcess:
    """A running gateway.

    Attributes:
        url: Its address, without a slash at the end.
        file: Its configuration file.
        process: The process.
        log_path: Where its log goes.
    """

    url: str
    file: Path
    process: subprocess.Popen[bytes]
    log_path: Path


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def serving(
    daemon: Daemon,
    settings: str = "",
    tokens: Mapping[str, tuple[str, ...] | None] | None = None,
    *,
    listen: str = "127.0.0.1",
    tokens_file: Path | None = None,
) -> Iterator[GatewayProcess]:
    """A gateway over the daemon's spool, while the block runs.

    Args:
        daemon: The daemon.
        settings: Lines for the section `[gateway]`.
        tokens: Kinds that users may request, by user; the token of each is in a file of that name beside the daemon's.
        listen: The address it listens on.
        tokens_file: Its file of tokens; by default, one beside the daemon's.
    """
    tokens_file = tokens_file or daemon.home / "tokens.json"
    file = daemon.home / "gateway.toml"
    port = free_port()
    file.write_text(
        f'[spool]\npath = "{daemon.spool}"\n[gateway]\nlisten = "{listen}:{port}"\n'
        f'tokens = "{tokens_file}"\nkey = "{daemon.home}/gateway.key"\n{settings}'
    )
    for user, kinds in (tokens or {}).items():
        token = Tokens(tokens_file).add(user, kinds=kinds)
        (daemon.home / user).write_text(token)
    log_path = daemon.home / "gateway.log"
    with log_path.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "spectacle", "gateway", "--config", file],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=dict(os.environ),
        )  # fmt: skip
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        assert process.poll() is None, log_path.read_text()
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/healthz", timeout=5) as response:
            return bool(response.status == 200)
        return False

    try:
        wait_for(answers, "the gateway to answer", 60, 0.05)
        yield GatewayProcess(url, file, process, log_path)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(DEADLINE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
