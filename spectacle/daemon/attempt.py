"""One request's way from its file to its answer, under its claim."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

import structlog

from spectacle.config import KindSettings, Settings
from spectacle.errors import (
    BadAttachment,
    BadSize,
    Cancelled,
    SpectacleError,
    TooManyAttempts,
    UnknownKind,
    UnreadableRequest,
    WorkerError,
    WorkerTimeout,
)
from spectacle.sanitize import decode_prompt, sanitize
from spectacle.spool.claims import Claim, Claims, this_host
from spectacle.spool.commit import (
    Answer,
    LaterFormat,
    Outcome,
    Version,
    read_commit,
    remove_old_results,
    retire,
    roll_forward,
)
from spectacle.spool.directory import HOUSE, Look, NotOrdinary, Spool, TooLarge
from spectacle.spool.naming import MAX_INPUTS, RequestName
from spectacle.spool.reserve import Reserve
from spectacle.worker.local import Hooks, JobFailed, Order, Worker

log = structlog.get_logger()

MOST_NAMED = 30
"""Most kinds that an error names as served."""

PROGRESS_INTERVAL = 1.0
"""Least seconds between two states of a progress file."""

_STEM = re.compile(r"\bSTEM(?=-(?:input|mask|control|options)|\.txt)")


class Verdict(Enum):
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


@dataclass(slots=True)
class Run:
    """One running attempt, as others may look at it.

    Attributes:
        name: The request.
        stop: Set to have it stop; `why` says why.
        why: `cancelled`, `changed`, `returned`, `claim lost`.
        step: Steps done.
        steps: Steps in all, 0 while unknown.
        began: Monotonic time of its start.
        seed: Its seed, once known.
        facts: The numbers that are known of its making, once it is done.
    """

    name: RequestName
    stop: threading.Event = field(default_factory=threading.Event)
    why: str = ""
    step: int = 0
    steps: int = 0
    began: float = field(default_factory=time.monotonic)
    seed: int | None = None
    facts: dict[str, float] = field(default_factory=dict)

    def end(self, why: str) -> None:
        """Have it stop at its next step. The first reason counts."""
        if not self.stop.is_set():
            self.why = why
            self.stop.set()


@dataclass(slots=True)
class Request:
    """A claimed request as read."""

    name: RequestName
    version: Version
    prompt: str
    notes: tuple[str, ...]


class Jobs:
    """Runs claimed requests.

    Args:
        spool: The spool.
        claims: This instance's claims.
        reserve: Space for errors on a full disk.
        settings: Gives the current settings.
    """

    def __init__(self, spool: Spool, claims: Claims, reserve: Reserve, settings: Callable[[], Settings]) -> None:
        self._spool = spool
        self._reserve = reserve
        self._claims = claims
        self._settings = settings

    def attempt(self, run: Run, seen: Look, worker: Worker) -> Verdict:
        """Claim a request and bring it to its answer.

        Args:
            run: The attempt; its state is kept up to date, and its `stop` obeyed.
            seen: What the request looked like when it was taken for complete; anything else is still being written.
            worker: Runs the job.

        Raises:
            OSError: When the spool is in trouble; the request stays as it was.
        """
        name = run.name
        if self._spool.look(name.file_name) is None and self._spool.peek(name.commit_name) is None:
            return Verdict.GONE
        claim = self._claims.claim(name)
        if claim is None:
            return Verdict.HELD
        try:
            return self._claimed(run, claim, seen, worker)
        finally:
            self._claims.release(claim)

    def refuse(self, name: RequestName, error: SpectacleError) -> Verdict:
        """Claim a request and answer it with an error."""
        claim = self._claims.claim(name)
        if claim is None:
            return Verdict.HELD
        try:
            look = self._spool.look(name.file_name)
            if look is None:
                return Verdict.GONE
            return self._answer_error(claim, self._version(name, look), error)
        finally:
            self._claims.release(claim)

    def finish(self, name: RequestName) -> bool:
        """Claim a request whose commit record was found standing, and roll it forward.

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
            aside = f"{HOUSE}/poison/{name.stem}.commit.{secrets.token_hex(4)}"
            log.error("put a false commit record aside", record=name.commit_name, reason=str(error), into=aside)
            self._spool.rename(name.commit_name, aside)
            return None

    def _claimed(self, run: Run, claim: Claim, seen: Look, worker: Worker) -> Verdict:
        name = run.name
        try:
            if self._roll_forward(name) is Outcome.PUBLISHED:
                return Verdict.ANSWERED
        except LaterFormat:
            return Verdict.HELD
        look = self._spool.look(name.file_name)
        if look is None:
            return Verdict.GONE
        if look.version != seen.version:
            return Verdict.UNSETTLED
        remove_old_results(self._spool, name, look)
        attachments: list[Version] = []
        try:
            if claim.attempts >= self._settings().spool.max_attempts:
                raise TooManyAttempts(
                    f"given up after {claim.attempts} attempts that ended their workers: the request is kept in "
                    f".spectacle/poison, see the daemon's log",
                    attempts=claim.attempts,
                )
            request = self._read(name, seen)
        except SpectacleError as error:
            return self._answer_error(claim, self._version(name, look), error)
        except (FileNotFoundError, _Changed):
            return Verdict.UNSETTLED
        answer = Answer(self._spool, name, claim.token)
        try:
            return self._run(run, claim, request, answer, attachments, worker)
        finally:
            answer.discard()

    def _run(
        self, run: Run, claim: Claim, request: Request, answer: Answer, attachments: list[Version], worker: Worker
    ) -> Verdict:
        descriptors: list[int] = []
        trouble: list[OSError] = []
        reporter = _Reporter(self._spool, run, worker)

        def add(suffix: str, content: bytes) -> None:
            if not trouble:
                try:
                    answer.add(suffix, content)
                except OSError as error:
                    trouble.append(error)

        def unwanted() -> str | None:
            if claim.lost():
                run.end("claim lost")
            return run.why if run.stop.is_set() else None

        try:
            order = self._order(request, attachments, descriptors)
            # A directory of that name is nobody's progress, and no reason to leave the request unanswered.
            with contextlib.suppress(IsADirectoryError):
                self._spool.remove(request.name.progress_name)
            hooks = Hooks(unwanted, reporter.started, reporter.progress, add, run.facts.update)
            worker.run(order, hooks)
        except Cancelled:
            if run.why == "cancelled":
                for attachment in attachments:
                    retire(self._spool, attachment)
            return self._stopped(run)
        except WorkerError as error:
            if run.stop.is_set():
                return self._stopped(run)
            return self._worker_lost(claim, request, error)
        except SpectacleError as error:
            return self._answer_error(claim, request.version, error)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
            reporter.close()
        if trouble:
            raise trouble[0]
        outcome = answer.publish(
            request.version, attachments, still_ours=lambda: run.why != "cancelled" and claim.is_ours(self._spool)
        )
        return self._verdict(outcome, Verdict.ANSWERED, request.name)

    def _stopped(self, run: Run) -> Verdict:
        if run.why == "cancelled":
            return Verdict.CANCELLED
        if run.why == "changed":
            return Verdict.AGAIN
        return Verdict.RETURNED

    def _worker_lost(self, claim: Claim, request: Request, error: WorkerError) -> Verdict:
        name = request.name
        if not claim.is_ours(self._spool):
            return Verdict.RETURNED
        attempts = claim.attempts = self._claims.add_attempt(name)
        if isinstance(error, WorkerTimeout) and error.details.get("phase") == "job":
            return self._answer_error(claim, request.version, error)
        most = self._settings().spool.max_attempts
        log.warning("lost the worker", error=error.message, attempts=attempts, of=most)
        if attempts < most:
            return Verdict.AGAIN
        give_up = TooManyAttempts(
            f"given up after {attempts} attempts, the last because {error.message}: the request is kept in "
            f".spectacle/poison, see the daemon's log",
            attempts=attempts,
        )
        return self._answer_error(claim, request.version, give_up)

    def _answer_error(self, claim: Claim, version: Version, error: SpectacleError) -> Verdict:
        name = claim.name
        look = self._spool.peek(name.file_name)
        poison = isinstance(error, TooManyAttempts) or (look is not None and look.oddity is not None)
        text = self._error_text(name, error, claim.attempts)
        try:
            outcome = self._publish_error(claim, version, text, poison=poison)
        except OSError as trouble:
            if trouble.errno not in (errno.ENOSPC, errno.EDQUOT) or not self._reserve.drop():
                raise
            outcome = self._publish_error(claim, version, text, poison=poison)
        log.warning("answered with an error", code=_code(error))
        return self._verdict(outcome, Verdict.REFUSED, name)

    def _publish_error(self, claim: Claim, version: Version, text: bytes, *, poison: bool) -> Outcome:
        answer = Answer(self._spool, claim.name, claim.token)
        try:
            answer.add("-error.txt", text)
            return answer.publish(
                version,
                self._attachments(claim.name),
                still_ours=lambda: claim.is_ours(self._spool),
                poison=poison,
            )
        finally:
            answer.discard()

    def _attachments(self, name: RequestName) -> list[Version]:
        """What lies beside a request, unopened."""
        names = [name.options_name, name.mask_name, name.control_name]
        names += [each for number in range(1, MAX_INPUTS + 1) for each in name.input_names(number)]
        looks = ((each, self._spool.peek(each)) for each in names)
        return [Version.of(each, look) for each, look in looks if look is not None]

    def _verdict(self, outcome: Outcome, published: Verdict, name: RequestName) -> Verdict:
        if outcome is Outcome.PUBLISHED:
            return published
        if outcome is Outcome.VOID:
            return Verdict.AGAIN if self._spool.look(name.file_name) is not None else Verdict.CANCELLED
        return Verdict.RETURNED

    def _error_text(self, name: RequestName, error: SpectacleError, attempts: int) -> bytes:
        kind = self._kind(name)
        details: dict[str, Any] = {
            "code": _code(error),
            "generator": kind.generator if kind is not None else "none",
            "host": this_host(),
            # Those are counted already.
            "attempts": attempts + (0 if isinstance(error, TooManyAttempts | WorkerTimeout) else 1),
            **error.details,
        }
        # Generators know nothing of file names and speak of STEM-input.png, as the documentation does.
        first = _STEM.sub(name.stem, " ".join(error.message.split()))
        rest = "".join(f"{key}: {' '.join(str(value).split())}\n" for key, value in details.items())
        return f"{first}\n\n{rest}".encode()

    def _version(self, name: RequestName, look: Look) -> Version:
        """The version of a request that may be unreadable; its digest is empty then, and it is kept as poison."""
        try:
            content, look = self._spool.read(name.file_name, self._settings().limits.max_prompt_bytes)
        except (OSError, NotOrdinary, TooLarge):
            return Version.of(name.file_name, look)
        return Version.of(name.file_name, look, content)

    def _kind(self, name: RequestName) -> KindSettings | None:
        settings = self._settings()
        return settings.kinds.get(name.kind or settings.default_kind)

    def _read(self, name: RequestName, seen: Look) -> Request:
        """Read and check the request file."""
        settings = self._settings()
        limits = settings.limits
        try:
            raw, look = self._spool.read(name.file_name, limits.max_prompt_bytes)
        except NotOrdinary as odd:
            raise UnreadableRequest(
                f"{name.file_name} is {odd}, not an ordinary file: write the prompt into a file of that name"
            ) from None
        except TooLarge as large:
            raise UnreadableRequest(
                f"{name.file_name} holds {large.args[0]} bytes, more than the {limits.max_prompt_bytes} allowed: "
                f"shorten it"
            ) from None
        except PermissionError:
            raise UnreadableRequest(
                f"{name.file_name} may not be read by the daemon: give its group the right to read it (mode 660)"
            ) from None
        if look.version != seen.version:
            raise _Changed
        version = Version.of(name.file_name, look, raw)
        self._check_size(name)
        if not raw:
            raise UnreadableRequest(f"{name.file_name} is empty: write what is to be drawn into it")
        text = decode_prompt(raw, max_bytes=limits.max_prompt_bytes)
        blocked = [re.compile(pattern, re.IGNORECASE) for pattern in settings.sanitize.blocked]
        prompt = sanitize(text, max_characters=limits.max_prompt_characters, blocked=blocked)
        return Request(name, version, prompt.text, prompt.notes)

    def _check_size(self, name: RequestName) -> None:
        most = self._settings().limits.max_pixels
        if name.width == 0 or name.height == 0:
            raise BadSize(f"{name.width}x{name.height} has no pixels: ask for at least 1x1")
        if name.width * name.height > most:
            raise BadSize(
                f"{name.width}x{name.height} is {name.width * name.height} pixels, more than the {most} allowed: "
                f"ask for less, for example 1024x1024"
            )

    def _order(self, request: Request, attachments: list[Version], descriptors: list[int]) -> Order:
        """Open what came with the request. Fills `attachments` and `descriptors` as far as it gets."""
        settings = self._settings()
        name = request.name
        kind = self._kind(name)
        if kind is None:
            raise UnknownKind(unknown_kind(name, settings, sorted(settings.kinds)))
        files: list[tuple[str, str]] = []

        def attach(role: str, *candidates: str) -> bool:
            for candidate in candidates:
                try:
                    descriptor, look = self._spool.open_file(candidate)
                except FileNotFoundError:
                    continue
                except NotOrdinary as odd:
                    raise BadAttachment(
                        f"{candidate} is {odd}, not an ordinary file: write the file itself under that name"
                    ) from None
                except PermissionError:
                    raise BadAttachment(
                        f"{candidate} may not be read by the daemon: give its group the right to read it (mode 660)"
                    ) from None
                descriptors.append(descriptor)
                attachments.append(Version.of(candidate, look))
                files.append((role, candidate))
                return True
            return False

        attach("options", name.options_name)
        given = 0
        while given < MAX_INPUTS and attach("input", *name.input_names(given + 1)):
            given += 1
        self._check_numbers(name, given)
        attach("mask", name.mask_name)
        attach("control", name.control_name)
        head = {
            "stem": name.stem,
            "kind": name.kind or settings.default_kind,
            "makes": "image/svg+xml" if kind.makes == "svg" else "image/png",
            "width": name.width,
            "height": name.height,
            "prompt": request.prompt,
            "notes": list(request.notes),
            "digest": request.version.digest,
            "options": kind.options,
            "max_input_pixels": settings.limits.max_input_pixels,
            "max_input_bytes": settings.limits.max_input_bytes,
        }
        return Order((kind.generator, kind.preset), head, files, descriptors)

    def _check_numbers(self, name: RequestName, given: int) -> None:
        """Refuse an input picture that would be passed over, for its number is too high or one before it is missing."""
        # Without any, which is the rule, only the second is looked for: every look costs a round trip on NFS.
        last = MAX_INPUTS + 1 if given else 2
        beyond = (each for number in range(given + 1, last + 1) for each in name.input_names(number))
        passed_over = next((each for each in beyond if self._spool.peek(each) is not None), None)
        if passed_over is None:
            return
        if given == MAX_INPUTS:
            raise BadAttachment(
                f"{passed_over} is more than the {MAX_INPUTS} input pictures that a request may have: leave it out, "
                f"and those after it"
            )
        missing = name.input_names(given + 1)[0]
        raise BadAttachment(f"{passed_over} is there but not {missing}: number the input pictures without a gap")


