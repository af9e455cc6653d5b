"""The service files: what systemd thinks of them, and what the daemon needs of them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import click
import pytest

from spectacle.cli.gateway import command as gateway
from spectacle.cli.serve import command as serve
from spectacle.config import Settings

SYSTEMD = Path(__file__).parent.parent / "systemd"
GATEWAY = "spectacle-gateway.service"
UNITS = {"spectacle.service": "spectacle.service", "spectacle@.service": "spectacle@0.service"}
DROP_INS = sorted((SYSTEMD / "drop-ins").glob("*.conf.example"))
EXPOSURE = 25  # tenths of systemd's scale from 0, locked up, to 10


def analyse(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    assert shutil.which("systemd-analyze"), "systemd-analyze is missing: install the package systemd"
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, timeout=60, check=False)


def installed(unit: str, directory: Path) -> Path:
    """A copy of the unit under an instance's name, whose programs exist here."""
    text = (SYSTEMD / unit).read_text().replace("/opt/spectacle/bin/spectacle", "/bin/true")
    path = directory / UNITS.get(unit, unit)
    path.write_text(text)
    return path


def settings(unit: str) -> list[tuple[str, str]]:
    lines = (SYSTEMD / unit).read_text().splitlines()
    return [(key, value) for key, equals, value in (line.partition("=") for line in lines if line[:1] != "#") if equals]


def value(unit: str, key: str) -> str:
    (found,) = (value for name, value in settings(unit) if name == key)
    return found


@pytest.mark.parametrize("unit", [*UNITS, GATEWAY])
def test_systemd_accepts_the_unit(unit: str, tmp_path: Path) -> None:
    done = analyse("--man=no", "--recursive-errors=yes", "verify", installed(unit, tmp_path))
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("drop_in", DROP_INS, ids=lambda path: path.name)
def test_systemd_accepts_the_drop_in(drop_in: Path, tmp_path: Path) -> None:
    path = installed("spectacle.service", tmp_path)
    directory = tmp_path / "spectacle.service.d"
    directory.mkdir()
    text = drop_in.read_text().replace("/usr/bin/nvidia-modprobe", "/bin/true")
    (directory / drop_in.name.removesuffix(".example")).write_text(text)
    done = analyse("--man=no", "--recursive-errors=yes", "verify", path)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_unknown_setting_in_a_drop_in_would_be_noticed(tmp_path: Path) -> None:
    path = installed("spectacle.service", tmp_path)
    (tmp_path / "spectacle.service.d").mkdir()
    (tmp_path / "spectacle.service.d" / "x.conf").write_text("[Service]\nWatchdogSecs=1\n")
    assert analyse("--man=no", "--recursive-errors=yes", "verify", path).returncode != 0


@pytest.mark.parametrize("unit", [*UNITS, GATEWAY])
def test_the_service_is_locked_up(unit: str, tmp_path: Path) -> None:
    path = installed(unit, tmp_path)
    done = analyse("security", "--offline=true", f"--threshold={EXPOSURE}", "--no-pager", path)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("unit", UNITS)
def test_nothing_is_taken_away_that_is_needed(unit: str) -> None:
    keys = {key for key, _ in settings(unit)}
    assert "DynamicUser" not in keys  # another number on each host, which NFS would not know
    assert "MemoryDenyWriteExecute" not in keys  # torch compiles at run time
    assert "PrivateDevices" not in keys  # GPUs
    assert not keys & {"ProtectProc", "ProcSubset"}  # whether the holder of a claim lives is read in /proc
    assert all("@resources" not in value for key, value in settings(unit) if key == "SystemCallFilter")


@pytest.mark.parametrize("unit", UNITS)
def test_the_daemon_and_the_service_manager_understand_each_other(unit: str) -> None:
    assert value(unit, "Type") == "notify"
    assert value(unit, "ExecReload") == "/bin/kill -HUP $MAINPID"
    assert value(unit, "KillMode") == "mixed"
    assert value(unit, "OOMPolicy") == "continue"
    minutes = re.fullmatch(r"([0-9]+)min", value(unit, "TimeoutStopSec"))
    assert minutes is not None
    assert int(minutes[1]) * 60 >= Settings().workers.drain_timeout + 30


@pytest.mark.parametrize(("unit", "command"), [*((unit, serve) for unit in UNITS), (GATEWAY, gateway)])
def test_the_command_line_is_one_that_the_command_takes(unit: str, command: click.Command) -> None:
    program, subcommand, *arguments = value(unit, "ExecStart").split()
    name = "serve" if command is serve else "gateway"
    assert (program, subcommand) == ("/opt/spectacle/bin/spectacle", name)
    flags = {flag for option in command.params if isinstance(option, click.Option) for flag in option.opts}
    assert {argument for argument in arguments if argument.startswith("-")} <= flags


def test_the_two_units_differ_only_in_what_makes_one_per_gpu() -> None:
    single, template = (set(settings(unit)) for unit in UNITS)
    assert {key for key, _ in single ^ template} == {"Description", "Conflicts", "ExecStart", "Environment"}


def test_the_account_is_made_with_the_same_number_everywhere(tmp_path: Path) -> None:
    if program := shutil.which("systemd-sysusers", path="/usr/bin:/bin"):
        command = [program, "--dry-run", f"--root={tmp_path}", str(SYSTEMD / "spectacle.sysusers.conf")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
    (account,) = re.findall(r"(?m)^u (\w+) ([0-9]+) ", (SYSTEMD / "spectacle.sysusers.conf").read_text())
    assert account[0] == value("spectacle.service", "User") == value("spectacle.service", "Group")


def test_the_spool_may_be_a_mount_point_that_the_daemon_cannot_write() -> None:
    (account,) = re.findall(r"(?m)^u (\w+) ", (SYSTEMD / "spectacle.sysusers.conf").read_text())
    made = re.findall(r"(?m)^\w\S* +(\S+) +(\S+) +(\S+)", (SYSTEMD / "spectacle.tmpfiles.conf").read_text())
    assert made
    assert all(mode == "0755" and owner == "root" for _, mode, owner in made)
    operations = (SYSTEMD.parent / "docs/how-to/service.md").read_text()
    assert f"install -d -m 2770 -o {account} -g {account} /srv/spectacle/spool" in operations
    assert "install -d -m 0755 -o root -g root /srv/spectacle/spool" in operations


def test_the_gateway_reaches_this_machine_alone_and_keeps_its_secrets_to_itself() -> None:
    assert value(GATEWAY, "IPAddressDeny") == "any"
    assert value(GATEWAY, "IPAddressAllow") == "localhost"
    assert value(GATEWAY, "StateDirectoryMode") == "0700"
    variables = dict(each.split("=", 1) for key, each in settings(GATEWAY) if key == "Environment")
    assert all(each.startswith("%S/spectacle-gateway/") for each in variables.values())
    assert {"SPECTACLE_GATEWAY_KEY", "SPECTACLE_GATEWAY_TOKENS"} == set(variables)
    assert value(GATEWAY, "User") == value("spectacle.service", "User")
