"""The illustrator as a generator."""

from __future__ import annotations

import pytest
from control import Control
from pydantic import ValidationError

from spectacle.generators.base import MAX_SEED, Device, Job, MediaType
from spectacle.generators.illustration import Illustration
from spectacle.svg import clean_svg


@pytest.fixture(scope="module")
def generator() -> Illustration:
    generator = Illustration()
    generator.load(Device())
    return generator


def job(prompt: str, **options: object) -> Job:
    return Job(prompt, 320, 240, 11, MediaType.SVG, Illustration.Options.model_validate(options))


def test_a_prompt_gives_a_drawing_with_its_facts(generator: Illustration) -> None:
    (artifact,) = generator.generate(job("a black cat on a red sofa"), Control())
    assert isinstance(artifact.content, str)
    assert isinstance(artifact.content, str)
    assert clean_svg(artifact.content, width=320, height=240) == artifact.content
    assert artifact.facts["engine"] == "composition"
    assert artifact.seed is None


def test_a_png_is_asked_for_as_the_same_drawing(generator: Illustration) -> None:
    wanted = job("a tree")
    png = Job(wanted.prompt, wanted.width, wanted.height, wanted.seed, MediaType.PNG, wanted.options)
    assert generator.generate(png, Control())[0].content == generator.generate(wanted, Control())[0].content


def test_further_pictures_have_further_seeds(generator: Illustration) -> None:
    artifacts = generator.generate(job("two dogs", num_images_per_prompt=3), Control())
    assert [artifact.seed for artifact in artifacts] == [None, 12, 13]
    assert len({artifact.content for artifact in artifacts}) == 3
    second = Job("two dogs", 320, 240, 12, MediaType.SVG, Illustration.Options())
    assert generator.generate(second, Control())[0].content == artifacts[1].content


def test_the_largest_seed_has_a_next_one(generator: Illustration) -> None:
    last = Job("a cat", 64, 64, MAX_SEED, MediaType.SVG, Illustration.Options(num_images_per_prompt=2))
    assert generator.generate(last, Control())[1].seed == 0


def test_the_style_option_overrides_the_words(generator: Illustration) -> None:
    facts = generator.generate(job("a watercolour of a cat", style="blueprint"), Control())[0].facts
    assert facts["style"] == "blueprint"


def test_a_plan_is_drawn_in_place_of_the_prompt(generator: Illustration) -> None:
    (artifact,) = generator.generate(job("a cat", plan={"things": [{"noun": "dog"}]}), Control())
    assert "dog" in artifact.facts["understood"]


def test_a_caption_names_what_is_not_shown_when_it_is_asked_for(generator: Illustration) -> None:
    plain, captioned = (
        generator.generate(job("a zorblax and a cat", caption=caption), Control())[0].content
        for caption in (False, True)
    )
    assert isinstance(plain, str)
    assert isinstance(captioned, str)
    assert "not shown: zorblax" not in plain
    assert 'aria-label="not shown: zorblax"' in captioned


def test_an_unknown_style_is_refused() -> None:
    with pytest.raises(ValidationError):
        Illustration.Options.model_validate({"style": "cubism"})


@pytest.mark.parametrize("prompt", ["", " ", "asdf qwer", "🦊🌙", "x" * 4000, "<svg onload=alert(1)>", "a\x00b", "猫"])
def test_any_prompt_gives_a_picture(generator: Illustration, prompt: str) -> None:
    content = generator.generate(job(prompt), Control())[0].content
    assert isinstance(content, str)
    assert clean_svg(content, width=320, height=240) == content