class _Changed(Exception):
    """Raised when a request was written to between two looks."""


def _code(error: SpectacleError) -> str:
    return error.error_code if isinstance(error, JobFailed) else error.code


def unknown_kind(name: RequestName, settings: Settings, served: Sequence[str]) -> str:
    """The sentence for a request of a kind that nobody serves."""
    kind = name.kind or settings.default_kind
    more = f" and {len(served) - MOST_NAMED} more" if len(served) > MOST_NAMED else ""
    return (
        f"kind {kind!r} is served by no running instance: use one of {', '.join(served[:MOST_NAMED]) or 'none'}{more}"
    )


class _Reporter:
    """Keeps a run's state, and its progress file when the client asked for one."""

    def __init__(self, spool: Spool, run: Run, worker: Worker) -> None:
        self._spool = spool
        self._run = run
        self._worker = worker
        self._wanted = False
        self._note = ""
        self._written = -PROGRESS_INTERVAL

    def started(self, progress: bool, seed: int) -> None:
        self._wanted = progress
        self._run.seed = seed
        self._write("running")

    def progress(self, step: int, steps: int, note: str) -> None:
        self._run.step, self._run.steps, self._note = step, steps, note
        if time.monotonic() - self._written >= PROGRESS_INTERVAL:
            self._write("running")

    def _write(self, state: str) -> None:
        if not self._wanted:
            return
        run = self._run
        fraction = run.step / run.steps if run.steps else 0.0
        elapsed = time.monotonic() - run.began
        loaded = self._worker.loaded
        content = {
            "state": state,
            "fraction": round(fraction, 4),
            "step": run.step,
            "steps": run.steps,
            "eta_s": round(elapsed / fraction - elapsed, 1) if fraction else None,
            "note": self._note,
            "generator": loaded[-1][0] if loaded else None,
            "host": this_host(),
        }
        with contextlib.suppress(OSError):
            self._spool.replace(run.name.progress_name, json.dumps(content).encode())
        self._written = time.monotonic()

    def close(self) -> None:
        """The progress file is removed with the answer; when there is none, here."""
        if self._wanted:
            with contextlib.suppress(OSError):
                self._spool.remove(self._run.name.progress_name)
