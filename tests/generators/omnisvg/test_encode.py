"""Encoding SVG: what is on the grid stays as it is, everything else becomes what looks like it, or is refused."""

from __future__ import annotations

import io
from itertools import groupby, pairwise

import cairosvg
import numpy as np
import pytest
from drawings import drawings, lines, points
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from picosvg.svg_types import SVGPath
from PIL import Image

from spectacle.errors import GeneratorError
from spectacle.generators.omnisvg.drawing import Drawing, Path, Segment, path_data
from spectacle.generators.omnisvg.encode import encode, read_svg
from spectacle.generators.omnisvg.tokens import SIZES, decode

XMLNS = 'xmlns="http://www.w3.org/2000/svg"'


def document(content: str, box: str = "0 0 100 100") -> str:
    return f'<svg {XMLNS} viewBox="{box}">{content}</svg>'


def render(svg: str, height: int = 100) -> NDArray[np.float32]:
    png = cairosvg.svg2png(svg.encode(), output_width=100, output_height=height, background_color="white")
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), np.float32)


def fills(drawing: Drawing) -> list[str]:
    return [path.colour for path in drawing.paths]


def sub_paths(path: Path) -> list[tuple[Segment, ...]]:
    parts: list[list[Segment]] = []
    for segment in path.segments:
        if segment.command == "M":
            parts.append([])
        parts[-1].append(segment)
    return [tuple(part) for part in parts]


def paints(path: Path) -> bool:
    """Whether picosvg finds an area in every part, and no command stands still."""
    moves = all(
        before.operands[-2:] not in {segment.operands[-2:], ()}
        and (segment.command != "A" or min(segment.operands[:2]) > 0)
        for part in sub_paths(path)
        for before, segment in pairwise(part)
        if segment.command != "Z"
    )
    return moves and all(SVGPath(d=path_data(part)).might_paint() for part in [path.segments, *sub_paths(path)])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(drawings)
def test_a_drawing_on_the_grid_stays_as_it_is(drawing: Drawing) -> None:
    visible = tuple(path for path in drawing.visible if paints(path))
    assume(visible)
    svg = Drawing(visible).to_svg(200, 200)
    assert read_svg(svg) == Drawing(visible)
    for vocabulary in SIZES.values():
        assert decode(encode(svg, vocabulary), vocabulary) == Drawing(visible)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(points, st.lists(lines, min_size=2, max_size=5)), min_size=1, max_size=3), st.data())
def test_whatever_is_encoded_is_read_back_the_same(
    parts: list[tuple[tuple[int, int], list[Segment]]], data: st.DataObject
) -> None:
    scale = data.draw(st.floats(0.01, 50))
    path = "".join(path_data([Segment("M", start), *drawn, Segment("Z")]) for start, drawn in parts)
    svg = document(f'<path transform="scale({scale:.4f}) rotate(7)" d="{path}"/>')
    try:
        drawing = read_svg(svg)
    except GeneratorError as error:
        assert "it paints nothing" in error.message
        return
    assert decode(encode(svg, SIZES["4B"]), SIZES["4B"]) == drawing
    assert read_svg(drawing.to_svg(200, 200)).paths == drawing.visible


LOOKS_THE_SAME = {
    "shapes": '<rect x="10" y="10" width="30" height="20" rx="5" fill="teal"/>'
    '<circle cx="70" cy="30" r="20" fill="red"/>'
    '<ellipse cx="50" cy="75" rx="40" ry="15" fill="gold"/><polygon points="5,95 20,60 35,95" fill="#336699"/>',
    "strokes": '<path d="M10 20h60v50" fill="none" stroke="navy" stroke-width="6" stroke-linecap="round"/>'
    '<line x1="10" y1="90" x2="90" y2="60" stroke="#a22" stroke-width="4"/>',
    "transformations": '<g transform="translate(50 50) rotate(30)"><rect x="-20" y="-10" width="40" height="20"/></g>',
    "holes": '<path fill-rule="evenodd" fill="green" d="M10 10H90V90H10zM30 30H70V70H30z"/>',
    "clip paths": '<defs><clipPath id="c"><circle cx="50" cy="50" r="30"/></clipPath></defs>'
    '<rect width="100" height="100" fill="#c0392b" clip-path="url(#c)"/>',
    "uses": '<defs><path id="p" d="M0 0h20v20z"/></defs><use href="#p" x="10"/><use href="#p" y="50" fill="#0a0"/>',
    "styles": '<g style="fill: #aa3300"><path style="fill:#0033aa" d="M0 0h40v40z"/><path d="M99 99H50V50z"/></g>',
    "what sticks out": '<circle cx="90" cy="90" r="40" fill="#446688"/><circle cx="-60" cy="0" r="20"/>',
    "quadratics and shorthands": '<path d="M10 80Q50 0 90 80T10 80z" fill="#557755"/>'
    '<path d="M10 10c5 30 20 30 25 0s20 -5 25 0z"/>',
    "nearly full circles by one arc": '<path d="M50 20A30 30 0 1 1 49.9 20z" fill="#882244"/>',
    "curves whose control points stick out": '<path d="M50 1C-15 1 -15 99 50 99Q70 140 80 99L80 1Q65 -30 50 1" '
    'fill="#334455"/>',
    "large arcs": '<path d="M0 50A120 120 0 0 1 100 50A120 120 0 0 1 0 50z" fill="#2266aa"/>',
    "turned ellipses": '<path d="M30 30A30 15 140 1 0 70 60z" fill="#115522"/>',
    "what is drawn on from a closed sub-path": '<path d="M20 20H60V60zL20 90L60 90z" fill="#225511"/>',
    "numbers close together": '<path transform="matrix(.7.7-.7.7 50-20)" d="M20 20h40v40z" fill="#993366"/>',
    "lengths with units": '<rect x="10%" y="5px" width="50%" height="10mm" fill="#0055aa"/>'
    '<circle cx="50" cy="50%" r="10%" stroke="#aa5500" stroke-width="2px"/>',
    "the current colour": '<g color="#ee8800"><path fill="currentColor" d="M10 10h50v50z"/></g>',
}


