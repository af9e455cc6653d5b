"""Jobs whose client waits for them in the same HTTP request: several for one request, and what becomes of them when it
goes away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

from starlette.responses import Response

from spectacle.errors import SpectacleError
from spectacle.gateway.core import Gateway, raise_when_failed
from spectacle.gateway.jobs import Job, Order, State
from spectacle.gateway.long_work import LongResponse
from spectacle.gateway.problems import Problem
from spectacle.gateway.tokens import User

_tasks: set[asyncio.Task[None]] = set()
"""What is to be done after a response; the event loop itself holds no reference to it."""


class WaitingClient:
    """One client that waits.

    Args:
        gateway: The core.
        user: Who it is.
    """

    def __init__(self, gateway: Gateway, user: User) -> None:
        self._gateway = gateway
        self._user = user
        self.jobs: list[Job] = []

    async def submit(self, orders: Sequence[Order], *, key: str | None = None, repeat: bool | None = None) -> None:
        """Submit orders. If one is refused, those before it are cancelled.

        Args:
            orders: What to make, a job each.
            key: The client's idempotency key.
            repeat: Whether the client says that it repeats a request; None when it does not say.

        Raises:
            Problem: When one is refused.
            SpectacleError: When one cannot be written.
        """
        try:
            for number, order in enumerate(orders, 1):
                job = await self._gateway.submit(self._user, order, key=key, number=number, repeat=repeat)
                self._gateway.repeats.arrived(job.stem)
                self.jobs.append(job)
        except BaseException:
            self.finished(True)
            await self.cancel()
            raise

    async def results(self, check: Callable[[State], State] = raise_when_failed) -> list[State]:
        """Wait until every job has results. If one fails, the others are cancelled.

        Args:
            check: Raises the problem of a job that has failed.

        Raises:
            Problem: When one has none.
            SpectacleError: When the spool cannot be read.
        """
        waiting = [asyncio.ensure_future(self._gateway.wait(job)) for job in self.jobs]
        try:
            for done in asyncio.as_completed(waiting):
                check(await done)
        except (Problem, SpectacleError):
            await self.cancel()
            raise
        finally:
            for each in waiting:
                each.cancel()
        return [each.result() for each in waiting]

    async def cancel(self) -> None:
        """Cancel the jobs that have not ended, but for those that somebody had submitted before."""
        for job in self.jobs:
            if not job.replayed:
                with suppress(SpectacleError):
                    await self._gateway.cancel(job)

    def finished(self, delivered: bool) -> None:
        """The client has the response, or has gone away; then its jobs are cancelled unless it comes back in time."""
        for job in self.jobs:
            if delivered:
                self._gateway.repeats.served(job.stem)
                continue
            self._gateway.repeats.left(self._user.name, job.fingerprint, job.stem)
            task = asyncio.ensure_future(self._give_up(job))
            _tasks.add(task)
            task.add_done_callback(_tasks.discard)

    def response(
        self,
        make: Callable[[list[State]], Awaitable[Any]],
        failure: Callable[[Problem], Response],
        check: Callable[[State], State] = raise_when_failed,
    ) -> LongResponse:
        """The response that waits for the results.

        Args:
            make: Makes the value, or a whole response, of the results.
            failure: Makes the response to a problem.
            check: Raises the problem of a job that has failed.
        """
        settings = self._gateway.settings.gateway

        async def work() -> Any:
            return await make(await self.results(check))

        return LongResponse(
            work,
            failure,
            after=settings.keepalive_after,
            every=settings.keepalive_interval,
            finished=self.finished,
        )

    async def _give_up(self, job: Job) -> None:
        await asyncio.sleep(self._gateway.settings.gateway.reconnect_grace)
        if self._gateway.repeats.forget(job.stem):
            with suppress(SpectacleError):
                await self._gateway.cancel(job)
