"""The true cause of what a spool refuses."""

from __future__ import annotations

import errno
import fcntl
import os
import struct
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from spectacle.spool import diagnosis
from spectacle.spool.diagnosis import cause_and_remedy, sticky_for


def error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


@pytest.mark.parametrize(("inodes", "cause"), [(0, "no inodes are left"), (9, "No space left on device")])
def test_a_disk_without_inodes_is_told_from_one_without_space(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inodes: int, cause: str
) -> None:
    told = SimpleNamespace(f_files=100, f_favail=inodes, f_bavail=100)
    monkeypatch.setattr(diagnosis.os, "statvfs", lambda _path: told)
    assert cause in cause_and_remedy(tmp_path, error(errno.ENOSPC))[0]


def test_a_quota_is_told_with_whose_it_is(tmp_path: Path) -> None:
    cause, remedy = cause_and_remedy(tmp_path, error(errno.EDQUOT))
    assert f"user {os.geteuid()} or group {os.getegid()}" in cause
    assert "quota" in remedy


@pytest.mark.root
def test_a_quota_is_that_of_the_group_that_files_inherit(tmp_path: Path) -> None:
    os.chown(tmp_path, -1, 4242)
    os.chmod(tmp_path, 0o2770)
    assert cause_and_remedy(tmp_path, error(errno.EDQUOT))[0].endswith("or group 4242")


def test_a_quota_of_a_project_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnosis, "project_of", lambda _path: 7)
    assert cause_and_remedy(tmp_path, error(errno.EDQUOT))[0].endswith(" or project 7")
    assert "in project 7, which may have a quota" in cause_and_remedy(tmp_path, error(errno.ENOSPC))[0]


def test_the_project_is_the_one_that_new_files_inherit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert diagnosis.project_of(tmp_path / "missing") == 0
    for flags, project in ((0x200, 7), (0, 0)):
        told = struct.pack("=IIIII8x", flags, 0, 0, 7, 0)
        monkeypatch.setattr(fcntl, "ioctl", lambda *_, told=told: told)
        assert diagnosis.project_of(tmp_path) == project


@pytest.mark.parametrize(
    ("status", "allowed", "cause", "remedy"),
    [
        ({"st_mode": 0o40755, "st_uid": 1}, False, "mode 0755, user 1", "mode 2770"),
        ({"st_mode": 0o41777, "st_uid": 1}, True, "it is sticky", "chmod -t"),
        ({"st_mode": 0o40770, "st_uid": 5}, True, "although user 5 has all permissions", "lsattr -d"),
    ],
)
def test_what_does_not_permit_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: dict[str, Any], allowed: bool, cause: str, remedy: str
) -> None:
    monkeypatch.setattr(diagnosis.os, "geteuid", lambda: 5)
    monkeypatch.setattr(diagnosis.os, "stat", lambda _path: SimpleNamespace(st_gid=3, **status))
    monkeypatch.setattr(diagnosis.os, "access", lambda *_, **__: allowed)
    told = cause_and_remedy(tmp_path, error(errno.EPERM))
    assert cause in told[0]
    assert remedy in told[1]


def test_what_another_accounts_daemon_keeps_to_itself_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = tmp_path / ".spectacle" / "instances"
    state.mkdir(parents=True)
    state.chmod(0o750)
    monkeypatch.setattr(diagnosis.os, "geteuid", lambda: 5)
    monkeypatch.setattr(diagnosis.os, "access", lambda path, *_, **__: Path(path) != state)
    cause, remedy = cause_and_remedy(tmp_path, error(errno.EACCES))
    assert f"user 5 cannot use .spectacle/instances (mode 0750, user {os.getuid()}" in cause
    assert "spectacle init DIR --group GROUP` on it" in remedy


def test_a_spool_that_cannot_be_looked_at_is_told_all_the_same() -> None:
    for number in (errno.ENOSPC, errno.EACCES, errno.EIO):
        assert all(cause_and_remedy(Path("/does/not/exist"), error(number)))


@pytest.mark.parametrize(
    ("mode", "owner", "user", "sticky"),
    [(0o41777, 1, 5, True), (0o41777, 5, 5, False), (0o41777, 1, 0, False), (0o40777, 1, 5, False)],
)
def test_a_sticky_directory_binds_all_but_its_owner_and_root(mode: int, owner: int, user: int, sticky: bool) -> None:
    assert sticky_for(SimpleNamespace(st_mode=mode, st_uid=owner), user) == sticky  # type: ignore[arg-type]


@pytest.mark.root
@pytest.mark.slow
def test_a_real_file_system_without_inodes_is_told(tmp_path: Path) -> None:
    mount = tmp_path / "mount"
    mount.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "nr_inodes=4,size=1m", "tmpfs", mount],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.fail(f"this test mounts a tmpfs, which this machine does not allow: {done.stderr}", pytrace=False)
    try:
        with pytest.raises(OSError, match="No space") as refused:
            for number in range(9):
                (mount / str(number)).touch()
        assert "no inodes are left" in cause_and_remedy(mount, refused.value)[0]
    finally:
        subprocess.run(["umount", mount], check=True)