@pytest.mark.parametrize("name", LOOKS_THE_SAME)
@pytest.mark.parametrize(("box", "height"), [("0 0 100 100", 100), ("-20 10 140 70", 50)])
def test_it_looks_the_same(name: str, box: str, height: int) -> None:
    svg = document(LOOKS_THE_SAME[name], box)
    drawing = read_svg(svg)
    written = drawing.to_svg(100, height, view_box=(0, 100 - height, 200, 2 * height))
    difference = np.abs(render(written, height) - render(svg, height))
    assert difference.mean() < 2.5
    assert decode(encode(svg, SIZES["8B"]), SIZES["8B"]) == drawing


@pytest.mark.parametrize("box", ["0 0 1 1", "0 0 24 24", "5000 -5000 2000 2000", "0 0 0.02 0.02", "0 0 100000 100000"])
def test_the_view_box_may_have_any_scale(box: str) -> None:
    left, top, side = (float(number) for number in box.split()[:3])
    data = " ".join(f"{left + side * x:.6f},{top + side * y:.6f}" for x, y in [(0.1, 0.1), (0.9, 0.1), (0.5, 0.75)])
    drawing = read_svg(document(f'<path d="M{data}z"/>', box))
    assert path_data(drawing.paths[0].segments) == "M20 20H180L100 150z"


@pytest.mark.parametrize("side", [0.5, 1, 24, 1000])
@pytest.mark.parametrize("inside", ["{}", '<g transform="scale(100)"><g transform="scale(0.01)">{}</g></g>'])
def test_strokes_are_as_round_in_a_view_box_of_any_scale(side: float, inside: str) -> None:
    dashes = f'stroke-dasharray="{side / 5},{side / 10}" stroke-dashoffset="{side / 20}"'
    content = (
        f'<g fill="none" stroke="#112233" stroke-width="{side / 10}" stroke-linecap="round">'
        f'<circle cx="{side / 3}" cy="{side / 2}" r="{side / 5}"/>'
        f'<path d="M{side * 0.7} {side * 0.2}a{side / 8} {side / 3} 0 0 1 0 {side * 0.6}" {dashes}/></g>'
    )
    svg = document(inside.format(content), f"0 0 {side} {side}")
    assert np.abs(render(read_svg(svg).to_svg(100, 100)) - render(svg)).mean() < 1.2


def test_a_stroke_is_clipped_and_moved_as_it_was() -> None:
    svg = document(
        '<defs><clipPath id="c"><rect x="2" y="0" width="6" height="10"/></clipPath></defs>'
        '<path transform="translate(1 2) scale(2)" clip-path="url(#c)" d="M0 5h10" stroke="#882200" stroke-width="4"/>',
        "0 0 24 24",
    )
    assert np.abs(render(read_svg(svg).to_svg(100, 100)) - render(svg)).mean() < 1.2


def test_a_wide_view_box_is_centred() -> None:
    assert path_data(read_svg(document('<path d="M0 0H50V50z"/>', "0 0 100 50")).paths[0].segments) == "M0 50H100V150z"


def test_a_document_without_view_box_has_that_of_its_size() -> None:
    drawing = read_svg(f'<svg {XMLNS} width="50" height="50"><path d="M0 0H25V25z"/></svg>')
    assert path_data(drawing.paths[0].segments) == "M0 0H100V100z"


