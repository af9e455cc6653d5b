"""Docs, messages, help, settings, docstrings and comments use the glossary's terms, not the words they replaced."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest
from documentation import PAGES, ROOT, read

RETIRED = {
    r"\banew\b": "again",
    r"\b(is|are) no (valid|directory|device|kind|JSON|number|size|setting|ordinary|TOML|age|request)\b": "not a",
    r"\bstands? still\b": "does not change",
    r"\btaken for\b": "considered, mistaken for",
    r"\bleft-?overs\b(?! of)": "stale files",
    r"\bbroken off\b": "interrupted",
    r"\b(gives?|given|giving|takes?|taken) back\b": "release, cancel",
    r"\bbesides?\b": "next to, in addition to",
    r"\bdoorbell\b": "notification",
    r"\bblock-list\b|\ballow-list\b": "blocklist, allowlist",
    r"\bcontrol groups?\b": "cgroup",
    r"(?<!the )(?<!graphics )\bprocessors?\b": "CPU",
    r"\bat once\b": "immediately, simultaneously",
    r"\bleave (out|(it|them|this|that) out)\b": "omit, remove",
    r"\bunless set\b|\bwhen absent\b": "Default: …",
    r"\bordinary files?\b": "regular file",
    r"\bfault in Spectacle\b": "internal error",
    r"\bput aside\b": "quarantined",
    r"\bmay not be (read|written)\b": "no permission to …",
    r"\bpictures?\b": "image",
    r"\b\w+(anit|aster|ptim|ector|isual|irtual|ynchron|ormal|niti?al)is(e|ed|es|ing|ation)\b": "-ize",
}
"""What a native reader stumbles over or cannot search for, and the term instead."""

ALLOWED = re.compile(
    r"`[^`]*`|\[[^\]]*\]\([^)]*\)|image processor|kind picture|map, picture|`picture`|\"picture\"|Picture [12]"
    r"|[Ee]verything is an ordinary file|ordinary file in one directory|on, under, beside|picture = "
)
"""Code, links, names of models' and libraries' parts, and the kind that is called picture."""

# Says in the illustrator what prompts may contain, or is text that a model was trained with.
FOREIGN = (
    "illustration/language",
    "illustration/compose",
    "illustration/art",
    "prompts.py",
    "modes.py",
    "test_generator.py",
)


def retired(text: str) -> list[str]:
    """The retired words in a text, each with what to use instead."""
    plain = ALLOWED.sub("", text)
    return [f"{match[0]!r}: {term}" for word, term in RETIRED.items() for match in re.finditer(word, plain)]


@pytest.mark.parametrize("page", [page for page in PAGES if page != "CHANGELOG.md"])
def test_no_page_uses_a_retired_word(page: str) -> None:
    assert not retired(re.sub(r"(?s)```.*?```", "", read(page)))


def test_no_setting_uses_a_retired_word() -> None:
    assert not retired((ROOT / "spectacle.toml").read_text(encoding="utf-8").replace("[kinds.picture]", ""))


SHOWN = re.compile(r"(Check|echo|fail|Error|Attachment|Options)$")
"""Calls whose arguments people read."""


DESCRIBING = ("summary", "licence", "presets")
"""Attributes of generators that `spectacle generators` shows."""


def messages(path: Path) -> Iterator[tuple[int, str]]:
    """What a module may show to people: arguments of errors, checks and echoes, descriptions, and help."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            found: list[ast.AST] = [*node.exc.args]
        elif isinstance(node, ast.Call) and re.search(
            r"Check$|echo$|fail$|Error$|Attachment$|Options$", ast.unparse(node.func)
        ):
            found = [*node.args]
        elif isinstance(node, ast.keyword) and node.arg in ("description", "help"):
            found = [node.value]
        elif isinstance(node, ast.FunctionDef) and node.name == "command":
            found = [node.body[0]]
        elif isinstance(node, ast.AnnAssign) and ast.unparse(node.target) in DESCRIBING and node.value:
            found = [node.value]
        elif isinstance(node, ast.FunctionDef) and node.name in ("notes", "plan", "memory_advice"):
            found = [*node.body]
        else:
            continue
        for each in found:
            for part in ast.walk(each):
                if isinstance(part, ast.Constant) and isinstance(part.value, str) and " " in part.value:
                    yield part.lineno, part.value


def test_no_message_or_help_text_uses_a_retired_word() -> None:
    found = []
    for path in sorted((ROOT / "spectacle").rglob("*.py")):
        if not any(part in path.as_posix() for part in FOREIGN):
            found += [f"{path.name}:{line} {word}" for line, text in messages(path) for word in retired(text)]
    assert not found, "\n".join(found)


IN_CODE = {
    r"\banswer(s|ed|ing)?\b": "result, error",
    r"\bfolders?\b": "directory",
    r"\bcompanions?\b": "attachment",
    r"\b(a|the|one|each|every|last|first) drawing\b(?! (shows|code))": "SVG, artwork",
}
"""Further words that docstrings and comments must not use for a thing of the glossary."""

NAMED_IN_CODE = re.compile(
    r"`[^`]*`|^\s+\*{0,2}\w+:|image processor|Qwen\S+ processor|structlog processor|model and its processor"
    r"|(windows?,|candles,|framed) pictures|a picture on the wall",
    re.MULTILINE,
)
"""Code, names of arguments, names of libraries' parts, and what hangs on the walls of scenes."""


def explanations(path: Path) -> Iterator[tuple[int, str]]:
    """The docstrings, of attributes too, and the comments of a module."""
    text = path.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.lineno, node.value.value
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def test_no_docstring_or_comment_uses_a_retired_word() -> None:
    found = []
    for path in sorted((ROOT / "spectacle").rglob("*.py")):
        # What the illustrator composes of artwork are drawings, and may show folders.
        words = RETIRED if any(part in path.as_posix() for part in FOREIGN) else RETIRED | IN_CODE
        for line, text in explanations(path):
            plain = NAMED_IN_CODE.sub("", text)
            found += [
                f"{path.relative_to(ROOT)}:{line} {match[0]!r}: {term}"
                for word, term in words.items()
                for match in re.finditer(word, plain)
            ]
    assert not found, "\n".join(found)


def test_the_list_finds_what_it_is_for() -> None:
    assert retired("It begins anew beside the picture.") and not retired("The kind `picture` makes an image.")
