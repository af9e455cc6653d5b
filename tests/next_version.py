"""A later version of the daemon, for tests: a copy of the package that writes all that the promise to later versions
allows (docs/protocol.md, "Versions side by side")."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import spectacle

VERSION = "99.1.0"

COMMIT = """record = {"format": FORMAT, **asdict(self), "decided_by": {"version": [99, 1]}}
        record["request"]["owner"] = "somebody"
        for each in [*record["files"], *record["attachments"]]:
            each["digests"] = {"blake3": None}
        return json.dumps(record).encode()"""
LEASE = """log = structlog.get_logger()


class SoftFileLease(SoftFileLease):
    def _write_lock_info(self, fd):
        super()._write_lock_info(fd)
        os.write(fd, b"purpose=generating\\n")
"""
CHANGES = {
    "__init__.py": [(f'__version__ = "{spectacle.__version__}"', f'__version__ = "{VERSION}"')],
    # Further fields in a commit record, and in each version and file in it.
    "spool/commit.py": [('return json.dumps({"format": FORMAT, **asdict(self)}).encode()', COMMIT)],
    "spool/claims.py": [
        # A further line in a claim, a further field in the count of attempts.
        ("log = structlog.get_logger()\n", LEASE),
        ('json.dumps({"attempts": count})', 'json.dumps({"attempts": count, "reasons": ["unknown"] * count})'),
    ],
    # Further fields, and richer values, in an instance's report.
    "daemon/reporting.py": [
        (
            '"instance": self._instances.identity,',
            '"instance": self._instances.identity, "schema": 7, "peers": {"seen": []},',
        ),
        (
            '"devices": [thread.status() for thread in self._threads],',
            '"devices": [{**thread.status(), "temperature": 61.5, "jobs": []} for thread in self._threads],',
        ),
    ],
    # A further part of the state directory.
    "spool/naming.py": [('attempts", POISON)\n', 'attempts", POISON, f"{STATE_DIRECTORY}/later")\n')],
}
"""By file of the package: what is replaced by what."""


def make_next_version(home: Path) -> dict[str, str]:
    """Make the later version in a directory.

    Returns:
        The environment in which `python -m spectacle` is the later version.
    """
    package = home / "spectacle"
    shutil.copytree(Path(spectacle.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    for name, changes in CHANGES.items():
        path = package / name
        text = path.read_text()
        for old, new in changes:
            assert text.count(old) == 1, f"{name} has changed: {old!r} is there {text.count(old)} times"
            text = text.replace(old, new)
        path.write_text(text)
    # The directory in which Python is started must not come before the copy.
    return {**os.environ, "PYTHONPATH": str(home), "PYTHONSAFEPATH": "1"}
