"""What may be relied on before the sentences of a prompt are read: kind of picture, texts, tags, senses, languages."""

from __future__ import annotations

import pytest

from spectacle.generators.illustration.art.library import Library
from spectacle.generators.illustration.language import charts, genres, quoting, tags
from spectacle.generators.illustration.language.genres import Genre
from spectacle.generators.illustration.language.scene import RelationKind, Scene
from spectacle.generators.illustration.language.understanding import understand

LIBRARY = Library.open()


def read(prompt: str) -> Scene:
    return understand(prompt, LIBRARY)


def nouns(prompt: str) -> list[str]:
    return [thing.noun for thing in read(prompt).things]


@pytest.mark.parametrize(
    ("prompt", "genre", "rest"),
    [
        ("a logo of a dog", Genre.ICON, "a dog"),
        ("cat icon, flat", Genre.ICON, "cat , flat"),
        ("a rose, no background", Genre.ICON, "a rose"),
        ("seamless pattern of lemons and leaves", Genre.PATTERN, "lemons and leaves"),
        ("a map of Italy", Genre.MAP, "Italy"),
        ("a birthday card with balloons", Genre.CARD, "balloons"),
        ("movie poster of a shark", Genre.POSTER, "a shark"),
        ("book cover about a dragon", Genre.COVER, "a dragon"),
        ("portrait of an old wizard", Genre.PORTRAIT, "an old wizard"),
        ("a diagram of the water cycle", Genre.DIAGRAM, "the water cycle"),
        ("sushi platter", Genre.PLATE, "sushi"),
    ],
)
def test_the_kind_of_picture_is_heard(prompt: str, genre: Genre, rest: str) -> None:
    found = genres.find(prompt)
    assert (found.genre, found.text) == (genre, rest)


@pytest.mark.parametrize(
    "prompt",
    ["a man reading a map of Italy", "a girl in a dress with a floral pattern", "a cat next to a poster", "a red car"],
)
def test_words_for_a_kind_that_name_a_thing_leave_a_scene_a_scene(prompt: str) -> None:
    assert genres.find(prompt).genre is Genre.SCENE


@pytest.mark.parametrize(
    ("prompt", "written"),
    [
        ('a sign that says "OPEN"', ("OPEN",)),
        ("a shop sign that says OPEN", ("OPEN",)),
        ("a t-shirt with the number 42 on it", ("42",)),
        ("logo for a coffee shop called 'The Daily Grind'", ("The Daily Grind",)),
        ("a bakery called Golden Crust at night", ("Golden Crust",)),
        ("a robot holding a sign with “Let's PAINT!” written on it", ("Let's PAINT!",)),
        ("the children's toys aren't here", ()),
        ("a dog named Rex", ()),
        ("a 'big' cat", ()),
    ],
)
def test_texts_that_are_to_be_written_are_taken_out(prompt: str, written: tuple[str, ...]) -> None:
    assert quoting.take(prompt)[1] == written


def test_a_text_belongs_to_what_carries_it_or_else_to_the_picture() -> None:
    carried = read('a cat beside a sign that says "HELLO"').inscriptions[0]
    assert (carried.text, carried.carrier) == ("HELLO", 1)
    assert read('a cat on a hill, "HELLO"').inscriptions[0].carrier is None


def test_a_stop_sign_has_its_word() -> None:
    assert [one.text for one in read("a stop sign on a street").inscriptions] == ["STOP"]


@pytest.mark.parametrize(
    ("prompt", "kind", "entries"),
    [
        ("a pie chart with 30% red and 70% blue", "pie", (("red", 30), ("blue", 70))),
        ("bar chart of apples 5, oranges 3 and kiwis 8", "bar", (("apples", 5), ("oranges", 3), ("kiwis", 8))),
        ("bar chart: Q1 10, Q2 20, Q3 15", "bar", (("Q1", 10), ("Q2", 20), ("Q3", 15))),
        ("line chart with values 3, 5, 2", "line", (("", 3), ("", 5), ("", 2))),
    ],
)
def test_a_chart_has_the_numbers_of_the_prompt(prompt: str, kind: str, entries: tuple[tuple[str, int], ...]) -> None:
    chart = read(prompt).chart
    assert chart is not None
    assert (chart.kind, chart.entries, chart.example) == (kind, entries, False)


