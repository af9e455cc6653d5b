"""Coverage-guided fuzzing of everything that reads what a stranger may write.

    python tests/fuzz/targets.py name -max_total_time=60 tests/fuzz/corpus/name

Each target raises only on a broken promise; errors meant for the client are caught.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable

import atheris

with atheris.instrument_imports(include=["spectacle"]):
    from spectacle import sanitize
    from spectacle.errors import BadAttachment, BadOptions, GeneratorError, SpectacleError, UnreadableRequest
    from spectacle.generators.test_generator import TestGeneratorOptions
    from spectacle.images import open_mask, open_picture
    from spectacle.provenance import read_provenance
    from spectacle.spool.lease import LeaseRecords
    from spectacle.spool.naming import RequestName, stem_of_commit, stem_of_lock
    from spectacle.spool.record import Commit
    from spectacle.svg.clean import clean_svg
    from spectacle.worker.options import read_options

STEM = "a-1-64x64"


def name(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    stem_of_lock(text)
    stem_of_commit(text)
    parsed = RequestName.parse(text)
    if parsed is not None:
        assert parsed.file_name == text
        assert text.isascii()
        assert "/" not in text
        assert not text.startswith(".")
        assert "-error" not in text[-10:]


def options(data: bytes) -> None:
    with contextlib.suppress(BadOptions):
        read_options(data, TestGeneratorOptions, {})


def prompt(data: bytes) -> None:
    with contextlib.suppress(UnreadableRequest):
        once = sanitize.sanitize(sanitize.decode_prompt(data))
        assert len(once.text) <= 4000
        assert "<|" not in once.text
        assert sanitize.sanitize(once.text).text == once.text


def picture(data: bytes) -> None:
    for open_it in (open_picture, open_mask):
        with contextlib.suppress(BadAttachment):
            opened = open_it("input.png", data, max_pixels=1_000_000)
            assert opened.mode in ("L", "RGB", "RGBA")


def svg(data: bytes) -> None:
    with contextlib.suppress(GeneratorError):
        cleaned = clean_svg(data.decode("utf-8", "replace"), width=64, height=48)
        lowered = cleaned.lower()
        assert "<script" not in lowered
        assert "<foreignobject" not in lowered
        assert clean_svg(cleaned, width=64, height=48) == cleaned


RECORDS = LeaseRecords(b"filelock/2\npid=1\nhost=elsewhere\ntoken=t0\nstart=5\n", "t0", 0o640)


def claim(data: bytes) -> None:
    RECORDS.names_ended(data)


def commit(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        record = Commit.decode(data, STEM)
        names = [
            record.request.name,
            *(each.public for each in record.files),
            *(each.name for each in record.attachments),
        ]
        assert all(each.startswith(STEM) and "/" not in each for each in names)


def making(data: bytes) -> None:
    with contextlib.suppress(SpectacleError):
        read_provenance(data)


TARGETS: dict[str, Callable[[bytes], None]] = {
    function.__name__: function for function in (name, options, prompt, picture, svg, claim, commit, making)
}

if __name__ == "__main__":
    target = sys.argv.pop(1)
    atheris.Setup(sys.argv, TARGETS[target])
    atheris.Fuzz()
