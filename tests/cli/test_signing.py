"""What a user may rely on at the command line when results are signed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from spectacle.config import ProvenanceSettings
from spectacle.signing.signer import ResultSigner, Statement


@pytest.fixture
def home(run, tmp_path: Path) -> Path:
    """A directory with a spool, a configuration and certificates."""
    made = run("init", tmp_path / "spool", "--provenance")
    assert made.exit_code == 0, made.output
    return tmp_path


@pytest.fixture
def signed(home: Path) -> Path:
    Image.new("RGB", (64, 48), "teal").save(home / "plain.png")
    folder = home / "provenance"
    signer = ResultSigner(ProvenanceSettings(certificate=folder / "certificate.pem", key=folder / "key.pem"))
    about = {"prompt": "a red fox", "generator": "illustration"}
    statement = Statement("image/png", "http://example.org/made", about)
    path = home / "signed.png"
    path.write_bytes(signer.sign((home / "plain.png").read_bytes(), statement))
    signer.close()
    return path


def test_init_makes_what_signs_and_a_configuration_that_names_it(run, home: Path) -> None:
    configuration = (home / "spectacle.toml").read_text()
    for line in (
        'certificate = "provenance/certificate.pem"',
        'key = "provenance/key.pem"',
        'trust = "provenance/root.pem"',
    ):
        assert line in configuration
    again = run("init", home / "spool", "--provenance").stdout
    assert "exist already, not changed" in again
    assert '[provenance]\ncertificate = "provenance/certificate.pem"' in again


@pytest.mark.slow
def test_doctor_signs_something_and_says_what_is_wrong(run, home: Path) -> None:
    def told() -> list[tuple[str, str, str]]:
        checks = json.loads(run("doctor", "--config", home / "spectacle.toml", "--json").stdout)
        return [(each["level"], each["found"], each["remedy"]) for each in checks if each["what"] == "provenance"]

    ((level, found, _),) = told()
    assert level == "ok"
    assert found.startswith("results are signed by Spectacle images, until 20")
    (home / "provenance/key.pem").chmod(0o644)
    level, found, remedy = told()[0]
    assert (level, remedy) == ("warn", f"run `chmod 600 {home}/provenance/key.pem`")
    (home / "provenance/certificate.pem").write_bytes((home / "provenance/root.pem").read_bytes())
    ((level, found, _),) = told()
    assert level == "fail"
    assert "signs itself" in found


def test_a_daemon_that_must_sign_and_cannot_does_not_start(run, home: Path) -> None:
    (home / "provenance/key.pem").unlink()
    started = run("serve", "--once", "--config", home / "spectacle.toml")
    assert started.exit_code == 1
    assert f"provenance.key {home}/provenance/key.pem: cannot be read: No such file or directory" in started.stderr


def test_show_says_what_a_signature_is_worth(run, home: Path, signed: Path) -> None:
    def state(*arguments: object) -> str:
        return str(json.loads(run("show", "--json", *arguments).stdout)["signature"]["state"])

    configured = ("--config", home / "spectacle.toml")
    (home / "empty.toml").write_text("")
    unconfigured = ("--config", home / "empty.toml")
    assert state(signed, *configured) == "trusted"
    assert state(signed, *unconfigured) == "valid"
    assert state(signed, *unconfigured, "--trust", home / "provenance/root.pem") == "trusted"
    shown = run("show", signed, *unconfigured)
    assert "the signer is not known here" in shown.stdout
    # The signed recipe is told even where the metadata has been removed.
    assert "a red fox" in shown.stdout

    content = bytearray(signed.read_bytes())
    content[content.index(b"IDAT") + 8] ^= 1
    signed.write_bytes(content)
    broken = run("show", signed, *configured)
    assert broken.exit_code == 1
    assert "the file has changed since it was signed" in broken.stdout
    assert "the metadata has been removed" in broken.stdout


def test_settings_that_cannot_sign_are_refused_when_they_are_read(run, tmp_path: Path) -> None:
    file = tmp_path / "spectacle.toml"
    for written, said in (
        ('certificate = "x.pem"', "provenance.key is missing: set it, or remove provenance.certificate"),
        ('certificate = "x.pem"\nkey = 5', "provenance.key = 5: must be a path in quotes, or a command as a list"),
        ('certificate = "x.pem"\nkey = []', "provenance.key = []: must be a path in quotes, or a command as a list"),
        ('timestamp_url = "example.org"', "must be a URL that begins with http:// or https://"),
    ):
        file.write_text(f"[provenance]\n{written}\n")
        refused = run("serve", "--once", "--config", file)
        assert refused.exit_code == 1
        assert said in refused.stderr
