"""A result as OmniSVG knows it, filled paths on a grid of 200 × 200, and writing it as a small SVG document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from spectacle.svg.clean import SVG_NAMESPACE, escape_text

SIDE = 200
"""Width and height of the grid (`coordinates.bbox` of upstream's config); coordinates are whole numbers, 0 to 199."""
BLACK = "#000000"


class Segment(NamedTuple):
    """One command of a path.

    Attributes:
        command: `M`, `L`, `C`, `A` or `Z`.
        operands: What follows the command in SVG's path data, in absolute coordinates: none for `Z`, and for `A` the
            two radii, the rotation in degrees (0 to 99), the large-arc flag, the sweep flag, and the end.
    """

    command: str
    operands: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Path:
    """A filled shape. It begins with `M`; after an `M` comes `L`, `C` or `A`, and after a `Z` only `M`.

    Attributes:
        segments: Its commands.
        colour: Its fill: `#rrggbb`, `currentColor` or `none`. There are no strokes, and fills are opaque.
    """

    segments: tuple[Segment, ...]
    colour: str = BLACK


class Flaw(StrEnum):
    """What was wrong with a stream of tokens. The value is a clause for people."""

    NO_END = "the end token is missing"
    CUT_SHORT = "the last command lacks operands"
    NO_COLOUR = "the last path has no colour, and became black"
    FOREIGN = "tokens without meaning in an SVG were skipped"
    MISPLACED = "commands or operands in the wrong place were skipped"
    EMPTY_PATH = "a path without lines was skipped"


@dataclass(frozen=True, slots=True)
class Drawing:
    """Paths, painted in this order.

    Attributes:
        paths: The paths.
        flaws: What was wrong with the tokens it was read from; empty when nothing was.
    """

    paths: tuple[Path, ...]
    flaws: frozenset[Flaw] = frozenset()

    @property
    def complete(self) -> bool:
        """Whether the tokens were a well-formed SVG from the first to the last."""
        return not self.flaws

    @property
    def visible(self) -> tuple[Path, ...]:
        """The paths that are seen: not those without fill, nor those over which the same shape is painted later."""
        last = {path.segments: path for path in self.paths if path.colour != "none"}
        return tuple(path for path in self.paths if last.get(path.segments) is path)

    def to_svg(
        self,
        width: int,
        height: int,
        *,
        view_box: tuple[float, float, float, float] = (0, 0, SIDE, SIDE),
        title: str = "",
    ) -> str:
        """Write the paths as an SVG document without anything that makes no difference to what is seen.

        Args:
            width: Width in pixels.
            height: Height in pixels.
            view_box: The part of the grid to show: left, top, width, height.
            title: Text of the `<title>`, which is omitted when it is empty.
        """
        box = " ".join(f"{number:.6g}" for number in view_box)
        return "".join(
            [
                f'<svg xmlns="{SVG_NAMESPACE}" width="{width}" height="{height}" viewBox="{box}">',
                f"<title>{escape_text(title)}</title>" if title else "",
                *(f'<path{_fill(path.colour)} d="{path_data(path.segments)}"/>' for path in self.visible),
                "</svg>",
            ]
        )


def path_data(segments: Sequence[Segment]) -> str:
    """The shortest path data for `segments` that absolute and relative commands, `H` and `V` allow."""
    x = y = start_x = start_y = 0
    shortest = {"": ""}  # by the command that a bare operand after it would repeat
    for command, operands in segments:
        if command == "Z":
            shortest = {"": min(shortest.values(), key=len) + "z"}
            x, y = start_x, start_y
            continue
        written: dict[str, str] = {}
        for letter, numbers in _forms(command, operands, x, y):
            data = min((before + _join(letter, numbers, repeats) for repeats, before in shortest.items()), key=len)
            written[{"M": "L", "m": "l"}.get(letter, letter)] = data
        shortest = written
        x, y = operands[-2:]
        if command == "M":
            start_x, start_y = x, y
    return min(shortest.values(), key=len)


def _forms(command: str, operands: tuple[int, ...], x: int, y: int) -> Iterator[tuple[str, Sequence[int]]]:
    """Every way to write a command from the point `x`, `y`."""
    yield command, operands
    if command == "A":
        yield "a", (*operands[:5], operands[5] - x, operands[6] - y)
    else:
        yield command.lower(), [number - (x, y)[index % 2] for index, number in enumerate(operands)]
    if command == "L" and operands[1] == y:
        yield "H", operands[:1]
        yield "h", [operands[0] - x]
    if command == "L" and operands[0] == x:
        yield "V", operands[1:]
        yield "v", [operands[1] - y]


def _join(letter: str, numbers: Sequence[int], repeats: str) -> str:
    text = " ".join(map(str, numbers)).replace(" -", "-")
    if letter != repeats:
        return letter + text
    return text if text.startswith("-") else f" {text}"


def _fill(colour: str) -> str:
    if colour == BLACK:  # what is not said otherwise is black
        return ""
    red, green, blue = colour[1:3], colour[3:5], colour[5:7]
    if colour.startswith("#") and all(channel[0] == channel[1] for channel in (red, green, blue)):
        colour = f"#{red[0]}{green[0]}{blue[0]}"
    return f' fill="{colour}"'
