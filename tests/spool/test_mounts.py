"""Finding out what a directory is mounted on, from lists of mounts as the kernel writes them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from spectacle.spool.mounts import advice_on, is_on_network, mount_of

MOUNTS = """\
21 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw,errors=remount-ro
30 21 0:33 /@home {home}/data rw,relatime shared:1 - btrfs /dev/sdb rw,space_cache=v2
31 21 0:40 / {home}/a\\040b rw,nosuid - fuse.sshfs host:/srv rw,user_id=0,allow_other
"""


def listed(tmp_path: Path) -> str:
    (tmp_path / "mounts").write_text(MOUNTS.format(home=tmp_path))
    return str(tmp_path / "mounts")


def test_the_mount_of_this_directory_is_found(tmp_path: Path) -> None:
    mount = mount_of(tmp_path.stat().st_dev, tmp_path)
    assert mount.kind != "unknown"
    assert mount.options & {"rw", "ro"}


@pytest.mark.parametrize(
    ("device", "directory", "kind"),
    [
        ((8, 1), "anywhere", "ext4"),
        ((0, 99), "data/sub-volume/spool", "btrfs"),
        ((0, 40), "a b", "fuse.sshfs"),
        ((0, 98), "a b/below", "fuse.sshfs"),
        ((0, 97), "database", "ext4"),
    ],
)
def test_a_mount_is_found_by_its_device_or_else_by_where_it_is(
    tmp_path: Path, device: tuple[int, int], directory: str, kind: str
) -> None:
    assert mount_of(os.makedev(*device), tmp_path / directory, listed(tmp_path)).kind == kind


@pytest.mark.parametrize("content", [None, "", "nonsense\n", "1 2 3\n"])
def test_without_a_list_of_mounts_nothing_is_known(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "mounts"
    if content is not None:
        path.write_text(content)
    assert mount_of(1, tmp_path, str(path)).kind == "unknown"


@pytest.mark.parametrize(
    ("kind", "network"),
    [("ext4", False), ("btrfs", False), ("overlay", False), ("vfat", False), ("fuseblk", False), ("fuse.rclone", True),
     ("fuse.mergerfs", True), ("fuse.something-new", True), ("fuse", True), ("nfs4", True), ("cifs", True)],
)  # fmt: skip
def test_whatever_is_behind_fuse_counts_as_a_network_file_system(kind: str, network: bool) -> None:
    assert is_on_network(kind) == network


def test_unknown_programs_behind_fuse_get_general_advice() -> None:
    advice = advice_on("fuse.something-new")
    assert advice is not None
    assert "FUSE" in advice.trouble
    assert advice_on("ext4") is None
