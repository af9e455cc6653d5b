"""Chinese and Japanese: from their word order to the English one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from spectacle.generators.illustration.language.numbers import COUNT_WORDS


@dataclass(frozen=True, slots=True)
class Item:
    """A word of a prompt in English.

    Attributes:
        english: The English words.
        sort: What kind of word it is: a heading of `languages.txt`, or `mark`, `number`, `particle`, `unknown`.
        raw: What was written.
    """

    english: str
    sort: str
    raw: str


MEASURES = frozenset("只个個条條辆輛朵座棵匹头頭把本艘架位名间栋颗顆片杯碗块台顶件双束幅匹羽人台つ本枚冊頭軒")
"""Counting words between a number and its noun."""

_PARTICLES = {
    "zh": ("正在", "的", "在", "了", "着", "过", "是", "被", "地", "得", "也", "都"),
    "ja": ("から", "まで", "が", "は", "を", "に", "で", "と", "の", "も", "へ", "な", "した", "して", "いる"),
}
_COUNTS = frozenset({*COUNT_WORDS, "a", "some", "many", "my"})
_MODIFIERS = ("adjective", "number")
_NAMES = ("noun", "place", "unknown")


def particle(text: str, start: int, code: str) -> str:
    """The grammatical particle that begins at a character, or an empty text."""
    return next((one for one in _PARTICLES[code] if text.startswith(one, start)), "")


def reorder(items: Sequence[Item], code: str) -> list[Item]:
    """The words of a prompt in the order English has."""
    result: list[Item] = []
    clause: list[Item] = []
    for item in [*items, Item(".", "mark", "")]:
        if item.sort == "mark":
            result.extend(_clause(clause, code))
            if item.raw:
                result.append(item)
            clause = []
        else:
            clause.append(item)
    return result


@dataclass(slots=True)
class _Group:
    """Words that stay together: a noun with its modifiers, a relation with its noun, a verb with its object."""

    sort: str
    items: list[Item]
    joins: bool = False


def _clause(items: Sequence[Item], code: str) -> list[Item]:
    groups = _groups(items, code)
    return [item for group in _order(groups, code) for item in group.items]


def _is_count(item: Item) -> bool:
    return item.sort == "number" or (item.sort == "function" and item.english in _COUNTS)


def _groups(items: Sequence[Item], code: str) -> list[_Group]:
    """Nouns with their modifiers, each followed by what relates it or acts on it."""
    groups: list[_Group] = []
    open_modifiers: list[Item] = []
    for item in items:
        if item.sort in _MODIFIERS or _is_count(item):
            open_modifiers.append(item)
        elif item.sort in _NAMES:
            previous = groups[-1] if groups else None
            if previous is not None and previous.sort == "name" and not open_modifiers and not previous.joins:
                previous.items.append(item)
            else:
                groups.append(_Group("name", [*open_modifiers, item]))
            open_modifiers = []
        elif item.sort == "particle":
            _particle(item.english, groups, code)
        else:
            if open_modifiers:
                groups.append(_Group("modifier", open_modifiers))
                open_modifiers = []
            sort = item.sort
            if item.english == "and":
                sort = "and"
            elif item.english in ("with", "without", "no") and sort == "function":
                sort = "with"
            groups.append(_Group(sort, [item], joins=item.raw.endswith("の")))
    if open_modifiers:
        groups.append(_Group("modifier", open_modifiers))
    return groups


def _particle(text: str, groups: list[_Group], code: str) -> None:
    if not groups:
        if text == "在":
            groups.append(_Group("at", []))
        return
    last = groups[-1]
    if text == "を" and last.sort == "name" and last.items[-1].sort == "place":
        groups.append(_Group("relation", [Item("in", "relation", text)]))  # what one runs or flies through
    elif text in ("的", "の"):
        last.joins = True
    elif text in ("在", "正在"):
        groups.append(_Group("at", []))
    elif text in ("が", "は", "も", "了", "を"):
        last.joins = True
        if text != "を":
            groups.append(_Group("boundary", []))
    elif text == "に" and last.sort == "name" and last.items[-1].sort == "place" and code == "ja":
        groups.append(_Group("relation", [Item("in", "relation", text)]))


def _order(groups: list[_Group], code: str) -> list[_Group]:
    """Puts relations and verbs before their nouns, and nouns before the clauses that describe them."""
    groups = _postpositions(groups)
    if code == "ja":
        groups = _objects(groups)
    return _parted(_relative(groups, code))


def _parted(groups: list[_Group]) -> list[_Group]:
    """Two names with nothing known between them, such as who acts and on what, stay two things."""
    result: list[_Group] = []
    parted = False
    for group in groups:
        if group.sort in ("at", "boundary"):
            parted = parted or group.sort == "boundary"
            continue
        if parted and group.sort == "name" and result and result[-1].sort == "name":
            result.append(_Group("and", [Item("and", "function", "")]))
        result.append(group)
        parted = False
    return result


def _postpositions(groups: list[_Group]) -> list[_Group]:
    """ "Table on" becomes "on table"; so does Chinese "at table on"."""
    result: list[_Group] = []
    for group in groups:
        if group.sort == "relation" and result and result[-1].sort == "name":
            named = [result.pop()]
            if group.items[0].english == "between" and len(result) > 1 and result[-1].sort == "and":
                named = [result.pop(-2), result.pop(), *named]
            if result and result[-1].sort == "at":
                result.pop()
            inside = [item for part in named for item in part.items]
            result.append(_Group("phrase", [*group.items, *inside], joins=group.joins))
        elif group.sort == "name" and result and result[-1].sort == "at" and not _followed(groups, group, "relation"):
            result[-1] = _Group("phrase", [Item("in", "relation", ""), *group.items], joins=group.joins)
        else:
            result.append(group)
    return result


def _followed(groups: list[_Group], group: _Group, sort: str) -> bool:
    index = next(number for number, one in enumerate(groups) if one is group)
    return index + 1 < len(groups) and groups[index + 1].sort in (sort, "and")


def _objects(groups: list[_Group]) -> list[_Group]:
    """Japanese "ball hold" becomes "hold ball"."""
    result: list[_Group] = []
    for group in groups:
        raw = group.items[0].raw if group.items else ""
        if group.sort == "verb" and result and result[-1].sort == "name" and raw[:1] in ("を", "に", "で", "と"):
            named = result.pop()
            result.append(_Group("action", [*group.items, *named.items]))
        else:
            result.append(group)
    return result


def _relative(groups: list[_Group], code: str) -> list[_Group]:
    """Moves what describes a noun behind it, and a verb before the place where it happens."""
    result: list[_Group] = []
    index = 0
    while index < len(groups):
        group = groups[index]
        if group.sort in ("phrase", "action", "verb", "with"):
            run = [group]
            while (
                index + 1 < len(groups)
                and groups[index + 1].sort in ("phrase", "action", "verb")
                and not _ends(run, code)
            ):
                index += 1
                run.append(groups[index])
            if (
                code == "zh"
                and run[-1].sort in ("verb", "with")
                and index + 1 < len(groups)
                and groups[index + 1].sort == "name"
            ):
                index += 1
                run.append(groups[index])
            run = _verb_first(run)
            following = groups[index + 1] if index + 1 < len(groups) else None
            if following is not None and following.sort == "name" and _describes(run, groups[index], code):
                result.append(following)
                result.extend(run)
                index += 2
                continue
            result.extend(run)
        else:
            result.append(group)
        index += 1
    return result


def _ends(run: list[_Group], code: str) -> bool:
    return code == "zh" and run[-1].joins


def _describes(run: list[_Group], last: _Group, code: str) -> bool:
    if code == "zh":
        return last.joins
    return last.joins or run[0].sort == "action" or last.sort == "verb" or any(group.sort == "action" for group in run)


def _verb_first(run: list[_Group]) -> list[_Group]:
    """A verb before the phrase that says where: "cat on sofa sleeping" becomes "cat sleeping on sofa"."""
    if len(run) == 2 and run[0].sort == "phrase" and run[1].sort == "verb":
        english = run[1].items[0].english
        if english == "sitting on":
            return [_Group("verb", [Item("sitting", "verb", run[1].items[0].raw)]), run[0]]
        return [run[1], run[0]]
    return run
