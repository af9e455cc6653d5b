"""The process that renders: reads SVGs from a socket on standard input, responds with pixels, within hard limits.

Started by `spectacle.svg.rasterise` as `python -m spectacle.svg.child PARENT_PID`.
"""

from __future__ import annotations

import gc
import resource
import signal
import socket
import sys
from typing import Any

from spectacle.processes import die_with_parent
from spectacle.svg.wire import REQUEST, RESPONSE, Reply


def main() -> None:
    """Serve requests until the other end closes the socket."""
    die_with_parent(int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C is for the parent, which may want to finish
    connection = socket.socket(fileno=0)
    try:
        from spectacle.svg.drawing import draw
    except OSError as error:
        _answer(connection, Reply.LIBRARY_MISSING, str(error).encode())
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    gc.collect()
    gc.freeze()
    gc.disable()  # an SVG's nodes live until it is done, and are collected after the response
    _answer(connection, Reply.READY)
    stream = connection.makefile("rb")
    while header := stream.read(REQUEST.size):
        length, width, height, cpu_seconds, memory = REQUEST.unpack(header)
        svg = stream.read(length)
        _arm(cpu_seconds, memory)
        try:
            surface = draw(svg, width, height)
        except MemoryError:
            _answer(connection, Reply.NO_MEMORY)
            return
        except Exception as error:  # whatever an SVG makes cairosvg raise is the SVG's failure
            _answer(connection, Reply.FAILED, f"{type(error).__name__}: {error}".encode(errors="replace"))
        else:
            _answer(connection, Reply.PIXELS, surface.get_data())
            del surface
        gc.collect()


def _arm(cpu_seconds: int, memory: int) -> None:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    used = int(usage.ru_utime + usage.ru_stime) + 1
    for limit, soft in ((resource.RLIMIT_CPU, used + cpu_seconds), (resource.RLIMIT_AS, memory)):
        hard = resource.getrlimit(limit)[1]
        # Not every system limits the address space of a process, or that of one that has more already.
        try:
            resource.setrlimit(limit, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))
        except ValueError:
            if sys.platform == "linux":
                raise


def _answer(connection: socket.socket, answer: Reply, payload: Any = b"") -> None:
    connection.sendall(RESPONSE.pack(answer, len(payload)))
    connection.sendall(payload)


if __name__ == "__main__":
    main()
