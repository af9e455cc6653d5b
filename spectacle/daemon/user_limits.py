"""Enforces the limits of users: who is passed over or refused while requests wait, and who may start one more.

What decides is `admit`, when a request is about to run: it is counted where the other instances see it, and theirs are
counted once more after that. Everything before saves work, and tells clients early.
"""

from __future__ import annotations

import contextlib
import threading
from collections import defaultdict
from collections.abc import Callable, Collection

from spectacle.config import Settings
from spectacle.daemon.backlog import Backlog, State, TrackedRequest
from spectacle.errors import OverLimit
from spectacle.spool.directory import Spool
from spectacle.spool.instances import Instances
from spectacle.spool.naming import RequestName, request_name
from spectacle.spool.usage import Account, Usage, read_accounts
from spectacle.spool.user_limits import over, over_waiting, too_large

CLOCK_INTERVAL = 600.0
"""Seconds after which the file server's time is asked for again."""


REST, SHORT = 20.0, 0.01
"""How many times as long as going by the limits takes, it is left alone afterwards: at most a twentieth of a core. What
takes less than so many seconds is done whenever it is due."""


class UserLimits:
    """The limits as this instance enforces them. Thread-safe; does nothing while none are set.

    Args:
        spool: The spool.
        backlog: The known requests.
        instances: The other instances.
        settings: Gives the current settings.
        wake: Called when what users have running has changed, for the loop to go by it.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        spool: Spool,
        backlog: Backlog,
        instances: Instances,
        settings: Callable[[], Settings],
        wake: Callable[[], None],
        clock: Callable[[], float],
    ) -> None:
        self._spool = spool
        self._backlog = backlog
        self._instances = instances
        self._settings = settings
        self._wake = wake
        self._clock = clock
        self._claimed: Collection[str] = ()
        self._lock = threading.Lock()
        self._account = Account(spool, instances.identity)
        self._began: dict[str, float] = {}
        self._live: set[str] = set()
        self._others: dict[str, Usage] = {}
        self._looked_at = self._rests_until = float("-inf")
        self._offset: float | None = None
        self._asked_at = float("-inf")
        self._changed = False
        self._why: dict[str, str] = {}

    def why(self, user: str) -> str | None:
        """Why a user's requests are held up, for people; None when they are not."""
        return self._why.get(user)

    @property
    def held_up(self) -> dict[str, str]:
        """The users whose requests are held up, each with the reason."""
        return dict(self._why)

    def refresh(self, now: float) -> list[tuple[TrackedRequest, OverLimit]]:
        """Go by what users have had, when a poll is due or a request has ended here.

        Returns:
            The requests that are to get an error.

        Raises:
            OSError: When the spool is in trouble.
        """
        settings = self._settings()
        due = now - self._looked_at >= settings.spool.poll_interval * 0.9
        if now < self._rests_until or not (due or self._changed):
            return []
        self._changed = False
        if not settings.limits.users.are_set:
            if self._why:
                self._why = {}
                self._backlog.block(frozenset())
            return []
        if due:
            self._looked_at = now
            self._live = self._instances.live_identities()
            others = read_accounts(self._spool, self._live, self._instances.identity)
            with self._lock:
                self._others = others
        began = self._clock()
        refused = self._judge(self._server_now())
        ended = self._clock()
        if ended - began >= SHORT:
            self._rests_until = ended + REST * (ended - began)
        return refused

    def listed(self, claimed: Collection[str]) -> None:
        """Take note of the stems that the last scan has found claimed."""
        self._claimed = claimed

    def _judge(self, now: float) -> list[tuple[TrackedRequest, OverLimit]]:
        limits = self._settings().limits.users
        usage = self._usage()
        started = set(self._claimed).union(*(each.running for each in usage.values()))
        waiting: dict[str, list[TrackedRequest]] = defaultdict(list)
        for tracked in self._backlog.waiting():
            if tracked.name.stem not in started:
                waiting[tracked.name.user].append(tracked)
        refused: list[tuple[TrackedRequest, OverLimit]] = []
        why: dict[str, str] = {}
        for user, theirs in waiting.items():
            theirs.sort(key=lambda each: (each.status.mtime_ns, each.name.stem))
            had = self._still_running(usage.get(user, Usage()))
            kept = pixels = 0
            for tracked in theirs:
                error = over_waiting(user, kept, limits)
                if error is None:
                    error = over(tracked.name, had, limits, now, ahead=kept, ahead_pixels=pixels)
                    if error is not None and self._waits(tracked.name):
                        if not kept:
                            why[user] = error.message
                        error = None
                if error is None:
                    kept, pixels = kept + 1, pixels + tracked.name.width * tracked.name.height
                elif tracked.state is State.READY:
                    refused.append((tracked, error))
        self._why = why
        self._backlog.block(frozenset(why))
        return refused

    def _waits(self, name: RequestName) -> bool:
        """Whether a request waits for which there is no room, instead of getting an error."""
        limits = self._settings().limits.users
        return limits.over == "wait" and not too_large(name, limits)

    def _still_running(self, usage: Usage) -> Usage:
        """What a user has had, without the requests that have their results, which may not have been noted yet."""
        if self._settings().limits.users.running is None:
            return usage
        running = {stem for stem in usage.running if self._spool.look(request_name(stem)) is not None}
        return Usage(usage.started, running)

    def admit(self, name: RequestName) -> OverLimit | bool:
        """Count a request that is about to run, if there is room. `done` is to be called at its end.

        Returns:
            True when it may run, False when it is to be tried again later, or the error it gets.

        Raises:
            OSError: When the spool is in trouble.
        """
        limits = self._settings().limits.users
        if limits.running is None and limits.per_hour is None and limits.pixels is None:
            return True
        with self._lock:
            self._changed = True
            now = self._server_now()
            error = self._over(name, now)
            if error is not None:
                return False if self._waits(name) else error
            self._account.begin(name, now)
            try:
                self._account.write(now)
                self._account.withdraw(name, now)
                if self._over(name, now) is not None:
                    # Another instance has started one in the same moment.
                    self._account.write(now)
                    return False
            except OSError:
                self._account.withdraw(name, now)
                raise
            self._account.begin(name, now)
            self._began[name.stem] = now
        self._wake()
        return True

    def _over(self, name: RequestName, now: float) -> OverLimit | None:
        self._others = read_accounts(self._spool, self._live, self._instances.identity)
        usage = self._still_running(self._usage_unlocked().get(name.user, Usage()))
        usage.running.discard(name.stem)
        return over(name, usage, self._settings().limits.users, now)

    def done(self, name: RequestName, *, counts: bool) -> None:
        """Hear that a request has ended here.

        Args:
            name: The request.
            counts: Whether it counts as started.
        """
        with self._lock:
            began = self._began.pop(name.stem, None)
            if began is None:
                return
            if counts:
                self._account.end(name)
            else:
                self._account.withdraw(name, began)
            self._changed = True
            # What is not written now is with the next request.
            with contextlib.suppress(OSError):
                self._account.write(self._server_now())
        self._wake()

    def _usage(self) -> dict[str, Usage]:
        with self._lock:
            return self._usage_unlocked()

    def _usage_unlocked(self) -> dict[str, Usage]:
        found = {user: Usage(dict(usage.started), set(usage.running)) for user, usage in self._others.items()}
        self._account.add_to(found)
        return found

    def _server_now(self) -> float:
        now = self._clock()
        if self._offset is None or now - self._asked_at > CLOCK_INTERVAL:
            self._offset, self._asked_at = self._spool.now_ns() / 1e9 - now, now
        return now + self._offset
