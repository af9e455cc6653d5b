"""Logging: readable on a terminal, JSON in the journal, one bound context per request, and never a prompt above debug.

Modules log with `structlog.get_logger()`; what concerns one request is logged inside
`structlog.contextvars.bound_contextvars(stem=…, kind=…, generator=…, device=…)`.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Mapping
from typing import Any, Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

PROMPT_KEYS = frozenset({"prompt", "negative_prompt"})
"""Keys that are omitted above the level `debug`, at any depth: what people ask for is nobody else's business."""

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_PRIORITIES = {"critical": 2, "error": 3, "warning": 4, "info": 6, "debug": 7}  # of syslog(3)
_PLAIN = frozenset({str, int, float, bool, type(None)})
_CONTROLS = [*(code for code in range(0x20) if chr(code) not in "\n\t"), 0x7F, *range(0x80, 0xA0)]
_NOT_OF_EVERY_DAY = frozenset({"stack", "exception", "exc_info", "logger", "logger_name"})
_QUOTED = frozenset(" \t=\r\n\"'")
_LEVEL_WIDTH, _EVENT_WIDTH = 9, 30  # those of structlog
_PICTURES = {code: 0x2400 + code if code < 0x20 else 0xFFFD for code in _CONTROLS}  # U+241B stands for escape


def configure(
    level: str = "info", form: Literal["auto", "console", "json"] = "auto", stream: TextIO | None = None
) -> None:
    """Set up logging for this process. May be called again, with other settings.

    Args:
        level: Least important level that is logged: `debug`, `info`, `warning` or `error`. Other libraries are heard
            from `warning` on, and from `info` on when it is `debug`.
        form: `console` for people, coloured on a terminal; `json` for machines, one object per line; `auto` is `json`
            where the stream leads to the journal and `console` elsewhere. Lines for the journal begin with their
            syslog priority, which it takes off.
        stream: Where to; standard error by default.
    """
    stream = stream or sys.stderr
    journal = _leads_to_journal(stream)
    as_json = form == "json" or (form == "auto" and journal)
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=as_json),
        without_prompts,
    ]
    render: list[Processor]
    if as_json:
        to_json = structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
        render = [structlog.processors.format_exc_info, _with_priority(to_json) if journal else to_json]
    else:
        render = [_printable, _console(stream)]

    handler = logging.StreamHandler(stream)
    of_others = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render]
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processors=of_others, foreign_pre_chain=shared))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(_LEVELS[level], logging.WARNING) if level != "debug" else logging.INFO)
    logging.getLogger("spectacle").setLevel(_LEVELS[level])
    lines = _Lines(handler)
    structlog.configure(
        processors=[*shared, *render],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=lambda *_names: lines,
        cache_logger_on_first_use=False,  # a reload of the configuration must reach loggers that exist
    )


class _Lines:
    """Writes our own lines to the stream of a handler, which has those of other libraries.

    Through `logging` each line would take twice as long, and there is one for every result.

    Args:
        handler: Its lock keeps lines apart.
    """

    def __init__(self, handler: logging.StreamHandler[TextIO]) -> None:
        self._handler = handler

    def _write(self, line: str) -> None:
        # What cannot be written is dropped, as by `logging`.
        with self._handler.lock or contextlib.nullcontext(), contextlib.suppress(OSError, ValueError):
            self._handler.stream.write(line + self._handler.terminator)
            self._handler.flush()

    debug = info = warning = error = critical = _write


def flush() -> None:
    """Write out what is buffered. What cannot be written is dropped, so that a full disk does not fail a clean exit."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)


def without_prompts(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """structlog processor that omits prompts above the level `debug`."""
    return event if event.get("level") == "debug" else _without(event)


def _without(value: Any) -> Any:
    if type(value) in _PLAIN:
        return value
    if isinstance(value, Mapping):
        return {key: _without(each) for key, each in value.items() if key not in PROMPT_KEYS}
    if isinstance(value, list | tuple) and value:
        return [_without(each) for each in value]
    return value


def _printable(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Show control characters by visible symbols instead of sending them to the terminal."""
    return {
        key: value.translate(_PICTURES) if isinstance(value, str) and not value.isprintable() else value
        for key, value in event.items()
    }


def _console(stream: TextIO) -> Processor:
    colours = stream.isatty() and "NO_COLOR" not in os.environ
    # The plain format of tracebacks, because the others print local variables, and prompts with them.
    render = structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=structlog.dev.plain_traceback)
    return render if colours else _without_colours(render)


def _without_colours(render: Processor) -> Processor:
    """Renders the lines of every day as `render` does without colours, in less time, and leaves others to it."""

    def rendered(logger: WrappedLogger, method: str, event: EventDict) -> Any:
        if not _NOT_OF_EVERY_DAY.isdisjoint(event) or not {"timestamp", "level", "event"} <= event.keys():
            return render(logger, method, event)
        time, level, told = event.pop("timestamp"), event.pop("level"), event.pop("event")
        line = f"{time} [{level:<{_LEVEL_WIDTH}}] {told!s:<{_EVENT_WIDTH}}"
        return " ".join((line, *(f"{key}={_shown(event[key])}" for key in sorted(event)))).rstrip(" ")

    return rendered


def _shown(value: object) -> str:
    return value if isinstance(value, str) and _QUOTED.isdisjoint(value) else repr(value)


def _with_priority(render: Processor) -> Processor:
    def rendered(logger: WrappedLogger, method: str, event: EventDict) -> str:
        priority = _PRIORITIES.get(event.get("level", ""), _PRIORITIES["info"])
        return f"<{priority}>{render(logger, method, event)!s}"

    return rendered


def _leads_to_journal(stream: TextIO) -> bool:
    """Whether the stream is the one that systemd connected to the journal, by its device and inode."""
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):  # closed, or no file at all
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"
