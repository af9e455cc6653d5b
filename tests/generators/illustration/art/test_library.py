"""What may be relied on of the art library that ships with the package."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest
from defusedxml import ElementTree

from spectacle.generators.illustration.art.library import Artwork, Library

ELEMENTS = {
    "svg", "path", "g", "circle", "ellipse", "rect", "polygon", "polyline", "line", "linearGradient", "radialGradient",
    "stop", "defs", "clipPath", "use", "mask",
}  # fmt: skip
ATTRIBUTES = {
    "id", "d", "points", "cx", "cy", "r", "rx", "ry", "x", "y", "x1", "y1", "x2", "y2", "fx", "fy", "width", "height",
    "transform", "fill", "fill-opacity", "fill-rule", "stroke", "stroke-width", "stroke-opacity", "stroke-linecap",
    "stroke-linejoin", "stroke-miterlimit", "stroke-dasharray", "stroke-dashoffset", "opacity", "clip-rule",
    "clip-path", "mask", "stop-color", "stop-opacity", "offset", "gradientUnits", "gradientTransform", "spreadMethod",
    "clipPathUnits", "maskUnits", "maskContentUnits",
}  # fmt: skip
LICENCES = {"MIT", "Apache-2.0", "CC-PDDC"}
HABITATS = {"ground", "sky", "water", "underwater", "table", "wearable", "wall", "space", "ceiling"}
FORMS = {"whole", "face", "part", "symbol", "scene"}
WHOLE = [
    "cat", "dog", "fox", "wolf", "bear", "lion", "tiger", "horse", "unicorn", "cow", "elephant", "rabbit", "squirrel",
    "bird", "duck", "owl", "frog", "fish", "butterfly", "bee", "dragon", "car", "truck", "bus", "train", "bicycle",
    "boat", "airplane", "rocket", "house", "castle", "lighthouse", "tree", "flower", "chair", "table", "sofa", "bed",
    "lamp", "bench", "toaster", "microwave", "refrigerator", "fire hydrant", "apple", "pizza", "cup", "book", "clock",
    "umbrella", "balloon", "guitar", "astronaut", "wizard", "witch", "king", "queen", "knight", "pirate", "robot",
    "firefighter", "chef", "teacher", "doctor", "man", "woman", "boy", "girl", "snowman", "igloo", "pyramid",
]  # fmt: skip


@pytest.fixture(scope="module")
def library() -> Library:
    return Library.open()


def test_the_library_is_opened_once_in_a_process(library: Library) -> None:
    assert Library.open() is library
    assert len(library) == len(list(library)) > 2500


def test_drawings_are_found_by_their_identity(library: Library) -> None:
    assert "spectacle:fox" in library
    assert "spectacle:no-such-thing" not in library
    assert library["spectacle:fox"].title == "fox"
    with pytest.raises(KeyError):
        library["spectacle:no-such-thing"]
    with pytest.raises(KeyError):
        library.markup("spectacle:no-such-thing")


def test_all_markup_is_of_plain_shapes_and_refers_only_to_itself(library: Library) -> None:
    everywhere: set[str] = set()
    for drawing in library:
        root = ElementTree.fromstring(f"<svg>{library.markup(drawing.id)}</svg>")
        ids: set[str] = set()
        used: set[str] = set()
        for element in root.iter():
            assert element.tag in ELEMENTS, (drawing.id, element.tag)
            assert set(element.attrib) <= ATTRIBUTES, (drawing.id, set(element.attrib) - ATTRIBUTES)
            if "id" in element.attrib:
                assert element.attrib["id"] not in ids, (drawing.id, "an id twice")
                ids.add(element.attrib["id"])
            for value in element.attrib.values():
                used.update(re.findall(r"url\(#([^)]+)\)", value))
                assert "http" not in value
        assert used <= ids, (drawing.id, used - ids)
        assert not ids & everywhere, (drawing.id, ids & everywhere)
        everywhere |= ids


def test_facts_lie_within_their_ranges(library: Library) -> None:
    for drawing in library:
        check_facts(drawing)


def check_facts(drawing: Artwork) -> None:
    width, height = drawing.size
    x, y, wide, high = drawing.box
    slack = 0.02 * max(width, height)
    assert drawing.title and drawing.title == drawing.title.lower(), drawing.id
    assert min(x, y) >= 0 and min(wide, high) > 0, drawing.id
    assert x + wide <= width + slack and y + high <= height + slack, drawing.id
    assert x - slack <= drawing.foot[0] < drawing.foot[1] <= x + wide + slack, drawing.id
    assert drawing.seat is None or y - slack <= drawing.seat <= y + high, drawing.id
    assert drawing.faces in {"left", "right", "front"}, drawing.id
    assert drawing.habitat in HABITATS, drawing.id
    assert drawing.form in FORMS, drawing.id
    assert 0.001 <= drawing.height_m <= 500, drawing.id
    assert 1 <= len(drawing.colours) <= 6, drawing.id
    assert all(re.fullmatch(r"#[0-9a-f]{6}", colour) and 0 < share <= 1 for colour, share in drawing.colours), (
        drawing.id
    )
    assert drawing.body and all(0 <= index < len(drawing.colours) for index in drawing.body), drawing.id


def test_no_drawing_asks_for_attribution_or_shares_alike(library: Library) -> None:
    assert {drawing.licence for drawing in library} <= LICENCES
    assert {drawing.source for drawing in library} == {"fluent", "noto", "clipart", "spectacle", "flags"}


def test_the_licence_texts_ship_beside_the_drawings() -> None:
    folder = resources.files("spectacle.generators.illustration") / "art"
    for name in ("fluent", "noto", "openclipart", "emojibase", "cldr"):
        assert len((folder / f"LICENSE-{name}.txt").read_text(encoding="utf-8")) > 500


def test_provenance_names_source_and_licence(library: Library) -> None:
    stated = library.provenance("noto:horse")
    assert stated == {
        "id": "noto:horse", "title": "horse", "source": "noto", "licence": "Apache-2.0", "author": "Google Inc",
    }  # fmt: skip
    assert library.provenance("spectacle:pirate")["author"] == "after Microsoft Corporation"
    assert "author" not in library.provenance("spectacle:bench")


@pytest.mark.parametrize("noun", WHOLE)
def test_common_nouns_have_a_whole_body(library: Library, noun: str) -> None:
    assert any(d.form == "whole" and (d.title == noun or noun in d.keywords) for d in library)


def test_vehicles_look_the_way_they_drive(library: Library) -> None:
    assert library["noto:automobile"].faces == "left"
    assert library["noto:rocket"].faces == "right"
    assert library["noto:oncoming-automobile"].faces == "front"


def test_seats_are_where_one_sits(library: Library) -> None:
    for identity in ("noto:chair", "spectacle:bench", "spectacle:sofa"):
        drawing = library[identity]
        assert drawing.seat is not None
        assert 0.3 < (drawing.seat - drawing.box[1]) / drawing.box[3] < 0.8
    assert library["fluent:rose"].seat is None


def test_sizes_are_plausible(library: Library) -> None:
    heights = [library[i].height_m for i in ("noto:ant", "noto:cat", "noto:horse", "noto:elephant", "noto:lighthouse")]
    assert heights == sorted(heights)


def test_opening_the_library_imports_nothing_heavy() -> None:
    # The module by itself: what the package around it imports is not the library's doing.
    code = (
        "import importlib.util, sys\n"
        f"spec = importlib.util.spec_from_file_location('library', {str(module_file())!r})\n"
        "module = importlib.util.module_from_spec(spec); sys.modules['library'] = module\n"
        "spec.loader.exec_module(module)\n"
        "library = module.Library(module.resources.files('spectacle') / 'generators/illustration/art/library.bin')\n"
        "library.markup('noto:fox')\n"
        "assert not {'numpy', 'PIL', 'cairosvg', 'xml'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def module_file() -> Path:
    return Path(str(resources.files("spectacle.generators.illustration.art") / "library.py"))


def test_a_file_that_is_no_library_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.bin"
    other.write_bytes(b"something else entirely")
    with pytest.raises(ValueError, match="not an art library"):
        Library(other)
