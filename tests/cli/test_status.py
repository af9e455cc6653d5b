"""`spectacle status`, read from reports in the spool."""

from __future__ import annotations

import errno
import json
import os
import pty
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from spectacle.spool.directory import Spool


def test_an_empty_spool_says_how_to_begin(run, spool: Spool) -> None:
    result = run("status", "--spool", spool.path)
    assert result.exit_code == 0
    assert result.stdout == (
        f"{spool.path}: no instance has reported. Start one with `spectacle serve --spool {spool.path}`; "
        "if one is running, its log says why it does not report.\n"
    )


def test_what_is_not_a_request_is_told_while_nothing_runs(run, spool: Spool) -> None:
    (spool.path / "alice-2-64X64.txt").write_text("a fox")
    first, *_ = run("status", "--spool", spool.path).stdout.splitlines()
    assert first == "notice: not a request: alice-2-64X64.txt: 'X' in the size 64X64: use a lower-case x"


def test_each_device_of_each_instance_is_shown_with_its_job(run, spool: Spool, report) -> None:
    report("one")
    device = {"device": "cpu", "state": "ready", "generator": None, "preset": None, "job": None}
    report("two", devices=[device, {**device, "device": "cuda:1"}], done={}, errors=[])
    lines = run("status", "--spool", spool.path).stdout.splitlines()
    assert lines[0].split() == ["host", "state", "device", "model", "memory", "job", "done"]
    assert "host-one" in lines[1]
    for words in ("busy", "cuda:0", "test-double:big", "a-1-64x64 3/8 (2 s)", "5 answered, 1 refused"):
        assert words in lines[1]
    assert lines[2].split() == ["host-two", "ready", "cpu", "none", "loaded"]
    assert lines[3].split() == ["host-two", "ready", "cuda:1", "none", "loaded"]


def test_workers_that_hold_nothing_share_a_row_where_there_are_many(run, spool: Spool, report) -> None:
    idle = {"device": "cpu", "state": "ready", "loaded": [], "job": None}
    busy = {**idle, "state": "busy", "job": {"stem": "b-2-64x64", "step": 1, "steps": 4, "seconds": 3.0}}
    names = ["cpu", *(f"cpu-{number}" for number in range(2, 9))]
    report("one", devices=[{**(busy if name == "cpu-2" else idle), "worker": name} for name in names], errors=[])
    rows = [" ".join(line.split()) for line in run("status", "--spool", spool.path).stdout.splitlines()[1:-1]]
    assert [row.removeprefix("host-one ").split(" 5 answered")[0] for row in rows] == [
        "ready cpu none loaded",
        "busy cpu-2 none loaded b-2-64x64 1/4 (3 s)",
        "ready cpu-3 to cpu-8 none loaded",
    ]


def test_a_worker_is_shown_with_its_node_its_gpu_there_and_its_memory(run, spool: Spool, report) -> None:
    there = {"worker": "ray/cuda:3", "node": "10.0.0.2", "gpus": "1", "memory": {"host": 1.44e9, "gpu": 20.5e9}}
    here = {"worker": "cpu", "memory": {"host": 87 * 10**6}}
    report("one", devices=[{**each, "state": "ready", "loaded": [], "job": None} for each in (there, here)])
    shown = run("status", "--spool", spool.path).stdout
    assert "ray/cuda:3 on 10.0.0.2, GPU 1" in shown
    assert "20.5 GB GPU, 1.4 GB" in shown
    assert "87 MB" in shown


def test_the_job_that_runs_is_shown_with_the_one_whose_answer_is_published(run, spool: Spool, report) -> None:
    job = {"stem": "b-2-64x64", "step": 1, "steps": 4, "seconds": 3.0}
    before = {"stem": "a-1-64x64", "step": 8, "steps": 8, "seconds": 9.0}
    report("one", devices=[{"device": "cpu", "state": "busy", "job": job, "publishing": before}], done={}, errors=[])
    assert "b-2-64x64 1/4 (3 s), publishing a-1-64x64" in run("status", "--spool", spool.path).stdout


def test_all_loaded_models_are_shown_the_one_used_last_first(run, spool: Spool, report) -> None:
    loaded = [{"generator": "qwen-image", "preset": "lightning-4"}, {"generator": "illustration", "preset": None}]
    device = {"device": "cuda:0", "state": "ready", **loaded[0], "loaded": loaded, "job": None}
    report("one", devices=[device], done={}, errors=[])
    assert "qwen-image:lightning-4, illustration" in run("status", "--spool", spool.path).stdout.splitlines()[1]


