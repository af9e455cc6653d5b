"""Times the watcher's own look at a spool with a backlog, in a process of its own so that memory can be told."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from statistics import median

from spectacle.config import load
from spectacle.watcher import Watcher


def main(spool: Path) -> None:
    """Print as JSON what scans take.

    Seconds of processor time of the `first` one, which learns every request, and of `later` ones, which find nothing
    new; the `mib` of memory the first one took, and the `peak`.
    """
    watcher = Watcher(load(environment={}, flags={"spool": {"path": str(spool)}}), workers=())
    watcher._spool.open()
    watcher._move_in()
    before = _resident()
    first = _timed(watcher)
    after = _resident()
    later = median(_timed(watcher) for _ in range(5))
    watcher._scanner.close()
    print(json.dumps({"first": first, "later": later, "mib": (after - before) / 1024, "peak": _peak() / 1024}))


def _timed(watcher: Watcher) -> float:
    # Not the time on the wall, which on a shared machine tells more about the others.
    began = time.process_time()
    watcher._scan(time.monotonic())
    return time.process_time() - began


def _resident() -> int:
    """KiB of memory in use."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main(Path(sys.argv[1]))
