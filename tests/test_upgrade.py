"""Two versions of the daemon on one spool: either finishes what the other has left, and they serve side by side."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest
from daemon_process import CONFIGURATION, Daemon, running, wait_for
from next_version import VERSION, make_next_version

import spectacle

STEM = "a-1-32x32"
BEGIN = f"""
import os, sys
from pathlib import Path
from spectacle.spool import commit
from spectacle.spool.claims import Claims
from spectacle.spool.naming import RequestName
from spectacle.spool.directory import Spool
spool = Spool(Path(sys.argv[1]))
spool.open()
spool.prepare_state_directory()
name = RequestName.parse("{STEM}.txt")
claims = Claims(spool, 3)
claim = claims.claim(name)
"""
DIE_COMMITTED = f"""{BEGIN}
commit.roll_forward = lambda *_: os._exit(9)
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
claims.add_attempt(name)
claims.add_attempt(name)
os._exit(9)
"""

Environments = tuple[dict[str, str], dict[str, str]]


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Environments:
    """The environments of this version and of a later one."""
    this = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return this, make_next_version(tmp_path_factory.mktemp("next"))


@pytest.fixture(params=["this then next", "next then this"])
def pair(request: pytest.FixtureRequest, versions: Environments) -> Environments:
    """The two versions, in either order."""
    return versions if request.param == "this then next" else versions[::-1]


def is_later(environment: dict[str, str]) -> bool:
    return "PYTHONPATH" in environment


def die(program: str, daemon: Daemon, environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", program, daemon.spool], env=environment, check=False, timeout=60, cwd=daemon.home
    )
    assert done.returncode == 9


def serve_once(daemon: Daemon) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "spectacle", "serve", "--once", "--config", daemon.file],
        env=daemon.environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    daemon.log_path.write_text(done.stderr + done.stdout)
    assert done.returncode == 0, daemon.log


def test_an_answer_decided_by_one_version_is_put_in_place_by_the_other(tmp_path: Path, pair: Environments) -> None:
    daemon = Daemon(tmp_path, environment=pair[1])
    daemon.write(STEM, options={"seed": 1})
    die(DIE_COMMITTED, daemon, pair[0])
    assert ("decided_by" in json.loads((daemon.spool / f".{STEM}.commit").read_text())) == is_later(pair[0])
    serve_once(daemon)
    assert daemon.public() == {f"{STEM}.png", f"{STEM}-2.png"}
    assert (daemon.spool / f"{STEM}.png").read_bytes() == b"first"
    assert (daemon.spool / f"{STEM}-2.png").read_bytes() == b"second"
    assert not daemon.hidden()


def test_runs_lost_by_one_version_are_counted_by_the_other(tmp_path: Path, pair: Environments) -> None:
    daemon = Daemon(tmp_path, environment=pair[1])
    daemon.write(STEM)
    die(DIE_RUNNING, daemon, pair[0])
    assert ("purpose=" in (daemon.spool / f"{STEM}.lock").read_text()) == is_later(pair[0])
    serve_once(daemon)
    assert "code: too-many-attempts" in (daemon.spool / f"{STEM}-error.txt").read_text()


def test_two_versions_serve_one_spool_side_by_side_and_know_of_each_other(
    tmp_path: Path, versions: Environments
) -> None:
    with ExitStack() as stack:
        this, later = (
            stack.enter_context(
                running(
                    tmp_path,
                    f'{CONFIGURATION}\n[log]\nform = "json"\n[kinds.only_{name}]\ngenerator = "test-double"\n',
                    name=name,
                    environment=environment,
                )
            )
            for name, environment in zip(("this", "later"), versions, strict=True)
        )
        assert [this.report()["version"], later.report()["version"]] == [spectacle.__version__, VERSION]
        stems = [f"u{number % 7}-{number}-16x16" for number in range(40)]
        special = ["a-1-16x16-only_this", "a-2-16x16-only_later"]
        for stem in stems + special:
            this.write(stem)
        wait_for(lambda: not any(name.endswith((".txt", ".lock")) for name in this.public()), "all answers", 60)
        assert this.public() == {f"{stem}.png" for stem in stems + special}
        done = Counter(
            json.loads(line)["stem"]
            for daemon in (this, later)
            for line in daemon.log.splitlines()
            if '"event": "answered"' in line
        )
        assert done == Counter(stems + special)
        for environment in versions:
            shown = subprocess.run(
                [sys.executable, "-m", "spectacle", "status", "--json", "--spool", this.spool],
                env=environment, capture_output=True, text=True, check=True, timeout=60,
            )  # fmt: skip
            instances = json.loads(shown.stdout)["instances"]
            assert {each["version"] for each in instances if each["live"]} == {spectacle.__version__, VERSION}


def test_an_answer_of_a_later_format_is_left_for_its_own_version(tmp_path: Path) -> None:
    with running(tmp_path) as daemon:
        record = daemon.spool / f".{STEM}.commit"
        record.write_text(json.dumps({"format": 2, "what": "only a later version knows"}))
        daemon.write(STEM)
        daemon.write("b-1-32x32")
        daemon.answer("b-1-32x32")
        wait_for(lambda: "left an answer for its own version" in daemon.log, "word of the later version's answer")
        assert (daemon.spool / f"{STEM}.txt").exists()
        assert record.exists()
        assert not os.listdir(daemon.spool / ".spectacle/poison")
        # Its own version comes, and finds that the request is to be run.
        record.unlink()
        assert daemon.answer(STEM).name == f"{STEM}.png"
