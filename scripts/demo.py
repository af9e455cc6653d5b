"""Draws three pictures through a daemon on a temporary spool, the way a shell script would ask for them.

    python scripts/demo.py [DIRECTORY]

The images are kept in DIRECTORY (`demo-pictures`); the spool and the daemon's log go with the demo.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from rich.console import Console

ROOT = Path(__file__).resolve().parent.parent
PICTURES = Path("demo-pictures")
REQUESTS = {
    "demo-1-1024x768": "an astronaut riding a horse on the moon",
    "demo-2-768x1024": "a sailing boat and two dolphins on the sea at sunset",
    "demo-3-1024x768-svg": "three sheep on a hill beside a small house, with a rainbow",
}
PATIENCE = 120.0
"""Seconds until the demo gives up: on a slow machine the first start compiles and reads everything once."""
LOG_TAIL = 30
TERMINATED = 128 + signal.SIGTERM
INTERRUPTED = 128 + signal.SIGINT

console = Console(highlight=False, soft_wrap=True)


class Failed(Exception):
    """Raised when the demo cannot go on; says why."""


@contextlib.contextmanager
def daemon(spool: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A daemon on the spool, stopped cleanly at the end.

    Raises:
        Failed: When it does not stop cleanly.
    """
    command = ["serve", "--config", str(ROOT / "spectacle.toml"), "--spool", str(spool), "--device", "cpu"]
    with log.open("wb") as stream:
        # In a session of its own, so that Ctrl-C reaches the demo alone, which then stops the daemon.
        process = subprocess.Popen(
            [sys.executable, "-m", "spectacle", *command],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            status = process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            raise Failed("the daemon did not stop when it was asked to") from None
    if status != 0:
        raise Failed(f"the daemon ended with status {status}")


def answer(spool: Path, stem: str, process: subprocess.Popen[bytes], deadline: float) -> Path:
    """Wait for the request to go away, and return the picture that is there instead.

    Raises:
        Failed: When there is none, or when it takes too long.
    """
    while f"{stem}.txt" in os.listdir(spool):
        if process.poll() is not None:
            raise Failed(f"the daemon ended by itself with status {process.returncode}")
        if time.monotonic() > deadline:
            raise Failed(f"{stem}.txt was not answered within {PATIENCE:g} s")
        time.sleep(0.05)
    for name in (f"{stem}.svg", f"{stem}.png"):
        if name in os.listdir(spool):
            return spool / name
    raise Failed((spool / f"{stem}-error.txt").read_text(encoding="utf-8").splitlines()[0])


def draw(spool: Path, log: Path, target: Path) -> list[Path]:
    """Ask for the pictures and wait for them.

    Returns:
        The images, copied to `target`.

    Raises:
        Failed: When one of them is not made, or the daemon does not do as it should.
    """
    console.print(f"Starting the daemon: spectacle serve --spool {spool}")
    pictures = []
    with daemon(spool, log) as process:
        began = time.monotonic()
        for stem, prompt in REQUESTS.items():
            console.print(f'  echo "{prompt}" > {stem}.txt')
            (spool / f"{stem}.txt").write_text(f"{prompt}\n", encoding="utf-8")
        # The spinner is for people at a terminal; elsewhere it prints nothing.
        with console.status("drawing") as status:
            for stem, prompt in REQUESTS.items():
                status.update(f"drawing {prompt}")
                made = answer(spool, stem, process, began + PATIENCE)
                console.print(f"  {made.name} after {time.monotonic() - began:.1f} s")
                pictures.append(Path(shutil.copy(made, target)))
        console.print("Stopping the daemon")
    return pictures


def _terminate(_number: int, _frame: object) -> NoReturn:
    sys.exit(TERMINATED)


def main(target: Path) -> int:
    """Run the demo. Returns the exit status."""
    signal.signal(signal.SIGTERM, _terminate)
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="spectacle-demo-") as home:
        spool, log = Path(home, "spool"), Path(home, "daemon.log")
        spool.mkdir()
        try:
            pictures = draw(spool, log, target)
        except Failed as failure:
            tail = log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_TAIL:]
            print(f"The demo failed: {failure}", "The end of the daemon's log:", *tail, sep="\n", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print("Interrupted; the daemon is stopped.", file=sys.stderr)
            return INTERRUPTED
    console.print("\nThe images:")
    for picture in pictures:
        print(picture.resolve())
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES))
