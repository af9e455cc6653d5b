"""The art library: the artworks that ship with Spectacle, each with what is known of it.

All of them live in one file, `library.bin`:

- 8 bytes: `SPCTART1`
- 4 bytes: length of the index, little-endian
- the index: JSON compressed with zlib
- the artworks' markup, each compressed with zlib; the index says where each begins

Opening reads the index alone; an artwork's markup is read when it is asked for.
"""

from __future__ import annotations

import functools
import json
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

MAGIC = b"SPCTART1"


@dataclass(frozen=True, slots=True)
class Artwork:
    """One artwork and what is known of it. Lengths are in units of its own view box unless said otherwise.

    Attributes:
        id: Its name in the library, such as `noto:fox`.
        title: What it shows, in English, lower case.
        keywords: Further English words for it.
        source: `fluent`, `noto`, `clipart`, `flags` or `spectacle`.
        size: Width and height of the view box; its origin is 0, 0.
        box: Bounds of the visible ink: x, y, width, height.
        foot: Left and right end of what touches the ground along the bottom of `box`.
        seat: Height (y) of the surface where another thing's foot goes, for what carries others; None otherwise.
        faces: `left`, `right` or `front`.
        habitat: Where it belongs: `ground`, `sky`, `water`, `underwater`, `table`, `wearable`, `wall`, `space` or
            `ceiling`.
        form: `whole`, `face` (a head alone), `part` (such as a bust or a hand), `symbol`, or `scene` (it holds a
            landscape of its own).
        height_m: Typical height in metres of what is drawn.
        colours: Dominant colours as `#rrggbb` with their share of the ink, 0 to 1, biggest first, at most six.
        body: Positions in `colours` of what takes on another colour when the thing is said to have it.
        licence: SPDX identifier.
        category: Kind of thing, such as `animal`, `vehicle` or `furniture`.
    """

    id: str
    title: str
    keywords: tuple[str, ...]
    source: str
    size: tuple[float, float]
    box: tuple[float, float, float, float]
    foot: tuple[float, float]
    seat: float | None
    faces: str
    habitat: str
    form: str
    height_m: float
    colours: tuple[tuple[str, float], ...]
    body: tuple[int, ...]
    licence: str
    category: str


class Library:
    """The artworks by identity, in a fixed order."""

    def __init__(self, file: Traversable) -> None:
        """Reads the index of a library file.

        Raises:
            ValueError: The file is not a library of this version.
        """
        self._file = file
        with file.open("rb") as stream:
            head = stream.read(len(MAGIC) + 4)
            if head[: len(MAGIC)] != MAGIC:
                raise ValueError(f"{file} is not an art library")
            (length,) = struct.unpack_from("<I", head, len(MAGIC))
            index: dict[str, Any] = json.loads(zlib.decompress(stream.read(length)))
        self._start = len(head) + length
        self._drawings: dict[str, Artwork] = {}
        self._places: dict[str, tuple[int, int]] = {}
        self._authors: dict[str, str] = index["authors"]
        offset = 0
        for row in index["drawings"]:
            identity, title, keywords, size, box, foot, seat, codes, height, colours, body, stored = row
            source, faces, habitat, form, licence, category = (index["words"][code] for code in codes)
            self._drawings[identity] = Artwork(
                identity, title, tuple(keywords), source, tuple(size), tuple(box), tuple(foot), seat, faces, habitat,
                form, height, tuple((colour, share) for colour, share in colours), tuple(body), licence, category,
            )  # fmt: skip
            self._places[identity] = (offset, stored)
            offset += stored

    @classmethod
    def open(cls) -> Library:
        """The library that ships with the package, opened once in a process."""
        return _shipped()

    def __len__(self) -> int:
        return len(self._drawings)

    def __iter__(self) -> Iterator[Artwork]:
        return iter(self._drawings.values())

    def __contains__(self, identity: object) -> bool:
        return identity in self._drawings

    def __getitem__(self, identity: str) -> Artwork:
        return self._drawings[identity]

    def markup(self, identity: str) -> str:
        """The SVG elements of an artwork, to be put into an `svg` or `g` with the artwork's view box.

        Ids in it are unique in the library, so several artworks can live in one document.

        Raises:
            KeyError: The library does not have it.
        """
        offset, stored = self._places[identity]
        with self._file.open("rb") as stream:
            stream.seek(self._start + offset)
            return zlib.decompress(stream.read(stored)).decode()

    def provenance(self, identity: str) -> dict[str, str]:
        """Where an artwork comes from: its id, title, source and licence, and the author where known.

        Raises:
            KeyError: The library does not have it.
        """
        drawing = self._drawings[identity]
        stated = {"id": drawing.id, "title": drawing.title, "source": drawing.source, "licence": drawing.licence}
        author = self._authors.get(identity) or self._authors.get(drawing.source)
        return {**stated, "author": author} if author else stated


@functools.cache
def _shipped() -> Library:
    return Library(resources.files(__package__) / "library.bin")
