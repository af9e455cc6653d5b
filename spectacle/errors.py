"""Every error Spectacle raises on purpose.

    SpectacleError
    ├── ConfigurationError         a setting is unknown, ill-typed or out of range
    ├── RequestError               the client's mistake: answered, never retried
    │   ├── UnreadableRequest      the request file is not readable text
    │   ├── BadSize                width or height that cannot be served
    │   ├── UnknownKind            no live instance serves the kind
    │   ├── BadOptions             STEM-options.json is not what the generator takes
    │   ├── BadAttachment          an attached picture is not an image, is too large or is missing
    │   └── BlockedPrompt          the block-list of the configuration refuses the prompt
    ├── GeneratorError             the generator could not do it
    │   ├── OutOfMemory            the device's or the host's memory did not suffice
    │   ├── WeightsMissing         the weights are not on this machine
    │   └── UnknownGenerator       no installed package provides the generator
    ├── TooManyAttempts            the request ended several workers
    ├── WorkerError                the worker process, not the generator, failed
    │   ├── WorkerCrashed          it ended without an answer
    │   ├── DeviceLost             its device no longer answers it; a new process may do better
    │   └── WorkerTimeout          it ran past a time limit and was killed
    ├── Cancelled                  the client deleted the request, or the claim was lost
    └── SpoolUnavailable           the spool directory is gone, full, read-only or not ours to write

The message of each is one line that says what is wrong and what to do about it; `code` is the word programs compare.
"""

from __future__ import annotations

from typing import ClassVar


def one_line(error: object, most: int | None = None) -> str:
    """What an error or any other text says, on one line: white space becomes single spaces.

    Args:
        error: The error or text.
        most: Most characters; the rest is cut off. None for all.
    """
    return " ".join(str(error).split())[:most]


class SpectacleError(Exception):
    """Base of all errors that Spectacle raises on purpose.

    Args:
        message: One line: what is wrong, with the name and value concerned, and what to do.
        details: `key: value` facts for the lower part of `STEM-error.txt`.
    """

    code: ClassVar[str] = "error"

    def __init__(self, message: str, **details: str | int | float) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class ConfigurationError(SpectacleError):
    """Raised while reading settings, when one is unknown, ill-typed or out of range."""

    code = "bad-configuration"


class RequestError(SpectacleError):
    """Base of the client's mistakes. The request is answered with the message and never retried."""

    code = "bad-request"


class UnreadableRequest(RequestError):
    """Raised when `STEM.txt` is empty, too large, no text, or not an ordinary file."""

    code = "unreadable-request"


class BadSize(RequestError):
    """Raised when the width or height asked for is zero or the picture exceeds `max_pixels`."""

    code = "bad-size"


class UnknownKind(RequestError):
    """Raised when no live instance serves the kind of a request."""

    code = "unknown-kind"


class BadOptions(RequestError):
    """Raised when `STEM-options.json` is not a JSON object or does not fit the generator's schema."""

    code = "bad-options"


class BadAttachment(RequestError):
    """Raised when an attached picture is missing, unreadable, of the wrong form or too large."""

    code = "bad-attachment"


class BlockedPrompt(RequestError):
    """Raised when a pattern of the configured block-list matches the prompt."""

    code = "blocked-prompt"


class GeneratorError(SpectacleError):
    """Raised by a generator that cannot make the picture; the message is shown to the client."""

    code = "generator-failed"


class OutOfMemory(GeneratorError):
    """Raised when memory did not suffice even after everything unused was freed."""

    code = "out-of-memory"


class WeightsMissing(GeneratorError):
    """Raised on loading a generator whose weights are not on this machine."""

    code = "weights-missing"


class UnknownGenerator(GeneratorError):
    """Raised when a generator is asked for that no installed package provides."""

    code = "unknown-generator"


class TooManyAttempts(SpectacleError):
    """Raised when a request has ended `max_attempts` runs without an answer."""

    code = "too-many-attempts"


class WorkerError(SpectacleError):
    """Base of failures of the worker process itself; the request gets its next attempt."""

    code = "worker-failed"


class WorkerCrashed(WorkerError):
    """Raised when the worker process ended in the middle of a job."""

    code = "worker-crashed"


class DeviceLost(WorkerError):
    """Raised when a generator met an error after which its process can never use the device again."""

    code = "device-lost"


class WorkerTimeout(WorkerError):
    """Raised when loading, one step or the whole job took longer than its limit and the worker was killed."""

    code = "timeout"


class Cancelled(SpectacleError):
    """Raised inside a generator at its next step once the job is no longer wanted."""

    code = "cancelled"


class SpoolUnavailable(SpectacleError):
    """Raised when the spool directory cannot be used now; the daemon waits and tries again."""

    code = "spool-unavailable"
