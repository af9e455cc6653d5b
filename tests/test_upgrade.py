"""Two versions of the daemon on one spool: either finishes what the other has left, and they serve side by side."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from daemon_process import CONFIGURATION, Daemon, running, wait_for
from versions import VERSION as NEXT_VERSION
from versions import make_former_version, make_next_version

import spectacle

OLD_NAMES = CONFIGURATION.replace('format = "svg"', 'makes = "svg"')
"""The configuration as the former version reads it, and this one still does."""
STEM = "a-1-32x32"
IMPORTS = """
import os
from spectacle.spool import commit
from spectacle.spool.claims import Claims
from spectacle.spool.directory import Spool
from spectacle.spool.naming import RequestName
from spectacle.spool.attempts import add_attempt
def claim_it(claims, spool, name):
    return claims.claim(name, spool.look(name.file_name).version)
def lose(claims, spool, name):
    add_attempt(spool, name, spool.look(name.file_name).version, os.urandom(4).hex())
"""
IMPORTS_OF_FORMER = """
from spectacle import commit
from spectacle.claims import Claims
from spectacle.naming import RequestName
from spectacle.spool import Spool
Spool.prepare_state_directory = Spool.prepare_house
def claim_it(claims, spool, name):
    return claims.claim(name)
def lose(claims, spool, name):
    claims.add_attempt(name)
"""
BEGIN = f"""
import os, sys
from pathlib import Path
spool = Spool(Path(sys.argv[1]))
spool.open()
spool.prepare_state_directory()
name = RequestName.parse("{STEM}.txt")
claims = Claims(spool, 3)
claim = claim_it(claims, spool, name)
"""
DIE_COMMITTED = f"""{BEGIN}
commit.roll_forward = lambda *_, **__: os._exit(9)
answer = commit.Answer(spool, name, claim.token)
answer.add("-2.png", b"second")
answer.add(".png", b"first")
versions = []
for each in ("{STEM}.txt", "{STEM}-options.json"):
    content, look = spool.read(each, 1000)
    versions.append(commit.Version.of(each, look, content))
