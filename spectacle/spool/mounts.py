"""Which file system a directory lies on."""

from __future__ import annotations

import os

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
    }
    | {"fuse", "fuse.sshfs", "fuse.glusterfs", "fuse.cephfs", "virtiofs", "hostfs"}
)
"""File systems on which other hosts may write without this host's kernel knowing."""


def file_system_of(device: int) -> str:
    """Type of the file system with this device number; `unknown` when it cannot be told."""
    wanted = f"{os.major(device)}:{os.minor(device)}"
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as lines:
            for line in lines:
                fields, _, rest = line.partition(" - ")
                if fields.split()[2] == wanted:
                    return rest.split()[0]
    except (OSError, IndexError):
        pass
    return "unknown"
