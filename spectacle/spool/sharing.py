"""Who may read a result and use what instances share: modes and groups by the request's writer and the spool."""

from __future__ import annotations

import contextlib
import functools
import grp
import os
import pwd
import stat
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from spectacle.spool.file_status import FileStatus

# Linux's extended attributes for access control lists: a version, then entries of tag, permissions and ID.
_ACL, _DEFAULT_ACL = "system.posix_acl_access", "system.posix_acl_default"
_ENTRY = struct.Struct("<HHI")
_USER, _GROUP_OF_FILE, _GROUP, _MASK, _OTHER = 0x02, 0x04, 0x08, 0x10, 0x20
_READ = 4

Entries = Sequence[tuple[int, int, int]]
"""Tag, permissions and ID of each entry of an access control list."""


class Sharing:
    """How the files of one result are shared.

    Attributes:
        trouble: Who cannot read them and why, once one was written; None when its writer can.

    Args:
        writer: What the request looks like: its owner, group and mode.
        mode: Permission bits that every file gets, or None for those with which the writer can read it.
    """

    def __init__(self, writer: FileStatus, mode: int | None = None) -> None:
        self._writer = writer
        self._mode = mode
        self.trouble: str | None = None

    def apply(self, system: Any, descriptor: int) -> None:
        """Share a file that has just been made, and is open. What the file system refuses is left as it is."""
        if self._mode is None and self._writer.uid == os.geteuid():
            return
        status = system.fstat(descriptor)
        mode = stat.S_IMODE(status.st_mode)
        if self._mode is not None:
            mode = self._mode
        elif not self._can_read(system, descriptor):
            mode |= self._further(system, descriptor, status)
        if mode != stat.S_IMODE(status.st_mode):
            with contextlib.suppress(OSError):
                system.fchmod(descriptor, mode)
        if not self._can_read(system, descriptor):
            now = system.fstat(descriptor)
            mode = stat.S_IMODE(now.st_mode)
            self.trouble = (
                f"the writer, {_user(self._writer.uid)}, cannot read results of mode {mode:04o}, {_user(now.st_uid)}, "
                f"{_group(now.st_gid)}. Give the spool a group of both and mode 2770, or set spool.mode."
            )

    def _can_read(self, system: Any, descriptor: int) -> bool:
        status = system.fstat(descriptor)
        entries = read_acl(system, descriptor)
        if entries is not None and self._writer.uid not in (0, status.st_uid):
            return acl_permits(entries, self._writer, status.st_gid)
        return can_read(self._writer, status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode))

    def _further(self, system: Any, descriptor: int, status: os.stat_result) -> int:
        """The bit with which the writer can read the file; its group is changed where that is the only way."""
        writer = self._writer
        if is_member(writer, status.st_gid):
            return stat.S_IRGRP
        if writer.mode & stat.S_IROTH:
            return stat.S_IROTH
        if is_member(writer, writer.gid):
            with contextlib.suppress(OSError):
                system.fchown(descriptor, -1, writer.gid)
                return stat.S_IRGRP
        return 0


def share_directory(system: Any, spool: int, made: int) -> None:
    """Give the group its part of a directory that has just been made where it has its part of the spool.

    A daemon of another account of the group, or an operator, could not use it otherwise: the umask takes it away.

    Args:
        system: Where system calls are made.
        spool: Descriptor of the spool.
        made: Descriptor of the directory.
    """
    mode = stat.S_IMODE(system.fstat(made).st_mode)
    if system.fstat(spool).st_mode & stat.S_IWGRP and mode & stat.S_IRWXG != stat.S_IRWXG:
        # Not every file system takes modes.
        with contextlib.suppress(OSError):
            system.fchmod(made, mode | stat.S_IRWXG)


def can_read(writer: FileStatus, uid: int, gid: int, mode: int) -> bool:
    """Whether the writer of a request can read a file of this owner, group and mode."""
    if writer.uid in (0, uid):
        return writer.uid == 0 or bool(mode & stat.S_IRUSR)
    return bool(mode & (stat.S_IRGRP if is_member(writer, gid) else stat.S_IROTH))


def is_member(writer: FileStatus, gid: int) -> bool:
    """Whether the writer of a request is in a group. Of one without an account here only its file's group is known."""
    groups = _groups(writer.uid)
    return gid == writer.gid if groups is None else gid in groups


@functools.lru_cache(256)
def _groups(uid: int) -> frozenset[int] | None:
    try:
        account = pwd.getpwuid(uid)
        return frozenset(os.getgrouplist(account.pw_name, account.pw_gid))
    except (KeyError, OSError):
        return None


def read_acl(system: Any, descriptor: int) -> Entries | None:
    """The access control list of a file; None where it has none but its mode, or where the system has none."""
    with contextlib.suppress(OSError, AttributeError, struct.error):
        if _ACL in system.listxattr(descriptor):
            return list(_ENTRY.iter_unpack(system.getxattr(descriptor, _ACL)[4:]))
    return None


def acl_permits(entries: Entries, writer: FileStatus, gid: int) -> bool:
    """Whether an access control list lets the writer of a request, who does not own the file, read it.

    Args:
        entries: The list.
        writer: What the request looks like.
        gid: The file's group.
    """
    mask = next((permissions for tag, permissions, _ in entries if tag == _MASK), _READ)
    for tag, permissions, number in entries:
        if tag == _USER and number == writer.uid:
            return bool(permissions & mask & _READ)
    groups = [
        permissions
        for tag, permissions, number in entries
        if (tag == _GROUP_OF_FILE and is_member(writer, gid)) or (tag == _GROUP and is_member(writer, number))
    ]
    if groups:
        return any(permissions & mask & _READ for permissions in groups)
    return any(permissions & _READ for tag, permissions, _ in entries if tag == _OTHER)


def passes_on_an_acl(directory: Path) -> bool:
    """Whether new files of a directory get its default access control list, whatever their mode and group."""
    with contextlib.suppress(OSError, AttributeError):
        return _DEFAULT_ACL in os.listxattr(directory)
    return False


def _user(uid: int) -> str:
    with contextlib.suppress(KeyError):
        return f"user {pwd.getpwuid(uid).pw_name}"
    return f"user {uid}"


def _group(gid: int) -> str:
    with contextlib.suppress(KeyError):
        return f"group {grp.getgrgid(gid).gr_name}"
    return f"group {gid}"
