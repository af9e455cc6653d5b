"""What operators should know although requests are served: told once in the log, and kept for the report."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import structlog

log = structlog.get_logger()

MAX_NOTICES = 21
"""Most notices of one topic that are kept."""


class Notices:
    """The notices of one instance, by topic. Thread-safe."""

    def __init__(self) -> None:
        self._topics: dict[str, dict[str, int]] = {}
        self._lock = threading.Lock()

    def add(self, topic: str, text: str) -> None:
        """Note something that has happened. The same is logged once, and counted."""
        with self._lock:
            known = self._topics.setdefault(topic, {})
            is_new = text not in known
            known[text] = known.pop(text, 0) + 1
            while len(known) > MAX_NOTICES:
                del known[next(iter(known))]
        if is_new:
            log.warning("notice", topic=topic, reason=text)

    def replace(self, topic: str, texts: Sequence[str]) -> None:
        """Note how things are now. What was not so before is logged."""
        with self._lock:
            known = self._topics.get(topic, {})
            self._topics[topic] = dict.fromkeys(texts[:MAX_NOTICES], 1)
        for text in texts:
            if text not in known:
                log.warning("notice", topic=topic, reason=text)

    def current(self) -> list[str]:
        """All of them, for people."""
        with self._lock:
            return [counted(text, count) for known in self._topics.values() for text, count in known.items()]


def counted(text: str, count: int) -> str:
    """A message that has come so many times."""
    return text if count == 1 else f"{text} ({count} times)"
