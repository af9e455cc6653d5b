"""Several hosts on one machine: kernels run as ordinary processes (User-Mode Linux), one of them an NFS server.

Nothing of it needs virtualisation or root's network: the hosts are joined by a switch that is a process too. The
machine's own file system is visible inside every host, so that they all run the same installation.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from user_mode_linux import environment_in, has_large_registers

PACKAGES = {
    "linux.uml": "user-mode-linux",
    "uml_switch": "uml-utilities",
    "rpc.nfsd": "nfs-kernel-server",
    "mount.nfs": "nfs-common",
    "rpcbind": "rpcbind",
    "modprobe": "kmod",
    "ip": "iproute2",
    "mkfs.ext4": "e2fsprogs",
    "setpriv": "util-linux",
}
"""Programs that are needed and the Debian packages they come from."""

HERE = Path(__file__).parent
SERVER, CLIENTS = "server", ("c1", "c2", "c3")
ADDRESSES = {"server": 1, "c1": 11, "c2": 12, "c3": 13}
DISK_BYTES = 512 << 20
GRACE_SECONDS = 10
"""The server's lease on its clients' state, and how long it waits for them to claim it back after a crash (90 by
default)."""

MOUNTS = {
    "v4": "mount -t nfs -o vers=4.2,hard,proto=tcp 10.99.0.1:/ /run/v4",
    "v3": "mount -t nfs -o vers=3,hard,proto=tcp,nolock 10.99.0.1:/run/disk/export /run/v3",
}
BOOT_SECONDS = 180.0
MEMORY_BYTES = 384 << 20
_NOWHERE = "02:00:00:00:00:01"
_WITH_US = ("setpriv", "--pdeathsig", "KILL")
"""So that nothing goes on when the tests themselves are killed."""


class Trouble(Exception):
    """Raised when a host does not do what the test asked of it; says what was asked and what it said."""


def missing_packages() -> list[str]:
    """Debian packages that have to be installed for the lab."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    programs = {**PACKAGES, **({"gcc": "gcc"} if has_large_registers() else {})}
    return sorted(package for program, package in programs.items() if shutil.which(program, path=path) is None)


def wait_for(condition: Callable[[], Any], what: str, seconds: float) -> Any:
    """Wait until a condition is true, and return what it returned."""
    deadline = time.monotonic() + seconds
    while True:
        if result := condition():
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:g} s in vain for {what}")
        time.sleep(0.03)


class Host:
    """One simulated host.

    Args:
        lab: The lab it belongs to.
        name: `server` or a client's name.
    """

    def __init__(self, lab: Lab, name: str) -> None:
        self.lab = lab
        self.name = name
        self.home = lab.home / "hosts" / name
        self.address = f"10.99.0.{ADDRESSES[name]}"
        self.offset = 0.0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_on(self) -> bool:
        """Whether it has power."""
        return self._process is not None and self._process.poll() is None

    def power_on(self) -> None:
        """Begin to boot. `wait_until_up` waits for the end of it."""
        self.home.mkdir(parents=True, exist_ok=True)
        for path in self.home.iterdir():
            if path.name in ("up", "watching") or path.suffix in (".order", ".result", ".tmp"):
                path.unlink()
        role = "server" if self.name == SERVER else "client"
        disk = [f"ubd0={self.lab.home / 'disk'}"] if role == "server" else []
        mac = f"fe:fd:0a:63:00:{ADDRESSES[self.name]:02x}"
        with (self.home / "console").open("ab") as console:
            self._process = subprocess.Popen(
                [
                    *_WITH_US, "linux.uml", f"mem={MEMORY_BYTES >> 20}M",
                    "root=/dev/root", "rootfstype=hostfs", "rootflags=/", "rw",
                    f"init={HERE / 'init.sh'}", f"lab={self.lab.home}", f"here={HERE}", f"python={sys.executable}",
                    f"name={self.name}", f"ip={self.address}", f"role={role}", f"grace={GRACE_SECONDS}",
                    f"eth0=daemon,{mac},unix,{self.lab.home / 'switch'}", "con=null", "con0=null,fd:1",
                    f"uml_dir={self.lab.home / 'uml'}", f"umid={self.name}", *disk,
                ],
                stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True, cwd=self.lab.home,
                env={**environment_in(self.lab.home), "TMPDIR": str(self.lab.memory)},
            )  # fmt: skip

    def wait_until_up(self) -> None:
        """Wait until it carries out orders, and learn what its clock shows."""
        wait_for((self.home / "up").exists, f"{self.name} to boot\n{self.console[-2000:]}", BOOT_SECONDS)
        before = time.monotonic()
        theirs = float(self.python("import time; print(time.monotonic())"))
        self.offset = (before + time.monotonic()) / 2 - theirs

    def power_off(self) -> None:
        """Pull the plug: nothing is written out, nobody is told."""
        if self._process is not None:
            kill_group(self._process.pid)
            self._process.wait()
            self._process = None

    @property
    def console(self) -> str:
        """What its kernel has said."""
        return (self.home / "console").read_text(errors="replace")

    def run(self, script: str, seconds: float = 60.0) -> str:
        """Run a shell script on the host and return what it printed.

        Raises:
            Trouble: When it fails or takes longer.
        """
        return self._order(["bash", "-c", script], seconds, log=None)

    def python(self, code: str, *arguments: str, seconds: float = 60.0) -> str:
        """Run Python on the host, with the project installed, and return what it printed."""
        return self._order([sys.executable, "-c", code, *arguments], seconds, log=None)

    def spawn(self, argv: list[str], log: Path) -> int:
        """Start a program that goes on, its lines going to `log` with the host's monotonic time; returns its pid."""
        return int(self._order(argv, 60.0, log=log))

    def kill(self, pid: int, number: int = signal.SIGKILL) -> None:
        """Send a signal to a process on the host."""
        self.run(f"kill -{int(number)} {pid}")

    def _order(self, argv: list[str], seconds: float, log: Path | None) -> str:
        order = {"argv": argv, "log": None if log is None else str(log)}
        path = self.home / f"{time.monotonic_ns()}-{secrets.token_hex(3)}.order"
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps(order), encoding="utf-8")
        temporary.rename(path)
        result = path.with_suffix(".result")
        try:
            wait_for(result.exists, f"{self.name} to run {argv[-1][:200]!r}", seconds)
        except AssertionError as error:
            raise Trouble(f"{error}\n{self.console[-2000:]}") from None
        answer = json.loads(result.read_text(encoding="utf-8"))
        result.unlink()
        if answer["status"] != 0:
            raise Trouble(f"{self.name}: {argv[-1][:200]!r} ended with {answer['status']}: {answer['output'][-2000:]}")
        return str(answer["output"])

    def local_time(self, monotonic: float) -> float:
        """A monotonic time of the host as one of this machine."""
        return monotonic + self.offset


