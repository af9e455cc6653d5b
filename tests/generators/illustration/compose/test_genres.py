"""What may be relied on of pictures that are no scenes, of texts in pictures, and of people."""

from __future__ import annotations

import io
import re
from itertools import combinations
from xml.etree import ElementTree

import cairosvg
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from spectacle.generators.illustration.art.library import Library
from spectacle.generators.illustration.compose import Composition, compose
from spectacle.generators.illustration.compose.heads import TONES
from spectacle.generators.illustration.compose.lettering import CAP, fit, line, width_of, writable
from spectacle.generators.illustration.language.anatomy import _anatomies
from spectacle.generators.illustration.language.understanding import understand
from spectacle.svg import clean_svg

NAMESPACE = "{http://www.w3.org/2000/svg}"
LIBRARY = Library.open()


def is_written(group: ElementTree.Element) -> bool:
    return any(one.get("aria-label") for one in group.iter())


def drawn(prompt: str, width: int = 320, height: int = 320, seed: int = 3) -> Composition:
    return compose(understand(prompt, LIBRARY), LIBRARY, width, height, seed)


def pixels(composition: Composition) -> np.ndarray:
    png = cairosvg.svg2png(bytestring=composition.svg.encode())
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"))


def labels(composition: Composition) -> list[str]:
    return re.findall(r'aria-label="([^"]*)"', composition.svg)


GENRES = """
a logo of a dog called 'Rex'
sun icon
seamless pattern of lemons
polka dot pattern, pink on white
striped pattern
a plaid pattern
hexagon pattern
chevron pattern
geometric pattern
scallop pattern
gingham pattern
a pie chart with 30% red and 70% blue
bar chart of apples 5 and pears 3
line graph of growth
map of France
world map
a diagram of the water cycle
mind map about healthy eating
the solar system
infographic about cats and dogs
life cycle of a frog
birthday card with a cat
wedding invitation for Anna and Ben
poster of a tiger in the jungle
book cover titled "Night" with an owl
portrait of a woman
close up of a rose
sushi platter
a cheese board with grapes and wine
a sign that says "HELLO"
U.S. 101
quiddity
""".strip().splitlines()


@pytest.mark.parametrize("prompt", GENRES)
@pytest.mark.parametrize(("width", "height"), [(320, 320), (640, 160), (160, 640)])
def test_every_kind_of_picture_is_clean_svg_in_every_shape(prompt: str, width: int, height: int) -> None:
    composition = drawn(prompt, width, height)
    assert clean_svg(composition.svg, width=width, height=height) == composition.svg
    assert composition.svg == drawn(prompt, width, height).svg


def test_no_two_prompts_get_the_same_picture() -> None:
    svgs = [drawn(prompt).svg for prompt in [*GENRES, "asdf", "qwer", "a cat", "the cat", "a photo of a cat"]]
    assert all(one != other for one, other in combinations(svgs, 2))


def test_an_icon_has_a_plain_ground_and_no_ground_when_it_is_to_be_transparent() -> None:
    assert (pixels(drawn("a heart icon"))[0, 0] == 255).all()
    assert pixels(drawn("a heart icon, transparent background"))[0, 0, 3] == 0


@pytest.mark.parametrize(
    "prompt", ["seamless pattern of lemons and leaves", "polka dot pattern", "striped pattern", "gingham pattern"]
)
def test_a_pattern_is_a_tile_that_fits_its_neighbours(prompt: str) -> None:
    tile = pixels(drawn(prompt, 400, 400)).astype(int)[:, :, :3]
    steps = [np.abs(tile[row + 1] - tile[row]).mean() for row in range(399)]
    assert np.abs(tile[0] - tile[-1]).mean() <= max(steps) + 3
    across = [np.abs(tile[:, column + 1] - tile[:, column]).mean() for column in range(399)]
    assert np.abs(tile[:, 0] - tile[:, -1]).mean() <= max(across) + 3


def test_a_chart_says_its_numbers() -> None:
    composition = drawn("bar chart of apples 5 and pears 3")
    assert {"5", "3", "apples", "pears"} <= set(labels(composition))
    assert composition.facts["chart"]["entries"] == [["apples", 5.0], ["pears", 3.0]]


def test_a_chart_of_no_numbers_says_so() -> None:
    composition = drawn("line graph of growth")
    assert any("no numbers" in note for note in composition.facts["notes"])


def test_a_map_shows_the_country_named() -> None:
    assert drawn("map of Italy").place == "italy"
    assert "Italy" in labels(drawn("map of Italy"))


def test_a_text_is_written_where_it_belongs() -> None:
    composition = drawn('a robot holding a sign that says "HELLO YOU"')
    assert composition.facts["text"] == ["HELLO YOU"]
    assert set(" ".join(labels(composition)).split()) >= {"HELLO", "YOU"}
    (sign,) = [placed for placed in composition.placed if placed.noun == "sign"]
    assert sign.drawing.startswith("written:")


@pytest.mark.parametrize(
    ("prompt", "written"),
    [
        ("birthday card for Anna, says 'Happy 30th, Anna!'", ["Happy 30th, Anna!"]),
        ("birthday card for Anna", ["Happy Birthday!", "Anna"]),
        ("a christmas card that says 'Merry Xmas to all'", ["Merry Xmas to all"]),
    ],
)
def test_a_card_has_one_greeting_and_says_nothing_twice(prompt: str, written: list[str]) -> None:
    assert " ".join(labels(drawn(prompt))) == " ".join(written)


