"""Places, times of day and weather: the words for them, and what a thing implies when none is said."""

from __future__ import annotations

from dataclasses import dataclass

from spectacle.generators.illustration.language.tables import by_word, meanings, word_set


@dataclass(frozen=True, slots=True)
class PlaceWord:
    """What a noun for a place says.

    Attributes:
        place: One of `scene.PLACES`.
        weak: Whether a further place in the prompt says more than this one.
    """

    place: str
    weak: bool = False


PLACE_WORDS = {word: PlaceWord(place, weak=True) for word, place in by_word("weak places").items()} | {
    word: PlaceWord(place) for word, place in by_word("places").items()
}
"""Nouns for places, in the singular, to what they say."""

NEVER_THINGS = word_set("never things")
"""Place words that are never drawn as things, whatever the sentence."""

DRAWABLE_PLACES = word_set("drawable places")
"""Place words for which an artwork may stand in the scene when they have a count, a colour or a role."""

TIME_WORDS = meanings("times")
"""Times of day to the phrases for them."""

WEATHER_WORDS = meanings("weather")
"""Kinds of weather to the phrases for them."""

SKY_WORDS: dict[str, tuple[str, ...]] = {
    phrase: tuple(name for table in (TIME_WORDS, WEATHER_WORDS) for name in table if phrase in table[name])
    for table in (TIME_WORDS, WEATHER_WORDS)
    for phrases in table.values()
    for phrase in phrases
}
"""Phrases for the time and the weather to the names of both that they say ("starry night" says two)."""

SKY_PLACES = word_set("sky places")
"""Phrases that say a time or weather and the weak place `sky` too."""

SNOWY_GROUND = frozenset({"snow", "fresh snow", "deep snow"})
"""After "in" or "on" these are a place, not weather."""

IMPLIED_BY_NOUN = by_word("implied places")
"""Nouns to where they are when the prompt does not say."""

IMPLIED_BY_CATEGORY = by_word("implied by category")
"""Categories of the art library to where such things are."""
