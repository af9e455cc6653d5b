"""Actors that own worker processes, one for each worker that has a place on the cluster. Imports ray."""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import ray

import spectacle
from spectacle.cluster.host import Host
from spectacle.cluster.messages import INLINE, Control, SeatGroup
from spectacle.errors import one_line
from spectacle.worker.channel import Channel, Disconnected, Message
from spectacle.worker.messages import Op

PING_SECONDS = 2.0
"""How often an actor is asked for a sign of life."""

FROZEN_SECONDS = 15.0
"""Seconds without one after which an actor is considered lost."""

DESCRIBE_AGAIN_SECONDS = 60.0
"""How often a node that lacks something is asked again: weights may have been pulled."""

_CHUNK = 1 << 20

_METHOD_GROUPS = {"out": 1, "in": 1, "life": 1, "ask": 1, "copy": 1}

Report = Callable[[Mapping[str, Any]], None]
"""Tells the daemon something on the control channel."""


class SeatLost(Exception):
    """Raised when an actor has ended, or does not respond."""


class Seat:
    """The actor of one worker, from before it has a place until it is lost.

    Args:
        worker: Number of the worker.
        group: What it is made with.
        weights_from: Directory on its node from which weights are copied that it lacks, or None.
        asked: Gives what its node is asked about the kinds.
        report: Tells the daemon.
        on_end: Called at the end, with whether it had a place.
    """

    def __init__(
        self,
        worker: int,
        group: SeatGroup,
        weights_from: str | None,
        asked: Callable[[], Mapping[str, Any]],
        report: Report,
        on_end: Callable[[Seat, bool], None],
    ) -> None:
        self.worker = worker
        self._weights_from = weights_from
        self._asked = asked
        self._report = report
        self._on_end = on_end
        self._given_up = threading.Event()
        self._why = "given up"
        self._placed = False
        self._numbers = itertools.count(1)
        self._relays: list[_Relay] = []
        self._lock = threading.Lock()
        host: Any = ray.remote(concurrency_groups=_METHOD_GROUPS)(Host)
        self._actor = host.options(
            num_cpus=group.cpus,
            num_gpus=group.gpus,
            resources=dict(group.resources),
            max_restarts=0,
            max_task_retries=0,
            scheduling_strategy="SPREAD",
            runtime_env={"env_vars": INLINE},
        ).remote()
        threading.Thread(target=self._keep, name=f"seat-{worker}", daemon=True).start()

    @property
    def placed(self) -> bool:
        """Whether it has a place."""
        return self._placed

    def give_up(self) -> None:
        """End it: nobody waits for a place any more."""
        self._given_up.set()

    def open(self, channel: Channel, settings: Mapping[str, Any]) -> None:
        """Run a worker process there, and pass messages on until it ends or the daemon closes the channel."""
        relay = _Relay(self._actor, next(self._numbers), channel, self._lose)
        with self._lock:
            self._relays = [each for each in self._relays if not each.ended] + [relay]
        relay.start(settings)

    def _lose(self, why: str) -> None:
        """Hear of the actor's end from what runs there, before the next sign of life is due."""
        self._why = why
        self._given_up.set()

    def _call(self, method: str, group: str, *arguments: Any) -> Any:
        return getattr(self._actor, method).options(concurrency_group=group).remote(*arguments)

    def _keep(self) -> None:
        try:
            about = self._await(self._call("about", "ask"), None)
            if about["version"] != spectacle.__version__:
                raise SeatLost(
                    f"node {about['node']} has Spectacle {about['version']}, this host {spectacle.__version__}. "
                    f"Install the same version"
                )
            self._serve(about)
            why = self._why
        except SeatLost as lost:
            why = str(lost)
        except ray.exceptions.RayError as error:
            why = told(error)
        except Exception as error:
            why = f"internal error: {type(error).__name__}: {one_line(error, 200)}"
        self._end(why)

    def _serve(self, about: dict[str, Any]) -> None:
        """Have the daemon use the actor for as long as it gives signs of life."""
        node = about["node"]
        question: Any = None
        answered: object = None
        problems: Mapping[str, str] | None = None
        copying = False
        again = 0.0
        while not self._given_up.is_set():
            asked = self._asked()
            if question is None and (asked is not answered or time.monotonic() > again):
                question, answered = self._call("describe", "ask", asked), asked
            sign = self._call("ping", "life")
            ready, _ = ray.wait([sign], timeout=FROZEN_SECONDS)
            if not ready:
                raise SeatLost(f"node {node} gave no sign of life for {FROZEN_SECONDS:g} s")
            ray.get(sign)
            if question is not None and ray.wait([question], timeout=PING_SECONDS if not self._placed else 0)[0]:
                answer, question = ray.get(question), None
                if copying:
                    problems, copying, again = answer, False, 0.0
                    continue
                lacks = _lacks(asked, answer, problems or {})
                if lacks and self._weights_from is not None and problems is None:
                    self._copies(node)
                    question, copying = self._call("copy", "copy", asked, self._weights_from), True
                    continue
                problems = None
                again = time.monotonic() + (DESCRIBE_AGAIN_SECONDS if lacks else float("inf"))
                self._placed = True
                self._report({"op": Control.SEAT, "worker": self.worker, "about": about, "lacks": lacks})
            elif self._placed:
                self._given_up.wait(PING_SECONDS)

    def _copies(self, node: str) -> None:
        """Have requests wait for what is copied now, if the worker is not used yet."""
        if not self._placed:
            why = f"its node {node} copies weights from {self._weights_from}"
            self._report({"op": Control.PREPARE, "worker": self.worker, "node": node, "why": why})

    def _await(self, reference: Any, seconds: float | None) -> Any:
        """The value of a reference.

        Raises:
            SeatLost: When it is given up meanwhile.
        """
        while not self._given_up.is_set():
            if ray.wait([reference], timeout=1.0)[0]:
                return ray.get(reference)
        raise SeatLost(self._why)

    def _end(self, why: str) -> None:
        self._report({"op": Control.UNSEAT, "worker": self.worker, "why": why})
        with self._lock:
            relays, self._relays = self._relays, []
        for relay in relays:
            relay.lost(why)
        with suppress(Exception):
            ray.kill(self._actor)
        self._on_end(self, self._placed)


