"""Old results are found by name and age; nothing else ever is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from spectacle.spool.directory import Spool
from spectacle.spool.retention import find_old

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
    ".a-1-64x64.txt.tmp",
    ".a-1-64x64.tmp",
    ".a-1-64x64-input2.png.tmp",
    ".a-1-64x64-options.json.tmp",
)
FOREIGN = (
    "holiday.png",
    "notes.txt",
    "a-64x64.png",
    "a-1-64X64.png",
    "a-1-64x64.jpg",
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


@pytest.mark.parametrize("name", OURS)
def test_an_old_answer_or_attachment_without_request_is_found(spool: Spool, name: str) -> None:
    put(spool, name, 2 * DAY)
    assert found(spool) == {name}


@pytest.mark.parametrize("name", OURS)
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
