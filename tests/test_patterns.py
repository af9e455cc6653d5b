"""What a pattern of the block-list finds: the same as Python's own expressions, in time linear in the text."""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys
import warnings

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spectacle.patterns import Pattern, compile_pattern
from spectacle.processes import module_environment

TEXTS = [
    "",
    " ",
    "a fox",
    "A FOX",
    "Füchse im Schnee",
    "FÜCHSE",
    "assé",
    "über übel",
    "kelvin",
    "straſse STRASSE straße STRAẞE",
    "IİiıÏ",
    "Iſtanbul İstanbul ıstanbul",
    "дом ДОМ",
    "寿司 と 酒",
    "١٢٣ 123 ²½",
    "red_fox-2",
    "can't",
    "foo  bar",
    "é e\u0301",
    "😀 ok",
]
PATTERNS = [
    "fox",
    r"\bfox\b",
    r"^a fox$",
    r"\Aa",
    r"x\Z",
    r"\w+",
    r"\W",
    r"\d+",
    r"\D\d",
    r"\s\S",
    r"[^\W\d_]+",
    r"[^\s]",
    r"[\w-]+",
    r"[^abc]",
    r"[^i]",
    r"[ı-ų]",
    r"ı",
    r"İ",
    r"[a-c]",
    r"[^\W]x",
    r"(?:red|blue)[ _](fox|hare)",
    r"(?P<animal>fox)",
    r"f(o|0){1,3}x",
    r"o{2}",
    r"o{1,}?x",
    r"o*?x",
    r"\bü\w+",
    r"\Bx",
    r"x\B",
    r"\b\bfox",
    r"\b(?:the )?\bfox\b",
    r"^\b\w",
    r"\w\b$",
    r"a.f",
    r"(?s)a.f",
    r"(?-i:fox)",
    r"(?i:fox)",
    r"(?x) f o x # spaced",
    r"(?a)\w+é",
    r"(?a)\bass\b",
    r"straße",
    r"STRASSE",
    r"дом",
    r"[а-я]{3}",
    r"寿司",
    r"k",
    r"ſ",
    r"\u00fc",
    r"\x66ox",
    r"\N{LATIN SMALL LETTER E WITH ACUTE}",
    r"\.",
    r"",
    r"(?:)*",
    r"|fox",
    r"[[a]",
    r"\$|\^|\{|\}",
]


def theirs(pattern: str, text: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compiled = re.compile(pattern, re.IGNORECASE)
    # Not `search`, which goes by the flags of the whole when it looks where "(?a:\W)" may begin, and misses it.
    return any(compiled.match(text, at) for at in range(len(text) + 1))


@pytest.mark.parametrize("source", PATTERNS)
def test_a_pattern_finds_what_python_finds(source: str) -> None:
    pattern = Pattern(source)
    assert {text: pattern.search(text) for text in TEXTS} == {text: theirs(source, text) for text in TEXTS}


ATOMS = st.sampled_from(
    [
        *("a", "b", "I", "i", "İ", "ı", "k", "ſ", "ß", "ü", "_", "1", " ", ".", "!", r"\.", r"\u212a", ""),
        *(r"\w", r"\W", r"\d", r"\D", r"\s", r"\S", r"\b", r"\B", "^", "$", r"\A", r"\Z", "(?s:.)"),
        *(
            "[ab]",
            "[^ab]",
            "[^i]",
            r"[\wü]",
            r"[^\W\d]",
            "[a-z]",
            "[^a-z]",
            "[_!]",
            r"[\W_]",
            "[ı-ų]",
            r"[^\s\w]",
            "[K-k]",
        ),
    ]
)
EXPRESSIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"(?:{'|'.join(parts)})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{1,2}", "{2}", "{2,}", "{,2}", "*?", "+?", "??"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
        st.tuples(st.sampled_from(["-i", "i", "s", "m", "a", "u", "i-s", "a-i"]), inner).map(
            lambda pair: f"(?{pair[0]}:{pair[1]})"
        ),
    ),
    max_leaves=8,
)


