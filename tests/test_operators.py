"""What those who run Spectacle can do: pause, see the queue, cancel, limit users, limit what is kept, run hooks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from daemon_process import CONFIGURATION, Daemon, running, wait_for

FAST = CONFIGURATION.replace("poll_interval = 0.1", "poll_interval = 0.2")


def spectacle(daemon: Daemon, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "spectacle", *arguments, "--config", str(daemon.file)],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def progress(daemon: Daemon, stem: str) -> dict[str, object]:
    path = daemon.spool / f"{stem}-progress.json"
    wait_for(path.exists, f"{path.name}\n{daemon.log[-2000:]}")
    told: dict[str, object] = json.loads(path.read_text())
    return told


@pytest.mark.slow
def test_a_paused_spool_starts_nothing_and_says_why_until_it_is_resumed(tmp_path: Path) -> None:
    other = Daemon(tmp_path, FAST, name="two")
    with running(tmp_path, FAST) as daemon:
        other.start()
        try:
            daemon.write("a-1-8x8-slow", options={"progress": True})
            wait_for((daemon.spool / "a-1-8x8-slow.lock").exists, "a job")
            told = spectacle(daemon, "pause", "--reason", "new GPU")
            assert told.returncode == 0, told.stderr
            assert "new GPU" in told.stdout
            wait_for(lambda: all(each.report().get("state") == "paused" for each in (daemon, other)), "both to heed it")
            daemon.write("a-2-8x8", options={"progress": True})
            daemon.write("b-1-8x8-nobody")
            waiting = progress(daemon, "a-2-8x8")
            assert (waiting["state"], waiting["ahead"]) == ("waiting", 0)
            assert "new GPU" in str(waiting["note"])
            queue = json.loads(spectacle(daemon, "queue", "--json").stdout)
            states = {each["stem"]: (each["state"], each["why"]) for each in queue["requests"]}
            assert states["a-1-8x8-slow"][0] == "running"
            assert "new GPU" in states["a-2-8x8"][1]
            assert "new GPU" in spectacle(daemon, "status").stdout
            assert spectacle(daemon, "cancel", "a-1-8x8-slow", "a-2-8x8.txt").returncode == 0
            wait_for(
                lambda: not [name for name in daemon.public() if name.startswith("a-")], "nothing of them to be left"
            )
            daemon.write("a-3-8x8")
            assert (daemon.spool / "b-1-8x8-nobody.txt").exists()
            assert spectacle(daemon, "resume").returncode == 0
            assert daemon.answer("a-3-8x8").suffix == ".png"
            assert "nobody" in daemon.error("b-1-8x8-nobody")
        finally:
            other.stop()


@pytest.mark.slow
def test_a_paused_kind_waits_while_others_are_served_also_after_a_restart(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, FAST)
    state = daemon.spool / ".spectacle"
    state.mkdir()
    (state / "paused-svg").write_text("weights are\nbeing replaced \x1b[31m")
    daemon.write("a-1-8x8-svg")
    daemon.start("--once")
    assert daemon.process is not None
    assert daemon.process.wait(30) == 0
    daemon.start()
    try:
        daemon.write("a-2-8x8")
        assert daemon.answer("a-2-8x8").suffix == ".png"
        assert (daemon.spool / "a-1-8x8-svg.txt").exists()
        assert "weights are being replaced" in spectacle(daemon, "status").stdout
        (state / "paused-svg").unlink()
        assert daemon.answer("a-1-8x8-svg").suffix == ".svg"
    finally:
        daemon.stop()


@pytest.mark.slow
@pytest.mark.root
def test_a_pause_by_somebody_who_may_not_is_ignored_and_reported(tmp_path: Path) -> None:
    with running(tmp_path, FAST) as daemon:
        pause = daemon.spool / ".spectacle/paused"
        pause.write_text("mischief")
        os.chown(pause, 4242, 4242)
        wait_for(lambda: "user 4242 is not allowed to pause" in daemon.log, "the notice")
        daemon.write("a-1-8x8")
        assert daemon.answer("a-1-8x8").suffix == ".png"
        assert "not allowed to pause" in spectacle(daemon, "doctor").stdout
        daemon.file.write_text(FAST.replace("[limits]", 'operators = ["4242"]\n\n[limits]'))
        daemon.process.send_signal(1)  # type: ignore[union-attr]
        wait_for(lambda: daemon.report().get("state") == "paused", "it to count")


LIMITED = """
[limits.users]
running = 1
per_hour = 3
waiting = 4
"""


@pytest.mark.slow
def test_users_over_their_limits_wait_while_others_are_served_by_all_instances(tmp_path: Path) -> None:
    configuration = FAST.replace('[workers]\ndevices = ["cpu"]', '[workers]\ndevices = ["cpu", "cpu"]') + LIMITED
    configuration += '[kinds.brief]\ngenerator = "test-double"\noptions = { steps = 4, step_seconds = 0.25 }\n'
    other = Daemon(tmp_path, configuration, name="two")
    with running(tmp_path, configuration) as daemon:
        other.start()
        try:
            stems = [f"a-{number}-8x8-brief" for number in range(1, 5)]
            for stem in stems:
                daemon.write(stem)
            results = [daemon.spool / f"{stem}.png" for stem in stems]
            wait_for(lambda: sum(each.exists() for each in results) == 3, "three results")
            times = sorted(each.stat().st_mtime for each in results if each.exists())
            # A job takes a second, and may begin while the last result is written. What runs together ends together.
            assert min(times[1] - times[0], times[2] - times[1]) > 0.5
            daemon.write("b-1-8x8-brief")
            assert daemon.answer("b-1-8x8-brief").suffix == ".png"
            (left,) = (stem for stem in stems if (daemon.spool / f"{stem}.txt").exists())
            queue = json.loads(spectacle(daemon, "queue", "--json").stdout)["requests"]
            assert "3 requests may start within an hour. Try again in" in queue[0]["why"]
            daemon.write("c-1-8x8-slow")
            wait_for((daemon.spool / "c-1-8x8-slow.lock").exists, "a job")
            for number in range(2, 7):
                daemon.write(f"c-{number}-8x8")
            assert "4 requests may wait, and 4 do" in daemon.error("c-6-8x8")
            assert (
                spectacle(daemon, "cancel", *(f"c-{number}-8x8" for number in range(2, 6)), "c-1-8x8-slow").returncode
                == 0
            )
        finally:
            other.stop()
    # What was started counts after a restart, too.
    with running(tmp_path, configuration.replace("waiting = 4", 'over = "error"')) as daemon:
        path = daemon.answer(left)
        assert "code: over-limit" in path.read_text()
        assert "retry_after: " in path.read_text()


@pytest.mark.slow
def test_one_request_after_another_is_served_where_one_may_run(tmp_path: Path) -> None:
    with running(tmp_path, FAST + '[limits.users]\nrunning = 1\npixels = 1000\nover = "error"\n') as daemon:
        for number in range(8):
            daemon.write(f"a-{number}-8x8")
            assert daemon.answer(f"a-{number}-8x8").suffix == ".png"
        daemon.write("a-9-20x30")
        assert "1000 pixels may start within an hour" in daemon.error("a-9-20x30")
        daemon.write("b-1-40x40")
        assert "is 1600 pixels; the limit of user b is 1000 in an hour" in daemon.error("b-1-40x40")


RETENTION = """
[retention]
number = 3
grace = 0
poison = "1h"

