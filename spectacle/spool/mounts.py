"""Which file system a directory is on, how it is mounted, and what is known of file systems of that kind."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

NETWORK_FILE_SYSTEMS = frozenset(
    {
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "9p",
        "afs",
        "ceph",
        "glusterfs",
        "lustre",
        "gpfs",
        "beegfs",
        "ocfs2",
        "gfs2",
        "fuse",
        "virtiofs",
        "hostfs",
    }
)
"""File systems on which other hosts may write without this host's kernel knowing."""
WITHOUT_EXCLUSIVE_RENAMES = frozenset({"cifs", "smb3", "smbfs"})
"""File systems that accept an exclusive rename but replace a file that another host has just made: of 150 renames of
two mounts of one share (Linux 6.1, Samba 4.17) to one name, both succeeded in 69. Their hard links are exclusive."""
WITHOUT_PERMISSIONS = frozenset({"vfat", "msdos", "exfat", "fuseblk"})
"""File systems whose files have the owner and the mode that the mount options say; those behind FUSE as a rule."""


@dataclass(frozen=True, slots=True)
class Mount:
    """A line of the kernel's list of mounts.

    Attributes:
        kind: Type of the file system, such as `ext4`; `unknown` when it cannot be told.
        options: Of the mount and of the file system.
        point: Where it is mounted.
    """

    kind: str
    options: frozenset[str] = frozenset()
    point: str = "/"


def file_system_of(device: int, path: Path) -> str:
    """Type of the file system that `mount_of` finds."""
    return mount_of(device, path).kind


def mount_of(device: int, path: Path, mounts: str = "/proc/self/mountinfo") -> Mount:
    """The mount that a directory lies on.

    Args:
        device: Its device number.
        path: Its path, which decides where the device number does not: a sub-volume of btrfs has one of its own.
        mounts: The list of mounts.
    """
    wanted = f"{os.major(device)}:{os.minor(device)}"
    found, longest = Mount("unknown"), ""
    directory = os.path.realpath(path)
    try:
        with open(mounts, encoding="utf-8", errors="surrogateescape") as lines:
            for line in lines:
                fields, _, rest = line.partition(" - ")
                _, _, number, _, point, options = fields.split()[:6]
                kind, _, more = rest.split()[:3]
                point = re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), point)
                mount = Mount(kind, frozenset((*options.split(","), *more.split(","))), point)
                if number == wanted:
                    return mount
                # Of several at one place the last one hides the others.
                if len(point) >= len(longest) and Path(directory).is_relative_to(point):
                    found, longest = mount, point
    except (OSError, ValueError):
        pass
    return found


def is_on_network(kind: str) -> bool:
    """Whether files of a file system of this kind may change without this host's kernel knowing.

    So it is with any program behind FUSE. A `fuseblk` has its disk for itself.
    """
    return kind in NETWORK_FILE_SYSTEMS or kind.startswith("fuse.")


@dataclass(frozen=True, slots=True)
class Advice:
    """What is known of the file systems of one kind.

    Attributes:
        trouble: What is wrong with it for a spool.
        remedy: How it is to be mounted, or what to do instead.
    """

    trouble: str
    remedy: str


_FAT = Advice(
    "no hard links, no permissions, and times of 2 s: results are published by exclusive renames",
    "mount it with uid=, gid=, dmask= and fmask= so that only the spool's users can write",
)
_ADVICE = {
    "fuse.sshfs": Advice(
        "sshfs caches listings, so what is written on the other side is found up to 20 s late",
        "mount it with `-o dcache_timeout=1` and without disable_hardlink",
    ),
    "fuse.rclone": Advice(
        "rclone caches listings, uploads late and has no atomic step, so results could be published twice",
        "put the spool on another file system, and copy to it with `rclone copy`",
    ),
    "fuse.bindfs": Advice(
        "what is written in the directory below it is found by polling, some seconds late",
        "use `mount --bind`, which needs no FUSE",
    ),
    "fuse.mergerfs": Advice(
        "what is written in a branch directly is found late",
        "mount it with `-o cache.readdir=false,cache.attr=0,cache.entry=0`, or put the spool on one branch",
    ),
    "overlay": Advice(
        "files that are written in its upper directory directly may not be noticed",
        "let all clients write through the overlay, or put the spool on a volume",
    ),
    "fuseblk": Advice(
        "a driver behind FUSE: that of NTFS has hard links; that of exFAT has neither them nor exclusive renames",
        "mount it with the kernel's driver (`mount -t exfat` or `mount -t ntfs3`), with uid=, gid=, dmask=, fmask=",
    ),
    "vfat": _FAT,
    "msdos": _FAT,
    "exfat": _FAT,
    "cifs": Advice(
        "results depend on hard links, which Samba and NTFS have; FAT disks of a server have none, and nothing is "
        "processed there; listings are cached for a second",
        "mount it with vers=3.1.1,actimeo=1,serverino,nolease and file_mode=, dir_mode= for the spool's group",
    ),
}
_ADVICE["smb3"] = _ADVICE["cifs"]
_OTHER_FUSE = Advice(
    "what is behind FUSE may cache listings and attributes, so new requests may be found late",
    "mount it with attr_timeout=0 and entry_timeout=0 if it has these options",
)


def advice_on(kind: str) -> Advice | None:
    """What is known of a kind of file system that is not as good as a local one for a spool, or None."""
    return _ADVICE.get(kind) or (_OTHER_FUSE if kind == "fuse" or kind.startswith("fuse.") else None)
