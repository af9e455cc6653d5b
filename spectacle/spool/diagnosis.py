"""The true cause of what a spool refuses: permissions, sticky bit, read-only, attributes, inodes, quota or space."""

from __future__ import annotations

import errno
import os
import shlex
import stat
import struct
from pathlib import Path

from spectacle.spool.naming import STATE_PARTS, state_path

_REMEDIES = {
    errno.ENOSPC: "Free some space",
    errno.EDQUOT: "Raise its disk quota (`quota`, `repquota`) or free some space",
    errno.EROFS: "Mount it read-write",
    errno.ESTALE: "Mount it again, because its server has another directory there now",
    errno.ENOTCONN: "Mount it again, because the program behind it has ended",
    errno.ENOTDIR: "Use another path",
    errno.EMFILE: "Raise the limit of open files (LimitNOFILE)",
    errno.ENOMEM: "Free some memory",
}

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
"""Error numbers that say that there is no space, for anybody or for some."""

_SHARE_STATE = (
    "Use the account that it belongs to, or give the spool to a common group: as root, run `spectacle init DIR --group "
    "GROUP` on it"
)

# Linux's FS_IOC_FSGETXATTR, struct fsxattr and FS_XFLAG_PROJINHERIT.
_GET_ATTRIBUTES = 0x801C581F
_ATTRIBUTES = struct.Struct("=IIIII8x")
_INHERITED = 0x200


def cause_and_remedy(path: Path, error: OSError) -> tuple[str, str]:
    """What an error on a spool means, and what to do about it: each a sentence without its full stop.

    The directory is only looked at where the error number has several causes, and a look does not hang.
    """
    number = error.errno or 0
    said = error.strerror or str(error)
    if number == errno.ENOSPC:
        return _no_space(path, said)
    if number == errno.EDQUOT:
        whose = [f"user {os.geteuid()}", f"group {_group_of_new_files(path)}"]
        project = project_of(path)
        whose += [f"project {project}"] if project else []
        return f"{said} for {', '.join(whose[:-1])} or {whose[-1]}", _REMEDIES[number]
    if number in (errno.EACCES, errno.EPERM):
        return _not_permitted(path, said)
    return said, _REMEDIES.get(number, "Wait for it, or check the file system")


def is_full(error: BaseException | None) -> bool:
    """Whether an error, or what it comes of, says that there is no space left, or that a quota is used up."""
    if error is None:
        return False
    return (isinstance(error, OSError) and error.errno in FULL) or is_full(error.__cause__)


def project_of(path: Path) -> int:
    """Number of the project whose quota a directory's new files count for, 0 for none."""
    try:
        import fcntl

        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            found = fcntl.ioctl(descriptor, _GET_ATTRIBUTES, bytes(_ATTRIBUTES.size))
        finally:
            os.close(descriptor)
    except OSError:
        return 0
    flags, _, _, project, _ = _ATTRIBUTES.unpack(found)
    return int(project) if flags & _INHERITED else 0


def _group_of_new_files(path: Path) -> int:
    """The group whose quota counts: that of the directory where files inherit it."""
    try:
        status = os.stat(path)
    except OSError:
        return os.getegid()
    return status.st_gid if status.st_mode & stat.S_ISGID else os.getegid()


def _no_space(path: Path, said: str) -> tuple[str, str]:
    try:
        status = os.statvfs(path)
    except OSError:
        return said, _REMEDIES[errno.ENOSPC]
    if status.f_files and not status.f_favail and status.f_bavail:
        return f"{said}: no inodes are left (`df -i`)", "Remove files, or make the file system with more inodes"
    return f"{said}{and_project(path)}", _REMEDIES[errno.ENOSPC]


def and_project(path: Path) -> str:
    """What to add where space is short: XFS and ext4 report the limit of a project as the size of the disk."""
    project = project_of(path)
    return f" in project {project}, which may have a quota (`repquota -P`)" if project else ""


def _not_permitted(path: Path, said: str) -> tuple[str, str]:
    user = os.geteuid()
    rights = (
        f"Let user {user} read and write it (mode 2770 and a common group, as `spectacle init` sets them), or mount it "
        f"if this is the directory below its mount point"
    )
    try:
        status = os.stat(path)
        allowed = os.access(path, os.R_OK | os.W_OK | os.X_OK, effective_ids=True)
    except (OSError, NotImplementedError):
        return said, rights
    found = _owner_and_mode(status)
    if not allowed:
        return f"{said} ({found})", rights
    if (closed := _closed_state(path)) is not None:
        return f"{said}: user {user} cannot use {closed}", _SHARE_STATE
    if sticky_for(status, user):
        return (
            f"{said}: it is sticky ({found}), so user {user} cannot remove or rename files of other users",
            _unstick(path),
        )
    # All permissions are there, so it is something else that refuses.
    return (
        f"{said} although user {user} has all permissions ({found})",
        "Look for an immutable attribute (`lsattr -d`), another user's file, or a security module (AppArmor, SELinux)",
    )


def _closed_state(path: Path) -> str | None:
    """The first of the directories that instances share, other than the spool itself, that this account cannot use.

    They belong to the account that made them, which is another one where two accounts run daemons.
    """
    for name in map(state_path, ("", *STATE_PARTS)):
        try:
            status = os.lstat(path / name)
            allowed = os.access(path / name, os.R_OK | os.W_OK | os.X_OK, effective_ids=True, follow_symlinks=False)
        except (OSError, NotImplementedError):
            continue
        if stat.S_ISDIR(status.st_mode) and not allowed:
            return f"{name} ({_owner_and_mode(status)})"
    return None


def _owner_and_mode(status: os.stat_result) -> str:
    return f"mode {stat.S_IMODE(status.st_mode):04o}, user {status.st_uid}, group {status.st_gid}"


def sticky_told(path: Path) -> str:
    """What a daemon should say that may not remove other users' requests."""
    user = os.geteuid()
    return f"spool {path}: sticky, so user {user} does not process requests of other users. {_unstick(path)}."


def _unstick(path: Path) -> str:
    return f"Run `chmod -t {shlex.quote(str(path))}`, or let its owner run the daemon"


def sticky_for(directory: os.stat_result, user: int) -> bool:
    """Whether a user cannot remove other users' files from a directory that is writable otherwise."""
    return bool(directory.st_mode & stat.S_ISVTX) and user not in (0, directory.st_uid)
