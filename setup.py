"""Takes files from the top of the clone into the package, so that `spectacle init` can write them once installed.

Everything else about the package is in pyproject.toml.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).parent
SHIPPED = (
    "systemd/**/*", "cloud/*", "clients/shell/spectacle-request", "clients/typescript/spectacle-client.ts",
    "clients/typescript/example.ts", ".containerignore", "Containerfile", "compose*.yaml", "requirements/all.txt",
    "requirements/gateway.txt",
)  # fmt: skip
"""What `spectacle/cli/shipped.py` writes, with the paths of the clone."""


class WithShippedFiles(build_py):
    """Builds the package with these files in `spectacle/cli/files`. An editable one finds those of the clone."""

    def run(self) -> None:
        """Build."""
        super().run()
        if self.editable_mode:
            return
        for path in (path for pattern in SHIPPED for path in HERE.glob(pattern) if path.is_file()):
            target = Path(self.build_lib, "spectacle/cli/files", path.relative_to(HERE))
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)


setup(cmdclass={"build_py": WithShippedFiles})
