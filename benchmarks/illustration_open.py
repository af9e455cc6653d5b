"""Prompts as people write them, with what must be in the picture of each, checked by program.

The prompts are not kept here. Give a file of tab-separated columns with a heading that has `id`, `prompt` and `size`;
what must be seen for each `id` stands in `illustration_checks.txt`. GenEval's six kinds of prompts need no list: what
they ask for is read from the prompt.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from spectacle.generators.illustration.art.library import Library
from spectacle.generators.illustration.compose import Composition, compose
from spectacle.generators.illustration.language.inflect import singular
from spectacle.generators.illustration.language.numbers import COUNT_WORDS
from spectacle.generators.illustration.language.understanding import understand

CHECKS = Path(__file__).with_name("illustration_checks.txt")
_COLOURS = frozenset(
    {"red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "white", "grey", "gold", "rainbow"}
)  # fmt: skip
_SIDES = {"left of": "left", "right of": "right", "above": "above", "below": "below"}
_GENEVAL = re.compile(r"a photo of (.+)")


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one picture fared.

    Attributes:
        prompt: What was asked.
        category: Kind of prompt, where the file says.
        failed: The checks that do not hold.
        total: How many checks there are.
        digest: Of the picture.
    """

    prompt: str
    category: str
    failed: tuple[str, ...]
    total: int
    digest: str

    @property
    def score(self) -> int:
        """2 when all holds, 1 when at least half does, else 0."""
        if not self.failed:
            return 2
        return 1 if 2 * len(self.failed) <= self.total else 0


def read_checks(file: Path = CHECKS) -> dict[str, list[str]]:
    """The checks by the number of their prompt."""
    found = {}
    for line in file.read_text("utf-8").splitlines():
        number, colon, rest = line.partition(":")
        if colon and number.isdigit():
            found[number] = [check.strip() for check in rest.split(";")]
    return found


def judge(rows: Path, library: Library, seed: int) -> list[Verdict]:
    """Draws every prompt of a file and checks what came of it."""
    known = read_checks()
    verdicts = []
    with rows.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            width, height = (int(side) for side in row["size"].split("x"))
            composition = compose(understand(row["prompt"], library), library, width, height, seed)
            own = [check.strip() for check in (row.get("checks") or "").split(";") if check.strip()]
            checks = own or known.get(row["id"]) or asked(row["prompt"])
            failed = tuple(check for check in checks if not holds(check, composition))
            digest = hashlib.sha256(composition.svg.encode()).hexdigest()
            verdicts.append(Verdict(row["prompt"], row.get("category", ""), failed, len(checks), digest))
    return verdicts


def asked(prompt: str) -> list[str]:
    """The checks of a prompt in GenEval's form: one thing, two, a count, colours, a position."""
    match = _GENEVAL.fullmatch(prompt)
    if match is None:
        return []
    for phrase, side in _SIDES.items():
        first, said, second = match[1].partition(f" {phrase} ")
        if said:
            return [_noun(first), _noun(second), f"{side}({_noun(first)},{_noun(second)})"]
    return [_noun(part) for part in match[1].split(" and ")]


def _noun(phrase: str) -> str:
    words = [word for word in phrase.split() if word not in ("a", "an")]
    count = COUNT_WORDS.get(words[0]) if len(words) > 1 else None
    colour = words[0] if words[0] in _COLOURS and len(words) > 1 else ""
    noun = singular(words[-1])
    noun = {"phone": "phone|mobile", "drier": "drier|dryer", "couch": "couch|sofa", "tv": "tv|television"}.get(
        noun, noun
    )
    return f"{count} {noun}" if count else f"{colour} {noun}".strip()


def holds(check: str, composition: Composition) -> bool:
    """Whether one check holds."""
    sided = re.fullmatch(r"(left|right|above|below|on)\((.+),(.+)\)", check)
    if sided:
        return _stands(sided[1], sided[2], sided[3], composition)
    if check.startswith("-"):
        return not _seen(check[1:], composition)
    head, _, rest = check.partition(" ")
    if head.isdigit():
        return len(_seen(rest, composition)) == int(head)
    if head in _COLOURS and rest:
        seen = _seen(rest, composition)
        return bool(seen) and all(any(head in colour for colour in one.colours) or head in one.noun for one in seen)
    return any(_alternative(part, composition) for part in check.split("|"))


def _alternative(part: str, composition: Composition) -> bool:
    key, equals, value = part.partition("=")
    if not equals:
        return bool(_seen(part, composition))
    facts = composition.facts
    if key == "words":
        return value in " ".join([*facts.get("missing", ()), *(one["word"] for one in facts["unknown"])]).lower()
    if key == "weather":
        return value in composition.scene.weather
    if key == "time":
        return composition.time == value
    if key == "place":
        return value == composition.place
    return value.lower() in str(facts.get(key, "")).lower()


def _seen(alternatives: str, composition: Composition) -> list:  # type: ignore[type-arg]
    """The drawings that show one of the nouns."""
    wanted = set(alternatives.split("|"))
    found = []
    for one in composition.placed:
        words = re.findall(r"\w+", f"{one.title} {one.noun}".lower())
        if wanted & {form for word in words for form in (word, singular(word))}:
            found.append(one)
    return found


def _stands(side: str, first: str, second: str, composition: Composition) -> bool:
    ones, others = (_seen(noun.split(" ")[-1], composition) for noun in (first, second))
    if not ones or not others:
        return False
    one, other = ones[0].box, others[0].box
    x, y = ((one[0] + one[2]) - (other[0] + other[2])) / 2, ((one[1] + one[3]) - (other[1] + other[3])) / 2
    tall = min(one[3] - one[1], other[3] - other[1])
    return {
        "left": x < 0,
        "right": x > 0,
        "above": y < -0.3 * tall,
        "below": y > 0.3 * tall,
        "on": y < 0 and abs(x) < 0.5 * (other[2] - other[0]),
    }[side]


def report(verdicts: list[Verdict], *, show: bool) -> None:
    """Prints shares by category and in all, and how many pictures are the same for different prompts."""
    if show:
        for one in verdicts:
            if one.failed:
                print(f"  {one.score} {one.prompt[:90]!r}: {'; '.join(one.failed)}")
    kinds = sorted({one.category.split("_")[0] for one in verdicts})
    groups = [(kind, [one for one in verdicts if one.category.split("_")[0] == kind]) for kind in kinds]
    groups.append(("all but GenEval", [one for one in verdicts if not one.category.startswith("geneval")]))
    for kind, chosen in groups:
        scores = Counter(one.score for one in chosen)
        total = max(1, len(chosen))
        shares = " ".join(
            f"{name} {scores[score] / total:.0%}" for score, name in ((2, "good"), (1, "partly"), (0, "wrong"))
        )
        print(f"open prompts, {kind}: {shares} of {len(chosen)}")
    same = len(verdicts) - len({one.digest for one in verdicts})
    print(f"pictures that are the same as another prompt's: {same}")
