"""What a user may rely on of composed pictures."""

from __future__ import annotations

import io
import re
from itertools import cycle
from xml.etree import ElementTree

import cairosvg
import pytest
from PIL import Image

from spectacle.generators.illustration.art.library import Library
from spectacle.generators.illustration.compose import Composition, compose
from spectacle.generators.illustration.compose.abstract import PALETTES
from spectacle.generators.illustration.compose.backgrounds import SETTINGS
from spectacle.generators.illustration.language.scene import (
    PLACES,
    STYLES,
    TIMES,
    WEATHERS,
    Match,
    Relation,
    RelationKind,
    Scene,
    Thing,
)
from spectacle.generators.illustration.language.understanding import understand
from spectacle.svg import clean_svg

NAMESPACE = "{http://www.w3.org/2000/svg}"
ALLOWED = frozenset({
    "svg", "g", "defs", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "linearGradient",
    "radialGradient", "stop", "clipPath", "mask", "pattern", "use", "symbol", "title", "desc",
})  # fmt: skip
LIBRARY = Library.open()


def thing(drawing: str, count: int = 1, colours: tuple[str, ...] = (), noun: str = "", size: float = 1.0) -> Thing:
    return Thing(noun or LIBRARY[drawing].title, (Match(drawing, 1.0),), count, colours, size)


CAT, DOG, HOUSE, TREE = "noto:cat", "fluent:dog", "noto:house", "fluent:deciduous-tree"
HORSE, CAR, SOFA, HAT = "fluent:horse", "noto:automobile", "spectacle:sofa", "fluent:top-hat"
PAIR = (thing(CAT), thing(DOG))


def related(kind: RelationKind, subject: str = CAT, target: str = HOUSE) -> Composition:
    scene = Scene((thing(subject), thing(target)), (Relation(0, kind, (1,)),), place="meadow")
    return compose(scene, LIBRARY, 512, 512, 7)


def boxes(composition: Composition, position: int) -> list[tuple[float, float, float, float]]:
    return [placed.box for placed in composition.placed if placed.thing == position]


def middle(box: tuple[float, float, float, float]) -> tuple[float, float]:
    return ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)


def check_document(svg: str, width: int, height: int) -> None:
    root = ElementTree.fromstring(svg)
    assert (root.get("width"), root.get("height")) == (str(width), str(height))
    assert root.get("viewBox") == f"0 0 {width} {height}"
    tags = [element.tag.removeprefix(NAMESPACE) for element in root.iter()]
    assert set(tags) <= ALLOWED
    assert len(tags) < 5000
    assert clean_svg(svg, width=width, height=height) == svg


def test_the_same_seed_gives_the_same_bytes() -> None:
    scene = Scene(PAIR, place="park")
    assert compose(scene, LIBRARY, 300, 200, 5).svg == compose(scene, LIBRARY, 300, 200, 5).svg


def test_different_seeds_give_different_pictures() -> None:
    scene = Scene(PAIR, place="park")
    assert len({compose(scene, LIBRARY, 300, 200, seed).svg for seed in range(6)}) == 6


def test_there_is_a_background_for_every_place() -> None:
    assert set(PLACES) <= set(SETTINGS)


@pytest.mark.parametrize("place", PLACES)
def test_every_place_is_drawn_at_every_time_and_in_every_weather(place: str) -> None:
    weathers = cycle(WEATHERS)
    for number, time in enumerate(TIMES):
        scene = Scene((thing(CAT),), place=place, time=time, weather=(next(weathers), next(weathers)))
        composition = compose(scene, LIBRARY, 240, 200, number)
        assert composition.place == place
        check_document(composition.svg, 240, 200)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("place", [None, "forest", "room", "lake"])
def test_every_style_is_valid_and_can_be_drawn(style: str, place: str | None) -> None:
    scene = Scene(
        (thing(CAT, 2, ("red",)), thing(HOUSE)), (Relation(0, RelationKind.BESIDE, (1,)),), place, style=style
    )
    composition = compose(scene, LIBRARY, 200, 160, 3)
    check_document(composition.svg, 200, 160)
    picture = Image.open(io.BytesIO(cairosvg.svg2png(composition.svg.encode())))
    assert picture.size == (200, 160)
    assert picture.convert("RGBA").getchannel("A").getextrema()[0] == 255
    assert len(picture.convert("RGB").getcolors(1 << 20) or []) > 20


