"""Keeps the progress files of requests that wait, for clients that asked for progress.

Of several instances that serve a kind, the first by its name does it. Whoever runs a request owns its progress file, so
after each write it is checked that the request still waits.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Collection

from spectacle.config import Settings
from spectacle.daemon.backlog import Backlog, State, TrackedRequest
from spectacle.daemon.pausing import Pausing
from spectacle.spool.claims import this_host
from spectacle.spool.directory import Spool
from spectacle.spool.file_status import NotOrdinary, TooLarge
from spectacle.spool.instances import Instances
from spectacle.spool.naming import RequestName
from spectacle.spool.sharing import Sharing

INTERVAL = 1.0
"""Minimum seconds between two states of a progress file."""

MAX_SECONDS = 0.05
"""Seconds of a turn of the loop that are spent on them; the requests that begin next come first."""

MIN_WAIT = 0.5
"""Seconds for which a request waits before it gets a file: most are begun sooner."""

_MAX_OPTIONS = 64 * 1024


class WaitingProgress:
    """The progress files of waiting requests. Used by the loop's thread.

    Args:
        spool: The spool.
        backlog: The known requests.
        instances: The other instances.
        pausing: What is paused.
        why: Says why a user's requests are held up, or None.
        settings: Gives the current settings.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        spool: Spool,
        backlog: Backlog,
        instances: Instances,
        pausing: Pausing,
        why: Callable[[str], str | None],
        settings: Callable[[], Settings],
        clock: Callable[[], float],
    ) -> None:
        self._spool = spool
        self._backlog = backlog
        self._instances = instances
        self._pausing = pausing
        self._why = why
        self._settings = settings
        self._clock = clock
        self._told_at = float("-inf")
        self._claimed: Collection[str] = ()
        self._with_options: Collection[str] = ()
        self._wanted: dict[str, tuple[tuple[int, int, int], bool]] = {}
        self._written: dict[str, bytes] = {}

    def listed(self, claimed: Collection[str], with_options: Collection[str]) -> None:
        """Take note of the stems that the last scan has found claimed, and of those that have an options file."""
        self._claimed, self._with_options = claimed, with_options

    def tell_when_due(self, now: float) -> None:
        """Write the files whose content has changed, and remove those of requests that wait no more.

        Raises:
            OSError: When the spool is in trouble.
        """
        if now - self._told_at < INTERVAL:
            return
        self._told_at = now
        wanted = {each.name.stem for each in self._backlog.waiting() if self._is_wanted(each, now)}
        self._wanted = {stem: known for stem, known in self._wanted.items() if stem in self._backlog}
        for stem in self._written.keys() - wanted:
            self._drop(stem)
        if not wanted:
            return
        others = self._instances.told_by_others()
        for tracked, ahead, left in self._backlog.places():
            if self._clock() - now > MAX_SECONDS:
                break
            if tracked.name.stem in wanted and (tracked.name.kind or self._settings().default_kind) not in others:
                self._tell(tracked, ahead, left)

    def remove_all(self) -> None:
        """Remove the files: nobody keeps them up to date, or the space is needed."""
        for stem in list(self._written):
            with contextlib.suppress(OSError):
                self._drop(stem)

    def _is_wanted(self, tracked: TrackedRequest, now: float) -> bool:
        stem, version = tracked.name.stem, tracked.status.version
        if now - tracked.since < MIN_WAIT or stem in self._claimed:
            return False
        if stem not in self._with_options:
            return self._default(tracked.name)
        known = self._wanted.get(stem)
        if known is None or known[0] != version:
            if self._clock() - now > MAX_SECONDS:
                return False
            known = self._wanted[stem] = version, self._asks_for_it(tracked.name)
        return known[1]

    def _default(self, name: RequestName) -> bool:
        settings = self._settings()
        kind = settings.kinds.get(name.kind or settings.default_kind)
        return kind is not None and kind.options.get("progress") is True

    def _asks_for_it(self, name: RequestName) -> bool:
        options: object = {}
        with contextlib.suppress(OSError, NotOrdinary, TooLarge, ValueError, RecursionError):
            options = json.loads(self._spool.read(name.options_name, _MAX_OPTIONS)[0])
        asked = options.get("progress") if isinstance(options, dict) else None
        return self._default(name) if asked is None else asked is True

    def _tell(self, tracked: TrackedRequest, ahead: int, left: float | None) -> None:
        settings, name = self._settings(), tracked.name
        kind = name.kind or settings.default_kind
        pause = self._pausing.pauses.of(kind) if tracked.state is State.PAUSED else None
        content = json.dumps(
            {
                "state": "waiting",
                "fraction": 0.0,
                "step": 0,
                "steps": 0,
                "eta_s": None if left is None else round(left),
                "ahead": ahead,
                "note": (pause.told if pause is not None else self._why(name.user)) or "",
                "generator": settings.kinds[kind].generator if kind in settings.kinds else None,
                "host": this_host(),
            }
        ).encode()
        if self._written.get(name.stem) == content:
            return
        with contextlib.suppress(OSError):
            self._spool.replace(name.progress_name, content, Sharing(tracked.status, settings.spool.file_mode))
            self._written[name.stem] = content
        if self._spool.look(name.file_name) is None or self._spool.look(name.lock_name) is not None:
            # It was just taken: the file belongs to whoever runs it, or to nobody.
            self._written.pop(name.stem, None)
            self._remove(name)

    def _drop(self, stem: str) -> None:
        """Remove the file of a request that waits no more, unless it runs and has its own."""
        del self._written[stem]
        name = RequestName.from_stem(stem)
        assert name is not None
        if self._spool.look(name.lock_name) is None:
            self._remove(name)

    def _remove(self, name: RequestName) -> None:
        with contextlib.suppress(OSError):
            self._spool.remove(name.progress_name)