def test_a_chart_without_numbers_is_known_for_an_example() -> None:
    chart = charts.read("sales from 2018 to 2021", "line graph")
    assert chart.example
    assert [label for label, _ in chart.entries] == ["2018", "2019", "2020", "2021"]


def test_tags_say_of_a_person_what_they_name() -> None:
    scene = read("masterpiece, best quality, 1girl, (red hair:1.2), blue dress, city street, night --ar 16:9")
    assert scene.things[0].noun == "girl"
    assert "hair red" in scene.things[0].attributes
    assert any(relation.kind is RelationKind.WEARING for relation in scene.relations)
    assert (scene.place, scene.time) == ("street", "night")
    assert "masterpiece" not in scene.not_drawn


@pytest.mark.parametrize("prompt", ["an empty road --no cars", "an empty road. negative prompt: cars, people"])
def test_what_tags_exclude_is_not_drawn(prompt: str) -> None:
    assert nouns(prompt) == []
    assert "cars" in tags.clear(prompt).unwanted


def test_artists_are_named_as_not_understood() -> None:
    assert "Greg Rutkowski" in [one.word for one in read("a castle, by Greg Rutkowski").unknown]


@pytest.mark.parametrize(
    ("prompt", "noun"),
    [
        ("a mouse and a keyboard", "computer mouse"),
        ("a mouse and a cheese", "mouse"),
        ("a bat and a ball", "baseball bat"),
        ("a bat in a cave", "bat"),
    ],
)
def test_the_sense_of_a_word_goes_by_its_company(prompt: str, noun: str) -> None:
    assert noun in nouns(prompt)


def test_a_name_after_my_dog_is_a_name() -> None:
    assert nouns("my dog max wearing sunglasses") == ["dog", "sunglasses"]
    assert nouns("my friend Tom riding a bike") == ["friend", "bike"]


@pytest.mark.parametrize("prompt", ["loneliness", "how a panic attack feels", "teamwork", "the concept of time"])
def test_an_idea_is_read_as_a_small_scene(prompt: str) -> None:
    assert read(prompt).things


@pytest.mark.parametrize(
    ("prompt", "missing"),
    [("a sour cat", "sour"), ("a cat pondering", "pondering"), ("a japanese cat", "japanese")],
)
def test_a_word_that_nothing_shows_is_named(prompt: str, missing: str) -> None:
    assert missing in " ".join(read(prompt).not_drawn)


def test_nothing_is_said_to_be_missing_that_is_there() -> None:
    scene = read("two red cats sleeping on a sofa at night")
    assert (scene.not_drawn, scene.share) == ((), 1.0)


@pytest.mark.parametrize(
    ("prompt", "language", "title", "place"),
    [
        ("Сгенерируй изображение панды в лесу", "ru", "panda", "forest"),
        ("кіт під деревом", "uk", "cat", None),
        ("czerwony samochód na plaży", "pl", "automobile", "beach"),
        ("bahçede bir kedi", "tr", "cat", "garden"),
        ("ارسم قطة حمراء", "ar", "cat", None),
        ("जंगल में एक शेर", "hi", "lion", "forest"),
        ("숲에서 책을 읽는 소녀", "ko", "girl", "forest"),
        ("ヒツジの絵を描いて", "ja", "ewe", None),
    ],
)
def test_further_languages_are_read(prompt: str, language: str, title: str, place: str | None) -> None:
    scene = read(prompt)
    assert scene.language == language
    assert title in [LIBRARY[match.drawing].title for match in scene.things[0].matches]
    if place is not None:
        assert scene.place == place


def test_relations_of_languages_that_put_them_last_are_turned_round() -> None:
    (relation,) = read("masanın üstünde iki kedi").relations
    scene = read("masanın üstünde iki kedi")
    assert relation.kind is RelationKind.ON
    assert scene.things[relation.subject].count == 2


def test_an_event_is_shown_by_those_who_take_part_with_when_and_where_it_is() -> None:
    scene = read("a football match in the rain")
    assert {thing.noun for thing in scene.things} >= {"boy", "goal net"}
    assert "rain" in scene.weather
    assert scene.not_drawn == ()


def test_a_crowded_place_has_people() -> None:
    scene = read("a crowded beach in summer")
    assert scene.place == "beach"
    assert scene.things[0].noun in ("person", "people")
    assert scene.things[0].count > 3
