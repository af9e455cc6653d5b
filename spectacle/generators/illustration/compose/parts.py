"""What a layout is made of: parts (single artworks), joined to assemblies, which stand in a scene as one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from spectacle.generators.illustration.art.library import Artwork, Library
from spectacle.generators.illustration.compose.outline import Outline, outline
from spectacle.generators.illustration.language.scene import Thing


@dataclass
class Part:
    """One drawing in an assembly. Lengths are in the assembly's units, y downwards, its foot at 0, 0.

    Attributes:
        thing: Position of its thing in the scene.
        index: Which of the thing's it is, from 0.
        noun: The thing itself.
        drawing: What is drawn.
        outline: Its outline.
        x: Left edge of the visible box.
        y: Upper edge of the visible box.
        width: Width of the visible box.
        height: Height of the visible box.
        mirrored: Whether it is drawn mirrored.
        order: Higher is nearer within the assembly.
        cut: Height below which it is hidden, or None.
        angle: Turn in degrees around the middle.
        shade: Width of the soft shadow under its foot, 0 for none.
    """

    thing: int
    index: int
    noun: Thing
    drawing: Artwork
    outline: Outline
    x: float
    y: float
    width: float
    height: float
    mirrored: bool = False
    order: float = 0.0
    cut: float | None = None
    angle: float = 0.0
    shade: float = 0.0

    @property
    def bottom(self) -> float:
        """Lower edge."""
        return self.y + self.height

    @property
    def middle(self) -> float:
        """Horizontal middle."""
        return self.x + self.width / 2

    @property
    def looks(self) -> str:
        """Direction it looks in as drawn: `left`, `right` or `front`."""
        if self.drawing.faces == "front" or not self.mirrored:
            return self.drawing.faces
        return "right" if self.drawing.faces == "left" else "left"

    def column(self, share: float) -> float:
        """The x of a column given as a share of the unmirrored box."""
        return self.x + self.width * (1 - share if self.mirrored else share)

    def row(self, share: float) -> float:
        """The y of a row given as a share of the box."""
        return self.y + self.height * share

    def scale(self, factor: float) -> None:
        """Grow about the origin."""
        self.x, self.y, self.width, self.height = (
            self.x * factor, self.y * factor, self.width * factor, self.height * factor,
        )  # fmt: skip
        self.cut = None if self.cut is None else self.cut * factor
        self.shade *= factor

    def shift(self, dx: float, dy: float) -> None:
        """Move."""
        self.x += dx
        self.y += dy
        self.cut = None if self.cut is None else self.cut + dy

    def mirror(self) -> None:
        """Mirror about the origin's vertical."""
        self.x = -self.x - self.width
        if not self.drawing.id.startswith("written:"):
            self.mirrored = not self.mirrored
        self.angle = -self.angle


@dataclass
class Assembly:
    """Parts that belong together: the first is what the others are attached to.

    Attributes:
        parts: The parts; the first one's foot is at the origin.
        thing: Position of the first part's thing in the scene.
        x: Where its foot is in a composite, in units.
        z: How far behind the composite's front it stands, in units.
        up: How far its foot is above the ground, in units.
    """

    parts: list[Part]
    thing: int
    x: float = 0.0
    z: float = 0.0
    up: float = 0.0
    extra: dict[str, float] = field(default_factory=dict)

    @property
    def root(self) -> Part:
        """The part the others are attached to."""
        return self.parts[0]

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom about its own origin."""
        return (
            min(part.x for part in self.parts),
            min(part.y for part in self.parts),
            max(part.x + part.width for part in self.parts),
            max(part.y + part.height if part.cut is None else min(part.cut, part.bottom) for part in self.parts),
        )

    @property
    def width(self) -> float:
        """Width of its bounds."""
        left, _, right, _ = self.bounds
        return right - left

    @property
    def height(self) -> float:
        """Height of its bounds."""
        _, top, _, bottom = self.bounds
        return bottom - top

    def scale(self, factor: float) -> None:
        """Grow about the foot."""
        for part in self.parts:
            part.scale(factor)

    def mirror(self) -> None:
        """Mirror as a whole."""
        for part in self.parts:
            part.mirror()

    def look(self, direction: str) -> None:
        """Turn to look `left` or `right`, where the artwork has a direction."""
        if self.root.looks not in {direction, "front"}:
            self.mirror()


@dataclass
class Composite:
    """Assemblies placed by each other, in units: x to the right, z into the depth, up above the ground."""

    members: list[Assembly]

    def __iter__(self) -> Iterator[Assembly]:
        return iter(self.members)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom as seen, the front's ground at 0."""
        boxes = [seen(member) for member in self.members]
        return (
            min(box[0] for box in boxes),
            min(box[1] for box in boxes),
            max(box[2] for box in boxes),
            max(box[3] for box in boxes),
        )

    @property
    def width(self) -> float:
        """Width as seen."""
        left, _, right, _ = self.bounds
        return right - left

    @property
    def height(self) -> float:
        """Height as seen, above the front's ground."""
        return -self.bounds[1]

    @property
    def things(self) -> set[int]:
        """Positions of all things in it."""
        return {part.thing for member in self.members for part in member.parts}

    def shift(self, dx: float, dz: float = 0.0, up: float = 0.0) -> None:
        """Move all of it."""
        for member in self.members:
            member.x += dx
            member.z += dz
            member.up += up


RISE = 0.34
"""How far up the image a step into the depth goes, as a share of the step."""
SHRINK = 0.11
"""How much smaller things get per unit of depth."""


def nearness(z: float) -> float:
    """Factor on the size of what stands at depth `z`."""
    return max(0.35, 1 / (1 + SHRINK * z)) if z >= 0 else 1 - SHRINK * z


def seen(member: Assembly) -> tuple[float, float, float, float]:
    """Bounds of an assembly in its composite as seen."""
    left, top, right, bottom = member.bounds
    near = nearness(member.z)
    foot = -member.z * RISE - member.up
    return (member.x + left * near, foot + top * near, member.x + right * near, foot + bottom * near)


def figure(thing: int, index: int, noun: Thing, drawing: Artwork, height: float, library: Library) -> Part:
    """An artwork standing on the origin, `height` high."""
    x, _, width, tall = drawing.box
    scale = height / tall
    middle = ((drawing.foot[0] + drawing.foot[1]) / 2 - x) * scale
    wide = width * scale
    middle = min(max(middle, wide * 0.25), wide * 0.75)
    foot = max(0.25 * wide, (drawing.foot[1] - drawing.foot[0]) * scale)
    return Part(thing, index, noun, drawing, outline(library, drawing.id), -middle, -height, wide, height, shade=foot)
