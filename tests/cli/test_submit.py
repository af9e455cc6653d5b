"""`spectacle submit`, with a thread that answers like a daemon."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from spectacle.spool.directory import Spool

DEADLINE = 60.0


@contextmanager
def answering(spool: Spool, answer: Callable[[str], None]) -> Iterator[None]:
    """A thread that answers the next request: `answer` is given its stem, then the request is removed."""

    def serve() -> None:
        deadline = time.monotonic() + DEADLINE
        while time.monotonic() < deadline:
            for name in spool.names():
                if name.endswith(".txt") and not name.startswith("."):
                    answer(name[:-4])
                    spool.remove(name)
                    return
            time.sleep(0.005)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def request_of(output: str) -> Path:
    (line,) = output.splitlines()
    return Path(line)


def options_beside(request: Path) -> Any:
    return json.loads(request.with_name(f"{request.stem}-options.json").read_text())


def test_the_path_of_the_request_is_printed(run, spool: Spool) -> None:
    result = run("submit", "a red fox", "--spool", spool.path, "--size", "640x480", "--kind", "svg", "--user", "ann")
    assert result.exit_code == 0
    path = request_of(result.stdout)
    assert path.parent == spool.path
    assert path.name.startswith("ann-")
    assert path.name.endswith("-640x480-svg.txt")
    assert path.read_text() == "a red fox\n"
    assert not path.with_name(f"{path.stem}-options.json").exists()


def test_option_values_are_json_or_else_text(run, spool: Spool) -> None:
    result = run(
        "submit", "x", "--spool", spool.path, "--seed", "7",
        "--option", "steps=8", "--option", "sampler=euler", "--option", 'styles=["ink", "wash"]',
        "--option", "tiled=true", "--option", "equation=a=b", "--option", "empty=",
    )  # fmt: skip
    assert options_beside(request_of(result.stdout)) == {
        "steps": 8,
        "sampler": "euler",
        "styles": ["ink", "wash"],
        "tiled": True,
        "equation": "a=b",
        "empty": "",
        "seed": 7,
    }


def test_single_options_come_on_top_of_those_in_a_file(run, spool: Spool, tmp_path: Path) -> None:
    file = tmp_path / "options.json"
    file.write_text('{"steps": 4, "seed": 1, "scale": 2.5}')
    result = run("submit", "x", "--spool", spool.path, "--options", file, "--option", "steps=8", "--seed", "9")
    assert options_beside(request_of(result.stdout)) == {"steps": 8, "seed": 9, "scale": 2.5}


def test_pictures_are_attached_in_order(run, spool: Spool, tmp_path: Path) -> None:
    for name in ("one.png", "two.jpg", "mask.png", "edges.png"):
        Image.new("RGB", (4, 4)).save(tmp_path / name)
    result = run(
        "submit", "x", "--spool", spool.path, "--input", tmp_path / "one.png", "--input", tmp_path / "two.jpg",
        "--mask", tmp_path / "mask.png", "--control", tmp_path / "edges.png",
    )  # fmt: skip
    request = request_of(result.stdout)
    beside = {path.name.removeprefix(request.stem) for path in spool.path.glob(f"{request.stem}-*")}
    assert beside == {"-input.png", "-input2.jpg", "-mask.png", "-control.png"}


def test_waiting_prints_the_paths_of_all_pictures_with_the_one_asked_for_first(run, spool: Spool) -> None:
    def answer(stem: str) -> None:
        for suffix in ("-2.png", ".png"):
            (spool.path / f"{stem}{suffix}").touch()

    with answering(spool, answer):
        result = run("submit", "x", "--spool", spool.path, "--wait", "--timeout", DEADLINE)
    assert result.exit_code == 0
    first, second = result.stdout.splitlines()
    assert first.endswith("-1024x1024.png")
    assert second.endswith("-1024x1024-2.png")


def test_notes_of_the_answer_are_told_on_standard_error(run, spool: Spool) -> None:
    details = json.dumps({"notes": ["not understood: gollum\x1b[31m"], "seed": 1})
    making = f'<s:making xmlns:s="urn:spectacle:1">{details}</s:making>'
    drawing = f'<svg xmlns="http://www.w3.org/2000/svg"><metadata>{making}</metadata></svg>'

    def answer(stem: str) -> None:
        (spool.path / f"{stem}.svg").write_text(drawing)

    with answering(spool, answer):
        result = run("submit", "gollum", "--spool", spool.path, "--wait", "--kind", "svg", "--timeout", DEADLINE)
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 1
    assert "Note: not understood: gollum" in result.stderr
    assert "\x1b" not in result.stderr


def test_an_error_is_told_in_one_line_and_by_the_exit_status(run, spool: Spool) -> None:
    def answer(stem: str) -> None:
        text = "99999x9 is too large: ask for less \x1b[31m\n\ncode: bad-size\n"
        (spool.path / f"{stem}-error.txt").write_text(text)

    with answering(spool, answer):
        result = run("submit", "x", "--spool", spool.path, "--wait", "--timeout", DEADLINE)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.endswith("Error: 99999x9 is too large: ask for less  [31m\n")


def test_a_request_that_others_cancel_ends_the_waiting(run, spool: Spool) -> None:
    with answering(spool, lambda _stem: None):
        result = run("submit", "x", "--spool", spool.path, "--wait", "--timeout", DEADLINE)
    assert result.exit_code == 1
    assert "gone without a result" in result.stderr


def test_when_the_time_is_up_the_request_stays_and_the_exit_status_is_that_of_timeout(run, spool: Spool) -> None:
    result = run("submit", "x", "--spool", spool.path, "--wait", "--timeout", "0")
    assert result.exit_code == 124
    assert result.stdout == ""
    assert "no result within 0 s" in result.stderr
    assert [name for name in spool.names() if name.endswith(".txt")]


def test_ctrl_c_takes_the_request_back(run, spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_arguments: object) -> None:
        assert [name for name in spool.names() if name.endswith(".txt")]
        raise KeyboardInterrupt

    monkeypatch.setattr("spectacle.cli.waiting.wait", interrupt)
    result = run("submit", "x", "--spool", spool.path, "--wait", "--seed", "1")
    assert result.exit_code == 130
    assert result.stderr.endswith(" cancelled\n")
    assert spool.names() == [".spectacle"]


def test_who_waits_is_told_when_nobody_serves_the_spool(run, spool: Spool, report) -> None:
    arguments = ("submit", "x", "--spool", spool.path, "--wait", "--timeout", "0")
    assert "no instance is running. Start one with" in run(*arguments).stderr
    report(age=1000)
    assert "no instance is running. Start one with" in run(*arguments).stderr
    report()
    assert "no instance is running. Start one with" not in run(*arguments).stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--size", "640"], "invalid size '640'. Use width and height, each 1 to 99999 pixels, such as 640x480"),
        (["--size", "0x10"], "invalid size"),
        (["--option", "steps"], "invalid option 'steps'. Use KEY=VALUE, such as steps=8"),
        (["--option", "=8"], "invalid option"),
        (["--seed", "-1"], "-1 is not in the range 0<=x<=9223372036854775807"),
        (["--input", "none.png"], "File 'none.png' does not exist"),
    ],
)
def test_wrong_usage_is_explained_and_writes_nothing(run, spool: Spool, arguments: list[str], said: str) -> None:
    result = run("submit", "x", "--spool", spool.path, *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert spool.names() == [".spectacle"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--kind", "error"], "kind 'error'"),
        (
            ["--user", "a b"],
            "user 'a b'. Use a UUID, or letters, digits and _ . + = @ ~, not beginning with a dot, 200 bytes in all",
        ),
        (["--option", "scale=NaN"], "options: cannot be written as JSON"),
        (["--input", "text.gif"], "does not end in png, jpg, jpeg, webp"),
        (["--options", "list.json"], "list.json: not a JSON object. Write one"),
        (["--options", "text.gif"], "cannot be read as JSON"),
    ],
)
def test_what_cannot_be_asked_for_is_told_and_writes_nothing(
    run, spool: Spool, arguments: list[str], said: str
) -> None:
    Path("text.gif").write_text("no picture, no JSON")
    Path("list.json").write_text("[]")
    result = run("submit", "x", "--spool", spool.path, *arguments)
    assert result.exit_code == 1
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
    assert spool.names() == [".spectacle"]


def test_words_that_are_not_quoted_are_joined(run, spool: Spool) -> None:
    result = run("submit", "a", "red", "fox", "--spool", spool.path)
    assert request_of(result.stdout).read_text() == "a red fox\n"


def test_without_a_prompt_it_is_wrong_usage(run, spool: Spool) -> None:
    assert run("submit", "--spool", spool.path).exit_code == 2


@pytest.mark.parametrize(
    ("reported", "said"),
    [
        (None, "no instance is running"),
        ({"state": "waiting", "reason": "spool: 1 MiB free"}, "Waiting: spool: 1 MiB free"),
        ({"state": "stopping"}, "Waiting: host-one is stopping"),
        ({"kinds": ["picture"]}, "no running instance serves kind 'svg', but picture."),
        ({"queue": {"picture": 3, "svg": 2}}, "Waiting: 5 other requests wait, too"),
    ],
)
def test_who_waits_is_told_why(run, spool: Spool, report, reported: dict[str, Any] | None, said: str) -> None:
    if reported is not None:
        report(**reported)
    result = run("submit", "x", "--kind", "svg", "--spool", spool.path, "--wait", "--timeout", "0.05")
    assert result.exit_code == 124
    assert said in result.stderr
    assert result.stderr.count(said) == 1
