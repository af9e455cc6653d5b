"""Builds `spectacle/generators/illustration/art/letters.bin`, the outlines that text is written with.

    python scripts/build_font.py

It needs `npm`, and in the Python that runs it `fonttools` and `brotli`, which the package never imports. The font is
Fira Sans Bold as the npm package `@fontsource/fira-sans` has it: Latin, Vietnamese, Greek and Cyrillic. What comes of
it is a Modified Version under the SIL Open Font Licence, whose text is put beside it.

The file is JSON compressed with zlib: `{"advance": {character: width}, "path": {character: path data}, "kern": {pair:
adjustment}}` in thousandths of the letters' size, y downwards from the baseline.
"""

from __future__ import annotations

import json
import zlib
from pathlib import Path

from art.sources import Packages
from fontTools.misc.transform import Transform
from fontTools.pens.svgPathPen import SVGPathPen
from fontTools.pens.transformPen import TransformPen
from fontTools.ttLib import TTFont

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "spectacle" / "generators" / "illustration" / "art"
SETS = ("latin", "latin-ext", "vietnamese", "greek", "cyrillic")
RANGES = (
    (0x20, 0x17F), (0x1A0, 0x1B0), (0x218, 0x21B), (0x370, 0x3FF), (0x400, 0x45F), (0x490, 0x491), (0x4D8, 0x4E9),
    (0x1EA0, 0x1EF9), (0x2013, 0x2026), (0x20A0, 0x20BF), (0x2116, 0x2122),
)  # fmt: skip
LEAST_KERN = 12


def main() -> None:
    advance: dict[str, int] = {}
    paths: dict[str, str] = {}
    kern: dict[str, int] = {}
    folder = Packages(ROOT / ".art-cache").npm("fira")
    for name in SETS:
        font = TTFont(folder / "files" / f"fira-sans-{name}-700-normal.woff2")
        scale = 1000 / font["head"].unitsPerEm
        glyphs, names = font.getGlyphSet(), font.getBestCmap()
        for code, glyph in names.items():
            if chr(code) in advance or not any(low <= code <= high for low, high in RANGES):
                continue
            pen = SVGPathPen(glyphs, ntos=lambda value: f"{round(value)}")
            glyphs[glyph].draw(TransformPen(pen, Transform(scale, 0, 0, -scale, 0, 0)))
            advance[chr(code)] = round(glyphs[glyph].width * scale)
            paths[chr(code)] = pen.getCommands()
        kern.update(kerning(font, {glyph: chr(code) for code, glyph in names.items() if code < 0x7F}, scale))
    data = json.dumps({"advance": advance, "path": paths, "kern": kern}, ensure_ascii=False, separators=(",", ":"))
    packed = zlib.compress(data.encode(), 9)
    (TARGET / "letters.bin").write_bytes(packed)
    (TARGET / "LICENSE-fira-sans.txt").write_bytes((folder / "LICENSE").read_bytes())
    print(f"{len(advance)} characters, {len(kern)} pairs, {len(packed)} bytes")


def kerning(font: TTFont, letters: dict[str, str], scale: float) -> dict[str, int]:
    """Adjustments between pairs of ASCII letters, from the font's pair positioning."""
    pairs: dict[str, int] = {}
    if "GPOS" not in font:
        return pairs
    for lookup in font["GPOS"].table.LookupList.Lookup:
        for subtable in lookup.SubTable:
            table = getattr(subtable, "ExtSubTable", subtable)
            if table.LookupType != 2:
                continue
            covered = table.Coverage.glyphs
            if table.Format == 1:
                for first, chosen in zip(covered, table.PairSet, strict=True):
                    for record in chosen.PairValueRecord:
                        put(pairs, letters, first, record.SecondGlyph, record.Value1, scale)
            else:
                for first in set(covered) & set(letters):
                    row = table.Class1Record[table.ClassDef1.classDefs.get(first, 0)].Class2Record
                    for second in letters:
                        put(pairs, letters, first, second, row[table.ClassDef2.classDefs.get(second, 0)].Value1, scale)
    return pairs


def put(pairs: dict[str, int], letters: dict[str, str], first: str, second: str, value: object, scale: float) -> None:
    by = round(getattr(value, "XAdvance", 0) * scale) if value is not None else 0
    if abs(by) >= LEAST_KERN and first in letters and second in letters:
        pairs.setdefault(letters[first] + letters[second], by)


if __name__ == "__main__":
    main()