[retention.kinds.svg]
number = 1
"""


def test_old_results_go_and_nothing_else(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, FAST + RETENTION)
    foreign = ["holiday.png", "notes.txt", "a-1-8x8-input.png", "a-9-8x8-options.json", "a-1-8x8.gif", ".hidden.png"]
    poison = daemon.spool / ".spectacle/poison"
    poison.mkdir(parents=True)
    for name in ("old-1-8x8.txt.00000000", "young-1-8x8.txt.00000000"):
        (poison / name).write_text("quarantined")
    os.utime(poison / "old-1-8x8.txt.00000000", (0, 0))
    results = ["a-1-8x8.png", "a-2-8x8-error.txt", "a-3-8x8.png", "a-3-8x8-2.png", "a-4-8x8-svg.svg", "a-5-8x8.png"]
    for age, name in enumerate([*foreign, *results, "a-6-8x8-svg.svg", "a-7-8x8-svg.svg"]):
        (daemon.spool / name).write_bytes(b"x")
        os.utime(daemon.spool / name, (time.time() - 1000 + age,) * 2)
    daemon.start()
    try:
        wait_for(lambda: "removed old results" in daemon.log, "the survey")
        left = {"a-5-8x8.png", "a-7-8x8-svg.svg"}
        wait_for(lambda: daemon.public() == left | set(foreign) - {".hidden.png"}, f"{sorted(daemon.public())}")
        assert os.listdir(poison) == ["young-1-8x8.txt.00000000"]
    finally:
        daemon.stop()


HOOKS = """
[hooks]
answered = ["./tell", "it's ; $(echo answered)"]
failed = ["./tell"]
timeout = 1
running = 1
"""


@pytest.mark.slow
def test_hooks_are_told_of_results_and_hold_none_up(tmp_path: Path) -> None:
    tell = tmp_path / "tell"
    tell.write_text(
        f'#!/bin/sh\necho "$1|$HOOK_EVENT|$HOOK_STEM|$HOOK_USER|$HOOK_KIND|$HOOK_FILE|$HOOK_CODE|$SPECTACLE_CONFIG"'
        f" >> {tmp_path}/told\n"
        f"sleep 60 &\necho no >&2\n[ $HOOK_STEM != a-1-8x8 ] || sleep 60\nexit 3\n"
    )
    tell.chmod(0o755)
    with running(tmp_path, FAST + HOOKS) as daemon:
        daemon.write("a-1-8x8")
        daemon.answer("a-1-8x8")
        began = time.monotonic()
        daemon.write("a-2-8x8-svg", options={"copies": 2})
        daemon.write("a-3-0x8")
        daemon.answer("a-2-8x8-svg")
        daemon.answer("a-3-0x8")
        assert time.monotonic() - began < 30
        wait_for(lambda: daemon.log.count("hook failed") == 3, "all hooks")
        assert "killed after 1 s" in daemon.log
        assert "exited with status 3: no" in daemon.log
    told = sorted((tmp_path / "told").read_text().splitlines())
    assert told == [
        f"it's ; $(echo answered)|answered|a-1-8x8|a|card|{daemon.spool}/a-1-8x8.png||",
        f"it's ; $(echo answered)|answered|a-2-8x8-svg|a|svg|{daemon.spool}/a-2-8x8-svg.svg||",
        f"|failed|a-3-0x8|a|card|{daemon.spool}/a-3-0x8-error.txt|bad-size|",
    ]


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("[limits.users]\nwaiting = 0", "limits.users.waiting = 0: must be at least 1"),
        ("[limits.users]\nper_hour = true", "limits.users.per_hour = true: must be a number"),
        ('[limits.users]\nover = "queue"', "limits.users.over"),
        ("[retention]\nage = 0", "must be a length of time"),
        ('[retention]\nage = "soon"', "must be a length of time"),
        ("[retention]\nnumber = 0", "retention.number = 0: must be at least 1"),
        ('[retention.kinds.input]\nage = "7d"', "reserved kind name"),
        ("[retention.kinds.svg]\nold = 1", "Allowed here: age, number, bytes"),
        ('[hooks]\nanswered = "rm -rf /"', "must be a list"),
        ("[hooks]\nanswered = ['']", "hooks.answered.0"),
        ("[hooks]\ntimeout = 0", "hooks.timeout = 0: must be more than 0"),
        ('[spool]\noperators = ["a b"]', "invalid account 'a b'"),
    ],
)
def test_bad_settings_are_said_at_start_with_what_they_must_be(tmp_path: Path, setting: str, said: str) -> None:
    from spectacle.config import load
    from spectacle.errors import ConfigurationError

    file = tmp_path / "spectacle.toml"
    file.write_text(setting)
    with pytest.raises(ConfigurationError, match="line") as error:
        load(file, environment={})
    assert said in str(error.value)
