"""A whole Debian with systemd as its first process, in a kernel that runs as an ordinary process (User-Mode Linux).

The system lies in an image that is made once and kept in the user's cache; every boot writes to a layer of its own
above it. The project is not part of the image: it is seen through the kernel's window onto this machine's files.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
import signal
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from user_mode_linux import environment_in

PROGRAMS = {
    "linux.uml": "user-mode-linux",
    "mmdebstrap": "mmdebstrap",
    "mkfs.ext4": "e2fsprogs",
    "setpriv": "util-linux",
}
"""Programs that are needed and the Debian packages they come from."""

SUITE, PYTHON = "bookworm", (3, 11)
"""The oldest Debian the service is meant for, and its Python."""

INSIDE = "systemd,systemd-sysv,dbus,python3,libcairo2,iproute2,procps"
"""What the image holds beside the least Debian."""

IMAGE_BYTES = 900 << 20
IMAGE_SECONDS, BOOT_SECONDS = 500.0, 180.0

FIRST_ORDER = """#!/bin/sh
# Carries out what the test outside asks for.
mkdir -p /run/outside
mount -t hostfs none /run/outside -o "$(tr ' ' '\\n' < /proc/cmdline | sed -n 's/^outside=//p')"
exec sh /run/outside/agent.sh
"""

UNIT = """[Unit]
Description=Orders of the test outside
After=systemd-tmpfiles-setup.service
[Service]
ExecStart=/usr/local/sbin/first-order
"""

AGENT = """cd /run/outside
touch up
while :; do
  for order in *.sh; do
    name=${order%.sh}
    case $name in agent|'*') continue;; esac
    mv "$order" "$name.run"
    ( bash "$name.run" > "$name.out" 2>&1 < /dev/null; echo $? > "$name.tmp"; mv "$name.tmp" "$name.status" ) &
  done
  sleep 0.03
done
"""


class Trouble(Exception):
    """Raised when the machine does not do what the test asked of it; says what was asked and what it said."""


def missing_packages() -> list[str]:
    """Debian packages that have to be installed here."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    return sorted(package for program, package in PROGRAMS.items() if shutil.which(program, path=path) is None)


def wait_for(condition: Callable[[], Any], what: str, seconds: float) -> Any:
    """Wait until a condition is true, and return what it returned."""
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        if time.monotonic() > deadline:
            raise Trouble(f"waited {seconds:g} s in vain for {what}")
        time.sleep(0.02)
    return result


def image() -> Path:
    """The system's image, made if there is none yet."""
    recipe = hashlib.sha256("\n".join((SUITE, INSIDE, FIRST_ORDER, UNIT)).encode()).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "spectacle-tests"
    kept = cache / f"{SUITE}-{recipe}.img"
    if kept.exists():
        return kept
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="making-", dir=cache) as making:
        root, disk = Path(making, "root"), Path(making, "disk")
        small = ["--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-exclude=/usr/share/locale/*"]
        command = ["mmdebstrap", "--variant=minbase", "--format=directory", f"--include={INSIDE}", *small, SUITE, root]
        log = Path(making, "log")
        with log.open("wb") as output:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, timeout=IMAGE_SECONDS, check=False
            )
        if done.returncode != 0:
            raise Trouble(f"could not make the image:\n{log.read_text()[-3000:]}")
        first = root / "usr/local/sbin/first-order"
        first.write_text(FIRST_ORDER)
        first.chmod(0o755)
        (root / "etc/systemd/system/first-order.service").write_text(UNIT)
        wants = root / "etc/systemd/system/multi-user.target.wants"
        wants.mkdir(exist_ok=True)
        (wants / "first-order.service").symlink_to("/etc/systemd/system/first-order.service")
        subprocess.run(["mkfs.ext4", "-q", "-d", root, disk, str(IMAGE_BYTES >> 10)], check=True, timeout=60)
        disk.rename(kept)
    return kept


