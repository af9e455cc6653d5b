"""Which waiting request goes next, and to which worker: oldest first, fair between users, near to loaded models."""

from __future__ import annotations

import heapq
import math
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Protocol

from spectacle.spool.naming import RequestName

REMEMBERED_USERS = 10_000
NEVER = float("-inf")
FOREVER = float("inf")


@dataclass(eq=False, slots=True)
class Waiting:
    """A request in the backlog.

    Attributes:
        name: Its name.
        model: What must be loaded to run it: anything hashable.
        arrival: Sort key of its age, smaller is older; comparable within one backlog.
        workers: Numbers of the workers that may run it, or None for all of them.
        light: Whether several workers may hold its model, because that takes little memory and time.
        alone: Whether it is not run together with others.
        since: Monotonic time since which it has been ready.
        overtaken: Monotonic time since which it has been passed over for requests of loaded models; None when never.
    """

    name: RequestName
    model: Hashable
    arrival: int
    workers: frozenset[int] | None = None
    light: bool = False
    alone: bool = False
    since: float = NEVER
    overtaken: float | None = field(default=None, repr=False)
    alive: bool = field(default=True, repr=False)


@dataclass(eq=False, slots=True)
class WorkerState:
    """What is known of one worker when a request is to be chosen.

    Attributes:
        number: Its number among the workers.
        on_gpu: Whether it has a GPU.
        measured_as: What it has in common with others that take equally long: device and threads.
        loaded: Gives the models that are loaded there now.
        is_running: Says whether it holds a process, so that nothing need be started.
        is_absent: Says whether it cannot be used at all now, as when the node it would be on has left.
        lacks: Gives the models that cannot be loaded where it is; it runs them only where no other worker could.
        idle: Whether it waits for a request.
        idle_since: Monotonic time since which it has waited.
        model: What it runs, or last ran.
        busy_until: Monotonic time at which its job is expected to end; None while that is not known.
        again: Monotonic time at which a request that was left to another worker is to be looked at again.
        wake: The condition on which it waits; made by the backlog.
    """

    number: int = 0
    on_gpu: bool = False
    measured_as: str = "cpu"
    loaded: Callable[[], Collection[Hashable]] = tuple
    is_running: Callable[[], bool] = bool
    is_absent: Callable[[], bool] = bool
    lacks: Callable[[], Collection[Hashable]] = tuple
    idle: bool = False
    idle_since: float = NEVER
    model: Hashable | None = None
    busy_until: float | None = None
    again: float = FOREVER
    wake: Any = None

    def holds(self, model: Hashable) -> bool:
        """Whether a model is loaded there, or is being loaded for what runs there."""
        return (not self.idle and self.model == model) or model in self.loaded()


class Costs(Protocol):
    """How long things take, as far as that is known."""

    def load_seconds(self, request: Waiting, worker: WorkerState) -> float:
        """Seconds for starting a worker with the request's model loaded."""
        ...

    def job_seconds(self, request: Waiting, worker: WorkerState) -> float | None:
        """Seconds for running a request, or None when nothing like it has been run yet."""
        ...


class UnknownCosts:
    """Costs of which nothing is known: allowances, not measurements."""

    LIGHT_LOAD, HEAVY_LOAD = 1.0, 30.0

    def load_seconds(self, request: Waiting, worker: WorkerState) -> float:
        """An allowance."""
        return self.LIGHT_LOAD if request.light else self.HEAVY_LOAD

    def job_seconds(self, request: Waiting, worker: WorkerState) -> float | None:
        """Not known."""
        return None


@dataclass(slots=True)
class _Queue:
    """The ready requests that need one model and may run on the same workers, by user.

    Attributes:
        requests: A heap of requests for each user.
        users: A heap of the users' keys: time of their last start, arrival of their oldest request, and name.
        keys: The one key of each user that counts; any other one in the heap has been superseded.
        blocked: Users whose requests are passed over for now; they have no key.
        size: How many requests wait.
    """

    requests: dict[str, list[tuple[int, int, Waiting]]] = field(default_factory=dict)
    users: list[tuple[float, int, str]] = field(default_factory=list)
    keys: dict[str, tuple[float, int, str]] = field(default_factory=dict)
    blocked: set[str] = field(default_factory=set)
    size: int = 0

    def head(self, user: str) -> Waiting | None:
        heap = self.requests.get(user, [])
        while heap and not heap[0][2].alive:
            heapq.heappop(heap)
        if not heap:
            self.requests.pop(user, None)
            return None
        return heap[0][2]


