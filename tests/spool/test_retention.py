"""Old results are found by name and age; nothing else ever is."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spectacle.spool.claims import Claims
from spectacle.spool.directory import Spool
from spectacle.spool.retention import Keeping, Kept, Survey, find_old, remove_result

DAY = 86400.0
OURS = (
    "a-1-64x64.png",
    "a-1-64x64-2.png",
    "a-1-64x64-12.svg",
    "a-1-64x64-svg.svg",
    "a-1-64x64-svg.png",
    "a-1-64x64-svg-3.svg",
    "a-1-64x64-error.txt",
    "a-1-64x64-svg-error.txt",
    "6f9619ff-8b86-d011-b42d-00c04fc964ff-17-640x480.png",
    "a-1-64x64-input.png",
    "a-1-64x64-input2.jpg",
    "a-1-64x64-input10.webp",
    "a-1-64x64-mask.png",
    "a-1-64x64-control.png",
    "a-1-64x64-options.json",
    "a-1-64x64-progress.json",
    "a-1-64x64-input-processed.png",
    ".a-1-64x64.txt.tmp",
    ".a-1-64x64.tmp",
    ".a-1-64x64-input2.png.tmp",
    ".a-1-64x64-options.json.tmp",
)
OF_RESERVED_KINDS = (
    "a-1-64x64-input-error.txt",
    "a-1-64x64-input2-error.txt",
    "a-1-64x64-mask-error.txt",
    "a-1-64x64-options-error.txt",
    "a-1-64x64-input-options.json",
    "a-1-64x64-input-mask.png",
    ".a-1-64x64-input.txt.tmp",
)
"""What is left of requests that cannot be served, which are answered by errors."""
FOREIGN = (
    "a-1-64x64-input-2.png",
    "a-1-64x64-input.svg",
    "a-1-64x64-input-processed.jpg",
    "a-1-64x64-input-processed-2.png",
    "holiday.png",
    "notes.txt",
    "a-64x64.png",
    "a-1-64X64.png",
    "a-1-64x64.gif",
    "a-1-64x64.json",
    "a-1-64x64-02.png",
    "a-1-64x64-input.gif",
    "a-1-64x64-mask.svg",
    ".a-1-64x64.png",
    ".a.tmp",
    ".a-1-64x64.lock.tmp",
    "a-1-64x64.png.bak",
    "a-1-64x64-error.txt~",
    "logo-2024-640x480.svgz",
    "a-1-64x64-error-error.txt",
)


def put(spool: Spool, name: str, age: float) -> Path:
    path = spool.path / name
    path.write_text("content")
    now = spool.now_ns()
    os.utime(path, ns=(now, now - int(age * 1e9)))
    return path


def found(spool: Spool, older_than: float = DAY) -> set[str]:
    return set(find_old(spool, older_than, spool.names(), spool.now_ns()))


@pytest.mark.parametrize("name", OURS + OF_RESERVED_KINDS)
def test_an_old_answer_or_attachment_without_request_is_found(spool: Spool, name: str) -> None:
    put(spool, name, 2 * DAY)
    assert found(spool) == {name}


@pytest.mark.parametrize("name", OURS + OF_RESERVED_KINDS)
def test_a_young_one_is_not(spool: Spool, name: str) -> None:
    put(spool, name, DAY / 2)
    assert found(spool) == set()


@pytest.mark.parametrize("name", FOREIGN)
def test_a_foreign_file_is_never_found(spool: Spool, name: str) -> None:
    put(spool, name, 1000 * DAY)
    assert found(spool) == set()


@pytest.mark.parametrize("name", ["a-1-64x64.txt", "a-1-64x64-svg.txt"])
def test_a_request_is_never_found(spool: Spool, name: str) -> None:
    put(spool, name, 1000 * DAY)
    assert found(spool) == set()


@pytest.mark.parametrize("busy", ["a-1-64x64.txt", "a-1-64x64.lock", ".a-1-64x64.commit"])
def test_nothing_of_a_request_that_waits_or_runs_or_is_being_answered_is_found(spool: Spool, busy: str) -> None:
    put(spool, busy, 0)
    for name in OURS:
        put(spool, name, 2 * DAY)
    assert found(spool) == {name for name in OURS if name.startswith(("a-1-64x64-svg", "6f9619ff"))}


@pytest.mark.parametrize("busy", ["a-1-64x64-input.txt", "a-1-64x64-input.lock", ".a-1-64x64-input.commit"])
def test_nothing_of_a_request_of_a_reserved_kind_that_is_not_answered_yet_is_found(spool: Spool, busy: str) -> None:
    put(spool, busy, 0)
    for name in OF_RESERVED_KINDS:
        put(spool, name, 2 * DAY)
    its_own = ("a-1-64x64-input.", "a-1-64x64-input-")
    assert found(spool) == {name for name in OF_RESERVED_KINDS if not name.removeprefix(".").startswith(its_own)}


def test_old_poison_is_found(spool: Spool) -> None:
    put(spool, ".spectacle/poison/a-1-64x64.txt.0a1b2c3d", 2 * DAY)
    put(spool, ".spectacle/poison/a-2-64x64.txt.0a1b2c3d", 0)
    assert found(spool) == {".spectacle/poison/a-1-64x64.txt.0a1b2c3d"}


def test_only_ordinary_files_are_found(spool: Spool, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.touch()
    (spool.path / "a-1-64x64.png").symlink_to(elsewhere)
    (spool.path / "a-2-64x64.png").mkdir()
    os.mkfifo(spool.path / "a-3-64x64.png")
    os.link(elsewhere, spool.path / "a-4-64x64.png")
    assert find_old(spool, 0, spool.names(), spool.now_ns() + 10**12) == []


class Interrupting:
    """Behaves like `os`, and does something before the call of a number."""

    def __init__(self, number: int, act: Callable[[], None]) -> None:
        self.left, self._act = number, act

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        if name not in ("open", "stat", "rename", "unlink", "link"):
            return real

        def call(*arguments: Any, **options: Any) -> Any:
            if self.left == 0:
                self._act()
            self.left -= 1
            return real(*arguments, **options)

        return call


def survey(spool: Spool, **keeping: Any) -> list[Kept]:
    found = Survey(spool, Keeping(**keeping), {}, "picture", 0, spool.now_ns())
    for _ in found.steps():
        pass
    return found.surplus


def publish(spool: Spool, name: str, content: str, seconds: float = 0) -> None:
    draft = spool.path / ".draft"
    draft.write_text(content)
    now = spool.now_ns()
    os.utime(draft, ns=(now, now - int(seconds * 1e9)))
    draft.rename(spool.path / name)


@pytest.mark.parametrize("published", [False, True])
def test_a_request_that_is_written_again_at_any_moment_and_its_new_result_stay(spool: Spool, published: bool) -> None:
    number = 0
    while True:
        publish(spool, "a-1-8x8.png", "old", 100)
        publish(spool, "a-1-8x8-2.png", "old", 100)
        (old,) = survey(spool, seconds=50)
        outside = Spool(spool.path)

        def ask_again() -> None:
            if published:
                # By an instance that went on past its lease.
                publish(spool, "a-1-8x8.png", "new")
            else:
                publish(spool, "a-1-8x8.txt", "again")

        system = Interrupting(number, ask_again)
        outside._os = system
        outside.open()
        removed = remove_result(outside, Claims(outside, 3), old)
        outside.close()
        names = {each for each in os.listdir(spool.path) if each != ".spectacle"}
        if system.left >= 0:
            break
        if published:
            assert (spool.path / "a-1-8x8.png").read_text() == "new", number
        else:
            assert (spool.path / "a-1-8x8.txt").read_text() == "again", number
        assert names <= {"a-1-8x8.txt", "a-1-8x8.png", "a-1-8x8-2.png"}, number
        for each in names:
            (spool.path / each).unlink()
        number += 1
    assert number > 10
    assert sorted(removed) == ["a-1-8x8-2.png", "a-1-8x8.png"]
    assert not names


@pytest.mark.parametrize("beside", ["a-1-8x8.txt", "a-1-8x8.lock", ".a-1-8x8.commit"])
def test_a_result_whose_request_is_there_claimed_or_being_published_stays(spool: Spool, beside: str) -> None:
    publish(spool, "a-1-8x8.png", "old", 100)
    (old,) = survey(spool, seconds=50)
    publish(spool, beside, "x")
    assert survey(spool, seconds=50) == []
    assert remove_result(spool, Claims(spool, 3), old) == []
    assert (spool.path / "a-1-8x8.png").exists()


def test_of_many_the_oldest_go_as_whole_results_and_what_is_odd_stays(spool: Spool) -> None:
    for age, name in enumerate(["a-1-8x8.png", "a-2-8x8-2.svg", "a-2-8x8.svg", "a-3-8x8-error.txt"], 100):
        publish(spool, name, "x" * 100, age)
    (spool.path / "a-4-8x8.png").symlink_to("notes.txt")
    (spool.path / "a-5-8x8.png").mkdir()
    os.link(spool.path / "a-1-8x8.png", spool.path / "archived")
    publish(spool, "a-9-8x8-input.png", "an attachment", 1000)
    assert {each.name.stem for each in survey(spool, number=1)} == {"a-3-8x8"}
    assert {each.name.stem for each in survey(spool, size=199)} == {"a-2-8x8", "a-3-8x8"}
    assert survey(spool, size=1000) == survey(spool, number=2) == survey(spool) == []


def test_thumbnails_go_with_their_result_and_count_towards_its_size(spool: Spool, tmp_path: Path) -> None:
    files = ["a-1-8x8.png", "a-1-8x8-2.png", "a-1-8x8-thumbnail.png", "a-1-8x8-2-thumbnail.png"]
    for name in files:
        publish(spool, name, "1234", 100)
    (found,) = survey(spool, size=15)
    assert survey(spool, size=16) == []
    claims = Claims(spool, 3)
    assert sorted(remove_result(spool, claims, found)) == sorted(files)
    assert not {*spool.names()} & {*files}