def test_styles_differ() -> None:
    assert len({compose(Scene(PAIR, style=style), LIBRARY, 128, 128, 1).svg for style in STYLES}) == len(STYLES)


@pytest.mark.parametrize(("width", "height"), [(64, 256), (256, 64), (200, 150), (150, 200), (16, 16), (1, 1)])
def test_everything_stays_inside_at_any_aspect_ratio(width: int, height: int) -> None:
    scenes = (
        Scene(PAIR),
        Scene((thing(CAT, 7), thing(HOUSE), thing("fluent:full-moon"))),
        Scene((thing("fluent:balloon", 5),), place="sky"),
        Scene((thing("noto:duck", 3), thing(CAT)), place="lake"),
        Scene((thing("fluent:dragon"), thing("fluent:castle")), (Relation(0, RelationKind.ABOVE, (1,)),)),
        Scene((thing(CAR, 2), thing(HOUSE), thing(TREE)), place="street"),
    )
    for seed, scene in enumerate(scenes):
        composition = compose(scene, LIBRARY, width, height, seed)
        check_document(composition.svg, width, height)
        for placed in composition.placed:
            left, top, right, bottom = placed.box
            slack = 0.02 * min(width, height)
            assert left >= -slack and top >= -slack, (placed, scene)
            assert right <= width + slack and bottom <= height + slack, (placed, scene)


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 13, 40])
def test_as_many_are_drawn_as_were_asked_for(count: int) -> None:
    composition = compose(Scene((thing(CAT, count),)), LIBRARY, 256, 256, 1)
    assert len(boxes(composition, 0)) == count
    corners = {(round(box[0]), round(box[1])) for box in boxes(composition, 0)}
    assert len(corners) == count


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("size", [(512, 512), (800, 300), (300, 800)])
def test_left_and_right_are_kept(seed: int, size: tuple[int, int]) -> None:
    for kind, sign in ((RelationKind.LEFT_OF, -1), (RelationKind.RIGHT_OF, 1)):
        scene = Scene((thing(CAT), thing(CAR)), (Relation(0, kind, (1,)),))
        composition = compose(scene, LIBRARY, *size, seed)
        subject, target = middle(boxes(composition, 0)[0]), middle(boxes(composition, 1)[0])
        assert (subject[0] - target[0]) * sign > 0


def test_what_is_on_something_rests_on_it() -> None:
    composition = related(RelationKind.ON, CAT, SOFA)
    cat, sofa = boxes(composition, 0)[0], boxes(composition, 1)[0]
    assert sofa[1] < cat[3] < sofa[3]
    assert sofa[0] <= middle(cat)[0] <= sofa[2]


def test_what_is_above_is_higher() -> None:
    composition = related(RelationKind.ABOVE)
    assert boxes(composition, 0)[0][3] <= boxes(composition, 1)[0][1] + 1


def test_what_is_under_is_lower_and_beneath() -> None:
    composition = related(RelationKind.UNDER, CAT, TREE)
    cat, tree = boxes(composition, 0)[0], boxes(composition, 1)[0]
    assert cat[1] > tree[1] + 0.4 * (tree[3] - tree[1])
    assert tree[0] - 5 <= middle(cat)[0] <= tree[2] + 5


def test_behind_is_drawn_before_and_in_front_after() -> None:
    behind, front = related(RelationKind.BEHIND), related(RelationKind.IN_FRONT_OF)
    assert [placed.thing for placed in behind.placed] == [0, 1]
    assert [placed.thing for placed in front.placed] == [1, 0]


def test_between_is_in_the_middle() -> None:
    scene = Scene((thing(CAT), thing(DOG), thing(CAR)), (Relation(0, RelationKind.BETWEEN, (1, 2)),))
    composition = compose(scene, LIBRARY, 512, 512, 2)
    first, second = sorted((middle(boxes(composition, 1)[0])[0], middle(boxes(composition, 2)[0])[0]))
    assert first < middle(boxes(composition, 0)[0])[0] < second


