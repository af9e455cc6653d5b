"""What the tools can do for one user: list kinds, submit, wait, cancel, and read result files."""

from __future__ import annotations

import asyncio
import os
import stat
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import anyio

from spectacle import signatures
from spectacle.client import Progress
from spectacle.gateway.catalogue import Kind
from spectacle.gateway.core import Gateway
from spectacle.gateway.jobs import MEDIA_TYPES, Job, Order, Output, State
from spectacle.gateway.problems import Problem
from spectacle.gateway.tokens import User
from spectacle.spool.naming import result_name

MAX_FILE_BYTES = 64 * 2**20
"""Most bytes of a result file or an input image that are read."""

ADDRESS = "spectacle://results/"
"""What addresses of result files begin with."""


class Requests:
    """The requests of one user.

    Attributes:
        local: Whether the other side is on this host as this user, so that paths mean something to it.

    Args:
        gateway: The core.
        user: Who the requests are for.
        base: URL of the gateway as the client sees it; None for a local client.
    """

    def __init__(self, gateway: Gateway, user: User, base: str | None = None) -> None:
        self._gateway = gateway
        self._user = user
        self._base = base
        self.local = base is None

    async def kinds(self) -> Mapping[str, Kind]:
        """The kinds that this user may request, by name.

        Raises:
            SpoolUnavailable: When the spool cannot be read.
        """
        return await self._gateway.kinds.served(self._user)

    async def kind_for(self, purpose: str) -> Kind:
        """The kind that suits a purpose, as `Kinds.suiting` says.

        Raises:
            Problem: When there is none.
        """
        return await self._gateway.kinds.suiting(self._user, purpose)

    async def submit(
        self,
        prompt: str,
        *,
        size: tuple[int, int],
        kind: str | None,
        options: Mapping[str, Any],
        images: Sequence[bytes] = (),
        mask: bytes | None = None,
        control: bytes | None = None,
    ) -> Job:
        """Submit a request. Mask and control image are PNG.

        Raises:
            Problem: When the user may not ask for it, or asks too often.
            SpectacleError: When it cannot be written.
        """
        with tempfile.TemporaryDirectory(prefix="spectacle-mcp-") as directory:
            contents = [*images, *(each for each in (mask, control) if each is not None)]
            paths = await asyncio.to_thread(_write, Path(directory), contents)
            attached = iter(paths[len(images) :])
            order = Order(
                prompt,
                kind,
                *size,
                options,
                tuple(paths[: len(images)]),
                mask=None if mask is None else next(attached),
                control=None if control is None else next(attached),
            )
            with anyio.CancelScope(shield=True):  # so that the job is known when the call is cancelled
                job = await self._gateway.submit(self._user, order, repeat=False)
            return job  # noqa: RET504 - type checkers take it that the block may swallow an error

    def job(self, job_id: str) -> Job:
        """The job of an identifier.

        Raises:
            Problem: When it is not one of this user's.
        """
        return self._gateway.job(self._user, job_id)

    async def wait(self, job: Job, seconds: float, on_progress: Callable[[Progress], None]) -> State:
        """Wait until a job has ended, or for so many seconds, and return its state.

        Raises:
            SpoolUnavailable: When the spool cannot be read.
        """
        return await self._gateway.wait(job, seconds, on_progress)

    async def cancel(self, job: Job) -> bool:
        """Cancel a job. Returns whether it had not ended.

        Raises:
            SpoolUnavailable: When it cannot be deleted.
        """
        return await self._gateway.cancel(job)

    def address(self, job: Job, output: Output) -> str:
        """The address of a result file, which works as long as the file is there."""
        return f"{ADDRESS}{job.id}/{output.number}.{output.extension}"

    def link(self, job: Job, output: Output) -> str | None:
        """A URL under which a browser gets a result file for a while; None for a local client."""
        return None if self._base is None else self._gateway.link(self._base, job, output)

    def read(self, address: str) -> tuple[bytes, str]:
        """Content and media type of the result file of an address.

        Raises:
            Problem: When it is not one of this user's, or gone.
        """
        job_id, _, file = address.removeprefix(ADDRESS).rpartition("/")
        number, _, extension = file.partition(".")
        if extension not in MEDIA_TYPES or not (number.isascii() and number.isdigit() and len(number) < 6):
            raise _no_result(address)
        path = self._gateway.spool / result_name(self.job(job_id).stem, int(number), extension)
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            raise _no_result(address) from None
        with open(descriptor, "rb") as opened:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise _no_result(address)
            content = opened.read(MAX_FILE_BYTES + 1)
        if len(content) > MAX_FILE_BYTES:
            raise _no_result(address)
        return content, MEDIA_TYPES[extension]


def _no_result(address: str) -> Problem:
    return Problem(
        404,
        "result-not-found",
        f"{address[:300]}: no such result, or it was removed. Use one that a tool has returned.",
    )


def _write(directory: Path, contents: Sequence[bytes]) -> list[Path]:
    paths = []
    for number, content in enumerate(contents):
        extension = "webp" if signatures.is_webp(content) else "jpg" if content.startswith(signatures.JPEG) else "png"
        paths.append(directory / f"{number}.{extension}")
        paths[-1].write_bytes(content)
    return paths
