"""Asking and waiting in one call."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from spectacle.client.submission import cancel, cancel_async, submit, submit_async
from spectacle.client.tickets import Progress, Result
from spectacle.client.waiting import wait, wait_async
from spectacle.errors import SpectacleError


def generate(
    spool: str | os.PathLike[str],
    prompt: str,
    *,
    timeout: float | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    **request: Any,
) -> Result:
    """Submit a request and wait for its result. If the wait ends without one, the request is cancelled.

    Args:
        spool: The spool directory.
        prompt: What to generate.
        timeout: Maximum time to wait, in seconds. Default: no limit.
        on_progress: As for `wait`.
        request: Further arguments of `submit`, such as `width` and `kind`.

    Raises:
        SpectacleError: As `submit` and `wait` do.
    """
    ticket = submit(spool, prompt, **request)
    try:
        return wait(ticket, timeout, on_progress)
    except BaseException:
        with suppress(SpectacleError):
            cancel(ticket)
        raise


async def generate_async(
    spool: str | os.PathLike[str],
    prompt: str,
    *,
    timeout: float | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    **request: Any,
) -> Result:
    """`generate` without blocking the event loop. A task that is cancelled cancels its request."""
    ticket = await submit_async(spool, prompt, **request)
    try:
        return await wait_async(ticket, timeout, on_progress)
    except BaseException:
        with suppress(SpectacleError):
            await cancel_async(ticket)
        raise
