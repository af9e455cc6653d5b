"""`spectacle gc`."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from spectacle.spool.directory import Spool

DAY = 86400.0


def put(spool: Spool, name: str, age: float) -> Path:
    path = spool.path / name
    path.write_text("content")
    now = spool.now_ns()
    os.utime(path, ns=(now, now - int(age * 1e9)))
    return path


@pytest.fixture
def littered(spool: Spool) -> Spool:
    put(spool, ".a-1-64x64.0a1b2c3d.0.tmp", DAY)
    put(spool, ".a-2-64x64.0a1b2c3d.0.tmp", 1)
    put(spool, ".spectacle/attempts/a-9-64x64", DAY)
    put(spool, "a-3-64x64.png", 10 * DAY)
    put(spool, "a-4-64x64.png", DAY)
    put(spool, "a-5-64x64.txt", 10 * DAY)
    put(spool, "holiday.png", 1000 * DAY)
    return spool


LEFT_OVER = [".a-1-64x64.0a1b2c3d.0.tmp", ".spectacle/attempts/a-9-64x64"]


def test_left_overs_of_crashes_are_removed_but_no_results(run, littered: Spool) -> None:
    result = run("gc", "--spool", littered.path)
    assert result.exit_code == 0
    assert result.stdout.splitlines() == LEFT_OVER
    assert result.stderr == "removed 2 files\n"
    assert set(littered.names()) == {
        ".spectacle", ".a-2-64x64.0a1b2c3d.0.tmp", "a-3-64x64.png", "a-4-64x64.png", "a-5-64x64.txt", "holiday.png",
    }  # fmt: skip


@pytest.mark.parametrize(("age", "removed"), [("7d", 1), ("12h", 2), ("1w", 1), ("864000s", 1), ("100d", 0)])
def test_results_of_an_age_are_removed_when_told(run, littered: Spool, age: str, removed: int) -> None:
    result = run("gc", "--spool", littered.path, "--older-than", age)
    assert result.stdout.splitlines() == LEFT_OVER + ["a-3-64x64.png", "a-4-64x64.png"][:removed]
    assert {"a-5-64x64.txt", "holiday.png"} <= set(littered.names())


def test_a_dry_run_tells_the_same_and_removes_nothing(run, littered: Spool) -> None:
    before = littered.names()
    dry = run("gc", "--spool", littered.path, "--older-than", "7d", "--dry-run")
    assert dry.stderr == "would remove 3 files\n"
    assert sorted(littered.names()) == sorted(before)
    assert run("gc", "--spool", littered.path, "--older-than", "7d").stdout == dry.stdout


def test_another_hosts_claim_stays_while_it_is_refreshed_and_goes_when_it_is_not(
    run, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPECTACLE_SPOOL_LEASE_DURATION", "1")
    lock = put(spool, "a-1-64x64.lock", DAY)
    ended = threading.Event()

    def refresh() -> None:
        beat = 0
        while not ended.wait(0.05):
            beat += 1
            # Even a clock that is a year late on the other side tells nothing.
            os.utime(lock, (beat, beat))

    heart = threading.Thread(target=refresh)
    heart.start()
    try:
        result = run("gc", "--spool", spool.path)
    finally:
        ended.set()
        heart.join()
    assert result.stdout == ""
    assert "watching the claims of other hosts for 1 s" in result.stderr
    assert "a-1-64x64.lock" in spool.names()
    assert run("gc", "--spool", spool.path).stdout.splitlines() == ["a-1-64x64.lock"]


def test_a_claim_without_request_goes_once_its_holder_has_ended(run, spool: Spool) -> None:
    code = (
        "import os, sys\nfrom pathlib import Path\n"
        "from spectacle.spool.claims import Claims\nfrom spectacle.spool.naming import RequestName\n"
        "from spectacle.spool.directory import Spool\n"
        "spool = Spool(Path(sys.argv[1]))\nspool.open()\n"
        "claim = Claims(spool, 30).claim(RequestName.parse('a-1-64x64.txt'))\n"
        "os._exit(0 if claim else 1)\n"
    )
    subprocess.run([sys.executable, "-c", code, spool.path], check=True)
    now = spool.now_ns()
    os.utime(spool.path / "a-1-64x64.lock", ns=(now, now - int(DAY * 1e9)))
    result = run("gc", "--spool", spool.path)
    assert result.stdout.splitlines() == ["a-1-64x64.lock"]
    assert "a-1-64x64.lock" not in spool.names()


@pytest.mark.parametrize("age", ["7", "d", "-1d", "7 d", "7y", "1e3s"])
def test_an_age_is_a_number_and_a_unit(run, spool: Spool, age: str) -> None:
    result = run("gc", "--spool", spool.path, "--older-than", age)
    assert result.exit_code == 2
    assert "Use a number and s, m, h, d or w, such as 7d" in result.stderr


def test_names_that_a_terminal_would_obey_are_printed_as_one_line_each(run, spool: Spool) -> None:
    names = ["\x9b]0;title\x07", "two\nlines", "\u202etxt", os.fsdecode(b"\xff")]
    for name in names:
        put(spool, f".spectacle/poison/{name}", DAY)
    result = run("gc", "--spool", spool.path, "--older-than", "1h")
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == len(names)
    assert all(line.isprintable() for line in result.stdout.splitlines())
    assert not os.listdir(spool.path / ".spectacle/poison")