@pytest.mark.parametrize(
    ("fill", "colour"),
    [
        ("red", "#ff0000"),
        ("#123", "#112233"),
        ("rgb(50%, 0%, 100%)", "#8800ff"),
        ("hsl(120 100% 50%)", "#00ff00"),
        ("#f7f7f7", "#ffffff"),
        ("#f0f0f0", "#eeeeee"),
        ("currentColor", "currentColor"),
        ("url(#g)", "#880088"),
        ("url(#steps)", "#aa0055"),
        ("url(#fading)", "#ff8888"),
    ],
)
def test_a_fill_becomes_the_nearest_colour_there_is(fill: str, colour: str) -> None:
    gradients = (
        '<defs><linearGradient id="g"><stop stop-color="red"/><stop offset="1" stop-color="blue"/></linearGradient>'
        '<radialGradient id="steps"><stop offset="80%" stop-color="red"/><stop offset="80%" stop-color="blue"/>'
        "</radialGradient>"
        '<linearGradient id="fading"><stop stop-color="red" stop-opacity=".5"/></linearGradient></defs>'
    )
    assert fills(read_svg(document(f'{gradients}<path fill="{fill}" d="M0 0H50V50z"/>'))) == [colour]


def test_what_is_translucent_gets_the_colour_it_has_on_what_it_covers() -> None:
    red = '<rect width="60" height="60" fill="#f00"/>'
    assert fills(read_svg(document(red + '<rect width="40" height="40" fill="#00f" opacity=".6"/>')))[1] == "#660099"
    assert fills(read_svg(document('<rect width="40" height="40" fill="#00f" fill-opacity=".6"/>'))) == ["#6666ff"]
    group = '<g opacity=".5"><rect width="20" height="9"/><circle r="5" cx="70" cy="70"/></g>'
    assert fills(read_svg(document(red + group))) == ["#ff0000", "#880000", "#888888"]


def test_a_faint_shade_over_many_colours_is_left_out() -> None:
    stripes = "".join(
        f'<rect y="{20 * row}" width="100" height="20" fill="{fill}"/>'
        for row, fill in enumerate(["red", "yellow", "lime", "blue", "black"])
    )
    assert len(read_svg(document(stripes + '<rect width="100" height="100" opacity=".1"/>')).paths) == 5
    assert len(read_svg(document(stripes + '<rect width="100" height="100" opacity=".9"/>')).paths) == 6


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("<text>hello</text>", "it has <text>; convert its text to paths"),
        ('<image href="a.png"/>', "it has <image>; remove its images"),
        ("<style>path { fill: red }</style>", "it has <style>; write its style sheet's declarations as attributes"),
        ('<pattern id="p"><path d="M0 0h1v1z"/></pattern>', "it has <pattern>; use plain colours"),
        ("<foreignObject/>", "it has <foreignObject>"),
        ('<mask id="m"/>', "it has <mask>"),
        ("", "it paints nothing"),
        ('<path d="M0 0L50 50"/>', "it paints nothing"),
        ('<path d="M0 0H50V50z" fill="none"/>', "it paints nothing"),
        ('<path d="M0 0H50V50z" fill="url(#nowhere)"/>', "it paints nothing"),
        ('<rect x="200" width="10" height="10"/>', "it paints nothing"),
        ('<path d="M0 0H0.01V0.01z"/>', "it paints nothing"),
        ('<rect x="9" y="9" width="50" height="50" fill="none" stroke="#000" stroke-width=".1"/>', "it paints nothing"),
        ('<path d="M0 0 L"/>', "cannot be encoded"),
        ('<path id="a" clip-path="url(#a)" d="M0 0H50V50z"/>', "refers to itself|cannot be encoded"),
    ],
)
def test_what_cannot_be_encoded_is_refused_with_what_to_do(content: str, message: str) -> None:
    with pytest.raises(GeneratorError, match=message):
        read_svg(document(content))


@pytest.mark.parametrize("svg", ["", "<svg", "<html/>", '<!DOCTYPE svg [<!ENTITY a "b">]><svg>&a;</svg>', "\ud800"])
def test_what_is_no_safe_svg_is_refused(svg: str) -> None:
    with pytest.raises(GeneratorError, match="the SVG was rejected"):
        read_svg(svg)


def test_the_order_of_painting_is_kept() -> None:
    colours = ["#ff0000", "#00ff00", "#0000ff"]
    drawing = read_svg(document("".join(f'<path fill="{colour}" d="M0 0H50V50z"/>' for colour in colours)))
    assert [colour for colour, _ in groupby(fills(drawing))] == colours
