"""What this instance can report about the kinds it serves; a process of its own finds it out now and then."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Callable, Mapping
from tempfile import TemporaryFile
from typing import IO, Any

import structlog

from spectacle.config import Settings
from spectacle.processes import module_command, module_environment
from spectacle.spool.directory import Spool
from spectacle.spool.naming import schema_path

log = structlog.get_logger()

FIRST_AFTER = 2.0
"""Seconds after the start until the kinds are described for the first time, so as not to hold up the first requests."""

EVERY = 600.0
"""Seconds after which they are described again: weights may have been pulled, libraries installed."""

MAX_PUT_OFF = 60.0
"""Seconds for which a description waits at most until nothing else is to be done."""

MAX_SECONDS = 120.0
"""Maximum time that a description may take."""

MAX_DESCRIPTION_BYTES = 16 * 2**20


class Catalogue:
    """Describes the kinds, and keeps the schemas of their options in the spool. Used by the loop's thread.

    Attributes:
        kinds: What is known of each kind, as JSON values; empty until it is known.
        runs_on: Where each described generator runs, by its name.

    Args:
        spool: The spool.
        settings: Gives the current settings.
        clock: Monotonic seconds.
    """

    def __init__(self, spool: Spool, settings: Callable[[], Settings], clock: Callable[[], float]) -> None:
        self._spool = spool
        self._settings = settings
        self._clock = clock
        self.kinds: Mapping[str, Mapping[str, Any]] = {}
        self.runs_on: Mapping[str, str] = {}
        self._schemas: dict[str, bytes] = {}
        self._stored: set[str] = set()
        self._due = clock() + FIRST_AFTER
        self._process: subprocess.Popen[bytes] | None = None
        self._output: IO[bytes] | None = None
        self._began = 0.0

    def refresh(self, *, idle: bool) -> bool:
        """Begin a description when one is due, and take over one that has ended. Waits for nothing.

        Returns:
            Whether it is known by now that a generator runs elsewhere than was known before.

        Args:
            idle: Whether nothing else is to be done. While something is, a description is put off.

        Raises:
            OSError: When the spool is in trouble.
        """
        now = self._clock()
        before = self.runs_on
        if self._process is None:
            if now >= self._due + (0 if idle else MAX_PUT_OFF):
                self._begin(now)
        elif self._process.poll() is not None:
            self._end()
        elif now - self._began > MAX_SECONDS:
            log.warning("describing the kinds took too long", seconds=MAX_SECONDS)
            self.close()
        self._store()
        return self.runs_on != before

    def reconfigured(self) -> None:
        """Describe the kinds again, because the settings have changed."""
        self.close()
        self._due = self._clock()

    def moved_in(self) -> None:
        """Store the schemas again, because the spool is another directory."""
        self._stored.clear()

    def close(self) -> None:
        """Give up a description that has not ended."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        if self._output is not None:
            self._output.close()
        self._process = self._output = None

    def _begin(self, now: float) -> None:
        settings = self._settings()
        asked = settings.model_dump(mode="json", include={"kinds", "weights", "placement", "loras", "models"})
        self._began, self._due = now, now + EVERY
        command = module_command("spectacle.worker.describe", str(os.getpid()))
        try:
            self._output = TemporaryFile()  # noqa: SIM115 - open until the process has ended
            with TemporaryFile() as question:
                question.write(json.dumps(asked).encode())
                question.seek(0)
                self._process = subprocess.Popen(
                    command, stdin=question, stdout=self._output, process_group=0, env=module_environment()
                )
        except OSError as error:
            # The temporary directory's trouble, or the system's, not the spool's.
            log.warning("could not describe the kinds", reason=error.strerror)
            self.close()

    def _end(self) -> None:
        assert self._process is not None
        assert self._output is not None
        self._output.seek(0)
        content = self._output.read(MAX_DESCRIPTION_BYTES)
        status = self._process.returncode
        self.close()
        try:
            described = json.loads(content)
        except ValueError:
            log.warning("could not describe the kinds", status=status)
            return
        kinds = {}
        self._schemas.clear()
        # Another instance may have swept a schema that no report named for a while.
        self._stored.clear()
        elsewhere = self._settings().workers.backend != "local"
        for name, told in described.items():
            schema = told.pop("schema")
            digest = None
            if schema is not None:
                text = json.dumps(schema, sort_keys=True).encode()
                digest = hashlib.sha256(text).hexdigest()
                self._schemas[digest] = text
            if told["servable"] is False and elsewhere:
                # Libraries and weights need not be on this host; what a node lacks is reported with its worker.
                told |= {"servable": None, "problem": None}
            kinds[name] = {**told, "options_schema": digest}
        self.kinds = kinds
        self.runs_on = {told["generator"]: told["runs_on"] for told in kinds.values() if told["runs_on"] is not None}

    def _store(self) -> None:
        for digest, content in self._schemas.items():
            if digest not in self._stored:
                if self._spool.peek(schema_path(digest)) is None:
                    self._spool.replace(schema_path(digest), content)
                self._stored.add(digest)
