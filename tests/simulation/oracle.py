"""Judges a run by what lies in the spool when everything has come to rest, and by nothing that the daemon says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from simulation.clients import Version, Wishes
from simulation.daemons import Run, number_after
from simulation.file_system import Inode
from simulation.plan import Plan

MAX_ATTEMPTS = 3
BYSTANDERS = {
    "notes.txt": "somebody's notes",
    "a-1-8x8.json": "not Spectacle's",
    "a-1-8x8-input.gif": "no form Spectacle knows",
    "z-9-8x8.png": "the answer to a former request",
}
"""Files that nobody may touch."""


def bystanders(plan: Plan) -> dict[str, str]:
    """Files that nobody may touch: of those in the spool from the beginning, not the result that may have grown old."""
    return {name: content for name, content in BYSTANDERS.items() if not (plan.keeps and name == "z-9-8x8.png")}


@dataclass(frozen=True, slots=True)
class Wrong:
    """Something that should not be.

    Attributes:
        kind: A word for it, the same whenever the same promise is broken.
        detail: What it is in this run.
    """

    kind: str
    detail: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.detail}"


@dataclass(slots=True)
class Evidence:
    """What is judged.

    Attributes:
        plan: The plan of the run.
        wishes: What clients want, by stem.
        runs: The jobs that were run.
        setbacks: How many processes were killed or held up past a part of the lease, each of which may cost an attempt.
        served: The kinds that were served all the time.
    """

    plan: Plan
    wishes: Mapping[str, Wishes]
    runs: list[Run]
    setbacks: int
    served: frozenset[str]


def judge(files: Mapping[str, Inode], evidence: Evidence) -> list[Wrong]:
    """What is wrong about the spool once everybody is at rest."""
    wrong = [each for wishes in evidence.wishes.values() for each in _judge_stem(files, wishes, evidence)]
    for name, content in bystanders(evidence.plan).items():
        if name not in files or files[name].data.decode() != content:
            wrong.append(Wrong("foreign file touched", name))
    return wrong + _too_many_runs(evidence)


def judge_left_overs(files: Mapping[str, Inode], evidence: Evidence) -> list[Wrong]:
    """What is left lying after a sweep."""
    expected = set(BYSTANDERS) | {".spectacle"}
    for stem in evidence.wishes:
        pictures, error, _ = _results(files, stem)
        expected.update(pictures)
        if error:
            expected.add(error)
    wrong = [Wrong("left over", name) for name in sorted(files.keys() - expected)]
    state = files.get(".spectacle")
    for part, directory in state.entries.items() if state is not None else ():
        if part.startswith("costs-"):
            continue
        if not directory.is_directory:
            wrong.append(Wrong("left over", f".spectacle/{part}"))
        elif part in ("attempts", "instances"):
            wrong += [Wrong("left over", f".spectacle/{part}/{name}") for name in directory.entries]
    return wrong


def _results(files: Mapping[str, Inode], stem: str) -> tuple[list[str], str | None, bool]:
    pattern = re.compile(re.escape(stem) + r"(?:-[1-9][0-9]*)?\.(?:png|svg)")
    # What is another request's attachment may be named like a picture.
    pictures = sorted(name for name, inode in files.items() if inode.data[:1] == b"{" and pattern.fullmatch(name))
    error = f"{stem}-error.txt"
    return pictures, error if error in files else None, f"{stem}.txt" in files


def _judge_stem(files: Mapping[str, Inode], wishes: Wishes, evidence: Evidence) -> Iterable[Wrong]:
    stem = wishes.stem
    pictures, error, waits = _results(files, stem)
    if waits:
        yield Wrong("not served", stem)
        return
    if pictures and error:
        yield Wrong("picture and error", f"{pictures} and {error}")
        return
    if not wishes.versions:
        if pictures or error:
            yield Wrong("answer to nothing", stem)
        return
    version = wishes.versions[-1]
    if version.text is None:
        yield from _judge_cancelled(files, wishes, pictures, error)
    elif error:
        yield from _judge_error(files[error].data.decode(), stem, version, evidence)
    elif version.dropped or (evidence.plan.keeps and not pictures):
        return
    elif not pictures:
        yield Wrong("no answer", f"{stem}: {version.text!r}")
    else:
        yield from _judge_pictures(files, stem, pictures, version, whole=not evidence.plan.keeps)


def _judge_cancelled(
    files: Mapping[str, Inode], wishes: Wishes, pictures: list[str], error: str | None
) -> Iterable[Wrong]:
    cancelled = wishes.versions[-2]
    older = {version.text for version in wishes.versions[:-2]}
    if wishes.versions[-1].decided or cancelled.text in older:
        return
    for name in pictures:
        if json.loads(files[name].data)["text"] == cancelled.text:
            yield Wrong("answer after cancelling", name)
    if error and not older:
        yield Wrong("answer after cancelling", error)


def _judge_pictures(
    files: Mapping[str, Inode], stem: str, pictures: list[str], version: Version, *, whole: bool
) -> Iterable[Wrong]:
    assert version.text is not None
    copies = number_after("copies", version.text.split(), 1)
    numbers, runs = [], set()
    for name in pictures:
        made = json.loads(files[name].data)
        runs.add(made["run"])
        if made["text"] != version.text:
            if not version.overlaps or not version.text.startswith(made["text"]):
                yield Wrong("old answer", f"{name} was made from {made['text']!r}, not {version.text!r}")
        elif made["attached"] != version.attached and not version.overlaps:
            yield Wrong("wrong attachments", f"{name} was made with {made['attached']}, not {version.attached}")
        numbers.append(made["copy"])
    # What has grown old is removed one by one.
    if sorted(numbers) != list(range(1, copies + 1)) and (whole or not set(numbers) <= set(range(1, copies + 1))):
        yield Wrong("not a whole answer", f"{pictures} for {version.text!r}")
    elif len(runs) > 1:
        yield Wrong("two answers mixed", f"{pictures} for {version.text!r}")


def _judge_error(content: str, stem: str, version: Version, evidence: Evidence) -> Iterable[Wrong]:
    assert version.text is not None
    words = version.text.split()
    code = re.search(r"^code: (.*)$", content, re.MULTILINE)
    found = code[1] if code else "none"
    lost = sum(run.stem == stem and run.text == version.text and run.end == "crashed" for run in evidence.runs)
    lost += evidence.setbacks
    kind = stem.rpartition("8x8")[2].removeprefix("-") or "picture"
    fitting = {
        "generator-failed": "fail" in words,
        "too-many-attempts": lost >= MAX_ATTEMPTS,
        "unknown-kind": kind not in evidence.served,
        "bad-attachment": version.overlaps,
    }
    if not fitting.get(found, False):
        yield Wrong("wrong error", f"{stem}: {found} for {version.text!r}, after {lost} lost runs")


def _too_many_runs(evidence: Evidence) -> list[Wrong]:
    counts: dict[tuple[str, str], int] = {}
    for run in evidence.runs:
        counts[run.stem, run.text] = counts.get((run.stem, run.text), 0) + 1
    asked = {
        (wishes.stem, version.text): sum(each.text == version.text for each in wishes.versions)
        for wishes in evidence.wishes.values()
        for version in wishes.versions
    }
    wrong = []
    for (stem, text), count in counts.items():
        most = MAX_ATTEMPTS * asked.get((stem, text), 1) + evidence.setbacks + 2 * len(evidence.plan.faults) + 1
        if count > most:
            wrong.append(Wrong("too many runs", f"{stem}: {count} of {text!r}, {evidence.setbacks} setbacks"))
    return wrong
