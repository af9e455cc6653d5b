"""What the gateway's core hands to the dialects: an order, a job, its state and its results."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from spectacle.client import Progress, Ticket
from spectacle.spool.naming import RequestName

Status = Literal["queued", "running", "succeeded", "failed", "cancelled"]
MEDIA_TYPES = {
    "svg": "image/svg+xml", "png": "image/png", "jpg": "image/jpeg", "webp": "image/webp", "avif": "image/avif",
}  # fmt: skip
"""Media types of results, by extension."""

_KEYED = "k"
_FINGERPRINT = re.compile(r"f[0-9a-f]{16}")
_TIME = "%Y%m%dT%H%M%S.%f"


@dataclass(frozen=True, slots=True)
class Order:
    """What a client wants to have made.

    Attributes:
        prompt: The text; may be empty for generators that need none.
        kind: The kind; None for the daemon's default.
        width: Width of the image in pixels.
        height: Height of the image in pixels.
        options: Options of the generator.
        inputs: Input images, as files with the extension of their format.
        mask: Mask, a PNG file.
        control: Control image, a PNG file.
    """

    prompt: str
    kind: str | None = None
    width: int = 1024
    height: int = 1024
    options: Mapping[str, Any] = field(default_factory=dict)
    inputs: tuple[Path, ...] = ()
    mask: Path | None = None
    control: Path | None = None

    def fingerprint(self, number: int = 1) -> str:
        """What tells this order from others, for a repeated request to be recognized. Reads the attachments.

        Args:
            number: Number of the job among those of one HTTP request.
        """
        digest = hashlib.sha256()
        words = [self.prompt, self.kind, self.width, self.height, self.options, number]
        digest.update(json.dumps(words, sort_keys=True, default=str).encode("utf-8", "surrogatepass"))
        for role, paths in (("input", self.inputs), ("mask", (self.mask,)), ("control", (self.control,))):
            for path in paths:
                if path is not None:
                    with path.open("rb") as file:
                        digest.update(f"\n{role} ".encode() + hashlib.file_digest(file, "sha256").digest())
        return f"f{digest.hexdigest()[:16]}"


def keyed_message_id(user: str, key: str) -> str:
    """The beginning of the message ID of a request with an idempotency key."""
    return _KEYED + hashlib.sha256(f"{user}\n{key}".encode("utf-8", "surrogatepass")).hexdigest()[:24]


def time_text(moment: datetime) -> str:
    """A time, in UTC, as message IDs begin with it. Such texts sort by time, and all have the same length."""
    return moment.strftime(_TIME)


@dataclass(frozen=True, slots=True)
class Job:
    """A request that was submitted through a gateway.

    Attributes:
        id: What clients call it: its stem, signed.
        name: Its name in the spool.
        spool: The spool.
        replayed: Whether it had been submitted before, with the same idempotency key or by a client that has repeated
            its request.
    """

    id: str
    name: RequestName
    spool: Path
    replayed: bool = False

    @property
    def stem(self) -> str:
        """Its stem."""
        return self.name.stem

    @property
    def ticket(self) -> Ticket:
        """What the client library waits with."""
        return Ticket(self.spool, self.name.stem)

    @property
    def submitted(self) -> datetime | None:
        """When it was submitted, as its message ID tells; None for one with an idempotency key."""
        try:
            return datetime.strptime(self.name.msgid.partition("-")[0], _TIME).replace(tzinfo=UTC)
        except ValueError:
            return None

    @property
    def fingerprint(self) -> str | None:
        """The fingerprint of its order, or None when another client submitted it."""
        last = self.name.msgid.rpartition("-")[2]
        return last if _FINGERPRINT.fullmatch(last) else None


@dataclass(frozen=True, slots=True)
class Output:
    """A result file.

    Attributes:
        number: Its number, from 1; 0 for the processed input.
        extension: `svg`, `png`, `jpg`, `webp` or `avif`.
        path: Where it is.
        thumbnail: Whether it is the thumbnail of the result with this number.
    """

    number: int
    extension: str
    path: Path
    thumbnail: bool = False

    @property
    def media_type(self) -> str:
        """Its media type."""
        return MEDIA_TYPES[self.extension]

    @property
    def form(self) -> str:
        """Its format, as the option `output_format` names it."""
        return "jpeg" if self.extension == "jpg" else self.extension


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no result.

    Attributes:
        code: The word that programs compare.
        message: What is wrong, for people.
        details: Further facts from `STEM-error.txt`.
    """

    code: str
    message: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class State:
    """What is known of a job.

    Attributes:
        job: The job.
        status: Whether it waits, runs or has ended, and how.
        created_at: When it was submitted.
        started_at: When a gateway first saw it being worked on; None when this one has not.
        finished_at: When its result appeared.
        place: How many requests are served until its turn, this one included; an estimate.
        why: Why it waits, when that is not just because others are before it.
        progress: The progress of a running one.
        outputs: Its results, the primary one first.
        thumbnails: Their thumbnails, where the option `thumbnail` asked for some.
        processed_input: What the model saw of the first input image, where an option asked for it.
        error: Why there are none.
    """

    job: Job
    status: Status
    created_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    place: int | None = None
    why: str | None = None
    progress: Progress | None = None
    outputs: tuple[Output, ...] = ()
    thumbnails: tuple[Output, ...] = ()
    processed_input: Output | None = None
    error: Failure | None = None

    @property
    def ended(self) -> bool:
        """Whether it changes no more."""
        return self.status not in ("queued", "running")

    @property
    def artifacts(self) -> tuple[Output, ...]:
        """The outputs that are results of their own: without the previews of SVG."""
        vector = any(output.extension == "svg" for output in self.outputs)
        return tuple(output for output in self.outputs if not vector or output.extension == "svg")
