"""Messages between the daemon and a worker process: a JSON head and raw bytes, over a socket pair."""

from __future__ import annotations

import contextlib
import json
import select
import socket
import struct
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_HEAD = struct.Struct("!II")
_CHUNK = 1 << 16
"""Bytes received together: few enough that the allocator keeps the buffer, and most messages and results fit."""


class Disconnected(Exception):
    """Raised when the other side has gone."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message.

    Attributes:
        head: What it says, as JSON values.
        body: Raw bytes, perhaps none.
        descriptors: File descriptors that came with it; the receiver closes them.
    """

    head: dict[str, Any]
    body: bytes = b""
    descriptors: tuple[int, ...] = ()


class Channel:
    """One end of the line. `send` may be called from several threads, `receive` from one."""

    MAX_DESCRIPTORS = 16

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._sending = threading.Lock()
        self._buffer = bytearray()
        self._descriptors: list[int] = []
        self._poll = select.poll()
        self._poll.register(connection, select.POLLIN)

    def close(self) -> None:
        """Close this end."""
        self._socket.close()

    def hang_up(self) -> None:
        """Have both ends find the other one gone, once what was sent is received. May be called by any thread."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def send(self, head: dict[str, Any], body: bytes = b"", descriptors: Sequence[int] = ()) -> None:
        """Send a message; blocks while the other side is slow.

        Raises:
            Disconnected: When the other side has gone.
        """
        self.send_together([Message(head, body, tuple(descriptors))])

    def send_together(self, messages: Sequence[Message]) -> None:
        """Send messages in one go, so that the other side is woken once; only the first may have descriptors.

        Raises:
            Disconnected: When the other side has gone.
        """
        parts: list[bytes] = []
        for each in messages:
            text = json.dumps({**each.head, "descriptors": len(each.descriptors)}).encode()
            parts += (_HEAD.pack(len(text), len(each.body)), text, each.body)
        data = b"".join(parts)
        descriptors = messages[0].descriptors
        try:
            with self._sending:
                sent = socket.send_fds(self._socket, [data], list(descriptors)) if descriptors else 0
                self._socket.sendall(memoryview(data)[sent:])
        except OSError as error:
            raise Disconnected(str(error)) from error

    def receive(self, timeout: float | None = None) -> Message | None:
        """Take the next message, or return None when none is complete within `timeout` seconds.

        Raises:
            Disconnected: When the other side has gone.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            message = self._complete()
            if message is not None:
                return message
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            try:
                # Never a socket time-out: it would hold for a sender on another thread too.
                if not self._poll.poll(None if left is None else left * 1000):
                    return None
                data, descriptors, _flags, _address = socket.recv_fds(self._socket, _CHUNK, self.MAX_DESCRIPTORS)
            except OSError as error:
                raise Disconnected(str(error)) from error
            if not data:
                raise Disconnected("end of stream")
            self._buffer += data
            self._descriptors += descriptors

    def _complete(self) -> Message | None:
        if len(self._buffer) < _HEAD.size:
            return None
        head_length, body_length = _HEAD.unpack_from(self._buffer)
        end = _HEAD.size + head_length + body_length
        if len(self._buffer) < end:
            return None
        head = json.loads(self._buffer[_HEAD.size : _HEAD.size + head_length])
        body = bytes(memoryview(self._buffer)[_HEAD.size + head_length : end])
        del self._buffer[:end]
        count = head.pop("descriptors")
        taken, self._descriptors = tuple(self._descriptors[:count]), self._descriptors[count:]
        return Message(head, body, taken)
