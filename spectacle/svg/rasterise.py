"""Turning SVG into pixels, in a process of its own that may be killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from types import TracebackType
from typing import Self

from PIL import Image

from spectacle.errors import GeneratorError, SpectacleError
from spectacle.processes import module_command, module_environment
from spectacle.svg.wire import REQUEST, RESPONSE, Reply

MAX_SIDE = 32767
"""Maximum number of pixels a side of a cairo image surface may have."""
_BYTES_PER_PIXEL = 32  # the surface, its groups and masks: 4 bytes a pixel each
_START_SECONDS = 60.0  # about 0.2 s on an idle machine; generous, because it is not an SVG's fault
_MAX_REASON = 200


class Rasteriser:
    """Renders SVGs with cairosvg in one warm child process.

    The child is started by the first `render` (or by `start`, without waiting for it), serves one SVG after the
    other, and is replaced after `renders_per_child` SVGs and whenever it was killed or crashed. It fetches nothing,
    writes nothing, and dies with the thread that started it. Use it as a context manager, from one thread.

    Args:
        memory: Bytes of address space of the child, to which 32 bytes per pixel of the SVG are added.
        cpu_seconds: CPU time of one SVG in whole seconds.
        wall_seconds: Time of one SVG in seconds, whatever the child does.
        renders_per_child: Number of SVGs after which the child is replaced.
    """

    def __init__(
        self,
        *,
        memory: int = 2**30,
        cpu_seconds: int = 30,
        wall_seconds: float = 60,
        renders_per_child: int = 500,
    ) -> None:
        self.memory = memory
        self.cpu_seconds = cpu_seconds
        self.wall_seconds = wall_seconds
        self.renders_per_child = renders_per_child
        self._child: _Child | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Start the child if none runs, and do not wait until it is ready."""
        self._live_child()

    def close(self) -> None:
        """End the child. A later `render` starts another one."""
        if self._child:
            self._child.end()
            self._child = None

    def render(self, svg: str, width: int, height: int) -> Image.Image:
        """Render `svg` on a transparent ground of `width` × `height` pixels.

        Its viewBox is placed on the image as its `preserveAspectRatio` says.

        Returns:
            An image of mode RGBA, alpha not premultiplied.

        Raises:
            GeneratorError: The SVG cannot be rendered, or not within the limits.
            SpectacleError: libcairo is missing, or the child could not be started.
        """
        if not (1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE):
            raise GeneratorError(f"{width}x{height}: cannot be rendered. Use sides of 1 to {MAX_SIDE} pixels.")
        child = self._live_child()
        try:
            child.wait_until_ready()
            child.renders += 1
            child.deadline = time.monotonic() + self.wall_seconds
            memory = self.memory + _BYTES_PER_PIXEL * width * height
            answer, payload = child.draw(svg.encode(), width, height, self.cpu_seconds, memory)
        except (TimeoutError, ConnectionError, EOFError) as error:
            self._child = None
            raise _ended(child, timed_out=isinstance(error, TimeoutError)) from error
        except BaseException:
            self.close()
            raise
        if answer is Reply.NO_MEMORY:
            self.close()
            raise _too_much("memory")
        if answer is Reply.FAILED:
            reason = payload.decode(errors="replace").splitlines()[0][:_MAX_REASON]
            raise GeneratorError(f"the SVG could not be rendered: {reason}")
        return Image.frombuffer("RGBA", (width, height), payload, "raw", "BGRa", 0, 1)

    def _live_child(self) -> _Child:
        if self._child and (self._child.process.poll() is not None or self._child.renders >= self.renders_per_child):
            self.close()
        if not self._child:
            self._child = _Child()
        return self._child


class _Child:
    """One child process and the socket to it."""

    def __init__(self) -> None:
        self.connection, far_end = socket.socketpair()
        command = module_command("spectacle.svg.child", str(os.getpid()))
        with far_end:
            self.process: subprocess.Popen[bytes] = subprocess.Popen(
                command,
                stdin=far_end.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=module_environment(),
            )
        self.deadline = time.monotonic() + _START_SECONDS
        self.ready = False
        self.renders = 0

    def wait_until_ready(self) -> None:
        if self.ready:
            return
        try:
            answer, payload = self._receive()
        except (TimeoutError, ConnectionError, EOFError) as error:
            raise SpectacleError("the process that renders SVG did not start. Run `spectacle doctor`.") from error
        if answer is Reply.LIBRARY_MISSING:
            reason = payload.decode(errors="replace").splitlines()[0][:_MAX_REASON]
            raise SpectacleError("libcairo is missing. Install the Debian package libcairo2.", reason=reason)
        self.ready = True

    def draw(self, svg: bytes, width: int, height: int, cpu_seconds: int, memory: int) -> tuple[Reply, bytearray]:
        self._limit_wait()
        self.connection.sendall(REQUEST.pack(len(svg), width, height, cpu_seconds, memory) + svg)
        return self._receive()

    def end(self) -> int:
        """Kill the process unless it has ended, and return its exit status."""
        self.connection.close()
        self.process.kill()
        return self.process.wait()

    def _receive(self) -> tuple[Reply, bytearray]:
        answer, length = RESPONSE.unpack(self._receive_exactly(RESPONSE.size))
        return Reply(answer), self._receive_exactly(length)

    def _receive_exactly(self, length: int) -> bytearray:
        received = bytearray(length)
        rest = memoryview(received)
        while rest:
            self._limit_wait()
            count = self.connection.recv_into(rest)
            if count == 0:
                raise EOFError
            rest = rest[count:]
        return received

    def _limit_wait(self) -> None:
        remaining = self.deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        self.connection.settimeout(remaining)


def _ended(child: _Child, *, timed_out: bool) -> GeneratorError:
    """The error for an SVG during which the child was killed, crashed, or has to be killed."""
    status = child.end()
    if timed_out or status == -signal.SIGXCPU:
        return _too_much("time")
    if status == -signal.SIGKILL:  # the kernel's way of ending what takes too much memory
        return _too_much("memory")
    return GeneratorError("the SVG made the renderer crash. Request a simpler one.", exit_status=status)


def _too_much(what: str) -> GeneratorError:
    return GeneratorError(f"the SVG needed too much {what} to render. Request a simpler one or a smaller size.")