class Schedule:
    """The requests that are ready to run. Not thread-safe.

    The next one is the oldest of the user who has waited longest since a request of theirs last started, so that one
    user's hundred requests do not hold up another's one. A request that needs a loaded model may overtake it, but
    nothing is overtaken for longer than the affinity window.

    A worker without the request's model leaves it to one that has it: while that one is idle, and for a while when it
    is busy. That is as long as loading the model a second time would take, so that waiting never costs more than twice
    what it may save, and no time at all once more requests wait for the model than a load is worth. A single request of
    a heavy model is left for the affinity window, so that no other model makes room for it.

    Args:
        affinity_window: Seconds.
        clock: Monotonic seconds.
        workers: All workers.
        costs: How long loading and running take.

    Attributes:
        light_patience: Most seconds for which a light request is left to a busy worker while another one is idle.
    """

    def __init__(
        self,
        affinity_window: float,
        clock: Callable[[], float],
        workers: Sequence[WorkerState] = (),
        costs: Costs | None = None,
    ) -> None:
        self.affinity_window = affinity_window
        self.light_patience = 1.0
        self._clock = clock
        self._workers = workers
        self._costs: Costs = UnknownCosts() if costs is None else costs
        self._queues: dict[tuple[Hashable, frozenset[int] | None], _Queue] = {}
        self._waiting: dict[str, Waiting] = {}
        self._last_start: OrderedDict[str, float] = OrderedDict()
        self._blocked: frozenset[str] = frozenset()
        self._ticket = count()

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, stem: str) -> bool:
        return stem in self._waiting

    def add(self, request: Waiting) -> None:
        """Add a request that is ready; a stem that is there already is replaced."""
        self.remove(request.name.stem)
        queue = self._queues.setdefault((request.model, request.workers), _Queue())
        queue.size += 1
        user = request.name.user
        heapq.heappush(queue.requests.setdefault(user, []), (request.arrival, next(self._ticket), request))
        if queue.head(user) is request:
            self._give_key(queue, user)
        self._waiting[request.name.stem] = request

    def remove(self, stem: str) -> None:
        """Drop a request; nothing happens when it is not there."""
        request = self._waiting.pop(stem, None)
        if request is not None:
            request.alive = False
            self._queues[request.model, request.workers].size -= 1

    def block(self, users: frozenset[str]) -> None:
        """Pass over the requests of these users from now on, and no longer over those of others."""
        freed, self._blocked = self._blocked - users, users
        for queue in self._queues.values():
            for user in freed & queue.blocked:
                queue.blocked.discard(user)
                self._give_key(queue, user)

    def is_blocked(self, name: RequestName) -> bool:
        """Whether a request is there, and passed over because of its user."""
        return name.user in self._blocked and name.stem in self._waiting

    def places(self) -> Iterator[tuple[Waiting, int, float | None]]:
        """All requests in the order in which they are expected to begin, those of blocked users last.

        Yields:
            A request, how many are expected to begin before it, and the seconds until it is expected to be done, which
            are None while that is not known.
        """
        waiting: dict[str, list[Waiting]] = {}
        for each in sorted(self._waiting.values(), key=lambda each: (each.arrival, each.name.stem)):
            waiting.setdefault(each.name.user, []).append(each)
        turns = [
            (user in self._blocked, turn, self._last_start.get(user, NEVER), each.arrival, each.name.stem, each)
            for user, theirs in waiting.items()
            for turn, each in enumerate(theirs)
        ]
        seconds = _Expected(self._workers, self._costs, self._clock())
        for ahead, (blocked, *_, each) in enumerate(sorted(turns, key=lambda turn: turn[:-1])):
            yield each, ahead, None if blocked else seconds.after(each)

    def take(self, worker: WorkerState) -> Waiting | None:
        """Take the next request for a worker out, or None when there is none. Sets `worker.again`."""
        worker.again = FOREVER
        loaded = worker.loaded()
        eligible = sorted((each for each in self._bests() if self._may_run(worker, each)), key=self._rank)
        fair = next((each for each in eligible if each.model in loaded or not self._is_left(each, worker)), None)
        if fair is None:
            return None
        chosen = fair
        if fair.model not in loaded:
            near = next((each for each in eligible if each.model in loaded), None)
            if near is not None and self._may_overtake(fair):
                chosen = near
        self.remove(chosen.name.stem)
        self._started(chosen.name.user)
        return chosen

    def companions(self, model: Hashable, worker: WorkerState, most: int, elsewhere: int = 0) -> list[Waiting]:
        """Take requests out that are run together with one that a worker has just taken, in the order of their turns.

        Requests of another model are overtaken as `take` does it. Other workers that wait with the model get their
        parts of what waits for it, those of other instances, too.

        Args:
            model: What is loaded for them.
            worker: The worker.
            most: How many at most.
            elsewhere: How many workers of other instances wait with the model.
        """
        chosen: list[Waiting] = []
        waiting = sum(queue.size for key, queue in self._queues.items() if key[0] == model)
        sharing = [each for each in self._workers if each is not worker and each.idle and model in each.loaded()]
        most = min(most, math.ceil((waiting + 1) / (len(sharing) + elsewhere + 1)) - 1)
        while len(chosen) < most:
            eligible = sorted((each for each in self._bests() if self._may_run(worker, each)), key=self._rank)
            near = next((each for each in eligible if each.model == model), None)
            if near is None or near.alone:
                break
            fair = next(each for each in eligible if each.model == model or not self._is_left(each, worker))
            if fair is not near and not self._may_overtake(fair):
                break
            self.remove(near.name.stem)
            self._started(near.name.user)
            chosen.append(near)
        return chosen

    def expected_end(self, request: Waiting, worker: WorkerState) -> float | None:
        """Monotonic time at which a request would be done if a worker began it now; None while that is not known."""
        job = self._costs.job_seconds(request, worker)
        if job is None:
            return None
        load = 0.0 if request.model in worker.loaded() else self._costs.load_seconds(request, worker)
        return self._clock() + load + job

    def seconds_to_empty(self, model: Hashable, workers: frozenset[int] | None) -> float | None:
        """Seconds until all is expected to be done that waits for a model and for these workers; None if not known."""
        queue = self._queues.get((model, workers))
        best = None if queue is None else self._best(queue)
        able = [each for each in self._workers if _is_allowed(each, workers)]
        if queue is None or best is None or not able:
            return 0.0
        now = self._clock()
        jobs = [job for each in able if (job := self._costs.job_seconds(best, each)) is not None]
        if not jobs:
            return None
        busy = sum(max(0.0, each.busy_until - now) for each in able if not each.idle and each.busy_until is not None)
        return (busy + queue.size * sum(jobs) / len(jobs)) / len(able)

    def best_placed(self) -> Iterator[WorkerState]:
        """The idle workers that should look at what waits: the best placed one for each model's next request."""
        for request in self._bests():
            idle = [each for each in self._workers if each.idle and self._may_run(each, request)]
            if idle:
                yield min(idle, key=lambda each: _distance(each, request))

    def _may_run(self, worker: WorkerState, request: Waiting) -> bool:
        if not _is_allowed(worker, request.workers):
            return False
        if request.model not in worker.lacks():
            return True
        others = (each for each in self._workers if _is_allowed(each, request.workers))
        # Where nobody could, the reason is the request's result.
        return all(request.model in each.lacks() for each in others)

    def _is_left(self, request: Waiting, worker: WorkerState) -> bool:
        """Whether a worker leaves a request to another that is better placed; for how long goes into `worker.again`."""
        others = [each for each in self._workers if each is not worker and self._may_run(each, request)]
        nearer = [each for each in others if each.idle and _distance(each, request) < _distance(worker, request)]
        now = self._clock()
        if nearer:
            # It was woken, and whoever takes something else than this wakes the next one.
            until = now + self.light_patience
        else:
            holders = [each for each in others if not each.idle and each.holds(request.model)]
            if not holders:
                return False
            until = self._left_until(request, worker, holders, now)
        worker.again = min(worker.again, until)
        return now < until

    def _left_until(self, request: Waiting, worker: WorkerState, holders: Sequence[WorkerState], now: float) -> float:
        """Time until which a request is left to the busy workers that hold its model."""
        load = self._costs.load_seconds(request, worker)
        most = min(load, self.light_patience) if request.light else min(load, self.affinity_window)
        waiting = self._queues[request.model, request.workers].size
        if waiting == 1 and not request.light:
            most = self.affinity_window
        job = self._costs.job_seconds(request, holders[0])
        ends = [each.busy_until for each in holders if each.busy_until is not None]
        if job is None or not ends:
            return request.since + most
        expected = max(0.0, min(ends) - now) + (waiting - 1) * job / len(holders)
        if expected > load:
            return request.since + most if waiting == 1 and not request.light else now
        # It begins there sooner than it would here. A job that takes longer than expected is looked at again.
        return max(request.since + most, now + expected) if not request.light else request.since + most

    def _may_overtake(self, fair: Waiting) -> bool:
        now = self._clock()
        if fair.overtaken is None:
            fair.overtaken = now
        return now - fair.overtaken < self.affinity_window

    def _started(self, user: str) -> None:
        self._last_start[user] = self._clock()
        self._last_start.move_to_end(user)
        while len(self._last_start) > REMEMBERED_USERS:
            self._last_start.popitem(last=False)

    def _give_key(self, queue: _Queue, user: str) -> None:
        head = queue.head(user)
        if head is not None and user not in self._blocked:
            queue.keys[user] = key = self._key(head)
            heapq.heappush(queue.users, key)
        elif head is not None:
            queue.keys.pop(user, None)
            queue.blocked.add(user)

    def _bests(self) -> Iterator[Waiting]:
        for key, queue in list(self._queues.items()):
            best = self._best(queue)
            if best is None:
                if not queue.blocked:
                    del self._queues[key]
            else:
                yield best

    def _rank(self, request: Waiting) -> tuple[float, int, str]:
        return self._last_start.get(request.name.user, NEVER), request.arrival, request.name.stem

    def _key(self, head: Waiting) -> tuple[float, int, str]:
        return self._last_start.get(head.name.user, NEVER), head.arrival, head.name.user

    def _best(self, queue: _Queue) -> Waiting | None:
        """The best request of a queue. Users' keys in the heap may be out of date; what counts is never smaller."""
        while queue.users:
            key = queue.users[0]
            user = key[2]
            if key is not queue.keys.get(user):
                heapq.heappop(queue.users)
                continue
            if user in self._blocked:
                heapq.heappop(queue.users)
                del queue.keys[user]
                queue.blocked.add(user)
                continue
            head = queue.head(user)
            if head is None:
                heapq.heappop(queue.users)
                del queue.keys[user]
                continue
            current = self._key(head)
            if current == key:
                return head
            queue.keys[user] = current
            heapq.heapreplace(queue.users, current)
        return None


