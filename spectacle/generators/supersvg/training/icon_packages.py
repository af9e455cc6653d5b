"""Icon sets from npm packages, fetched with npm itself, so that its settings, mirrors and checks of hashes count."""

from __future__ import annotations

import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spectacle.errors import GeneratorError

_NAME = re.compile(r"(?:@[a-z0-9~][a-z0-9._~-]*/)?[a-z0-9~][a-z0-9._~-]*(?:@[A-Za-z0-9][A-Za-z0-9.+-]*)?")
_MAX_FILE_BYTES = 2**20
_MAX_FILES = 100_000


@contextmanager
def npm_icons(package: str) -> Iterator[Path]:
    """The SVG files of an npm package, in a temporary directory.

    Args:
        package: Its name, such as `@tabler/icons`, also with a version: `@tabler/icons@3.34.0`.

    Raises:
        GeneratorError: When that is not a name, npm is missing, or it cannot fetch the package.
    """
    if _NAME.fullmatch(package) is None:
        raise GeneratorError(f"{package!r}: not the name of an npm package. Use one such as @tabler/icons.")
    npm = shutil.which("npm")
    if npm is None:
        raise GeneratorError("npm: not installed. Install it, or set --from to a directory with SVG files.")
    with tempfile.TemporaryDirectory(prefix="spectacle-icons-") as made:
        folder = Path(made)
        fetched = subprocess.run(
            [npm, "pack", "--silent", "--pack-destination", made, package],
            cwd=made, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        archives = list(folder.glob("*.tgz"))
        if fetched.returncode or not archives:
            said = [line.strip() for line in fetched.stderr.splitlines() if line.strip()]
            reason = next((line for line in said if "code" not in line), f"npm ended with {fetched.returncode}")
            raise GeneratorError(f"{package}: npm could not fetch it ({reason}). Check the name and the network.")
        _unpack(archives[0], folder / "icons")
        yield folder / "icons"


def _unpack(archive: Path, into: Path) -> None:
    """Write the SVG files of an archive, each at most 1 MiB; links and whatever leads out of it are left out."""
    into.mkdir()
    with tarfile.open(archive) as archived:
        for number, member in enumerate(archived):
            if number >= _MAX_FILES:
                break
            path = into / member.name
            if not (member.isfile() and member.name.endswith(".svg") and member.size <= _MAX_FILE_BYTES):
                continue
            if not path.resolve().is_relative_to(into.resolve()):
                continue
            content = archived.extractfile(member)
            assert content is not None  # it is a file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.read())
