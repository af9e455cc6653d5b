"""Writes what is generated from code: `spectacle.toml`, pages and tables of the reference, and the texts of `explain`.

    python scripts/build_docs.py [--check]

With `--check` nothing is written; files that are not up to date are listed, and the exit status is 1.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from pages import clients, commands, options, pictures

from spectacle.config.document import render_markdown, render_toml
from spectacle.generators.placement import published

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "docs/reference"


def build() -> dict[Path, str]:
    """What each generated file should contain."""
    error_codes = (REFERENCE / "error-codes.md").read_text(encoding="utf-8")
    files = {
        ROOT / "spectacle.toml": render_toml(),
        ROOT / "spectacle/cli/error_codes.md": error_codes,
        REFERENCE / "commands.md": commands.render(),
        REFERENCE / "configuration.md": render_markdown(),
        REFERENCE / "placement-tables.md": published.markdown_tables(),
        REFERENCE / "python-client.md": clients.python(),
        REFERENCE / "typescript-client.md": clients.typescript(ROOT / "clients/typescript/spectacle-client.ts"),
    }
    for path in (REFERENCE / "generators").glob("*.md"):
        files[path] = options.fill(path.read_text(encoding="utf-8"), path.stem)
    choice = ROOT / "docs/how-to/choose-a-model.md"
    files[choice] = re.sub(
        r"(?s)(?<=<!-- choice -->\n).*(?=<!-- end of choice -->)",
        lambda _: published.markdown_choice(),
        choice.read_text(encoding="utf-8"),
    )
    return files


def main(arguments: list[str]) -> int:
    """Write the files, or check them. Returns the exit status."""
    stale = [path for path, text in build().items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if "--check" in arguments:
            print(f"{path.relative_to(ROOT)}: not up to date. Run `.venv/bin/python scripts/build_docs.py`.")
        else:
            path.write_text(build()[path], encoding="utf-8")
    undrawn = pictures.missing()
    for path in undrawn:
        if "--check" in arguments:
            print(f"{path.relative_to(ROOT)}: missing. Run `.venv/bin/python scripts/build_docs.py`.")
        else:
            pictures.make(path)
    return 1 if (stale or undrawn) and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
