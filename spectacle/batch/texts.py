"""Reads the text files of people: bounded, and in the encodings that their editors write."""

from __future__ import annotations

from pathlib import Path


def read_text(path: Path, limit: int) -> str:
    """The text of a file in UTF-8, or in UTF-16 with a byte order mark.

    Args:
        path: The file.
        limit: Bytes that it may have.

    Raises:
        ValueError: When it cannot be read, is larger, or is not text; names the file and says what to do.
    """
    try:
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except OSError as error:
        raise ValueError(f"{path}: cannot be read: {error.strerror}. Check its path and permissions.") from None
    if len(content) > limit:
        raise ValueError(f"{path}: has more than {limit} bytes. Split it.")
    is_utf_16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        return content.decode("utf-16" if is_utf_16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        name = "UTF-16, as which it begins" if is_utf_16 else "UTF-8"
        raise ValueError(f"{path}: byte {error.start + 1} is not {name}. Save the file as UTF-8.") from None