def test_letters_that_the_font_lacks_are_told() -> None:
    (note,) = drawn('a sign that says "こんにちは"').facts["notes"]
    assert "こんにちは" in note
    assert "notes" not in drawn('a sign that says "Привет"').facts


@pytest.mark.parametrize(
    ("prompt", "carrier"), [("a t-shirt with a dinosaur on it", "t shirt"), ("a banner with a cat on it", "banner")]
)
def test_what_is_on_something_flat_is_printed_on_it(prompt: str, carrier: str) -> None:
    composition = drawn(prompt)
    boxes = {placed.noun: placed.box for placed in composition.placed}
    outer = boxes.pop(carrier)
    (inner,) = boxes.values()
    assert outer[0] < inner[0] < inner[2] < outer[2]
    assert outer[1] < inner[1] < inner[3] < outer[3]


@pytest.mark.parametrize("seed", range(6))
def test_a_text_is_never_mirrored(seed: int) -> None:
    root = ElementTree.fromstring(drawn('a dog chasing a cat past a sign that says "HELLO"', seed=seed).svg)
    written = {group.get("id") for group in root.iter(f"{NAMESPACE}g") if group.get("id") and is_written(group)}
    uses = [use for use in root.iter(f"{NAMESPACE}use") if use.get("href", "")[1:] in written]
    assert uses
    assert all("scale(-" not in use.get("transform", "") for use in uses)


@given(st.text(st.sampled_from("abcXYZ ,.!é中ж"), min_size=1, max_size=60), st.floats(20, 900), st.floats(20, 400))
@settings(max_examples=80, deadline=None)
def test_a_text_fits_its_box(text: str, width: float, height: float) -> None:
    fitted = fit(text, width, height)
    assert fitted.width <= width * 1.001
    assert fitted.height <= height * 1.001
    assert " ".join(fitted.lines).split() == text.split()


def test_latin_greek_and_cyrillic_are_written_and_others_as_boxes() -> None:
    assert writable("Ünïcödé Ελλάδα Привет") == 1.0
    assert writable("漢字") == 0.0
    assert line("漢", 0, 0, 10, "#000").count("<path") == 1
    assert width_of("WW") > width_of("ii")
    assert 0.5 < CAP < 0.9


@pytest.mark.parametrize(
    ("prompt", "tone"),
    [
        ("a black woman", "dark"),
        ("a dark-skinned man", "dark"),
        ("a white man", "light"),
        ("a brown-skinned girl", "medium-dark"),
    ],
)
def test_a_skin_that_is_named_is_drawn(prompt: str, tone: str) -> None:
    composition = drawn(prompt)
    assert TONES[tone][0] in composition.svg
    assert composition.time == "day" or "night" not in composition.time


def test_skin_varies_by_seed_when_none_is_named() -> None:
    tones = {
        tone for seed in range(12) for tone, colours in TONES.items() if colours[0] in drawn("a woman", seed=seed).svg
    }
    assert len(tones) > 2


@pytest.mark.parametrize(
    ("prompt", "shown"),
    [
        ("a bald man", "bald"), ("a man with a beard", "beard"), ("a boy with curly red hair and freckles", "freckles"),
        ("a woman in a hijab", "headscarf"), ("a woman wearing a red dress", "dress"), ("a pregnant woman", "pregnant"),
    ],
)  # fmt: skip
def test_people_look_as_they_are_described(prompt: str, shown: str) -> None:
    (person,) = drawn(prompt).placed
    assert shown in person.title


def test_clothes_are_part_of_the_body_and_have_their_colours() -> None:
    composition = drawn("a man wearing a blue shirt and green trousers")
    assert len(composition.placed) == 1
    assert "#2b6fd9" in composition.svg
    assert "#3a9d3a" in composition.svg


def test_what_could_not_be_understood_is_noted() -> None:
    notes = drawn("gollum eating a watermelon, by Xyz Abc").facts["notes"]
    assert any("gollum" in note for note in notes)


@pytest.mark.parametrize(
    ("prompt", "named"),
    [
        ("labelled diagram of a flower", ["Flower", "Petal", "Stem", "Leaf"]),
        ("diagram of the parts of a bicycle", ["Handlebar", "Saddle", "Frame"]),
        ("parts of a fish, labelled", ["Tail", "Gill", "Eye"]),
        ("anatomy of a butterfly", ["Antenna", "Forewing"]),
    ],
)
@pytest.mark.parametrize("size", [(512, 512), (768, 400), (320, 900)])
def test_the_parts_of_a_thing_are_labelled_within_the_diagram(
    prompt: str, named: list[str], size: tuple[int, int]
) -> None:
    composition = drawn(prompt, *size)
    assert set(named) <= {word for label in labels(composition) for word in label.split()}
    clean_svg(composition.svg, width=size[0], height=size[1])


def test_every_part_of_an_anatomy_is_on_an_artwork_that_there_is() -> None:
    anatomies = {one.drawing: one for one in _anatomies().values()}
    for drawing, anatomy in anatomies.items():
        assert drawing in LIBRARY
        assert len(anatomy.parts) >= 3
        assert all(0 <= across <= 1 and 0 <= down <= 1 for _, across, down in anatomy.parts)


@pytest.mark.parametrize("prompt", ["monogram of A and K", "monogram AK", "a logo with the initials AK"])
def test_initials_are_written(prompt: str) -> None:
    assert labels(drawn(prompt)) == ["AK"]


def test_a_letter_from_somebody_is_a_thing() -> None:
    assert understand("a letter from Anna", LIBRARY).inscriptions == ()
