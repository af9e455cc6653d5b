"""What may be relied on of people who do something, of depth, and of long and narrow images."""

from __future__ import annotations

import pytest

from spectacle.generators.illustration.art.library import Library
from spectacle.generators.illustration.compose import Composition, compose
from spectacle.generators.illustration.compose.bodies import ARMS, LEGS, arms_of
from spectacle.generators.illustration.compose.doings import DOINGS
from spectacle.generators.illustration.language.coverage import EQUIPPED, SHOWN_ATTRIBUTES
from spectacle.generators.illustration.language.understanding import understand

LIBRARY = Library.open()
Box = tuple[float, float, float, float]


def drawn(prompt: str, width: int = 512, height: int = 512, seed: int = 1) -> Composition:
    return compose(understand(prompt, LIBRARY), LIBRARY, width, height, seed)


def box(composition: Composition, word: str) -> Box:
    return next(one.box for one in composition.placed if word in f"{one.noun} {one.title}")


def test_all_that_is_done_has_its_tools_in_the_library_and_poses_that_exist() -> None:
    for name, doing in DOINGS.items():
        tools = [doing.tool, doing.beside, *(doing.tools or {}).values()]
        assert all(tool[1] in LIBRARY for tool in tools if tool is not None), name
        assert not doing.legs or doing.legs in LEGS, name
        assert not doing.arms or set(arms_of(doing.arms)) <= set(ARMS), name


def test_what_is_said_to_be_shown_of_doings_is_what_has_tools_or_poses() -> None:
    assert set(DOINGS) - SHOWN_ATTRIBUTES - {"singing"} == EQUIPPED


@pytest.mark.parametrize(
    ("prompt", "tool"),
    [
        ("a farmer milking a cow", "bucket of milk"),
        ("a girl feeding ducks", "bread"),
        ("a man feeding a horse", "carrot"),
        ("a woman watering flowers", "watering can"),
        ("a man sweeping the street", "broom"),
        ("a woman brushing her teeth", "toothbrush"),
        ("a nurse giving a shot to a patient", "syringe"),
        ("a man mowing the lawn", "lawn mower"),
        ("a painter painting a portrait of a cat", "easel"),
        ("eine Frau gießt Blumen", "watering can"),
        ("un hombre barriendo la calle", "broom"),
        ("女の子が犬に餌をあげている", "pet food"),
    ],
)
def test_people_have_what_they_need_for_what_they_do(prompt: str, tool: str) -> None:
    composition = drawn(prompt)
    assert any(tool in (one.noun, one.title) for one in composition.placed)
    assert not composition.scene.not_drawn


def test_a_ball_that_is_kicked_is_small_and_at_the_foot() -> None:
    composition = drawn("a boy kicking a soccer ball")
    boy, ball = box(composition, "boy"), box(composition, "ball")
    assert ball[3] - ball[1] < 0.5 * (boy[3] - boy[1])
    assert abs(ball[0] - boy[2]) < 0.25 * (boy[2] - boy[0])
    assert (ball[1] + ball[3]) / 2 > (boy[1] + boy[3]) / 2


def test_who_pushes_something_touches_it() -> None:
    composition = drawn("a mother pushing a stroller")
    mother, stroller = box(composition, "mother"), box(composition, "stroller")
    assert mother[2] > stroller[0] > mother[0]


def test_what_is_milked_in_a_barn_stands_before_it() -> None:
    composition = drawn("a farmer milking a cow in a barn")
    order = [
        next(n for n, one in enumerate(composition.placed) if one.noun == noun) for noun in ("barn", "cow", "farmer")
    ]
    assert order == sorted(order)


def test_what_is_far_is_small_and_high_and_what_is_near_is_large_and_low() -> None:
    composition = drawn("a dog in the foreground and a castle in the background")
    dog, castle = box(composition, "dog"), box(composition, "castle")
    assert dog[3] > castle[3] + 0.1 * 512
    assert castle[3] - castle[1] < dog[3] - dog[1]


def test_a_second_place_is_seen_from_afar() -> None:
    composition = drawn("a truck on a highway with mountains in the background", 1024, 256)
    truck, mountain = box(composition, "truck"), box(composition, "mountain")
    assert mountain[3] < truck[3]
    assert not composition.scene.not_drawn


def test_what_stands_in_a_narrow_image_takes_up_its_width() -> None:
    giraffe = box(drawn("a giraffe in the savanna", 256, 1024), "giraffe")
    assert giraffe[2] - giraffe[0] > 0.7 * 256


def test_a_group_spreads_over_a_long_image() -> None:
    places = [one.box for one in drawn("five cats", 1024, 256).placed]
    assert max(place[2] for place in places) - min(place[0] for place in places) > 0.6 * 1024


def test_things_in_a_narrow_image_stand_behind_each_other() -> None:
    composition = drawn("a cat and a dog", 256, 1024)
    assert abs(box(composition, "cat")[3] - box(composition, "dog")[3]) > 0.03 * 1024


def test_a_stack_is_one_on_the_other_with_the_last_on_top() -> None:
    composition = drawn("a stack of four pancakes with a strawberry on top")
    pancakes = [one.box for one in composition.placed if "pancake" in one.noun]
    assert len(pancakes) == 4
    assert max(abs(one[0] - pancakes[0][0]) for one in pancakes) < 0.2 * (pancakes[0][2] - pancakes[0][0])
    assert box(composition, "strawberry")[1] < min(one[1] for one in pancakes)


def test_a_cake_without_candles_has_none() -> None:
    composition = drawn("a birthday cake without candles")
    assert composition.placed[0].title.startswith("candleless")
    assert not composition.scene.not_drawn


@pytest.mark.parametrize("prompt", ["pizza with mushrooms and olives", "a bowl of soup with basil leaves"])
def test_food_with_what_grows_elsewhere_is_on_a_table(prompt: str) -> None:
    assert drawn(prompt).place == "table"


@pytest.mark.parametrize("prompt", ["a woman lying on the grass", "a man sleeping on a bench", "a boy lying on a sofa"])
def test_somebody_who_lies_is_longer_than_high(prompt: str) -> None:
    left, top, right, bottom = box(drawn(prompt), prompt.split()[1])
    assert right - left > 1.3 * (bottom - top)
