"""Getting weights into the store: from the model hub or from a directory, verified, and marked when complete."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from spectacle.errors import SpectacleError
from spectacle.weights import hub
from spectacle.weights.digest import Digest, digest_file
from spectacle.weights.source import WORDS, Source, matches
from spectacle.weights.store import COMMIT, FileRecord, Marker, Store, alone_with, sync_folder

SLACK = 1 << 30
"""Bytes that must stay free in addition to the weights."""

_LOCAL = "local-"
"""How the revision of files begins whose commit is not known."""

_RESUMED = ".cache/huggingface/download"
"""Where the hub's library keeps what has arrived of unfinished files, below the directory they go to."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One file to download or copy.

    Attributes:
        name: Path in the repository.
        size: Bytes.
        sha256: What its SHA-256 must be, or None where only `git_oid` is known, or nothing.
        git_oid: What git's object id must be, or None.
        path: The file to copy, or None when it comes from the hub.
    """

    name: str
    size: int
    sha256: str | None = None
    git_oid: str | None = None
    path: Path | None = None


@dataclass(frozen=True, slots=True)
class Pull:
    """What is to be downloaded or copied of one repository.

    Attributes:
        source: The repository, with the patterns of everything that is to be complete afterwards.
        revision: The commit.
        origin: `hub`, or the directory.
        pieces: All files of the patterns.
        missing: Those that are not complete in the store yet.
        arrived: Bytes of them that an earlier attempt has left there.
        replaces: The commit that is complete in the store, None when none is.
    """

    source: Source
    revision: str
    origin: str
    pieces: tuple[Piece, ...]
    missing: tuple[Piece, ...]
    arrived: int = 0
    replaces: str | None = None

    @property
    def size(self) -> int:
        """Bytes to download or copy."""
        return max(0, sum(piece.size for piece in self.missing) - self.arrived)


def merged(sources: Sequence[Source]) -> list[Source]:
    """One source for each repository, with the patterns of all."""
    by_repo: dict[str, Source] = {}
    for source in sources:
        known = by_repo.get(source.repo)
        files = source.files if known is None else tuple(dict.fromkeys(known.files + source.files))
        optional = source.optional if known is None else tuple(dict.fromkeys(known.optional + source.optional))
        revision = source.revision or (known.revision if known is not None else None)
        by_repo[source.repo] = replace(source, files=files, optional=optional, revision=revision)
    return list(by_repo.values())


def from_hub(source: Source, store: Store, *, revision: str | None = None, update: bool = False) -> Pull:
    """Ask the hub what there is to download.

    The commit of an earlier pull is kept, also of one that was interrupted, so that all files of a repository are of
    one commit and nothing is downloaded twice.

    Args:
        source: What is wanted.
        store: Where it goes.
        revision: A branch, tag or commit to take instead, also of that of the source.
        update: Take the newest commit instead of the earlier one.

    Raises:
        SpectacleError: When the hub does not respond, or has no file for a pattern.
    """
    marker = store.marker(source.repo)
    revision = revision or source.revision
    if revision is None and not update:
        earlier = marker.revision if marker is not None else store.begun(source.repo)
        revision = earlier if earlier is not None and COMMIT.fullmatch(earlier) else None
    listing = hub.list_repository(source.repo, revision)
    pieces = [Piece(file.name, file.size, file.sha256, file.git_oid) for file in listing.files]
    return _pull(source, store, listing.revision, "hub", pieces, f"{source.repo} at {listing.revision}")


def from_folder(source: Source, store: Store, folder: Path) -> Pull:
    """Find a repository's files below a directory.

    The directory may be the repository itself, hold it as `OWNER/NAME`, `OWNER--NAME` or `NAME`, be a cache of the
    hub's own library, or be another store.

    Raises:
        SpectacleError: When it is not there, or lacks a file of a pattern.
    """
    other = Store(folder)
    if (marker := other.marker(source.repo)) is not None:
        path = other.folder(source.repo) / marker.revision
        pieces = [Piece(name, file.size, file.sha256, None, path / name) for name, file in marker.files.items()]
        return _pull(source, store, marker.revision, str(folder), pieces, str(path))
    path, revision = _find(source, folder)
    here = store.marker(source.repo)
    if revision is not None:
        patterns = (*(() if here is None else here.patterns), *source.files, *source.optional)
        return _pull(source, store, revision, str(folder), _pieces(path, patterns), str(path))
    # No commit is known: the content stands for itself, and for the files that were pulled so before and are the same.
    pieces = [_hashed(piece) for piece in _pieces(path, source.files + source.optional)]
    if here is not None and here.revision.startswith(_LOCAL):
        if all(piece.name not in here.files or here.files[piece.name].sha256 == piece.sha256 for piece in pieces):
            return _pull(source, store, here.revision, str(folder), pieces, str(path))
        pieces = [_hashed(piece) for piece in _pieces(path, here.patterns + source.files + source.optional)]
    known = hashlib.sha256()
    for piece in pieces:
        known.update(f"{piece.name}\0{piece.sha256}\0".encode())
    return _pull(source, store, f"{_LOCAL}{known.hexdigest()[:16]}", str(folder), pieces, str(path))


def with_damaged(pull: Pull, store: Store, progress: Callable[[int], None] = lambda _read: None) -> Pull:
    """The same pull, with the files that are there but are not what was pulled.

    Args:
        pull: What `from_hub` or `from_folder` found.
        store: Where it goes.
        progress: Called while files are read, with the bytes read since the last call.
    """
    marker = store.marker(pull.source.repo)
    if marker is None or marker.revision != pull.revision:
        return pull
    folder = store.folder(pull.source.repo) / pull.revision
    complete = [piece for piece in pull.pieces if piece not in pull.missing]
    damaged = [
        piece
        for piece in complete
        if digest_file(folder / piece.name, progress).sha256 != marker.files[piece.name].sha256
    ]
    return replace(pull, missing=(*pull.missing, *damaged))


def bring_in(
    pulls: Sequence[Pull],
    store: Store,
    *,
    starting: Callable[[Pull, Piece], None] = lambda _pull, _piece: None,
    verified: Callable[[Pull, Piece, int], None] = lambda _pull, _piece, _read: None,
) -> None:
    """Download or copy what is missing, verify it, and mark each repository once it is complete.

    Args:
        pulls: What `from_hub` and `from_folder` found.
        store: Where it goes.
        starting: Called before each file is downloaded or copied.
        verified: Called while a file is read again and hashed, with the bytes read since the last call.

    Raises:
        SpectacleError: When the disk has not enough room, a file does not arrive, or is not what its hash says. What
            has arrived stays, so that another attempt continues there.
    """
    _check_room(pulls, store.root)
    for pull in pulls:
        folder = store.folder(pull.source.repo)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with alone_with(folder):
                _bring_in(pull, store, starting, verified)
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise SpectacleError(
                    f"{store.root}: the disk is full. Free space, then run the command again to resume."
                ) from None
            raise SpectacleError(
                f"{error.filename or folder}: {error.strerror or error}. Fix that, then run the command again."
            ) from None


def check(marker: Marker, store: Store, progress: Callable[[int], None] = lambda _read: None) -> list[str]:
    """Read the files of a repository again and compare them with what was recorded; what is wrong, a line each."""
    folder = store.folder(marker.repo) / marker.revision
    wrong = []
    for name, record in marker.files.items():
        try:
            found = digest_file(folder / name, progress)
        except OSError as error:
            wrong.append(f"{folder / name}: {error.strerror}")
            continue
        if (found.size, found.sha256) != (record.size, record.sha256):
            wrong.append(f"{folder / name}: its content is not what was pulled")
    return wrong


def _pull(source: Source, store: Store, revision: str, origin: str, pieces: Sequence[Piece], where: str) -> Pull:
    marker = store.marker(source.repo)
    patterns = source.files if marker is None else tuple(dict.fromkeys(marker.patterns + source.files))
    wanted: dict[str, Piece] = {}
    there = [pattern for pattern in source.optional if any(matches(piece.name, pattern) for piece in pieces)]
    patterns = tuple(dict.fromkeys((*patterns, *there)))
    for pattern in patterns:
        matching = [piece for piece in pieces if matches(piece.name, pattern)]
        if not matching and pattern not in source.files and marker is not None and marker.revision == revision:
            continue  # pulled before, from elsewhere
        if not matching:
            raise SpectacleError(
                f"{where}: has no {WORDS.get(pattern, f'file {pattern}')}, so it is not the required repository. Use "
                f"another directory or revision."
            )
        wanted.update((piece.name, piece) for piece in matching)
    complete = marker.files if marker is not None and marker.revision == revision else {}
    folder = store.folder(source.repo) / revision
    missing = [
        piece
        for name, piece in wanted.items()
        if name not in complete
        or complete[name].size != piece.size
        or not _has_size(folder / name, piece.size)
        or (piece.sha256 is not None and piece.sha256 != complete[name].sha256)
    ]
    left = [*(folder / piece.name for piece in missing), *(folder / _RESUMED).rglob("*.incomplete")]
    arrived = sum(path.stat().st_size for path in left if path.is_file())
    whole = replace(source, files=patterns)
    replaces = marker.revision if marker is not None else None
    return Pull(whole, revision, origin, tuple(wanted.values()), tuple(missing), arrived, replaces)


def _bring_in(
    pull: Pull, store: Store, starting: Callable[[Pull, Piece], None], verified: Callable[[Pull, Piece, int], None]
) -> None:
    folder = store.folder(pull.source.repo) / pull.revision
    folder.mkdir(exist_ok=True)
    # Checked again, because another pull may have come first since this one was planned.
    marker = store.marker(pull.source.repo)
    if marker is not None and marker.revision not in (pull.revision, pull.replaces):
        raise SpectacleError(
            f"{pull.source.repo}: was pulled at {marker.revision} meanwhile. Run the command again to use that "
            f"revision."
        )
    here = marker if marker is not None and marker.revision == pull.revision else None
    records = dict(here.files) if here is not None else {}
    patterns = (*(here.patterns if here is not None else ()), *pull.source.files)
    names = {*records, *(piece.name for piece in pull.pieces)}
    for piece in pull.missing:
        starting(pull, piece)
        found = _arrive(pull, piece, folder, lambda read, piece=piece: verified(pull, piece, read))  # type: ignore[misc]
        records[piece.name] = FileRecord(size=found.size, sha256=found.sha256)
    shutil.rmtree(folder / ".cache", ignore_errors=True)  # the hub library's notes on unfinished downloads
    for path in {folder, *((folder / piece.name).parent for piece in pull.pieces)}:
        sync_folder(path)
    source = pull.source
    store.mark(
        Marker(
            repo=source.repo,
            revision=pull.revision,
            origin=pull.origin,
            licence=source.licence,
            patterns=tuple(dict.fromkeys(patterns)),
            files={name: records[name] for name in sorted(names)},
        )
    )


def _arrive(pull: Pull, piece: Piece, folder: Path, progress: Callable[[int], None]) -> Digest:
    """Download or copy one file and verify it; a download that went wrong is tried once more."""
    path = folder / piece.name
    for attempt in range(2):
        if piece.path is None:
            hub.fetch(pull.source.repo, pull.revision, piece.name, folder)
        # What an earlier attempt has copied completely needs only its hash checked.
        elif attempt or piece.sha256 is None or not _has_size(path, piece.size):
            _copy(piece.path, path)
        _sync(path)
        found = digest_file(path, progress)
        if (
            found.size == piece.size
            and piece.sha256 in (None, found.sha256)
            and (piece.sha256 is not None or piece.git_oid in (None, found.git_oid))
        ):
            return found
        path.unlink()
    raise SpectacleError(
        f"{pull.source.repo}/{piece.name}: did not match its hash, twice, and was discarded. "
        f"Check the network, the disk and {piece.path or 'the hub'}."
    )


def _copy(origin: Path, path: Path) -> None:
    """Share a file, or copy it where the file system or its owner does not allow that."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    try:
        os.link(origin.resolve(), partial)
    except OSError:
        shutil.copyfile(origin, partial)
    partial.replace(path)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _check_room(pulls: Sequence[Pull], root: Path) -> None:
    needed = sum(pull.size for pull in pulls)
    there = next(path for path in (root, *root.absolute().parents) if path.exists())
    free = shutil.disk_usage(there).free
    if needed and needed + SLACK > free:
        raise SpectacleError(
            f"{root}: {free / 1e9:.1f} GB free, but {needed / 1e9:.1f} GB are needed, including {SLACK / 1e9:.0f} GB "
            f"in reserve. Free space, or set weights.directory in the configuration to another disk."
        )