class Machine:
    """One machine.

    Args:
        home: An empty directory for its disk, orders and what it says.
        repository: The project; its package is seen inside as installed into /opt/spectacle.
    """

    def __init__(self, home: Path, repository: Path) -> None:
        self.home = home
        self.repository = repository
        self._orders = home / "orders"
        self._process: subprocess.Popen[bytes] | None = None

    def power_on(self) -> None:
        """Boot, and wait until it carries out orders."""
        self._orders.mkdir()
        (self._orders / "agent.sh").write_text(AGENT)
        with (self.home / "console").open("wb") as console:
            self._process = subprocess.Popen(
                [
                    # So that it does not go on when the tests themselves are killed.
                    "setpriv", "--pdeathsig", "KILL",
                    "linux.uml", "mem=768M", "root=/dev/ubda", "rw", f"ubd0={self.home / 'layer'},{image()}",
                    "init=/lib/systemd/systemd", "systemd.unit=multi-user.target", "con=null", "con0=null,fd:1",
                    f"uml_dir={self.home / 'uml'}", "umid=machine", f"outside={self._orders}",
                ],
                stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True, cwd=self.home,
                env=environment_in(self.home),
            )  # fmt: skip
        try:
            wait_for((self._orders / "up").exists, "the machine to boot", BOOT_SECONDS)
        except Trouble as trouble:
            raise Trouble(f"{trouble}\n{self.console[-3000:]}") from None

    def power_off(self) -> None:
        """Pull the plug."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    @property
    def console(self) -> str:
        """What its kernel and systemd have said."""
        return (self.home / "console").read_text(errors="replace")

    def run(self, script: str, seconds: float = 30.0) -> str:
        """Run a shell script as root and return what it printed.

        Raises:
            Trouble: When it fails or takes longer.
        """
        name = f"{time.monotonic_ns()}-{secrets.token_hex(3)}"
        order, draft = self._orders / f"{name}.sh", self._orders / f"{name}.draft"
        draft.write_text(f"set -e\n{script}\n")
        draft.rename(order)
        try:
            wait_for((self._orders / f"{name}.status").exists, f"{script!r} to end", seconds)
        except Trouble as trouble:
            raise Trouble(f"{trouble}\n{self.console[-3000:]}") from None
        status = int((self._orders / f"{name}.status").read_text())
        output = (self._orders / f"{name}.out").read_text(errors="replace")
        if status:
            raise Trouble(f"{script!r} ended with {status}:\n{output[-3000:]}")
        return output

    def _show(self, path: Path, at: str) -> None:
        """Let a directory of this machine be seen inside, at a path of its own."""
        self.run(f"mkdir -p {at} && mount -t hostfs -o {path} none {at} && mount -o remount,ro {at}")

    def install(self) -> None:
        """Have the project in /opt/spectacle, as the first of the steps for operators does."""
        packages = "/opt/spectacle/lib/python{}.{}/site-packages".format(*PYTHON)
        # A copy, so that the installation stays as it is when the source changes.
        for part in ("spectacle", "systemd"):
            shutil.copytree(self.repository / part, self.home / part, ignore=shutil.ignore_patterns("__pycache__"))
        self._show(self.home / "spectacle", f"{packages}/spectacle")
        self._show(self.home / "systemd", "/opt/source/systemd")
        self._show(Path(sysconfig.get_path("purelib")), "/opt/packages")
        self.run(f"""
            mkdir -p /opt/spectacle/bin
            ln -s /usr/bin/python3 /opt/spectacle/bin/python
            echo 'home = /usr/bin' > /opt/spectacle/pyvenv.cfg
            echo /opt/packages > {packages}/packages.pth
            printf '%s\\n' '#!/opt/spectacle/bin/python' 'from spectacle.cli import main' 'main()' \
                > /opt/spectacle/bin/spectacle
            chmod 755 /opt/spectacle/bin/spectacle
        """)