answer.publish(versions[0], versions[1:], still_ours=lambda: True)
"""
DIE_RUNNING = f"""{BEGIN}
lose(claims, spool, name)
lose(claims, spool, name)
os._exit(9)
"""


@dataclass(frozen=True)
class Version:
    """One version of the daemon.

    Attributes:
        environment: In which `python -m spectacle` is that version.
        number: What it calls itself.
        imports: Where it has what the programs above use.
        is_later: Whether it writes further fields.
    """

    environment: dict[str, str]
    number: str = spectacle.__version__
    imports: str = IMPORTS
    is_later: bool = False


Versions = tuple[Version, Version]


@pytest.fixture(scope="module", params=["next", "former"])
def versions(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Versions:
    """This version and another one."""
    this = Version({key: value for key, value in os.environ.items() if key != "PYTHONPATH"})
    home = tmp_path_factory.mktemp(request.param)
    if request.param == "next":
        return this, Version(make_next_version(home), NEXT_VERSION, is_later=True)
    environment = make_former_version(home)
    if environment is None:
        pytest.skip("the history of the repository is not here")
    return this, Version(environment, imports=IMPORTS_OF_FORMER)


@pytest.fixture(params=["this then other", "other then this"])
def pair(request: pytest.FixtureRequest, versions: Versions) -> Versions:
    """The two versions, in either order."""
    return versions if request.param == "this then other" else versions[::-1]


def die(program: str, daemon: Daemon, version: Version) -> None:
    done = subprocess.run(
        [sys.executable, "-c", version.imports + program, daemon.spool],
        env=version.environment, check=False, timeout=60, cwd=daemon.home,
    )  # fmt: skip
    assert done.returncode == 9


def serve_once(daemon: Daemon) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "spectacle", "serve", "--once", "--config", daemon.file],
        env=daemon.environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    daemon.log_path.write_text(done.stderr + done.stdout)
    assert done.returncode == 0, daemon.log


def test_an_answer_decided_by_one_version_is_put_in_place_by_the_other(tmp_path: Path, pair: Versions) -> None:
    daemon = Daemon(tmp_path, OLD_NAMES, environment=pair[1].environment)
    daemon.write(STEM, options={"seed": 1})
    die(DIE_COMMITTED, daemon, pair[0])
    assert ("decided_by" in json.loads((daemon.spool / f".{STEM}.commit").read_text())) == pair[0].is_later
    serve_once(daemon)
    assert daemon.public() == {f"{STEM}.png", f"{STEM}-2.png"}
    assert (daemon.spool / f"{STEM}.png").read_bytes() == b"first"
    assert (daemon.spool / f"{STEM}-2.png").read_bytes() == b"second"
    assert not daemon.hidden()


@pytest.mark.slow
def test_runs_lost_by_one_version_are_counted_by_the_other(tmp_path: Path, pair: Versions) -> None:
    daemon = Daemon(tmp_path, OLD_NAMES, environment=pair[1].environment)
    daemon.write(STEM)
    die(DIE_RUNNING, daemon, pair[0])
    assert ("purpose=" in (daemon.spool / f"{STEM}.lock").read_text()) == pair[0].is_later
    serve_once(daemon)
    assert "code: too-many-attempts" in (daemon.spool / f"{STEM}-error.txt").read_text()


@pytest.mark.slow
def test_two_versions_serve_one_spool_side_by_side_and_know_of_each_other(tmp_path: Path, versions: Versions) -> None:
    with ExitStack() as stack:
        this, other = (
            stack.enter_context(
                running(
                    tmp_path,
                    f'{OLD_NAMES}\n[log]\nform = "json"\n[kinds.only_{name}]\ngenerator = "test-double"\n',
                    name=name,
                    environment=version.environment,
                )
            )
            for name, version in zip(("this", "other"), versions, strict=True)
        )
        assert [each.report()["version"] for each in (this, other)] == [version.number for version in versions]
        stems = [f"u{number % 7}-{number}-16x16" for number in range(40)]
        special = ["a-1-16x16-only_this", "a-2-16x16-only_other"]
        for stem in stems + special:
            this.write(stem)
        wait_for(lambda: not any(name.endswith((".txt", ".lock")) for name in this.public()), "all answers", 60)
        assert this.public() == {f"{stem}.png" for stem in stems + special}

        def done() -> Counter[str]:
            return Counter(
                json.loads(line)["stem"]
                for daemon in (this, other)
                for line in daemon.log.splitlines()
                if '"event": "answered"' in line
            )

        # An answer is there a moment before it is logged.
        wait_for(lambda: done().total() == len(stems + special), "the last lines of the logs")
        assert done() == Counter(stems + special)
        for version in versions:
            shown = subprocess.run(
                [sys.executable, "-m", "spectacle", "status", "--json", "--spool", this.spool],
                env=version.environment, capture_output=True, text=True, cwd=tmp_path, check=True, timeout=60,
            )  # fmt: skip
            instances = json.loads(shown.stdout)["instances"]
            assert {each["version"] for each in instances if each["live"]} == {each.number for each in versions}


def test_an_answer_of_a_later_format_is_left_for_its_own_version(tmp_path: Path) -> None:
    with running(tmp_path) as daemon:
        record = daemon.spool / f".{STEM}.commit"
        record.write_text(json.dumps({"format": 99, "what": "only a later version knows"}))
        daemon.write(STEM)
        daemon.write("b-1-32x32")
        daemon.answer("b-1-32x32")
        wait_for(
            lambda: "left a result for a later version to publish" in daemon.log, "word of the later version's answer"
        )
        assert (daemon.spool / f"{STEM}.txt").exists()
        assert record.exists()
        assert not os.listdir(daemon.spool / ".spectacle/poison")
        # Its own version comes, and finds that the request is to be run.
        record.unlink()
        assert daemon.answer(STEM).name == f"{STEM}.png"