def _find(source: Source, folder: Path) -> tuple[Path, str | None]:
    """Where a repository is below a directory, and its commit where the place shows it."""
    owner, _, name = source.repo.partition("/")
    cache = folder / f"models--{owner}--{name}" / "snapshots"
    if not cache.is_dir():
        cache = folder / "hub" / f"models--{owner}--{name}" / "snapshots"
    if cache.is_dir():
        reference = cache.parent / "refs" / "main"
        commits = sorted(path.name for path in cache.iterdir() if path.is_dir())
        main = reference.read_text().strip() if reference.is_file() else ""
        if commits:
            commit = main if main in commits else commits[-1]
            return cache / commit, commit if COMMIT.fullmatch(commit) else None
    candidates = [folder / owner / name, folder / f"{owner}--{name}", folder / name, folder]
    for candidate in candidates:
        if candidate.is_dir() and all(_holds(candidate, pattern) for pattern in source.files):
            return candidate, None
    wanted = ", ".join(WORDS.get(each, each) for each in source.files)
    raise SpectacleError(
        f"{folder}: does not contain {source.repo} with {wanted}. Use the directory of the repository, or one that "
        f"contains {source.repo}/."
    )


def _holds(folder: Path, pattern: str) -> bool:
    return any(matches(path.relative_to(folder).as_posix(), pattern) for path in folder.rglob("*") if path.is_file())


def _pieces(folder: Path, patterns: Sequence[str]) -> list[Piece]:
    names = sorted(each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_file())
    wanted = [
        name for name in names if not name.startswith(".") and any(matches(name, pattern) for pattern in patterns)
    ]
    return [Piece(name, (folder / name).stat().st_size, path=folder / name) for name in wanted]


def _hashed(piece: Piece) -> Piece:
    assert piece.path is not None
    return Piece(piece.name, piece.size, digest_file(piece.path).sha256, None, piece.path)


def _has_size(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except OSError:
        return False
