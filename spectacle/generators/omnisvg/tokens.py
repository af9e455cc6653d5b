"""OmniSVG's token scheme: which token ids mean what, reading them as an SVG, and writing an SVG with them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from spectacle.generators.omnisvg.drawing import BLACK, SIDE, Drawing, Flaw, Path, Segment

# Distances from the first id after the base model's vocabulary, the same for both sizes; upstream's tokenizer.py.
_COMMANDS = 3
_COORDINATES = 8
_NONE, _CURRENT_COLOUR, _RGB = 40_011, 40_012, 40_013
_LAST_COLOUR = 44_499
_ARC_PARAMETERS = 44_501

_LEVELS = 16
_GREY = "#808080"
_SPECIAL = {"none": _NONE, "currentColor": _CURRENT_COLOUR, _GREY: _RGB + _LEVELS**3 + 2}
_ON_THE_SCALE = re.compile(r"#([0-9a-f])\1([0-9a-f])\2([0-9a-f])\3")


class TokenKind(StrEnum):
    """What a token is. The five commands have the letters of SVG's path data."""

    MOVE = "M"
    LINE = "L"
    CURVE = "C"
    ARC = "A"
    CLOSE = "Z"
    COORDINATE = "coordinate"
    COLOUR = "colour"
    ARC_PARAMETER = "arc parameter"
    FOREIGN = "foreign"


COMMANDS = (TokenKind.MOVE, TokenKind.LINE, TokenKind.CURVE, TokenKind.ARC, TokenKind.CLOSE)

OPERANDS: Mapping[TokenKind, tuple[TokenKind, ...]] = {
    TokenKind.MOVE: (TokenKind.COORDINATE,) * 2,  # where the pen was (ignored on reading), where it goes
    TokenKind.LINE: (TokenKind.COORDINATE,),
    TokenKind.CURVE: (TokenKind.COORDINATE,) * 3,
    # radii, rotation, large-arc flag, sweep flag, end
    TokenKind.ARC: (TokenKind.COORDINATE, *(TokenKind.ARC_PARAMETER,) * 3, TokenKind.COORDINATE),
    TokenKind.CLOSE: (TokenKind.COORDINATE,),  # a line to there, then the end of the sub-path
}
"""The kinds of token that follow each command."""


