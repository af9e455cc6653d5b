"""Writes what is made from code: `spectacle.toml`, `docs/configuration.md` and the tables of `docs/placement.md`."""

import re
from pathlib import Path

from spectacle.config.document import render_markdown, render_toml
from spectacle.generators.placement.published import markdown_tables

ROOT = Path(__file__).parent.parent

if __name__ == "__main__":
    (ROOT / "spectacle.toml").write_text(render_toml(), encoding="utf-8")
    (ROOT / "docs/configuration.md").write_text(render_markdown(), encoding="utf-8")
    page = ROOT / "docs/placement.md"
    made = re.sub(
        r"(?s)(?<=<!-- tables -->\n).*(?=<!-- end of tables -->)", markdown_tables(), page.read_text(encoding="utf-8")
    )
    page.write_text(made, encoding="utf-8")
