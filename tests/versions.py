"""Other versions of the daemon, for tests.

A later one is a copy of the package that writes all that the promise to later versions allows
(docs/explanation/coordination.md, "Mixed versions"). A former one comes out of the repository's history.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tomllib
import zipfile
from pathlib import Path

import spectacle

VERSION = "99.1.0"

COMMIT = """record["decided_by"] = {"version": [99, 1]}
        record["request"]["owner"] = "somebody"
        for each in [*record["files"], *record["attachments"]]:
            each["digests"] = {"blake3": None}
        return json.dumps(record).encode()"""
CHANGES = {
    "__init__.py": [(f'__version__ = "{spectacle.__version__}"', f'__version__ = "{VERSION}"')],
    # Further fields in a commit record, and in each version and file in it.
    "spool/record.py": [("return json.dumps(record).encode()", COMMIT)],
    # A further line in a claim.
    "spool/lease.py": [
        ('f"request={request_field(request)}\\n"', 'f"request={request_field(request)}\\npurpose=generating\\n"'),
    ],
    # A further field in the count of attempts.
    "spool/attempts.py": [
        ('{"attempts": count, "request"', '{"attempts": count, "reasons": ["unknown"] * count, "request"'),
    ],
    # Further fields, and richer values, in an instance's report.
    "daemon/reporting.py": [
        (
            '"instance": self._instances.identity,',
            '"instance": self._instances.identity, "schema": 7, "peers": {"seen": []},',
        ),
        (
            '"devices": [device.status() for device in self._devices if',
            '"devices": [{**device.status(), "temperature": 61.5, "jobs": []} for device in self._devices if',
        ),
    ],
    # A further part of the state directory.
    "spool/naming.py": [("ATTEMPTS, POISON)\n", 'ATTEMPTS, POISON, "later")\n')],
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


FORMER = "9150b4a"
"""The last commit before the modules of the daemon were moved into packages."""


def make_former_version(home: Path) -> dict[str, str] | None:
    """Take the former version out of the history into a directory.

    Returns:
        The environment in which `python -m spectacle` is the former version; None where there is no history.
    """
    root = Path(spectacle.__file__).parents[1]
    archive = subprocess.run(
        ["git", "-C", root, "archive", "--format=zip", FORMER, "spectacle", "pyproject.toml"],
        capture_output=True,
        check=False,
    )
    if archive.returncode:
        return None
    with zipfile.ZipFile(io.BytesIO(archive.stdout)) as files:
        files.extractall(home)
    project = tomllib.loads((home / "pyproject.toml").read_text())["project"]
    # Found before the installed one's, whose entry points name modules that it does not have.
    metadata = home / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    points = project["entry-points"]["spectacle.generators"]
    lines = "".join(f"{name} = {target}\n" for name, target in points.items())
    (metadata / "entry_points.txt").write_text(f"[spectacle.generators]\n{lines}")
    return {**os.environ, "PYTHONPATH": str(home), "PYTHONSAFEPATH": "1"}
