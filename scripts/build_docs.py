"""Writes what is made from the settings model: `spectacle.toml` and `docs/configuration.md`."""

from pathlib import Path

from spectacle.settings_file import render_markdown, render_toml

ROOT = Path(__file__).parent.parent

if __name__ == "__main__":
    (ROOT / "spectacle.toml").write_text(render_toml(), encoding="utf-8")
    (ROOT / "docs/configuration.md").write_text(render_markdown(), encoding="utf-8")
