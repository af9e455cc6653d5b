"""One attempt at a request, from its claim to its result."""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum, auto
from typing import Protocol

import structlog

from spectacle.config import Settings
from spectacle.daemon.hooks import Ended
from spectacle.daemon.metrics import DaemonMetrics
from spectacle.daemon.model_choice import serving_kind
from spectacle.daemon.notices import Notices
from spectacle.daemon.progress import Attempt, ProgressReport
from spectacle.daemon.refusal import Refusals, code_of, read_error
from spectacle.daemon.request import (
    Changed,
    OpenAttachments,
    OpenedRequest,
    Request,
    job_spec,
    open_unread,
    read_request,
)
from spectacle.errors import (
    Cancelled,
    OverLimit,
    SpectacleError,
    TooManyAttempts,
    WorkerError,
    WorkerTimeout,
    WorkerUnavailable,
    one_line,
)
from spectacle.generators.base import Device
from spectacle.processes import remedy_for
from spectacle.spool.attempts import Lost, add_attempt, clear_attempts, read_attempts, read_lost
from spectacle.spool.claims import Claim, Claims
from spectacle.spool.commit import FIRST_SUFFIXES, Answer, Outcome, read_commit, remove_old_results, roll_forward
from spectacle.spool.directory import Spool
from spectacle.spool.file_status import FileStatus
from spectacle.spool.naming import POISON, RequestName, quarantine_path, state_path
from spectacle.spool.record import LaterFormat
from spectacle.spool.reserve import Reserve
from spectacle.spool.retire import is_displaced, recover, retire
from spectacle.spool.sharing import Sharing
from spectacle.worker.contract import Attachment, Deferred, JobEvents, JobSpec, Model

log = structlog.get_logger()


class AttemptResult(Enum):
    """What became of an attempt at a request."""

    GONE = auto()
    """No request of that name exists any more."""
    HELD = auto()
    """Somebody else has claimed it."""
    UNSETTLED = auto()
    """It is still being written."""
    ANSWERED = auto()
    """It has its images."""
    REFUSED = auto()
    """It has its error."""
    CANCELLED = auto()
    """The client took it back."""
    AGAIN = auto()
    """It was changed, or its worker was lost: it is to be run again."""
    RETURNED = auto()
    """It was released unfinished, for another instance or a later time."""
    DEFERRED = auto()
    """It was to be run together with others, and cannot be, or its options ask for another model than that which it was
    begun with: its turn comes again."""


class JobRunner(Protocol):
    """What an attempt needs of a worker, or of a batch in which its job is one of several."""

    @property
    def device(self) -> Device:
        """Where it runs."""
        ...

    @property
    def loaded(self) -> tuple[Model, ...]:
        """What is loaded now, the one used last at the end."""
        ...

    def run(self, job: JobSpec, events: JobEvents) -> None:
        """Run one job to its end. As `WorkerBackend.run` says; it may raise `Deferred` as well."""
        ...


class Admits(Protocol):
    """Decides whether a user's limits leave room for a request."""

    def admit(self, name: RequestName) -> OverLimit | bool:
        """Count a request that is about to run. False when it is to be tried later; or the error it gets."""
        ...

    def done(self, name: RequestName, *, counts: bool) -> None:
        """Hear that a request that was counted has ended."""
        ...


