"""Pauses: files in `.spectacle/` that keep a spool, or one kind, from being served until somebody removes them.

`.spectacle/paused` pauses all kinds and `.spectacle/paused-KIND` one. Their text is the reason. Whoever owns the file
has paused it, so nobody can pause in another's name.
"""

from __future__ import annotations

import contextlib
import pwd
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from spectacle.spool.directory import Spool
from spectacle.spool.file_status import FileStatus, NotOrdinary, TooLarge
from spectacle.spool.instances import all_identities
from spectacle.spool.naming import pause_path, paused_kind, report_path

MAX_REASON = 500
"""Characters of a reason that are shown."""

_MAX_BYTES = 64 * 1024
_MAX_PAUSES = 500


@dataclass(frozen=True, slots=True)
class Pause:
    """What keeps requests from being served.

    Attributes:
        kind: The kind that is paused, or None for all.
        reason: Why, in the words of whoever paused it; may be empty.
        since: Time at which it was paused, by the file server's clock, in seconds since the epoch.
        by: Account that paused it.
    """

    kind: str | None
    reason: str
    since: float
    by: str

    @property
    def told(self) -> str:
        """One line for people, such as `kind svg is paused by alice: new weights`."""
        what = "the spool" if self.kind is None else f"kind {self.kind}"
        return f"{what} is paused by {self.by}" + (f": {self.reason}" if self.reason else "")

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        since = round(self.since, 3)
        return {"kind": self.kind, "reason": self.reason, "since": since, "by": self.by, "told": self.told}


@dataclass(frozen=True, slots=True)
class Pauses:
    """What is paused on a spool.

    Attributes:
        all: The pauses that count, that of the whole spool first.
        ignored: Why others do not count, one sentence and a remedy each.
    """

    all: tuple[Pause, ...] = ()
    ignored: tuple[str, ...] = ()

    def of(self, kind: str | None) -> Pause | None:
        """The pause that holds up requests of a kind, or None. With None as the kind, that of the whole spool alone."""
        return next((each for each in self.all if each.kind is None or each.kind == kind), None)


def uids_of(accounts: Collection[str]) -> tuple[frozenset[int], list[str]]:
    """The numbers of accounts that are given by name or number, and the names that this host does not know."""
    found, unknown = set(), []
    for account in accounts:
        if account.isdecimal():
            found.add(int(account))
            continue
        try:
            found.add(pwd.getpwnam(account).pw_uid)
        except KeyError:
            unknown.append(account)
    return frozenset(found), unknown


def operators_of(spool: Spool, accounts: Collection[str], daemons: Collection[int] | None = None) -> frozenset[int]:
    """The numbers of those whose pauses count: root, the spool's owner, the daemons' accounts, and some more.

    Args:
        spool: The spool.
        accounts: The further accounts, by name or number.
        daemons: Accounts of the daemons; None for those to whom the reports in the spool belong.

    Raises:
        OSError: When the spool is in trouble.
    """
    if daemons is None:
        reports = (spool.peek(report_path(identity)) for identity in all_identities(spool))
        daemons = {status.uid for status in reports if status is not None}
    directory = spool.peek(".")
    owner = set() if directory is None else {directory.uid}
    return frozenset({0, *owner, *daemons}) | uids_of(accounts)[0]


def read_pauses(spool: Spool, operators: Callable[[], Collection[int]]) -> Pauses:
    """What is paused.

    Args:
        spool: The spool.
        operators: Gives the numbers of the accounts that can pause; called when there is a pause.

    Raises:
        OSError: When the spool is in trouble.
    """
    found: list[Pause] = []
    ignored: list[str] = []
    entries = sorted(each for each in spool.state_names("") if paused_kind(each) is not None)
    allowed = operators() if entries else ()
    for entry in entries[:_MAX_PAUSES]:
        named = paused_kind(entry)
        assert named is not None
        path = pause_path(named[0])
        status, reason = _read(spool, path)
        if status is None:
            continue
        if status.oddity is not None:
            ignored.append(f"{path}: ignored, because it is {status.oddity}. Remove it; use `spectacle pause`.")
        elif status.uid not in allowed:
            ignored.append(
                f"{path}: ignored, because {account_name(status.uid)} is not allowed to pause. Add the account to "
                f"spool.operators, or remove the file."
            )
        else:
            found.append(Pause(named[0], reason, status.mtime_ns / 1e9, account_name(status.uid)))
    return Pauses(tuple(found), tuple(ignored))


def _read(spool: Spool, path: str) -> tuple[FileStatus | None, str]:
    try:
        content, status = spool.read(path, _MAX_BYTES)
    except FileNotFoundError:
        return None, ""
    except NotOrdinary as odd:
        return odd.look, ""
    except (TooLarge, PermissionError, IsADirectoryError):
        # It is paused all the same: the name says so.
        return spool.peek(path), ""
    text = " ".join(content.decode(errors="replace").split())
    return status, "".join(each if each.isprintable() else " " for each in text)[:MAX_REASON]


def paused_kinds(spool: Spool) -> list[str | None]:
    """What there are pauses of, whether or not they count: kinds, and None for the whole spool, which comes first.

    Raises:
        OSError: When the spool is in trouble.
    """
    return [named[0] for each in sorted(spool.state_names("")) if (named := paused_kind(each)) is not None]


def pause(spool: Spool, kind: str | None, reason: str) -> None:
    """Pause a kind, or with None the whole spool. One that is paused already gets the new reason.

    Raises:
        OSError: When it cannot be written.
    """
    spool.replace(pause_path(kind), f"{' '.join(reason.split())[:MAX_REASON]}\n".encode())


def resume(spool: Spool, kind: str | None) -> bool:
    """Remove the pause of a kind, or with None that of the whole spool. Returns whether there was one.

    Raises:
        OSError: When it cannot be removed.
    """
    return spool.remove(pause_path(kind))


def account_name(uid: int) -> str:
    """Name of an account, or `user NUMBER` for one without."""
    with contextlib.suppress(KeyError):
        return pwd.getpwuid(uid).pw_name
    return f"user {uid}"
