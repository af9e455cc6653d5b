"""The process of a daemon that speaks to Ray: `python -m spectacle.cluster.helper DESCRIPTOR PARENT_PID PLAN`.

Started by `spectacle.cluster.manager`, in a process of its own because Ray may end the process that uses it once the
head node has been away for a while.
"""

from __future__ import annotations

import heapq
import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import ray

from spectacle.cluster.messages import Control, SeatGroup, SeatPlan
from spectacle.cluster.seats import Seat
from spectacle.processes import die_with_parent
from spectacle.worker.channel import Channel, Disconnected, Message
from spectacle.worker.messages import Op

LOOK_SECONDS = 1.0
"""How often the cluster's size is asked for: nodes that join are used that much later at most."""

AWAY_SECONDS = 5.0
"""Seconds in which the head node has not responded after which the daemon is told so."""

GONE_SECONDS = 90.0
"""The same, after which this process ends, to be started again: the cluster may be another one."""

MAX_PAUSE = 30.0
"""Most seconds until a worker whose actor ended before it could be used gets another one."""


class _Group:
    """The actors of one group.

    Args:
        of: What they are made with.
    """

    def __init__(self, of: SeatGroup) -> None:
        self.of = of
        self.seats: dict[int, Seat] = {}
        self._free = list(range(of.first, of.first + of.max_workers))
        self._failures = 0
        self._not_before = 0.0

    def next_free(self) -> int | None:
        """The number of another worker, if there may be one now."""
        return heapq.heappop(self._free) if self._free and time.monotonic() >= self._not_before else None

    def give_up(self, surplus: int) -> None:
        """Give up so many of those that have no place yet, the last ones first."""
        waiting = sorted(number for number, seat in self.seats.items() if not seat.placed)
        for number in waiting[::-1][: max(0, surplus)]:
            self.seats[number].give_up()

    def ended(self, seat: Seat, was_placed: bool) -> None:
        """Have the number of an actor that has ended used again, after a pause if it was never of use."""
        del self.seats[seat.worker]
        heapq.heappush(self._free, seat.worker)
        self._failures = 0 if was_placed else self._failures + 1
        if self._failures:
            self._not_before = time.monotonic() + min(MAX_PAUSE, 2.0 ** min(self._failures, 5) / 2)


class Seats:
    """The actors: as many as the cluster has room for.

    Args:
        plan: What they are made with.
        control: The channel to the daemon.
    """

    def __init__(self, plan: SeatPlan, control: Channel) -> None:
        self._plan = plan
        self._control = control
        self._lock = threading.Lock()
        self._groups = [_Group(group) for group in plan.groups]
        self._asked: Mapping[str, Any] | None = None
        self._answered = time.monotonic()
        self._nodes: Sequence[Mapping[str, float]] | None = None
        self._told: object = None

    def serve(self) -> None:
        """Follow the cluster until the daemon has gone."""
        threading.Thread(target=self._look, name="look", daemon=True).start()
        while True:
            message = self._control.receive(LOOK_SECONDS)
            if message is not None:
                self._obey(message)
            self._follow()

    def _look(self) -> None:
        while True:
            # Whatever its error is, `_follow` tells the daemon once it goes on.
            with suppress(Exception):
                self._nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
                self._answered = time.monotonic()
            time.sleep(LOOK_SECONDS)

    def _obey(self, message: Message) -> None:
        match message.head["op"]:
            case Control.DESCRIBE:
                self._asked = message.head["asked"]
            case Control.OPEN:
                channel = Channel(socket.socket(fileno=message.descriptors[0]))
                worker = message.head["worker"]
                seat = self._groups[self._plan.group_of(worker)].seats.get(worker)
                if seat is None:
                    with suppress(Disconnected):
                        channel.send({"op": Op.ENDED, "how": "before it began", "lost": True})
                    channel.close()
                else:
                    seat.open(channel, message.head["settings"])

    def _follow(self) -> None:
        away = time.monotonic() - self._answered
        if away > GONE_SECONDS:
            os._exit(1)
        if self._nodes is None or self._asked is None:
            return
        wanted = self._plan.rooms(self._nodes)
        reason = None
        if away > AWAY_SECONDS:
            reason = f"the head node at {self._plan.address} does not answer"
        self._report_state(wanted, reason)
        if reason is not None:
            return
        with self._lock:
            for group, count in zip(self._groups, wanted, strict=True):
                group.give_up(len(group.seats) - count)
                while len(group.seats) < count and (number := group.next_free()) is not None:
                    group.seats[number] = Seat(
                        number, group.of, self._plan.weights_from, self._now_asked, self._report, self._ended
                    )

    def _now_asked(self) -> Mapping[str, Any]:
        assert self._asked is not None
        return self._asked

    def _ended(self, seat: Seat, was_placed: bool) -> None:
        with self._lock:
            self._groups[self._plan.group_of(seat.worker)].ended(seat, was_placed)

    def _report_state(self, wanted: list[int], reason: str | None) -> None:
        if (wanted, reason) != self._told:
            self._told = (wanted, reason)
            self._report({"op": Control.STATE, "wanted": wanted, "reason": reason})

    def _report(self, head: Mapping[str, Any]) -> None:
        try:
            self._control.send(dict(head))
        except Disconnected:
            os._exit(0)


def main(arguments: Sequence[str]) -> None:
    """Serve the daemon at the other end of a socket until it goes away.

    Args:
        arguments: Descriptor of the socket, process number of the daemon, and `SeatPlan` as JSON.
    """
    descriptor, parent, text = arguments
    die_with_parent(int(parent))
    plan = SeatPlan.from_json(json.loads(text))
    control = Channel(socket.socket(fileno=int(descriptor)))
    ray.init(
        address=plan.address,
        namespace="spectacle",
        log_to_driver=False,
        configure_logging=False,
        include_dashboard=False,
    )
    # A signal to the whole service is the daemon's to obey; Ray has set its own handlers.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    try:
        Seats(plan, control).serve()
    except Disconnected:
        # Ray ends the actors of a process that has gone.
        os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