class Attempts:
    """Claims requests and takes them to their results.

    Args:
        spool: The spool.
        claims: This instance's claims.
        reserve: Space for errors on a full disk.
        settings: Gives the current settings.
        notices: What operators should know.
        limits: The limits of users, if there are any.
        on_end: Called with each request that has its result.
        metrics: Counts what becomes of requests; None for counting nothing.
    """

    def __init__(
        self,
        spool: Spool,
        claims: Claims,
        reserve: Reserve,
        settings: Callable[[], Settings],
        notices: Notices,
        limits: Admits | None = None,
        on_end: Callable[[Ended], None] = lambda ended: None,
        metrics: DaemonMetrics | None = None,
    ) -> None:
        self._spool = spool
        self._claims = claims
        self._settings = settings
        self._notices = notices
        self._limits = limits
        self._on_end = on_end
        self._refusals = Refusals(reserve, settings)
        self._metrics = metrics
        self._lock = threading.Lock()
        self._suspect: RequestName | None = None

    def run(
        self,
        attempt: Attempt,
        seen: FileStatus,
        worker: JobRunner,
        *,
        unfinished: bool = False,
        many: bool = False,
    ) -> AttemptResult:
        """Claim a request and take it to its result.

        Args:
            attempt: Its state is kept up to date, and its `stop` obeyed.
            seen: What the request looked like when it was considered complete; anything else is still being written.
            worker: Runs the job.
            unfinished: Whether a scan has found something of it half done.
            many: Whether one has found many results of that name.

        Raises:
            WorkerUnavailable: When the worker cannot be started; the request stays as it was.
            OSError: When the spool is in trouble; the request stays as it was.
        """
        name = attempt.name
        # Saves claiming what others have finished. It may be gone by now all the same: the claimed one is opened.
        there = self._spool.peek(name.file_name) or self._spool.look(name.file_name)
        if there is None and self._spool.peek(name.commit_name) is None:
            return AttemptResult.GONE
        if there is not None:
            self._spool.check_removable(there)
        overlaps = attempt.overlaps
        with self._holding(name, None if overlaps else seen.version) as claim:
            if claim is None:
                return AttemptResult.HELD
            attempt.alone = claim.taken_over
            if claim.taken_over and self._metrics is not None:
                self._metrics.taken_over()
            if overlaps and not _charge_when_alone(attempt, claim, seen):
                return AttemptResult.RETURNED
            status = self._begin(claim, unfinished=unfinished, many=many)
            if isinstance(status, AttemptResult):
                return status
            if status.version != seen.version:
                return AttemptResult.UNSETTLED
            try:
                return self._claimed(attempt, claim, status, worker)
            except Changed:
                return AttemptResult.UNSETTLED

    def refuse(self, name: RequestName, error: SpectacleError, *, many: bool = False) -> AttemptResult:
        """Claim a request and end it with an error.

        Args:
            name: The request.
            error: The error.
            many: Whether a scan has found many results of that name.

        Raises:
            OSError: When the spool is in trouble; the request stays as it was.
        """
        with self._holding(name) as claim:
            if claim is None:
                return AttemptResult.HELD
            status = self._begin(claim, many=many)
            if isinstance(status, AttemptResult):
                return status
            try:
                return self._refuse(claim, status, error)
            except Changed:
                return AttemptResult.UNSETTLED

    def finish(self, name: RequestName, asides: Sequence[str] | None = None) -> bool:
        """Claim a request and finish what somebody else has left of it: a commit record, files on their way out.

        Args:
            name: The request.
            asides: The files; None for looking for them.

        Returns:
            False while somebody else holds the claim.

        Raises:
            LaterFormat: When the record is a later version's, which will finish it.
        """
        with self._holding(name) as claim:
            if claim is None:
                return False
            self._roll_forward(claim)
            recover(claim.spool, name, asides)
            return True

    @contextlib.contextmanager
    def _holding(self, name: RequestName, version: tuple[int, int, int] | None = None) -> Iterator[Claim | None]:
        """Hold the claim on a request for as long as the block runs; None while somebody else holds it."""
        claim = self._claims.claim(name, version)
        if claim is None:
            yield None
            return
        try:
            yield claim
        except OSError:
            # What was just being taken out may be aside. A newer request must not be begun without it.
            with contextlib.suppress(OSError):
                recover(claim.spool, name)
            raise
        finally:
            self._claims.release(claim)

    def _begin(self, claim: Claim, *, unfinished: bool = False, many: bool) -> FileStatus | AttemptResult:
        """Finish what was left of a claimed request, and remove the results of an earlier one of its name.

        Returns:
            What the request looks like, or what has become of it.
        """
        name, spool = claim.name, claim.spool
        try:
            outcome = self._roll_forward(claim)
        except LaterFormat:
            return AttemptResult.HELD
        if outcome is not None or claim.taken_over or unfinished:
            recover(spool, name)
        if outcome is Outcome.PUBLISHED:
            return AttemptResult.ANSWERED
        # Whoever goes by this opens the request and finds out whether it is true.
        status = spool.peek(name.file_name) or spool.look(name.file_name)
        if status is None:
            return AttemptResult.GONE
        remove_old_results(spool, name, status, many=many)
        return status

    def _roll_forward(self, claim: Claim) -> Outcome | None:
        name, spool = claim.name, claim.spool
        try:
            record = read_commit(spool, name)
            if record is None:
                return None
            outcome = roll_forward(spool, name, record)
        except LaterFormat:
            raise
        except ValueError as error:
            aside = quarantine_path(name.commit_name, secrets.token_hex(4))
            log.error("quarantined an invalid commit record", record=name.commit_name, reason=str(error), into=aside)
            spool.rename(name.commit_name, aside)
            return None
        if outcome is Outcome.PUBLISHED:
            files = [each.public for each in record.files]
            self._ended(name, files, error=read_error(spool, name) if files == [name.error_name] else None)
        return outcome

    def _ended(
        self,
        name: RequestName,
        files: Sequence[str],
        attempt: Attempt | None = None,
        error: SpectacleError | None = None,
    ) -> None:
        """Tell of a result; its files come in the order in which they were made, the primary one last."""
        if not files:
            return
        settings = self._settings()
        kind = name.kind or settings.default_kind
        served = settings.kinds.get(kind)
        self._on_end(
            Ended(
                name,
                kind,
                tuple(reversed(files)),
                None if attempt is None else time.monotonic() - attempt.began,
                None if served is None else served.generator,
                None if error is None else code_of(error),
                None if error is None else one_line(error.message),
            )
        )

    def _claimed(self, attempt: Attempt, claim: Claim, status: FileStatus, worker: JobRunner) -> AttemptResult:
        lost = read_lost(claim.spool, attempt.name, status.version)
        if lost.count:
            # Whatever it ends from now on, it ends alone.
            attempt.alone = True
        with self._turn_of_suspect(attempt.name, lost) as free:
            return self._read(attempt, claim, status, lost, worker) if free else AttemptResult.RETURNED

    @contextlib.contextmanager
    def _turn_of_suspect(self, name: RequestName, lost: Lost) -> Iterator[bool]:
        """Let one request at a time run, over all workers, of those that ran when a daemon died.

        Which of them was the reason is not known, so each has lost an attempt. Were they to run side by side again, the
        reason would cost the others all of theirs.
        """
        if not lost.with_daemon:
            yield True
            return
        with self._lock:
            if free := self._suspect is None:
                self._suspect = name
        try:
            yield free
        finally:
            if free:
                self._suspect = None

    def _read(self, attempt: Attempt, claim: Claim, status: FileStatus, lost: Lost, worker: JobRunner) -> AttemptResult:
        name, spool = attempt.name, claim.spool
        try:
            if lost.count >= self._settings().spool.max_attempts:
                raise TooManyAttempts(
                    f"{name.file_name}: gave up after {lost.count} failed attempts (the worker or its daemon died or "
                    f"stopped responding). See the daemon's log; the request is kept in {state_path(POISON)}.",
                    attempts=lost.count,
                )
            request = read_request(spool, name, status, self._settings())
        except SpectacleError as error:
            attempt.worker_done()
            return self._refuse(claim, status, error)
        except FileNotFoundError:
            raise Changed from None
        admitted = True if self._limits is None else self._limits.admit(name)
        if admitted is not True:
            attempt.worker_done()
            return AttemptResult.RETURNED if admitted is False else self._refuse(claim, status, admitted)
        result = AttemptResult.RETURNED
        try:
            result = self._admitted(attempt, claim, request, status, worker)
        finally:
            if self._limits is not None:
                ended = result not in (AttemptResult.RETURNED, AttemptResult.AGAIN, AttemptResult.DEFERRED)
                self._limits.done(name, counts=ended and attempt.started is not None)
        return result

    def _admitted(
        self, attempt: Attempt, claim: Claim, request: Request, status: FileStatus, worker: JobRunner
    ) -> AttemptResult:
        name, spool = attempt.name, claim.spool
        sharing = Sharing(status, self._settings().spool.file_mode)
        answer = Answer(spool, name, claim.token, sharing)
        try:
            with OpenAttachments(spool, name) as attachments:
                try:
                    attachments.open_all()
                except SpectacleError as error:
                    attempt.worker_done()
                    return self._refuse(claim, status, error)
                opened = OpenedRequest(request.version, tuple(attachments.versions), sharing)
                return self._generate(attempt, claim, request, opened, answer, attachments.files, worker)
        finally:
            answer.discard()

    def _generate(
        self,
        attempt: Attempt,
        claim: Claim,
        request: Request,
        opened: OpenedRequest,
        answer: Answer,
        attachments: Sequence[Attachment],
        worker: JobRunner,
    ) -> AttemptResult:
        events = _Events(attempt, claim, answer, worker)
        try:
            try:
                job = _job(attempt, request, attachments, self._settings())
                events.loading()
                _run(worker, job, events)
            finally:
                attempt.worker_done()
        except WorkerUnavailable:
            raise
        except Cancelled:
            return self._stopped(attempt, claim, opened)
        except Deferred:
            return self._stopped(attempt, claim, opened) if attempt.stop.is_set() else AttemptResult.DEFERRED
        except WorkerError as error:
            if attempt.stop.is_set():
                return self._stopped(attempt, claim, opened)
            if self._metrics is not None:
                self._metrics.worker_lost(str(worker.device), error.code)
            attempt.alone = True
            return self._worker_lost(claim, opened, error)
        except SpectacleError as error:
            return self._publish_error(claim, opened, error)
        finally:
            events.close()
        events.write_last()
        if events.trouble is not None:
            raise events.trouble

        def still_ours() -> bool:
            attempt.deciding = True
            return attempt.why != "cancelled" and claim.is_ours()

        files = [each.public for each in answer.files]
        outcome = answer.publish(opened.version, opened.attachments, still_ours=still_ours)
        if outcome is Outcome.PUBLISHED:
            self._ended(request.name, files, attempt)
        return self._result(outcome, AttemptResult.ANSWERED, claim, opened)

    def _worker_lost(self, claim: Claim, opened: OpenedRequest, error: WorkerError) -> AttemptResult:
        if not claim.is_ours():
            return AttemptResult.RETURNED
        attempts = add_attempt(claim.spool, claim.name, opened.version.identity, claim.token)
        answer: SpectacleError = error
        if not isinstance(error, WorkerTimeout) or error.details.get("phase") != "job":
            max_attempts = self._settings().spool.max_attempts
            log.warning("lost the worker", error=error.message, attempts=attempts, of=max_attempts)
            if attempts < max_attempts:
                return AttemptResult.AGAIN
            answer = TooManyAttempts(
                f"{claim.name.file_name}: gave up after {attempts} failed attempts, the last because "
                f"{error.message}. See the daemon's log; the request is kept in {state_path(POISON)}.",
                attempts=attempts,
            )
        return self._publish_error(claim, opened, answer)

    def _refuse(self, claim: Claim, status: FileStatus, error: SpectacleError) -> AttemptResult:
        """End with an error what was not opened as a job.

        Raises:
            Changed: When the request looks different from `status` by now.
        """
        return self._publish_error(claim, open_unread(claim.spool, claim.name, status, self._settings()), error)

    def _publish_error(self, claim: Claim, opened: OpenedRequest, error: SpectacleError) -> AttemptResult:
        attempts = read_attempts(claim.spool, claim.name, opened.version.identity)
        outcome = self._refusals.publish(claim, opened, error, attempts)
        if outcome is Outcome.PUBLISHED:
            self._ended(claim.name, [claim.name.error_name], error=error)
            if self._metrics is not None:
                self._metrics.ended(claim.name, code_of(error))
        return self._result(outcome, AttemptResult.REFUSED, claim, opened)

    def _result(self, outcome: Outcome, published: AttemptResult, claim: Claim, opened: OpenedRequest) -> AttemptResult:
        if outcome is Outcome.PUBLISHED:
            if opened.sharing.trouble is not None:
                self._notices.add("unreadable result", opened.sharing.trouble)
            return published
        return self._cancelled(claim, opened) if outcome is Outcome.VOID else AttemptResult.RETURNED

    def _stopped(self, attempt: Attempt, claim: Claim, opened: OpenedRequest) -> AttemptResult:
        if attempt.why == "cancelled":
            return self._cancelled(claim, opened)
        return AttemptResult.AGAIN if attempt.why == "changed" else AttemptResult.RETURNED

    def _cancelled(self, claim: Claim, opened: OpenedRequest) -> AttemptResult:
        """Distinguish a request that its client cancelled from one that was written again, or is only out of sight."""
        name, spool = claim.name, claim.spool
        if not claim.is_ours():
            return AttemptResult.RETURNED
        if spool.look(name.file_name) is not None:
            return AttemptResult.AGAIN
        if is_displaced(spool, name, opened.version.inode):
            return AttemptResult.RETURNED
        for attachment in opened.attachments:
            retire(spool, attachment)
        clear_attempts(spool, name)
        return AttemptResult.CANCELLED