def test_the_time_is_told_that_jobs_and_the_queue_are_expected_to_take(run, spool: Spool, report) -> None:
    job = {"stem": "b-2-64x64", "step": 1, "steps": 4, "seconds": 3.0, "eta_s": 9.2}
    device = {"device": "cpu", "state": "busy", "job": job}
    report("one", devices=[device], queue={"picture": 2, "svg": 1}, queue_eta_s={"picture": 40.0}, errors=[])
    report("two", devices=[], queue_eta_s={"picture": 130, "svg": 10**400}, errors=[])
    output = run("status", "--spool", spool.path).stdout
    assert "b-2-64x64 1/4 (3 s, 9 s left)" in output
    assert "waiting: 2 picture (about 2 min), 1 svg\n" in output


def test_the_queue_is_that_of_the_spool_not_the_sum_of_what_each_instance_sees(run, spool: Spool, report) -> None:
    report("one", queue={"picture": 2, "svg": 1})
    report("two", queue={"picture": 3})
    assert "waiting: 3 picture, 1 svg\n" in run("status", "--spool", spool.path).stdout


def test_the_last_errors_and_what_is_waited_for_are_told(run, spool: Spool, report) -> None:
    report(state="waiting", reason="the disk is full: free some space")
    output = run("status", "--spool", spool.path).stdout
    assert "host-one waits: the disk is full: free some space" in output
    assert "host-one error: the disk was full" in output


def test_the_same_error_is_told_once_with_a_count(run, spool: Spool, report) -> None:
    report(reason="no space", errors=["a: no", "no space", "b: no", "a: no", "a: no"], notices=["odd name"])
    lines = run("status", "--spool", spool.path).stdout.splitlines()
    assert lines[-4:] == [
        "host-one waits: no space", "host-one error: b: no", "host-one error: a: no (3 times)",
        "host-one notice: odd name",
    ]  # fmt: skip


def test_an_error_of_several_requests_is_told_once(run, spool: Spool, report) -> None:
    report(errors=["a-1-8x8: no", "b-1-8x8: odd", *["a-1-8x8: no", "a-2-8x8: no", "a-3-8x8: no"] * 2])
    lines = run("status", "--spool", spool.path).stdout.splitlines()
    told = [line for line in lines if " error: " in line]
    assert told == ["host-one error: b-1-8x8: odd", "host-one error: a-3-8x8 and 2 other requests: no (7 times)"]


def test_what_several_instances_of_a_host_find_is_told_once(run, spool: Spool, report) -> None:
    for name in ("one", "two"):
        report(name, host="vm", notices=["odd name"], errors=["a: no"])
    lines = run("status", "--spool", spool.path).stdout.splitlines()
    assert [line for line in lines if line.startswith(("vm error", "vm notice"))] == [
        "vm error: a: no", "vm notice: odd name",
    ]  # fmt: skip


def test_a_command_that_is_suggested_can_be_pasted_whatever_the_path_is(run, tmp_path: Path) -> None:
    path = tmp_path / "my 'pictures'; $(x)"
    path.mkdir()
    told = run("status", "--spool", path).stdout
    command = told[told.index("`") + 1 : told.rindex("`")]
    assert shlex.split(command) == ["spectacle", "serve", "--spool", str(path)]


def test_on_a_narrow_terminal_each_device_has_lines_of_its_own(
    run, spool: Spool, report, monkeypatch: pytest.MonkeyPatch
) -> None:
    report()
    monkeypatch.setattr("spectacle.cli.status._is_narrow", lambda: True)
    lines = run("status", "--spool", spool.path).stdout.splitlines()
    assert lines[:4] == [
        "host-one cuda:0 busy", "  model: test-double:big", "  job: a-1-64x64 3/8 (2 s)",
        "  done: 5 answered, 1 refused",
    ]  # fmt: skip


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


@pytest.mark.parametrize(("number", "told"), [(errno.EDQUOT, True), (errno.EROFS, True), (errno.EACCES, False)])
def test_where_no_instance_reports_it_is_told_that_nobody_can_write(
    run, spool: Spool, report, monkeypatch: pytest.MonkeyPatch, number: int, told: bool
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    report(age=1000)
    monkeypatch.setattr(Spool, "write", refuse)
    assert (
        f"notice: spool {spool.path}: cannot be used: {os.strerror(number)}"
        in run("status", "--spool", spool.path).stdout
    ) is told


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
    nothing = {"pauses": [], "notices": [], "queue": {}, "queue_eta_s": {}, "instances": []}
    assert found == {"spool": str(spool.path), **nothing}


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
    assert process.wait(60) == 0
    os.close(ours)
