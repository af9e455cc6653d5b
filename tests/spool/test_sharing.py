"""Who can read a result, decided from the owner, group and mode of its request."""

from __future__ import annotations

import os
import stat
import struct
from pathlib import Path

import pytest

from spectacle.spool import sharing as module
from spectacle.spool.directory import Spool
from spectacle.spool.file_status import FileStatus
from spectacle.spool.sharing import Sharing, can_read, is_member

STRANGER = 54321
"""A user without an account."""


def request(uid: int, gid: int, mode: int) -> FileStatus:
    return FileStatus(1, 1, 1, stat.S_IFREG | mode, 1, uid, gid)


class OtherUsersSystem:
    """`os`, in which every file is a daemon's that may be in some groups."""

    def __init__(
        self,
        gid: int,
        may_change_to: int | None = None,
        mode: int = 0o640,
        *,
        has_modes: bool = True,
        acl: bytes | None = None,
    ) -> None:
        self.gid, self.may_change_to, self.mode, self.has_modes, self.acl = gid, may_change_to, mode, has_modes, acl

    def fstat(self, _descriptor: int) -> os.stat_result:
        return os.stat_result((stat.S_IFREG | self.mode, 1, 1, 1, 999, self.gid, 1, 0, 0, 0))

    def fchmod(self, _descriptor: int, mode: int) -> None:
        if not self.has_modes:
            raise PermissionError
        self.mode = mode

    def fchown(self, _descriptor: int, _uid: int, gid: int) -> None:
        if gid != self.may_change_to:
            raise PermissionError
        self.gid = gid

    def listxattr(self, _descriptor: int) -> list[str]:
        return [] if self.acl is None else ["system.posix_acl_access"]

    def getxattr(self, _descriptor: int, _name: str) -> bytes:
        assert self.acl is not None
        return self.acl


@pytest.mark.parametrize(
    ("writer", "system", "mode", "gid"),
    [
        (request(STRANGER, 7, 0o600), OtherUsersSystem(7), 0o640, 7),
        (request(STRANGER, 7, 0o600), OtherUsersSystem(7, mode=0o600), 0o640, 7),
        (request(STRANGER, 7, 0o644), OtherUsersSystem(54320), 0o644, 54320),
        (request(STRANGER, 7, 0o640), OtherUsersSystem(8, may_change_to=7), 0o640, 7),
    ],
    ids=["same group", "strict umask", "readable for all", "daemon in the writer's group"],
)
def test_a_result_gets_no_more_than_the_writer_needs_to_read_it(
    writer: FileStatus, system: OtherUsersSystem, mode: int, gid: int
) -> None:
    sharing = Sharing(writer)
    sharing.apply(system, 0)
    assert (oct(system.mode), system.gid) == (oct(mode), gid)
    assert sharing.trouble is None


def test_who_cannot_read_a_result_is_told_with_what_to_do() -> None:
    sharing = Sharing(request(STRANGER, 7, 0o640))
    system = OtherUsersSystem(54320)
    sharing.apply(system, 0)
    assert system.mode == 0o640
    assert sharing.trouble == (
        "the writer, user 54321, cannot read results of mode 0640, user 999, group 54320. Give the spool a group "
        "of both and mode 2770, or set spool.mode."
    )


def test_the_configured_mode_is_what_every_result_gets_whatever_the_umask(spool: Spool) -> None:
    before = os.umask(0o077)
    try:
        spool.write("result", b"1", Sharing(request(os.geteuid(), os.getegid(), 0o600), 0o664))
        spool.write("plain", b"1", Sharing(request(os.geteuid(), os.getegid(), 0o600)))
    finally:
        os.umask(before)
    assert stat.S_IMODE((spool.path / "result").stat().st_mode) == 0o664
    assert stat.S_IMODE((spool.path / "plain").stat().st_mode) == 0o600


def test_a_configured_mode_that_shuts_the_writer_out_is_told() -> None:
    sharing = Sharing(request(STRANGER, 7, 0o644), 0o600)
    sharing.apply(OtherUsersSystem(7), 0)
    assert sharing.trouble is not None


def test_a_file_system_without_modes_is_left_as_it_is() -> None:
    sharing = Sharing(request(STRANGER, 7, 0o600))
    sharing.apply(OtherUsersSystem(7, mode=0o600, has_modes=False), 0)
    assert sharing.trouble is not None


@pytest.mark.parametrize(("spool_mode", "mode"), [(0o2770, 0o2770), (0o770, 0o770), (0o750, 0o700)])
def test_what_instances_share_is_the_groups_where_the_spool_is_whatever_the_umask(
    tmp_path: Path, spool_mode: int, mode: int
) -> None:
    tmp_path.chmod(spool_mode)
    spool = Spool(tmp_path)
    spool.open()
    before = os.umask(0o077)
    try:
        spool.prepare_state_directory()
    finally:
        os.umask(before)
        spool.close()
    for part in (".spectacle", ".spectacle/instances", ".spectacle/attempts"):
        assert oct(stat.S_IMODE((tmp_path / part).stat().st_mode)) == oct(mode)


def acl(*entries: tuple[int, int, int]) -> bytes:
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *each) for each in entries)


USER, OWNING_GROUP, GROUP, MASK, OTHER = 2, 4, 8, 16, 32


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        ([(USER, 7, STRANGER), (OWNING_GROUP, 0, 0), (MASK, 7, 0), (OTHER, 0, 0)], False),
        ([(USER, 7, STRANGER), (OWNING_GROUP, 0, 0), (MASK, 3, 0), (OTHER, 4, 0)], True),
        ([(USER, 0, STRANGER), (OWNING_GROUP, 4, 0), (MASK, 7, 0), (OTHER, 4, 0)], True),
        ([(USER, 7, 5), (GROUP, 4, 7), (MASK, 7, 0), (OTHER, 0, 0)], False),
        ([(USER, 7, 5), (GROUP, 1, 7), (MASK, 7, 0), (OTHER, 4, 0)], True),
        ([(USER, 7, 5), (OWNING_GROUP, 0, 0), (MASK, 7, 0), (OTHER, 4, 0)], False),
    ],
)
def test_an_access_control_list_says_who_can_read_a_result(entries: list[tuple[int, int, int]], told: bool) -> None:
    system = OtherUsersSystem(54320, acl=acl(*entries))
    sharing = Sharing(request(STRANGER, 7, 0o600))
    sharing.apply(system, 0)
    assert (sharing.trouble is not None) == told
    assert system.mode == 0o640


def test_of_a_user_with_an_account_all_groups_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_groups", lambda _uid: frozenset({7, 8}))
    assert is_member(request(5, 7, 0o600), 8)
    assert not is_member(request(5, 9, 0o600), 9)


@pytest.mark.parametrize(
    ("uid", "mode", "readable"),
    [(0, 0o000, True), (5, 0o400, True), (5, 0o040, False), (6, 0o004, True), (6, 0o040, False)],
)
def test_the_class_of_a_reader_decides_as_in_the_kernel(uid: int, mode: int, readable: bool) -> None:
    assert can_read(request(uid, 1, 0o600), 5, 2, mode) == readable


@pytest.mark.root
def test_another_users_request_gets_a_result_that_it_can_read(spool: Spool, tmp_path: Path) -> None:
    path = tmp_path / "request"
    path.write_text("a fox")
    os.chown(path, STRANGER, STRANGER)
    os.chmod(path, 0o600)
    spool.write("result", b"1", Sharing(FileStatus.of(path.stat())))
    status = (spool.path / "result").stat()
    assert (status.st_gid, stat.S_IMODE(status.st_mode) & 0o044) == (STRANGER, 0o040)
