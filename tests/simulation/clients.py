"""Clients: programs that write requests into the spool by its path, as `docs/protocol.md` allows it."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field

from simulation.file_system import FileSystem, Inode
from simulation.plan import Act, Ask, Client
from simulation.world import SPOOL, Process, World
from spectacle.spool.naming import RequestName, parse_retired

LOOK = 0.2
"""Seconds between two looks of a client that waits."""


@dataclass(slots=True)
class Version:
    """What a client wants of a stem from a certain moment on.

    Attributes:
        text: The request's text; None for none, which is a cancelled request.
        attached: Its attachments: content by what follows the stem in their names.
        overlaps: Whether a daemon may have opened the version before it while the attachments of this one were put
            beside it, and may have taken some of them for that one's, which nobody can tell.
        dropped: Whether the client has removed a part of the answer.
        decided: Whether an answer had been decided when the request was cancelled, which appears all the same.
    """

    text: str | None
    attached: dict[str, str] = field(default_factory=dict)
    overlaps: bool = False
    decided: bool = False
    dropped: bool = False


class Wishes:
    """What the client of one stem has asked for, in the order in which it did.

    Attributes:
        stem: The stem.
        versions: The versions, the one that counts last.
    """

    def __init__(self, stem: str) -> None:
        self.stem = stem
        self.versions: list[Version] = []


class Actor:
    """Carries out the script of one client."""

    def __init__(self, world: World, client: Client, number: int) -> None:
        self._world = world
        self._client = client
        self._files: FileSystem = world.files
        self.wishes = Wishes(client.stem)
        self.process = Process(world, f"c{number}", world.hosts[client.host])
        self._system = self.process.system
        self._name = RequestName.from_stem(client.stem)
        assert self._name is not None
        self.attachments = self._name.attachment_names()
        self.done = False
        world.spawn(self.process, "script", self._run)

    def _run(self) -> None:
        for step in self._client.script:
            if isinstance(step, Ask):
                self._ask(step)
            else:
                self._act(step)
        self.done = True

    @property
    def _request(self) -> str:
        return f"{self._client.stem}.txt"

    def _path(self, name: str) -> str:
        return str(SPOOL / name)

    # --- asking -----------------------------------------------------------------------------------------------------

    def _ask(self, ask: Ask) -> None:
        stem, world = self._client.stem, self._world
        before = world.claims.get(stem, 0)
        opening = bool(world.opening.get(stem))
        attached = dict(ask.attachments)
        self._remove_attachments(but={stem + suffix for suffix in attached})
        for suffix, content in attached.items():
            draft = f".{stem}{suffix}.tmp"
            self._write(draft, content)
            self._system.rename(self._path(draft), self._path(stem + suffix))
        if ask.pause:
            world.scheduler.idle(ask.pause)

        def wanted(text: str) -> None:
            overlaps = opening or world.claims.get(stem, 0) != before or bool(world.opening.get(stem))
            self.wishes.versions.append(Version(text, attached, overlaps))
            world.changed[stem] = world.scheduler.now
            world.tell(f"{stem} is asked for: {text!r} {attached} {'overlapping' if overlaps else ''}")

        {"rename": self._rename, "place": self._place, "append": self._append, "link": self._link}[ask.how](
            ask.text, wanted
        )

    def _write(self, name: str, content: str) -> None:
        descriptor = self._system.open(self._path(name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o660)
        try:
            self._system.write(descriptor, content.encode())
        finally:
            self._system.close(descriptor)

    def _rename(self, text: str, wanted: Callable[[str], None]) -> None:
        draft = f".{self._request}.tmp"
        self._write(draft, text)
        self._system.rename(self._path(draft), self._path(self._request))
        wanted(text)

    def _link(self, text: str, wanted: Callable[[str], None]) -> None:
        draft = f".{self._request}.tmp"
        self._write(draft, text)
        thread = self._world.scheduler.current
        thread.brisk = True
        try:
            self._system.link(self._path(draft), self._path(self._request))
        except FileExistsError:
            self._system.rename(self._path(draft), self._path(self._request))
            wanted(text)
        else:
            wanted(text)
            self._system.unlink(self._path(draft))
        finally:
            thread.brisk = False

    def _place(self, text: str, wanted: Callable[[str], None]) -> None:
        """Write under the request's own name, in two parts, without a pause that would make it look complete."""
        thread = self._world.scheduler.current
        thread.brisk = True
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
            descriptor = self._system.open(self._path(self._request), flags, 0o660)
            middle = len(text) // 2
            self._system.write(descriptor, text[:middle].encode())
            # By coarse times, or those of another host, a daemon cannot tell that what it finds under that name was
            # written after the event of a former version.
            plan = self._world.plan
            telling = not plan.network and plan.tick_ns == 1 and all(each.action != "clock" for each in plan.faults)
            if telling or not self._world.has_events_of(self._request):
                self._world.scheduler.sleep(0.6 * self._world.plan.settle)
            self._system.write(descriptor, text[middle:].encode())
            wanted(text)
            self._system.close(descriptor)
        finally:
            thread.brisk = False

    def _append(self, text: str, wanted: Callable[[str], None]) -> None:
        """Write by several `>>` one after another, each of which may find what was there answered and gone."""
        thread = self._world.scheduler.current
        for word in text.split():
            thread.brisk = True
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
            descriptor = self._system.open(self._path(self._request), flags, 0o660)
            inode = self._system.descriptors[descriptor].inode
            self._system.write(descriptor, f"{word} ".encode())
            if self._world.spool.entries.get(self._request) is inode:
                wanted(inode.data.decode().strip())
            elif self.wishes.versions and self._is_aside(inode):
                # It is just being looked at by who retires it: either is right.
                self.wishes.versions[-1].overlaps = True
                wanted(inode.data.decode().strip())
                self.wishes.versions[-1].overlaps = True
            self._system.close(descriptor)
            thread.brisk = False
            self._world.scheduler.idle(0.05 if len(word) % 2 else 0.4)

    def _is_aside(self, inode: Inode) -> bool:
        return any(each is inode and not name.startswith(".nfs") for name, each in self._world.spool.entries.items())

    # --- the rest ---------------------------------------------------------------------------------------------------

    def _act(self, act: Act) -> None:
        stem = self._client.stem
        if act.what == "sleep":
            self._world.scheduler.idle(act.value)
        elif act.what == "await":
            if self._wait(act.value, lambda names: self._request not in names):
                self._look_at_answer()
        elif act.what == "running":
            self._wait(act.value, lambda names: f"{stem}.lock" in names or self._request not in names)
        elif act.what == "drop":
            self._drop(f"{stem}.png" if act.value == 1 else f"{stem}-{act.value:.0f}.png")
        else:
            self._cancel()

    def _drop(self, name: str) -> None:
        """Remove a picture; another request's attachment of that name is none of this client's."""
        there = self._world.spool.entries.get(name)
        if there is not None and there.data.startswith(b"{"):
            with contextlib.suppress(FileNotFoundError):
                self._system.unlink(self._path(name))
                self.wishes.versions[-1].dropped = True

    def _names(self) -> list[str]:
        descriptor = self._system.open(SPOOL, os.O_RDONLY | os.O_DIRECTORY)
        try:
            return self._system.listdir(descriptor)
        finally:
            self._system.close(descriptor)

    def _wait(self, seconds: float, condition: Callable[[list[str]], bool]) -> bool:
        scheduler = self._world.scheduler
        end = scheduler.now + seconds
        while not condition(self._names()):
            if scheduler.now >= end:
                return False
            scheduler.idle(LOOK)
        return True

    def _look_at_answer(self) -> None:
        """Go by a second listing, as the protocol has it, once the request is gone."""
        version = self.wishes.versions[-1] if self.wishes.versions else None
        if version is None or version.text is None or version.overlaps or self._world.plan.keeps:
            return
        stem, names = self._client.stem, self._names()
        if any((parse_retired(each) or [""])[0] == self._request for each in self._world.spool.entries):
            # It was caught while its predecessor was taken out, and is put back in a moment, as the protocol warns.
            return
        answers = [f"{stem}{ending}" for ending in (".png", ".svg", "-error.txt")]
        there = [
            self._world.spool.entries[each] for each in answers if each in names and each in self._world.spool.entries
        ]
        if not any(
            f'"text": {json.dumps(version.text)}'.encode() in each.data or b"code: " in each.data for each in there
        ):
            self._world.gone_too_early.append(
                f"{stem}: {version.text!r}, {[each for each in answers if each in names]}"
            )

    def _cancel(self) -> None:
        stem = self._client.stem
        try:
            self._system.unlink(self._path(self._request))
        except FileNotFoundError:
            return
        decided = f".{stem}.commit" in self._world.spool.entries
        self._world.tell(f"{stem} is cancelled{', but decided' if decided else ''}")
        self.wishes.versions.append(Version(None, decided=decided))
        self._world.changed[stem] = self._world.scheduler.now
        self._remove_attachments()

    def _remove_attachments(self, but: set[str] = frozenset()) -> None:  # type: ignore[assignment]
        for name in sorted(set(self._names()).intersection(self.attachments) - but):
            with contextlib.suppress(FileNotFoundError):
                self._system.unlink(self._path(name))
