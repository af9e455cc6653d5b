"""Tell the service manager what the daemon is doing, in the `sd_notify(3)` protocol."""

from __future__ import annotations

import os
import socket
import time


def notify(**fields: str | int) -> bool:
    """Send one notification to the service manager, such as `notify(READY=1, STATUS="2 waiting")`.

    Every field becomes a line `KEY=value`; a line break in a value would begin another field and becomes a space.

    Returns:
        Whether it was sent; False outside a service. It is never an error that nobody listens.
    """
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]  # an abstract socket, which has no file
    message = "\n".join(f"{key}={' '.join(str(value).splitlines())}" for key, value in fields.items())
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        try:
            channel.setblocking(False)  # a service manager that does not read must not stop the daemon
            channel.sendto(message.encode(errors="replace"), address)
        except OSError:
            return False
    return True


def reloading() -> bool:
    """Say that the configuration is being read again. `notify(READY=1)` ends it."""
    return notify(RELOADING=1, MONOTONIC_USEC=time.monotonic_ns() // 1000)
