"""Runs inside a simulated host: carries out what the test asks, and on the server records what happens in the export.

The host's kernel sees the machine's file system, so orders and their results are files in a directory both sides see.
Only the standard library is used, and nothing here touches the network file system: it must answer while that hangs.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

EXPORT = Path("/run/disk/export")
POLL_SECONDS = 0.03
LARGEST_READ = 1 << 22

MODIFY, CLOSED, MOVED_FROM, MOVED_TO, CREATE, DELETE, OVERFLOW = 0x2, 0x8, 0x40, 0x80, 0x100, 0x200, 0x4000
WATCHED = MODIFY | CLOSED | MOVED_FROM | MOVED_TO | CREATE | DELETE
WORDS = {MODIFY: "modified", CLOSED: "closed", MOVED_FROM: "from", MOVED_TO: "to", CREATE: "created", DELETE: "deleted"}


def append(path: Path, text: str) -> None:
    """Append where the machine outside sees it at once: closing writes the host's cache out."""
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def carry_out(order: dict[str, Any], result: Path) -> None:
    """Run one program to its end, or start one that goes on."""
    if order["log"] is None:
        done = subprocess.run(
            order["argv"],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        answer = {"status": done.returncode, "output": done.stdout}
    else:
        process = subprocess.Popen(
            order["argv"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        threading.Thread(target=keep_log, args=(process, Path(order["log"])), daemon=True).start()
        answer = {"status": 0, "output": str(process.pid)}
    temporary = result.with_suffix(".tmp")
    temporary.write_text(json.dumps(answer), encoding="utf-8")
    temporary.rename(result)


def keep_log(process: subprocess.Popen[str], path: Path) -> None:
    """Pass on what a program prints, each line with this host's monotonic time."""
    assert process.stdout is not None
    for line in process.stdout:
        append(path, f"{time.monotonic():.3f} {line}")
    append(path, f"{time.monotonic():.3f} ended with {process.wait()}\n")


class Witness(threading.Thread):
    """Records every change of the names in one directory of the export, as the server's own kernel tells of them."""

    def __init__(self, directory: Path, log: Path) -> None:
        super().__init__(daemon=True)
        self.directory = directory
        self.log = log
        directory.mkdir(exist_ok=True)
        libc = ctypes.CDLL(None, use_errno=True)
        self.inotify = libc.inotify_init1(os.O_CLOEXEC)
        if libc.inotify_add_watch(self.inotify, os.fsencode(directory), WATCHED) < 0:
            raise OSError(ctypes.get_errno(), "inotify_add_watch")
        self.say(event="begin", names=sorted(os.listdir(directory)))

    def say(self, **facts: object) -> None:
        append(self.log, json.dumps({"at": round(time.monotonic(), 3), **facts}) + "\n")

    def run(self) -> None:
        while True:
            data = os.read(self.inotify, 1 << 16)
            lines = []
            while data:
                _, mask, cookie, length = struct.unpack_from("iIII", data)
                name = data[16 : 16 + length].rstrip(b"\0").decode(errors="surrogateescape")
                data = data[16 + length :]
                lines.append(self.describe(mask, cookie, name))
            append(self.log, "".join(json.dumps({"at": round(time.monotonic(), 3), **each}) + "\n" for each in lines))

    def describe(self, mask: int, cookie: int, name: str) -> dict[str, object]:
        if mask & OVERFLOW:
            return {"event": "overflow"}
        facts: dict[str, object] = {"event": next(word for bit, word in WORDS.items() if mask & bit), "name": name}
        if cookie:
            facts["cookie"] = cookie
        try:
            if mask & MOVED_TO and not name.startswith("."):
                content = (self.directory / name).read_bytes()[:LARGEST_READ]
                facts["sha256"] = hashlib.sha256(content).hexdigest()
            elif name.endswith(".lock") and mask & (CREATE | MODIFY | CLOSED | MOVED_TO):
                record = (self.directory / name).read_text()
                facts["holder"] = next((line[5:] for line in record.splitlines() if line.startswith("host=")), None)
        except FileNotFoundError:
            facts["passed"] = True
        return facts


def main(lab: Path, name: str) -> None:
    """Watch the export, on the server; then carry out orders for ever."""
    home = lab / "hosts" / name
    if name == "server":
        for spool in ("v4", "v3"):
            Witness(EXPORT / spool, home / f"witness-{spool}").start()
        (home / "watching").touch()
    while True:
        for entry in sorted(os.listdir(home)):
            if entry.endswith(".order"):
                path = home / entry
                order = json.loads(path.read_text(encoding="utf-8"))
                path.unlink()
                threading.Thread(target=carry_out, args=(order, path.with_suffix(".result")), daemon=True).start()
        time.sleep(POLL_SECONDS)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
