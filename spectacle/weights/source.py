"""What a generator needs of one repository of the model hub."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

WEIGHTS = "*/*model[.-][s0]*afetensors"
"""The safetensors weights of a pipeline's parts, without those of variants: `model.safetensors` and shards such as
`model-00001-of-00002.safetensors`, but not `model.fp16.safetensors`."""

WORDS = {WEIGHTS: "safetensors weights in the directories of a pipeline's parts"}
"""What patterns stand for, in messages."""


_EXCEPT = " except "


def without(pattern: str, *others: str) -> str:
    """A pattern for the files of another one that match none of further ones."""
    return _EXCEPT.join((pattern, *others))


def matches(name: str, pattern: str) -> bool:
    """Whether the path of a file in its repository is one of those that a pattern stands for."""
    wanted, *others = pattern.split(_EXCEPT)
    return fnmatchcase(name, wanted) and not any(fnmatchcase(name, each) for each in others)


@dataclass(frozen=True, slots=True)
class Source:
    """Files of one repository that a generator loads.

    Attributes:
        repo: `owner/name` on the hub.
        files: Patterns as `fnmatch` has them, relative to the repository; `*` also crosses directories. Also what
            `without` makes of them.
        licence: The licence of these weights as their authors name it, or that they name none.
        notice: What a person must know before downloading, such as that commercial use is forbidden.
        optional: Further patterns, of which a repository may have no file.
        revision: The commit that must be used, None for the newest when it is pulled.
        size: About how many bytes the files hold, for what is said before the hub is asked; 0 when not known.
    """

    repo: str
    files: tuple[str, ...]
    licence: str
    notice: str = ""
    size: int = 0
    optional: tuple[str, ...] = ()
    revision: str | None = None
