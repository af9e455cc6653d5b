"""The judge itself: what it must not let pass."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path

import pytest
from history import Ask, History
from PIL import Image
from PIL.PngImagePlugin import PngInfo

STEM = "u-1-8x8"


def picture(prompt: str = "a fox", side: int = 8) -> bytes:
    facts = PngInfo()
    facts.add_text("spectacle", json.dumps({"prompt": prompt}))
    buffer = io.BytesIO()
    Image.new("RGB", (side, side)).save(buffer, "PNG", pnginfo=facts)
    return buffer.getvalue()


def handed_in() -> list[dict[str, object]]:
    return [{"event": "created", "name": f"{STEM}.txt"}, {"event": "closed", "name": f"{STEM}.txt"}]


def answered(content: bytes, suffix: str = ".png") -> list[dict[str, object]]:
    return [
        {"event": "from", "name": f".{STEM}.0.tmp", "cookie": 1},
        {"event": "to", "name": STEM + suffix, "cookie": 1, "sha256": hashlib.sha256(content).hexdigest()},
    ]


def removed() -> list[dict[str, object]]:
    return [{"event": "deleted", "name": f"{STEM}.txt"}]


def faults(home: Path, events: list[dict[str, object]], content: bytes = b"", **ask: bool) -> str:
    log = home / "witness"
    log.write_text("".join(json.dumps({"at": number, **event}) + "\n" for number, event in enumerate(events)))
    spool = home / "spool"
    spool.mkdir()
    for event in events:
        if event["event"] == "to":
            (spool / str(event["name"])).write_bytes(content)
    history = History(log, {STEM: Ask(STEM, "a fox", **ask)})  # type: ignore[arg-type]
    history.update()
    return "\n".join(history.faults(spool, [STEM]))


def test_one_whole_answer_is_right(tmp_path: Path) -> None:
    content = picture()
    assert not faults(tmp_path, [*handed_in(), *answered(content), *removed()], content)


def test_an_error_is_right_where_one_is_due(tmp_path: Path) -> None:
    content = b"why\n\ncode: x\n"
    assert not faults(tmp_path, [*handed_in(), *answered(content, "-error.txt"), *removed()], content, fails=True)


def test_an_answer_that_the_server_had_not_on_its_disk_when_it_lost_power_is_given_again(tmp_path: Path) -> None:
    content = picture()
    up_again = {"event": "begin", "names": [f"{STEM}.txt"]}
    events = [*handed_in(), *answered(content), up_again, *answered(content), *removed()]
    assert not faults(tmp_path, events, content)
    kept = {"event": "begin", "names": [f"{STEM}.txt", f"{STEM}.png"]}
    other = tmp_path / "other"
    other.mkdir()
    assert "has 2" in faults(other, [*handed_in(), *answered(content), kept, *answered(content), *removed()], content)


GOOD = picture()
BROKEN = {
    "0 answers": [*handed_in(), *removed()],
    "never dealt with": [*handed_in(), *answered(GOOD)],
    "2 answers": [*handed_in(), *answered(GOOD), *answered(GOOD, "-error.txt"), *removed()],
    "has 2": [*handed_in(), *answered(GOOD), *answered(GOOD), *removed()],
    "without request and answer": [*handed_in(), *removed(), *answered(GOOD)],
    "touched afterwards": [*handed_in(), *answered(GOOD), {"event": "modified", "name": f"{STEM}.png"}, *removed()],
    "not what was committed": [*handed_in(), *answered(b"other"), *removed()],
    "came from": [*handed_in(), {"event": "to", "name": f"{STEM}.png", "cookie": 5}, *removed()],
    "never handed in": [*answered(GOOD)],
}


@pytest.mark.parametrize("said", BROKEN)
def test_a_broken_promise_is_named(tmp_path: Path, said: str) -> None:
    assert said in faults(tmp_path, BROKEN[said], GOOD)


@pytest.mark.parametrize(
    ("content", "said"),
    [(picture("a f"), "answered 'a f'"), (picture()[:-30], "broken"), (picture(side=9), "the size (9, 9)")],
)
def test_a_wrong_picture_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    assert said in faults(tmp_path, [*handed_in(), *answered(content), *removed()], content)


def test_an_answer_to_a_cancelled_request_is_named(tmp_path: Path) -> None:
    events = [*handed_in(), *removed(), *answered(GOOD)]
    assert "cancelled and answered" in faults(tmp_path, events, GOOD, cancelled=True)


def test_an_answer_nobody_asked_for_is_named(tmp_path: Path) -> None:
    events = [*handed_in(), *answered(GOOD), *removed(), {"event": "created", "name": "v-1-8x8.png"}]
    assert "nobody asked for" in faults(tmp_path, events, GOOD)
