"""The library with artworks that are made for one image: a sign with its text, a person with their clothes."""

from __future__ import annotations

from collections.abc import Iterator

from spectacle.generators.illustration.art.library import Artwork, Library


class Stage(Library):
    """A library and what was made for one image, told apart by identity."""

    def __init__(self, base: Library) -> None:
        self.base = base
        self._made: dict[str, tuple[Artwork, str, str]] = {}

    def add(self, drawing: Artwork, markup: str, origin: str = "") -> None:
        """Takes an artwork in.

        Args:
            drawing: What is known of it.
            markup: Its elements.
            origin: Identity of the library's artwork that it was made from; empty for one made from nothing.
        """
        self._made[drawing.id] = (drawing, markup, origin)

    def __len__(self) -> int:
        return len(self.base) + len(self._made)

    def __iter__(self) -> Iterator[Artwork]:
        yield from self.base
        for drawing, _, _ in self._made.values():
            yield drawing

    def __contains__(self, identity: object) -> bool:
        return identity in self._made or identity in self.base

    def __getitem__(self, identity: str) -> Artwork:
        return self._made[identity][0] if identity in self._made else self.base[identity]

    def markup(self, identity: str) -> str:
        """The elements of an artwork."""
        return self._made[identity][1] if identity in self._made else self.base.markup(identity)

    def provenance(self, identity: str) -> dict[str, str]:
        """Where an artwork comes from: for one that was made, what it was made from."""
        if identity not in self._made:
            return self.base.provenance(identity)
        drawing, _, origin = self._made[identity]
        if origin:
            return self.base.provenance(origin)
        return {"id": drawing.id, "title": drawing.title, "source": drawing.source, "licence": drawing.licence}

    def made(self, identity: str) -> bool:
        """Whether an artwork was made for this image."""
        return identity in self._made
