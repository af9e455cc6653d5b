"""What instances report to each other and `spectacle status`: one small file each under `.spectacle/instances/`."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from spectacle.spool.claims import this_host
from spectacle.spool.diagnosis import FULL
from spectacle.spool.directory import Spool
from spectacle.spool.file_status import NotOrdinary, TooLarge
from spectacle.spool.naming import INSTANCES, KIND_PATTERN, MAX_NAME_BYTES, report_path, reporter_of

MAX_REPORT_BYTES = 256 * 1024
MAX_REPORTS, MAX_KINDS = 1000, 500
"""Maximum number of reports that are read, and of kinds that count in each: any client may invent them."""
BEATS_TO_DIE = 3
"""An instance that has not reported for this many of its own intervals is considered dead."""

LONG = frozenset({"kind_details", "errors", "notices"})
"""Fields that a report can do without."""
_BLOCK_BYTES, _SPARE_BYTES = 4096, 1024

Report = Mapping[str, Any]


def new_identity() -> str:
    """A name for this instance that no other one has."""
    return f"{this_host()}-{os.getpid()}-{secrets.token_hex(3)}"


@dataclass(frozen=True, slots=True)
class _Heard:
    """What is remembered of another instance's report."""

    version: tuple[int, int, int]
    since: float
    interval: float
    kinds: frozenset[str]
    tells_waiting: bool


class Instances:
    """This instance's report, and what the others' say.

    Args:
        spool: The spool.
        identity: This instance's name.
        clock: Monotonic seconds; another instance's age is how long its report has not changed on this clock.
    """

    def __init__(self, spool: Spool, identity: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._spool = spool
        self.identity = identity
        self._clock = clock
        self._heard: dict[str, _Heard] = {}

    def report(self, report: Report) -> None:
        """Publish this instance's report as a complete file.

        Where no space is left, the last report is overwritten, without what is long, so that the reason can be read.

        Raises:
            OSError: When the spool is in trouble.
        """
        try:
            self._spool.replace(_name(self.identity), _padded(json.dumps(report).encode()))
        except OSError as error:
            if error.errno not in FULL:
                raise
            brief = {name: value for name, value in report.items() if name not in LONG}
            if not self._spool.overwrite(_name(self.identity), json.dumps(brief).encode()):
                raise

    def leave(self) -> None:
        """Take the report away."""
        with contextlib.suppress(OSError):
            self._spool.remove(_name(self.identity))

    def live(self) -> Iterator[frozenset[str]]:
        """The kinds served by each other instance that still reports. One seen for the first time counts as live."""
        return (heard.kinds for _, heard in self._live())

    def _live(self) -> Iterator[tuple[str, _Heard]]:
        now = self._clock()
        present = set()
        for identity, report, version in _reports(self._spool):
            if identity == self.identity:
                continue
            present.add(identity)
            heard = self._heard.get(identity)
            if heard is None or heard.version != version:
                told = report.get("tells_waiting") is True
                self._heard[identity] = heard = _Heard(version, now, _interval(report), _kinds(report), told)
            if now - heard.since <= BEATS_TO_DIE * heard.interval:
                yield identity, heard
        for identity in self._heard.keys() - present:
            del self._heard[identity]

    def live_identities(self) -> set[str]:
        """The other instances that still report."""
        return {identity for identity, _ in self._live()}

    def told_by_others(self) -> frozenset[str]:
        """The kinds whose waiting requests another live instance tells of, which comes first by its name."""
        told = (heard.kinds for each, heard in self._live() if heard.tells_waiting and each < self.identity)
        return frozenset().union(*told)

    def served_elsewhere(self) -> set[str]:
        """The kinds that other live instances serve."""
        return set().union(*self.live())


def all_reports(spool: Spool) -> list[tuple[Report, float]]:
    """Every report there is with its age in seconds.

    The age compares two times of the file server's own clock, or of this host's where nothing can be written.
    """
    try:
        now = spool.now_ns()
    except OSError:
        now = time.time_ns()
    return [(report, max(0.0, (now - version[2]) / 1e9)) for _, report, version in _reports(spool)]


def ready_elsewhere(spool: Spool, identity: str, generator: str, preset: str | None) -> int:
    """How many workers of other live instances have a model loaded, and wait.

    Args:
        spool: The spool.
        identity: This instance's name.
        generator: Name of the model's generator.
        preset: Its preset.
    """
    model = {"generator": generator, "preset": preset}
    found = 0
    for report, age in all_reports(spool):
        if report.get("instance") == identity or report.get("state") != "serving" or not is_live(report, age):
            continue
        devices = report.get("devices")
        for told in devices if isinstance(devices, list) else ():
            loaded = told.get("loaded") if isinstance(told, dict) and told.get("state") == "ready" else None
            found += isinstance(loaded, list) and model in loaded
    return found


def all_identities(spool: Spool) -> list[str]:
    """The names of the instances that have reported, whether or not they still run."""
    identities = (each for each in map(reporter_of, spool.state_names(INSTANCES)) if each is not None)
    return list(islice(identities, MAX_REPORTS))


def schemas_in_use(spool: Spool) -> set[str]:
    """The digests of the option schemas that any report names."""
    found = set()
    for _, report, _ in _reports(spool):
        details = report.get("kind_details")
        for told in details.values() if isinstance(details, dict) else ():
            if isinstance(told, dict) and isinstance(digest := told.get("options_schema"), str):
                found.add(digest)
    return found


def is_live(report: Report, age: float) -> bool:
    """Whether an instance with a report of this age in seconds still runs."""
    return age <= BEATS_TO_DIE * _interval(report)


def _interval(report: Report) -> float:
    interval = report.get("interval", 10)
    return float(interval) if isinstance(interval, int | float) and 0 < interval < 3600 else 10.0


def _kinds(report: Report) -> frozenset[str]:
    kinds = (kind for kind in report.get("kinds", ()) if isinstance(kind, str) and len(kind) < MAX_NAME_BYTES)
    return frozenset(islice((kind for kind in kinds if KIND_PATTERN.fullmatch(kind)), MAX_KINDS))


def _reports(spool: Spool) -> Iterator[tuple[str, Report, tuple[int, int, int]]]:
    for identity in all_identities(spool):
        try:
            content, look = spool.read(_name(identity), MAX_REPORT_BYTES)
            report = json.loads(content)
        except (OSError, NotOrdinary, TooLarge, ValueError, RecursionError):
            continue
        if isinstance(report, dict) and isinstance(report.get("kinds", []), list):
            yield identity, report, look.version


def _padded(content: bytes) -> bytes:
    """A report with spaces after it: room for a reason, in the blocks that it takes anyway."""
    return content.ljust(-(-(len(content) + _SPARE_BYTES) // _BLOCK_BYTES) * _BLOCK_BYTES)


def _name(identity: str) -> str:
    return report_path(identity)
