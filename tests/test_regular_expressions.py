"""No regular expression that reads what strangers write takes more than linear time.

Nothing is timed: a child process has seconds of processor time for what takes milliseconds, and minutes if it does not.
"""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from spectacle.processes import module_environment

USES: dict[str, dict[str, str]] = {
    "spectacle.sanitize": {"_STRAY_JOINER": "sub", "_TOKEN": "sub"},
    "spectacle.spool.naming": {
        "KIND_PATTERN": "fullmatch",
        "_STEM": "fullmatch",
        "_COMPANION": "fullmatch",
        "_CLIENT_DRAFT": "fullmatch",
        "_RESULT": "fullmatch",
        "_NUMBERED": "fullmatch",
        "_IMAGE_SUFFIX": "fullmatch",
        "_RECORDED_ATTACHMENT": "fullmatch",
        "_RECORDED_RESULT": "fullmatch",
        "_FIRST_FORMAT_RESULT": "fullmatch",
        "_RECORDED_DRAFT": "fullmatch",
        "_TEMPORARY": "fullmatch",
        "_BROKEN_LOCK": "fullmatch",
        "_ASIDE": "fullmatch",
        "_RETIRED_NAME": "fullmatch",
        "_SCHEMA": "fullmatch",
    },
    "spectacle.spool.record": {"_DIGEST": "fullmatch"},
    "spectacle.images.jpeg": {"_MARKER": "search", "_END_OF_DATA": "search"},
    "spectacle.svg.rules": {
        "NUMBER": "findall",
        "_ID_VALUE": "fullmatch",
        "_FRAGMENT": "fullmatch",
        "_URL": "fullmatch",
        "_PAINT_URL": "fullmatch",
        "_LENGTHS": "fullmatch",
        "_PLAIN_NUMBERS": "fullmatch",
        "_RATIO": "fullmatch",
        "_PATH": "fullmatch",
        "_TRANSFORM": "fullmatch",
        "_ASPECT": "fullmatch",
        "_KEYWORDS": "fullmatch",
        "_FONT_FAMILY": "fullmatch",
        "_PLAIN_COLOUR": "fullmatch",
        "_CSS_COMMENT": "sub",
    },
    "spectacle.svg.clean": {"_ROOT_LENGTH": "fullmatch", "_MAYBE_LARGE": "search"},
    "spectacle.svg.drawing": {"_INHERITING": "search"},
    "spectacle.worker.metadata": {"_UNWRITABLE": "sub"},
    "spectacle.generators.illustration.language.styles": {"_OPENING": "match"},
    "spectacle.generators.illustration.language.cutting": {"_BARE_EMOJI": "split"},
    "spectacle.generators.illustration.language.retrieve": {"_WITHIN": "search"},
    "spectacle.generators.qwen_image.prompts": {"_CHINESE": "search"},
}
"""How each is used, by module and name. Left out are those that see no more than the 4,000 characters of a prompt."""

FUNCTIONS = """
import json, sys
from spectacle.errors import SpectacleError
from spectacle.generators.illustration.art.library import Library
from spectacle.generators.illustration.language.styles import opening
from spectacle.generators.illustration.language.understanding import understand
from spectacle.generators.test_generator import TestGeneratorOptions
from spectacle.sanitize import sanitize
from spectacle.spool.naming import RequestName, stem_of_commit, stem_of_lock
from spectacle.svg.clean import clean_svg
from spectacle.worker.options import read_options

def svg(text):
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;").replace("\\0", "")
    attributes = " ".join(f'{name}="{escaped}"' for name in sys.argv[1:])
    clean_svg(f'<svg xmlns="http://www.w3.org/2000/svg"><path {attributes}/></svg>', width=64, height=48)

library = Library.open()
functions = [
    sanitize, opening, lambda text: understand(text, library), svg, RequestName.parse, stem_of_lock, stem_of_commit,
    lambda text: RequestName.parse(text + ".txt"),
    lambda text: read_options(json.dumps({"seed": text}).encode(), TestGeneratorOptions, {}),
]
for text in json.load(sys.stdin):
    for number, function in enumerate(functions):
        print(number, repr(text[:20]), flush=True)
        try:
            function(text)
        except SpectacleError:
            pass
"""


def run(*command: str, given: object, seconds: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", *command],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=False,
        env=module_environment(),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1)),
    )


@pytest.mark.slow
@pytest.mark.parametrize("module", USES)
def test_an_expression_takes_linear_time(module: str) -> None:
    child = run(str(Path(__file__).with_name("regex_work.py")), given={module: USES[module]}, seconds=120)
    last = child.stdout.splitlines()[-1:]
    assert child.returncode != -signal.SIGXCPU, f"{last} takes more than linear time"
    assert child.returncode == 0, f"ended at {last}: {child.stderr}"


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit",
    [
        *("a", " ", "1", "-", "a-", "<|", "\u0301", "🇩🇪", "url(", "1,", "/*", "1e", "hey ", "(", "a:b;"),
        *("with ", "says ", "called ", "the letters ", "pie chart 1", "sign A ", "card for A "),
    ],
)
def test_what_reads_texts_of_strangers_takes_linear_time(unit: str) -> None:
    attributes = ("style", "d", "transform", "fill", "stroke-dasharray", "id", "font-family", "opacity", "points")
    texts = [unit * (65536 // len(unit)) + end for end in ("", "!", ")")]
    child = run("-c", FUNCTIONS, *attributes, given=texts, seconds=60)
    last = child.stdout.splitlines()[-1:]
    assert child.returncode != -signal.SIGXCPU, f"{last} takes more than linear time"
    assert child.returncode == 0, f"ended at {last}: {child.stderr}"