class _Expected:
    """Adds up how long requests take that are begun one after another, on all workers that may run them."""

    def __init__(self, workers: Sequence[WorkerState], costs: Costs, now: float) -> None:
        self._workers = workers
        self._costs = costs
        self._now = now
        self._sums: dict[Hashable, float | None] = {}

    def after(self, request: Waiting) -> float | None:
        """Seconds until a request is done that begins after those asked for before, or None when that is not known."""
        able = [each for each in self._workers if _is_allowed(each, request.workers)]
        key = request.model, request.workers
        if key not in self._sums:
            ends = (each.busy_until for each in able if not each.idle)
            self._sums[key] = sum(max(0.0, end - self._now) for end in ends if end is not None)
        jobs = [job for each in able if (job := self._costs.job_seconds(request, each)) is not None]
        before = self._sums[key]
        if not jobs or before is None:
            self._sums[key] = None
            return None
        self._sums[key] = total = before + sum(jobs) / len(jobs)
        return total / len(able)


def _is_allowed(worker: WorkerState, workers: frozenset[int] | None) -> bool:
    return (workers is None or worker.number in workers) and not worker.is_absent()


def _distance(worker: WorkerState, request: Waiting) -> tuple[Any, ...]:
    """How far a worker is from running a request, to compare idle ones: the least comes first.

    A light model goes to the processor before a GPU, and where a process runs already. A heavy one goes where no other
    model would have to make room, or else where the longest unused one would.
    """
    loaded = worker.loaded()
    if request.light:
        return request.model not in loaded, worker.on_gpu, not worker.is_running(), worker.number
    return request.model not in loaded, bool(loaded), not worker.is_running(), worker.idle_since, worker.number
