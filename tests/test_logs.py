"""What is logged, in which form, and what is never logged."""

from __future__ import annotations

import errno
import io
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from spectacle.logs import configure

log = structlog.get_logger()


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, own = root.handlers[:], root.level, logging.getLogger("spectacle").level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.getLogger("spectacle").setLevel(own)
    structlog.reset_defaults()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_json_lines_carry_level_time_and_the_context_of_the_request() -> None:
    stream = io.StringIO()
    configure("info", "json", stream)
    with structlog.contextvars.bound_contextvars(stem="u-1-64x64", kind="svg", generator="g", device="cuda:0"):
        log.info("answered", seconds=1.5)
    log.warning("größer", path=Path("/spool"))
    first, second = lines(stream)
    assert str(first.pop("timestamp")).endswith("Z")
    assert first == {
        "event": "answered",
        "level": "info",
        "seconds": 1.5,
        "stem": "u-1-64x64",
        "kind": "svg",
        "generator": "g",
        "device": "cuda:0",
    }
    assert (second["event"], second["path"]) == ("größer", "/spool")
    assert "stem" not in second


def test_the_console_is_readable_and_coloured_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    plain, terminal = io.StringIO(), Terminal()
    configure(stream=plain)
    log.info("answered", stem="u-1-64x64")
    configure(stream=terminal)
    log.info("answered", stem="u-1-64x64")
    assert "answered" in plain.getvalue() and "stem=u-1-64x64" in plain.getvalue()
    assert "\x1b[" not in plain.getvalue()
    assert "\x1b[" in terminal.getvalue()


@pytest.mark.parametrize(
    "about",
    [
        {},
        {"stem": "u-1-64x64", "device": "cpu", "seconds": 0.125, "facts": {"encode_seconds": 0.01, "what": "a b"}},
        {"b": "two words", "a": "it's", "c": "x=y", "d": 'say "so"', "e": "", "f": None, "g": Path("/spool"), "h": [1]},
        {"reason": "first line\nsecond\tline", "size": "größer", "logger": "other", "stack": "where"},
    ],
)
@pytest.mark.parametrize("told", ["answered", "", "a word " * 10, "größer\nand more"])
@pytest.mark.parametrize("level", ["info", "warning", "error", "critical"])
def test_a_line_without_colours_is_as_structlog_has_it(about: dict[str, object], told: str, level: str) -> None:
    stream = io.StringIO()
    configure("info", "console", stream)
    getattr(log, level)(told, **about)
    time = stream.getvalue().partition(" [")[0]
    render = structlog.dev.ConsoleRenderer(colors=False)
    assert (
        stream.getvalue()
        == str(render(None, level, {"timestamp": time, "level": level, "event": told, **about})) + "\n"
    )


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_prompt_is_never_logged_above_debug(form: str) -> None:
    stream = io.StringIO()
    configure("debug", form, stream)  # type: ignore[arg-type]
    for level in ("info", "warning", "error", "critical"):
        log.log(getattr(logging, level.upper()), "x", prompt="secret", nested={"a": [{"negative_prompt": "secret"}]})
    logging.getLogger("elsewhere").error("x", extra={"prompt": "secret"})
    assert "secret" not in stream.getvalue()
    log.debug("sanitised", prompt="visible")
    assert "visible" in stream.getvalue()


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_traceback_does_not_show_local_variables(form: str) -> None:
    stream = io.StringIO()
    configure("info", form, stream)  # type: ignore[arg-type]
    prompt = "secret"
    try:
        raise RuntimeError(f"failed after {len(prompt)} letters")
    except RuntimeError:
        log.exception("generator failed")
    assert "RuntimeError: failed after 6 letters" in stream.getvalue()
    assert prompt not in stream.getvalue()


@pytest.mark.parametrize(
    ("level", "heard"),
    [
        ("debug", ["debug", "info", "warning", "error"]),
        ("info", ["info", "warning", "error"]),
        ("warning", ["warning", "error"]),
        ("error", ["error"]),
    ],
)
def test_the_level_decides_what_is_heard_and_may_change_later(level: str, heard: list[str]) -> None:
    stream = io.StringIO()
    configure("error", "json", io.StringIO())
    configure(level, "json", stream)
    for each in ("debug", "info", "warning", "error"):
        getattr(log, each)("x")
    assert [line["level"] for line in lines(stream)] == heard


def test_other_libraries_are_heard_in_the_same_form() -> None:
    stream = io.StringIO()
    configure("info", "json", stream)
    logging.getLogger("watchdog.observers.inotify_c").warning("queue %s", "overflow")
    logging.getLogger("PIL.Image").info("chatter")
    (line,) = lines(stream)
    assert (line["event"], line["level"]) == ("queue overflow", "warning")


def test_a_line_that_cannot_be_written_is_dropped() -> None:
    class Full(io.StringIO):
        def write(self, _text: str) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    closed = io.StringIO()
    for stream in (Full(), closed):
        configure(stream=stream)
        if stream is closed:
            closed.close()
        log.error("nobody reads this")


def test_control_characters_do_not_reach_the_terminal() -> None:
    stream = Terminal()
    configure(stream=stream)
    log.warning("bad \x1b[2J name", name="a\x1b]0;title\x07")
    assert "\x1b[2J" not in stream.getvalue()
    assert "\x1b]0" not in stream.getvalue()
    assert "bad ␛[2J name" in stream.getvalue()


def test_long_texts_stay_readable_on_the_console() -> None:
    stream = io.StringIO()
    configure(stream=stream)
    log.error("generator failed", frames="line 1\n\tline 2")
    assert r"frames='line 1\n\tline 2'" in stream.getvalue()


def test_lines_for_the_journal_are_json_with_a_priority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "journal").open("w+") as stream:
        status = os.fstat(stream.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino}")
        configure("debug", "auto", stream)
        for level in ("debug", "info", "warning", "error", "critical"):
            getattr(log, level)("x\ny")
        stream.seek(0)
        written = stream.read().splitlines()
    assert [line[:3] for line in written] == ["<7>", "<6>", "<4>", "<3>", "<2>"]
    assert json.loads(written[0][3:])["event"] == "x\ny"


def test_a_stream_that_is_not_the_journals_stays_readable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNAL_STREAM", "1:1")
    with (tmp_path / "log").open("w+") as stream:
        configure("info", "auto", stream)
        log.info("answered")
        stream.seek(0)
        assert not stream.read().startswith(("<", "{"))
