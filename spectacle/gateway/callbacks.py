"""Tells clients by HTTP that their jobs have ended: only at allowed addresses, signed, and in three tries at most.

What is still to be told is kept in small files next to the key, so that a gateway that starts again goes on with it.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import json
import os
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import structlog
from standardwebhooks import Webhook

from spectacle.errors import ConfigurationError, SpectacleError
from spectacle.gateway.private_files import read_private, write_private
from spectacle.gateway.problems import Problem, bad_parameter

if TYPE_CHECKING:
    from spectacle.gateway.core import Gateway

log = structlog.get_logger()

TRIES = 3
PAUSE = 10.0
"""Seconds between two tries."""
TIMEOUT = 10.0
MAX_URL_CHARACTERS = 2000

Body = Callable[[str], Awaitable[dict[str, Any]]]
"""Makes the body that a job's ID is told with."""

_DOUBTFUL = re.compile(r"[\s\\@#]|%2e|%2f|%5c|/\.\.?(/|$|\?)", re.IGNORECASE)
"""What makes an address lead elsewhere than its beginning says."""


class Callbacks:
    """Sends callbacks.

    Attributes:
        bodies: Makes the bodies, by dialect.
        pause: Seconds between two tries.

    Args:
        gateway: The core.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self.bodies: dict[str, Body] = {}
        settings = gateway.settings
        self._allowed = settings.gateway.callbacks
        self._directory = settings.gateway.key.with_name(f"{settings.gateway.key.name}.callbacks")
        self._webhook = Webhook(gateway.seals.webhook_key)
        self._tasks: set[asyncio.Task[None]] = set()
        self.pause = PAUSE

    def check(self, url: Any, param: str) -> str | None:
        """The address, if it is one that may be told.

        Raises:
            Problem: When it is not.
        """
        if url is None or url == "":
            return None
        if not isinstance(url, str) or len(url) > MAX_URL_CHARACTERS or _DOUBTFUL.search(url):
            raise bad_parameter(param, f"{param}: not a valid address. Send a plain URL.")
        try:
            parts = urlsplit(url)
        except ValueError:
            parts = urlsplit("")
        if parts.scheme not in ("http", "https") or not any(url.startswith(prefix) for prefix in self._allowed):
            raise Problem(
                403,
                "callback-not-allowed",
                f"{param}: not an allowed address. Ask the operator to add it to gateway.callbacks, or poll the job.",
                param=param,
            )
        return url

    def follow(self, dialect: str, job_id: str, stem: str, url: str) -> None:
        """Tell an address when a job has ended.

        Raises:
            ConfigurationError: When it cannot be noted down.
        """
        name = hashlib.sha256(f"{job_id} {url}".encode()).hexdigest()[:32]
        noted = {"dialect": dialect, "job": job_id, "stem": stem, "url": url}
        path = self._directory / f"{name}.json"
        write_private(path, json.dumps(noted).encode(), replace=False)
        self._start(path)

    def resume(self) -> None:
        """Go on with what an earlier gateway has left."""
        with suppress(OSError):
            for path in sorted(self._directory.glob("*.json")):
                self._start(path)

    async def close(self) -> None:
        """Stop; the next gateway goes on."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, path: Path) -> None:
        task = asyncio.ensure_future(self._serve(path))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, path: Path) -> None:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        except OSError:
            return
        try:
            # Another gateway of this host may be at it.
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            noted = json.loads(read_private(path) or b"{}")
            if await self._tell(noted["dialect"], noted["job"], noted["stem"], noted["url"]):
                path.unlink(missing_ok=True)
        except (OSError, ValueError, KeyError, ConfigurationError) as error:
            log.warning("callback not served", file=path.name, reason=str(error)[:200])
        finally:
            os.close(descriptor)

    async def _tell(self, dialect: str, job_id: str, stem: str, url: str) -> bool:
        """Wait for the end and tell it. Returns whether there is nothing left to do."""
        with suppress(Problem):
            await self._ended(stem)
        try:
            body = json.dumps(await self.bodies[dialect](job_id)).encode()
            self.check(url, "callback_url")
        except (Problem, KeyError):  # the job is gone, or the address is not allowed any more
            return True
        message_id = f"msg_{hashlib.sha256(f'{job_id} {url}'.encode()).hexdigest()[:24]}"
        for number in range(1, TRIES + 1):
            reason = await self._post(url, message_id, body)
            if reason is None:
                log.info("callback sent", stem=stem, tries=number)
                return True
            if number < TRIES:
                await asyncio.sleep(self.pause)
        log.warning("callback failed", stem=stem, tries=TRIES, reason=reason)
        return True

    async def _ended(self, stem: str) -> None:
        while True:
            try:
                job = self._gateway.job_of(stem)
                if job is None or (await self._gateway.wait(job)).ended:
                    return
            except SpectacleError:  # the spool is away: it will come back
                await asyncio.sleep(self.pause)

    async def _post(self, url: str, message_id: str, body: bytes) -> str | None:
        """Send it once. Returns what went wrong."""
        now = datetime.now(UTC)
        headers = {
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._webhook.sign(message_id, now, body.decode()),
        }
        try:
            async with (
                httpx.AsyncClient(follow_redirects=False, timeout=TIMEOUT, trust_env=False) as client,
                client.stream("POST", url, content=body, headers=headers) as response,
            ):
                return None if response.is_success else f"status {response.status_code}"
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            return type(error).__name__
