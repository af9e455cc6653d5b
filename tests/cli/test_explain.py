"""`spectacle explain` knows every error code, and helps with those that it does not know."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

import spectacle.batch.items
import spectacle.worker.contract  # noqa: F401 (both have errors of their own)
from spectacle import client, errors
from spectacle.cli import explain, main
from spectacle.gateway.problems import HTTP_CODES

ABSTRACT = {"error", "bad-request", "worker-failed", "deferred"}
"""Codes of base classes, which are never raised themselves, and of what the daemon keeps to itself."""


def codes(base: type[errors.SpectacleError] = errors.SpectacleError) -> set[str]:
    return {base.code}.union(
        *(codes(each) for each in base.__subclasses__() if each.__module__.startswith("spectacle."))
    )


def test_every_error_code_has_its_section_and_no_other_has() -> None:
    assert client.RequestFailed.code in codes()
    assert set(explain.sections()) == codes() - ABSTRACT | HTTP_CODES


@pytest.mark.parametrize("code", explain.sections())
def test_the_section_of_a_code_says_what_to_do(code: str) -> None:
    result = CliRunner().invoke(main, ["explain", code])
    assert result.exit_code == 0
    assert result.output.startswith(f"{code}\n\n")
    assert "\n- " in result.output or "Nothing needs to be done" in result.output
    assert "](" not in result.output
    assert "\n#" not in result.output


def test_without_a_code_all_of_them_are_listed_on_a_line_each() -> None:
    lines = CliRunner().invoke(main, ["explain"]).output.splitlines()
    assert [line.split()[0] for line in lines] == list(explain.sections())


def test_an_unknown_code_gets_suggestions() -> None:
    result = CliRunner().invoke(main, ["explain", "bad-option"])
    assert result.exit_code == click.ClickException.exit_code
    assert "'bad-option'" in result.output
    assert "bad-options" in result.output
    assert "spectacle explain" in CliRunner().invoke(main, ["explain", "xyz"]).output
