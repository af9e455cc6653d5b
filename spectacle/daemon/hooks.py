"""Runs the operator's programs after requests have ended: without a shell, bounded, and never in a result's way."""

from __future__ import annotations

import contextlib
import os
import queue
import resource
import select
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import structlog

from spectacle.config import HookSettings, Settings
from spectacle.daemon.notices import Notices
from spectacle.errors import one_line
from spectacle.spool.claims import this_host
from spectacle.spool.naming import RequestName

log = structlog.get_logger()

Event = Literal["answered", "failed"]

PASSED_ON = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR")
"""The daemon's variables that programs get. Others may be secret, or are settings that other commands would obey."""

MAX_SAID = 4096
"""Bytes of what a program writes to standard error that are kept, for the log."""

KILL_SECONDS = 2.0
"""Seconds within which a program that is killed has ended."""

_MAX_SHOWN = 300


@dataclass(frozen=True, slots=True)
class Ended:
    """A request that has its result.

    Attributes:
        name: The request.
        kind: Its kind.
        files: The names of the result's files in the spool, the primary one first.
        seconds: How long it was processed; None for one that another instance had processed.
        generator: What has processed it, or None.
        code: Code of its error, or None.
        message: The error in one line, or None.
    """

    name: RequestName
    kind: str
    files: tuple[str, ...]
    seconds: float | None = None
    generator: str | None = None
    code: str | None = None
    message: str | None = None

    @property
    def event(self) -> Event:
        """Which program is to be run."""
        return "failed" if self.files == (self.name.error_name,) else "answered"


class Hooks:
    """The programs of one instance. Threads are started with the first program.

    Args:
        settings: Gives the current settings.
        notices: Told of programs that fail.
    """

    def __init__(self, settings: Callable[[], Settings], notices: Notices) -> None:
        self._settings = settings
        self._notices = notices
        self._queue: queue.Queue[tuple[Event, Sequence[str], Mapping[str, str]]] = queue.Queue()
        self._change = threading.Condition()
        self._threads = 0
        self._busy = 0
        self._waiting = 0
        self._closed = threading.Event()

    def ended(self, request: Ended) -> None:
        """Have the program run for a request that has its result. Returns immediately."""
        settings = self._settings()
        command = getattr(settings.hooks, request.event)
        if not command or self._closed.is_set():
            return
        with self._change:
            if self._waiting >= settings.hooks.waiting:
                log.warning("hook dropped", hook=request.event, stem=request.name.stem, waiting=self._waiting)
                return
            self._waiting += 1
            self._queue.put((request.event, command, _facts(request, settings)))
            if self._threads < min(settings.hooks.running, self._busy + self._waiting):
                self._threads += 1
                threading.Thread(target=self._work, name=f"hook-{self._threads}", daemon=True).start()

    def wait(self, seconds: float) -> bool:
        """Wait until nothing runs and nothing waits, so many seconds at most. Returns whether that is so."""
        with self._change:
            if self._busy or self._waiting:
                self._change.wait(seconds)
            return not self._busy and not self._waiting

    def close(self) -> None:
        """Kill what runs, and drop what waits."""
        with self._change:
            if self._waiting:
                log.warning("hooks dropped at the end", waiting=self._waiting)
        self._closed.set()
        deadline = time.monotonic() + KILL_SECONDS
        with self._change:
            while self._busy and time.monotonic() < deadline:
                self._change.wait(0.1)

    def _work(self) -> None:
        while not self._closed.is_set():
            try:
                event, command, facts = self._queue.get(timeout=1.0)
            except queue.Empty:
                with self._change:
                    if not self._waiting:
                        self._threads -= 1
                        return
                continue
            with self._change:
                self._waiting -= 1
                self._busy += 1
            try:
                trouble = run(command, facts, self._settings().hooks, self._closed.is_set)
                if trouble is not None:
                    log.warning("hook failed", hook=event, stem=facts["HOOK_STEM"], reason=trouble)
                    self._notices.add("hook", f"hooks.{event}: {trouble}")
            except Exception:
                log.exception("internal error while running a hook")
            finally:
                with self._change:
                    self._busy -= 1
                    self._change.notify_all()


def run(
    command: Sequence[str], facts: Mapping[str, str], settings: HookSettings, unwanted: Callable[[], bool]
) -> str | None:
    """Run a program to its end.

    Args:
        command: Program and arguments.
        facts: Its variables, in addition to those in `PASSED_ON`.
        settings: The bounds.
        unwanted: Asked again and again whether to kill it.

    Returns:
        What went wrong, or None.
    """
    environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            env={**environment, **facts}, cwd="/", start_new_session=True,
        )  # fmt: skip
    except (OSError, ValueError) as error:
        return f"{command[0]}: cannot be started: {getattr(error, 'strerror', None) or error}"
    assert process.stderr is not None
    with process.stderr as said:
        if hasattr(resource, "prlimit"):
            with contextlib.suppress(OSError, ValueError):
                resource.prlimit(process.pid, resource.RLIMIT_AS, (settings.memory, settings.memory))
                resource.prlimit(process.pid, resource.RLIMIT_CORE, (0, 0))
        deadline = time.monotonic() + settings.timeout
        words = _listen(process, said.fileno(), deadline, unwanted)
        in_time = process.poll() is not None
        # With what it has started, which may have outlived it.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        status = process.wait()
    said_last = one_line(words.decode(errors="replace"), _MAX_SHOWN)
    more = f": {said_last}" if said_last else ""
    if not in_time:
        return f"{command[0]}: killed after {settings.timeout:g} s{more}"
    if status:
        ended = f"was ended by signal {-status}" if status < 0 else f"exited with status {status}"
        return f"{command[0]}: {ended}{more}"
    return None


def _listen(process: subprocess.Popen[bytes], descriptor: int, deadline: float, unwanted: Callable[[], bool]) -> bytes:
    """Wait for the end of a program, and keep the beginning of what it says."""
    kept = b""
    open_ = True
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    while process.poll() is None and time.monotonic() < deadline and not unwanted():
        if not open_:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(min(0.2, max(0.0, deadline - time.monotonic())))
            continue
        if poll.poll(50):
            part = os.read(descriptor, 65536)
            open_ = bool(part)
            kept = (kept + part)[:MAX_SAID]
    while open_ and len(kept) < MAX_SAID and poll.poll(0) and (part := os.read(descriptor, 65536)):
        kept = (kept + part)[:MAX_SAID]
    return kept


def _facts(request: Ended, settings: Settings) -> dict[str, str]:
    spool, name = settings.spool.path.absolute(), request.name
    facts = {
        "EVENT": request.event,
        "SPOOL": str(spool),
        "STEM": name.stem,
        "USER": name.user,
        "MSGID": name.msgid,
        "KIND": request.kind,
        "WIDTH": str(name.width),
        "HEIGHT": str(name.height),
        "FILE": str(spool / request.files[0]),
        "FILES": "\n".join(str(spool / each) for each in request.files),
        "SECONDS": "" if request.seconds is None else f"{request.seconds:.3f}",
        "GENERATOR": request.generator or "",
        "CODE": request.code or "",
        "MESSAGE": request.message or "",
        "HOST": this_host(),
    }
    return {f"HOOK_{key}": value.replace("\0", "") for key, value in facts.items()}
