"""The model hub: what a repository holds at a commit, and fetching one file of it."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from spectacle.errors import SpectacleError, one_line
from spectacle.weights.store import check_path


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file of a repository as the hub describes it.

    Attributes:
        name: Path in the repository.
        size: Bytes.
        sha256: The hub's SHA-256 of a file in large-file storage, or None for a small one.
        git_oid: The hub's git object id; of the file itself only when `sha256` is None.
    """

    name: str
    size: int
    sha256: str | None
    git_oid: str


@dataclass(frozen=True, slots=True)
class Listing:
    """A repository at one commit."""

    revision: str
    files: tuple[RemoteFile, ...]


def list_repository(repo: str, revision: str | None = None) -> Listing:
    """Ask the hub what a repository holds, and at which commit.

    Args:
        repo: `owner/name`.
        revision: A branch, tag or commit; None is the main branch.

    Raises:
        SpectacleError: When the hub cannot be reached, does not know it, or wants a login first.
    """
    from huggingface_hub import HfApi

    with _explained(repo, revision):
        info = HfApi().model_info(repo, revision=revision, files_metadata=True)
        if info.sha is None:
            raise SpectacleError(f"{repo}: the hub reports no revision. Try again later.")
        return Listing(info.sha, tuple(_described(repo, sibling) for sibling in info.siblings or ()))


def fetch(repo: str, revision: str, file: str, folder: Path) -> Path:
    """Download one file into a directory, from where an earlier attempt stopped, with a progress bar on terminals.

    Raises:
        SpectacleError: When that fails; what has arrived stays for the next attempt.
    """
    from huggingface_hub import hf_hub_download

    with _explained(repo, revision):
        return Path(hf_hub_download(repo, file, revision=revision, local_dir=folder))


def _described(repo: str, sibling: object) -> RemoteFile:
    name, size = getattr(sibling, "rfilename", ""), getattr(sibling, "size", None)
    lfs, oid = getattr(sibling, "lfs", None), getattr(sibling, "blob_id", None)
    try:
        check_path(name)
    except ValueError as error:
        raise SpectacleError(f"{repo}: {error}. Nothing was downloaded.") from None
    if size is None or oid is None:
        raise SpectacleError(
            f"{repo}/{name}: the hub reports no size and hash. Try again later; nothing was downloaded."
        )
    return RemoteFile(name, size, None if lfs is None else lfs.sha256, oid)


@contextmanager
def _explained(repo: str, revision: str | None) -> Iterator[None]:
    from huggingface_hub import errors
    from huggingface_hub.errors import HTTPError  # type: ignore[attr-defined]

    try:
        yield
    except errors.GatedRepoError:
        raise SpectacleError(
            f"{repo}: available only after its licence was accepted. Accept it at https://huggingface.co/{repo}, "
            f"and set HF_TOKEN."
        ) from None
    except errors.RevisionNotFoundError:
        raise SpectacleError(
            f"{repo}: no revision {revision}. Omit it, use one that exists, or use --update for the newest."
        ) from None
    except errors.RepositoryNotFoundError:
        raise SpectacleError(
            f"{repo}: unknown to the hub, or only available with HF_TOKEN. Check https://huggingface.co/{repo}."
        ) from None
    except errors.OfflineModeIsEnabled:
        raise SpectacleError("HF_HUB_OFFLINE: set, so nothing can be downloaded. Unset it for the download.") from None
    except (HTTPError, errors.LocalEntryNotFoundError) as error:
        said = one_line(error, 200)
        raise SpectacleError(f"{repo}: could not be downloaded: {said}. Run the command again to resume.") from None
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise SpectacleError("the disk is full. Free space, then run the command again to resume.") from None
        said = error.strerror or one_line(error, 200) or os.strerror(error.errno or 0)
        raise SpectacleError(f"{repo}: could not be downloaded: {said}.") from None
