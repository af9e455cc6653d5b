"""Runs the gateway over a spool in this process, on a real socket, for tests."""

from __future__ import annotations

import contextlib
import io
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from daemon_process import Daemon, running, wait_for
from fastapi import FastAPI
from PIL import Image

from spectacle.config import Settings, load
from spectacle.gateway.app import create_app

CONFIGURATION = """
[spool]
path = "spool"
poll_interval = 0.1
settle = 0.3
orphan_grace = 5
lease_duration = 3
min_free = 0

[limits]
job = 60
cancel = 5

[workers]
devices = ["cpu"]
drain_timeout = 1

[kinds.picture]
generator = "illustration"

[kinds.svg]
generator = "illustration"
format = "svg"

[kinds.card]
generator = "test-double"

[kinds.webp]
generator = "test-double"
options = { output_format = "webp" }

[kinds.vector]
generator = "test-double"
format = "svg"

[kinds.qwen_image]
generator = "test-double"

[kinds.slow]
generator = "test-double"
options = { steps = 1000, step_seconds = 0.05 }

[kinds.broken]
generator = "test-double"
options = { fail = "the pen is dry. Fill it." }
"""
KINDS = CONFIGURATION.count("[kinds.")
"""Of the daemon. `card` and `vector` take any image, mask and control; clients ask for `qwen-image`."""


def settings_of(daemon: Daemon, home: Path, **gateway: Any) -> Settings:
    """The gateway's settings: image and SVG by the built-in generator, edits by test cards."""
    purposes = {"edit": "card", "vectorize": "vector", "botanical": "card"}
    flags = {
        "spool": {"path": str(daemon.spool)},
        "gateway": {
            "key": str(home / "gateway.key"),
            "tokens": str(home / "tokens.json"),
            "default_kinds": purposes,
            **gateway,
        },
    }
    return load(None, environment={}, flags=flags)


class Served:
    """A gateway that serves.

    Attributes:
        app: The application.
        url: Its address.
        client: A client for it.
    """

    def __init__(self, app: FastAPI, url: str) -> None:
        self.app = app
        self.url = url
        self.client = httpx.Client(base_url=url, timeout=30)

    @property
    def port(self) -> int:
        """Its port."""
        return int(self.url.rpartition(":")[2])


@contextlib.contextmanager
def described(home: Path) -> Iterator[Daemon]:
    """Run a daemon that has described its kinds."""
    with running(home, CONFIGURATION) as daemon:
        wait_for(lambda: len(daemon.report().get("kind_details", ())) == KINDS, "the kinds to be described", 60)
        yield daemon


@contextlib.contextmanager
def serving(settings: Settings, **options: Any) -> Iterator[Served]:
    """Serve inside the block."""
    app = create_app(settings, **options)
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(app, http="h11", ws="none", log_config=None, access_log=False, timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    wait_for(lambda: server.started, "the gateway to start")
    served = Served(app, f"http://127.0.0.1:{listening.getsockname()[1]}")
    try:
        yield served
    finally:
        served.client.close()
        server.should_exit = True
        thread.join()
        listening.close()


def png(width: int = 24, height: int = 16, colour: Any = "red", mode: str = "RGB", form: str = "PNG") -> bytes:
    """An image."""
    made = io.BytesIO()
    Image.new(mode, (width, height), colour).save(made, form)
    return made.getvalue()


def opened(content: bytes) -> Image.Image:
    """The image that some bytes are."""
    image = Image.open(io.BytesIO(content))
    image.load()
    return image
