"""One attempt at a request, from its claim to its answer."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Mapping
from enum import Enum, auto

import structlog

from spectacle.config import Settings
from spectacle.daemon.progress import Attempt, ProgressReport
from spectacle.daemon.refusal import Refusals
from spectacle.daemon.request import Changed, OpenAttachments, Request, job_spec, read_request
from spectacle.errors import Cancelled, SpectacleError, TooManyAttempts, WorkerError, WorkerTimeout
from spectacle.spool.claims import Claim, Claims
from spectacle.spool.commit import Answer, Outcome, read_commit, remove_old_results, retire, roll_forward
from spectacle.spool.directory import Spool
from spectacle.spool.file_status import FileStatus
from spectacle.spool.naming import POISON, RequestName, quarantine_path, state_path
from spectacle.spool.record import LaterFormat
from spectacle.spool.reserve import Reserve
from spectacle.worker.contract import WorkerBackend

log = structlog.get_logger()


class AttemptResult(Enum):
    """What became of an attempt at a request."""

    GONE = auto()
    """There is no request of that name any more."""
    HELD = auto()
    """Somebody else has claimed it."""
    UNSETTLED = auto()
    """It is still being written."""
    ANSWERED = auto()
    """It has its pictures."""
    REFUSED = auto()
    """It has its error."""
    CANCELLED = auto()
    """The client took it back."""
    AGAIN = auto()
    """It was changed, or its worker was lost: it is to be run again."""
    RETURNED = auto()
    """It was given back unfinished, for another instance or a later time."""


class Attempts:
    """Claims requests and brings them to their answers.

    Args:
        spool: The spool.
        claims: This instance's claims.
        reserve: Space for errors on a full disk.
        settings: Gives the current settings.
    """

    def __init__(self, spool: Spool, claims: Claims, reserve: Reserve, settings: Callable[[], Settings]) -> None:
        self._spool = spool
        self._claims = claims
        self._settings = settings
        self._refusals = Refusals(spool, reserve, settings)

    def run(self, attempt: Attempt, seen: FileStatus, worker: WorkerBackend) -> AttemptResult:
        """Claim a request and bring it to its answer.

        Args:
            attempt: Its state is kept up to date, and its `stop` obeyed.
            seen: What the request looked like when it was taken for complete; anything else is still being written.
            worker: Runs the job.

        Raises:
            OSError: When the spool is in trouble; the request stays as it was.
        """
        name = attempt.name
        if self._spool.look(name.file_name) is None and self._spool.peek(name.commit_name) is None:
            return AttemptResult.GONE
        claim = self._claims.claim(name)
        if claim is None:
            return AttemptResult.HELD
        try:
            return self._claimed(attempt, claim, seen, worker)
        finally:
            self._claims.release(claim)

    def refuse(self, name: RequestName, error: SpectacleError) -> AttemptResult:
        """Claim a request and answer it with an error."""
        claim = self._claims.claim(name)
        if claim is None:
            return AttemptResult.HELD
        try:
            status = self._spool.look(name.file_name)
            if status is None:
                return AttemptResult.GONE
            return self._refuse(claim, status, error)
        finally:
            self._claims.release(claim)

    def finish(self, name: RequestName) -> bool:
        """Claim a request whose commit record was found pending, and roll it forward.

        Returns:
            False while somebody else holds the claim.

        Raises:
            LaterFormat: When the record is a later version's, which will finish it.
        """
        claim = self._claims.claim(name)
        if claim is None:
            return False
        try:
            self._roll_forward(name)
        finally:
            self._claims.release(claim)
        return True

    def _roll_forward(self, name: RequestName) -> Outcome | None:
        try:
            record = read_commit(self._spool, name)
            return None if record is None else roll_forward(self._spool, name, record)
        except LaterFormat:
            raise
        except ValueError as error:
            aside = quarantine_path(name.commit_name, secrets.token_hex(4))
            log.error("put a false commit record aside", record=name.commit_name, reason=str(error), into=aside)
            self._spool.rename(name.commit_name, aside)
            return None

    def _claimed(self, attempt: Attempt, claim: Claim, seen: FileStatus, worker: WorkerBackend) -> AttemptResult:
        name = attempt.name
        try:
            if self._roll_forward(name) is Outcome.PUBLISHED:
                return AttemptResult.ANSWERED
        except LaterFormat:
            return AttemptResult.HELD
        status = self._spool.look(name.file_name)
        if status is None:
            return AttemptResult.GONE
        if status.version != seen.version:
            return AttemptResult.UNSETTLED
        remove_old_results(self._spool, name, status)
        try:
            if claim.attempts >= self._settings().spool.max_attempts:
                raise TooManyAttempts(
                    f"given up after {claim.attempts} attempts that ended their workers: the request is kept in "
                    f"{state_path(POISON)}, see the daemon's log",
                    attempts=claim.attempts,
                )
            request = read_request(self._spool, name, seen, self._settings())
        except SpectacleError as error:
            return self._refuse(claim, status, error)
        except (FileNotFoundError, Changed):
            return AttemptResult.UNSETTLED
        answer = Answer(self._spool, name, claim.token)
        try:
            with OpenAttachments(self._spool, name) as attachments:
                return self._generate(attempt, claim, request, answer, attachments, worker)
        finally:
            answer.discard()

    def _generate(
        self,
        attempt: Attempt,
        claim: Claim,
        request: Request,
        answer: Answer,
        attachments: OpenAttachments,
        worker: WorkerBackend,
    ) -> AttemptResult:
        events = _Events(self._spool, attempt, claim, answer, worker)
        try:
            attachments.open_all()
            job = job_spec(request, attachments.files, self._settings())
            # A directory of that name is nobody's progress, and no reason to leave the request unanswered.
            with contextlib.suppress(IsADirectoryError):
                self._spool.remove(request.name.progress_name)
            worker.run(job, events)
        except Cancelled:
            if attempt.why == "cancelled":
                for attachment in attachments.versions:
                    retire(self._spool, attachment)
            return _stopped(attempt)
        except WorkerError as error:
            if attempt.stop.is_set():
                return _stopped(attempt)
            return self._worker_lost(claim, request, error)
        except SpectacleError as error:
            return self._result(
                self._refusals.publish(claim, request.version, error), AttemptResult.REFUSED, request.name
            )
        finally:
            events.close()
        if events.trouble is not None:
            raise events.trouble
        outcome = answer.publish(
            request.version,
            attachments.versions,
            still_ours=lambda: attempt.why != "cancelled" and claim.is_ours(self._spool),
        )
        return self._result(outcome, AttemptResult.ANSWERED, request.name)

    def _worker_lost(self, claim: Claim, request: Request, error: WorkerError) -> AttemptResult:
        name = request.name
        if not claim.is_ours(self._spool):
            return AttemptResult.RETURNED
        attempts = claim.attempts = self._claims.add_attempt(name)
        answer: SpectacleError = error
        if not isinstance(error, WorkerTimeout) or error.details.get("phase") != "job":
            max_attempts = self._settings().spool.max_attempts
            log.warning("lost the worker", error=error.message, attempts=attempts, of=max_attempts)
            if attempts < max_attempts:
                return AttemptResult.AGAIN
            answer = TooManyAttempts(
                f"given up after {attempts} attempts, the last because {error.message}: the request is kept in "
                f"{state_path(POISON)}, see the daemon's log",
                attempts=attempts,
            )
        return self._result(self._refusals.publish(claim, request.version, answer), AttemptResult.REFUSED, name)

    def _refuse(self, claim: Claim, status: FileStatus, error: SpectacleError) -> AttemptResult:
        outcome = self._refusals.publish(claim, self._refusals.version(claim.name, status), error)
        return self._result(outcome, AttemptResult.REFUSED, claim.name)

    def _result(self, outcome: Outcome, published: AttemptResult, name: RequestName) -> AttemptResult:
        if outcome is Outcome.PUBLISHED:
            return published
        if outcome is Outcome.VOID:
            gone = self._spool.look(name.file_name) is None
            return AttemptResult.CANCELLED if gone else AttemptResult.AGAIN
        return AttemptResult.RETURNED


def _stopped(attempt: Attempt) -> AttemptResult:
    if attempt.why == "cancelled":
        return AttemptResult.CANCELLED
    if attempt.why == "changed":
        return AttemptResult.AGAIN
    return AttemptResult.RETURNED


class _Events:
    """Brings what a worker reports to where it belongs: the files to the answer, the rest to the attempt.

    Attributes:
        trouble: The first error on writing a file; the files after it are not written.
    """

    def __init__(self, spool: Spool, attempt: Attempt, claim: Claim, answer: Answer, worker: WorkerBackend) -> None:
        self._attempt = attempt
        self._claim = claim
        self._answer = answer
        self._worker = worker
        self._report = ProgressReport(spool, attempt, self._generator)
        self.started = self._report.started
        self.progress = self._report.progress
        self.close = self._report.close
        self.trouble: OSError | None = None

    def unwanted(self) -> str | None:
        if self._claim.lost():
            self._attempt.end("claim lost")
        return self._attempt.why if self._attempt.stop.is_set() else None

    def file(self, suffix: str, content: bytes) -> None:
        if self.trouble is None:
            try:
                self._answer.add(suffix, content)
            except OSError as error:
                self.trouble = error

    def done(self, facts: Mapping[str, float]) -> None:
        self._attempt.facts.update(facts)

    def _generator(self) -> str | None:
        loaded = self._worker.loaded
        return loaded[-1][0] if loaded else None
