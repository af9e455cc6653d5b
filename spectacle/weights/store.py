"""The directory of pulled weights: a directory for each repository, and in it a marker that records what is complete.

    ROOT/OWNER--NAME/spectacle.json          the marker
    ROOT/OWNER--NAME/REVISION/…              the files, as they are in the repository

Nothing counts until the marker names it, and the marker is put in place by rename, after everything it names.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from spectacle.errors import SpectacleError, WeightsMissing
from spectacle.weights.source import Source, matches

MARKER = "spectacle.json"
"""Name of the file that says what is complete."""

COMMIT = re.compile(r"[0-9a-f]{40}")
"""A commit id as the hub gives it."""

_REVISION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9._-]+")


class FileRecord(BaseModel):
    """A complete file: its size in bytes and the SHA-256 of its content, hexadecimal."""

    model_config = ConfigDict(frozen=True)
    size: int
    sha256: str


class Marker(BaseModel):
    """What is complete of one repository.

    Attributes:
        repo: `owner/name`.
        revision: The commit the files are of, or what stands for it where they came from a directory without one.
        origin: Where they came from: `hub`, or a directory.
        licence: The licence that was shown.
        patterns: The patterns of `Source.files` all of whose files are there.
        files: The files by their path in the repository.
    """

    model_config = ConfigDict(frozen=True)
    repo: str
    revision: str
    origin: str
    licence: str
    patterns: tuple[str, ...]
    files: dict[str, FileRecord]

    @field_validator("revision")
    @classmethod
    def _is_a_name(cls, revision: str) -> str:
        if not _REVISION.fullmatch(revision):
            raise ValueError(f"invalid revision {revision!r}")
        return revision

    @field_validator("files")
    @classmethod
    def _lie_inside(cls, files: dict[str, FileRecord]) -> dict[str, FileRecord]:
        for name in files:
            check_path(name)
        return files

    def matching(self, pattern: str) -> list[str]:
        """The files a pattern stands for."""
        return [name for name in self.files if matches(name, pattern)]


@dataclass(frozen=True, slots=True)
class Located:
    """Weights that are complete on this machine.

    Attributes:
        path: The directory in which the repository's files are, as they are in the repository.
        revision: The commit they were resolved to when they were pulled.
    """

    path: Path
    revision: str


def check_path(name: str) -> None:
    """Refuse a path of a repository's file that would lead out of its directory.

    Raises:
        ValueError: For an absolute path, or one with `..` or nothing in it.
    """
    path = PurePosixPath(name)
    if not path.parts or path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name:
        raise ValueError(f"invalid path {name!r}: it leads out of the repository.")


@dataclass(frozen=True, slots=True)
class Store:
    """Weights below one directory.

    Attributes:
        root: The directory; it need not exist.
    """

    root: Path

    def folder(self, repo: str) -> Path:
        """The directory of a repository."""
        return self.root / repo.replace("/", "--")

    def marker(self, repo: str) -> Marker | None:
        """What is complete of a repository, or None when nothing is."""
        return _read(self.folder(repo) / MARKER)

    def markers(self) -> Iterator[Marker]:
        """What is complete of every repository, by name."""
        try:
            folders = sorted(self.root.iterdir())
        except OSError:
            return
        for folder in folders:
            if (marker := _read(folder / MARKER)) is not None and self.folder(marker.repo) == folder:
                yield marker

    def locate(self, source: Source) -> Located:
        """Find complete weights. Checks the sizes of the files, not their content.

        Raises:
            WeightsMissing: When not all of the source's files were pulled, or one was removed or cut short since.
        """
        marker = self.marker(source.repo)
        if marker is None or not set(source.files) <= set(marker.patterns):
            raise WeightsMissing(f"the weights of {source.repo} are not in {self.root}.")
        if source.revision is not None and COMMIT.fullmatch(source.revision) and marker.revision != source.revision:
            raise WeightsMissing(
                f"the weights of {source.repo} in {self.root} are of revision {marker.revision}, not {source.revision}."
            )
        path = self.folder(source.repo) / marker.revision
        for pattern in source.files:
            for name in marker.matching(pattern):
                check_size(path / name, marker.files[name].size)
        return Located(path, marker.revision)

    def mark(self, marker: Marker) -> None:
        """Declare files complete, all of which must be on the disk by now."""
        write_synced(self.folder(marker.repo) / MARKER, marker.model_dump_json(indent=1).encode())

    def remove(self, repo: str) -> None:
        """Remove a repository's weights, the marker first.

        Raises:
            SpectacleError: When there are none, they are just being pulled, or they cannot be removed.
        """
        folder = self.folder(repo)
        # Any other name could stand for the root, or for what is above it.
        if not _REPOSITORY.fullmatch(repo) or not folder.is_dir():
            raise SpectacleError(f"{repo!r}: no weights in {self.root}. Run `spectacle weights` for a list.")
        if folder.is_symlink():
            raise SpectacleError(f"{folder}: is a link to {os.readlink(folder)}. Remove the link and what it leads to.")
        try:
            with alone_with(folder):
                (folder / MARKER).unlink(missing_ok=True)
                shutil.rmtree(folder)
        except OSError as error:
            raise SpectacleError(f"{error.filename or folder}: cannot be removed: {error.strerror or error}.") from None

    def begun(self, repo: str) -> str | None:
        """The commit that a pull was interrupted at while nothing of the repository was complete; None if in doubt."""
        folder = self.folder(repo)
        if not folder.is_dir() or self.marker(repo) is not None:
            return None
        commits = [path.name for path in folder.iterdir() if COMMIT.fullmatch(path.name) and path.is_dir()]
        return commits[0] if len(commits) == 1 else None

    def superseded(self) -> Iterator[Path]:
        """Directories of revisions that no marker names: older ones, and those of a download that was interrupted."""
        for folder in sorted(self.root.iterdir()) if self.root.is_dir() else ():
            if folder.is_dir() and not folder.is_symlink() and "--" in folder.name:
                marker = _read(folder / MARKER)
                for path in sorted(folder.iterdir()):
                    superseded = marker is None or path.name != marker.revision
                    if superseded and path.is_dir() and not path.is_symlink():
                        yield path


@contextmanager
def alone_with(folder: Path) -> Iterator[None]:
    """Keep other processes from changing a repository's directory meanwhile.

    Raises:
        SpectacleError: When another process is changing it.
    """
    lock = FileLock(folder / ".pull.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise SpectacleError(f"{folder}: another process is pulling into it. Wait for it.") from None
    try:
        yield
    finally:
        lock.release()


def check_size(path: Path, size: int) -> None:
    """Compare a file's size with what was recorded.

    Raises:
        WeightsMissing: When the file is gone or of another size.
    """
    try:
        found = path.stat().st_size
    except OSError as error:
        raise WeightsMissing(f"{path}: missing: {error.strerror}.") from None
    if found != size:
        raise WeightsMissing(f"{path}: damaged: {found} bytes instead of {size}.")


def write_synced(path: Path, content: bytes) -> None:
    """Put a file in place by rename, after it is on the disk."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Have the names in a directory on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: Path) -> Marker | None:
    try:
        value: Any = json.loads(path.read_bytes())
        return Marker.model_validate(value)
    except (OSError, ValueError, ValidationError):
        return None
