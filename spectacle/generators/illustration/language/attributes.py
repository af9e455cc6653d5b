"""Adjectives: sizes, what else is understood of a thing, and the mood of a prompt."""

from spectacle.generators.illustration.language.tables import by_word, word_set

SIZE_WORDS = {word: float(size) for word, size in by_word("sizes").items()}
"""Words to the factor on the ordinary size of a thing."""

ATTRIBUTE_WORDS = by_word("attributes")
"""Words to the attribute that `Thing.attributes` names."""

PLAIN = word_set("plain")
"""Adjectives and adverbs that say nothing to draw; they are passed over."""

MOOD_WORDS = by_word("seasons") | by_word("moods")
"""Words to the mood they set."""