def test_a_rider_is_on_the_back_of_the_mount() -> None:
    composition = related(RelationKind.RIDING, "spectacle:astronaut", HORSE)
    rider, horse = boxes(composition, 0)[0], boxes(composition, 1)[0]
    assert rider[1] < horse[1] + 0.3 * (horse[3] - horse[1])
    assert horse[0] < middle(rider)[0] < horse[2]
    assert horse[1] < rider[3] < horse[3]


def test_a_hat_is_worn_on_the_head() -> None:
    scene = Scene((thing("spectacle:man"), thing(HAT)), (Relation(0, RelationKind.WEARING, (1,)),))
    composition = compose(scene, LIBRARY, 512, 512, 2)
    man, hat = boxes(composition, 0)[0], boxes(composition, 1)[0]
    assert hat[1] < man[1] < hat[3] < man[1] + 0.35 * (man[3] - man[1])
    assert composition.placed[-1].thing == 1


def test_the_chaser_is_behind_and_both_look_the_same_way() -> None:
    scene = Scene((thing("noto:dog"), thing(CAT)), (Relation(0, RelationKind.CHASING, (1,)),))
    for seed in range(4):
        dog, cat = sorted(compose(scene, LIBRARY, 512, 512, seed).placed, key=lambda placed: placed.thing)
        assert cat.looks in {"left", "right"}
        assert (middle(dog.box)[0] > middle(cat.box)[0]) == (cat.looks == "left")


def test_what_swims_is_on_the_water_and_what_stands_on_the_shore() -> None:
    scene = Scene((thing("noto:duck", 3), thing(CAT)), place="lake")
    composition = compose(scene, LIBRARY, 512, 512, 4)
    assert max(box[3] for box in boxes(composition, 0)) < boxes(composition, 1)[0][3]


def test_a_colour_changes_the_drawing_and_is_reported() -> None:
    plain = compose(Scene((thing(CAR),)), LIBRARY, 256, 256, 1)
    blue = compose(Scene((thing(CAR, colours=("blue",)),)), LIBRARY, 256, 256, 1)
    assert plain.svg != blue.svg
    assert blue.placed[0].colours == ("blue",)


@pytest.mark.parametrize("colour", ["white", "black", "grey", "gold", "rainbow", "pink", "no such colour"])
def test_any_colour_can_be_given(colour: str) -> None:
    check_document(compose(Scene((thing(CAR, colours=(colour,)),)), LIBRARY, 128, 128, 1).svg, 128, 128)


def test_a_single_thing_fills_a_good_part_of_the_picture() -> None:
    for seed in range(5):
        for drawing in (CAT, HOUSE, CAR, "fluent:balloon", "noto:red-apple"):
            left, top, right, bottom = compose(Scene((thing(drawing),)), LIBRARY, 512, 512, seed).placed[0].box
            assert 0.4 * 512 < max(right - left, bottom - top) < 0.85 * 512


@pytest.mark.parametrize("mood", [None, *PALETTES])
def test_nothing_to_draw_gives_a_picture_in_the_mood(mood: str | None) -> None:
    composition = compose(Scene(mood=mood), LIBRARY, 120, 90, 2)
    check_document(composition.svg, 120, 90)
    assert composition.placed == ()


def test_a_place_alone_is_its_landscape() -> None:
    composition = compose(Scene(place="forest", time="dawn"), LIBRARY, 256, 256, 2)
    assert (composition.place, composition.time) == ("forest", "dawn")
    assert composition.facts["sources"] == []


def test_forty_things_are_drawn() -> None:
    drawings = [drawing.id for drawing in LIBRARY if drawing.form == "whole"][:40]
    composition = compose(Scene(tuple(thing(drawing) for drawing in drawings)), LIBRARY, 512, 512, 1)
    assert len(composition.placed) == 40
    check_document(composition.svg, 512, 512)


def test_every_relation_holds_between_any_two_kinds_of_things() -> None:
    drawings = (
        CAT,
        HOUSE,
        "fluent:full-moon",
        "noto:red-apple",
        "fluent:balloon",
        "noto:sailboat",
        "fluent:tropical-fish",
    )
    for number, kind in enumerate(RelationKind):
        for seed, subject in enumerate(drawings):
            target = drawings[(number + seed) % len(drawings)]
            scene = Scene((thing(subject, 2), thing(target)), (Relation(0, kind, (1,)),))
            assert len(compose(scene, LIBRARY, 128, 96, seed).placed) >= 3


