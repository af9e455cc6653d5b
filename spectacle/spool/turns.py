"""The order in which waiting requests are expected to begin, as far as names and ages tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def in_turns(waiting: Mapping[str, Sequence[str]], running: Mapping[str, object] | None = None) -> list[str]:
    """The waiting requests in the order in which they are expected to begin: users take turns.

    It is an estimate: which user's turn is next only daemons know, and a request for a loaded model may be moved ahead.

    Args:
        waiting: The requests of each user, the oldest first; the users in the order of their oldest requests.
        running: Users of whom something runs, so that others come first.
    """
    rows = [
        (turn, user in (running or {}), order, stem)
        for order, (user, stems) in enumerate(waiting.items())
        for turn, stem in enumerate(stems)
    ]
    return [stem for *_, stem in sorted(rows)]