def _charge_when_alone(attempt: Attempt, claim: Claim, seen: FileStatus) -> bool:
    """See that a request is charged with an attempt for its daemon's end when nothing else can have been the reason.

    Should a daemon die while it serves one request and publishes the result of another, which of them is the reason is
    not known: it costs the first one an attempt. As soon as that one is published, the other is charged. Both are
    served alone after that, so that a request which ends daemons is charged each time from then on.

    Returns:
        False when the request is to be released instead.
    """

    def charge() -> None:
        # What the spool refuses here it will refuse again, where it is dealt with.
        with contextlib.suppress(OSError):
            claim.charge(seen.version)

    attempt.on_overlap_end = charge
    if not attempt.overlaps:
        # It ended while the claim was made.
        charge()
    return not claim.taken_over or attempt.await_overlap_end()


def _job(attempt: Attempt, request: Request, attachments: Sequence[Attachment], settings: Settings) -> JobSpec:
    """What the worker is given.

    Raises:
        Deferred: When another model is needed than that for which the attempt was begun. Once it is known, the request
            is given to a worker that may run that model, and waits with others for it.
    """
    served_by = serving_kind(request.name, attachments, settings)
    if served_by != attempt.served_by:
        attempt.served_by = served_by
        raise Deferred("its options ask for another model")
    return job_spec(request, attachments, settings, served_by)


