"""Runs every command in odd environments, each in a process forked from one that has imported everything already.

Reads cases as JSON, one a line, from standard input, and writes what came of each: its exit status, output and errors.
"""

from __future__ import annotations

import io
import json
import os
import resource
import select
import signal
import sys
import time
from importlib import import_module
from typing import Any

SECONDS = 20
"""After which a command hangs."""
NOBODY = 54321
"""A user without an account."""


def prepare(environment: str, case: dict[str, Any]) -> None:
    """Make the environment of a case, in its own process."""
    match environment:
        case "no home":
            os.environ.pop("HOME", None)
        case "no account":
            os.environ.pop("HOME", None)
            for variable in ("USER", "LOGNAME", "LNAME", "USERNAME"):
                os.environ.pop(variable, None)
            # Whose home and name are looked for; what it may do stays, for the interpreter may be root's alone.
            os.setresuid(NOBODY, 0, 0)
        case "cron":
            os.environ.clear()
            os.environ.update({"PATH": "/usr/bin:/bin", "SHELL": "/bin/sh", "HOME": "/"})
        case "ascii":
            os.environ.update({"LANG": "C", "LC_ALL": "C"})
            sys.stdout = io.TextIOWrapper(os.fdopen(1, "wb", closefd=False), encoding="ascii", write_through=True)
            sys.stderr = io.TextIOWrapper(os.fdopen(2, "wb", closefd=False), encoding="ascii", write_through=True)
        case "narrow":
            os.environ["COLUMNS"] = "20"
        case "no input":
            os.close(0)
            sys.stdin = None  # type: ignore[assignment]
        case "no output":
            os.close(1)
            sys.stdout = None  # type: ignore[assignment]
        case "no errors":
            os.close(2)
            sys.stderr = None  # type: ignore[assignment]
        case "broken pipe":
            reading, writing = os.pipe()
            os.close(reading)
            os.dup2(writing, 1)
        case "full disk":
            os.dup2(os.open("/dev/full", os.O_WRONLY), 1)
        case "no directory":
            os.makedirs(case["gone"], exist_ok=True)
            os.chdir(case["gone"])
            os.rmdir(case["gone"])
        case "few descriptors":
            resource.setrlimit(resource.RLIMIT_NOFILE, (12, 12))


def run(case: dict[str, Any]) -> dict[str, Any]:
    """What comes of one case."""
    output, errors = os.pipe(), os.pipe()
    process = os.fork()
    if process == 0:
        os.setpgid(0, 0)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output[1], 1)
        os.dup2(errors[1], 2)
        os.closerange(3, 64)
        sys.stdout = io.TextIOWrapper(os.fdopen(1, "wb", closefd=False), encoding="utf-8", write_through=True)
        sys.stderr = io.TextIOWrapper(os.fdopen(2, "wb", closefd=False), encoding="utf-8", write_through=True)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.chdir(case["cwd"])
        status = 99
        try:
            prepare(case["environment"], case)
            from spectacle.cli import main

            main(case["arguments"], prog_name="spectacle")
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else int(end.code is not None)
        except BaseException:
            import traceback

            os.write(2, traceback.format_exc().encode())
        os._exit(status)
    os.close(output[1])
    os.close(errors[1])
    told = {output[0]: b"", errors[0]: b""}
    deadline = time.monotonic() + SECONDS
    still_open = set(told)
    while still_open and (left := deadline - time.monotonic()) > 0:
        for descriptor in select.select(list(still_open), [], [], left)[0]:
            part = os.read(descriptor, 65536)
            told[descriptor] += part
            if not part:
                still_open.discard(descriptor)
    if hangs := bool(still_open):
        os.killpg(process, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    for descriptor in told:
        os.close(descriptor)
    return {
        **case, "status": status, "hangs": hangs,
        "output": told[output[0]].decode(errors="replace"), "errors": told[errors[0]].decode(errors="replace"),
    }  # fmt: skip


if __name__ == "__main__":
    from spectacle.cli import COMMANDS

    for name in COMMANDS:
        import_module(f"spectacle.cli.{name}")
    for name in ("spectacle.checks.machine", "spectacle.checks.spool", "spectacle.worker.local", "rich.console"):
        import_module(name)
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)
