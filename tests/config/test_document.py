"""The shipped configuration file and the configuration reference say what the settings model says."""

import re
import tomllib
from pathlib import Path

import pytest

from spectacle.config import Settings, fields, load
from spectacle.config.document import render_markdown, render_toml

ROOT = Path(__file__).parents[2]
MADE = "run `.venv/bin/python scripts/build_docs.py`"


def test_the_shipped_file_is_up_to_date() -> None:
    assert (ROOT / "spectacle.toml").read_text(encoding="utf-8") == render_toml(), MADE


def test_the_configuration_reference_is_up_to_date() -> None:
    assert (ROOT / "docs/reference/configuration.md").read_text(encoding="utf-8") == render_markdown(), MADE


def test_the_shipped_file_changes_nothing_but_where_its_spool_lies() -> None:
    file = ROOT / "spectacle.toml"
    expected = Settings().model_dump()
    expected["spool"]["path"] = ROOT / "spool"
    assert load(file, environment={}).model_dump() == expected


def test_every_default_in_the_shipped_file_is_the_default() -> None:
    shown = re.sub(r"(?m)^#(\w+ = )", r"\1", render_toml())
    raw = tomllib.loads(shown)
    assert Settings.model_validate(raw) == Settings()
    for keys, field in fields():
        inner = raw
        for key in keys[:-1]:
            inner = inner[key]
        assert (keys[-1] in inner) == (field.default is not None), keys


@pytest.mark.parametrize("document", [render_toml(), render_markdown()])
def test_every_setting_is_shown_with_its_description(document: str) -> None:
    words = " ".join(document.replace("#", " ").replace("`", "").split())
    for keys, field in fields():
        assert keys[-1] in words
        assert field.description, f"{keys} has no description"
        assert field.description.replace("`", "") in words


def test_a_spool_path_can_be_written_whatever_it_is_called(tmp_path: Path) -> None:
    odd = Path('/srv/odd "quoted" \\ path\n\x7f ü')
    file = tmp_path / "spectacle.toml"
    file.write_text(render_toml(odd), encoding="utf-8")
    assert load(file, environment={}).spool.path == odd


def test_bounds_are_told() -> None:
    assert "A number, 0.05 to 60." in render_toml()
    assert "| `min_free`<br>`SPECTACLE_SPOOL_MIN_FREE` | `16_777_216` | an integer, at least 0 |" in render_markdown()
