"""Answering a request with an error."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Any

import structlog

from spectacle.config import Settings
from spectacle.daemon.request import kind_of
from spectacle.errors import SpectacleError, TooManyAttempts, WorkerTimeout, one_line
from spectacle.spool.claims import Claim, this_host
from spectacle.spool.commit import Answer, Outcome
from spectacle.spool.directory import Spool
from spectacle.spool.file_status import FileStatus, NotOrdinary, TooLarge
from spectacle.spool.naming import ERROR_SUFFIX, RequestName, name_stem
from spectacle.spool.record import Version
from spectacle.spool.reserve import Reserve
from spectacle.worker.contract import JobFailed

log = structlog.get_logger()


class Refusals:
    """Publishes errors as answers.

    Args:
        spool: The spool.
        reserve: Space for errors on a full disk.
        settings: Gives the current settings.
    """

    def __init__(self, spool: Spool, reserve: Reserve, settings: Callable[[], Settings]) -> None:
        self._spool = spool
        self._reserve = reserve
        self._settings = settings

    def publish(self, claim: Claim, version: Version, error: SpectacleError) -> Outcome:
        """Answer a claimed request with an error. What cannot be an ordinary request is kept in `.spectacle/poison/`.

        Raises:
            OSError: When the spool is in trouble, even with the space kept in reserve.
        """
        name = claim.name
        status = self._spool.peek(name.file_name)
        poison = isinstance(error, TooManyAttempts) or (status is not None and status.oddity is not None)
        text = self._text(name, error, claim.attempts)
        try:
            outcome = self._publish(claim, version, text, poison=poison)
        except OSError as trouble:
            if trouble.errno not in (errno.ENOSPC, errno.EDQUOT) or not self._reserve.drop():
                raise
            outcome = self._publish(claim, version, text, poison=poison)
        log.warning("answered with an error", code=_code(error))
        return outcome

    def version(self, name: RequestName, status: FileStatus) -> Version:
        """The version of a request that may be unreadable; its digest is empty then, and it is kept as poison."""
        try:
            content, status = self._spool.read(name.file_name, self._settings().limits.max_prompt_bytes)
        except (OSError, NotOrdinary, TooLarge):
            return Version.of(name.file_name, status)
        return Version.of(name.file_name, status, content)

    def _publish(self, claim: Claim, version: Version, text: bytes, *, poison: bool) -> Outcome:
        answer = Answer(self._spool, claim.name, claim.token)
        try:
            answer.add(ERROR_SUFFIX, text)
            return answer.publish(
                version,
                self._attachments(claim.name),
                still_ours=lambda: claim.is_ours(self._spool),
                poison=poison,
            )
        finally:
            answer.discard()

    def _attachments(self, name: RequestName) -> list[Version]:
        """What came with a request, unopened."""
        seen = ((each, self._spool.peek(each)) for each in name.attachment_names())
        return [Version.of(each, status) for each, status in seen if status is not None]

    def _text(self, name: RequestName, error: SpectacleError, attempts: int) -> bytes:
        kind = kind_of(name, self._settings())
        details: dict[str, Any] = {
            "code": _code(error),
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


def _code(error: SpectacleError) -> str:
    return error.error_code if isinstance(error, JobFailed) else error.code
