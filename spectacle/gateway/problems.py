"""What can be wrong with an HTTP request: one exception with a status, which each dialect puts into its own form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spectacle.client import RequestFailed
from spectacle.errors import SpectacleError

_STATUSES = {
    "invalid-request": 400,
    "unreadable-request": 400,
    "bad-size": 400,
    "bad-options": 400,
    "bad-attachment": 400,
    "blocked-prompt": 400,
    "unknown-kind": 404,
    "over-limit": 429,
    "request-exists": 409,
    "request-cancelled": 409,
    "weights-missing": 503,
    "unknown-generator": 503,
    "spool-unavailable": 503,
    "wait-timeout": 504,
    "timeout": 504,
}
"""HTTP status by error code; any other code is a failure of the server's."""

HTTP_CODES = frozenset(
    {
        "bad-body",
        "bad-parameter",
        "bad-request",
        "callback-not-allowed",
        "forbidden",
        "idempotency-key-reused",
        "internal-error",
        "job-ended",
        "job-not-found",
        "method-not-allowed",
        "no-result",
        "not-found",
        "not-repeatable",
        "queue-full",
        "rate-limited",
        "result-not-found",
        "too-large",
        "too-slow",
        "unauthorized",
    }
)
"""Codes of problems with HTTP requests; others are those of errors."""

INTERNAL = "internal-error"
"""Code of a fault in the gateway itself."""


class Problem(Exception):
    """Raised when an HTTP request cannot be served as it asks.

    Args:
        status: HTTP status.
        code: Word that programs compare, from `docs/reference/error-codes.md`.
        message: One line: what is wrong, and what to do.
        param: The parameter concerned, or None.
        details: Further facts.
        headers: Headers of the response.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        param: str | None = None,
        details: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.param = param
        self.details = dict(details or {})
        self.headers = dict(headers or {})


def bad_parameter(param: str, message: str) -> Problem:
    """A problem with one parameter of an HTTP request."""
    return Problem(400, "bad-parameter", message, param=param)


def problem_of(error: SpectacleError) -> Problem:
    """The problem that an error of the client library or of a request's result is for an HTTP client."""
    details: dict[str, Any] = dict(error.details)
    code = error.code
    if isinstance(error, RequestFailed):
        code = details.pop("code", error.code)
    headers = {"Retry-After": "10"} if code == "spool-unavailable" else {}
    if code == "over-limit" and str(details.get("retry_after", "")).isdecimal():
        headers = {"Retry-After": str(details["retry_after"])}
    return Problem(_STATUSES.get(code, 500), code, error.message, details=details, headers=headers)
