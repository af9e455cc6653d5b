"""Digests of weight files: SHA-256, and the object ids that git gives to files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_PIECE = 1 << 22


@dataclass(frozen=True, slots=True)
class Digest:
    """What a file's content hashes to.

    Attributes:
        size: Bytes.
        sha256: SHA-256, hexadecimal; the hub's own hash of large files.
        git_oid: SHA-1 of git's header and the content, hexadecimal; the hub's own hash of small files.
    """

    size: int
    sha256: str
    git_oid: str


def digest_file(path: Path, progress: Callable[[int], None] = lambda _read: None) -> Digest:
    """Read an entire file and hash it.

    Args:
        path: The file.
        progress: Called with the number of bytes read since the last call.

    Raises:
        OSError: When it cannot be read.
    """
    size = path.stat().st_size
    sha256, git = hashlib.sha256(), hashlib.sha1(f"blob {size}\0".encode(), usedforsecurity=False)
    read = 0
    with path.open("rb", buffering=0) as file:
        while piece := file.read(_PIECE):
            sha256.update(piece)
            git.update(piece)
            read += len(piece)
            progress(len(piece))
    return Digest(read, sha256.hexdigest(), git.hexdigest())
