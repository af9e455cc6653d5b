"""Runs a batch: so many requests at a time, results collected in a directory, and taken up again where it ended."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import json
import os
import stat
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from spectacle.batch.items import BadBatch, Item
from spectacle.client import (
    RequestCancelled,
    RequestExists,
    RequestFailed,
    Result,
    Ticket,
    cancel,
    submit_async,
    wait_async,
)
from spectacle.client.files import names_of
from spectacle.client.submission import account
from spectacle.errors import SpectacleError
from spectacle.spool.naming import RequestName, error_name, is_image_of, make_stem

JOURNAL = ".spectacle-batch.jsonl"
"""File of the output directory that says what is done: a line of JSON for each item."""

USUAL_SIZE = (1024, 1024)
MAX_RESULT_BYTES = 2**31
_TURNED = frozenset({5, 6, 7, 8})
"""EXIF orientations by which width and height change places."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an item.

    Attributes:
        item: The item.
        state: `done`, `skipped` (it was done before) or `failed`.
        files: Its results.
        error: Why it failed.
    """

    item: Item
    state: str
    files: tuple[Path, ...] = ()
    error: str = ""


class Batch:
    """One run.

    Args:
        spool: The spool.
        output: Where results go.
        user: User of the requests; None for the account.
        max_pixels: Size to which the sizes of input images are limited.
    """

    def __init__(self, spool: Path, output: Path, user: str | None, max_pixels: int) -> None:
        self._spool = spool
        self._output = output
        self._user = account() if user is None else user
        self._max_pixels = max_pixels
        self._tickets: set[Ticket] = set()
        self._done: dict[str, list[str]] = {}
        self.counts: Counter[str] = Counter()

    async def run(self, items: Sequence[Item], in_flight: int, told: Callable[[Outcome], None]) -> None:
        """Run it to its end.

        Args:
            items: What is to be made.
            in_flight: How many requests are in the spool at a time, at most.
            told: Called with what became of each item.

        Raises:
            SpoolUnavailable: When the spool cannot be used. What is in it stays, and is found again.
            OSError: When the output directory cannot be written.
        """
        self._output.mkdir(parents=True, exist_ok=True)
        self._done = read_journal(self._output)
        waiting = iter(items)
        with (self._output / JOURNAL).open("a", encoding="utf-8") as journal:

            async def work() -> None:
                for item in waiting:
                    outcome = await self._run(item, journal)
                    self.counts[outcome.state] += 1
                    told(outcome)

            try:
                async with asyncio.TaskGroup() as group:
                    for _ in range(min(in_flight, len(items))):
                        group.create_task(work())
            except BaseExceptionGroup as errors:
                raise errors.exceptions[0] from None

    def take_back(self) -> int:
        """Cancel what is in the spool. Returns how many requests that were."""
        taken = 0
        for ticket in self._tickets:
            with suppress(SpectacleError):
                taken += cancel(ticket)
        return taken

    async def _run(self, item: Item, journal: Any) -> Outcome:
        try:
            digest = await asyncio.to_thread(lambda: item.digest)
            files = self._done.get(digest, [])
            if files and all((self._output / name).is_file() for name in files):
                return Outcome(item, "skipped", tuple([self._output / name for name in files]))
            ticket = await self._submit(item, digest)
        except OSError as error:
            return self._failed(item, f"{error.filename}: {error.strerror}. Check its path and permissions.")
        except SpectacleError as error:
            if error.code == "spool-unavailable":
                raise
            return self._failed(item, error.message)
        self._tickets.add(ticket)
        try:
            result = await wait_async(ticket)
            paths = await asyncio.to_thread(self._collect, item, ticket, result)
        except (RequestFailed, RequestCancelled) as error:
            with suppress(OSError):
                (self._spool / error_name(ticket.stem)).unlink()
            self._tickets.discard(ticket)
            return self._failed(item, error.message)
        self._tickets.discard(ticket)
        names = [path.relative_to(self._output).as_posix() for path in paths]
        journal.write(json.dumps({"item": digest, "files": names}) + "\n")
        journal.flush()
        self._done[digest] = names
        with suppress(OSError):
            self._error_path(item).unlink()
        return Outcome(item, "done", tuple(paths))

    async def _submit(self, item: Item, digest: str) -> Ticket:
        """Submit the request, or find that of an earlier run that was killed: its name follows from the item."""
        width, height = await asyncio.to_thread(self._size, item)
        place = hashlib.sha256(f"{self._output.resolve()}\n{digest}".encode("utf-8", "surrogatepass")).hexdigest()[:24]
        message_id = f"batch-{place}"
        ticket = Ticket(self._spool, make_stem(self._user, message_id, width, height, item.kind))
        if RequestName.from_stem(ticket.stem) is not None and await asyncio.to_thread(self._is_known, ticket):
            return ticket
        try:
            return await submit_async(
                self._spool,
                item.prompt,
                width=width,
                height=height,
                kind=item.kind,
                user=self._user,
                message_id=message_id,
                inputs=item.inputs,
                mask=item.mask,
                control=item.control,
                options=item.options or None,
            )
        except RequestExists:
            return ticket

    def _is_known(self, ticket: Ticket) -> bool:
        """Whether a request of that name waits, runs or has a result that nobody has collected."""
        names = names_of(self._spool, ticket.stem)
        return any(name == ticket.request.name or is_image_of(ticket.stem, name) for name in names)

    def _size(self, item: Item) -> tuple[int, int]:
        if item.size is not None or not item.inputs:
            return item.size or USUAL_SIZE
        try:
            with Image.open(item.inputs[0]) as image:
                width, height = image.size
                if image.getexif().get(0x0112) in _TURNED:
                    width, height = height, width
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            raise SpectacleError(
                f"{item.inputs[0]}: is not an image that can be opened. Convert it to PNG, or remove it."
            ) from None
        shrink = min(1.0, (self._max_pixels / (width * height)) ** 0.5)
        return max(1, int(width * shrink)), max(1, int(height * shrink))

    def _collect(self, item: Item, ticket: Ticket, result: Result) -> list[Path]:
        """Move results to their place; they are complete there as soon as they are there, the first one last."""
        moved = []
        for path in reversed(result.paths):
            target = self._output / f"{item.name}{path.name.removeprefix(ticket.stem)}"
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                draft = target.with_name(f".{target.name}.tmp")
                draft.write_bytes(_content(path))
                draft.replace(target)
            except OSError as error:
                raise BadBatch(
                    f"{target}: {error.strerror}. Make it writable or make room, and run this again: the results wait "
                    "in the spool."
                ) from None
            moved.append(target)
        for path in result.paths:
            with suppress(OSError):
                path.unlink()
        return moved[::-1]

    def _failed(self, item: Item, message: str) -> Outcome:
        path = self._error_path(item)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{message}\n", encoding="utf-8")
        return Outcome(item, "failed", error=message)

    def _error_path(self, item: Item) -> Path:
        return self._output / f"{item.name}-error.txt"


def read_journal(output: Path) -> dict[str, list[str]]:
    """The files of each item that is done, by its digest. Lines that a crash has cut off are skipped."""
    try:
        text = (output / JOURNAL).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return {}
    return dict(_lines(text))


def _lines(text: str) -> Iterator[tuple[str, list[str]]]:
    for line in text.splitlines():
        with suppress(ValueError, KeyError, TypeError):
            about = json.loads(line)
            files = about["files"]
            if isinstance(about["item"], str) and isinstance(files, list) and all(isinstance(f, str) for f in files):
                yield about["item"], files


def _content(path: Path) -> bytes:
    """A result. The spool is where others write, so links are not followed."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "is not a regular file", str(path))
        return file.read(MAX_RESULT_BYTES)