@settings(deadline=None, max_examples=500)
@given(EXPRESSIONS, st.text("abIiİıkKſßẞüÜ_ 1x!", min_size=1, max_size=8))
@example(r"\b(?:a)?\ba", "a")
@example(r"\b^a", "a")
@example(r"a$\b", "a")
@example(r"\b\b\b\b\ba", "a")
@example(r"(?:\b|a){5}", "a")
@example(r"(?a:\ba)", "üa")
@example(r"(?a)\w(?u:\w)", "aü")
@example(r"(?-i:i)", "İ")
@example(r"(?a)k", "\u212a")
@example(r"\B", "a")
@example(r"\b", "!")
@example(r"[\d\U00034000]", "\U00034000")
def test_any_pattern_finds_what_python_finds_in_any_text(source: str, text: str) -> None:
    try:
        pattern = Pattern(source)
    except ValueError as error:
        assert "word boundaries of both Unicode and ASCII" in str(error)
        assert "(?a" in source or "(?u" in source
    else:
        assert pattern.search(text) == theirs(source, text)


def test_letters_are_alike_without_regard_to_case_as_python_has_it() -> None:
    cased = "".join(each for each in map(chr, range(0x20000)) if each.lower() != each or each.upper() != each)
    for number in range(0, len(cased), 41):
        letter = cased[number]
        pattern = Pattern(letter)
        assert [each for each in cased if pattern.search(each)] == [each for each in cased if theirs(letter, each)]


@pytest.mark.parametrize(
    ("source", "contains"),
    [
        (r"(?=fox)", "a look-ahead or look-behind"),
        (r"(?<!red )fox", "a look-ahead or look-behind"),
        (r"(fox) \1", "a back-reference"),
        (r"(?P<x>fox)(?P=x)", "a back-reference"),
        (r"(a)?(?(1)b|c)", "a condition on a group"),
        (r"(?>fox)", "an atomic group"),
        (r"fo++", "a possessive quantifier"),
        (r"(?!)", "a look-ahead or look-behind"),
    ],
)
def test_what_needs_backtracking_is_refused_and_named(source: str, contains: str) -> None:
    with pytest.raises(ValueError) as caught:
        Pattern(source)
    assert str(caught.value) == (
        f"{source!r} contains {contains}, which cannot be searched in linear time. "
        "Write it without, or as several patterns"
    )


@pytest.mark.parametrize("source", [r"\bfox(?a:\b)", r"(?a)\bfox(?u:\B)"])
def test_boundaries_of_two_kinds_are_refused_and_named(source: str) -> None:
    with pytest.raises(ValueError, match="contains word boundaries of both Unicode and ASCII"):
        Pattern(source)


@pytest.mark.parametrize("source", ["(", "[a", "a{2,1}", "*", "(?P<1>a)", "a{99999999999}", "(" * 5000, r"\N{no}"])
def test_what_is_no_expression_is_refused(source: str) -> None:
    with pytest.raises(ValueError, match=r"invalid regular expression '.*: "):
        Pattern(source)


@pytest.mark.parametrize("source", [r"(?:\w{1,500}x){1,500}", "a{2000}", "(?:" * 3000 + ")" * 3000])
def test_what_is_too_large_is_refused_with_what_to_do(source: str) -> None:
    with pytest.raises(ValueError, match=r"is too large|invalid") as caught:
        Pattern(source)
    assert "{n,m} smaller" in str(caught.value) or "recursion" in str(caught.value)


SLOW_FOR_OTHERS = [
    (r"^(\w+\s?)+$!", "a perfectly ordinary sentence of a few words and then some more of them"),
    (r"(a+)+b", "a" * 65536),
    (r"(a|aa)+b", "a" * 65536),
    (r"(\w*\w*)*!", "a" * 65536),
    (r"(.*,){20}x", "a," * 32768),
    (r"\b(\w+ ?)+\b!", "ab " * 20000),
    (r"(\w{1,20} ){1,10}!", "ab " * 20000),
    (r".*.*.*!", "x" * 65536),
]


def test_no_pattern_takes_more_than_linear_time() -> None:
    code = (
        "import json, resource, sys\n"
        "from spectacle.patterns import Pattern\n"
        "for source, text in json.load(sys.stdin):\n"
        "    Pattern(source).search(text)\n"
    )
    subprocess.run(
        [sys.executable, "-P", "-c", code],
        input=json.dumps(SLOW_FOR_OTHERS),
        text=True,
        check=True,
        env=module_environment(),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (60, 60)),
    )


@pytest.mark.parametrize("letter", ["\u03b9", "\u0399", "\u1fbe"])
def test_a_class_of_what_is_not_a_letter_finds_no_greek_iota(letter: str) -> None:
    assert not compile_pattern(r"\W{2}").search(letter * 2)
    assert not compile_pattern(r"(?:^|[^\w])bomb").search(f"{letter}bomb")
    assert compile_pattern(r"\w{2}").search(letter * 2)