def _run(worker: JobRunner, job: JobSpec, events: JobEvents) -> None:
    try:
        worker.run(job, events)
    except OSError as error:
        # What the spool refuses is kept by the events; this is between the daemon and its worker.
        remedy = remedy_for(error) or "Check the limits and the memory of this host"
        raise WorkerUnavailable(
            f"the worker on {worker.device}: cannot be used: {error.strerror or error}. {remedy}."
        ) from error


class _Events:
    """Takes what a worker reports to where it belongs: the files to the result, the rest to the attempt.

    Attributes:
        trouble: The first error on writing a file; the files after it are not written.
    """

    def __init__(self, attempt: Attempt, claim: Claim, answer: Answer, worker: JobRunner) -> None:
        self._attempt = attempt
        self._claim = claim
        self._answer = answer
        self._worker = worker
        self._report = ProgressReport(claim.spool, attempt, self._generator, answer.sharing)
        self.loading = self._report.loading
        self.started = self._report.started
        self.progress = self._report.progress
        self.close = self._report.close
        self._last: tuple[str, bytes] | None = None
        self.trouble: OSError | None = None

    def unwanted(self) -> str | None:
        if self._claim.lost():
            self._attempt.end("claim lost")
        return self._attempt.why if self._attempt.stop.is_set() else None

    def file(self, suffix: str, content: bytes) -> None:
        self._attempt.many = self._attempt.many or suffix not in FIRST_SUFFIXES
        self.write_last()
        self._last = suffix, content

    def write_last(self) -> None:
        """Write the file that came last. To be called at the end, when the worker has begun the next job."""
        last, self._last = self._last, None
        if last is not None and self.trouble is None:
            try:
                self._answer.add(*last)
            except OSError as error:
                self.trouble = error

    def done(self, facts: Mapping[str, float]) -> None:
        self._attempt.done = time.monotonic()
        self._attempt.facts.update(facts)

    def _generator(self) -> str | None:
        loaded = self._worker.loaded
        return loaded[-1][0] if loaded else None
