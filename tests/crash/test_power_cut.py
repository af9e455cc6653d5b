"""A power cut at any moment of publishing: what was not fsynced may be lost, and the promise still holds.

The recorded system calls are replayed onto an empty directory in every state that a journalling file system may show
after a power cut: entries of the directory as of any moment since its last fsync, in the order they were made, and of
every file only what was fsynced.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from spectacle.spool.commit import Answer, Outcome, read_commit, remove_old_results, roll_forward
from spectacle.spool.directory import Spool
from spectacle.spool.exclusive import rename_exclusive
from spectacle.spool.naming import RequestName
from spectacle.spool.record import Version

NAME = RequestName.parse("a-1-64x64.txt")
assert NAME is not None
FILES = {"-2.png": b"second" * 1000, ".png": b"first" * 1000}
PROMPT = b"a red fox"


@dataclass
class File:
    """A file as written and as fsynced."""

    written: bytes = b""
    durable: bytes | None = None


@dataclass
class Recording:
    """The calls that change something, each as a step on the state below."""

    entries: list[Callable[[dict[str, File]], None]] = field(default_factory=list)
    steps: list[tuple[int, dict[int, bytes | None], int]] = field(default_factory=list)
    """After each call: changes so far, durable content of each file, changes at the directory's last fsync."""
    files: list[File] = field(default_factory=list)
    synced_entries: int = 0

    def note(self) -> None:
        durable = {number: file.durable for number, file in enumerate(self.files)}
        self.steps.append((len(self.entries), durable, self.synced_entries))


