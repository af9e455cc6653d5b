"""Two processes that contend for the same claims, to see whether claims really exclude each other on a file system.

`python -m spectacle.checks.contention DIRECTORY COUNT LEASE` is one contender: it says "ready", waits for a line on
standard input, tries to win all claims, says which it won, and keeps them until standard input ends.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from spectacle.processes import module_command, module_environment
from spectacle.spool.claims import Claims
from spectacle.spool.directory import Spool
from spectacle.spool.naming import RequestName, make_stem

CLAIMS = 40
LEASE_SECONDS = 10.0
PATIENCE_SECONDS = 60.0


def contend(directory: Path) -> tuple[list[str], list[str]]:
    """Let two processes contend for `CLAIMS` claims in an empty directory.

    Returns:
        What the first and the second process won.

    Raises:
        RuntimeError: When a process failed, or they took longer than `PATIENCE_SECONDS`.
    """
    command = module_command("spectacle.checks.contention", str(directory), str(CLAIMS), str(LEASE_SECONDS))
    contenders = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=module_environment())
        for _ in range(2)
    ]
    watchdog = threading.Timer(PATIENCE_SECONDS, _kill, [contenders])
    watchdog.start()
    try:
        for each in contenders:
            _line_of(each)
        for each in contenders:
            assert each.stdin is not None
            each.stdin.write("go\n")
            each.stdin.flush()
        first, second = (json.loads(_line_of(each)) for each in contenders)
    finally:
        for each in contenders:
            each.communicate()
        watchdog.cancel()
    return first, second


def _kill(processes: Sequence[subprocess.Popen[str]]) -> None:
    for each in processes:
        each.kill()


def _line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"a competing process ended with status {process.wait()}")
    return line


def main(arguments: Sequence[str]) -> None:
    """Be one contender."""
    directory, count, lease_seconds = arguments
    spool = Spool(Path(directory))
    spool.open()
    claims = Claims(spool, float(lease_seconds))
    names = [RequestName.from_stem(make_stem("doctor", str(number), 1, 1)) for number in range(int(count))]
    _say("ready")
    sys.stdin.readline()
    won = [claim for name in names if name is not None and (claim := claims.claim(name)) is not None]
    _say(json.dumps([claim.name.stem for claim in won]))
    sys.stdin.read()
    for claim in won:
        claims.release(claim)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
