"""A contestant: the plain loop one writes first, which lists the directory once a second and answers what is there."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from spooling.card import CardMaker

INTERVAL = 1.0


def main(spool: Path) -> None:
    """Answer requests for ever."""
    maker = CardMaker()
    print("ready", flush=True)
    while True:
        for name in sorted(os.listdir(spool)):
            if name.endswith(".txt") and not name.startswith("."):
                _answer(spool, name.removesuffix(".txt"), maker)
        time.sleep(INTERVAL)


def _answer(spool: Path, stem: str, maker: CardMaker) -> None:
    request, result = spool / f"{stem}.txt", spool / f"{stem}.png"
    card = maker.card(request.read_text())
    temporary = spool / f".{stem}.tmp"
    with temporary.open("wb") as file:
        file.write(card)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(result)
    request.unlink()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
