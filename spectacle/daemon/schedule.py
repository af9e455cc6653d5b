"""Which waiting request goes next: oldest first, fair between users, those of loaded models a little earlier."""

from __future__ import annotations

import heapq
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass, field
from itertools import count

from spectacle.spool.naming import RequestName

REMEMBERED_USERS = 10_000
NEVER = float("-inf")


@dataclass(eq=False, slots=True)
class Waiting:
    """A request in the backlog.

    Attributes:
        name: Its name.
        model: What must be loaded to run it: anything hashable.
        arrival: Sort key of its age, smaller is older; comparable within one backlog.
    """

    name: RequestName
    model: Hashable
    arrival: int
    alive: bool = field(default=True, repr=False)


@dataclass(slots=True)
class _Queue:
    """The ready requests that need one model, by user.

    Attributes:
        requests: A heap of requests for each user.
        users: A heap of the users' keys: time of their last start, arrival of their oldest request, and name.
        keys: The one key of each user that counts; any other one in the heap has been superseded.
    """

    requests: dict[str, list[tuple[int, int, Waiting]]] = field(default_factory=dict)
    users: list[tuple[float, int, str]] = field(default_factory=list)
    keys: dict[str, tuple[float, int, str]] = field(default_factory=dict)

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

    Args:
        affinity_window: Seconds.
        clock: Monotonic seconds.
    """

    def __init__(self, affinity_window: float, clock: Callable[[], float]) -> None:
        self.affinity_window = affinity_window
        self._clock = clock
        self._queues: dict[Hashable, _Queue] = {}
        self._waiting: dict[str, Waiting] = {}
        self._last_start: OrderedDict[str, float] = OrderedDict()
        self._ticket = count()
        self._overtaken: tuple[Waiting, float] | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, stem: str) -> bool:
        return stem in self._waiting

    def add(self, request: Waiting) -> None:
        """Add a request that is ready; a stem that is there already is replaced."""
        self.remove(request.name.stem)
        queue = self._queues.setdefault(request.model, _Queue())
        user = request.name.user
        heapq.heappush(queue.requests.setdefault(user, []), (request.arrival, next(self._ticket), request))
        if queue.head(user) is request:
            queue.keys[user] = key = self._key(request)
            heapq.heappush(queue.users, key)
        self._waiting[request.name.stem] = request

    def remove(self, stem: str) -> None:
        """Drop a request; nothing happens when it is not there."""
        request = self._waiting.pop(stem, None)
        if request is not None:
            request.alive = False

    def take(self, loaded: Collection[Hashable] = ()) -> Waiting | None:
        """Take the next request out, or None when there is none.

        Args:
            loaded: The models that are loaded where the request would run.
        """
        fair = self._first()
        if fair is None:
            return None
        chosen = fair
        if fair.model not in loaded:
            nears = [self._best(self._queues[model]) for model in loaded if model in self._queues]
            near = min((each for each in nears if each is not None), key=self._rank, default=None)
            if near is not None and self._may_overtake(fair):
                chosen = near
        if chosen is fair:
            self._overtaken = None
        self.remove(chosen.name.stem)
        self._started(chosen.name.user)
        return chosen

    def _may_overtake(self, fair: Waiting) -> bool:
        now = self._clock()
        if self._overtaken is None or self._overtaken[0] is not fair:
            self._overtaken = (fair, now)
        return now - self._overtaken[1] < self.affinity_window

    def _started(self, user: str) -> None:
        self._last_start[user] = self._clock()
        self._last_start.move_to_end(user)
        while len(self._last_start) > REMEMBERED_USERS:
            self._last_start.popitem(last=False)

    def _first(self) -> Waiting | None:
        bests = []
        for model, queue in list(self._queues.items()):
            best = self._best(queue)
            if best is None:
                del self._queues[model]
            else:
                bests.append(best)
        return min(bests, key=self._rank, default=None)

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
