"""What a person must be told of the licences that settings name."""

from __future__ import annotations

import re

_CONDITIONS = re.compile(
    r"non-?commercial|\bresearch\b|\bnc\b|-nc(-|$)|community|not stated|not for commercial", re.IGNORECASE
)
"""Licences whose conditions a person must read before a download, by their names."""


def notice_of(licence: str, repository: str) -> str:
    """What must be accepted before a download, empty for a licence without conditions."""
    if not _CONDITIONS.search(licence):
        return ""
    return f"licence: {licence}. Read its conditions at https://huggingface.co/{repository}"
