"""The service files under a real systemd, which is the first process of a machine of its own."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from machine import PYTHON, Machine, image, missing_packages

# On one worker of pytest-xdist, for the machine is booted once.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("systemd")]

REPOSITORY = Path(__file__).parent.parent.parent
SPOOL = "/srv/spectacle/spool"

SLOW_KIND = """
[kinds.slow]
generator = "test-double"
options = { steps = 30, step_seconds = 0.2 }
"""


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    """A machine set up by the steps that operators are told: account, directories, configuration, units."""
    if missing := missing_packages():
        needed = " ".join(missing)
        pytest.fail(f"Debian packages are missing: apt-get install --no-install-recommends {needed}", pytrace=False)
    if sys.version_info[:2] != PYTHON:
        pytest.skip("the packages of this Python are not those of the Python on the machine")
    image()
    # Not in pytest's own directory: the path of a socket must be short.
    home = Path(tempfile.mkdtemp(prefix="machine-"))
    machine = Machine(home, REPOSITORY)
    try:
        machine.power_on()
        machine.install()
        machine.run(f"""
            cd /opt/source
            install -m 644 systemd/spectacle.sysusers.conf /usr/lib/sysusers.d/spectacle.conf
            install -m 644 systemd/spectacle.tmpfiles.conf /usr/lib/tmpfiles.d/spectacle.conf
            systemd-sysusers
            systemd-tmpfiles --create spectacle.conf
            install -d -m 2770 -o spectacle -g spectacle {SPOOL}
            /opt/spectacle/bin/spectacle init {SPOOL} --group spectacle --config /etc/spectacle/spectacle.toml
            install -m 644 systemd/spectacle.service systemd/spectacle@.service /etc/systemd/system/
            systemctl daemon-reload
            useradd alice
            useradd mallory
            usermod -aG spectacle alice
            cat >> /etc/spectacle/spectacle.toml <<'END'\n{SLOW_KIND}END
        """)
        yield machine
    finally:
        machine.power_off()
        shutil.rmtree(home)


@pytest.fixture
def host(machine: Machine) -> Iterator[Machine]:
    """The machine with the service running; stopped, with an empty spool and no drop-ins, before and afterwards."""
    machine.run("systemctl start spectacle", 60)
    yield machine
    machine.run(f"""
        systemctl stop spectacle 'spectacle@*'
        rm -rf /run/systemd/system/spectacle*.service.d {SPOOL}/*
        systemctl daemon-reload
        systemctl reset-failed
        systemctl service-watchdogs yes
    """)


def drop_in(machine: Machine, unit: str, text: str) -> None:
    """Change a unit as an operator would."""
    directory = f"/run/systemd/system/{unit}.d"
    machine.run(f"mkdir -p {directory}; echo '{text}' > {directory}/local.conf; systemctl daemon-reload")


def ask(machine: Machine, stem: str, prompt: str = "a red fox under a tree", user: str = "alice") -> None:
    """Write a request as a user of the machine, by rename."""
    machine.run(
        f'runuser -u {user} -- sh -c \'umask 022; echo "{prompt}" > {SPOOL}/.{stem}.draft; '
        f"mv {SPOOL}/.{stem}.draft {SPOOL}/{stem}.txt'"
    )


def answer(machine: Machine, stem: str, seconds: float = 120) -> str:
    """Wait until a request is gone, and return the names of what is there instead."""
    machine.run(f"while [ -e {SPOOL}/{stem}.txt ]; do sleep 0.2; done", seconds)
    return machine.run(f"cd {SPOOL}; echo {stem}*").strip()


def begin(machine: Machine, stem: str) -> None:
    """Write a request that takes some seconds, and wait until it is claimed."""
    ask(machine, stem)
    machine.run(f"while ! [ -e {SPOOL}/{stem}.lock ]; do sleep 0.2; done")


def show(machine: Machine, name: str, unit: str = "spectacle") -> str:
    """A property of a unit."""
    return machine.run(f"systemctl show --value --property={name} {unit}").strip()


def journal(machine: Machine, what: str, unit: str = "spectacle") -> str:
    """What was logged of the unit's last run and contains a text."""
    return machine.run(f"journalctl --unit={unit} --output=cat --no-pager | grep -F -- '{what}' || true")


def test_the_account_and_the_spool_are_made(machine: Machine) -> None:
    assert machine.run("id -u spectacle; id -g spectacle").split() == ["791", "791"]
    assert machine.run(f"stat -c '%a %U %G' {SPOOL}").strip() == "2770 spectacle spectacle"
    assert machine.run("stat -c '%a %U %G' /etc/spectacle").strip() == "755 root root"


def test_the_doctor_finds_nothing_wrong_as_the_services_user(machine: Machine) -> None:
    machine.run("runuser -u spectacle -- /opt/spectacle/bin/spectacle doctor --config /etc/spectacle/spectacle.toml")


def test_start_returns_when_the_service_is_ready_and_the_status_says_what_it_does(host: Machine) -> None:
    assert (show(host, "ActiveState"), show(host, "SubState")) == ("active", "running")
    assert show(host, "StatusText") in ("watching", "0 waiting, 0 running, 0 answered")
    (line,) = journal(host, '"event": "watching"').splitlines()
    assert json.loads(line)["spool"] == SPOOL


def test_a_user_of_the_group_is_answered_by_a_service_that_is_locked_up(host: Machine) -> None:
    ask(host, "alice-1-200x120")
    assert answer(host, "alice-1-200x120") == "alice-1-200x120.png"
    assert (
        host.run(f"head -c 4 {SPOOL}/alice-1-200x120.png | tail -c 3; stat -c ' %G' {SPOOL}/*.png") == "PNG spectacle\n"
    )
    host.run(f"runuser -u alice -- cat {SPOOL}/alice-1-200x120.png > /dev/null")
    ask(host, "alice-2-200x120-svg")
    assert answer(host, "alice-2-200x120-svg") == "alice-2-200x120-svg.svg"
    host.run("until systemctl show -P StatusText spectacle | grep -q '0 running, 2 answered'; do sleep 0.3; done")
    assert not journal(host, '"level": "error"')
    status = dict(
        line.split(":\t", 1)
        for line in host.run("cat /proc/$(systemctl show -P MainPID spectacle)/status").splitlines()
        if ":\t" in line
    )
    assert status["Uid"].split() == ["791"] * 4
    # Of all capabilities CAP_LEASE alone, to see whether somebody still writes a request.
    assert (status["NoNewPrivs"], status["Seccomp"], int(status["CapBnd"], 16)) == ("1", "2", 1 << 28)
    within = "nsenter --mount --net --target $(systemctl show -P MainPID spectacle) setpriv --reuid 791 --clear-groups"
    for forbidden in ("/etc/x", "/usr/x", "/var/x", "/opt/spectacle/x"):
        host.run(f"! {within} touch {forbidden}")
    assert host.run(f"{within} ip -o link").count("\n") == 1


def test_somebody_outside_the_group_sees_nothing(host: Machine) -> None:
    host.run(f"! runuser -u mallory -- ls {SPOOL}; ! runuser -u mallory -- touch {SPOOL}/mallory-1-64x64.txt")


def test_reload_returns_and_takes_the_changed_settings(host: Machine) -> None:
    before = show(host, "MainPID")
    host.run("cp -p /etc/spectacle/spectacle.toml /root/kept")
    try:
        host.run("printf '[kinds.fresh]\\ngenerator = \"illustration\"\\n' >> /etc/spectacle/spectacle.toml")
        host.run("systemctl reload spectacle")
        host.run(
            "until journalctl -u spectacle -o cat | grep -F 'settings reloaded' | grep -q fresh; do sleep 0.3; done"
        )
        ask(host, "alice-1-64x64-fresh")
        assert answer(host, "alice-1-64x64-fresh") == "alice-1-64x64-fresh.png"
        host.run("echo 'nonsense = 1' > /etc/spectacle/spectacle.toml; systemctl reload spectacle")
        host.run("until journalctl -u spectacle -o cat | grep -q 'kept the old configuration'; do sleep 0.3; done")
        assert (show(host, "ActiveState"), show(host, "MainPID")) == ("active", before)
    finally:
        host.run("cp -p /root/kept /etc/spectacle/spectacle.toml")


def test_a_daemon_that_hangs_is_killed_by_the_watchdog_and_started_again(machine: Machine, host: Machine) -> None:
    drop_in(machine, "spectacle.service", "[Service]\nWatchdogSec=3\nRestartSec=1")
    # Watched only while it hangs: where much else is done, a good daemon may give no sign of life for as long.
    host.run("systemctl service-watchdogs no; systemctl restart spectacle", 60)
    begin(host, "alice-1-64x64-slow")
    before = show(host, "MainPID")
    host.run(f"systemctl service-watchdogs yes; kill -STOP {before}")
    host.run("""
        until [ $(systemctl show -P NRestarts spectacle) = 1 ]; do sleep 0.3; done
        systemctl service-watchdogs no
        until systemctl is-active -q spectacle; do sleep 0.3; done
    """)
    assert journal(host, "Watchdog timeout (limit 3s)!")
    assert show(host, "MainPID") != before
    assert answer(host, "alice-1-64x64-slow") == "alice-1-64x64-slow.png"
    assert show(host, "NRestarts") == "1"


def test_a_daemon_that_is_killed_is_started_again_and_answers_what_waited(host: Machine) -> None:
    drop_in(host, "spectacle.service", "[Service]\nRestartSec=1")
    begin(host, "alice-1-64x64-slow")
    host.run("kill -KILL $(systemctl show -P MainPID spectacle)")
    assert answer(host, "alice-1-64x64-slow") == "alice-1-64x64-slow.png"
    assert (show(host, "ActiveState"), show(host, "NRestarts")) == ("active", "1")


def test_stop_lets_the_running_job_finish_and_leaves_the_rest(host: Machine) -> None:
    begin(host, "alice-1-64x64-slow")
    ask(host, "alice-2-64x64-slow")
    host.run("systemctl stop spectacle", 60)
    assert (show(host, "ActiveState"), show(host, "Result"), show(host, "ExecMainStatus")) == (
        "inactive",
        "success",
        "0",
    )
    assert host.run(f"ls {SPOOL}").split() == ["alice-1-64x64-slow.png", "alice-2-64x64-slow.txt"]
    assert not host.run("pgrep -u spectacle || true")
    host.run("systemctl start spectacle", 60)
    assert answer(host, "alice-2-64x64-slow") == "alice-2-64x64-slow.png"


def test_two_instances_share_the_work_and_end_the_single_one(host: Machine) -> None:
    command = "/opt/spectacle/bin/spectacle serve --config /etc/spectacle/spectacle.toml --device cpu"
    drop_in(host, "spectacle@.service", f"[Service]\nExecStart=\nExecStart={command}")
    host.run("systemctl start spectacle@0 spectacle@1", 90)
    assert show(host, "ActiveState") == "inactive"
    stems = [f"alice-{number}-64x64-slow" for number in range(4)]
    for stem in stems:
        # Not a batch of one instance.
        host.run(f"""echo '{{"group": "{stem}"}}' > {SPOOL}/{stem}-options.json""")
        ask(host, stem)
    for stem in stems:
        assert answer(host, stem) == f"{stem}.png"
    for unit in ("spectacle@0", "spectacle@1"):
        assert journal(host, '"event": "answered"', unit), f"{unit} answered nothing"
    host.run("systemctl stop spectacle@0 spectacle@1", 60)
    assert [show(host, "Result", unit) for unit in ("spectacle@0", "spectacle@1")] == ["success", "success"]
