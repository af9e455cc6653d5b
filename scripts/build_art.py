"""Builds the art library that ships in `spectacle/generators/illustration/art/`.

    python scripts/build_art.py

Needs `npm`, `apt-get` and `dpkg-deb` for the source packages (kept in `.art-cache/`), and cairosvg, numpy and Pillow.
"""

from __future__ import annotations

import json
import shutil
import struct
import sys
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(Path(__file__).resolve().parent))

from art import cleaning, facts, sources, tables  # noqa: E402

TARGET = ROOT / "spectacle/generators/illustration/art"
SIDES = {"fluent": 32.0, "noto": 128.0, "clipart": 256.0, "spectacle": 128.0}


def base36(value: int) -> str:
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    text = ""
    while True:
        value, rest = divmod(value, 36)
        text = digits[rest] + text
        if not value:
            return text


def main() -> None:
    packages = sources.Packages(ROOT / ".art-cache")
    raws = [
        *sources.emoji(packages, "fluent", "MIT", {}),
        *sources.emoji(packages, "noto", "Apache-2.0", tables.NOTO_EXTRAS),
    ]
    words: dict[str, int] = {}
    rows, blobs, authors = [], [], {}
    for raw in raws:
        defaults = tables.describe(raw)
        if defaults is None:
            continue
        try:
            clean = cleaning.Cleaner(raw.svg, f"{raw.source[0]}{base36(len(rows))}_", SIDES[raw.source])
            seen = facts.measure(clean.markup, clean.size)
        except (cleaning.Unsuitable, ValueError) as error:
            print("left out", raw.id, error)
            continue
        blob = zlib.compress(clean.markup.encode(), 9)
        codes = [
            words.setdefault(w, len(words))
            for w in (raw.source, defaults.faces, defaults.habitat, defaults.form, raw.licence, defaults.category)
        ]
        seat = None if defaults.seat is None else round(seen.box[1] + defaults.seat * seen.box[3], 2)
        size = [round(v, 2) for v in clean.size]
        rows.append(
            [
                raw.id,
                raw.title,
                raw.keywords,
                size,
                seen.box,
                seen.foot,
                seat,
                codes,
                defaults.height_m,
                seen.colours,
                facts.body_of(seen.colours),
                len(blob),
            ]
        )
        blobs.append(blob)
        if raw.source == "clipart":
            if raw.author:
                authors[raw.id] = raw.author
        elif raw.author:
            authors[raw.source] = raw.author
    index = {"words": list(words), "authors": authors, "drawings": rows}
    head = zlib.compress(json.dumps(index, ensure_ascii=False, separators=(",", ":")).encode(), 9)
    TARGET.mkdir(exist_ok=True)
    (TARGET / "library.bin").write_bytes(b"SPCTART1" + struct.pack("<I", len(head)) + head + b"".join(blobs))
    print(len(rows), "drawings,", (TARGET / "library.bin").stat().st_size, "bytes, index", len(head))


if __name__ == "__main__":
    main()
