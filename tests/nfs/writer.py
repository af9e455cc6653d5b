"""A plain client on a simulated host: writes requests and records which of them it has handed in.

Called with the spool, a file of orders and a file for the record. Only the standard library is used.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path


def place(spool: Path, name: str, content: str, how: str) -> None:
    """Write one file: `rename` into place or `plain`."""
    path = spool / (f".writing-{name}" if how == "rename" else name)
    with path.open("w", encoding="utf-8") as file:
        file.write(content)
    if how == "rename":
        path.rename(spool / name)


def main(spool: Path, orders: Path, record: Path) -> None:
    """Carry out the orders one after another."""
    for order in json.loads(orders.read_text(encoding="utf-8")):
        for name, content in order["files"].items():
            place(spool, name, content, order["how"])
        place(spool, f"{order['stem']}.txt", order["prompt"], order["how"])
        with record.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"stem": order["stem"], "host": os.uname().nodename}) + "\n")
        time.sleep(order["pause"])


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
