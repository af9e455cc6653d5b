"""The daemon on real file systems that are not as a spool's should be, mounted for the test."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import stat
import struct
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from daemon_process import CONFIGURATION, Daemon, wait_for
from PIL import Image

from spectacle.checks import Level
from spectacle.checks.spool import check_file_system, check_permissions
from spectacle.spool.directory import Spool
from spectacle.spool.file_status import FileStatus
from spectacle.spool.sharing import Sharing

pytestmark = [pytest.mark.slow, pytest.mark.root]

SFTP_SERVER = Path("/usr/lib/openssh/sftp-server")


def run(*command: str | Path) -> None:
    """Run a command that makes a file system; without it the test says what this machine lacks."""
    if shutil.which(str(command[0])) is None:
        pytest.fail(f"this test needs {command[0]}: install it", pytrace=False)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.fail(f"this machine does not allow {' '.join(map(str, command))}: {done.stderr.strip()}", pytrace=False)


@contextlib.contextmanager
def mounted(path: Path, *command: str | Path) -> Iterator[Path]:
    path.mkdir()
    run(*command, path)
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", path], check=True)


@contextlib.contextmanager
def btrfs(home: Path) -> Iterator[Path]:
    disk = home / "disk"
    with disk.open("wb") as file:
        file.truncate(128 << 20)
    run("mkfs.btrfs", "-q", disk)
    with mounted(home / "mount", "mount", "-o", "loop", disk) as mount:
        run("btrfs", "subvolume", "create", mount / "spool")
        yield mount / "spool"


@contextlib.contextmanager
def overlay(home: Path) -> Iterator[Path]:
    # The directories must lie on a file system that can hold them, which an overlay itself cannot.
    with mounted(home / "memory", "mount", "-t", "tmpfs", "tmpfs") as memory:
        for name in ("lower", "upper", "work"):
            (memory / name).mkdir()
        # What was there before the mount is copied up when it is changed, and hidden when it is removed.
        (memory / "lower" / "below-1-64x64-options.json").write_text('{"seed": 5}')
        (memory / "lower" / "below-1-64x64.txt").write_text("a red fox")
        options = f"lowerdir={memory}/lower,upperdir={memory}/upper,workdir={memory}/work"
        with mounted(home / "mount", "mount", "-t", "overlay", "overlay", "-o", options) as mount:
            yield mount


@contextlib.contextmanager
def sshfs(home: Path, *options: str) -> Iterator[Path]:
    if not SFTP_SERVER.exists():
        pytest.fail("this test needs sftp-server: apt-get install openssh-sftp-server", pytrace=False)
    (home / "far").mkdir()
    (home / "ssh").write_text(f"#!/bin/sh\nexec {SFTP_SERVER}\n")
    (home / "ssh").chmod(0o755)
    command = ["sshfs", *options, "-o", f"ssh_command={home}/ssh", f"host:{home}/far"]
    with mounted(home / "mount", *command) as mount:
        yield mount


@contextlib.contextmanager
def rclone(home: Path) -> Iterator[Path]:
    (home / "far").mkdir()
    options = ["--config=/dev/null", "--vfs-cache-mode=writes", f"--cache-dir={home}/cache", "--daemon"]
    with mounted(home / "mount", "rclone", "mount", *options, f":local:{home}/far") as mount:
        yield mount


@contextlib.contextmanager
def exfat_behind_fuse(home: Path) -> Iterator[Path]:
    disk = home / "disk"
    with disk.open("wb") as file:
        file.truncate(64 << 20)
    run("mkfs.exfat", disk)
    device = subprocess.run(["losetup", "--find", "--show", disk], check=True, capture_output=True, text=True)
    try:
        with mounted(home / "mount", "mount.exfat-fuse", "-o", "umask=007", device.stdout.strip()) as mount:
            yield mount
    finally:
        subprocess.run(["losetup", "--detach", device.stdout.strip()], check=True)


@contextlib.contextmanager
def sshfs_without_links(home: Path) -> Iterator[Path]:
    with sshfs(home, "-o", "disable_hardlink") as mount:
        yield mount


def serve(home: Path, spool: Path) -> Daemon:
    daemon = Daemon(home, CONFIGURATION.replace('path = "spool"', f'path = "{spool}"'))
    daemon.spool = daemon.drafts = spool
    return daemon.start()


@pytest.mark.parametrize(
    ("make", "kind", "level"),
    [(btrfs, "btrfs", Level.OK), (overlay, "overlay", Level.WARN), (sshfs, "fuse.sshfs", Level.WARN)],
)
def test_an_odd_file_system_is_known_by_name_and_served(
    tmp_path: Path, make: Callable[[Path], contextlib.AbstractContextManager[Path]], kind: str, level: Level
) -> None:
    with make(tmp_path) as path:
        spool = Spool(path)
        spool.open()
        assert spool.file_system() == kind
        assert check_file_system(spool).level is level
        spool.close()
        daemon = serve(tmp_path, path)
        try:
            daemon.write("a-1-64x64")
            assert daemon.answer("a-1-64x64").suffix == ".png"
        finally:
            daemon.stop()


def test_what_is_in_a_lower_layer_of_an_overlay_is_served_once(tmp_path: Path) -> None:
    with overlay(tmp_path) as path:
        daemon = serve(tmp_path, path)
        try:
            with Image.open(daemon.answer("below-1-64x64")) as picture:
                assert json.loads(picture.info["spectacle"])["seed"] == 5
            wait_for(lambda: daemon.public() == {"below-1-64x64.png"}, "everything but the picture to go")
            daemon.write("a-1-64x64")
            daemon.answer("a-1-64x64")
            assert daemon.log.count("stem=below-1-64x64") == 1
        finally:
            daemon.stop()


@pytest.mark.parametrize(("permissions", "told"), [(4, False), (0, True)])
def test_a_default_access_control_list_decides_who_can_read_a_result(
    tmp_path: Path, permissions: int, told: bool
) -> None:
    user, owner, group, mask, other, stranger = 2, 1, 4, 16, 32, 54321
    entries = [(owner, 7, -1), (user, permissions, stranger), (group, 0, -1), (mask, 7, -1), (other, 0, -1)]
    default = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *each) for each in entries)
    os.setxattr(tmp_path, "system.posix_acl_default", default)
    spool = Spool(tmp_path)
    spool.open()
    sharing = Sharing(FileStatus(1, 1, 1, stat.S_IFREG | 0o600, 1, stranger, stranger))
    spool.write("result", b"1", sharing)
    spool.close()
    assert (sharing.trouble is not None) == told
    assert check_permissions(tmp_path).found.endswith("with an access control list that new files inherit")


@pytest.mark.parametrize(
    ("make", "kind"),
    [(sshfs_without_links, "fuse.sshfs"), (rclone, "fuse.rclone"), (exfat_behind_fuse, "fuseblk")],
)
def test_without_hard_links_and_exclusive_renames_nothing_is_claimed(
    tmp_path: Path, make: Callable[[Path], contextlib.AbstractContextManager[Path]], kind: str
) -> None:
    with make(tmp_path) as path:
        daemon = serve(tmp_path, path)
        try:
            daemon.write("a-1-64x64")
            reason = wait_for(lambda: daemon.report().get("reason"), "the reason")
            assert f"the file system ({kind}) has neither hard links nor exclusive renames" in reason
            assert daemon.public() == {"a-1-64x64.txt"}
        finally:
            daemon.stop()
