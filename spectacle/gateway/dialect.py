"""What a dialect is: routes over the core, and the form of its errors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from spectacle.gateway.core import Gateway
from spectacle.gateway.problems import Problem


@dataclass(frozen=True, slots=True)
class Dialect:
    """An HTTP interface that clients speak.

    Attributes:
        name: Its name, for metrics.
        prefixes: Beginnings of its paths, for the form of errors.
        error: The body of an error.
        routes: Makes its routes over the core.
    """

    name: str
    prefixes: tuple[str, ...]
    error: Callable[[Problem], Any]
    routes: Callable[[Gateway], APIRouter]
    error_headers: Callable[[Problem], dict[str, str]] = lambda problem: {}
    error_status: Callable[[Problem], int] = lambda problem: problem.status
    error_media_type: str = "application/json"

    def response(self, problem: Problem) -> Response:
        """An error as an HTTP response."""
        return JSONResponse(
            self.error(problem),
            self.error_status(problem),
            headers={**problem.headers, **self.error_headers(problem)},
            media_type=self.error_media_type,
        )


def dialect_of(path: str, dialects: Sequence[Dialect], default: Dialect) -> Dialect:
    """The dialect whose prefix of a path is the longest, or the default."""
    found = [
        (len(prefix), dialect)
        for dialect in dialects
        for prefix in dialect.prefixes
        if path == prefix or path.startswith(prefix if prefix.endswith("/") else f"{prefix}/")
    ]
    return max(found, key=lambda pair: pair[0])[1] if found else default


def base_url(request: Request) -> str:
    """The URL of the gateway as the client sees it."""
    return str(request.base_url).rstrip("/")