@dataclass(frozen=True)
class Vocabulary:
    """The token ids of one size of OmniSVG 1.1.

    Attributes:
        base: Vocabulary size of the Qwen2.5-VL model underneath; the SVG's tokens follow it.
        size: Number of rows of the embedding.
        bos: Id that begins an SVG.
        eos: Id that ends it.
        pad: Id that fills up a batch.
    """

    base: int
    size: int = 197_000
    bos: int = 196_998
    eos: int = 196_999
    pad: int = 151_643

    @property
    def ends(self) -> tuple[int, int]:
        """`bos` and `eos`.

        Upstream's training configuration has them the other way round for the 8B size, so the first token may be
        either of them, and after it either of them is the end.
        """
        return self.bos, self.eos

    @cached_property
    def coordinates(self) -> range:
        """Ids of the points of the grid, row by row."""
        return range(self.base + _COORDINATES, self.base + _COORDINATES + SIDE * SIDE)

    @cached_property
    def colours(self) -> range:
        """Ids of the colours that training used: `none`, `currentColor`, and 4096 of 4 bits a channel."""
        return range(self.base + _NONE, self.base + _RGB + _LEVELS**3)

    @cached_property
    def arc_parameters(self) -> range:
        """Ids of the numbers 0 to 99 of an arc."""
        return range(self.base + _ARC_PARAMETERS, self.base + _ARC_PARAMETERS + 100)

    def command(self, kind: TokenKind) -> int:
        """Id of a command."""
        return self.base + _COMMANDS + COMMANDS.index(kind)

    def coordinate(self, x: int, y: int) -> int:
        """Id of a point, x and y from 0 to 199.

        Raises:
            ValueError: The point is not on the grid.
        """
        if not (0 <= x < SIDE and 0 <= y < SIDE):
            raise ValueError(f"the point {x},{y} is not on the grid: coordinates are 0 to {SIDE - 1}")
        return self.coordinates[SIDE * y + x]

    def arc_parameter(self, value: int) -> int:
        """Id of a number of an arc, 0 to 99.

        Raises:
            ValueError: The number has no token.
        """
        if not 0 <= value < len(self.arc_parameters):
            raise ValueError(f"the arc parameter {value} has no token: they are 0 to {len(self.arc_parameters) - 1}")
        return self.arc_parameters[value]

    def colour(self, colour: str) -> int:
        """Id of `none`, `currentColor`, `#808080`, or a colour `#rrggbb` each of whose channels is a multiple of 17.

        Raises:
            ValueError: The colour has no token.
        """
        if colour in _SPECIAL:
            return self.base + _SPECIAL[colour]
        channels = _ON_THE_SCALE.fullmatch(colour)
        if not channels:
            raise ValueError(f"the colour {colour} has no token: #rrggbb with channels 00, 11, 22 … ff has")
        return self.base + _RGB + int("".join(channels.groups()), 16)

    def read(self, token: int) -> tuple[TokenKind, tuple[int, int] | str | int]:
        """What a token is, and its point, its colour or its number, 0 where it has none. It may be any integer."""
        if token in self.coordinates:
            y, x = divmod(token - self.coordinates[0], SIDE)
            return TokenKind.COORDINATE, (x, y)
        if token in self.arc_parameters:
            return TokenKind.ARC_PARAMETER, token - self.arc_parameters[0]
        distance = token - self.base
        if _NONE <= distance <= _LAST_COLOUR:
            return TokenKind.COLOUR, _colour(distance)
        if 0 <= distance - _COMMANDS < len(COMMANDS):
            return COMMANDS[distance - _COMMANDS], 0
        return TokenKind.FOREIGN, 0


SIZES: Mapping[str, Vocabulary] = {"4B": Vocabulary(151_936), "8B": Vocabulary(152_064)}
"""The vocabularies of OmniSVG 1.1 by `model_size`."""


def decode(ids: Iterable[int], vocabulary: Vocabulary) -> Drawing:
    """Read what the model generated. Any integers are read without an error; what was wrong is in `flaws`.

    A command without all of its operands is skipped, and reading continues with the token that came instead. So is a
    command before the first `M` and between a `Z` and the next `M`, an operand without a command, and a path in which
    nothing is drawn. Whatever follows the end token is ignored.

    Args:
        ids: The generated ids without those of the prompt, with or without the begin and end tokens.
        vocabulary: The vocabulary of the model that generated them.
    """
    reader = _Reader()
    body, ended = _body([int(token) for token in ids], vocabulary)
    if not ended:
        reader.flaws.add(Flaw.NO_END)
    tokens = [vocabulary.read(token) for token in body]
    known = [token for token in tokens if token[0] is not TokenKind.FOREIGN]
    if len(known) < len(tokens):
        reader.flaws.add(Flaw.FOREIGN)
    position = 0
    while position < len(known):
        kind, value = known[position]
        position += 1
        if kind is TokenKind.COLOUR:
            reader.colour(str(value))
        elif kind in OPERANDS:
            operands: list[int] = []
            missing = list(OPERANDS[kind])
            while missing and position < len(known) and known[position][0] is missing[0]:
                operand = known[position][1]
                operands += operand if isinstance(operand, tuple) else (int(operand),)
                missing.pop(0)
                position += 1
            if not missing:
                reader.command(kind, operands)
            else:
                reader.flaws.add(Flaw.MISPLACED if position < len(known) else Flaw.CUT_SHORT)
        else:
            reader.flaws.add(Flaw.MISPLACED)
    if reader.segments:
        reader.flaws.add(Flaw.NO_COLOUR)
        reader.colour(BLACK)
    return Drawing(tuple(reader.paths), frozenset(reader.flaws))


