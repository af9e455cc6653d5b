"""The shell client, run by each POSIX shell of this machine against a daemon that the test plays."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from daemon_process import wait_for

from spectacle.spool.naming import RequestName

SCRIPT = Path(__file__).parents[2] / "clients" / "shell" / "spectacle-request"
SHELLS = [[path] for name in ("dash", "bash") if (path := shutil.which(name))]
if busybox := shutil.which("busybox"):
    SHELLS.append([busybox, "sh"])

Answers = Callable[[RequestName], dict[str, str] | None]


class Daemon(threading.Thread):
    """Answers each request with the files `answers` gives for it (suffix to content), None for no answer."""

    def __init__(self, spool: Path, answers: Answers) -> None:
        super().__init__()
        self.spool, self.answers = spool, answers
        self.stopping = threading.Event()
        self.seen: list[RequestName] = []
        self.found: list[dict[str, str]] = []

    def run(self) -> None:
        while not self.stopping.wait(0.005):
            for name in filter(None, map(RequestName.parse, os.listdir(self.spool))):
                if name not in self.seen:
                    self.seen.append(name)
                    beside = [path for path in self.spool.iterdir() if path.name.startswith(name.stem)]
                    self.found.append({path.name.removeprefix(name.stem): path.read_text() for path in beside})
                    self.publish(name)

    def publish(self, name: RequestName) -> None:
        files = self.answers(name)
        if files is None:
            return
        for suffix, content in files.items():
            (self.spool / ".new").write_text(content)
            (self.spool / ".new").rename(self.spool / (name.stem + suffix))
        (self.spool / name.file_name).unlink()


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    directory = tmp_path / "a spool [1]"  # with what a careless script would trip over
    directory.mkdir()
    return directory


@pytest.fixture
def play(spool: Path) -> Iterator[Callable[[Answers], Daemon]]:
    daemons: list[Daemon] = []

    def start(answers: Answers) -> Daemon:
        daemons.append(Daemon(spool, answers))
        daemons[-1].start()
        return daemons[-1]

    yield start
    for daemon in daemons:
        daemon.stopping.set()
        daemon.join()


@pytest.fixture(params=SHELLS, ids=lambda command: Path(command[0]).name)
def shell(request: pytest.FixtureRequest) -> list[str]:
    return [*request.param, str(SCRIPT)]


def run(shell: list[str], *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*shell, *map(str, arguments)], capture_output=True, text=True, timeout=30, check=False)


def test_the_path_of_the_picture_is_printed(shell: list[str], spool: Path, play: Callable[[Answers], Daemon]) -> None:
    daemon = play(lambda name: {".png": "picture"})
    done = run(shell, "-s", "640x480", "-u", "alice", spool, "a", "red fox; $HOME `date` *")
    assert (done.returncode, done.stderr) == (0, "")
    assert Path(done.stdout.rstrip("\n")).read_text() == "picture"
    (name,) = daemon.seen
    assert (name.user, name.width, name.height, name.kind) == ("alice", 640, 480, None)
    assert daemon.found == [{".txt": "a red fox; $HOME `date` *\n"}]


def test_all_pictures_are_printed_the_best_first_and_previews_and_thumbnails_last(
    shell: list[str], spool: Path, play: Callable[[Answers], Daemon]
) -> None:
    files = [".png", "-3.svg", "-2.svg", ".svg", "-3-thumbnail.png", "-2-thumbnail.png", "-thumbnail.png"]
    daemon = play(lambda name: dict.fromkeys(files, "picture"))
    done = run(shell, "-k", "svg", "-u", "6f9619ff-8b86-d011-b42d-00c04fc964ff", spool, "x")
    (name,) = daemon.seen
    assert (name.user, name.kind) == ("6f9619ff-8b86-d011-b42d-00c04fc964ff", "svg")
    names = [line.removeprefix(f"{spool}/{name.stem}") for line in done.stdout.splitlines()]
    assert names == [".svg", "-2.svg", "-3.svg", ".png", "-thumbnail.png", "-2-thumbnail.png", "-3-thumbnail.png"]


def test_the_previews_of_all_svgs_and_the_processed_input_are_printed(
    shell: list[str], spool: Path, play: Callable[[Answers], Daemon]
) -> None:
    files = ["-2.png", "-2.svg", ".png", ".svg", "-3.svg", "-3.png", "-input-processed.png"]
    daemon = play(lambda name: dict.fromkeys(files, "picture"))
    done = run(shell, "-k", "svg", spool, "x")
    (name,) = daemon.seen
    names = [line.removeprefix(f"{spool}/{name.stem}") for line in done.stdout.splitlines()]
    assert names == [".svg", "-2.svg", "-3.svg", ".png", "-2.png", "-3.png", "-input-processed.png"]


def test_attachments_and_options_are_there_before_the_request(
    shell: list[str], spool: Path, tmp_path: Path, play: Callable[[Answers], Daemon]
) -> None:
    for name in ("a b.PNG", "b.jpeg", "m.png", "c.png"):
        (tmp_path / name).write_text(name)
    daemon = play(lambda name: {".png": "picture"})
    options = json.dumps({"seed": 7, "negative_prompt": 'a\\"$b'})
    pictures = [
        "-i",
        tmp_path / "a b.PNG",
        "-i",
        tmp_path / "b.jpeg",
        "-m",
        tmp_path / "m.png",
        "-c",
        tmp_path / "c.png",
    ]
    done = run(shell, *pictures, "-o", options, spool, "x")
    assert (done.returncode, done.stderr) == (0, "")
    (found,) = daemon.found
    assert json.loads(found.pop("-options.json")) == json.loads(options)
    assert found == {
        ".txt": "x\n",
        "-input.png": "a b.PNG",
        "-input2.jpeg": "b.jpeg",
        "-mask.png": "m.png",
        "-control.png": "c.png",
    }


def test_an_error_is_printed_on_standard_error_and_in_the_exit_status(
    shell: list[str], spool: Path, play: Callable[[Answers], Daemon]
) -> None:
    play(lambda name: {"-error.txt": "too large: ask for less\x1b[2J\n\ncode: bad-size\n"})
    done = run(shell, spool, "x")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "spectacle-request: too large: ask for less[2J\n"


@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_an_error_is_read_from_an_ordinary_file_alone(
    shell: list[str], spool: Path, play: Callable[[Answers], Daemon], tmp_path: Path, kind: str
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")

    def plant(name: RequestName) -> dict[str, str]:
        path = spool / name.error_name
        path.symlink_to(secret) if kind == "link" else os.mkfifo(path)
        return {}

    play(plant)
    done = run(shell, spool, "x")
    assert done.returncode == 1
    assert "is not a regular file" in done.stderr
    assert "secret" not in done.stderr


def test_a_request_that_somebody_deletes_ends_the_wait(
    shell: list[str], spool: Path, play: Callable[[Answers], Daemon]
) -> None:
    play(lambda name: {})
    done = run(shell, spool, "x")
    assert (done.returncode, done.stdout) == (1, "")
    assert "gone without a result: somebody cancelled it" in done.stderr


def test_who_waits_is_told_once_that_the_spool_or_the_kind_is_paused(shell: list[str], spool: Path) -> None:
    instances = spool / ".spectacle/instances"
    instances.mkdir(parents=True)
    (instances / "one.json").write_text('{"kinds": ["card"], "default_kind": "card", "pauses": []}')
    (spool / ".spectacle/paused-card").write_text("new GPU,\x1b back at noon\n")
    (spool / ".spectacle/paused-svg").symlink_to("/etc/passwd")
    done = run(shell, "-t", "1", spool, "x")
    said = "spectacle-request: waiting, because kind card is paused: new GPU,  back at noon"
    assert done.stderr.splitlines()[0] == said
    assert done.stderr.count("paused") == 1
    assert "paused" not in run(shell, "-t", "0", "-k", "svg", spool, "x").stderr


def test_after_the_time_given_the_request_is_taken_back(shell: list[str], spool: Path, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("a")
    done = run(shell, "-t", "0", "-i", tmp_path / "a.png", "-o", "{}", spool, "x")
    assert done.returncode == 1
    assert "no result within 0 s. The request was cancelled." in done.stderr
    assert os.listdir(spool) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_takes_the_request_back(shell: list[str], spool: Path, number: signal.Signals) -> None:
    with subprocess.Popen(
        [*shell, str(spool), "x"], stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            wait_for(lambda: any(map(RequestName.parse, os.listdir(spool))), "the request", every=0)
            os.killpg(process.pid, number)
            _, said = process.communicate(timeout=20)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 130
    assert "interrupted. The request was cancelled." in said
    assert os.listdir(spool) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-s", "640X480"], "invalid size '640X480'"),
        (["-s", "640"], "invalid size '640'"),
        (["-s", "0x480"], "invalid size '0x480'"),
        (["-s", "64x64x64"], "invalid size '64x64x64'"),
        (["-s", "100000x1"], "invalid size '100000x1'"),
        (["-k", "SVG"], "invalid kind 'SVG'"),
        (["-k", "error"], "invalid kind 'error'. Use lower-case letters"),
        (["-k", "input11"], "invalid kind 'input11'"),
        (["-u", "a/b"], "invalid user 'a/b'"),
        (["-u", "alice-bob"], "invalid user 'alice-bob'. Use a UUID, or letters"),
        (["-u", "u" * 180], ": too long"),
        (["-i", "/nowhere.png"], "/nowhere.png: cannot be read"),
        (["-m", str(SCRIPT)], "its name does not end in: png"),
        (["-t", "soon"], "invalid number of seconds 'soon'"),
        (["-z"], "unknown option -z. Omit it"),
        (["-s"], "-s: the value is missing. Add it"),
    ],
)
def test_a_wrong_call_is_explained_and_writes_nothing(
    shell: list[str], spool: Path, arguments: list[str], message: str
) -> None:
    done = run(shell, *arguments) if arguments == ["-s"] else run(shell, *arguments, spool, "x")
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert os.listdir(spool) == []


def test_a_missing_spool_or_prompt_is_explained(shell: list[str], spool: Path) -> None:
    assert "not a directory. Mount it" in run(shell, spool / "nowhere", "x").stderr
    done = run(shell, spool)
    assert (done.returncode, "the spool directory or the prompt is missing. Give both" in done.stderr) == (2, True)


def test_help_teaches(shell: list[str]) -> None:
    done = run(shell, "--help")
    assert done.returncode == 0
    assert "Examples:" in done.stdout


def test_an_account_without_a_name_is_called_by_its_number(
    shell: list[str], spool: Path, tmp_path: Path, play: Callable[[Answers], Daemon]
) -> None:
    # As id does it: the number is printed where a name is wanted, and the status says that there is none.
    (tmp_path / "id").write_text("#!/bin/sh\necho 4242\n[ $1 = -u ]\n")
    (tmp_path / "id").chmod(0o755)
    daemon = play(lambda name: {".png": "picture"})
    done = run(["env", f"PATH={tmp_path}:{os.environ['PATH']}", *shell], spool, "x")
    assert (done.returncode, done.stderr) == (0, "")
    assert daemon.seen[0].user == "4242"


def test_with_a_strict_umask_the_group_of_the_spool_can_read_the_request(
    shell: list[str], spool: Path, play: Callable[[Answers], Daemon]
) -> None:
    spool.chmod(0o2770)
    modes = []

    def answer(name: RequestName) -> dict[str, str]:
        modes.append((spool / name.file_name).stat().st_mode & 0o777)
        return {".png": "picture"}

    play(answer)
    done = run(["sh", "-c", 'umask 077 && exec "$@"', "sh", *shell], spool, "x")
    assert (done.returncode, modes) == (0, [0o640])
