"""Drawings made by hypothesis, and shorthands for tokens."""

from __future__ import annotations

from hypothesis import strategies as st

from spectacle.generators.omnisvg.drawing import SIDE, Drawing, Path, Segment
from spectacle.generators.omnisvg.tokens import TokenKind, Vocabulary

numbers = st.integers(0, SIDE - 1)
points = st.tuples(numbers, numbers)
colours = st.one_of(
    st.integers(0, 4095).map(lambda index: "#" + "".join(2 * digit for digit in f"{index:03x}")),
    st.sampled_from(["none", "currentColor"]),
)
arcs = st.builds(
    lambda radii, turn, large, sweep, end: Segment("A", (*radii, turn, large, sweep, *end)),
    points,
    st.integers(0, 99),
    st.integers(0, 1),
    st.integers(0, 1),
    points,
)
lines = points.map(lambda end: Segment("L", end))
curves = st.tuples(points, points, points).map(lambda each: Segment("C", (*each[0], *each[1], *each[2])))
strokes = st.one_of(lines, curves, arcs)
sub_paths = st.builds(
    lambda start, drawn, closed: [Segment("M", start), *drawn, *([Segment("Z")] if closed else [])],
    points,
    st.lists(strokes, min_size=1, max_size=6),
    st.booleans(),
)
paths = st.builds(
    lambda parts, colour: Path(tuple(segment for part in parts for segment in part), colour),
    st.lists(sub_paths, min_size=1, max_size=3),
    colours,
)
drawings = st.lists(paths, max_size=5).map(lambda each: Drawing(tuple(each)))


class TokenIds:
    """Token ids as the tables of OmniSVG's scheme name them: `M`, `P(x, y)`, `K(rgb)`, `R(value)` …"""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.base = vocabulary.base
        self.M, self.L, self.C, self.A, self.Z = (
            vocabulary.command(kind)
            for kind in (TokenKind.MOVE, TokenKind.LINE, TokenKind.CURVE, TokenKind.ARC, TokenKind.CLOSE)
        )

    def P(self, x: int, y: int) -> int:  # noqa: N802
        return self.base + 8 + 200 * y + x

    def K(self, index: int) -> int:  # noqa: N802
        return self.base + 40_013 + index

    def R(self, value: int) -> int:  # noqa: N802
        return self.base + 44_501 + value
