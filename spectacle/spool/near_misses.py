"""Names that look like a request's but are none, and why, so that their writers do not wait in vain."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice

from spectacle.spool.naming import ERROR_SUFFIX, KIND_PATTERN, MAX_NAME_BYTES, RequestName

MAX_TOLD = 20
"""Most near misses that are told at a time."""

FURTHER = "further files look like requests but are not"
"""What stands for those that are more than are told."""

ODD_ENDINGS = (".TXT", ".Txt", ".txt ", ".txt\r", ".txt\n", ".txt\t")
"""Endings by which a near miss is found that does not end as requests do."""

_LOOKS_ALIKE = re.compile(
    r"(?P<head>.*[^0-9])(?P<width>[0-9]+)(?P<by>[xX×*])(?P<height>[0-9]+)(?P<rest>.*?)(?P<extension>(?:\.txt)+)",
    re.IGNORECASE | re.DOTALL,
)
_ALLOWED = re.compile(r"[A-Za-z0-9_.+=@~-]")
_RULE = "use USER-MSGID-WxH[-KIND].txt"


def near_miss(file_name: str) -> str | None:
    """Why a name that looks like a request's is none; None for a request's and for any other name."""
    stripped = file_name.rstrip()
    if file_name.startswith(".") or stripped[-4:].lower() != ".txt" or stripped.endswith(ERROR_SUFFIX):
        return None
    match = _LOOKS_ALIKE.fullmatch(stripped)
    if match is None or RequestName.parse(file_name) is not None:
        return None
    if stripped != file_name:
        # As a script with lines that end in CR LF makes them.
        return f"{file_name[len(stripped)]!r} after '.txt': remove it"
    return _reason(file_name, match)


def _reason(file_name: str, match: re.Match[str]) -> str:
    head, rest, extension = match["head"], match["rest"], match["extension"]
    size = f"{match['width']}{match['by']}{match['height']}"
    if extension != ".txt":
        return f"the extension is {extension!r}: use '.txt'"
    if (length := len(file_name.encode(errors="surrogateescape"))) > MAX_NAME_BYTES:
        return f"{length} bytes long: use at most {MAX_NAME_BYTES}"
    if match["by"] != "x":
        return f"{match['by']!r} in the size {size}: use a lower-case x"
    if any(len(side) > 5 or (side[0] == "0" and side != "0") for side in (match["width"], match["height"])):
        return f"the size {size}: use one to five digits without leading zeros"
    user, dash, message_id = head.removesuffix("-").partition("-")
    for part, where in ((user, "user"), (message_id, "message ID"), (rest, "kind")):
        if odd := next((each for each in part if not _ALLOWED.fullmatch(each)), None):
            return f"{odd!r} in the {where}: use letters, digits and _ . + = @ ~"
    if not (user and dash and message_id and head.endswith("-")):
        return f"the user or the message ID is missing: {_RULE}"
    kind = rest.removeprefix("-")
    if rest.startswith("-") and KIND_PATTERN.fullmatch(kind.lower()):
        return f"capitals in the kind {kind!r}: use {kind.lower()!r}"
    if rest:
        return f"{rest!r} after the size is not a kind: {_RULE}"
    return f"the user or the message ID is malformed: {_RULE}"


def near_misses(names: Iterable[str]) -> list[str]:
    """Those of the names that are near misses, each with the reason, as many as are told; then `FURTHER` for more."""
    found = ((name, near_miss(name)) for name in names)
    told = list(islice((f"{name}: {reason}" for name, reason in found if reason is not None), MAX_TOLD + 1))
    return sorted(told) if len(told) <= MAX_TOLD else [*sorted(told[:MAX_TOLD]), FURTHER]


def merged(told: list[str], more: list[str]) -> list[str]:
    """Two results of `near_misses` as one."""
    both = [each for each in (*told, *more) if each != FURTHER]
    if len(both) == len(told) + len(more) <= MAX_TOLD:
        return both
    return [*both[:MAX_TOLD], FURTHER]
