"""A contestant: huey with its file storage. `main` is the consumer's process; the client enqueues with `queue_at`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from huey import FileHuey

from spooling.card import CardMaker


def queue_at(spool: Path) -> tuple[FileHuey, Callable[[str, str], Any]]:
    """The queue that lies in a directory, and its one task: draw (prompt, stem)."""
    queue = FileHuey("spool", path=str(spool / "huey"), results=False)
    makers: list[CardMaker] = []

    @queue.task(name="draw")
    def draw(prompt: str, stem: str) -> None:
        if not makers:
            makers.append(CardMaker())
        card = makers[0].card(prompt)
        temporary = spool / f".{stem}.tmp"
        with temporary.open("wb") as file:
            file.write(card)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(spool / f"{stem}.png")

    return queue, draw


def main(spool: Path, most: float) -> None:
    """Run the consumer with one worker that looks again after 0.1 s, or after `most` seconds if that is less."""
    queue, _draw = queue_at(spool)
    # huey's defaults: the delay begins at 0.1 s and grows by 1.15 while nothing comes, up to 10 s.
    consumer = queue.create_consumer(workers=1, periodic=False, initial_delay=min(0.1, most), max_delay=most)
    print("ready", flush=True)
    consumer.run()
