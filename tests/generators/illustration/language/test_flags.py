"""What may be relied on of flags and dates in prompts."""

from __future__ import annotations

import pytest

from spectacle.generators.illustration.art.library import Library
from spectacle.generators.illustration.language import dates
from spectacle.generators.illustration.language.flags import with_flags
from spectacle.generators.illustration.language.retrieve import drawings_of
from spectacle.generators.illustration.language.tables import by_word
from spectacle.generators.illustration.language.understanding import understand

LIBRARY = Library.open()


def titles(prompt: str) -> list[str]:
    return [LIBRARY[thing.matches[0].drawing].title for thing in understand(prompt, LIBRARY).things]


@pytest.mark.parametrize(
    ("prompt", "flags"),
    [
        ("the flag of Japan", ["flag of japan"]),
        ("a French flag", ["flag of france"]),
        ("a boy waving an american flag", ["boy", "flag of united states"]),
        ("flags of Canada, Germany and India", ["flag of canada", "flag of germany", "flag of india"]),
        ("a south korean flag on a house", ["flag of south korea", "house"]),
        ("the Union Jack", ["flag of united kingdom"]),
        ("a red flag", ["triangular flag"]),
    ],
)
def test_the_flag_of_a_country_is_drawn_however_it_is_named(prompt: str, flags: list[str]) -> None:
    assert titles(prompt) == flags


def test_a_flag_of_no_country_is_left_as_it_is_written() -> None:
    assert with_flags("the flag of Narnia", {"flag of japan"}.__contains__) == "the flag of Narnia"
    assert with_flags("flags of Japan and a dog", {"flag of japan"}.__contains__) == "flag of japan and a dog"


def test_every_country_that_has_a_demonym_has_a_flag() -> None:
    known = drawings_of(LIBRARY).by_title
    missing = {country for country in by_word("demonyms").values() if f"flag of {country}" not in known}
    assert not missing


@pytest.mark.parametrize(
    ("text", "rest", "found"),
    [
        ("a jazz night on May 12 at 8 pm", "a jazz night", ("May 12 at 8 pm",)),
        ("Anna and Tom, June 21 2025", "Anna and Tom", ("June 21 2025",)),
        ("yard sale, saturday 9am", "yard sale", ("saturday 9am",)),
        ("12-14 May 2025, Berlin", "Berlin", ("12-14 May 2025",)),
        ("a march of penguins in may", "a march of penguins in may", ()),
        ("a man at noon", "a man at noon", ()),
    ],
)
def test_dates_and_times_are_told_from_the_rest(text: str, rest: str, found: tuple[str, ...]) -> None:
    assert dates.take(text) == (rest, found)


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        ("concert poster for a jazz night on May 12 at 8 pm", "May 12 at 8 pm"),
        ("wedding invitation for Anna and Tom, June 21 2025", "June 21 2025"),
        ("conference poster, 12-14 May 2025", "12–14 May 2025"),
        ("invitation to Mia's 5th birthday party", "Mia's 5th birthday party"),
        ("Summer Sale banner with a beach umbrella", "Summer Sale"),
        ("a for sale sign in front of a house", "for sale"),
        ("a card that says 谢谢", "谢谢"),
        ("「ありがとう」と書かれたカード", "ありがとう"),
    ],
)
def test_dates_occasions_and_set_phrases_are_written(prompt: str, text: str) -> None:
    assert text in [one.text for one in understand(prompt, LIBRARY).inscriptions]


@pytest.mark.parametrize("prompt", ["a card that says 谢谢", "「ありがとう」と書かれたカード"])
def test_something_that_is_only_a_card_and_says_something_is_one(prompt: str) -> None:
    assert understand(prompt, LIBRARY).genre == "card"
