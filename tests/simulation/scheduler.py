"""Simulated time, and the one scheduler that decides which thread of which process makes the next system call.

Every simulated thread is a greenlet. It runs until it makes a system call or waits; there the scheduler may let
another one go on, or stop this one for a while. Time only passes between system calls (a little) and while everybody
waits (as long as that takes), so ten leases cost nothing.

What the scheduler does beside the usual is a *decision*: `(number of the step, what)`. They are drawn from a seeded
generator, or given. So a run is the same whenever plan and decisions are the same, and can be made simpler by leaving
decisions out.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

from greenlet import getcurrent, greenlet

STEP_SECONDS = 0.00005
"""What a system call takes."""

MAX_STEPS = 200_000

STOP_SHARE = 0.15
"""How likely a decision is to hold a thread up, as long as that may be done."""

Decision = tuple[str | float, ...]
"""`("to", thread)`: that thread goes on, which may be a client that waits, for clients may do anything at any time.
`("stop", seconds)`: the current one is held up for so long. `("trap", thread, calls, action, value)`: as `to`, and
something happens to the current one so many calls after it goes on, as `simulation.plan.Fault` says."""


class Killed(BaseException):
    """Raised in the threads of a process that was killed, at whatever they are doing."""


class EndlessRun(AssertionError):
    """Raised when a run takes more steps than any run should."""


class Thread:
    """One simulated thread.

    Attributes:
        name: Its name, the same in every run of a plan.
        process: The process it belongs to, which has the attributes `dead` and `held_until`.
        wake: Time at which it may go on.
        calls: How many system calls it has made.
        next_fault: The call at which something goes wrong.
        done: Whether it has ended.
        brisk: Whether it is never held up, though others may come between.
        patient: Whether it waits for as long as it likes.
    """

    __slots__ = ("brisk", "calls", "done", "greenlet", "name", "next_fault", "patient", "process", "wake")

    def __init__(self, name: str, process: Any, wake: float) -> None:
        self.name = name
        self.process = process
        self.wake = wake
        self.calls = 0
        self.next_fault = -1
        self.done = False
        self.brisk = False
        self.patient = False
        self.greenlet: greenlet = None


class Choices:
    """Draws decisions at random, and keeps them.

    Args:
        seed: Seed.
        gap: Steps between two decisions, on average.
        at_changes: How likely a decision is before a call that changes the spool.
        stops: How many decisions at most hold a thread up.
        seconds: For how long.
    """

    def __init__(self, seed: int | str, gap: float, at_changes: float, stops: int, seconds: tuple[float, ...]) -> None:
        self._random = random.Random(seed).random
        self._rate = 1.0 / gap
        self.at_changes = at_changes
        self._stops = stops
        self._seconds = seconds
        self.traps: tuple[tuple[str, float], ...] = ()
        self.trap_share = 0.3
        self.made: dict[int, Decision] = {}
        self.next_step = 0
        self._plan(0)

    def _plan(self, step: int) -> None:
        # About exponential, and cheap.
        self.next_step = step + 1 + int(2 * self._random() / self._rate)

    def at(self, step: int, changing: bool, current: Thread, threads: list[Thread], now: float) -> Decision | None:
        """What to do before this step; asked from `next_step` on, or at any call that changes something."""
        if step >= self.next_step:
            self._plan(step)
        elif self._random() >= self.at_changes:
            return None
        decision: Decision
        if self._stops and self._random() < STOP_SHARE and not current.brisk:
            self._stops -= 1
            decision = ("stop", self._seconds[int(self._random() * len(self._seconds))])
        else:
            others = [each for each in threads if (each.wake <= now or each.patient) and each is not current]
            if not others:
                return None
            name = others[int(self._random() * len(others))].name
            if changing and self.traps and current.process.is_daemon and self._random() < self.trap_share:
                *_, (action, value) = self.traps
                self.traps = self.traps[:-1]
                decision = ("trap", name, int(self._random() * 8), action, value)
            else:
                decision = ("to", name)
        self.made[step] = decision
        return decision

    def next(self, step: int, ready: list[Thread]) -> Thread:
        """Who goes on when the current thread waits: the first of those that could, or any."""
        if len(ready) > 1 and (chosen := ready[int(self._random() * len(ready))]) is not ready[0]:
            self.made[step] = ("to", chosen.name)
            return chosen
        return ready[0]


class Given(Choices):
    """Takes decisions from a list."""

    def __init__(self, decisions: Mapping[int, Decision]) -> None:
        super().__init__(0, 1e9, 0.0, 0, (1.0,))
        self._given = decisions
        self._steps = sorted(decisions, reverse=True)
        self._plan(0)

    def _plan(self, step: int) -> None:
        steps = getattr(self, "_steps", [])
        while steps and steps[-1] <= step:
            steps.pop()
        self.next_step = steps[-1] if steps else 1 << 60

    def at(self, step: int, changing: bool, current: Thread, threads: list[Thread], now: float) -> Decision | None:
        if step < self.next_step:
            return None
        self._plan(step)
        decision = self._given.get(step)
        if decision is not None:
            self.made[step] = decision
        return decision

    def next(self, step: int, ready: list[Thread]) -> Thread:
        decision = self._given.get(step)
        if step >= self.next_step:
            self._plan(step)
        if decision is not None and decision[0] != "stop":
            for each in ready:
                if each.name == decision[1]:
                    self.made[step] = decision
                    return each
        return ready[0]


class Scheduler:
    """Runs simulated threads, one at a time.

    Attributes:
        now: Seconds since the beginning.
        step: Number of the current step.
        current: The thread that runs.
        held: Time until which somebody is held up.
        calm: Whether nothing goes wrong any more, and threads take turns without interruption.
    """

    def __init__(self, choices: Choices) -> None:
        self.choices = choices
        self.now = 1000.0
        self.step = 0
        self.current: Thread = None  # type: ignore[assignment]
        self.calm = False
        self.held = 0.0
        self.on_stop: Callable[[Thread, float], None] = lambda thread, seconds: None
        self.on_trap: Callable[..., None] = lambda thread, calls, action, value: None
        self.threads: list[Thread] = []
        self._hub = getcurrent()
        self._doomed: list[Thread] = []
        self._stopped: BaseException | None = None
        self.unbroken = 0

    def monotonic(self) -> float:
        """Seconds on a clock that is never set."""
        return self.now

    def spawn(self, process: Any, name: str, function: Callable[[], None]) -> Thread:
        """Begin a thread. It gets its turn later."""
        thread = Thread(name, process, self.now)
        thread.greenlet = greenlet(lambda: self._body(thread, function), self._hub)
        self.threads.append(thread)
        return thread

    def _body(self, thread: Thread, function: Callable[[], None]) -> None:
        try:
            function()
        except Killed:
            pass
        except BaseException as error:
            self._stopped = error
        finally:
            thread.done = True
            if thread in self.threads:
                self.threads.remove(thread)

    def run(self, until: Callable[[], bool]) -> None:
        """Run until `until` says so, asked whenever everybody waits.

        Raises:
            BaseException: Whatever a thread has raised.
        """
        while True:
            self._bury()
            if self._stopped is not None:
                raise self._stopped
            if until():
                return
            ready = self._ready()
            if not ready:
                return
            self._switch(ready)
            if self._stopped is not None:
                raise self._stopped

    def _switch(self, ready: list[Thread]) -> None:
        self.step += 1
        thread = ready[0] if self.calm else self.choices.next(self.step, ready)
        self.current = thread
        thread.greenlet.switch()

    def _ready(self) -> list[Thread]:
        """Those who may go on now or, when nobody may, at the time at which somebody may; time goes on to then."""
        threads = self.threads
        if not threads:
            return []
        ready = [each for each in threads if each.wake <= self.now]
        if not ready:
            self.now = soonest = min(each.wake for each in threads)
            ready = [each for each in threads if each.wake <= soonest]
        return ready

    # --- called by the threads --------------------------------------------------------------------------------------

    def enter(self, changing: bool) -> None:
        """Be about to make a system call."""
        self.step += 1
        self.now += STEP_SECONDS
        choices = self.choices
        if self.calm or self.unbroken:
            if self.step > MAX_STEPS:
                raise EndlessRun("there is no end to it")
            return
        if self.step >= choices.next_step or (changing and choices.at_changes):
            current = self.current
            decision = choices.at(self.step, changing, current, self.threads, self.now)
            if decision is None:
                return
            if self.step > MAX_STEPS:
                raise EndlessRun("there is no end to it")
            if decision[0] == "stop":
                seconds = float(decision[1])
                self.held = max(self.held, self.now + seconds)
                self.on_stop(current, seconds)
                self.sleep(seconds)
                return
            if decision[0] == "trap":
                self.on_trap(current, *decision[2:])
            for other in self.threads:
                if other.name == decision[1] and (other.wake <= self.now or other.patient):
                    other.wake = self.now
                    self.current = other
                    other.greenlet.switch()
                    break
            self.check()

    def check(self) -> None:
        """Notice that the own process was killed."""
        if self.current.process.dead:
            raise Killed

    def sleep(self, seconds: float) -> None:
        """Have the current thread wait."""
        self.wait_until(self.now + seconds)

    def idle(self, seconds: float) -> None:
        """Have the current thread wait for so long, or for less if that makes things more interesting."""
        thread = self.current
        thread.patient = True
        self.sleep(seconds)
        thread.patient = False

    def wait_until(self, wake: float) -> None:
        """Have the current thread wait until somebody sets its `wake` earlier, or then."""
        current = self.current
        current.wake = wake
        self._hub.switch()
        if current.process.dead:
            raise Killed

    def wake(self, thread: Thread) -> None:
        """Have a thread that waits go on."""
        thread.wake = min(thread.wake, max(self.now, thread.process.held_until))

    def hold_up(self, process: Any, seconds: float) -> None:
        """Stop all threads of a process for a while."""
        process.held_until = self.now + seconds
        self.held = max(self.held, process.held_until)
        for each in self.threads:
            if each.process is process:
                each.wake = max(each.wake, self.now + seconds)

    def kill(self, process: Any) -> None:
        """End all threads of a process where they are. When the current one is among them, this does not return."""
        process.dead = True
        mine = [each for each in self.threads if each.process is process]
        for each in mine:
            self.threads.remove(each)
            if each is not self.current or getcurrent() is self._hub:
                self._doomed.append(each)
        if getcurrent() is not self._hub and self.current in mine:
            raise Killed

    def _bury(self) -> None:
        while self._doomed:
            thread = self._doomed.pop()
            if thread.greenlet:  # has begun, and not ended
                self.current = thread
                thread.greenlet.throw(Killed)

    def end(self) -> None:
        """End every thread."""
        for each in list(self.threads):
            each.process.dead = True
            self._doomed.append(each)
        self.threads.clear()
        self._bury()
