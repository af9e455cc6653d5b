"""Names that look like a request's but are none, and why, so that their writers do not wait in vain."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice

from spectacle.spool.naming import ERROR_SUFFIX, KIND_PATTERN, MAX_NAME_BYTES, RESERVED_KINDS, RequestName

MAX_TOLD = 20
"""Most near misses that are told at a time."""

FURTHER = "further files look like requests but are not"
"""What stands for those that are more than are told."""

_OTHER_EXTENSIONS = (".text", ".md", ".rtf", ".doc", ".docx", ".odt")
"""Extensions that editors give to text in place of `.txt`."""

_ODD_ENDINGS = (
    *(".txT", ".tXt", ".tXT", ".Txt", ".TxT", ".TXt", ".TXT", ".txt ", ".txt\r", ".txt\n", ".txt\t"),
    *_OTHER_EXTENSIONS,
    *"0123456789",
)

_BY = r"\s?[xX×*✕✖хХ]\s?"
"""What stands between the sides of a size; the last two letters are Cyrillic."""
_LOOKS_ALIKE = re.compile(
    rf"(?P<head>.*\D)(?P<width>\d+)(?P<by>{_BY})(?P<height>\d+)(?P<rest>.*?)(?P<extension>(?:\.txt)+)",
    re.IGNORECASE | re.DOTALL,
)
_HALF_A_SIZE = re.compile(r"[^-]+-.+-(?P<size>\d+[xX×]|[xX×]\d+)(?:-[a-z0-9_]+)?\.txt", re.DOTALL)
_ALLOWED = re.compile(r"[A-Za-z0-9_.+=@~-]")
_SIDE = re.compile(r"0|[1-9][0-9]{0,4}")
_RULE = "use USER-MSGID-WxH[-KIND].txt"


def odd_names(names: Iterable[str]) -> list[str]:
    """Those that do not end as requests do and may be near misses all the same. Quick for very many names."""
    return [name for name in names if name.endswith(_ODD_ENDINGS) or "." not in name]


def near_miss(file_name: str) -> str | None:
    """Why a name that looks like a request's is none; None for a request's and for any other name."""
    stripped = file_name.rstrip()
    if file_name.startswith(".") or stripped.endswith(ERROR_SUFFIX) or RequestName.parse(file_name) is not None:
        return None
    if stripped[-4:].lower() != ".txt":
        return _other_extension(file_name)
    if (half := _HALF_A_SIZE.fullmatch(stripped)) is not None:
        return f"the size {half['size']}: use one such as 640x480"
    match = _LOOKS_ALIKE.fullmatch(stripped)
    if match is None:
        return None
    if stripped != file_name:
        # As a script with lines that end in CR LF makes them.
        return f"{file_name[len(stripped)]!r} after '.txt': remove it"
    return _reason(file_name, match)


def _other_extension(file_name: str) -> str | None:
    """What is to be said of a request's stem with another extension than requests have, or with none."""
    extension = next((each for each in _OTHER_EXTENSIONS if file_name.endswith(each)), "")
    name = RequestName.from_stem(file_name.removesuffix(extension))
    if name is None or name.kind in RESERVED_KINDS:
        return None
    return f"the extension is {extension!r}: use '.txt'" if extension else "no extension: add '.txt'"


def _reason(file_name: str, match: re.Match[str]) -> str:
    head, rest, extension = match["head"], match["rest"], match["extension"]
    size = f"{match['width']}{match['by']}{match['height']}"
    if extension != ".txt":
        return f"the extension is {extension!r}: use '.txt'"
    if (length := len(file_name.encode(errors="surrogateescape"))) > MAX_NAME_BYTES:
        return f"{length} bytes long: use at most {MAX_NAME_BYTES}"
    if match["by"] != "x":
        return f"{match['by']!r} in the size {size}: use a lower-case x"
    if any(_SIDE.fullmatch(side) is None for side in (match["width"], match["height"])):
        return f"the size {size}: use one to five digits 0 to 9 without leading zeros"
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
