"""The physical limit: the system calls an answer needs, in a bare loop that does nothing else."""

from __future__ import annotations

import os
import time
from pathlib import Path

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

PROTOCOL_CALLS = """\
read the request (open, read, close); make the claim (open, write, close); write the result under a temporary name
(open, write, fsync, close); write the commit record (open, write, fsync, close), link it to its name and unlink its
draft; rename the result into place; fsync the directory; rename the request aside and unlink it; unlink the commit
record and the claim"""
FEWEST_CALLS = """\
read the request (open, read, close); write the result under a temporary name (open, write, fsync, close); rename it
into place; unlink the request"""


def rate(directory: Path, stems: list[str], content: bytes, *, protocol: bool) -> float:
    """Requests per second at which a bare loop answers requests that lie in `directory`.

    Args:
        directory: Where requests of these stems lie.
        stems: Their stems.
        content: The result's bytes.
        protocol: Whether to make all the calls of the protocol, or only the fewest with which a result is durable.
    """
    record = b"x" * 400
    home = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    answer = _answer_by_protocol if protocol else _answer_with_fewest_calls
    began = time.perf_counter()
    for stem in stems:
        answer(home, stem, content, record)
    taken = time.perf_counter() - began
    os.close(home)
    return len(stems) / taken


def _answer_by_protocol(home: int, stem: str, content: bytes, record: bytes) -> None:
    _read(home, f"{stem}.txt")
    _write(home, f"{stem}.lock", record[:160], durable=False)
    _write(home, f".{stem}.tmp", content)
    _write(home, f".{stem}.draft", record)
    os.link(f".{stem}.draft", f".{stem}.commit", src_dir_fd=home, dst_dir_fd=home)
    os.unlink(f".{stem}.draft", dir_fd=home)
    os.rename(f".{stem}.tmp", f"{stem}.png", src_dir_fd=home, dst_dir_fd=home)
    os.fsync(home)
    os.rename(f"{stem}.txt", f".{stem}.retired", src_dir_fd=home, dst_dir_fd=home)
    os.unlink(f".{stem}.retired", dir_fd=home)
    os.unlink(f".{stem}.commit", dir_fd=home)
    os.unlink(f"{stem}.lock", dir_fd=home)


def _answer_with_fewest_calls(home: int, stem: str, content: bytes, _record: bytes) -> None:
    _read(home, f"{stem}.txt")
    _write(home, f".{stem}.tmp", content)
    os.rename(f".{stem}.tmp", f"{stem}.png", src_dir_fd=home, dst_dir_fd=home)
    os.unlink(f"{stem}.txt", dir_fd=home)


def _read(home: int, name: str) -> None:
    descriptor = os.open(name, _READ, dir_fd=home)
    os.read(descriptor, 65536)
    os.close(descriptor)


def _write(home: int, name: str, content: bytes, *, durable: bool = True) -> None:
    descriptor = os.open(name, _CREATE, 0o660, dir_fd=home)
    os.write(descriptor, content)
    if durable:
        os.fsync(descriptor)
    os.close(descriptor)
