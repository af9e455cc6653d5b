"""Defects that were once there, to be put back, so that a test can see whether the simulator finds them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from itertools import count
from typing import Any
from unittest.mock import patch

from spectacle.daemon import attempt as attempt_module
from spectacle.daemon.attempt import AttemptResult, Attempts
from spectacle.daemon.backlog import Backlog, State
from spectacle.daemon.request import Changed, OpenedRequest
from spectacle.errors import SpectacleError
from spectacle.spool import claims, commit, naming
from spectacle.spool.attempts import read_attempts
from spectacle.spool.claims import Claim
from spectacle.spool.directory import Spool
from spectacle.spool.naming import RequestName
from spectacle.spool.record import Version
from spectacle.spool.retire import retire


@contextmanager
def cancelled_when_the_spool_is_away() -> Iterator[None]:
    """D1: what runs was judged by whatever directory lay under the path, and lost its attachments when it came back."""

    def moved(self: Backlog) -> None:
        for tracked in list(self._known.values()):
            if tracked.state is not State.RUNNING:
                self._forget(tracked)

    def cancelled(self: Attempts, claim: Claim, opened: OpenedRequest) -> AttemptResult:
        for attachment in opened.attachments:
            retire(claim.spool, attachment)
        return AttemptResult.CANCELLED

    with patch.object(Backlog, "moved", moved), patch.object(Attempts, "_cancelled", cancelled):
        yield


@contextmanager
def refused_beside_an_older_picture() -> Iterator[None]:
    """D2: a refusal left what an earlier request of that name had been answered with."""

    def refuse(self: Attempts, name: RequestName, error: SpectacleError, *, many: bool) -> AttemptResult:
        with self._holding(name) as claim:
            if claim is None:
                return AttemptResult.HELD
            status = claim.spool.look(name.file_name)
            if status is None:
                return AttemptResult.GONE
            try:
                return self._refuse(claim, status, error)
            except Changed:
                return AttemptResult.UNSETTLED

    with patch.object(Attempts, "refuse", refuse):
        yield


@contextmanager
def newer_request_left_aside() -> Iterator[None]:
    """D3: a newer request that was caught while its predecessor was taken out stayed aside after a crash."""
    with (
        patch.object(attempt_module, "recover", lambda spool, name: None),
        patch.object(naming, "stem_of_retired", lambda name: None),
    ):
        yield


@contextmanager
def error_takes_the_next_attachments() -> Iterator[None]:
    """D4: an error took along what was attached when it was written, not when the request was opened."""
    plain = Attempts._publish_error

    def publish(self: Attempts, claim: Claim, opened: OpenedRequest, error: SpectacleError) -> AttemptResult:
        looks = [(each, claim.spool.peek(each)) for each in claim.name.attachment_names()]
        now = tuple(Version.of(each, look) for each, look in looks if look is not None)
        return plain(self, claim, replace(opened, attachments=now), error)

    with patch.object(Attempts, "_publish_error", publish):
        yield


@contextmanager
def attempts_outlive_their_request() -> Iterator[None]:
    """D5: lost attempts counted for every later request of that name."""

    def add(
        spool: Spool, name: RequestName, version: tuple[int, int, int], token: str, *, with_daemon: bool = False
    ) -> int:
        number = read_attempts(spool, name, version) + 1
        spool.replace(naming.attempts_path(name.stem), json.dumps({"attempts": number}).encode())
        return number

    with (
        patch.object(attempt_module, "add_attempt", add),
        patch.object(claims, "add_attempt", add),
        patch.object(attempt_module, "clear_attempts", lambda spool, name: None),
    ):
        yield


@contextmanager
def candidates_behind_a_gap_stay() -> Iterator[None]:
    """D10: of an older answer only what came before the first missing picture was removed."""

    def results(spool: Spool, name: RequestName, many: bool) -> list[Version]:
        found: list[Version] = []
        for number in count(1):
            names = [naming.result_name(name.stem, number, extension) for extension in ("png", "svg")]
            looks = [(each, spool.peek(each)) for each in (names if number > 1 else [*names, name.error_name])]
            found += [Version.of(each, look) for each, look in looks if look is not None]
            if number > 1 and all(look is None for _, look in looks):
                break
        return found

    with patch.object(commit, "_results", results):
        yield


FORMER: dict[str, Any] = {
    "D1": cancelled_when_the_spool_is_away,
    "D2": refused_beside_an_older_picture,
    "D3": newer_request_left_aside,
    "D4": error_takes_the_next_attachments,
    "D5": attempts_outlive_their_request,
    "D10": candidates_behind_a_gap_stay,
}
"""By their numbers in the list of findings."""


def put_back(number: str) -> AbstractContextManager[None]:
    """Have a defect again for as long as the block runs."""
    return FORMER[number]()  # type: ignore[no-any-return]
