"""Runs commands on a copy of this machine that is thrown away: its root file system beneath an overlay in memory.

They may install, make accounts and write wherever they like. There is no service manager; a stand-in for `systemctl`
starts what a unit says, as the unit's user. What a command leaves running ends with it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

SYSTEMCTL = r'''#!/usr/bin/python3
"""Stands in for systemd: `enable --now` starts what a unit says and waits for it, `disable --now` ends it."""
import os, pwd, select, shlex, signal, socket, subprocess, sys

words = [word for word in sys.argv[1:] if not word.startswith("-")]
if words[0] == "daemon-reload":
    sys.exit()
assert words[0] in ("enable", "disable") and "--now" in sys.argv, sys.argv
if words[0] == "disable":
    for name in words[1:]:
        watched = os.pidfd_open(number := int(open(f"/tmp/pid-{name}").read()))
        os.kill(number, signal.SIGTERM)
        select.select([watched], [], [], 60)
    sys.exit()
of_user = "--user" in sys.argv
for name in words[1:]:
    directory = os.path.expanduser("~/.config/systemd/user") if of_user else "/etc/systemd/system"
    settings = {}
    for line in open(f"{directory}/{name}.service"):
        key, equals, value = line.strip().partition("=")
        if equals and not line.startswith("#"):
            settings.setdefault(key, []).append(value.replace("%h", os.path.expanduser("~")).replace("%S", "/var/lib")
                .replace("%C", "/var/cache"))
    environment = dict(each.split("=", 1) for line in settings.get("Environment", []) for each in shlex.split(line))
    account = {}
    if not of_user:
        user = pwd.getpwnam(settings["User"][0])
        account = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        environment["HOME"] = user.pw_dir
        for key, top in (("StateDirectory", "/var/lib"), ("CacheDirectory", "/var/cache")):
            for each in settings.get(key, []):
                os.makedirs(f"{top}/{each}", exist_ok=True)
                os.chown(f"{top}/{each}", user.pw_uid, user.pw_gid)
    ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    address = f"/tmp/ready-{os.getpid()}-{name}"
    ready.bind(address)
    os.chmod(address, 0o777)
    environment["NOTIFY_SOCKET"] = address
    log = open(f"/tmp/log-{name}", "wb")
    process = subprocess.Popen(
        shlex.split(settings["ExecStart"][0]), env={"PATH": "/usr/bin:/bin", **os.environ, **environment},
        stdin=subprocess.DEVNULL, stdout=log, stderr=log, umask=int(settings.get("UMask", ["0022"])[0], 8),
        start_new_session=True, **account,
    )
    with open(f"/tmp/pid-{name}", "w") as file:
        file.write(str(process.pid))
    if settings["Type"] == ["notify"]:
        ready.settimeout(60)
        try:
            while b"READY=1" not in ready.recv(4096):
                pass
        except TimeoutError:
            sys.exit(f"{name} did not start:\n" + open(f"/tmp/log-{name}").read())
'''

OUTSIDE = """
set -eu
mount -t tmpfs -o size=6g copy "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay copy -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
cd "$1/root"
mount -t proc proc proc
mount --rbind /dev dev
mount --rbind /sys sys
mount -t tmpfs -o mode=1777 tmp tmp
cp -p "$2" usr/local/bin/systemctl
cp "$3" tmp/script
umask 022
exec chroot . /bin/bash -euo pipefail /tmp/script
"""


class CommandsFailed(AssertionError):
    """What the commands said before they failed."""


def run(script: str, directory: Path, seconds: float) -> str:
    """Run a bash script as root on a copy of this machine.

    Args:
        script: What is run, with `-euo pipefail`.
        directory: An empty directory for what is needed outside.
        seconds: After which it is ended.

    Returns:
        What it wrote to standard output.

    Raises:
        CommandsFailed: When it ends with an error.
    """
    assert shutil.which("unshare"), "unshare is missing: install the package util-linux"
    systemctl, file, copy = directory / "systemctl", directory / "script", directory / "copy"
    systemctl.write_text(SYSTEMCTL)
    systemctl.chmod(0o755)
    file.write_text(f"trap 'tail -n 20 /tmp/log-* >&2 2>/dev/null || true' EXIT\n{script}")
    copy.mkdir()
    kept = {name: value for name, value in os.environ.items() if name.startswith("PIP_") or name == "LANG"}
    done = subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", OUTSIDE, "sh", copy, systemctl, file],
        env={**kept, "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise CommandsFailed(f"{done.stdout[-3000:]}\n{done.stderr[-5000:]}")
    return done.stdout


def tracked_files(source: Path, target: str) -> str:
    """Commands that put the files of a clone into a directory, as `git clone` would."""
    return (
        f"mkdir -p {target}\n"
        f"git -c safe.directory={source} -C {source} ls-files -z --cached --others --exclude-standard |"
        f" tar --create --directory={source} --null --files-from=- --file=- |"
        f" tar --extract --directory={target} --no-same-owner --file=-\n"
    )