class RecordingSystem:
    """`os`, taking notes. Knows of the files in the spool itself only."""

    def __init__(self, recording: Recording, links: bool) -> None:
        self.recording = recording
        self.links = links
        self.names: dict[str, File] = {}
        self.open_files: dict[int, File] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def open(self, path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        fd = os.open(path, flags, mode, dir_fd=dir_fd)
        self.open_files.pop(fd, None)
        if flags & os.O_CREAT:
            file = File()
            self.recording.files.append(file)
            self.names[path] = self.open_files[fd] = file
            self._entry(lambda state: state.__setitem__(path, file))
        return fd

    def write(self, fd: int, data: bytes) -> int:
        count = os.write(fd, data)
        if fd in self.open_files:
            self.open_files[fd].written += bytes(data[:count])
            self.recording.note()
        return count

    def fsync(self, fd: int) -> None:
        os.fsync(fd)
        if fd in self.open_files:
            self.open_files[fd].durable = self.open_files[fd].written
        else:
            self.recording.synced_entries = len(self.recording.entries)
        self.recording.note()

    def link(self, source: str, target: str, **options: Any) -> None:
        if not self.links:
            raise OSError(errno.EPERM, os.strerror(errno.EPERM))
        os.link(source, target, **options)
        file = self.names[target] = self.names[source]
        self._entry(lambda state: state.__setitem__(target, file))

    def rename(self, source: str, target: str, **options: Any) -> None:
        self._rename(os.rename, source, target, **options)

    def rename_exclusive(self, source: str, target: str, **options: Any) -> None:
        self._rename(rename_exclusive, source, target, **options)

    def _rename(self, rename: Callable[..., None], source: str, target: str, **options: Any) -> None:
        rename(source, target, **options)
        file = self.names.pop(source)
        self.names[target] = file

        def move(state: dict[str, File]) -> None:
            state.pop(source, None)
            state[target] = file

        self._entry(move)

    def unlink(self, name: str, **options: Any) -> None:
        os.unlink(name, **options)
        self.names.pop(name, None)
        self._entry(lambda state: state.pop(name, None))

    def _entry(self, change: Callable[[dict[str, File]], Any]) -> None:
        self.recording.entries.append(change)
        self.recording.note()


def record(path: Path, *, links: bool = True) -> tuple[Recording, dict[str, File]]:
    """Publish an answer in `path` and return what was done, and the files that were there before."""
    assert NAME is not None
    before = {"a-1-64x64.txt": File(PROMPT, PROMPT), "a-1-64x64-options.json": File(b"{}", b"{}")}
    for name, file in before.items():
        (path / name).write_bytes(file.written)
    recording = Recording()
    spool = Spool(path)
    spool.open()
    spool.prepare_state_directory()
    system = RecordingSystem(recording, links)
    system.names.update(before)
    recording.files.extend(before.values())
    busy = Spool(path, system)
    busy.open()
    recording.note()
    answer = Answer(busy, NAME, "token")
    for suffix, content in FILES.items():
        answer.add(suffix, content)
    assert answer.publish(*versions(busy), still_ours=lambda: True) is Outcome.PUBLISHED
    spool.close()
    busy.close()
    return recording, before


def versions(spool: Spool) -> tuple[Version, list[Version]]:
    content, look = spool.read("a-1-64x64.txt", 1000)
    options = spool.look("a-1-64x64-options.json")
    attachments = [] if options is None else [Version.of("a-1-64x64-options.json", options)]
    return Version.of("a-1-64x64.txt", look, content), attachments


def states(recording: Recording, before: dict[str, File]) -> Iterator[dict[str, bytes]]:
    """Every distinct state of the directory that a power cut may leave."""
    seen = set()
    for entries, durable, synced in recording.steps:
        for reached in range(synced, entries + 1):
            state = dict(before)
            for change in recording.entries[:reached]:
                change(state)
            numbers = {id(file): number for number, file in enumerate(recording.files)}
            contents = {name: durable.get(numbers[id(file)]) or b"" for name, file in state.items()}
            key = tuple(sorted(contents.items()))
            if key not in seen:
                seen.add(key)
                yield contents


def lay_out(state: dict[str, bytes], path: Path) -> None:
    """Make the files of a state. Inodes are others here, so the record is told of them."""
    for name, content in state.items():
        if not name.endswith(".commit") and "/" not in name:
            (path / name).write_bytes(content)
    for name, content in state.items():
        if name.endswith(".commit"):
            record = json.loads(content)
            for entry in (record["request"], *record["attachments"]):
                if (path / entry["name"]).exists():
                    status = (path / entry["name"]).stat()
                    entry.update(inode=status.st_ino, mtime_ns=status.st_mtime_ns)
            (path / name).write_text(json.dumps(record))


@pytest.mark.parametrize("links", [True, False], ids=["with links", "without links"])
def test_a_power_cut_at_any_moment_leaves_the_request_or_its_whole_answer(tmp_path: Path, links: bool) -> None:
    assert NAME is not None
    (tmp_path / "recorded").mkdir()
    recording, before = record(tmp_path / "recorded", links=links)
    count = 0
    for number, state in enumerate(states(recording, before)):
        path = tmp_path / str(number)
        path.mkdir()
        lay_out(state, path)
        spool = Spool(path)
        spool.open()
        spool.prepare_state_directory()
        decided = read_commit(spool, NAME)
        if decided is not None:
            roll_forward(spool, NAME, decided)
        if (path / "a-1-64x64.txt").exists():
            assert (path / "a-1-64x64.txt").read_bytes() == PROMPT
            look = spool.look("a-1-64x64.txt")
            assert look is not None
            remove_old_results(spool, NAME, look)
            answer = Answer(spool, NAME, "again")
            for suffix, content in FILES.items():
                answer.add(suffix, content)
            assert answer.publish(*versions(spool), still_ours=lambda: True) is Outcome.PUBLISHED
        for suffix, content in FILES.items():
            assert (path / f"a-1-64x64{suffix}").read_bytes() == content, f"state {number}: {sorted(state)}"
        assert not (path / "a-1-64x64.txt").exists()
        spool.close()
        count += 1
    assert count > 12


@pytest.mark.parametrize("forgotten", ["file", "directory"])
def test_this_test_would_notice_a_forgotten_fsync(tmp_path: Path, forgotten: str) -> None:
    """The model is strict enough: without the fsyncs there are states in which something is lost."""
    (tmp_path / "recorded").mkdir()
    recording, before = record(tmp_path / "recorded")
    if forgotten == "file":
        steps = [(entries, dict.fromkeys(durable), synced) for entries, durable, synced in recording.steps]
        recording.steps = steps
        lost = [state for state in states(recording, before) if state.get("a-1-64x64.png") == b""]
    else:
        recording.steps = [(entries, durable, 0) for entries, durable, _ in recording.steps]
        lost = [state for state in states(recording, before) if len(state) == len(before)]
    assert lost
