"""The commit record: which files are the result of which version of a request."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spectacle.spool import naming
from spectacle.spool.directory import Spool
from spectacle.spool.file_status import FileStatus, NotOrdinary, TooLarge

MAX_RECORD_BYTES = 1 << 20
MAX_HASHED_BYTES = 1 << 24
"""Maximum number of bytes of a file whose content is compared: the maximum of `limits.max_prompt_bytes`."""
MAX_FILES = 256
"""Maximum number of results, and of attachments, that a record may name. A request has at most 13 attachments."""
FIRST_FORMAT, FORMAT = 1, 2
"""Raised when what is there takes another meaning, not for further fields, which everybody else ignores.

The second names results that are neither PNG nor SVG, thumbnails, or the processed input. A record without any is
written in the first format, so that earlier versions can finish it; of the second they leave it alone.
"""


class LaterFormat(ValueError):
    """Raised on reading a commit record of a later version's format. Only that version knows how to finish it."""


@dataclass(frozen=True, slots=True)
class Version:
    """One state of a file, so that a later one under the same name is not mistaken for it.

    Attributes:
        name: File name.
        inode: Inode number.
        size: Bytes.
        mtime_ns: Modification time by the file server's clock.
        mode: Type and permission bits.
        digest: SHA-256 of the content, hexadecimal; empty for what was not read.
    """

    name: str
    inode: int
    size: int
    mtime_ns: int
    mode: int
    digest: str = ""

    @classmethod
    def of(cls, name: str, look: FileStatus, content: bytes | None = None) -> Version:
        """The state `look` shows of `name`."""
        digest = "" if content is None else hashlib.sha256(content).hexdigest()
        return cls(name, look.inode, look.size, look.mtime_ns, look.mode, digest)

    @property
    def identity(self) -> tuple[int, int, int]:
        """Inode, size and time, as `FileStatus.version`."""
        return self.inode, self.size, self.mtime_ns

    def mark(self, *, poison: bool = False) -> str:
        """What distinguishes this version from any other in the name of a file aside, and whether it is to be kept."""
        return naming.version_mark(self.identity, self.digest, poison=poison)

    def is_current(self, spool: Spool) -> bool:
        """Whether the name still holds this version."""
        return self.is_at(spool, self.name)

    def is_at(self, spool: Spool, name: str) -> bool:
        """Whether `name` holds this version; where times are too coarse to decide, the content decides.

        Raises:
            OSError: When the spool is in trouble, or the version is there and there is no permission to read it.
        """
        if not self.digest:
            return self._is_like(spool.look(name))
        try:
            content, look = spool.read(name, self.size)
        except (FileNotFoundError, NotOrdinary, TooLarge):
            return False
        except PermissionError:
            if not self._is_like(spool.look(name)):
                return False
            raise
        return self._is_like(look) and hashlib.sha256(content).hexdigest() == self.digest

    def _is_like(self, look: FileStatus | None) -> bool:
        return look is not None and look.version == self.identity


@dataclass(frozen=True, slots=True)
class AnswerFile:
    """One file of a result: its dot-name and its public name."""

    temporary: str
    public: str


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit record.

    Attributes:
        stem: The request's stem.
        token: The committing claim's token.
        request: The version of `STEM.txt` that is served.
        files: The files, the primary one last.
        attachments: The versions of the attachments that came with the request.
        poison: Whether the request is kept in `.spectacle/poison/` instead of removed.
    """

    stem: str
    token: str
    request: Version
    files: tuple[AnswerFile, ...]
    attachments: tuple[Version, ...]
    poison: bool

    def encode(self) -> bytes:
        """As bytes of JSON."""
        first = all(naming.is_first_format_result_of(self.stem, each.public) for each in self.files)
        record = {
            "format": FIRST_FORMAT if first else FORMAT,
            **_fields(self),
            "request": _fields(self.request),
            "files": [_fields(each) for each in self.files],
            "attachments": [_fields(each) for each in self.attachments],
        }
        return json.dumps(record).encode()

    @classmethod
    def decode(cls, content: bytes, stem: str) -> Commit:
        """Read a record.

        Raises:
            LaterFormat: When a later version has written it.
            ValueError: When it is none of this stem and format, names no file or files that are not this stem's own, or
                holds numbers that no file has.
        """
        try:
            raw = json.loads(content)
            format_ = _number(raw["format"])
            if format_ > FORMAT:
                raise LaterFormat(f"the commit record has format {format_}, of a later version")
            record = cls(
                _text(raw["stem"]),
                _text(raw["token"]),
                _version(raw["request"]),
                tuple(AnswerFile(_text(each["temporary"]), _text(each["public"])) for each in raw["files"]),
                tuple(_version(each) for each in raw["attachments"]),
                bool(raw["poison"]),
            )
        except LaterFormat:
            raise
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            raise ValueError(f"not a commit record: {error}") from None
        if len(record.files) > MAX_FILES or len(record.attachments) > MAX_FILES:
            raise ValueError(f"the commit record names more than {MAX_FILES} files")
        if not record.files:
            raise ValueError("the commit record names no result")
        if (
            format_ < FIRST_FORMAT
            or record.stem != stem
            or record.request.name != naming.request_name(stem)
            or not all(naming.is_attachment_of(stem, each.name) for each in record.attachments)
            or not all(naming.is_result_of(stem, each.public) for each in record.files)
            or not all(naming.is_answer_draft_of(stem, each.temporary) for each in record.files)
        ):
            raise ValueError("the commit record names files that are not its request's")
        return record


def _fields(value: Version | AnswerFile | Commit) -> dict[str, Any]:
    # Not `asdict`, which copies at any depth and takes several times as long.
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


_DIGEST = re.compile(r"(?:[0-9a-f]{64})?")
_MAX_BYTES = 2**63 - 1
_MAX_INODES, _MAX_MODES = 2**64, 2**32


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.80} is not text")
    return value


def _number(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError(f"{value!r:.80} is not a number")
    return value


def _version(raw: Mapping[str, object]) -> Version:
    digest = _text(raw["digest"])
    if not _DIGEST.fullmatch(digest):
        raise ValueError(f"{digest!r:.80} is not a digest")
    inode, size, mtime_ns, mode = (_number(raw[key]) for key in ("inode", "size", "mtime_ns", "mode"))
    largest = MAX_HASHED_BYTES if digest else _MAX_BYTES
    if not (0 <= inode < _MAX_INODES and 0 <= size <= largest and 0 <= mode < _MAX_MODES):
        raise ValueError(f"no file has inode {inode:#x}, {size:#x} bytes and mode {mode:#o} here"[:200])
    return Version(_text(raw["name"]), inode, size, mtime_ns, mode, digest)
