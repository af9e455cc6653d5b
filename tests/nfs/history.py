"""What happened in a spool as its server's kernel told it, and the judgement whether every promise was kept.

Nothing here asks the daemons: the record is made of inotify events on the server, below all network file systems, and
of what the clients say they handed in.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path

from PIL import Image

_PRIMARY = re.compile(r"(?P<stem>[^.]+-[0-9]+x[0-9]+(?:-(?!error)[a-z][a-z0-9_]*)?)(?P<suffix>\.png|\.svg|-error\.txt)")


@dataclass
class Ask:
    """A request as a client meant it.

    Attributes:
        stem: Its name without `.txt`.
        prompt: What its answer must say it was asked.
        times: How often it was handed in, each to be answered.
        fails: Whether its answer is to be an error; None when either will do.
        cancelled: Whether the client has taken it back.
    """

    stem: str
    prompt: str
    times: int = 1
    fails: bool | None = False
    cancelled: bool = False


@dataclass(frozen=True)
class Event:
    """One change of a name.

    Attributes:
        at: The server's monotonic time.
        what: `created`, `modified`, `closed`, `from`, `to`, `deleted`; or `found` and `missed` for what a restarted
            witness met.
        name: The name.
        source: For `to`, the name it had before, where that was in the spool too.
        sha256: For `to` a public name, what it held at that moment.
        holder: For a claim, the host it names.
    """

    at: float
    what: str
    name: str
    source: str | None = None
    sha256: str | None = None
    holder: str | None = None


@dataclass
class History:
    """The record of one spool, read on as it grows.

    Args:
        witness: The witness's file.
    """

    witness: Path
    asks: dict[str, Ask] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    _by_name: dict[str, list[tuple[int, Event]]] = field(default_factory=dict)
    _read: int = 0
    _cookies: dict[int, str] = field(default_factory=dict)

    def update(self) -> None:
        """Read what has been recorded since."""
        with self.witness.open("rb") as file:
            file.seek(self._read)
            data = file.read()
        whole = data.rfind(b"\n") + 1
        self._read += whole
        for line in data[:whole].splitlines():
            self._take(json.loads(line))

    def _take(self, raw: Mapping[str, object]) -> None:
        what, at = str(raw["event"]), float(str(raw["at"]))
        assert what != "overflow", "the witness has lost events"
        if what == "begin":
            found = {str(name) for name in raw["names"]}  # type: ignore[attr-defined]
            for name in sorted(found - self.names):
                self._add(Event(at, "found", name))
            for name in sorted(self.names - found):
                self._add(Event(at, "missed", name))
            self.names = found
            return
        name, cookie = str(raw["name"]), raw.get("cookie")
        source = None
        if what == "from":
            self._cookies[int(str(cookie))] = name
        elif what == "to":
            source = self._cookies.pop(int(str(cookie)), None)
        if what in ("from", "deleted"):
            self.names.discard(name)
        elif what in ("created", "to"):
            self.names.add(name)
        sha256, holder = raw.get("sha256"), raw.get("holder")
        self._add(
            Event(at, what, name, source, None if sha256 is None else str(sha256), None if not holder else str(holder))
        )

    def _add(self, event: Event) -> None:
        self._by_name.setdefault(event.name, []).append((len(self.events), event))
        self.events.append(event)

    def of(self, name: str) -> list[tuple[int, Event]]:
        """All that happened to a name, with its place in the whole."""
        return self._by_name.get(name, [])

    def answers(self, stem: str) -> list[tuple[int, Event]]:
        """The arrivals of primary answers.

        One that was not on the server's disk when it lost power, and so is missed when it is up again, does not count:
        the client's kernel, which has had no reply to its rename, repeats it then.
        """
        arrived = []
        for suffix in (".png", ".svg", "-error.txt"):
            events = [each for each in self.of(stem + suffix) if each[1].what in ("to", "found", "missed")]
            whats = [event.what for _, event in events]
            arrived += [each for place, each in enumerate(events) if "missed" not in whats[place : place + 2]]
        return sorted(arrived, key=itemgetter(0))

    def holder(self, stem: str) -> str | None:
        """The host whose claim stands, or None."""
        if f"{stem}.lock" not in self.names:
            return None
        return next((event.holder for _, event in reversed(self.of(f"{stem}.lock")) if event.holder), None)

    def waiting(self, stems: Iterable[str]) -> list[str]:
        """Those of the requests that still lie there."""
        self.update()
        return [stem for stem in stems if f"{stem}.txt" in self.names]

    def unanswered(self, stems: Iterable[str]) -> list[str]:
        """Those of the requests that lie there or have no answer yet."""
        self.update()
        return [
            stem for stem in stems if f"{stem}.txt" in self.names or len(self.answers(stem)) < self.asks[stem].times
        ]

    # --- judgement -------------------------------------------------------------------------------------------------

    def faults(self, spool: Path, stems: Iterable[str]) -> Iterator[str]:
        """Every broken promise, in words.

        Args:
            spool: A copy of the spool as it is now.
            stems: The requests to judge.
        """
        for stem in stems:
            yield from (f"{stem}: {fault}" for fault in self._faults_of(self.asks[stem], spool))
        for event in self.events:
            match = _PRIMARY.fullmatch(event.name)
            if match and match["stem"] not in self.asks and event.what in ("to", "found", "created"):
                yield f"an answer nobody asked for: {event.name}"

    def _faults_of(self, ask: Ask, spool: Path) -> Iterator[str]:
        answers = self.answers(ask.stem)
        request = f"{ask.stem}.txt"
        handed_in = [event for _, event in self.of(request) if event.what in ("created", "to", "found")]
        if not handed_in:
            yield "was never handed in"
        if request in self.names:
            yield "was never dealt with"
        if ask.cancelled:
            if answers:
                yield f"was cancelled and answered all the same: {answers}"
            return
        if len(answers) != ask.times:
            yield f"has {len(answers)} answers, not {ask.times}: {[event.name for _, event in answers]}"
            return
        place, answer = answers[-1]
        if ask.fails is not None and answer.name.endswith("-error.txt") != ask.fails:
            yield f"was answered by {answer.name}"
        if ask.times == 1:
            for at, event in self.of(request):
                if event.what in ("deleted", "from") and at < place:
                    yield f"was without request and answer for a moment ({event.what})"
        for at, event in self.of(answer.name):
            # The server closes its own descriptors some time after the last use.
            if at > place and event.what != "closed":
                yield f"its answer was touched afterwards: {event}"
        if answer.what == "to" and (answer.source is None or not answer.source.startswith(f".{ask.stem}.")):
            yield f"its answer came from {answer.source}"
        try:
            content = (spool / answer.name).read_bytes()
        except FileNotFoundError:
            yield f"its answer {answer.name} is gone"
            return
        if answer.sha256 is not None and hashlib.sha256(content).hexdigest() != answer.sha256:
            yield "its answer is not what was committed"
        yield from self._content_faults(ask, answer.name, content)

    def _content_faults(self, ask: Ask, name: str, content: bytes) -> Iterator[str]:
        if name.endswith(".png"):
            try:
                Image.open(io.BytesIO(content)).verify()
                picture = Image.open(io.BytesIO(content))
                prompt = json.loads(picture.info["spectacle"])["prompt"]
            except Exception as error:
                yield f"its picture is broken: {error}"
                return
            if f"-{picture.size[0]}x{picture.size[1]}" not in ask.stem:
                yield f"its picture has the size {picture.size}"
            if prompt != ask.prompt:
                yield f"was asked {ask.prompt!r} but answered {prompt!r}"
        elif name.endswith("-error.txt") and b"\n\n" not in content:
            yield f"its error is not whole: {content!r}"
