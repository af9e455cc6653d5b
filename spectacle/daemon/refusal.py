"""Ending a request with an error."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Any

import structlog

from spectacle.config import Settings
from spectacle.daemon.request import OpenedRequest, kind_of
from spectacle.errors import SpectacleError, TooManyAttempts, WorkerTimeout, one_line
from spectacle.spool.claims import Claim, this_host
from spectacle.spool.commit import Answer, Outcome
from spectacle.spool.directory import Spool
from spectacle.spool.file_status import NotOrdinary, TooLarge
from spectacle.spool.naming import ERROR_SUFFIX, RequestName, name_stem
from spectacle.spool.reserve import Reserve
from spectacle.worker.contract import JobFailed

log = structlog.get_logger()

_MAX_ERROR_BYTES = 64 * 1024


class Refusals:
    """Publishes errors as results.

    Args:
        reserve: Space for errors on a full disk.
        settings: Gives the current settings.
    """

    def __init__(self, reserve: Reserve, settings: Callable[[], Settings]) -> None:
        self._reserve = reserve
        self._settings = settings

    def publish(self, claim: Claim, opened: OpenedRequest, error: SpectacleError, attempts: int) -> Outcome:
        """End a claimed request with an error. What cannot be an ordinary request is kept in `.spectacle/poison/`.

        Args:
            claim: The claim.
            opened: The request, and what belongs to it.
            error: The error.
            attempts: How many attempts at it were lost.

        Raises:
            OSError: When the spool is in trouble, even with the space kept in reserve.
        """
        poison = isinstance(error, TooManyAttempts) or opened.odd
        text = self._text(claim.name, error, attempts)
        try:
            outcome = _publish(claim, opened, text, poison=poison)
        except OSError as trouble:
            if trouble.errno not in (errno.ENOSPC, errno.EDQUOT) or not self._reserve.drop():
                raise
            outcome = _publish(claim, opened, text, poison=poison)
        log.warning("answered with an error", code=code_of(error))
        return outcome

    def _text(self, name: RequestName, error: SpectacleError, attempts: int) -> bytes:
        kind = kind_of(name, self._settings())
        details: dict[str, Any] = {
            "code": code_of(error),
            "generator": kind.generator if kind is not None else "none",
            "host": this_host(),
            # Those are counted already.
            "attempts": attempts + (0 if isinstance(error, TooManyAttempts | WorkerTimeout) else 1),
            **error.details,
        }
        # Generators know nothing of file names and speak of STEM-input.png, as the documentation does.
        first = name_stem(one_line(error.message), name.stem)
        rest = "".join(f"{key}: {one_line(value)}\n" for key, value in details.items())
        return f"{first}\n\n{rest}".encode()


def _publish(claim: Claim, opened: OpenedRequest, text: bytes, *, poison: bool) -> Outcome:
    answer = Answer(claim.spool, claim.name, claim.token, opened.sharing)
    try:
        answer.add(ERROR_SUFFIX, text)
        return answer.publish(opened.version, opened.attachments, still_ours=claim.is_ours, poison=poison)
    finally:
        answer.discard()


def code_of(error: SpectacleError) -> str:
    """The code that a request's error file says."""
    return error.error_code if isinstance(error, JobFailed) else error.code


def read_error(spool: Spool, name: RequestName) -> SpectacleError | None:
    """The error in a request's error file, as another instance has written it; None when it cannot be read."""
    try:
        content, _ = spool.read(name.error_name, _MAX_ERROR_BYTES)
    except (OSError, NotOrdinary, TooLarge):
        return None
    message, _, rest = content.decode(errors="replace").partition("\n")
    pairs = dict(line.split(": ", 1) for line in rest.splitlines() if ": " in line)
    return JobFailed(pairs.get("code", SpectacleError.code), message, {})
