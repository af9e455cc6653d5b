"""OmniSVG's token scheme: its tables, the upstream tokenizer's own results, and both ways between ids and drawings."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from drawings import TokenIds, drawings
from hypothesis import given, settings
from hypothesis import strategies as st
from picosvg.svg_types import SVGPath

from spectacle.generators.omnisvg.drawing import Drawing, Flaw, Path, Segment, path_data
from spectacle.generators.omnisvg.tokens import SIZES, TokenKind, Vocabulary, decode, encode_drawing
from spectacle.svg import clean_svg

both_sizes = pytest.mark.parametrize("vocabulary", SIZES.values(), ids=SIZES)
vocabularies = st.sampled_from(list(SIZES.values()))

# What the upstream tokenizer made of these ids: the fill and the path data of every path.
GOLDEN: dict[str, tuple[Callable[[TokenIds], list[int]], list[tuple[str, str]]]] = {
    "triangle": (
        lambda w: [w.M, w.P(10, 20), w.P(10, 20), w.L, w.P(190, 20), w.L, w.P(100, 180), w.Z, w.P(10, 20), w.K(0xF00)],
        [("#ff0000", "M10.0 20.0 L190.0 20.0 L100.0 180.0 L10.0 20.0 Z")],
    ),
    "curve": (
        lambda w: [w.M, w.P(0, 0), w.P(0, 0), w.C, w.P(10, 50), w.P(60, 90), w.P(199, 199), w.K(0x0F8)],
        [("#00ff88", "M0.0 0.0 C10.0 50.0 60.0 90.0 199.0 199.0")],
    ),
    "arc": (
        lambda w: [
            *(w.M, w.P(50, 100), w.P(50, 100)),
            *(w.A, w.P(40, 40), w.R(0), w.R(1), w.R(0), w.P(150, 100)),
            *(w.Z, w.P(50, 100), w.K(0x00F)),
        ],
        [("#0000ff", "M50.0 100.0 A40.0 40.0 0.0 1 0 150.0 100.0 L50.0 100.0 Z")],
    ),
    "two sub-paths": (
        lambda w: [
            *(w.M, w.P(10, 10), w.P(10, 10), w.L, w.P(60, 10), w.L, w.P(60, 60), w.Z, w.P(10, 10)),
            *(w.M, w.P(10, 10), w.P(20, 20), w.L, w.P(30, 20), w.L, w.P(30, 30), w.Z, w.P(20, 20), w.K(0)),
        ],
        [
            (
                "#000000",
                "M10.0 10.0 L60.0 10.0 L60.0 60.0 L10.0 10.0 Z M20.0 20.0 L30.0 20.0 L30.0 30.0 L20.0 20.0 Z",
            )
        ],
    ),
    "only the second point of a move counts": (
        lambda w: [w.M, w.P(1, 1), w.P(7, 9), w.L, w.P(30, 20), w.K(0x123)],
        [("#112233", "M7.0 9.0 L30.0 20.0")],
    ),
    "no colour": (
        lambda w: [w.M, w.P(1, 2), w.P(1, 2), w.L, w.P(3, 4), w.L, w.P(5, 9)],
        [("#000000", "M1.0 2.0 L3.0 4.0 L5.0 9.0")],
    ),
    "two paths, one without fill": (
        lambda w: [
            *(w.M, w.P(1, 2), w.P(1, 2), w.L, w.P(3, 4), w.K(0xFFF)),
            *(w.M, w.P(5, 6), w.P(5, 6), w.L, w.P(7, 8), w.base + 40_011),
        ],
        [("#ffffff", "M1.0 2.0 L3.0 4.0"), ("none", "M5.0 6.0 L7.0 8.0")],
    ),
    "current colour": (
        lambda w: [w.M, w.P(1, 1), w.P(1, 1), w.L, w.P(30, 20), w.L, w.P(9, 90), w.base + 40_012],
        [("currentColor", "M1.0 1.0 L30.0 20.0 L9.0 90.0")],
    ),
    "lines after the close are dropped": (
        lambda w: [
            *(w.M, w.P(10, 10), w.P(10, 10), w.L, w.P(60, 10), w.L, w.P(60, 60), w.Z, w.P(10, 10)),
            *(w.L, w.P(100, 100), w.L, w.P(120, 150), w.K(0x777)),
        ],
        [("#777777", "M10.0 10.0 L60.0 10.0 L60.0 60.0 L10.0 10.0 Z")],
    ),
    "operands run past the end": (
        lambda w: [w.M, w.P(10, 10), w.P(10, 10), w.L, w.P(60, 10), w.C, w.P(1, 1), w.P(2, 2)],
        [("#000000", "M10.0 10.0 L60.0 10.0")],
    ),
}


def triangle(w: TokenIds) -> list[int]:
    return GOLDEN["triangle"][0](w)


def in_upstream_words(path: Path) -> str:
    """Path data as upstream writes it, with the line back to the start that it always puts before a `Z`."""
    words: list[str] = []
    start: tuple[int, ...] = ()
    for command, operands in path.segments:
        if command == "M":
            start = operands
        if command == "Z":
            words += ["L" + " ".join(f"{number:.1f}" for number in start), "Z"]
        elif command == "A":
            flags = " ".join(map(str, operands[3:5]))
            first, last = ([f"{number:.1f}" for number in part] for part in (operands[:3], operands[5:]))
            words.append(f"A{' '.join(first)} {flags} {' '.join(last)}")
        else:
            words.append(command + " ".join(f"{number:.1f}" for number in operands))
    return " ".join(words)


@both_sizes
@pytest.mark.parametrize("name", GOLDEN)
def test_ids_are_read_as_upstream_reads_them(name: str, vocabulary: Vocabulary) -> None:
    ids, expected = GOLDEN[name]
    drawing = decode(ids(TokenIds(vocabulary)), vocabulary)
    assert [(path.colour, in_upstream_words(path)) for path in drawing.paths] == expected


@pytest.mark.parametrize(
    ("size", "ids"),
    [
        ("8B", [152067, 156082, 156082, 152068, 156262, 152068, 188172, 152071, 156082, 195917]),
        ("4B", [151939, 155954, 155954, 151940, 156134, 151940, 188044, 151943, 155954, 195789]),
        ("8B", [152067, 172122, 172122, 152070, 160112, 196565, 196566, 196565, 172222, 152071, 172122, 192092]),
    ],
)
def test_the_ids_of_the_published_models_are_read_and_written(size: str, ids: list[int]) -> None:
    vocabulary = SIZES[size]
    drawing = decode(ids, vocabulary)
    assert drawing.flaws == {Flaw.NO_END}
    assert encode_drawing(drawing, vocabulary) == [196998, *ids, 196999]


def test_the_tables_are_those_of_the_published_weights() -> None:
    large, small = SIZES["8B"], SIZES["4B"]
    assert [large.command(TokenKind(letter)) for letter in "MLCAZ"] == [152067, 152068, 152069, 152070, 152071]
    assert [small.command(TokenKind(letter)) for letter in "MLCAZ"] == [151939, 151940, 151941, 151942, 151943]
    assert (large.coordinate(0, 0), large.coordinate(199, 199)) == (152072, 192071)
    assert (small.coordinate(0, 0), small.coordinate(199, 199)) == (151944, 191943)
    assert (large.coordinate(1, 0), large.coordinate(0, 1)) == (152073, 152272)
    assert [large.colour(name) for name in ("none", "currentColor", "#000000", "#ffffff")] == [
        *(192075, 192076, 192077, 196172),
    ]
    assert [small.colour(name) for name in ("none", "currentColor", "#000000", "#ffffff")] == [
        *(191947, 191948, 191949, 196044),
    ]
    assert (large.arc_parameter(0), large.arc_parameter(99)) == (196565, 196664)
    assert (small.arc_parameter(0), small.arc_parameter(99)) == (196437, 196536)
    assert {(each.size, each.bos, each.eos, each.pad) for each in SIZES.values()} == {(197000, 196998, 196999, 151643)}


@both_sizes
def test_every_id_has_the_meaning_the_tables_give(vocabulary: Vocabulary) -> None:
    base = vocabulary.base
    kinds = [vocabulary.read(token)[0] for token in range(vocabulary.size)]
    runs = [
        (TokenKind.FOREIGN, base + 3),
        *((TokenKind(letter), 1) for letter in "MLCAZ"),
        (TokenKind.COORDINATE, 40_000),
        (TokenKind.FOREIGN, 3),
        (TokenKind.COLOUR, 4_489),
        (TokenKind.FOREIGN, 1),
        (TokenKind.ARC_PARAMETER, 100),
        (TokenKind.FOREIGN, vocabulary.size - base - 44_601),
    ]
    assert kinds == [kind for kind, count in runs for _ in range(count)]


@both_sizes
@pytest.mark.parametrize(
    ("index", "colour"), [(4095, "#ffffff"), (4096, "#000000"), (4097, "#000011"), (4098, "#808080"), (4486, "#808080")]
)
def test_colours_past_the_last_are_read_as_upstream_reads_them(index: int, colour: str, vocabulary: Vocabulary) -> None:
    assert vocabulary.read(TokenIds(vocabulary).K(index)) == (TokenKind.COLOUR, colour)


@pytest.mark.parametrize("colour", ["red", "#f00", "#ff0001", "#1234567", "", "#808081", "#gggggg", "#FF0000"])
def test_a_colour_without_a_token_is_named(colour: str) -> None:
    with pytest.raises(ValueError, match=f"the colour {colour} has no token"):
        SIZES["4B"].colour(colour)


@pytest.mark.parametrize(
    ("segment", "message"),
    [
        (Segment("L", (200, 0)), "the point 200,0 is not on the grid"),
        (Segment("L", (0, -1)), "the point 0,-1 is not on the grid"),
        (Segment("A", (5, 5, 100, 0, 0, 9, 9)), "the arc parameter 100 has no token"),
    ],
)
def test_what_has_no_token_is_named(segment: Segment, message: str) -> None:
    drawing = Drawing((Path((Segment("M", (1, 1)), segment)),))
    with pytest.raises(ValueError, match=message):
        encode_drawing(drawing, SIZES["8B"])


@settings(deadline=None)
@given(drawings, vocabularies)
def test_a_drawing_comes_back_from_its_ids(drawing: Drawing, vocabulary: Vocabulary) -> None:
    read = decode(encode_drawing(drawing, vocabulary), vocabulary)
    assert read == drawing
    assert read.complete


def streams(vocabulary: Vocabulary) -> st.SearchStrategy[list[int]]:
    words = TokenIds(vocabulary)
    useful = st.one_of(
        st.sampled_from([words.M, words.L, words.C, words.A, words.Z]),
        st.sampled_from(vocabulary.coordinates),
        st.sampled_from(vocabulary.coordinates),
        st.sampled_from(vocabulary.colours),
        st.sampled_from(vocabulary.arc_parameters),
    )
    odd = st.one_of(st.integers(), st.integers(vocabulary.base, vocabulary.size), st.sampled_from(vocabulary.ends))
    return st.lists(st.one_of(useful, useful, useful, odd), max_size=60)


@settings(max_examples=300, deadline=None)
@given(st.data(), vocabularies)
def test_any_integers_are_read_as_a_drawing_that_can_be_written(data: st.DataObject, vocabulary: Vocabulary) -> None:
    drawing = decode(data.draw(streams(vocabulary)), vocabulary)
    svg = drawing.to_svg(64, 64, title="<a & b>")
    assert clean_svg(svg, width=64, height=64) == svg
    again = decode(encode_drawing(drawing, vocabulary), vocabulary)
    assert again.complete
    assert again.paths == drawing.paths


@pytest.mark.parametrize(
    ("ids", "flaws"),
    [
        (lambda w: [], {Flaw.NO_END}),
        (lambda w: [196998, 196999], set()),
        (lambda w: [196999, *triangle(w), 196998], set()),
        (lambda w: [*triangle(w), 196998], set()),
        (lambda w: [196998, *triangle(w), 196999, 151643, 151643, w.L, 7], set()),
        (lambda w: [196998, 11, *triangle(w), 196999], {Flaw.FOREIGN}),
        (lambda w: [196998, 151643, *triangle(w), -5, 10**30], {Flaw.FOREIGN, Flaw.NO_END}),
        (lambda w: [*triangle(w)[:-1], 196999], {Flaw.NO_COLOUR}),
        (lambda w: [*triangle(w)[:-2], 196999], {Flaw.NO_COLOUR, Flaw.CUT_SHORT}),
        (lambda w: [*triangle(w), w.K(9), 196999], {Flaw.EMPTY_PATH}),
        (lambda w: [w.K(9), *triangle(w), 196999], {Flaw.EMPTY_PATH}),
        (lambda w: [*triangle(w), w.M, w.P(1, 1), w.P(1, 1), w.K(9), 196999], {Flaw.EMPTY_PATH, Flaw.MISPLACED}),
        (lambda w: [*triangle(w), w.M, 196999], {Flaw.CUT_SHORT}),
        (lambda w: [w.L, w.P(3, 3), *triangle(w), 196999], {Flaw.MISPLACED}),
        (lambda w: [w.P(3, 3), *triangle(w), 196999], {Flaw.MISPLACED}),
        (lambda w: [w.R(4), w.P(99, 99), *triangle(w), 196999], {Flaw.MISPLACED}),
        (lambda w: [w.M, w.P(3, 3), w.P(3, 3), w.Z, w.P(3, 3), *triangle(w), 196999], {Flaw.MISPLACED}),
        (lambda w: [w.C, w.P(3, 3), *triangle(w), 196999], {Flaw.MISPLACED}),
    ],
)
def test_what_is_wrong_with_a_stream_is_told_and_the_rest_is_read(
    ids: Callable[[TokenIds], list[int]], flaws: set[Flaw]
) -> None:
    vocabulary = SIZES["8B"]
    drawing = decode(ids(TokenIds(vocabulary)), vocabulary)
    assert drawing.flaws == flaws
    whole, open_ended = ["M", "L", "L", "Z"], ["M", "L", "L"]
    assert [[segment.command for segment in path.segments] for path in drawing.paths] in ([], [whole], [open_ended])


def test_an_arc_whose_flag_is_no_flag_can_be_written() -> None:
    w = TokenIds(SIZES["8B"])
    ids = [w.M, w.P(0, 0), w.P(0, 0), w.A, w.P(9, 9), w.R(45), w.R(77), w.R(0), w.P(5, 5), w.K(0), 196999]
    drawing = decode(ids, SIZES["8B"])
    assert drawing.paths[0].segments[1] == Segment("A", (9, 9, 45, 1, 0, 5, 5))
    assert drawing.flaws == {Flaw.MISPLACED}


def test_a_close_elsewhere_than_at_the_start_draws_the_line_there_first() -> None:
    w = TokenIds(SIZES["8B"])
    start = [w.M, w.P(0, 0), w.P(0, 0), w.L, w.P(9, 0)]
    elsewhere = decode([*start, w.Z, w.P(5, 5), w.K(0), 196999], SIZES["8B"])
    assert path_data(elsewhere.paths[0].segments) == "M0 0H9L5 5z"
    where_it_is = decode([*start, w.Z, w.P(9, 0), w.K(0), 196999], SIZES["8B"])
    assert path_data(where_it_is.paths[0].segments) == "M0 0H9z"


@settings(deadline=None)
@given(drawings)
def test_path_data_says_what_the_segments_say_in_the_fewest_characters(drawing: Drawing) -> None:
    for path in drawing.paths:
        data = path_data(path.segments)
        read = SVGPath(d=data).explicit_lines().absolute(inplace=True)
        assert [(command, tuple(operands)) for command, operands in read] == [
            (command, operands) for command, operands in path.segments
        ]
        assert len(data) <= len("".join(command + " ".join(map(str, operands)) for command, operands in path.segments))


def test_relative_and_absolute_commands_are_mixed_where_that_is_shorter() -> None:
    segments = [Segment("M", (100, 100)), Segment("L", (101, 102)), Segment("L", (0, 7)), Segment("L", (0, 199))]
    assert path_data(segments) == "M100 100l1 2L0 7V199"


def test_an_svg_holds_nothing_that_makes_no_difference() -> None:
    square = (Segment("M", (0, 0)), Segment("L", (9, 0)), Segment("L", (9, 9)), Segment("Z"))
    other = (Segment("M", (1, 0)), *square[1:])
    drawing = Drawing(
        (
            Path(square, "#ff0000"),
            Path(other, "none"),
            Path(other, "#808080"),
            Path(square, "#aabbcc"),
            Path((Segment("M", (3, 0)), *square[1:])),
        )
    )
    assert drawing.to_svg(30, 20, view_box=(0, 12.5, 200, 100), title="a < b") == (
        '<svg xmlns="http://www.w3.org/2000/svg" width="30" height="20" viewBox="0 12.5 200 100">'
        '<title>a &lt; b</title><path fill="#808080" d="M1 0H9V9z"/><path fill="#abc" d="M0 0H9V9z"/>'
        '<path d="M3 0H9V9z"/></svg>'
    )
