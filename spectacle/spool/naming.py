"""The file-name grammar of the spool: what is a request, and what its companions are called."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_NAME_BYTES = 200
"""Longest request file name. It leaves room for what Spectacle adds to a stem within the 255 bytes of a file system."""

RESERVED_KINDS = frozenset(
    {"error", "mask", "control", "options", "progress", "input"} | {f"input{n}" for n in range(2, 11)}
)
"""Kinds that cannot be configured: their results would be named like another request's companions."""

INPUT_EXTENSIONS = ("png", "jpg", "jpeg", "webp")
MAX_INPUTS = 10

_OPAQUE = r"[A-Za-z0-9_+=@~][A-Za-z0-9_.+=@~]*"
_UUID = r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}"
_NUMBER = r"0|[1-9][0-9]{0,4}"
KIND_PATTERN = re.compile(r"[a-z][a-z0-9_]*")
_STEM = re.compile(
    rf"(?P<user>{_UUID}|{_OPAQUE})"
    rf"-(?P<msgid>{_OPAQUE}(?:-{_OPAQUE})*)"
    rf"-(?P<width>{_NUMBER})x(?P<height>{_NUMBER})"
    r"(?:-(?P<kind>[a-z][a-z0-9_]*))?"
)
_SUFFIX = ".txt"


@dataclass(frozen=True, slots=True)
class RequestName:
    """The parts of a request's file name `USER-MSGID-WxH[-KIND].txt`.

    Attributes:
        stem: The file name without `.txt`; every companion file is named after it.
        user: A UUID or an opaque token.
        msgid: One or more tokens joined by dashes.
        width: Pixels, 0 to 99999 (0 is well-formed and answered with an error).
        height: Pixels, 0 to 99999.
        kind: The kind asked for, or None for the configured default.
    """

    stem: str
    user: str
    msgid: str
    width: int
    height: int
    kind: str | None

    @classmethod
    def parse(cls, file_name: str) -> RequestName | None:
        """Parse a file name, or return None for a name that is no request's and so none of our business."""
        if not file_name.endswith(_SUFFIX) or len(file_name) > MAX_NAME_BYTES:
            return None
        match = _STEM.fullmatch(file_name, 0, len(file_name) - len(_SUFFIX))
        if match is None or match["kind"] == "error":
            return None
        return cls(match[0], match["user"], match["msgid"], int(match["width"]), int(match["height"]), match["kind"])

    @property
    def file_name(self) -> str:
        """`STEM.txt`."""
        return self.stem + _SUFFIX

    @property
    def lock_name(self) -> str:
        """`STEM.lock`, the claim."""
        return self.stem + ".lock"

    @property
    def commit_name(self) -> str:
        """`.STEM.commit`, the decision that an answer is the answer."""
        return commit_name(self.stem)

    @property
    def error_name(self) -> str:
        """`STEM-error.txt`."""
        return self.stem + "-error.txt"

    @property
    def options_name(self) -> str:
        """`STEM-options.json`."""
        return self.stem + "-options.json"

    @property
    def mask_name(self) -> str:
        """`STEM-mask.png`."""
        return self.stem + "-mask.png"

    @property
    def control_name(self) -> str:
        """`STEM-control.png`."""
        return self.stem + "-control.png"

    @property
    def progress_name(self) -> str:
        """`STEM-progress.json`."""
        return self.stem + "-progress.json"

    def input_names(self, number: int) -> tuple[str, ...]:
        """The names input picture `number` (1 to `MAX_INPUTS`) may have, one for each extension."""
        ordinal = "" if number == 1 else str(number)
        return tuple(f"{self.stem}-input{ordinal}.{extension}" for extension in INPUT_EXTENSIONS)


def commit_name(stem: str) -> str:
    """`.STEM.commit`."""
    return f".{stem}.commit"


def stem_of_commit(file_name: str) -> str | None:
    """The stem a commit record belongs to, or None when the name is no commit record's."""
    if not (file_name.startswith(".") and file_name.endswith(".commit")):
        return None
    stem = file_name[1 : -len(".commit")]
    return stem if RequestName.parse(stem + _SUFFIX) is not None else None


def stem_of_lock(file_name: str) -> str | None:
    """The stem a claim belongs to, or None when the name is no claim's."""
    if not file_name.endswith(".lock"):
        return None
    stem = file_name[: -len(".lock")]
    return stem if RequestName.parse(stem + _SUFFIX) is not None else None
