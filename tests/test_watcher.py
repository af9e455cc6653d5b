"""The daemon from outside: files go in, files come out."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from daemon_process import CONFIGURATION, Daemon, running, wait_for
from PIL import Image

from spectacle.spool.instances import MAX_REPORT_BYTES

UUID = "6f9619ff-8b86-d011-b42d-00c04fc964ff"


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with running(tmp_path_factory.mktemp("home")) as daemon:
        yield daemon


def png(width: int = 8, height: int = 8, mode: str = "RGB") -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, (width, height)).save(buffer, "PNG")
    return buffer.getvalue()


def test_a_text_file_goes_in_and_a_picture_of_its_size_comes_out(daemon: Daemon) -> None:
    daemon.write("a-1-640x480")
    path = daemon.answer("a-1-640x480")
    with Image.open(path) as picture:
        assert picture.size == (640, 480)
        assert picture.format == "PNG"
        assert json.loads(picture.info["spectacle"])["prompt"] == "a red fox"
        assert "a red fox" in picture.info["parameters"]


def test_a_dashed_uuid_is_served_like_any_user(daemon: Daemon) -> None:
    daemon.write(f"{UUID}-17-64x64")
    assert daemon.answer(f"{UUID}-17-64x64").suffix == ".png"


def test_the_kind_chooses_the_generator(daemon: Daemon) -> None:
    daemon.write("a-2-64x48-svg")
    text = daemon.answer("a-2-64x48-svg").read_text()
    assert 'width="64"' in text
    assert 'height="48"' in text
    assert 'viewBox="0 0 64 48"' in text


def test_the_illustrator_draws_real_prompts(daemon: Daemon) -> None:
    daemon.write("a-3-320x240-fox", "a red fox under a tree at night")
    with Image.open(daemon.answer("a-3-320x240-fox")) as picture:
        assert picture.size == (320, 240)
        assert len(picture.convert("RGB").getcolors(1 << 20) or []) > 50


def test_the_options_of_one_request_are_obeyed(daemon: Daemon) -> None:
    daemon.write("a-4-64x64", options={"seed": 5, "copies": 3})
    daemon.answer("a-4-64x64")
    with Image.open(daemon.spool / "a-4-64x64-3.png") as picture:
        assert json.loads(picture.info["spectacle"])["seed"] == 7
    assert (daemon.spool / "a-4-64x64-2.png").exists()
    assert "a-4-64x64-options.json" not in daemon.public()


def test_a_preview_is_written_beside_an_svg_on_demand(daemon: Daemon) -> None:
    daemon.write("a-5-64x64-svg", options={"png": True})
    daemon.answer("a-5-64x64-svg")
    with Image.open(daemon.spool / "a-5-64x64-svg.png") as picture:
        assert picture.size == (64, 64)


def test_every_svg_has_a_preview_on_demand_and_all_of_them_go_with_a_newer_request(daemon: Daemon) -> None:
    stem = "a-41-64x64-svg"
    daemon.write(stem, options={"previews": True, "copies": 5, "seed": 1})
    daemon.answer(stem)
    numbers = ["", "-2", "-3", "-4", "-5"]
    made = {f"{stem}{number}.{extension}" for number in numbers for extension in ("svg", "png")}
    wait_for(lambda: {name for name in daemon.public() if name.startswith(stem)} == made, "the SVGs and their previews")
    (daemon.spool / f"{stem}.svg").unlink()
    daemon.write(stem, options={"seed": 2})
    daemon.answer(stem)
    wait_for(
        lambda: {name for name in daemon.public() if name.startswith(stem)} == {f"{stem}.svg"},
        "the previews of the older request to go",
    )


def test_the_processed_input_is_written_on_demand_and_goes_with_a_newer_request(daemon: Daemon) -> None:
    stem = "a-42-64x64-svg"
    daemon.write(stem, input=png(10, 20), options={"processed_input": True})
    daemon.answer(stem)
    made = {f"{stem}.svg", f"{stem}-input-processed.png"}
    wait_for(lambda: {name for name in daemon.public() if name.startswith(stem)} == made, "the attachments to go")
    with Image.open(daemon.spool / f"{stem}-input-processed.png") as seen:
        assert seen.size == (10, 20)
    (daemon.spool / f"{stem}.svg").unlink()
    daemon.write(stem, input=png(1, 1))
    daemon.answer(stem)
    wait_for(
        lambda: {name for name in daemon.public() if name.startswith(stem)} == {f"{stem}.svg"},
        "the processed input of the older request to go",
    )


def test_attached_pictures_reach_the_generator_in_order(daemon: Daemon) -> None:
    daemon.write("a-6-64x64", input=png(10, 20), input2=png(30, 40), mask=png(10, 20, "L"), control=png(5, 5))
    with Image.open(daemon.answer("a-6-64x64")) as picture:
        assert json.loads(picture.info["spectacle"])["facts"]["pictures"] == [[10, 20], [30, 40]]
    wait_for(
        lambda: {name for name in daemon.public() if name.startswith("a-6-")} == {"a-6-64x64.png"},
        "everything but the picture to go",
    )


def test_ten_pictures_may_be_attached(daemon: Daemon) -> None:
    inputs = {f"input{number}": png(number, 1) for number in range(2, 11)}
    daemon.write("a-40-64x64", input=png(1, 1), mask=png(1, 1, "L"), control=png(), options={"seed": 1}, **inputs)
    with Image.open(daemon.answer("a-40-64x64")) as picture:
        sizes = json.loads(picture.info["spectacle"])["facts"]["pictures"]
    assert sizes == [[number, 1] for number in range(1, 11)]
    # The claim is given up after the request is gone.
    wait_for(
        lambda: {name for name in daemon.public() if name.startswith("a-40-")} == {"a-40-64x64.png"},
        "everything but the picture to go",
    )


def test_a_request_written_slowly_is_read_whole(daemon: Daemon) -> None:
    path = daemon.spool / "a-7-64x64.txt"
    with path.open("w") as file:
        for part in ("a ", "red ", "fox"):
            file.write(part)
            file.flush()
    with Image.open(daemon.answer("a-7-64x64")) as picture:
        assert json.loads(picture.info["spectacle"])["prompt"] == "a red fox"


def test_a_request_appended_to_again_and_again_is_answered_in_its_last_state(daemon: Daemon) -> None:
    script = 'for word in one two three four five; do echo "$word" >> "$1"; done'
    subprocess.run(["sh", "-c", script, "sh", daemon.spool / "a-8-64x64.txt"], check=True)
    with Image.open(daemon.answer("a-8-64x64")) as picture:
        assert json.loads(picture.info["spectacle"])["prompt"].endswith("five")


def test_asking_again_under_the_same_name_replaces_the_answer(daemon: Daemon) -> None:
    daemon.write("a-9-64x64", options={"fail": "on purpose"})
    assert daemon.error("a-9-64x64") == "on purpose"
    daemon.write("a-9-64x64")
    assert daemon.answer("a-9-64x64").suffix == ".png"
    assert "a-9-64x64-error.txt" not in daemon.public()


def test_deleting_a_running_request_stops_it_and_nothing_is_written(daemon: Daemon) -> None:
    request = daemon.write("a-10-64x64-slow", options={"progress": True})
    daemon.await_run("a-10-64x64-slow")
    request.unlink()
    wait_for(lambda: "cancelled" in daemon.log, "the cancellation")
    wait_for(lambda: not any(name.startswith("a-10-64x64-slow") for name in daemon.public()), "everything to go")


def test_a_running_request_that_is_replaced_is_answered_as_it_is_now(daemon: Daemon) -> None:
    daemon.write("a-11-64x64-slow", options={"progress": True})
    daemon.await_run("a-11-64x64-slow")
    daemon.write("a-11-64x64-slow", "something else", options={"steps": 1})
    with Image.open(daemon.answer("a-11-64x64-slow")) as picture:
        assert json.loads(picture.info["spectacle"])["prompt"] == "something else"


def test_progress_is_told_while_a_request_runs_and_gone_with_its_answer(daemon: Daemon) -> None:
    daemon.write("a-12-64x64", options={"progress": True, "steps": 60, "step_seconds": 0.05})
    path = daemon.spool / "a-12-64x64-progress.json"
    states = []

    def look() -> bool:
        try:
            states.append(json.loads(path.read_text()))
        except FileNotFoundError:
            return bool(states)
        return False

    wait_for(look, "progress to come and go")
    assert states[-1]["step"] > 0
    assert set(states[-1]) == {"state", "fraction", "step", "steps", "eta_s", "ahead", "note", "generator", "host"}
    daemon.answer("a-12-64x64")
    assert not path.exists()


def test_a_crash_of_the_worker_costs_attempts_and_then_gives_an_error(daemon: Daemon) -> None:
    daemon.write("a-13-64x64-crash", input=png())
    assert "3 failed attempts" in daemon.error("a-13-64x64-crash")
    kept = os.listdir(daemon.spool / ".spectacle/poison")
    assert any(name.startswith("a-13-64x64-crash.txt") for name in kept)
    daemon.write("a-14-64x64")
    assert daemon.answer("a-14-64x64").suffix == ".png"


def test_memory_that_runs_out_once_is_freed_and_the_job_tried_again(daemon: Daemon) -> None:
    daemon.write("a-15-64x64", options={"trouble": "memory"})
    assert "not enough memory" in daemon.error("a-15-64x64")
    assert "code: out-of-memory" in (daemon.spool / "a-15-64x64-error.txt").read_text()


def test_names_that_are_not_requests_are_left_alone(daemon: Daemon) -> None:
    names = ["notes.txt", "a-1-640X480.txt", "with space-1-64x64.txt", "line\nbreak-1-64x64.txt", "ü-1-64x64.txt"]
    names += ["a-1-64x64-error.txt", "x" * 251 + ".txt"]
    for name in names:
        (daemon.spool / name).write_text("mine")
    daemon.write("a-16-64x64")
    daemon.answer("a-16-64x64")
    for name in names:
        assert (daemon.spool / name).read_text() == "mine"
        (daemon.spool / name).unlink()


@pytest.mark.parametrize(
    ("stem", "prompt", "said"),
    [
        ("b-1-64x64-fox", b" \n\t ", "contains no prompt"),
        ("b-2-64x64", b"x" * 10_000_000, "Shorten"),
        ("b-3-0x0", b"fox", "at least 1x1"),
        ("b-4-99999x99999", b"fox", "16000000"),
        ("b-5-64x64-nothing", b"fox", "card, crash, fox, slow, svg"),
        ("b-6-64x64", b"\x89PNG\r\n\x1a\n\x00\x00", "PNG"),
        ("b-7-64x64", b"a\x00b", "NUL"),
        ("b-8-64x64", b"\xe9t\xe9", "UTF-8"),
    ],
)
def test_a_bad_request_gets_a_clear_error(daemon: Daemon, stem: str, prompt: bytes, said: str) -> None:
    daemon.write(stem, prompt)
    line = daemon.error(stem)
    assert said in line


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_prompts_in_utf_8_and_utf_16_with_a_mark_are_read(daemon: Daemon, encoding: str) -> None:
    daemon.write("b-20-64x64", "ein größerer Fuchs 🦊".encode(encoding))
    with Image.open(daemon.answer("b-20-64x64")) as picture:
        assert json.loads(picture.info["spectacle"])["prompt"] == "ein größerer Fuchs 🦊"


def test_an_empty_prompt_is_fine_where_the_generator_needs_none(daemon: Daemon) -> None:
    daemon.write("b-21-64x64", "\n")
    assert daemon.answer("b-21-64x64").suffix == ".png"


def test_one_pixel_is_drawn(daemon: Daemon) -> None:
    daemon.write("b-9-1x1")
    with Image.open(daemon.answer("b-9-1x1")) as picture:
        assert picture.size == (1, 1)


def test_an_empty_file_gets_an_error_after_a_while(daemon: Daemon) -> None:
    daemon.write("b-10-64x64", b"")
    assert "empty" in daemon.error("b-10-64x64")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"colour": "red"}, "copies"),
        ({"steps": "many"}, "steps"),
        ({"steps": 0}, "steps"),
        ("{", "options.json"),
        ("[" * 5000 + "]" * 5000, "options.json"),
        (" " * 1_000_000, "options.json"),
        ('{"seed": NaN}', "options"),
    ],
    ids=["unknown", "ill-typed", "out of bounds", "no JSON", "deep", "huge", "NaN"],
)
def test_bad_options_get_an_error_that_names_them(daemon: Daemon, options: dict[str, str] | str, said: str) -> None:
    daemon.write("b-11-64x64", options=options)
    assert said in daemon.error("b-11-64x64")


def test_an_attachment_that_is_no_picture_gets_an_error_that_names_it(daemon: Daemon) -> None:
    daemon.write("b-12-64x64", input=b"<html>")
    assert "b-12-64x64-input.png" in daemon.error("b-12-64x64")
    assert "b-12-64x64-input.png" not in daemon.public()


def test_input_pictures_in_a_row_are_all_used_and_none_is_passed_over(daemon: Daemon) -> None:
    for stem, numbers, said in (
        ("b-12-64x65", range(1, 11), None),
        ("b-12-64x66", range(1, 12), "b-12-64x66-input11.png: more than 10 input"),
        ("b-12-64x67", (1, 3), "b-12-64x67-input3.png: there is no b-12-64x67-input2.png"),
        ("b-12-64x68", (1, 5), "b-12-64x68-input5.png: there is no b-12-64x68-input2.png"),
        ("b-12-64x69", (2,), "b-12-64x69-input2.png: there is no b-12-64x69-input.png"),
    ):
        daemon.write(stem, **{f"input{number if number > 1 else ''}": png() for number in numbers})
        if said is None:
            assert daemon.answer(stem).suffix == ".png"
        else:
            assert said in daemon.error(stem)


def test_an_input_picture_that_is_there_twice_gets_an_error_and_none_is_left_for_the_next_request(
    daemon: Daemon,
) -> None:
    stem = "b-12-64x70"
    (daemon.spool / f"{stem}-input.webp").write_bytes(png())
    daemon.write(stem, input=png())
    assert f"{stem}-input.webp: there is {stem}-input.png as well" in daemon.error(stem)
    wait_for(
        lambda: {name for name in daemon.public() if name.startswith(stem)} == {f"{stem}-error.txt"},
        "everything but the error to go",
    )


def test_a_generator_that_takes_no_pictures_says_so(daemon: Daemon) -> None:
    daemon.write("b-13-64x64-fox", input=png())
    assert "input" in daemon.error("b-13-64x64-fox")


@pytest.mark.parametrize("kind", ["symlink", "dangling", "fifo", "directory", "socket", "hard link"])
def test_what_is_no_ordinary_file_is_never_opened_and_answered_with_an_error(
    daemon: Daemon, kind: str, tmp_path: Path
) -> None:
    stem = f"c-{kind.replace(' ', '_')}-64x64"
    path = daemon.spool / f"{stem}.txt"
    target = daemon.home / f"target-{stem}"
    target.write_text("secret")
    if kind == "symlink":
        path.symlink_to(target)
    elif kind == "dangling":
        path.symlink_to("/nowhere")
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "directory":
        path.mkdir()
        (path / "inner").write_text("kept")
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as listening:
            os.chdir(daemon.spool)
            listening.bind(path.name)
    else:
        path.hardlink_to(target)
    assert "not a regular file" in daemon.error(stem)
    assert target.read_text() == "secret"


@pytest.mark.parametrize("kind", ["symlink", "fifo", "directory"])
def test_an_attachment_that_is_no_ordinary_file_is_never_opened(daemon: Daemon, kind: str) -> None:
    stem = f"d-{kind}-64x64"
    target = daemon.home / "target.png"
    target.write_bytes(png())
    path = daemon.spool / f"{stem}-input.png"
    if kind == "symlink":
        path.symlink_to(target)
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        path.mkdir()
    daemon.write(stem)
    assert "not a regular file" in daemon.error(stem)
    assert not os.path.lexists(path)
    assert target.exists()
    # Only a request that is irregular itself is kept; of attachments, only a directory is, which cannot be removed.
    kept = [name for name in os.listdir(daemon.spool / ".spectacle/poison") if name.startswith(stem)]
    assert [name.startswith(f"{path.name}.") for name in kept] == ([True] if kind == "directory" else [])


def test_a_directory_in_the_place_of_the_progress_file_leaves_no_request_unanswered(daemon: Daemon) -> None:
    (daemon.spool / "d-progress-64x64-progress.json").mkdir()
    daemon.write("d-progress-64x64", options={"progress": True})
    assert daemon.answer("d-progress-64x64").suffix == ".png"


def test_a_directory_in_the_place_of_its_report_stops_no_instance(daemon: Daemon) -> None:
    (report,) = (daemon.spool / ".spectacle/instances").glob("*.json")
    report.unlink()
    report.mkdir()
    wait_for(report.is_file, "the report to be back")
    daemon.write("d-report-64x64")
    assert daemon.answer("d-report-64x64").suffix == ".png"
    assert "waiting for the spool" not in daemon.log


@pytest.mark.parametrize("trap", ["directory", "huge"])
def test_a_forged_commit_record_is_put_aside_and_the_request_answered(daemon: Daemon, trap: str) -> None:
    stem = f"d-forged_{trap}-64x64"
    draft = daemon.home / stem
    draft.write_text("a fox")
    status = draft.stat()
    size, digest = (1 << 50, "0" * 64) if trap == "huge" else (status.st_size, "")
    version = {"inode": status.st_ino, "size": size, "mtime_ns": status.st_mtime_ns, "mode": status.st_mode}
    temporary = f".{stem}.01234567.0.tmp"
    record = {
        "format": 1, "stem": stem, "token": "", "attachments": [], "poison": False,
        "files": [{"temporary": temporary, "public": f"{stem}.png"}],
        "request": {"name": f"{stem}.txt", "digest": digest, **version},
    }  # fmt: skip
    if trap == "directory":
        (daemon.spool / temporary).mkdir()
        (daemon.spool / f"{stem}.png").write_bytes(b"older")
    daemon.place(f".{stem}.commit", json.dumps(record))
    draft.rename(daemon.spool / f"{stem}.txt")
    picture = daemon.answer(stem)
    assert picture.suffix == ".png"
    assert picture.read_bytes() != b"older"
    assert [name for name in os.listdir(daemon.spool / ".spectacle/poison") if name.startswith(f"{stem}.commit")]
    assert "waiting for the spool" not in daemon.log
    if trap == "directory":
        (daemon.spool / temporary).rmdir()


def test_prompts_are_not_logged(daemon: Daemon) -> None:
    daemon.write("e-1-64x64", "hippopotamus")
    daemon.answer("e-1-64x64")
    daemon.write("e-2-64x64", "hippopotamus", options={"trouble": "memory"})
    daemon.answer("e-2-64x64")
    assert "hippopotamus" not in daemon.log


def test_nothing_is_left_behind(daemon: Daemon) -> None:
    daemon.write("e-3-64x64")
    daemon.answer("e-3-64x64")
    wait_for(lambda: not daemon.hidden(), "the hidden files to go")
    wait_for(lambda: not [name for name in daemon.public() if name.endswith((".lock", ".tmp"))], "the claim to go")
    assert not os.listdir(daemon.spool / ".spectacle/attempts")


def test_requests_of_any_number_of_kinds_leave_the_report_one_that_others_read(tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    for number in range(2000):
        (tmp_path / f"spool/a-{number}-1x1-{'k' * 150}{number}.txt").write_text("a fox")
    with running(tmp_path, CONFIGURATION.replace("orphan_grace = 0.5", "orphan_grace = 600")) as daemon:
        (daemon.spool / "b-1-64x64.txt").write_text("a fox")
        wait_for(lambda: daemon.report().get("queue"), "requests to be counted", every=0.1)
        (report,) = (daemon.spool / ".spectacle/instances").glob("*.json")
        assert report.stat().st_size < MAX_REPORT_BYTES


def test_a_blocked_prompt_is_refused(tmp_path: Path) -> None:
    with running(tmp_path, CONFIGURATION + '[sanitize]\nblocked = ["forbidden"]\n') as daemon:
        daemon.write("a-1-64x64", "something Forbidden")
        assert "code: blocked-prompt" in (daemon.error("a-1-64x64") and daemon.answer("a-1-64x64").read_text())


def test_a_pattern_that_others_backtrack_on_for_ever_stops_nobody(tmp_path: Path) -> None:
    with running(tmp_path, CONFIGURATION + "[sanitize]\nblocked = ['^(\\w+\\s?)+$!']\n") as daemon:
        daemon.write("a-1-64x64", "a perfectly ordinary sentence of some words and then some more of them")
        assert daemon.answer("a-1-64x64").suffix == ".png"


def test_a_spool_that_vanishes_and_returns_is_waited_for(tmp_path: Path) -> None:
    with running(tmp_path) as daemon:
        daemon.write("a-1-64x64")
        daemon.answer("a-1-64x64")
        shutil.move(daemon.spool, tmp_path / "away")
        wait_for(lambda: "does not exist" in daemon.log, "the log to say so")
        daemon.spool.mkdir()
        wait_for(lambda: "the spool is back" in daemon.log, "the daemon to come back")
        daemon.write("a-2-64x64")
        assert daemon.answer("a-2-64x64").suffix == ".png"


def test_requests_that_were_there_before_the_daemon_are_served(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path)
    for number in range(5):
        daemon.write(f"a-{number}-64x64")
    daemon.start("--once")
    assert daemon.process is not None
    assert daemon.process.wait(60) == 0
    assert daemon.public() == {f"a-{number}-64x64.png" for number in range(5)}


def test_two_daemons_on_one_spool_answer_each_request_once(tmp_path: Path) -> None:
    with running(tmp_path, name="one") as first, running(tmp_path, name="two") as second:
        stems = [f"u{number % 7}-{number}-32x32" for number in range(60)]
        for stem in stems:
            first.write(stem)
        for stem in stems:
            first.answer(stem)
        wait_for(lambda: first.log.count("answered") + second.log.count("answered") >= 60, "the last line of the logs")
        assert first.log.count("answered") + second.log.count("answered") == 60
        assert not [line for line in (first.log + second.log).splitlines() if "error" in line.lower()]


def test_a_reload_reaches_generators_that_are_loaded(tmp_path: Path) -> None:
    with running(tmp_path) as daemon:
        daemon.write("a-1-16x16")
        daemon.answer("a-1-16x16")
        pid = daemon.worker_pid()
        daemon.file.write_text(f'{CONFIGURATION}\n[weights]\ndirectory = "elsewhere"\n')
        assert daemon.process is not None
        daemon.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "settings reloaded" in daemon.log, "the reload")
        daemon.write("a-2-16x16")
        daemon.answer("a-2-16x16")
        wait_for(lambda: daemon.worker_pid() != pid, "a worker with the new directory")
        (command,) = (path.read_text() for path in Path("/proc").glob(f"{daemon.worker_pid()}/cmdline"))
        assert str(tmp_path / "elsewhere") in command


def test_a_reload_changes_the_kinds_and_a_bad_file_changes_nothing(tmp_path: Path) -> None:
    with running(tmp_path) as daemon:
        assert daemon.process is not None
        daemon.file.write_text(CONFIGURATION + "nonsense = 1\n")
        daemon.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "nonsense" in daemon.log, "the complaint")
        daemon.file.write_text(CONFIGURATION + "[sanitize]\nblocked = ['fine', '(?<=red )fox']\n")
        daemon.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "'(?<=red )fox' contains a look-ahead or look-behind" in daemon.log, "the second complaint")
        daemon.file.write_text(CONFIGURATION + '[kinds.extra]\ngenerator = "test-double"\n')
        daemon.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "settings reloaded" in daemon.log, "the reload")
        daemon.write("a-1-64x64-extra")
        assert daemon.answer("a-1-64x64-extra").suffix == ".png"


def test_sigterm_lets_the_running_job_finish(tmp_path: Path) -> None:
    with running(tmp_path) as daemon:
        daemon.write("a-1-64x64", options={"progress": True, "steps": 20, "step_seconds": 0.05})
        daemon.await_run("a-1-64x64")
        assert daemon.stop() == 0
        assert "a-1-64x64.png" in daemon.public()
        assert not os.listdir(daemon.spool / ".spectacle/instances")


def test_a_second_sigterm_gives_the_running_job_back_at_once(tmp_path: Path) -> None:
    with running(tmp_path) as daemon:
        assert daemon.process is not None
        daemon.write("a-1-64x64-slow", options={"progress": True})
        daemon.await_run("a-1-64x64-slow")
        daemon.process.send_signal(signal.SIGTERM)
        wait_for(lambda: "stopping" in daemon.log, "the first signal")
        assert daemon.stop() == 0
        assert "a-1-64x64-slow.txt" in daemon.public()
        assert not [name for name in daemon.public() if name.endswith((".lock", ".png", "-error.txt"))]
        assert not os.listdir(daemon.spool / ".spectacle/attempts")
