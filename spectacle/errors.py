"""Every error Spectacle raises on purpose.

    SpectacleError
    ├── ConfigurationError         a setting is unknown, ill-typed or out of range
    ├── RequestError               the client's mistake: reported to it, never retried
    │   ├── UnreadableRequest      the request file is not readable text
    │   ├── BadSize                width or height that cannot be served
    │   ├── UnknownKind            no live instance serves the kind
    │   ├── BadOptions             STEM-options.json is not what the generator takes
    │   ├── BadAttachment          an attached image is not an image, is too large or is missing
    │   ├── BlockedPrompt          the blocklist of the configuration refuses the prompt
    │   └── OverLimit              its user has as many requests as the limits allow
    ├── GeneratorError             the generator could not do it
    │   ├── OutOfMemory            the device's or the host's memory did not suffice
    │   ├── WeightsMissing         the weights are not on this machine
    │   └── UnknownGenerator       no installed package provides the generator
    ├── SigningFailed              the result could not be signed, and must be
    ├── TooManyAttempts            the request ended several workers
    ├── WorkerError                the worker process, not the generator, failed
    │   ├── WorkerCrashed          it ended without a result
    │   ├── DeviceLost             its device no longer responds to it; a new process may do better
    │   └── WorkerTimeout          it ran past a time limit and was killed
    ├── WorkerUnavailable          no worker can be started now: the request waits
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
        most: Maximum number of characters; the rest is cut off. None for all.
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
    """Base of the client's mistakes. The request gets the message as its error and never retried."""

    code = "bad-request"


class UnreadableRequest(RequestError):
    """Raised when `STEM.txt` is empty, too large, no text, or not a regular file."""

    code = "unreadable-request"


class BadSize(RequestError):
    """Raised when the width or height asked for is zero or the image exceeds `max_pixels`."""

    code = "bad-size"


class UnknownKind(RequestError):
    """Raised when no live instance serves the kind of a request."""

    code = "unknown-kind"


class BadOptions(RequestError):
    """Raised when `STEM-options.json` is not a JSON object or does not fit the generator's schema."""

    code = "bad-options"


class BadAttachment(RequestError):
    """Raised when an attached image is missing, unreadable, of the wrong shape or too large."""

    code = "bad-attachment"


class BlockedPrompt(RequestError):
    """Raised when a pattern of the configured blocklist matches the prompt."""

    code = "blocked-prompt"


class OverLimit(RequestError):
    """Raised when a request's user has reached one of the limits of `[limits.users]`.

    `details` have the `limit` and, where it is known, `retry_after`: the seconds until there is room again.
    """

    code = "over-limit"


class GeneratorError(SpectacleError):
    """Raised by a generator that cannot make the image; the message is shown to the client."""

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


class SigningFailed(SpectacleError):
    """Raised when a result cannot be signed: the certificate has expired, the command for the key fails."""

    code = "signing-failed"


class TooManyAttempts(SpectacleError):
    """Raised when a request has ended `max_attempts` attempts without a result."""

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


class WorkerUnavailable(SpectacleError):
    """Raised when this host cannot start or feed a worker now. Neither the request nor the spool causes it."""

    code = "worker-unavailable"


class Cancelled(SpectacleError):
    """Raised inside a generator at its next step once the job is no longer wanted."""

    code = "cancelled"


class SpoolUnavailable(SpectacleError):
    """Raised when the spool directory cannot be used now; the daemon waits and tries again."""

    code = "spool-unavailable"