def encode_drawing(drawing: Drawing, vocabulary: Vocabulary) -> list[int]:
    """Write an SVG as the model would: the begin token, its paths, the end token.

    `decode` makes the same paths of it.

    Raises:
        ValueError: A coordinate, an arc's number or a colour has no token.
    """
    ids = [vocabulary.bos]
    for path in drawing.paths:
        pen = start = path.segments[0].operands
        for command, operands in path.segments:
            end = start if command == "Z" else operands[-2:]
            ids.append(vocabulary.command(TokenKind(command)))
            if command == "M":
                ids.append(vocabulary.coordinate(pen[0], pen[1]))
                start = end
            elif command == "C":
                ids += [vocabulary.coordinate(*operands[:2]), vocabulary.coordinate(*operands[2:4])]
            elif command == "A":
                ids.append(vocabulary.coordinate(*operands[:2]))
                ids += [vocabulary.arc_parameter(number) for number in operands[2:5]]
            ids.append(vocabulary.coordinate(end[0], end[1]))
            pen = end
        ids.append(vocabulary.colour(path.colour))
    return [*ids, vocabulary.eos]


def _colour(distance: int) -> str:
    for name in ("none", "currentColor"):
        if distance == _SPECIAL[name]:
            return name
    index = distance - _RGB
    if index >= _LEVELS**3 + 2:
        return _GREY
    red, green, blue = index >> 8 & 15, index >> 4 & 15, index & 15  # the two after the last begin again with black
    return f"#{17 * red:02x}{17 * green:02x}{17 * blue:02x}"


def _body(ids: Sequence[int], vocabulary: Vocabulary) -> tuple[Sequence[int], bool]:
    """The ids between the begin and the end token, and whether there is an end token."""
    start = 1 if ids and ids[0] in vocabulary.ends else 0
    for position in range(start, len(ids)):
        if ids[position] in vocabulary.ends:
            return ids[start:position], True
    return ids[start:], False


class _Reader:
    """Puts commands together to paths."""

    def __init__(self) -> None:
        self.paths: list[Path] = []
        self.flaws: set[Flaw] = set()
        self.segments: list[Segment] = []
        self.start: tuple[int, ...] = ()

    def command(self, kind: TokenKind, operands: Sequence[int]) -> None:
        end = tuple(operands[-2:])
        last = self.segments[-1] if self.segments else None
        if kind is TokenKind.MOVE:
            self.drop_move()
            self.segments.append(Segment("M", end))
            self.start = end
        elif last is None or last.command == "Z":
            self.flaws.add(Flaw.MISPLACED)
        elif kind is TokenKind.ARC:
            if max(operands[3:5]) > 1:
                self.flaws.add(Flaw.MISPLACED)
            flags = (min(number, 1) for number in operands[3:5])
            self.segments.append(Segment("A", (*operands[:3], *flags, *end)))
        elif kind is not TokenKind.CLOSE:
            self.segments.append(Segment(kind.value, tuple(operands)))
        elif end in {self.start, last.operands[-2:]}:
            if last.command == "M":
                self.flaws.add(Flaw.MISPLACED)
            else:
                self.segments.append(Segment("Z"))
        else:
            self.segments += [Segment("L", end), Segment("Z")]

    def colour(self, colour: str) -> None:
        self.drop_move()
        if self.segments:
            self.paths.append(Path(tuple(self.segments), colour))
        else:
            self.flaws.add(Flaw.EMPTY_PATH)
        self.segments = []

    def drop_move(self) -> None:
        """Drop a move after which nothing was drawn."""
        if self.segments and self.segments[-1].command == "M":
            self.segments.pop()
            self.flaws.add(Flaw.MISPLACED)
