"""`spectacle status`, read from reports in the spool."""

from __future__ import annotations

import errno
import json
import os
import pty
import signal
import subprocess
import sys
import time

import pytest

from spectacle.spool.directory import Spool


def test_an_empty_spool_says_how_to_begin(run, spool: Spool) -> None:
    result = run("status", "--spool", spool.path)
    assert result.exit_code == 0
    assert result.stdout == (
        f"No instance has reported in {spool.path}: start one with `spectacle serve --spool {spool.path}`\n"
    )


def test_each_device_of_each_instance_is_shown_with_its_job(run, spool: Spool, report) -> None:
    report("one")
    device = {"device": "cpu", "state": "ready", "generator": None, "preset": None, "job": None}
    report("two", devices=[device, {**device, "device": "cuda:1"}], done={}, errors=[])
    lines = run("status", "--spool", spool.path).stdout.splitlines()
    assert lines[0].split() == ["host", "state", "device", "model", "job", "done"]
    assert "host-one" in lines[1]
    for words in ("busy", "cuda:0", "test-double:big", "a-1-64x64 3/8 (2 s)", "5 answered, 1 refused"):
        assert words in lines[1]
    assert lines[2].split() == ["host-two", "ready", "cpu", "none", "loaded"]
    assert lines[3].split() == ["host-two", "ready", "cuda:1", "none", "loaded"]


def test_all_loaded_models_are_shown_the_one_used_last_first(run, spool: Spool, report) -> None:
    loaded = [{"generator": "qwen-image", "preset": "lightning-4"}, {"generator": "illustration", "preset": None}]
    device = {"device": "cuda:0", "state": "ready", **loaded[0], "loaded": loaded, "job": None}
    report("one", devices=[device], done={}, errors=[])
    assert "qwen-image:lightning-4, illustration" in run("status", "--spool", spool.path).stdout.splitlines()[1]


def test_the_queue_is_that_of_the_spool_not_the_sum_of_what_each_instance_sees(run, spool: Spool, report) -> None:
    report("one", queue={"picture": 2, "svg": 1})
    report("two", queue={"picture": 3})
    assert "waiting: 3 picture, 1 svg\n" in run("status", "--spool", spool.path).stdout


def test_the_last_errors_and_what_is_waited_for_are_told(run, spool: Spool, report) -> None:
    report(state="waiting", reason="the disk is full: free some space")
    output = run("status", "--spool", spool.path).stdout
    assert "host-one waits: the disk is full: free some space" in output
    assert "host-one error: the disk was full" in output


def test_an_instance_that_has_not_reported_for_a_while_is_dead_and_does_not_count(run, spool: Spool, report) -> None:
    report("one", age=1000, queue={"picture": 7})
    report("two", queue={})
    lines = run("status", "--spool", spool.path).stdout.splitlines()
    assert "dead, last heard of 17 min ago" in next(line for line in lines if "host-one" in line)
    assert "waiting: none" in lines


def test_a_full_or_read_only_spool_can_be_looked_at(run, spool: Spool, report, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_self: Spool) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    report()
    monkeypatch.setattr(Spool, "now_ns", refuse)
    assert "a-1-64x64 3/8" in run("status", "--spool", spool.path).stdout


def test_programs_get_json(run, spool: Spool, report) -> None:
    told = report("one", queue={"picture": 2})
    report("two", age=1000)
    found = json.loads(run("status", "--spool", spool.path, "--json").stdout)
    assert found["queue"] == {"picture": 2}
    first, second = found["instances"]
    assert told.items() <= first.items()
    assert (first["live"], second["live"]) == (True, False)
    assert second["age"] >= 1000


def test_programs_get_json_of_an_empty_spool_too(run, spool: Spool) -> None:
    found = json.loads(run("status", "--spool", spool.path, "--json").stdout)
    assert found == {"spool": str(spool.path), "queue": {}, "instances": []}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"\xff\xfe",
        b"{}",
        b'{"devices": 3, "queue": [], "done": "x", "errors": {}, "interval": "soon", "host": ["x"]}',
        b'{"devices": [3, {"job": 4}, {"job": {"step": "x", "steps": [], "seconds": null}}], "queue": {"a": "b"}}',
        b'{"host": "\\u001b[2J[bold]x[/bold]", "reason": "a\\nb", "devices": [{}]}',
    ],
)
def test_a_report_that_is_none_does_no_harm(run, spool: Spool, content: bytes) -> None:
    (spool.path / ".spectacle/instances/odd.json").write_bytes(content)
    for arguments in ([], ["--json"]):
        result = run("status", "--spool", spool.path, *arguments)
        assert result.exit_code == 0
        assert "\x1b" not in result.stdout


def test_json_holds_nothing_that_a_terminal_obeys_and_no_half_characters(run, spool: Spool) -> None:
    report = {"host": "\x9b2J\u202e\x1b[2J\ud800", "interval": 10, "kinds": [], "queue": {"\udfff": 1}}
    (spool.path / ".spectacle/instances/evil.json").write_text(json.dumps(report))
    result = run("status", "--json", "--spool", spool.path)
    assert result.exit_code == 0
    assert not [each for each in result.stdout if not each.isprintable() and each != "\n"]
    assert json.loads(result.stdout)["instances"][0]["host"] == report["host"]


def test_watching_goes_on_until_ctrl_c(spool: Spool, report) -> None:
    report()
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        # Where tests run in the background, SIGINT is ignored unless it is reset.
        ["env", "--default-signal=INT", sys.executable, "-m", "spectacle", "status", "--watch", "--spool", spool.path],
        stdin=theirs, stdout=theirs, stderr=theirs, env={**os.environ, "TERM": "xterm", "COLUMNS": "120"},
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    deadline = time.monotonic() + 15
    while b"waiting: 2 picture" not in shown and time.monotonic() < deadline:
        shown += os.read(ours, 4096)
    assert b"host-one" in shown
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0
    os.close(ours)
