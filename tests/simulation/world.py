"""Hosts, processes and what is mounted: everything that is not a file, and what goes wrong with it."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

from simulation.file_system import FileSystem, Inode, failure
from simulation.nfs import LocalView, NfsView
from simulation.plan import Fault, Plan
from simulation.scheduler import Scheduler, Thread
from simulation.system import After, System
from spectacle.spool.naming import parse_retired, request_of, result_of

SPOOL = Path("/spool")
_PREFIX = "/spool/"

Listener = Callable[[str, bool], None]
"""Told a file name, and whether it is gone rather than complete."""


class Host:
    """One machine.

    Attributes:
        view: How it sees the file system.
        processes: Its processes, by their numbers.
        listeners: Who is told of events in a directory.
        mounted: The directory that lies under the spool's path for daemons here.
    """

    def __init__(self, world: World, number: int) -> None:
        self.number = number
        self.name = f"host{number}"
        self.boot = 100 + number
        self.view = (
            NfsView(world.files, world.scheduler.monotonic, world.plan.network, number)
            if world.plan.network
            else LocalView(world.files)
        )
        self.mounted: Inode = world.spool
        self.processes: dict[int, Process] = {}
        self.listeners: list[tuple[Inode, Listener]] = []

    def tell(self, directory: Inode, name: str, *, gone: bool) -> None:
        """Tell those who watch a directory on this host what happened in it."""
        for watched, listener in self.listeners:
            if watched is directory:
                listener(name, gone)


class Process:
    """One process.

    Attributes:
        name: Its name, the same for the one that takes its place after it was killed.
        pid: Its number on its host.
        dead: Whether it was killed.
        held_until: Time until which it is stopped.
        is_daemon: Whether it loses sight of the spool while another directory lies under its path. Clients are on hosts
            where that does not happen.
    """

    def __init__(self, world: World, name: str, host: Host) -> None:
        world.processes += 1
        self.name = name
        self.host = host
        self.pid = world.processes
        self.dead = False
        self.held_until = 0.0
        self.is_daemon = False
        self._world = world
        self.system = world.system_type(world, self)
        self.listening: list[tuple[Inode, Listener]] = []
        host.processes[self.pid] = self

    def end(self) -> None:
        """Be killed. Does not return when a thread of this process calls it."""
        self.bury()
        self._world.scheduler.kill(self)

    def bury(self) -> None:
        """Do what a kernel does for a process that has ended."""
        self.dead = True
        self.host.processes.pop(self.pid, None)
        for each in self.listening:
            if each in self.host.listeners:
                self.host.listeners.remove(each)
        for stem in self._world.opening:
            self._world.opened(self, stem)
        for descriptor in list(self.system.descriptors):
            self.system.close_quietly(descriptor)


class World:
    """Everything there is in one run.

    Attributes:
        full: Whether nothing more can be written.
        spool: The spool.
        claims: How many claims there have been on each stem.
        opening: Which processes have claimed a stem, but have not yet opened all that belongs to it.
        changed: When the client of a stem last asked for something else.
        ran_on: Runs that went on although something else was asked for.
        gone_too_early: Requests that were gone from the spool without an answer, in the eyes of a client that waits.
        removed_early: Results that were removed before they were as old as they may get, and were not asked for again.
        busy: How many things will happen after a while.
        setbacks: How many processes were killed or held up for long.
        log: What happened beside system calls, for people.
    """

    system_type = System

    def __init__(self, plan: Plan, scheduler: Scheduler) -> None:
        self.plan = plan
        self.scheduler = scheduler
        self._offset = 10**18
        self.files = FileSystem(self._server_ns, plan.tick_ns, reuses_numbers=plan.reuses_numbers)
        self.spool = self.files.root
        self.full = False
        self.processes = 0
        self.log: list[tuple[int, float, str]] = []
        hosts = 1 + max([each.host for each in plan.daemons] + [each.host for each in plan.clients])
        self.hosts = [Host(self, number) for number in range(hosts)]
        self.environment = Process(self, "environment", self.hosts[0])
        self._pending = {
            name: sorted((each for each in plan.faults if each.thread == name), key=lambda each: -each.call)
            for name in {each.thread for each in plan.faults}
        }
        self.on_kill: Callable[[Process, float], None] = lambda process, restart: None
        self.setbacks = self.batches = 0
        self.has_events_of: Callable[[str], bool] = lambda name: False
        self.on_stop: Callable[[Process, float], None] = lambda process, restart: None
        self.on_kinds: Callable[[Process], None] = lambda process: None
        scheduler.on_trap = self._set_trap
        self.changed: dict[str, float] = {}
        self.ran_on: list[str] = []
        self.gone_too_early: list[str] = []
        self.removed_early: list[str] = []
        self.busy = 0
        self.faults: list[str] = []
        self.claims: dict[str, int] = {}
        self.opening: dict[str, set[Process]] = {}

    def _server_ns(self) -> int:
        return self._offset + int(self.scheduler.now * 1e9)

    def claimed(self, process: Process, stem: str) -> None:
        """Take note that a process has made a claim, and is about to open the request and its attachments."""
        self.claims[stem] = self.claims.get(stem, 0) + 1
        self.opening.setdefault(stem, set()).add(process)

    def opened(self, process: Process, stem: str) -> None:
        """Take note that a process has everything open, or has ended."""
        self.opening.get(stem, set()).discard(process)

    def removing(self, directory: Inode, name: str) -> None:
        """Take note that a name is being removed: of a result, only when it is old or asked for again."""
        plan = self.plan
        retired = parse_retired(name) if plan.keeps and directory is self.spool else None
        inode = directory.entries.get(name)
        if retired is None or inode is None or any(each.action == "clock" for each in plan.faults):
            return
        if directory.entries.get(retired[0]) is inode:
            return  # it was not the one meant, and has its name again
        request = request_of(retired[0])
        if request is None or (retired[0] != request.error_name and result_of(request.stem, retired[0]) is None):
            return
        if request.file_name in self.spool.entries:
            return
        age = (self._server_ns() - inode.mtime_ns) / 1e9
        if age < plan.keeps and self.changed.get(request.stem, 0.0) < self.scheduler.now - age:
            self.removed_early.append(f"{retired[0]} after {age:.2f} s")

    def set_clock(self, seconds: float) -> None:
        """Have the file server's clock jump."""
        self._offset += int(seconds * 1e9)

    def split(self, path: str | Path, process: Process) -> tuple[Inode, str]:
        """The directory and the name in it of a path."""
        path = str(path)
        if path.startswith(_PREFIX):
            name = path[len(_PREFIX) :]
        elif path == _PREFIX[:-1]:
            name = "."
        else:
            raise failure(errno.ENOENT, path)
        return process.host.mounted if process.is_daemon else self.spool, name

    def tell(self, event: str) -> None:
        """Note something for people."""
        self.log.append((self.scheduler.step, self.scheduler.now, event))

    def spawn(self, process: Process, name: str, function: Callable[[], None]) -> Thread:
        """Begin a thread of a process, to which its faults happen."""
        thread = self.scheduler.spawn(process, f"{process.name}.{name}", function)
        self._plan_fault(thread)
        return thread

    def _plan_fault(self, thread: Thread) -> None:
        pending = self._pending.get(thread.name)
        while pending and pending[-1].call <= thread.calls:
            pending.pop()
        thread.next_fault = pending[-1].call if pending else -1

    def _set_trap(self, thread: Thread, calls: float, action: str, value: float) -> None:
        pending = self._pending.setdefault(thread.name, [])
        pending.append(Fault(thread.name, thread.calls + 1 + int(calls), action, value))
        pending.sort(key=lambda each: -each.call)
        self._plan_fault(thread)

    def later(self, seconds: float, function: Callable[[], None]) -> None:
        """Do something after a while."""

        def wait() -> None:
            self.scheduler.sleep(seconds)
            self.busy -= 1
            function()

        self.busy += 1
        self.scheduler.spawn(self.environment, "environment.later", wait)

    def fault(self, process: Process, thread: Thread, call: str, name: object) -> After:
        """Let the fault happen that is due at this call of a thread."""
        pending = self._pending[thread.name]
        fault = pending.pop()
        self._plan_fault(thread)
        self.tell(f"{thread.name}: {fault.action} {fault.value} at call {fault.call}, {call} {name}")
        return getattr(self, "_" + fault.action.replace(" ", "_"))(process, fault, call)  # type: ignore[no-any-return]

    def _kill(self, process: Process, fault: Fault, call: str) -> After:
        self.setbacks += 1
        self.on_kill(process, fault.value)
        process.end()
        return None

    def _kill_after(self, process: Process, fault: Fault, call: str) -> After:
        def after() -> None:
            self._kill(process, fault, call)

        return after

    def _stop(self, process: Process, fault: Fault, call: str) -> After:
        self.setbacks += 1
        self.on_stop(process, fault.value)
        return None

    def _error(self, process: Process, fault: Fault, call: str) -> After:
        raise failure(int(fault.value))

    def _error_after(self, process: Process, fault: Fault, call: str) -> After:
        def after() -> None:
            raise failure(int(fault.value))

        return after

    def _lost_reply(self, process: Process, fault: Fault, call: str) -> After:
        number = {
            "link": errno.EEXIST,
            "mkdir": errno.EEXIST,
            "rename": errno.ENOENT,
            "rename_exclusive": errno.ENOENT,
            "unlink": errno.ENOENT,
        }.get(call)
        if number is None:
            return None

        def after() -> None:
            raise failure(number)

        return after

    def _hold(self, process: Process, fault: Fault, call: str) -> After:
        if fault.value > self.plan.lease / 3:
            self.setbacks += 1
        self.scheduler.hold_up(process, fault.value)
        self.scheduler.sleep(fault.value)
        return None

    def _swap(self, process: Process, fault: Fault, call: str) -> After:
        process.host.mounted = self.files.new_root()
        self.later(fault.value, self.mount)
        return None

    def mount(self) -> None:
        """Put the spool back under its path on all hosts."""
        for host in self.hosts:
            if host.mounted is not self.spool:
                self.tell("the spool is mounted again")
            host.mounted = self.spool

    def _full(self, process: Process, fault: Fault, call: str) -> After:
        self.full = True
        self.later(fault.value, self.free)
        return None

    def free(self) -> None:
        """Have space again."""
        self.full = False

    def _clock(self, process: Process, fault: Fault, call: str) -> After:
        self.set_clock(fault.value)
        return None

    def _kinds(self, process: Process, fault: Fault, call: str) -> After:
        self.on_kinds(process)
        return None
