"""What of a prompt can be seen in its image, and which of its words nothing shows."""

# ruff: noqa: E501 - tables read best with one thing to a line, however long

from __future__ import annotations

from collections.abc import Iterable, Sequence

from spectacle.generators.illustration.language.inflect import singular
from spectacle.generators.illustration.language.ownership import MATERIALS
from spectacle.generators.illustration.language.phrases import SpanKind, place_of
from spectacle.generators.illustration.language.scene import Relation, RelationKind, Thing, Unknown
from spectacle.generators.illustration.language.spans import Span
from spectacle.generators.illustration.language.tables import by_word, word_set

SHOWN_ATTRIBUTES = frozenset(
    {"sleeping", "flying", "jumping", "burning", "glowing", "dancing", "swimming", "baby", "young", "standing", "old",
     "reading", "fishing", "surfing", "floating", "walking", "running", "sitting", "waving", "kneeling", "praying", "upside down", "concentric", "painting", "cutting", "making", "cooking", "photographing", "writing", "fresh", "wild", "beautiful", "cute", "male", "female"}
)  # fmt: skip
"""Attributes that show in the image or that its artworks have anyway."""

LOOKS = frozenset(
    {"hair", "skin", "bald", "beard", "freckles", "pregnant", "sad", "angry", "happy", "surprised", "scared", "crying"}
)
"""First words of the attributes that show on a person's head."""

POSED = frozenset(
    {"playing", "singing", "fighting", "kissing", "hugging", "shaking hands", "holding hands", "high five", "eating",
     "drinking", "climbing", "talking", "working", "cheering", "pointing"}
)  # fmt: skip
"""Attributes that show in how people hold arms and legs."""

EQUIPPED = frozenset(
    {"kicking", "feeding", "milking", "watering", "pushing", "pulling", "sweeping", "mopping", "raking", "shoveling", "digging", "mowing", "vacuuming",
     "ironing", "sawing", "chopping wood", "hammering", "building", "repairing", "washing", "washing up", "doing laundry", "hanging laundry",
     "brushing teeth", "combing hair", "taking a selfie", "phoning", "shopping", "skipping rope", "gardening", "planting", "picking", "knitting",
     "shearing", "examining", "giving an injection", "lifting a dumbbell"}
)  # fmt: skip
"""Attributes that show in what those who can hold something have in hand, or in how they stand."""

_SILENT = word_set("silent")
_ACTIONS = by_word("actions")
_CARRIED = frozenset({RelationKind.HOLDING, RelationKind.WEARING, RelationKind.RIDING, RelationKind.UNDER})
"""Relations that languages say with one another's verbs: one "wears" an umbrella, and "carries" a hat."""


def not_drawn(
    spans: Sequence[Span], things: Iterable[Thing], relations: Iterable[Relation], titles: Iterable[str],
    unknown: Iterable[Unknown], used: Iterable[str],
    looks: Iterable[str],
) -> tuple[list[str], float]:  # fmt: skip
    """Words that nothing in the image shows, and the share of the content words that can be seen.

    Args:
        spans: The prompt, cut into spans.
        things: What is drawn.
        relations: How it stands together.
        titles: Titles of the artworks.
        unknown: Nouns without an artwork, which are reported by themselves.
        used: Words that something else shows: the place, the sky, the chart.
        looks: Attributes of people, whose looks and feelings show.
    """
    things = tuple(things)
    drawn = {word for thing in things for word in thing.noun.lower().split()}
    titles = tuple(titles)
    drawn |= {word for title in titles for word in title.split()} | {word for phrase in used for word in phrase.split()}
    colours = {colour for thing in things for colour in thing.colours}
    attributes = {name for thing in things for name in thing.attributes}
    looks = frozenset(looks)
    acted = {title.partition(" ")[2] for title in titles}
    shown_looks = {word for name in looks if name.split()[0] in LOOKS for word in name.split()}
    shown_looks |= {word for name in attributes if name.split()[0] in ("of", "leafless") for word in name.split()}
    drawn |= shown_looks | {singular(word) for word in shown_looks}
    kinds = {relation.kind for relation in relations}
    reported = {word for one in unknown for word in one.word.split()}
    missing: list[str] = []
    seen = total = 0
    for span in spans:
        text = span.text
        if span.kind is SpanKind.NOUN:
            total += 2
            words = {*text.split(), *span.noun.split(), singular(text), span.noun.replace("moustache", "beard")}
            if words & reported:
                continue
            if words & drawn or MATERIALS.get(text) in colours or place_of(span.noun) or span.noun in used:
                seen += 2
                continue
            missing.append(text)
        elif span.kind is SpanKind.COLOUR:
            total += 1
            if set(span.mark.text.split(" and ")) & (colours | drawn) or text in drawn:
                seen += 1
            else:
                missing.append(text)
        elif span.kind is SpanKind.ATTRIBUTE or (span.kind is SpanKind.VERB and (span.mark.text or span.mark.relation)):
            total += 1
            name = span.mark.text or (span.mark.relation.attribute if span.mark.relation else None) or ""
            shown = (
                name in SHOWN_ATTRIBUTES
                or ((name.split(" ")[0] in LOOKS or name in POSED | EQUIPPED) and name in looks)
            ) and (name in attributes or span.kind is SpanKind.VERB)
            kind = span.mark.relation.kind if span.mark.relation is not None else None
            carried = kind in _CARRIED and bool(kinds & _CARRIED)
            related = kind is not None and (kind in kinds - {RelationKind.BESIDE} or carried)
            shown = shown or MATERIALS.get(text) in colours or _ACTIONS.get(text, "-") in acted
            if shown or related or text in drawn or name in drawn or text.split()[0] in attributes & SHOWN_ATTRIBUTES:
                seen += 1
            else:
                missing.append(text)
        elif span.kind is SpanKind.PLAIN and text not in _SILENT and text not in drawn:
            missing.append(text)
    missing = [word for word in dict.fromkeys(missing) if word and not word.endswith("~")]
    return missing, seen / total if total else 1.0
