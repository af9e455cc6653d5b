"""A worker on RunPod's serverless platform: takes jobs there, and has a daemon in its container do them."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog

from spectacle.client import Progress
from spectacle.errors import SpectacleError
from spectacle.gateway.core import Gateway
from spectacle.gateway.dialects.runpod import order_of, output_of
from spectacle.gateway.jobs import Job, Order
from spectacle.gateway.payloads import omnisvg
from spectacle.gateway.problems import Problem
from spectacle.gateway.tokens import User
from spectacle.gateway.uploads import Scratch
from spectacle.processes import module_command, module_environment

log = structlog.get_logger()

USER = User("runpod", rate="1000000/minute", max_waiting=1_000_000)
"""Who the requests are for. Whoever may use the endpoint is RunPod's business."""

READY_SECONDS = 60.0
"""Most seconds until the daemon has said what it serves."""

STOP_SECONDS = 20.0
LOOK_SECONDS = 5.0
"""Seconds between two looks at whether the daemon still runs."""

MAX_OUTPUT_BYTES = 20_000_000
"""Most bytes of an output, as RunPod limits it; what is larger never reaches the client."""

Report = Callable[[Mapping[str, Any], Mapping[str, Any]], None]
"""Tells RunPod the progress of a job: the job, and what its clients see as its output meanwhile."""


class Handler:
    """Does RunPod's jobs.

    Args:
        gateway: The core, over the spool in the container.
        kind: Kind of jobs that name none; None for the one that suits.
        report: Tells RunPod of progress.
        alive: Whether the daemon runs.
    """

    def __init__(self, gateway: Gateway, kind: str | None, report: Report, alive: Callable[[], bool]) -> None:
        self._gateway = gateway
        self._kind = kind
        self._report = report
        self._alive = alive

    async def __call__(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """Do one job. When it is cancelled, its request is cancelled too.

        Returns:
            Its output; or what is wrong under `error`, and under `code` the word that programs compare.
        """
        try:
            return await self._do(job)
        except (Problem, SpectacleError) as error:
            return {"error": error.message, "code": error.code}

    async def _do(self, job: Mapping[str, Any]) -> dict[str, Any]:
        given = job.get("input")
        if not isinstance(given, dict):
            raise Problem(400, "bad-parameter", 'input: not an object. Send {"input": {"prompt": "a red fox"}}.')
        given = dict(given)
        named = given.pop("kind", None) or self._kind or ""
        if not isinstance(named, str):
            raise Problem(400, "bad-parameter", "kind: not a text. Send the name of a kind.")
        await self._described()
        settings = self._gateway.settings
        files = Scratch("spectacle-runpod-", settings.gateway.max_file_bytes, settings.limits.max_input_pixels)
        try:
            order, form = await order_of(self._gateway, USER, named, given, files)
            submitted = await self._submit(order)
        finally:
            await files.close()
        return await self._follow(job, submitted, form)

    async def _described(self) -> None:
        """Wait until the daemon has said what it serves, for which kind suits depends on that."""
        async with asyncio.timeout(READY_SECONDS):
            while not any(kind.generator for kind in (await self._gateway.kinds.served()).values()):
                if not self._alive():
                    raise _ended()
                await asyncio.sleep(0.2)

    async def _submit(self, order: Order) -> Job:
        """Submit an order whole or not at all: a job that is cancelled meanwhile leaves no request."""
        submitting = asyncio.ensure_future(self._gateway.submit(USER, order, repeat=False))
        try:
            return await asyncio.shield(submitting)
        except asyncio.CancelledError:
            await self._gateway.cancel(await submitting)
            raise

    async def _follow(self, job: Mapping[str, Any], submitted: Job, form: str) -> dict[str, Any]:
        def tell(progress: Progress) -> None:
            told = {"state": progress.state, "fraction": progress.fraction, "step": progress.step}
            self._report(job, {**told, "steps": progress.steps, "eta_s": progress.eta_s})

        try:
            state = await self._gateway.wait(submitted, LOOK_SECONDS, tell)
            while not state.ended:
                if not self._alive():
                    raise _ended()
                state = await self._gateway.wait(submitted, LOOK_SECONDS, tell)
        except asyncio.CancelledError:
            await asyncio.shield(self._gateway.cancel(submitted))
            raise
        blank = state.status == "failed" and form in ("o", "p") and not omnisvg.failed(state)
        if state.status != "succeeded" and not blank:
            assert state.error is not None
            return {"error": state.error.message, "code": state.error.code}
        output = await output_of(state, form)
        size = sum(len(each) for each in _texts(output))
        if size > MAX_OUTPUT_BYTES:
            raise Problem(
                413,
                "too-large",
                f"output: {size} bytes; the limit of RunPod is {MAX_OUTPUT_BYTES}. Ask for a smaller image.",
            )
        return output


class Daemon:
    """The daemon of the spool, as a process of its own, which is stopped after the block.

    Args:
        arguments: What `spectacle serve` gets.
    """

    def __init__(self, arguments: Sequence[str]) -> None:
        self._command = module_command("spectacle", "serve", *arguments)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Daemon:
        self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, env=module_environment())
        return self

    def __exit__(self, *_error: object) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None


def serve(gateway: Gateway, daemon: Daemon, *, kind: str | None, concurrency: int, arguments: Sequence[str]) -> None:
    """Take jobs from RunPod until it ends the worker.

    Args:
        gateway: The core.
        daemon: The daemon, which runs.
        kind: Kind of jobs that name none.
        concurrency: How many jobs to take at the same time.
        arguments: What the runpod package gets, such as `--rp_serve_api`.
    """
    import runpod.serverless

    handler = Handler(gateway, kind, _progress_of(runpod.serverless.progress_update), daemon.alive)

    async def handle(job: dict[str, Any]) -> dict[str, Any]:
        output = await handler(job)
        # A worker without its daemon can do nothing more: RunPod replaces it.
        return output if daemon.alive() else {**output, "refresh_worker": True}

    sys.argv = [sys.argv[0], *arguments]
    runpod.serverless.start({"handler": handle, "concurrency_modifier": lambda _current: concurrency})


def _progress_of(update: Callable[[dict[str, Any], Any], None]) -> Report:
    """The package's own way to report, which needs a platform that listens."""
    from runpod.serverless.modules.worker_state import IS_LOCAL_TEST

    def report(job: Mapping[str, Any], progress: Mapping[str, Any]) -> None:
        if not IS_LOCAL_TEST:
            update(dict(job), dict(progress))

    return report


def _ended() -> Problem:
    return Problem(503, "worker-unavailable", "the daemon of this worker has ended. Send the job again.")


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [text for each in value for text in _texts(each)] if isinstance(value, list) else []