def test_relations_in_a_circle_do_no_harm() -> None:
    relations = (
        Relation(0, RelationKind.ON, (1,)),
        Relation(1, RelationKind.ON, (0,)),
        Relation(0, RelationKind.ON, (0,)),
    )
    assert len(compose(Scene(PAIR, relations), LIBRARY, 128, 128, 1).placed) == 2


def test_hostile_titles_are_escaped() -> None:
    noun = '</title><script>alert("x")</script>&amp;]]>'
    composition = compose(Scene((thing(CAT, noun=noun),)), LIBRARY, 128, 128, 1, title=noun)
    check_document(composition.svg, 128, 128)
    root = ElementTree.fromstring(composition.svg)
    assert root.findtext(f"{NAMESPACE}title") == noun


def test_facts_name_the_sources_and_what_was_understood() -> None:
    facts = compose(Scene(PAIR, place="park", language="de"), LIBRARY, 128, 128, 1).facts
    assert facts["engine"] == "composition"
    assert {source["id"] for source in facts["sources"]} == {CAT, DOG}
    assert all(source["licence"] for source in facts["sources"])
    assert (facts["language"], facts["style"], facts["place"]) == ("de", "flat", "park")


def drawn(prompt: str, seed: int = 3) -> Composition:
    return compose(understand(prompt, LIBRARY), LIBRARY, 512, 512, seed)


@pytest.mark.parametrize(
    ("prompt", "places"),
    [
        ("a teddy bear sitting on a bed reading a book", {"bedroom"}),
        ("a man surfing a big wave", {"sea"}),
        ("a boat with three people", {"sea"}),
        ("a grandfather fishing with his grandson", {"lake"}),
        ("a dog driving a car", {"road"}),
        ("kids building a snowman", {"snow"}),
        ("a ghost in a graveyard", {"graveyard"}),
        ("an astronaut on mars", {"mars"}),
    ],
)
def test_the_place_suits_what_is_done_there(prompt: str, places: set[str]) -> None:
    assert {drawn(prompt, seed).place for seed in range(4)} <= places


@pytest.mark.parametrize(
    "prompt", ["a sad robot sitting in the rain", "a bench under a cherry tree", "a cat in a storm"]
)
def test_weather_and_trees_are_out_of_doors(prompt: str) -> None:
    assert {drawn(prompt, seed).place for seed in range(6)} & {"room", "kitchen", "bedroom", "table"} == set()


def test_the_children_of_a_group_are_not_all_the_same() -> None:
    assert len({placed.drawing for placed in drawn("three children").placed}) == 3


def test_who_reads_has_a_book() -> None:
    assert "open-book" in " ".join(placed.drawing for placed in drawn("a girl reading under a tree").placed)


def test_who_drives_a_car_looks_out_of_it() -> None:
    composition = drawn("a dog driving a red car")
    (dog,), (car,) = boxes(composition, 0), boxes(composition, 1)
    assert car[0] < middle(dog)[0] < car[2]
    assert dog[3] < car[3]


@pytest.mark.parametrize("prompt", ["five colourful balloons", "a rainbow coloured unicorn"])
def test_every_paint_that_is_used_is_defined(prompt: str) -> None:
    svg = drawn(prompt).svg
    assert set(re.findall(r"url\(#([^)]+)\)", svg)) <= set(re.findall(r' id="([^"]+)"', svg))


@pytest.mark.parametrize(
    ("prompt", "nearest"),
    [("a man hugging a woman", 0.6), ("two women hugging", 0.6), ("two people shaking hands", 1.0)],
)
def test_those_who_do_something_together_touch(prompt: str, nearest: float) -> None:
    composition = compose(understand(prompt, LIBRARY), LIBRARY, 512, 512, 1)
    one, other = (placed.box for placed in composition.placed)
    width = (one[2] - one[0] + other[2] - other[0]) / 2
    assert 0.2 * width < abs(middle(one)[0] - middle(other)[0]) < nearest * width