def kill_group(pid: int) -> None:
    """Kill a process that leads its own group, and the group."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


class Lab:
    """A server and clients, switched on together.

    Args:
        home: An empty directory for disks, logs and orders; its path must be short (a socket lies in it).
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.server = Host(self, SERVER)
        self.clients = {name: Host(self, name) for name in CLIENTS}
        self._switch: subprocess.Popen[bytes] | None = None

    @property
    def memory(self) -> Path:
        """Where the hosts' memory lies: a file each, in shared memory where there is enough of it (containers)."""
        shared = Path("/dev/shm")
        enough = shared.is_dir() and shutil.disk_usage(shared).free > len(ADDRESSES) * MEMORY_BYTES
        return shared if enough else self.home

    @property
    def hosts(self) -> list[Host]:
        """All hosts, the server first."""
        return [self.server, *self.clients.values()]

    def switch_on(self) -> None:
        """Make the disk, start the switch, boot everything, mount the export by both versions on every client."""
        versions = Path("/usr/lib/uml/modules")
        modules = self.home / "modules/lib/modules"
        modules.mkdir(parents=True)
        for version in versions.iterdir():
            (modules / version.name).symlink_to(version)
        disk = self.home / "disk"
        with disk.open("wb") as file:
            file.truncate(DISK_BYTES)
        subprocess.run(["mkfs.ext4", "-q", "-N", "100000", disk], check=True, timeout=60)
        (self.home / "uml").mkdir()
        with (self.home / "switch.log").open("wb") as log:
            self._switch = subprocess.Popen(
                [*_WITH_US, "uml_switch", "-unix", self.home / "switch"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        wait_for((self.home / "switch").exists, "the switch", 60)
        for host in self.hosts:
            host.power_on()
        for host in self.hosts:
            host.wait_until_up()
        for host in self.clients.values():
            self.mount(host)

    def mount(self, host: Host) -> None:
        """Mount the export on a client that has just booted."""
        host.run("mkdir -p /run/v4 /run/v3; " + "; ".join(f"{each} || exit 1" for each in MOUNTS.values()))

    def switch_off(self) -> None:
        """End everything that was started."""
        for host in self.hosts:
            host.power_off()
        if self._switch is not None:
            kill_group(self._switch.pid)
            self._switch.wait()

    # --- faults ----------------------------------------------------------------------------------------------------

    def cut_off(self, host: Host) -> None:
        """Lose every packet between a client and the server from now on, without a word to either."""
        host.run(f"ip neigh replace {self.server.address} lladdr {_NOWHERE} nud permanent dev eth0")
        self.server.run(f"ip neigh replace {host.address} lladdr {_NOWHERE} nud permanent dev eth0")

    def connect(self, *hosts: Host) -> None:
        """End `cut_off`."""
        forget = "ip neigh del {} dev eth0 2>/dev/null || true"
        for host in hosts:
            host.run(forget.format(self.server.address))
        self.server.run("\n".join(forget.format(host.address) for host in hosts))

    def restart_server(self, pause: float) -> None:
        """Pull the server's plug, and switch it on again after a while, with the same disk."""
        self.server.power_off()
        time.sleep(pause)
        self.server.power_on()
        self.server.wait_until_up()

    def fill_disk(self) -> None:
        """Leave no block free on the export."""
        self.server.run(
            "cd /run/disk; fallocate -l $(($(stat -f -c '%a*%S' .) - 65536)) filler || true; "
            "dd if=/dev/zero of=filler2 bs=4096 2>/dev/null || true; sync"
        )

    def free_disk(self) -> None:
        """End `fill_disk`."""
        self.server.run("rm -f /run/disk/filler /run/disk/filler2")
