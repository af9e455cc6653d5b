"""What a generator needs of one repository of the model hub."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Source:
    """Files of one repository that a generator loads.

    Attributes:
        repo: `owner/name` on the hub.
        files: Patterns as `fnmatch` has them, relative to the repository; `*` also crosses folders.
        licence: The licence of these weights as their authors name it, or that they name none.
        notice: What a person must know before downloading, such as that commercial use is forbidden.
        size: About how many bytes the files hold, for what is said before the hub is asked; 0 when not known.
    """

    repo: str
    files: tuple[str, ...]
    licence: str
    notice: str = ""
    size: int = 0
