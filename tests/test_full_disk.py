"""A spool whose file system has no space left, too few bytes, no further files, or cannot be written."""

from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from daemon_process import CONFIGURATION, Daemon, assert_nothing_left, wait_for


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon, not started, whose spool is a file system of 4 MiB and 200 files."""
    daemon = Daemon(tmp_path)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m,nr_inodes=200", "spectacle-test", daemon.spool], check=True)
    daemon.drafts = daemon.spool
    yield daemon
    if daemon.process is not None and daemon.process.poll() is None:
        daemon.stop()
    subprocess.run(["umount", "--lazy", daemon.spool], check=True)


def begin(daemon: Daemon, stem: str, **options: float | str) -> None:
    """Have a request running."""
    daemon.write(stem, options={"progress": True, **options})
    daemon.await_run(stem)


def fill(path: Path) -> Path:
    """Leave no room at all."""
    filler = path / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 4096)
    return filler


@pytest.mark.root
def test_a_full_disk_is_waited_out_with_the_request_in_its_place(small_disk: Daemon) -> None:
    daemon = small_disk.start()
    begin(daemon, "a-1-64x64", steps=20, step_seconds=0.05)
    filler = fill(daemon.spool)
    wait_for(lambda: "No space left" in daemon.log, "the log to say why")
    wait_for(lambda: "a-1-64x64.lock" not in daemon.public(), "the claim to be released")
    assert "a-1-64x64.txt" in daemon.public()
    assert not [name for name in daemon.hidden() if name.endswith((".tmp", ".commit"))]
    filler.unlink()
    assert daemon.answer("a-1-64x64").suffix == ".png"
    daemon.stop()
    assert_nothing_left(daemon)


@pytest.mark.slow
@pytest.mark.root
def test_a_disk_that_is_full_of_what_daemons_that_died_have_left_is_swept_at_once(small_disk: Daemon) -> None:
    daemon = small_disk.start()
    daemon.write("a-1-64x64")
    daemon.answer("a-1-64x64")
    stale = daemon.spool / ".a-9-64x64.01234567.0.tmp"
    stale.write_bytes(b"x" * (2 << 20))
    os.utime(stale, (0, 0))
    begin(daemon, "a-2-64x64", steps=20, step_seconds=0.05)
    fill(daemon.spool)
    assert daemon.answer("a-2-64x64").suffix == ".png"
    assert not stale.exists()


@pytest.mark.slow
@pytest.mark.root
def test_progress_of_waiting_requests_gives_way_where_no_further_file_can_be_made(small_disk: Daemon) -> None:
    stems = [f"a-{number}-64x64" for number in range(20)]
    daemon = small_disk.start()
    pause = daemon.spool / ".spectacle/paused"
    pause.touch()
    for stem in stems:
        daemon.write(stem, options={"progress": True})
    wait_for(lambda: all(f"{stem}-progress.json" in daemon.public() for stem in stems), "progress")
    with contextlib.suppress(OSError):
        for number in itertools.count():
            (daemon.spool / f"filler-{number}").touch()
    pause.rename(daemon.spool / "filler")
    for stem in stems:
        assert daemon.answer(stem).suffix == ".png"


@pytest.mark.root
def test_an_error_is_still_told_on_a_full_disk(small_disk: Daemon) -> None:
    daemon = small_disk.start()
    begin(daemon, "a-1-64x64", steps=20, step_seconds=0.05, fail="on purpose")
    filler = fill(daemon.spool)
    assert daemon.error("a-1-64x64") == "on purpose"
    filler.unlink()
    daemon.write("a-2-64x64")
    assert daemon.answer("a-2-64x64").suffix == ".png"


@pytest.mark.root
def test_nothing_is_begun_below_the_least_free_space(small_disk: Daemon) -> None:
    small_disk.file.write_text(CONFIGURATION.replace("min_free = 0", f"min_free = {2 << 20}"))
    filler = small_disk.spool / "filler"
    filler.write_bytes(b"x" * (3 << 20))
    daemon = small_disk.start()
    daemon.write("a-1-64x64")
    wait_for(lambda: "but spool.min_free is" in daemon.log, "the log to say why")
    wait_for(lambda: "spool.min_free" in (daemon.report().get("reason") or ""), "the status to say so")
    assert "a-1-64x64.txt" in daemon.public()
    filler.unlink()
    assert daemon.answer("a-1-64x64").suffix == ".png"


@pytest.mark.slow
@pytest.mark.root
def test_a_spool_mounted_read_only_is_waited_for(small_disk: Daemon) -> None:
    daemon = small_disk.start()
    daemon.write("a-1-64x64")
    daemon.answer("a-1-64x64")
    subprocess.run(["mount", "-o", "remount,ro", daemon.spool], check=True)
    wait_for(lambda: "Mount it read-write" in daemon.log, "the log to say so")
    subprocess.run(["mount", "-o", "remount,rw", daemon.spool], check=True)
    daemon.write("a-2-64x64")
    assert daemon.answer("a-2-64x64").suffix == ".png"
    daemon.stop()
    assert_nothing_left(daemon)
