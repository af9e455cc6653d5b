"""The gateway's core: submit, find, watch and cancel jobs in the spool. It keeps nothing that a restart could lose."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from weakref import WeakValueDictionary

import structlog

from spectacle.client import (
    Progress,
    RequestCancelled,
    RequestExists,
    RequestFailed,
    Result,
    WaitTimeout,
    cancel_async,
    new_message_id,
    submit_async,
    wait_async,
)
from spectacle.client.files import read_small
from spectacle.config import Settings
from spectacle.errors import SpectacleError
from spectacle.gateway.callbacks import Callbacks
from spectacle.gateway.catalogue import Kinds
from spectacle.gateway.jobs import Failure, Job, Order, Output, State, keyed_message_id, time_text
from spectacle.gateway.limits import Limits
from spectacle.gateway.problems import Problem, problem_of
from spectacle.gateway.repeats import Repeats
from spectacle.gateway.seals import SealedResult, Seals
from spectacle.gateway.tokens import User
from spectacle.gateway.user_limits import check_user_limits
from spectacle.gateway.view import SpoolView, View, is_running
from spectacle.spool.naming import (
    MAX_NAME_BYTES,
    RequestName,
    is_image_of,
    make_stem,
    processed_input_name,
    request_name,
    request_of,
    result_of,
    thumbnail_of,
)

log = structlog.get_logger()

MAX_STARTED = 10_000
"""Most jobs of which it is remembered when they were seen to run."""

DOWNTIME = 30.0
"""Seconds before this gateway was started in which a result may have appeared that nobody has got."""

EVENT_INTERVAL = 0.5
"""Seconds between two looks at a job whose events a client follows."""


class Gateway:
    """The core that all dialects share.

    Attributes:
        settings: The settings.
        seals: Signs job IDs and links.
        kinds: The kinds that are served.
        view: What the spool contains.
        repeats: Recognizes requests that a client repeats.
        callbacks: Tells clients that their jobs have ended.

    Args:
        settings: The settings.
        seals: Signs job IDs and links.
    """

    def __init__(self, settings: Settings, seals: Seals) -> None:
        self.settings = settings
        self.spool: Path = settings.spool.path.absolute()
        self.seals = seals
        self.kinds = Kinds(settings)
        self.view = SpoolView(self.spool)
        self.limits = Limits(settings.gateway.rate)
        self.repeats = Repeats()
        self.callbacks = Callbacks(self)
        self._started: OrderedDict[str, datetime] = OrderedDict()
        self._submitting: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    # --- submitting -----------------------------------------------------------------------------------------------

    async def submit(
        self, user: User, order: Order, *, key: str | None = None, number: int = 1, repeat: bool | None = False
    ) -> Job:
        """Submit an order, or find the job that the same HTTP request has made before.

        Args:
            user: Who asks.
            order: What to make.
            key: The client's idempotency key: the same key and the same order mean the same job.
            number: Number of the job among those of one HTTP request.
            repeat: Without a key: whether the client repeats a request; None when it does not say. Then a job of the
                same order counts whose client has gone away without its result.

        Raises:
            Problem: When the user may not ask for it, asks too often, or has used the key for another order.
            SpectacleError: When it cannot be written.
        """
        attached = order.inputs or order.mask or order.control
        fingerprint = await asyncio.to_thread(order.fingerprint, number) if attached else order.fingerprint(number)
        if key is None:
            found = await self._repeated(user, fingerprint, repeat)
            if found is not None:
                return found
            return await self._write(user, order, f"{new_message_id()}-{fingerprint}")
        beginning = keyed_message_id(user.name, key)
        lock = self._submitting.setdefault(f"{user.name} {beginning} {number}", asyncio.Lock())
        async with lock:
            begin = f"{beginning}.{number}"
            for stem in _stems((await self.view.fresh()).beginning_with(f"{user.name}-{begin}-")):
                job = self.job_of(stem)
                if job is None or job.name.user != user.name:
                    continue
                if job.fingerprint != fingerprint:
                    raise Problem(
                        422,
                        "idempotency-key-reused",
                        "Idempotency-Key: used before for another request. Use a new key for each request.",
                    )
                return replace(job, replayed=True)
            return await self._write(user, order, f"{begin}-{fingerprint}")

    async def _write(self, user: User, order: Order, message_id: str) -> Job:
        await self._admit(user, order)
        stem = make_stem(user.name, message_id, order.width, order.height, order.kind)
        try:
            await self._put(order, user.name, message_id)
        except RequestExists:  # another gateway was faster with the same key
            name = RequestName.from_stem(stem)
            assert name is not None
            return Job(self.seals.job_id(stem), name, self.spool, replayed=True)
        job = self.job_of(stem)
        assert job is not None
        log.info("submitted", stem=stem)
        return job

    async def submit_again(self, user: User, job: Job, order: Order) -> None:
        """Submit a job that has failed once more, under its own name. Its error is removed when it starts.

        Raises:
            Problem: When the user may not ask for it, or asks too often.
            RequestExists: When it has been submitted again already.
            SpectacleError: When it cannot be written.
        """
        await self._admit(user, order)
        await self._put(order, user.name, job.name.msgid)
        log.info("submitted", stem=job.stem)

    async def _put(self, order: Order, user: str, message_id: str) -> None:
        await submit_async(
            self.spool,
            order.prompt,
            width=order.width,
            height=order.height,
            kind=order.kind,
            user=user,
            message_id=message_id,
            inputs=order.inputs,
            mask=order.mask,
            control=order.control,
            options={"progress": True, **order.options},
        )

    async def _admit(self, user: User, order: Order) -> None:
        self.limits.take(user)
        if order.kind is not None:
            await self.kinds.check_served(order.kind)
            if user.kinds is not None and order.kind not in user.kinds:
                raise Problem(403, "forbidden", f"kind {order.kind}: not allowed for user {user.name}. Use another.")
        elif user.kinds is not None and self.settings.default_kind not in user.kinds:
            raise Problem(403, "forbidden", f"the default kind: not allowed for user {user.name}. Name another.")
        await self.kinds.check_model(user, order.kind or self.settings.default_kind, order.options)
        await check_user_limits(self, user, order)
        most = user.max_waiting or self.settings.gateway.max_waiting
        if len((await self.view.recent()).unfinished(user.name)) >= most:
            raise Problem(
                429,
                "queue-full",
                f"user {user.name}: {most} unfinished requests are the limit. Wait for some of them, or cancel some.",
                headers={"Retry-After": "5"},
            )

    async def _repeated(self, user: User, fingerprint: str, repeat: bool | None) -> Job | None:
        if repeat is False:
            return None
        if (stem := self.repeats.take(user.name, fingerprint)) is not None:
            job = self.job_of(stem)
            return None if job is None else replace(job, replayed=True)
        if not (repeat or self.repeats.may_have_forgotten()):
            return None
        # A repeated request whose first attempt another gateway, or this one before a restart, has taken.
        newest: Job | None = None
        # Without being told so, only jobs from before this gateway was started count: all listings have those.
        view = await (self.view.fresh() if repeat else self.view.recent())
        own = view.beginning_with(f"{user.name}-")
        first = time_text(datetime.now(UTC) - timedelta(seconds=self.repeats.MEMORY))
        last = time_text(datetime.now(UTC) if repeat else self.repeats.started)
        begin, end = len(user.name) + 1, len(user.name) + 1 + len(first)
        # There may be very many, so what can be told by comparing the names is told first.
        for stem in _stems(name for name in own if fingerprint in name and first <= name[begin:end] <= last):
            job = self.job_of(stem)
            if job is None or job.name.user != user.name or job.fingerprint != fingerprint or job.submitted is None:
                continue
            if self.repeats.is_waited_for(stem) or (newest is not None and newest.stem > stem):
                continue
            if not repeat:
                finished = (await asyncio.to_thread(self._listed, job, view)).finished_at
                if finished is not None and finished < self.repeats.started - timedelta(seconds=DOWNTIME):
                    continue
            newest = job
        return None if newest is None else replace(newest, replayed=True)

    # --- finding --------------------------------------------------------------------------------------------------

    def job(self, user: User, job_id: str) -> Job:
        """The job of an ID.

        Raises:
            Problem: When no gateway made the ID, or for another user.
        """
        stem = self.seals.stem(job_id) if len(job_id) <= 2 * MAX_NAME_BYTES else None
        job = None if stem is None else self.job_of(stem)
        if job is None or job.name.user != user.name:
            raise job_not_found()
        return job

    def job_of(self, stem: str) -> Job | None:
        """The job of a stem, whoever submitted it; None for what is not a request's stem."""
        name = RequestName.from_stem(stem)
        return None if name is None else Job(self.seals.job_id(stem), name, self.spool)

    async def mine(self, user: User, most: int = 100) -> list[State]:
        """The states of a user's jobs, those submitted last first.

        Args:
            user: The user.
            most: How many at most.
        """
        view = await self.view.fresh()
        await self._learn_why()
        return await asyncio.to_thread(self._newest, view, user, view.beginning_with(f"{user.name}-"), most)

    async def unfinished(self, user: User) -> list[State]:
        """The states of a user's jobs that wait or run, those submitted last first."""
        view = await self.view.fresh()
        names = [request_name(stem) for stem in view.unfinished(user.name)]
        return await asyncio.to_thread(self._newest, view, user, names, len(names))

    async def _learn_why(self) -> None:
        """Learn what holds requests up, from the instances' reports."""
        with suppress(SpectacleError):
            await self.kinds.instances()

    def _newest(self, view: View, user: User, names: Iterable[str], most: int) -> list[State]:
        jobs = [job for stem in _stems(names) if (job := self.job_of(stem)) is not None and job.name.user == user.name]
        never = datetime.fromtimestamp(0, UTC)
        aged = [(job.submitted or self._listed(job, view).created_at or never, job.stem, job) for job in jobs]
        aged.sort(key=lambda each: each[:2], reverse=True)
        return [self._listed(job, view) for _, _, job in aged[:most]]

    # --- watching -------------------------------------------------------------------------------------------------

    async def state(self, job: Job) -> State:
        """What is known of a job at the moment.

        Raises:
            Problem: When it is not known any more.
            SpoolUnavailable: When the spool cannot be read.
        """
        return await self.wait(job, timeout=0)

    async def wait(
        self, job: Job, timeout: float | None = None, on_progress: Callable[[Progress], None] | None = None
    ) -> State:
        """Wait until a job has ended, or the time is up. All who wait share one watch of the directory.

        Args:
            job: The job.
            timeout: Seconds; None for any time.
            on_progress: Called when its progress changes.

        Raises:
            Problem: When it is not known any more.
            SpoolUnavailable: When the spool cannot be read.
        """
        try:
            result = await wait_async(job.ticket, timeout, on_progress)
        except WaitTimeout:
            view = await self.view.recent()
            if job.name.file_name not in view.known:  # younger than the listing
                view = await self.view.fresh()
            await self._learn_why()
            return await asyncio.to_thread(self._unfinished, job, view)
        except RequestFailed as error:
            details = dict(error.details)
            code = str(details.pop("code", "request-failed"))
            return State(
                job,
                "failed",
                job.submitted,
                self._started.get(job.stem),
                await asyncio.to_thread(_modified, self.spool / job.name.error_name),
                error=Failure(code, error.message, details),
            )
        except RequestCancelled as error:
            submitted = job.submitted
            if submitted is not None:
                age = datetime.now(UTC) - submitted
                if age > timedelta(seconds=self.settings.gateway.retention):
                    raise job_not_found() from None
            return State(job, "cancelled", submitted, error=Failure(error.code, error.message))
        return await asyncio.to_thread(self._succeeded, job, result)

    async def events(self, job: Job) -> AsyncIterator[State]:
        """The state of a job now and whenever it has changed, until it has ended."""
        last = None
        while True:
            began = time.monotonic()
            state = await self.state(job)
            if state != last:
                last = state
                yield state
            if state.ended:
                return
            with suppress(WaitTimeout, RequestFailed, RequestCancelled):
                await wait_async(job.ticket, max(0.0, EVENT_INTERVAL - (time.monotonic() - began)))

    def _unfinished(self, job: Job, view: View) -> State:
        running = is_running(view, job.stem)
        progress = None
        if running:
            with suppress(OSError):
                progress = Progress.parse(read_small(self.spool / job.name.progress_name))
        created = job.submitted or _modified(self.spool / job.name.file_name)
        place = None if running else view.place(job.name.user, job.stem)
        if running and job.stem not in self._started:
            self._started[job.stem] = datetime.now(UTC)
            if len(self._started) > MAX_STARTED:
                self._started.popitem(last=False)
        return State(
            job,
            "running" if running else "queued",
            created,
            self._started.get(job.stem),
            place=place,
            why=None if running else self.kinds.why_waiting(job.name),
            progress=progress,
        )

    def _listed(self, job: Job, view: View) -> State:
        """The state of a job, as far as a listing tells."""
        if request_name(job.stem) in view.known:
            return self._unfinished(job, view)
        found = sorted(name for name in view.beginning_with(job.stem) if is_image_of(job.stem, name))
        if any(result_of(job.stem, name) for name in found):
            paths = tuple(self.spool / name for name in found)
            return self._succeeded(job, Result(paths[0], paths))
        error = self.spool / job.name.error_name
        try:
            message, _, rest = read_small(error).partition("\n")
        except OSError:
            return State(job, "cancelled", job.submitted)
        pairs = dict(line.split(": ", 1) for line in rest.splitlines() if ": " in line)
        failure = Failure(pairs.pop("code", "request-failed"), message.strip(), pairs)
        finished = _modified(error)
        return State(job, "failed", job.submitted or finished, finished_at=finished, error=failure)

    def _succeeded(self, job: Job, result: Result) -> State:
        outputs, thumbnails, processed = [], [], None
        for path in result.paths:
            if (found := result_of(job.stem, path.name)) is not None:
                outputs.append(Output(*found, path))
            elif (found := thumbnail_of(job.stem, path.name)) is not None:
                thumbnails.append(Output(*found, path, thumbnail=True))
            elif path.name == processed_input_name(job.stem):
                processed = Output(0, "png", path)
        outputs.sort(key=lambda output: (output.extension != "svg", output.number))
        thumbnails.sort(key=lambda output: output.number)
        finished = _modified(outputs[0].path)
        started = self._started.get(job.stem)
        submitted = job.submitted or finished
        return State(
            job,
            "succeeded",
            submitted,
            started,
            finished,
            outputs=tuple(outputs),
            thumbnails=tuple(thumbnails),
            processed_input=processed,
        )

    # --- cancelling -----------------------------------------------------------------------------------------------

    async def cancel(self, job: Job) -> bool:
        """Cancel a job. Returns whether it was still there; one that has ended stays as it is.

        Raises:
            SpoolUnavailable: When it cannot be deleted.
        """
        cancelled = await cancel_async(job.ticket)
        if cancelled:
            log.info("cancelled by client", stem=job.stem)
        return cancelled

    # --- results --------------------------------------------------------------------------------------------------

    def link(self, base: str, job: Job, output: Output, form: str | None = None, quality: int | None = None) -> str:
        """A URL under which anybody gets a result for a while.

        Args:
            base: URL of the gateway, as the client sees it.
            job: The job.
            output: The result.
            form: `png`, `webp` or `jpeg` to have another format transcoded; None for the file as it is.
            quality: Of `webp` and `jpeg`.
        """
        form = form or output.form
        sealed = self.seals.link(SealedResult(job.stem, output.number, form, quality, output.thumbnail))
        return f"{(self.settings.gateway.public_url or base).rstrip('/')}/results/{sealed}.{form}"


def job_not_found() -> Problem:
    """The problem of a job that does not exist for this user."""
    return Problem(404, "job-not-found", "no such job. Check its ID and the token; old jobs are removed.")


def raise_when_failed(state: State) -> State:
    """The state itself, when it has results.

    Raises:
        Problem: When there are none.
    """
    if state.status == "succeeded":
        return state
    error = state.error or Failure("request-failed", f"{state.job.stem}: there is no result. Submit it again.")
    raise problem_of(RequestFailed(error.message, {**error.details, "code": error.code}))


def _stems(names: Iterable[str]) -> list[str]:
    """The stems of the requests that these files are, or are a result of."""
    stems: dict[str, None] = {}
    for name in names:
        request = RequestName.parse(name)
        if request is None:
            request = request_of(name)
            if request is None or not (name == request.error_name or result_of(request.stem, name)):
                continue
        stems[request.stem] = None
    return list(stems)


def _modified(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.lstat().st_mtime, UTC)
    except OSError:
        return None
