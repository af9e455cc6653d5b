"""The directory of pulled weights: one folder for each repository, and a marker that tells what is complete.

Nothing in it counts until its marker says so. The marker is put in place by rename, after everything it names.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spectacle.errors import WeightsMissing
from spectacle.weights.source import Source

MARKER = "spectacle.json"
"""Name of the file that says what is complete in a repository's folder."""


@dataclass(frozen=True, slots=True)
class Located:
    """Weights that are complete on this machine.

    Attributes:
        path: The folder in which the repository's files lie, as they lie in the repository.
        revision: The commit they were resolved to when they were pulled.
    """

    path: Path
    revision: str


@dataclass(frozen=True, slots=True)
class Store:
    """Weights below one directory.

    Attributes:
        root: The directory; it need not exist.
    """

    root: Path

    def folder(self, repo: str) -> Path:
        """Where the files of a repository lie: `OWNER--NAME` below the root."""
        return self.root / repo.replace("/", "--")

    def marker(self, repo: str) -> Mapping[str, Any] | None:
        """What is complete of a repository, or None when nothing is."""
        try:
            marker = json.loads((self.folder(repo) / MARKER).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return marker if isinstance(marker, dict) else None

    def locate(self, source: Source) -> Located:
        """Find complete weights.

        Raises:
            WeightsMissing: When not all of the source's files are there.
        """
        marker = self.marker(source.repo)
        if marker is None or not set(source.files) <= set(marker["patterns"]):
            raise WeightsMissing(f"the weights of {source.repo} are not in {self.root}")
        return Located(self.folder(source.repo) / marker["revision"], marker["revision"])
