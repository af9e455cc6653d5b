"""What a program may rely on of the plan of a picture."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from spectacle.generators.illustration.art.library import Library
from spectacle.generators.illustration.compose import compose
from spectacle.generators.illustration.language.understanding import understand
from spectacle.generators.illustration.plan import Plan

LIBRARY = Library.open()


@pytest.mark.parametrize(
    "prompt",
    [
        "two red cats on a blue sofa at night in the rain, watercolour",
        "a pie chart with 30% red and 70% blue",
        'a shop sign that says "OPEN"',
        "a birthday card with roses",
        "a bald man riding a horse on the beach",
        "quiddity",
    ],
)
def test_a_prompt_is_understood_the_same_from_its_plan(prompt: str) -> None:
    scene = understand(prompt, LIBRARY)
    written = Plan.of(scene).model_dump_json()
    again = Plan.model_validate_json(written).scene(LIBRARY)
    assert Plan.of(again) == Plan.of(scene)
    assert compose(again, LIBRARY, 200, 200, 5).facts["genre"] == scene.genre


def test_a_plan_may_name_things_by_noun_alone() -> None:
    plan = {"things": [{"noun": "fox", "count": 2}, {"noun": "qwertzu"}], "relations": [
        {"subject": 0, "kind": "beside", "objects": [1]}], "place": "forest"}  # fmt: skip
    scene = Plan.model_validate(plan).scene(LIBRARY)
    assert [(thing.noun, thing.count) for thing in scene.things] == [("fox", 2)]
    assert scene.relations == ()
    assert [one.word for one in scene.unknown] == ["qwertzu"]


@pytest.mark.parametrize(
    "plan", [{"place": "atlantis"}, {"things": [{"noun": "cat", "count": 99}]}, {"colour": 1}, {"genre": "opera"}]
)
def test_a_plan_that_says_what_there_is_not_is_refused(plan: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Plan.model_validate(plan)
