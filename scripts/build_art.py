"""Builds the art library that ships in `spectacle/generators/illustration/art/`.

    python scripts/build_art.py

Needs `npm`, `apt-get` and `dpkg-deb` for the source packages, which are kept in `.art-cache/`, and cairosvg, numpy and
Pillow to look at what is drawn. The same packages give the same bytes.

How it goes, and where to change what:

- `art/sources.py`: the packages with their versions; the emoji of each set with names and keywords;
- `art/words.py`: plain words for emoji whose official names nobody writes;
- `art/clipart.py`: the openclipart files chosen, with their names;
- `art/own_objects.py`, `art/own_more.py`, `art/own_props.py`, `art/own_doings.py`, `art/own_animals.py`,
  `art/people.py`: what no set has, drawn here;
- `art/flags.py`: the flags of countries, on poles;
- `art/cleaning.py`: SVG reduced to plain shapes;
- `art/facts.py`: what is measured of each drawing;
- `art/tables.py`, `art/nouns.py`: what is known without looking: kind, place, height, which way it looks, where one
  sits on it, which colours are its body; and what is left out.

After a change look at the drawings it touched, and run `tests/generators/illustration/art/test_library.py`.
"""

from __future__ import annotations

import json
import struct
import sys
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(Path(__file__).resolve().parent))

from art import cleaning, clipart, facts, flags, own, sources, tables  # noqa: E402

TARGET = ROOT / "spectacle/generators/illustration/art"
SIDES = {"fluent": 32.0, "noto": 128.0, "clipart": 256.0, "spectacle": 128.0, "flags": 212.0}
LARGEST = 60_000
LARGEST_FLAG = 110_000


def base36(value: int) -> str:
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    text = ""
    while True:
        value, rest = divmod(value, 36)
        text = digits[rest] + text
        if not value:
            return text


def cleaned(raw: sources.Raw, prefix: str) -> cleaning.Cleaner:
    """A drawing cleaned; clip art, whose page often has little to do with its ink, is cut to what is to be seen."""
    side = SIDES[raw.source]
    clean = cleaning.Cleaner(raw.svg, prefix, side)
    if raw.source in ("fluent", "noto"):
        # A few Noto drawings still hold bits of their neighbours on the sheet they were drawn on.
        width, height = clean.size
        left, top, wide, high = facts.extent(clean.markup, clean.size)
        if left < -width * 0.03 or top < -height * 0.03 or left + wide > width * 1.03 or top + high > height * 1.03:
            clean.clip()
        return clean
    left, top, width, height = facts.extent(clean.markup, clean.size)
    unit = clean.view[2] / clean.size[0]
    pad = max(width, height) * 0.01
    view = (clean.view[0] + (left - pad) * unit, clean.view[1] + (top - pad) * unit,
            (width + 2 * pad) * unit, (height + 2 * pad) * unit)  # fmt: skip
    return cleaning.Cleaner(raw.svg, prefix, side, view)


def seat_height(defaults: tables.Description, clean: cleaning.Cleaner, seen: facts.Facts) -> float | None:
    """The seat in view box units: a share of the box's height, or the ink's upper edge in the middle."""
    if defaults.seat is None:
        return None
    if defaults.seat == "top":
        return facts.upper_edge(clean.markup, clean.size, seen.box, defaults.faces)
    return round(seen.box[1] + float(defaults.seat) * seen.box[3], 2)


def main() -> None:
    packages = sources.Packages(ROOT / ".art-cache")
    fluent = list(sources.emoji(packages, "fluent", "MIT", {}))
    noto = list(sources.emoji(packages, "noto", "Apache-2.0", tables.NOTO_EXTRAS))
    raws = [*fluent, *noto, *own.things(), *own.persons(fluent), *clipart.chosen(packages), *flags.flags(packages)]
    words: dict[str, int] = {}
    rows: list[list[object]] = []
    blobs: list[bytes] = []
    authors: dict[str, str] = {}
    counts: dict[str, int] = {}
    taken: set[str] = set()
    for raw in raws:
        defaults = tables.describe(raw)
        if defaults is None:
            continue
        try:
            clean = cleaned(raw, f"{raw.source[0]}{base36(len(rows))}_")
            seen = facts.measure(clean.markup, clean.size)
        except (cleaning.Unsuitable, ValueError) as error:
            print("left out", raw.id, error)
            continue
        if len(clean.markup) > (LARGEST_FLAG if raw.source == "flags" else LARGEST):
            print("left out", raw.id, len(clean.markup), "characters")
            continue
        if raw.id in taken:
            raise SystemExit(f"two drawings are called {raw.id}")
        taken.add(raw.id)
        blob = zlib.compress(clean.markup.encode(), 9)
        described = (raw.source, defaults.faces, defaults.habitat, defaults.form, raw.licence, defaults.category)
        codes = [words.setdefault(word, len(words)) for word in described]
        size = [round(v, 2) for v in clean.size]
        seat = seat_height(defaults, clean, seen)
        body = facts.body_of(seen.colours, defaults.category, tables.BODIES.get(raw.id) or tables.BODIES.get(raw.title))
        rows.append([raw.id, raw.title, raw.keywords, size, seen.box, seen.foot, seat, codes, defaults.height_m,
                     seen.colours, body, len(blob)])  # fmt: skip
        blobs.append(blob)
        counts[raw.source] = counts.get(raw.source, 0) + 1
        if raw.author:
            authors[raw.source if raw.source in ("fluent", "noto", "flags") else raw.id] = raw.author
    index = {"words": list(words), "authors": authors, "drawings": rows}
    head = zlib.compress(json.dumps(index, ensure_ascii=False, separators=(",", ":")).encode(), 9)
    (TARGET / "library.bin").write_bytes(b"SPCTART1" + struct.pack("<I", len(head)) + head + b"".join(blobs))
    for name, licence in packages.licences().items():
        (TARGET / name).write_bytes(licence.read_bytes())
    print(counts, len(rows), "drawings,", (TARGET / "library.bin").stat().st_size, "bytes, index", len(head))


if __name__ == "__main__":
    main()
