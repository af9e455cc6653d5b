"""Inputs of jobs that clients may repeat after a failure: kept for a while in private files next to the key."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from spectacle.gateway.private_files import read_private, write_private

SECONDS = 3600.0
MAX_FILES = 200
MAX_BYTES = 10 * 2**20
"""Longest input that is kept."""


class KeptInputs:
    """The inputs that are kept.

    Args:
        key: The gateway's key file; the directory is next to it.
    """

    def __init__(self, key: Path) -> None:
        self._directory = key.with_name(f"{key.name}.inputs")

    def keep(self, stem: str, value: Mapping[str, Any]) -> None:
        """Keep the input of a job, unless it is too long, and remove those that are too old or too many.

        Raises:
            ConfigurationError: When it cannot be written.
        """
        content = json.dumps(value).encode()
        if len(content) <= MAX_BYTES:
            write_private(self._path(stem), content, replace=True)
        with suppress(OSError):
            self._sweep()

    def find(self, stem: str) -> Any:
        """The input of a job, or None when it is not kept.

        Raises:
            ConfigurationError: When others could have written it.
        """
        content = read_private(self._path(stem), MAX_BYTES)
        return None if content is None else json.loads(content)

    def _sweep(self) -> None:
        oldest = time.time() - SECONDS
        aged = sorted(((path.lstat().st_mtime, path) for path in self._directory.iterdir()), reverse=True)
        for number, (modified, path) in enumerate(aged):
            if number >= MAX_FILES or modified < oldest:
                path.unlink(missing_ok=True)

    def _path(self, stem: str) -> Path:
        return self._directory / f"{hashlib.sha256(stem.encode()).hexdigest()[:32]}.json"
