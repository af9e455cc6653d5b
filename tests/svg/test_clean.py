"""What a user may rely on when a generator's drawing is cleaned."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectacle.errors import GeneratorError
from spectacle.svg.clean import SvgLimits, clean_svg, in_millimetres

NS = "http://www.w3.org/2000/svg"


def clean(text: str, width: int = 640, height: int = 480, **limits: float) -> str:
    return clean_svg(text, width=width, height=height, limits=SvgLimits(**limits))


def drawing(body: str, attributes: str = 'width="640" height="480" viewBox="0 0 640 480"') -> str:
    return f'<svg xmlns="{NS}" {attributes}>{body}</svg>'


def cleaned_body(body: str) -> str:
    cleaned = clean(drawing(body))
    if cleaned.endswith("/>"):
        return ""
    return cleaned.partition(">")[2].removesuffix("</svg>")


COMPOSED = drawing(
    "<title>A fox &amp; a barn</title><desc>Two &lt;drawings&gt;</desc>"
    '<defs><linearGradient id="sky" x2="0" y2="1" gradientUnits="objectBoundingBox" gradientTransform="rotate(10)">'
    '<stop offset="0" stop-color="#0af"/><stop offset="100%" stop-color="white" stop-opacity=".5"/></linearGradient>'
    '<radialGradient id="sun" cx=".5" cy=".5" r="50%" href="#sky"/>'
    '<clipPath id="c"><rect width="9" height="9"/></clipPath>'
    '<mask id="m" maskUnits="userSpaceOnUse"><circle r="4" fill="#fff"/></mask>'
    '<pattern id="p" width="4" height="4" patternUnits="userSpaceOnUse"><path d="M0 0l2,2z"/></pattern>'
    '<symbol id="tree" viewBox="0 0 10 10"><path d="M5 0C5 1 .5.5 1e1-3zm1 1a1 1 0 01.5.5" fill="url(#p)"/></symbol>'
    '<g id="t"><ellipse cx="1" cy="2" rx="3" ry="4"/>'
    '<line x1="0" x2="3" stroke="rgb(1,2,3)" stroke-width=".5"/></g></defs>'
    '<rect width="640" height="480" fill="url(#sky)"/>'
    '<g transform="translate(3 4) scale(.5,-.5) matrix(1 0 0 1 3 4)" opacity=".5" clip-path="url(#c)" mask="url(#m)">'
    '<use href="#tree" x="10" width="100" height="50%"/><use href="#t" transform="rotate(45 10 10)skewX(3)"/>'
    '<polyline points="0,0 1,1 2 3" fill="none" stroke="currentColor" stroke-linecap="round" stroke-dasharray="1 2"/>'
    '<polygon points="0 0 1 1 2 3" fill-rule="evenodd" fill="rgba(1,2,3,0.5)"/></g>'
    '<text x="10" y="20" font-family="\'DejaVu Sans\', sans-serif" font-size="12px" text-anchor="middle">Hello '
    '<tspan font-weight="bold" dx="1 2">wörld</tspan> 漢字</text>',
    'width="640" height="480" viewBox="0 0 640 480" role="img" aria-label="a &quot;fox&quot;"',
)

LINKED = (
    f'<svg xmlns="{NS}" xmlns:xlink="http://www.w3.org/1999/xlink" width="640" height="480" viewBox="0 0 640 480">'
    '<g id="a"/><use xlink:href="#a"/></svg>'
)


@pytest.mark.parametrize("text", [COMPOSED, LINKED, COMPOSED + "\n"], ids=["composed", "linked", "newline"])
def test_a_clean_document_passes_untouched(text: str) -> None:
    assert clean(text) is text


DIRTY = [
    f'<?xml version="1.0" encoding="latin-1"?><!-- é -->{drawing("<g/>é")}',
    drawing('<!-- c --><text> a <!-- x --> b\t<tspan>c</tspan>&#13;&#10; d </text><?php x ?><g id="a"/><g id="a"/>'),
    drawing('<rect style="fill:RED;stroke:#11223380!important;mix-blend-mode:multiply" fill="blue" onclick="x()"/>'),
    "<svg width='10cm' height='5cm'><path d='M0,0\n1 1' aria-label='a\"b'/></svg>",
    '<s:svg xmlns:s="http://www.w3.org/2000/svg" xmlns:x="http://www.w3.org/1999/xlink"><s:use x:href="#a"/></s:svg>',
    drawing("<title>t<b>bold</b>]]&gt;</title><metadata>kept<x/></metadata>", 'viewBox="0 0 641 480"'),
    drawing('<path opacity="50%" fill="hsl(120 50% 50% / .5)"/><path fill=\'url("#a") none\'/>', 'width="100%"'),
]


@pytest.mark.parametrize("text", DIRTY)
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    once = clean(text)
    assert clean(once) is once
    assert once == clean(text)


_names = st.sampled_from(
    ["g", "path", "use", "text", "tspan", "title", "script", "style", "svg", "x:y", "pattern", "a", "switch"]
)
_attributes = st.sampled_from(
    ["id", "href", "style", "fill", "d", "width", "viewBox", "onload", "transform", "xlink:href", "preserveAspectRatio"]
)
_values = st.one_of(
    st.sampled_from(
        ["a", "#a", "url(#a)", "url( '#a' ) red", "fill:red;x:1", "M0 0L1 1", "50%", "1e3", "0 0 4 3", "none",
         "rotate(4)", "#12345678", "rgb(1 2 3)", "xMidYMid slice", " 3 ", "javascript:x"]
    ),
    st.text(max_size=8),
)  # fmt: skip


@st.composite
def _documents(draw: st.DrawFn) -> str:
    ET.register_namespace("", NS)

    def element(depth: int) -> ET.Element:
        name = draw(_names).replace("x:", "{urn:x}") if depth else "svg"
        namespace = "" if name.startswith("{") else f"{{{NS}}}"
        node = ET.Element(namespace + name)
        for key, value in draw(st.dictionaries(_attributes, _values, max_size=4)).items():
            node.set(key.replace("xlink:", "{http://www.w3.org/1999/xlink}"), value)
        node.text = draw(st.text(max_size=5))
        node.tail = draw(st.text(max_size=3)) if depth else None
        node.extend(element(depth + 1) for _ in range(draw(st.integers(0, 3 if depth < 2 else 0))))
        return node

    return ET.tostring(element(0), encoding="unicode")


@settings(max_examples=150, deadline=None)
@given(_documents())
def test_any_document_is_refused_or_cleaned_once_and_for_all(text: str) -> None:
    try:
        once = clean(text)
    except GeneratorError:
        return
    assert clean(once) is once
    root = ET.fromstring(once)
    assert (root.get("width"), root.get("height")) == ("640", "480")
    assert "<script" not in once
    assert "onload" not in once


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60))
def test_text_that_is_no_svg_gets_a_clear_error(text: str) -> None:
    with pytest.raises(GeneratorError, match="the SVG was rejected"):
        clean(text)


@pytest.mark.parametrize(
    "body",
    [
        "<script>alert(1)</script>",
        "<foreignObject><div xmlns='http://www.w3.org/1999/xhtml'>x</div></foreignObject>",
        '<image href="file:///etc/passwd"/>',
        '<image href="data:image/png;base64,AAAA"/>',
        "<style>@import url(http://x.invalid)</style>",
        '<animate attributeName="href" to="javascript:x"/>',
        '<set attributeName="onload" to="x"/>',
        '<filter id="f"><feTurbulence numOctaves="100000"/></filter>',
        '<x:evil xmlns:x="urn:x"><g/></x:evil>',
        '<g xmlns="urn:other"/>',
    ],
)
def test_elements_outside_the_allow_list_are_dropped_with_their_content(body: str) -> None:
    assert cleaned_body(body + '<g id="kept"/>') == '<g id="kept"/>'


@pytest.mark.parametrize(
    "attribute",
    [
        'onclick="x()"',
        'href="javascript:x"',
        'href="https://x.invalid/a.svg#a"',
        'href="#a"',
        'href="a.svg#a"',
        'href="data:image/svg+xml,x#a"',
        'fill="url(https://x.invalid/#a)"',
        'fill="u\\72l(http://x.invalid)"',
        'mask="url(//x.invalid/m.svg#m)"',
        'clip-path="url(data:,#x)"',
        'filter="url(#f)"',
        'font-family="a;b:url(x)"',
        'style="background:url(http://x.invalid)"',
        'style="fill:url(http://x.invalid/#a)"',
        'style="fill:expression(alert(1))"',
        'class="x"',
        'id="a b"',
        'd="M0 0LNaN 3"',
        'd="L1 1"',
        'transform="rotate(1 2)"',
        'transform="matrix(1 2 3)"',
        'x="infinity"',
        'x="calc(1px + 2px)"',
        'stroke-dasharray="-1 2"',
        'viewBox="0 0 0 4"',
        'opacity="lots"',
        'x="٣"',
        'data-x="1"',
        'xml:base="http://x.invalid/"',
    ],
)
def test_attributes_that_are_unsafe_or_not_well_formed_are_dropped(attribute: str) -> None:
    assert cleaned_body(f'<path {attribute} fill-rule="evenodd"/>') == '<path fill-rule="evenodd"/>'


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ('style="fill:red; stroke : #123 !important" fill="blue"', 'fill="red" stroke="#123"'),
        ('style="/* fill:red; */stroke:blue"', 'stroke="blue"'),
        ('fill="#ff000080"', 'fill="rgba(255,0,0,0.502)"'),
        ('fill="hsl(120, 100%, 50%)"', 'fill="#00ff00"'),
        ('fill="rgb(1 2 3)"', 'fill="#010203"'),
        ("fill=\"url('#a') none\"", 'fill="url(#a) none"'),
        ('fill="url(#a) url(http://x.invalid)"', 'fill="url(#a)"'),
        ('opacity="50%"', 'opacity="0.5"'),
    ],
)
def test_notations_that_renderers_do_not_share_are_rewritten(given: str, kept: str) -> None:
    assert cleaned_body(f"<path {given}/>") == f"<path {kept}/>"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not well-formed"),
        ("<svg", "not well-formed"),
        ("<svg>&nbsp;</svg>", "not well-formed"),
        ("<svg>\x00</svg>", "not well-formed"),
        ("<svg>\ud800</svg>", "XML does not allow"),
        ("<html/>", "root element is <html>"),
        ('<svg xmlns="urn:x"/>', "root element is <svg>"),
        ('<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://x.invalid/svg11.dtd"><svg/>', "document type"),
        ('<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg>&x;</svg>', "document type"),
        ('<!DOCTYPE svg [<!ENTITY a "b"><!ENTITY b "&a;&a;">]><svg>&b;</svg>', "document type"),
        ("<svg>" + "<g>" * 20_000 + "</g>" * 20_000 + "</svg>", "nested more than 64 deep"),
        ("<svg>" + "<x>" * 20_000 + "</x>" * 20_000 + "</svg>", "nested more than 64 deep"),
        ("<svg>" + "<g/>" * 20_000 + "</svg>", "more than 20000 elements"),
        ("<svg>" + "<script/>" * 20_000 + "</svg>", "more than 20000 elements"),
        ('<svg><g id="a"><use href="#a"/></g></svg>', "refers to itself"),
        ('<svg><use id="a" href="#b"/><use id="b" href="#a"/></svg>', "refers to itself"),
        ('<svg><pattern id="p"><rect fill="url(#p)"/></pattern></svg>', "refers to itself"),
        ('<svg><mask id="m"><g mask="url(#m)"/></mask></svg>', "refers to itself"),
        ('<svg><linearGradient id="a" href="#a"/></svg>', "refers to itself"),
        ('<svg><path d="M0 0L1e7 3"/></svg>', "d of <path> has the number 1e7, beyond the limit of 1e\\+06"),
        ('<svg><path d="M0 0L1e999 3"/></svg>', "beyond the limit"),
        ('<svg><rect width="1000001"/></svg>', "width of <rect>"),
        ('<svg viewBox="0 0 1 99999999"/>', "viewBox of <svg>"),
        ("<svg>" + " " * 4 * 2**20 + "</svg>", "the limit is 4194304"),
    ],
)  # fmt: skip
def test_a_document_that_is_hostile_as_a_whole_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(GeneratorError, match=reason) as caught:
        clean(text)
    assert "\n" not in caught.value.message


def test_references_that_multiply_are_counted_as_drawn() -> None:
    levels = "".join(f'<g id="l{n + 1}">' + f'<use href="#l{n}"/>' * 10 + "</g>" for n in range(8))
    with pytest.raises(GeneratorError, match="expand to more than 200000 elements"):
        clean(drawing(f'<g id="l0"><path/></g>{levels}'))


def test_patterns_that_multiply_are_counted_as_drawn() -> None:
    levels = "".join(f'<pattern id="p{n + 1}">' + f'<rect fill="url(#p{n})"/>' * 10 + "</pattern>" for n in range(8))
    with pytest.raises(GeneratorError, match="expand to more than"):
        clean(drawing(f'<pattern id="p0"><rect/></pattern>{levels}<rect fill="url(#p8)"/>'))


def test_a_paint_on_a_group_counts_for_every_shape_in_it() -> None:
    pattern = '<pattern id="p">' + "<rect/>" * 1000 + "</pattern>"
    with pytest.raises(GeneratorError, match="expand to more than"):
        clean(drawing(f'{pattern}<g fill="url(#p)">' + "<rect/>" * 1000 + "</g>"))


def test_a_long_chain_of_references_is_too_deep() -> None:
    chain = "".join(f'<use id="u{n}" href="#u{n + 1}"/>' for n in range(100))
    with pytest.raises(GeneratorError, match="references are nested more than 64 deep"):
        clean(drawing(chain))


def test_ordinary_repeats_stay() -> None:
    text = drawing('<g id="t">' + "<path/>" * 100 + "</g>" + '<use href="#t"/>' * 1000)
    assert clean(text) is text


def test_the_first_of_two_equal_ids_keeps_it() -> None:
    assert cleaned_body('<g id="a"/><path id="a"/>') == '<g id="a"/><path/>'


def test_limits_are_parameters() -> None:
    with pytest.raises(GeneratorError, match="more than 3 elements"):
        clean(drawing("<g/>" * 3), elements=3)
    with pytest.raises(GeneratorError, match="more than 2 deep"):
        clean(drawing("<g><g/></g>"), depth=2)
    with pytest.raises(GeneratorError, match="beyond the limit of 700"):
        clean(drawing('<rect x="-701"/>'), coordinate=700)
    big = drawing('<rect x="2e7"/>')
    assert clean(big, coordinate=3e7) is big


@pytest.mark.parametrize(
    ("attributes", "view_box", "aspect"),
    [
        ("", "0 0 640 480", None),
        ('viewBox="0 0 200 200"', "0 0 200 200", None),
        ('viewBox="0 0 200 150" width="10" height="100"', "0 0 200 150", None),
        ('viewBox="0 0 200 151"', "0 0 200 151", "none"),
        ('viewBox="0 0 200 151" preserveAspectRatio="xMinYMin slice"', "0 0 200 151", "xMinYMin slice"),
        ('viewBox="0 0 200 200" preserveAspectRatio="bogus"', "0 0 200 200", None),
        ('viewBox="0 0 200"', "0 0 640 480", None),
        ('width="512" height="512px"', "0 0 512 512", None),
        ('width="1in" height="2in"', "0 0 96 192", None),
        ('width="25.4mm" height="2.54cm"', "0 0 96 96", None),
        ('width="72pt" height="6pc"', "0 0 96 96", None),
        ('width="33.33333" height="10"', "0 0 33.3333 10", None),
        ('width="100%" height="100%"', "0 0 640 480", None),
        ('width="300"', "0 0 640 480", None),
        ('width="0" height="-3"', "0 0 640 480", None),
        ('width="10em" height="3ex"', "0 0 640 480", None),
    ],
)
def test_the_root_is_framed_for_the_size_asked_for(attributes: str, view_box: str, aspect: str | None) -> None:
    root = ET.fromstring(clean(drawing("<g/>", attributes)))
    assert root.tag == f"{{{NS}}}svg"
    assert (root.get("width"), root.get("height"), root.get("viewBox")) == ("640", "480", view_box)
    assert root.get("preserveAspectRatio") == aspect


def test_mixed_text_keeps_its_order_and_spaces() -> None:
    body = "<text> a <tspan>b</tspan> c &amp; d<tspan/></text>"
    assert cleaned_body(body + "<!-- -->") == body


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ('<a href="https://x.invalid" fill="red"><path/></a>', '<g fill="red"><path/></g>'),
        ('<a href="#a"><path/></a>', "<g><path/></g>"),
        ("<text>a <a>b</a></text>", "<text>a <tspan>b</tspan></text>"),
        ("<switch><foreignObject/><g/><path/></switch>", "<g><g/></g>"),
    ],
)
def test_links_and_alternatives_become_groups(body: str, kept: str) -> None:
    assert cleaned_body(body) == kept


def test_character_data_sections_become_escaped_text() -> None:
    assert cleaned_body("<title><![CDATA[><img onerror='x'>]]></title>") == "<title>&gt;&lt;img onerror='x'&gt;</title>"


def test_a_document_without_namespace_is_taken_for_svg() -> None:
    assert clean("<svg><path/></svg>").startswith(f'<svg xmlns="{NS}"')


def test_a_full_size_document_is_cleaned() -> None:
    paths = "".join(f'<path d="M{n} 0{"l1.5-2.25" * 18}z" fill="#{n % 4096:03x}"/>' for n in range(19_000))
    text = drawing(paths)
    assert 3.5 * 2**20 < len(text) < 4 * 2**20
    assert clean(text) is text
    assert clean("<!-- x -->" + text) == text


@pytest.mark.parametrize(
    "piece", ["1", "1 ", "1e", "-", ".", ",", "a(", "rotate(1)", "((", "/* ", ";", "#", "url(", " "]
)
@pytest.mark.parametrize("name", ["d", "points", "transform", "fill", "style", "x", "font-family", "display", "mask"])
def test_long_attributes_are_read_in_linear_time(name: str, piece: str) -> None:
    clean(drawing(f'<path {name}="M{piece * (10**6 // len(piece))}!"/>'))
    clean(drawing(f'<path {name}="{piece * (10**6 // len(piece))}!"/>'))


def test_an_svg_can_have_its_size_on_paper() -> None:
    drawn = '<svg xmlns="http://www.w3.org/2000/svg"><path stroke-width="2" d="M0 0h4"/></svg>'
    svg = clean_svg(drawn, width=80, height=60)
    sized = in_millimetres(svg, 203.2, 152.40001)
    assert 'width="203.2mm" height="152.4mm"' in sized
    assert sized.replace('"203.2mm"', '"80"').replace('"152.4mm"', '"60"') == svg
