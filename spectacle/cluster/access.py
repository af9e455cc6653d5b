"""Whether a cluster can be used, and safely: without importing ray."""

from __future__ import annotations

import json
import os
import platform
import re
import socket
import stat
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from spectacle.config import RaySettings
from spectacle.errors import WorkerUnavailable
from spectacle.processes import module_command, module_environment

MIN_RAY = (2, 60, 0)
"""Oldest Ray that is used: the newest of which the package registry had wheels. Those before 2.52 run code of anybody
who reaches the dashboard (CVE-2025-62593), and have no tokens."""

CONNECT_SECONDS = 3.0
"""Maximum time for reaching the head node's port."""

PROBE_SECONDS = 90.0
"""Maximum time for asking a cluster what it is; importing ray takes most of it."""


@dataclass(frozen=True, slots=True)
class ClusterInfo:
    """What a cluster says about itself.

    Attributes:
        ray: Its version of Ray.
        nodes: What each of its nodes has, by Ray's names: `GPU`, `CPU` and custom resources.
    """

    ray: str
    nodes: Sequence[Mapping[str, float]]

    @property
    def gpus(self) -> float:
        """Number of GPUs of all nodes."""
        return sum(node.get("GPU", 0) for node in self.nodes)


def installed_ray() -> str:
    """The version of Ray on this host.

    Raises:
        WorkerUnavailable: When there is none, or it is older than `MIN_RAY`.
    """
    wanted = ".".join(map(str, MIN_RAY))
    try:
        found = version("ray")
    except PackageNotFoundError:
        raise WorkerUnavailable(
            "ray: is not installed, and workers.backend needs it. Install the extra: "
            "pip install 'spectacle-daemon[ray]', or set workers.backend to local."
        ) from None
    if tuple(map(int, re.findall(r"\d+", found)[:3])) < MIN_RAY:
        raise WorkerUnavailable(
            f"ray {found}: is older than {wanted}, and such versions have known security flaws. Upgrade it on all "
            f"nodes and on this host."
        )
    return found


def read_address(settings: RaySettings) -> tuple[str, int]:
    """Host and port of the head node.

    Raises:
        WorkerUnavailable: When none is configured.
    """
    if settings.address is None:
        raise WorkerUnavailable(
            "ray.address: is missing. Set it to HOST:PORT of the cluster's head node, or use serve --ray HOST:PORT."
        )
    host, _, port = settings.address.rpartition(":")
    return host.strip("[]"), int(port)


def check_token(path: Path) -> None:
    """See that the token can be used, and is known to nobody else.

    Raises:
        WorkerUnavailable: When it cannot be read, is empty, or other accounts may read it.
    """
    try:
        mode = path.stat().st_mode
        token = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        raise WorkerUnavailable(
            f"ray.token: {path}: cannot be read: {why}. Copy the token of the head node into it; "
            f"`ray get-auth-token --generate` makes one."
        ) from None
    if not token:
        raise WorkerUnavailable(f"ray.token: {path}: is empty. Copy the token of the head node into it.")
    if stat.S_IMODE(mode) & 0o077:
        raise WorkerUnavailable(f"ray.token: {path}: other accounts can use it. Run: chmod 600 {path}")


def ray_environment(token: Path | None) -> dict[str, str]:
    """The variables of a process that uses ray.

    Args:
        token: The file with the token; None for a process without one.
    """
    environment = {name: value for name, value in module_environment().items() if not name.startswith("RAY_AUTH_")}
    environment |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled" if token is None else "token"}
    if token is not None:
        environment["RAY_AUTH_TOKEN_PATH"] = os.path.abspath(token)
    return environment


def check_access(settings: RaySettings) -> ClusterInfo:
    """See that a cluster can be used, and demands the token. Takes seconds.

    Raises:
        WorkerUnavailable: When it cannot be; says why, and what to do.
    """
    ours = installed_ray()
    host, port = read_address(settings)
    address = settings.address
    check_token(settings.token)
    try:
        socket.create_connection((host, port), CONNECT_SECONDS).close()
    except OSError as error:
        raise WorkerUnavailable(
            f"ray.address: {address}: cannot be reached: {error.strerror or error}. Start the head node there, or "
            f"correct the address."
        ) from None
    about = _ask(settings, settings.token)
    if about.get("refused"):
        raise WorkerUnavailable(
            f"ray.token: {settings.token}: the cluster at {address} does not accept it. Copy the token of the head "
            f"node into it."
        )
    if "error" in about:
        raise WorkerUnavailable(
            f"ray.address: {address}: does not answer as a Ray head node does ({about['error']}). See its log."
        )
    if not _ask(settings, None).get("refused"):
        raise WorkerUnavailable(
            f"ray.address: {address}: the cluster accepts connections without a token, so that anybody who reaches it "
            f"can run programs on its nodes. Start all nodes with RAY_AUTH_MODE=token."
        )
    theirs = about["ray"], about["python"]
    mine = ours, platform.python_version()
    if theirs != mine:
        raise WorkerUnavailable(
            f"ray.address: {address}: runs Ray {theirs[0]} on Python {theirs[1]}, this host Ray {mine[0]} on Python "
            f"{mine[1]}. Install the same versions."
        )
    if not about["here"]:
        raise WorkerUnavailable(
            f"ray.address: {address}: no node of the cluster runs on this host, and the daemon connects through one. "
            f"Run: ray start --address={address} --num-cpus=0 --num-gpus=0"
        )
    return ClusterInfo(about["ray"], about["nodes"])


def _ask(settings: RaySettings, token: Path | None) -> Mapping[str, Any]:
    command = module_command("spectacle.cluster.probe", str(settings.address))
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PROBE_SECONDS,
            env=ray_environment(token),
            check=False,
        )
        answer = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        return {"error": f"no answer within {PROBE_SECONDS:g} s"}
    except ValueError:
        return {"error": "the probe ended without an answer"}
    return answer if isinstance(answer, dict) else {"error": "no object"}