def told(error: Exception) -> str:
    """An error of Ray's for people, on one line."""
    if isinstance(error, ray.exceptions.ActorUnavailableError):
        return "its node cannot be reached"
    if isinstance(error, ray.exceptions.RayActorError):
        text = one_line(error)
        for sign, words in _SIGNS.items():
            if sign in text:
                return words
        return "its actor ended"
    return f"{type(error).__name__}: {one_line(error, 200)}"


_SIGNS = {
    "No module named": "Spectacle cannot be imported on its node. Install the same version there",
    "node was terminated": "its node left",
    "node has died": "its node left",
    "owner": "the cluster lost the daemon",
}


def _lacks(
    asked: Mapping[str, Any], described: Mapping[str, Any], problems: Mapping[str, str]
) -> list[tuple[str, str | None, str]]:
    """The models that cannot be loaded on a node: generator, preset and reason, with why weights were not copied."""
    lacks = []
    for name, kind in asked["kinds"].items():
        if name in described and not described[name]["servable"]:
            why = described[name]["problem"]
            lacks.append((kind["generator"], kind["preset"], " ".join(dict.fromkeys([why, problems.get(name, why)]))))
    return lacks


class _Relay:
    """Passes messages on between the daemon and one worker process, on two threads.

    Args:
        actor: The actor.
        number: Names the process there.
        channel: The channel to the daemon; closed at the end.
        on_loss: Called when the actor is found to have ended, with how.
    """

    def __init__(self, actor: Any, number: int, channel: Channel, on_loss: Callable[[str], None]) -> None:
        self._on_loss = on_loss
        self._actor = actor
        self._number = number
        self._channel = channel
        self._ending = threading.Lock()
        self.ended = False

    def start(self, settings: Mapping[str, Any]) -> None:
        options = {"num_returns": "streaming", "concurrency_group": "out"}
        stream = self._actor.open.options(**options).remote(self._number, settings)
        threading.Thread(target=self._pass_back, args=(stream,), name="relay-back", daemon=True).start()
        threading.Thread(target=self._pass_on, name="relay-on", daemon=True).start()

    def lost(self, why: str) -> None:
        """Tell the daemon that the process is lost, with its actor."""
        self._finish(f"because {why}", lost=True)

    def _pass_back(self, stream: Any) -> None:
        try:
            for reference in stream:
                pieces = ray.get(reference)
                last = pieces[-1][0] if pieces else {}
                ended = last.get("op") == Op.ENDED
                messages = [Message(head, body) for head, body in (pieces[:-1] if ended else pieces)]
                if messages:
                    self._channel.send_together(messages)
                if ended:
                    self._finish(last["how"])
                    return
        except Disconnected:
            pass
        except Exception as error:
            self._on_loss(told(error))
            self.lost(told(error))

    def _pass_on(self) -> None:
        try:
            while (message := self._channel.receive()) is not None:
                limit = max(_CHUNK, message.head["spec"]["max_input_bytes"]) if message.descriptors else 0
                contents = [_read(descriptor, limit) for descriptor in message.descriptors]
                self._call("send", message.head, contents)
        except Disconnected:
            # The daemon wants the process no more; or it is lost, and nobody hears this.
            with suppress(ray.exceptions.RayError):
                self._call("close")
        except Exception as error:
            self.lost(told(error))
        finally:
            self._channel.close()

    def _call(self, method: str, *arguments: Any) -> None:
        getattr(self._actor, method).options(concurrency_group="in").remote(self._number, *arguments)

    def _finish(self, how: str, *, lost: bool = False) -> None:
        with self._ending:
            if self.ended:
                return
            self.ended = True
        with suppress(Disconnected):
            self._channel.send({"op": Op.ENDED, "how": how, "lost": lost})
        self._channel.hang_up()


def _read(descriptor: int, limit: int) -> bytes:
    """The content of an attachment, one byte more than the limit at most, by which its reader finds it too large."""
    parts: list[bytes] = []
    total = 0
    try:
        while total <= limit and (part := os.pread(descriptor, min(_CHUNK, limit + 1 - total), total)):
            parts.append(part)
            total += len(part)
    finally:
        os.close(descriptor)
    return b"".join(parts)
