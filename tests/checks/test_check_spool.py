"""Checks of a spool directory, on real directories and on file systems that do not keep their promises."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from spectacle.checks import Level, contention
from spectacle.checks import spool as checks
from spectacle.config import SpoolSettings
from spectacle.spool.directory import Spool
from spectacle.spool.instances import Instances
from spectacle.spool.mounts import Mount


def level_of(path: Path, what: str, **settings: Any) -> Level:
    return next(check.level for check in checks.check_spool(SpoolSettings(path=path, **settings)) if check.what == what)


def test_a_good_spool_passes_every_check_and_is_left_as_it_was(spool: Spool) -> None:
    os.chmod(spool.path, 0o2770)
    found = list(checks.check_spool(SpoolSettings(path=spool.path)))
    assert {check.level for check in found} == {Level.OK}, found
    assert [check.what for check in found] == [
        "spool", "file system", "permissions", "free space", "names", "create and fsync", "publish once", "rename",
        "times", "inotify", "claims", "clock", "instances",
    ]  # fmt: skip
    assert spool.names() == [".spectacle"]
    assert set(spool.state_names("")) == {"instances", "attempts", "poison"}


def test_a_missing_spool_is_the_only_thing_told(tmp_path: Path) -> None:
    (check,) = checks.check_spool(SpoolSettings(path=tmp_path / "none"))
    assert check.level is Level.FAIL
    assert check.found == f"spool {tmp_path}/none: does not exist. Mount it, or create it with `spectacle init`."


def test_a_file_is_no_spool(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (check,) = checks.check_spool(SpoolSettings(path=tmp_path / "file"))
    assert check.level is Level.FAIL


def test_a_spool_that_cannot_be_written_is_told(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(self: Spool, _room: int) -> None:
        raise checks.unavailable(self.path, OSError(errno.EROFS, "Read-only file system"))

    monkeypatch.setattr(Spool, "writable", refused)
    assert level_of(spool.path, "writing") is Level.FAIL


@pytest.mark.parametrize(
    ("mode", "level"), [(0o2770, Level.OK), (0o700, Level.OK), (0o777, Level.WARN), (0o1777, Level.WARN)]
)
def test_a_spool_that_everybody_may_write_is_warned_of(tmp_path: Path, mode: int, level: Level) -> None:
    os.chmod(tmp_path, mode)
    assert checks.check_permissions(tmp_path).level is level


@pytest.mark.root
def test_a_shared_spool_whose_files_do_not_inherit_the_group_is_warned_of(tmp_path: Path) -> None:
    os.chown(tmp_path, -1, 4242)
    os.chmod(tmp_path, 0o770)
    check = checks.check_permissions(tmp_path)
    assert (check.level, check.remedy) == (Level.WARN, f"run `chmod g+s {tmp_path}`")


@pytest.mark.root
@pytest.mark.parametrize(("mode", "level"), [(0o770, Level.OK), (0o777, Level.WARN)])
def test_where_mount_options_decide_no_chmod_is_recommended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int, level: Level
) -> None:
    os.chown(tmp_path, -1, 4242)
    os.chmod(tmp_path, mode)
    monkeypatch.setattr(checks, "file_system_of", lambda *_: "exfat")
    check = checks.check_permissions(tmp_path)
    assert check.level is level
    assert "chmod" not in (check.remedy or "")
    assert level is Level.OK or "dmask=007" in check.remedy


def test_a_program_behind_fuse_that_counts_no_inodes_is_not_believed(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    status = os.statvfs(spool.path)
    told = SimpleNamespace(f_files=10**9, f_favail=0, f_bavail=status.f_bavail, f_frsize=status.f_frsize)
    monkeypatch.setattr(checks.os, "statvfs", lambda _path: told)
    assert checks.check_space(spool, 0).level is Level.OK

    def none_left(_self: Spool) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Spool, "now_ns", none_left)
    assert checks.check_space(spool, 0).found == "no inodes are left"


@pytest.mark.parametrize(("free", "level"), [(10, Level.FAIL), (200, Level.WARN), (1000, Level.OK)])
def test_little_space_is_told(spool: Spool, monkeypatch: pytest.MonkeyPatch, free: int, level: Level) -> None:
    monkeypatch.setattr(Spool, "free_bytes", lambda _self: free)
    assert checks.check_space(spool, 100).level is level


@pytest.mark.parametrize("number", [errno.EDQUOT, errno.ENOSPC])
def test_a_quota_is_not_blamed_on_the_file_system(spool: Spool, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Spool, "write", refuse)
    (check,) = checks.check_operations(spool)
    assert check.level is Level.FAIL
    assert os.strerror(number) in check.found
    assert "free some space" in check.remedy
    assert "another file system" not in check.remedy


def test_what_a_running_instance_waits_for_is_told(spool: Spool) -> None:
    report = {"interval": 10, "host": "here", "state": "waiting", "reason": "spool s: Disk quota exceeded. Raise it."}
    Instances(spool, "here").report(report)
    check = checks.check_instances(spool, 30)
    assert (check.level, check.found) == (
        Level.WARN,
        "1 running, on here; here waits: spool s: Disk quota exceeded. Raise it",
    )


def test_what_only_looks_like_a_request_is_named_with_the_reason(spool: Spool) -> None:
    for name in ("u:alice-1-64x64.txt", "alice-2-64X64.txt"):
        (spool.path / name).touch()
    check = checks.check_names(spool)
    assert check.level is Level.WARN
    assert check.found == (
        "not a request: alice-2-64X64.txt: 'X' in the size 64X64: use a lower-case x; "
        "u:alice-1-64x64.txt: ':' in the user: use letters, digits and _ . + = @ ~"
    )


class TestNetwork:
    @pytest.fixture(autouse=True)
    def on_nfs(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Spool, "file_system", lambda _self: "nfs4")

    def mounted(self, monkeypatch: pytest.MonkeyPatch, options: str) -> None:
        monkeypatch.setattr(checks, "mount_of", lambda *_: Mount("nfs4", frozenset(options.split(","))))

    def test_a_mount_as_recommended_is_fine(self, spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
        self.mounted(monkeypatch, "rw,vers=4.2,hard,lookupcache=pos")
        assert checks.check_file_system(spool).level is Level.OK

    @pytest.mark.parametrize("options", ["rw,vers=4.2,hard", "rw,soft,lookupcache=pos"])
    def test_another_mount_is_warned_of(self, spool: Spool, monkeypatch: pytest.MonkeyPatch, options: str) -> None:
        self.mounted(monkeypatch, options)
        check = checks.check_file_system(spool)
        assert check.level is Level.WARN
        assert "lookupcache=positive" in check.remedy

    def test_inotify_is_said_to_ring_for_this_host_alone(self, spool: Spool) -> None:
        check = checks.check_inotify(spool, 1.0, on_network=True)
        assert check.level is Level.OK
        assert "of other hosts, new requests are found by polling every 1 s" in check.found


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("fuse.sshfs", "dcache_timeout=1"),
        ("fuse.rclone", "another file system"),
        ("fuse.bindfs", "mount --bind"),
        ("fuse.s3fs", "attr_timeout=0"),
        ("vfat", "uid="),
        ("exfat", "gid="),
        ("fuseblk", "the kernel's driver"),
        ("cifs", "actimeo=1"),
        ("overlay", "through the overlay"),
    ],
)
def test_an_odd_file_system_is_told_by_name_with_what_helps(
    spool: Spool, monkeypatch: pytest.MonkeyPatch, kind: str, words: str
) -> None:
    monkeypatch.setattr(Spool, "file_system", lambda _self: kind)
    check = checks.check_file_system(spool)
    assert (check.level, check.found.split(",")[0]) == (Level.WARN, kind)
    assert words in check.remedy


def test_a_file_that_changes_by_itself_is_told(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "LOOK_PAUSE", 0)
    times = iter(range(100))
    look = Spool.look
    monkeypatch.setattr(Spool, "look", lambda self, name: look(self, name)._replace(mtime_ns=next(times)))  # type: ignore[union-attr]
    check = next(check for check in checks.check_operations(spool) if check.what == "times")
    assert check.level is Level.FAIL
    assert "no request counts as complete" in check.found


class _Forgiving:
    """A file system where `O_EXCL`, `link` and `rename` do not do what they promise."""

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def open(self, path: Any, flags: int, *rest: Any, **options: Any) -> int:
        return os.open(path, flags & ~os.O_EXCL | os.O_TRUNC if flags & os.O_CREAT else flags, *rest, **options)

    def link(self, source: str, target: str, **options: Any) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    def rename_exclusive(self, source: str, target: str, **options: Any) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")

    def rename(self, *_names: str, **_options: Any) -> None:
        return None


def test_a_file_system_that_breaks_its_promises_is_told(tmp_path: Path) -> None:
    scratch = Spool(tmp_path, _Forgiving())
    scratch.open()
    found = {check.what: check for check in checks.check_operations(scratch)}
    scratch.close()
    assert {check.level for check in found.values() if check.what != "times"} == {Level.FAIL}
    assert found["create and fsync"].found == "an existing file could be created again"
    assert found["publish once"].found == "neither hard links nor exclusive renames work: Invalid argument"
    assert found["rename"].found == "renaming over a file did not replace it"


def test_without_inotify_it_is_said_how_often_is_looked(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spectacle.daemon.events.FileEvents.watch", lambda _self, _directory: None)
    check = checks.check_inotify(spool, 0.5, on_network=False)
    assert check.level is Level.WARN
    assert "found by polling every 0.5 s" in check.found


def test_on_other_systems_no_setting_of_linux_is_recommended(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks.sys, "platform", "darwin")
    check = checks.check_inotify(spool, 1.0, on_network=False)
    assert (check.level, check.remedy) == (Level.OK, "")
    assert "polling every 1 s" in check.found


def test_a_file_system_that_tells_of_no_events_is_told(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "EVENT_SECONDS", 0.01)
    monkeypatch.setattr("spectacle.daemon.events.FileEvents.on_event", lambda _self, _event: None)
    check = checks.check_inotify(spool, 1.0, on_network=False)
    assert (check.level, check.found.split(":")[0]) == (Level.WARN, "no events on this file system")


def test_two_processes_share_the_claims_between_them(spool: Spool) -> None:
    first, second = contention.contend(spool.path)
    assert sorted(first + second) == sorted(f"doctor-{number}-1x1" for number in range(contention.CLAIMS))
    assert not [name for name in spool.names() if name.endswith(".lock")]


@pytest.mark.parametrize(("first", "second"), [(["a"] * 40, ["a"]), (["a"] * 20, ["b"] * 19)])
def test_claims_that_two_processes_win_or_none_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: list[str], second: list[str]
) -> None:
    monkeypatch.setattr(checks, "contend", lambda _directory: (first, second))
    assert checks.check_claims(tmp_path).level is Level.FAIL


def test_contenders_that_cannot_start_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contention, "CLAIMS", "many")
    check = checks.check_claims(tmp_path)
    assert check.level is Level.FAIL
    assert "a competing process ended with status 1" in check.found


def test_a_clock_far_from_the_servers_is_pointed_out(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    assert checks.check_clock(spool).level is Level.OK
    now = spool.now_ns()
    monkeypatch.setattr(Spool, "now_ns", lambda _self: now + 3600 * 10**9)
    check = checks.check_clock(spool)
    assert (check.level, "ahead" in check.found) == (Level.WARN, True)


@pytest.mark.parametrize(
    ("told", "level"),
    [
        ({"host": "a", "interval": 10}, Level.OK),
        ({"host": "a", "interval": 5}, Level.FAIL),
        ({"interval": "x"}, Level.OK),
        ({}, Level.OK),
    ],
)
def test_instances_that_disagree_on_the_lease_are_told(spool: Spool, told: dict[str, Any], level: Level) -> None:
    (spool.path / ".spectacle/instances/a.json").write_text(json.dumps(told))
    assert checks.check_instances(spool, 30.0).level is level
