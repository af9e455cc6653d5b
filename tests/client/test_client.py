"""The Python client, against a directory in which the test plays the daemon."""

from __future__ import annotations

import asyncio
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from spectacle.client import (
    InvalidRequest,
    Progress,
    RequestCancelled,
    RequestExists,
    RequestFailed,
    Ticket,
    WaitTimeout,
    cancel,
    cancel_async,
    generate,
    generate_async,
    new_message_id,
    submit,
    submit_async,
    wait,
    wait_async,
    waiting,
)
from spectacle.client.waiting import DirectoryWatch, Finding, Waiter
from spectacle.errors import SpectacleError, SpoolUnavailable
from spectacle.spool.naming import RequestName


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    directory = tmp_path / "spool"
    directory.mkdir()
    return directory


@pytest.fixture
def daemon() -> Iterator[Callable[[Callable[[], None]], None]]:
    """Runs what a daemon would do meanwhile, in a thread."""
    threads = []

    def start(work: Callable[[], None]) -> None:
        threads.append(threading.Thread(target=work))
        threads[-1].start()

    yield start
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()


def answer(ticket: Ticket, **files: bytes) -> None:
    """Publish results the way the protocol says: rename into place, then remove the request."""
    for suffix, content in files.items():
        name = (
            ticket.stem
            + {"png": ".png", "svg": ".svg", "png2": "-2.png", "svg2": "-2.svg", "error": "-error.txt"}[suffix]
        )
        (ticket.spool / ".new").write_bytes(content)
        (ticket.spool / ".new").rename(ticket.spool / name)
    ticket.request.unlink()


def picture(path: Path) -> Path:
    path.write_bytes(b"picture " + path.name.encode())
    return path


# Writing


def test_a_request_holds_the_prompt_under_the_name_the_protocol_gives(spool: Path) -> None:
    ticket = submit(spool, "a red fox", width=640, height=480, kind="svg", user="alice", message_id="m-1")
    assert ticket == Ticket(spool, "alice-m-1-640x480-svg")
    assert ticket.request.read_text() == "a red fox\n"
    assert os.listdir(spool) == ["alice-m-1-640x480-svg.txt"]


def test_an_unnamed_request_is_a_request_of_this_account(spool: Path) -> None:
    ticket = submit(spool, "a red fox")
    name = RequestName.parse(ticket.request.name)
    assert name is not None
    assert (name.width, name.height, name.kind) == (1024, 1024, None)
    assert name.user == RequestName.parse(submit(spool, "a cat").request.name).user  # type: ignore[union-attr]


def test_a_user_may_be_a_uuid(spool: Path) -> None:
    user = "6f9619ff-8b86-d011-b42d-00c04fc964ff"
    name = RequestName.parse(submit(spool, "x", user=user, message_id="17").request.name)
    assert name is not None
    assert (name.user, name.msgid) == (user, "17")


def test_message_ids_are_unique_and_sort_by_time() -> None:
    first = new_message_id()
    time.sleep(0.001)
    later = [new_message_id() for _ in range(1000)]
    assert len(set(later)) == 1000
    assert all(first < each for each in later)


def test_attachments_and_options_are_complete_before_the_request_appears(
    spool: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = []
    rename = Path.rename

    def note(self: Path, target: Path) -> Path:
        order.append((target.name, self.stat().st_size > 0))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", note)
    submit(
        spool,
        "make it blue",
        width=64,
        height=64,
        user="u",
        message_id="1",
        inputs=[picture(tmp_path / "a.PNG"), str(picture(tmp_path / "b.jpg"))],
        mask=picture(tmp_path / "m.png"),
        control=picture(tmp_path / "c.png"),
        options={"seed": 7},
    )
    expected = ["-input.png", "-input2.jpg", "-mask.png", "-control.png", "-options.json", ".txt"]
    assert order == [(f"u-1-64x64{suffix}", True) for suffix in expected]
    assert (spool / "u-1-64x64-input2.jpg").read_bytes() == b"picture b.jpg"
    assert json.loads((spool / "u-1-64x64-options.json").read_text()) == {"seed": 7}
    assert not [name for name in os.listdir(spool) if name.startswith(".")]


def test_everything_is_brought_to_the_disk_before_it_is_renamed(
    spool: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = set()
    fsync, rename = os.fsync, Path.rename

    def note_sync(descriptor: int) -> None:
        synced.add(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    def check(self: Path, target: Path) -> Path:
        assert self.stat().st_ino in synced
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(Path, "rename", check)
    submit(spool, "x", inputs=[picture(tmp_path / "a.png")], options={})
    assert len(synced) == 3


def test_a_waiting_request_is_never_overwritten(spool: Path, tmp_path: Path) -> None:
    submit(spool, "first", user="u", message_id="1", inputs=[picture(tmp_path / "a.png")])
    with pytest.raises(RequestExists, match=r"u-1-1024x1024\.txt: waiting or running already"):
        submit(spool, "second", user="u", message_id="1", inputs=[picture(tmp_path / "b.png")])
    assert (spool / "u-1-1024x1024.txt").read_text() == "first\n"
    assert (spool / "u-1-1024x1024-input.png").read_bytes() == b"picture a.png"
    assert len(os.listdir(spool)) == 2


def test_of_many_writers_of_one_name_exactly_one_wins(spool: Path, tmp_path: Path) -> None:
    barrier = threading.Barrier(8)
    won, refused = [], []

    def write(number: int) -> None:
        source = picture(tmp_path / f"{number}.png")
        barrier.wait()
        try:
            submit(spool, str(number), user="u", message_id="1", inputs=[source])
            won.append(number)
        except RequestExists:
            refused.append(number)

    threads = [threading.Thread(target=write, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won), len(refused)) == (1, 7)
    assert (spool / "u-1-1024x1024.txt").read_text() == f"{won[0]}\n"
    assert (spool / "u-1-1024x1024-input.png").read_bytes() == f"picture {won[0]}.png".encode()


def test_attachments_an_earlier_request_left_do_not_slip_into_a_new_one(spool: Path, tmp_path: Path) -> None:
    for name in ("input2.jpg", "mask.png", "options.json"):
        picture(spool / f"u-1-64x64-{name}")
    picture(spool / "u-1-64x64-svg-mask.png")  # another request's
    submit(spool, "x", width=64, height=64, user="u", message_id="1", inputs=[picture(tmp_path / "a.png")])
    assert sorted(os.listdir(spool)) == ["u-1-64x64-input.png", "u-1-64x64-svg-mask.png", "u-1-64x64.txt"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"width": 0}, "width 0. Use 1 to 99999 pixels"),
        ({"height": 100_000}, "height 100000"),
        ({"user": "a/b"}, "user 'a/b'. Use a UUID, or letters"),
        ({"user": ""}, "user ''. Use a UUID, or letters, digits and _ . + = @ ~, not beginning"),
        ({"user": "alice-bob"}, "user 'alice-bob'. Use a UUID, or letters, digits and _ . + = @ ~, not beginning"),
        ({"user": ".a"}, "user '.a'. Use a UUID, or letters, digits and _ . + = @ ~, not beginning"),
        ({"message_id": "a b"}, "message ID 'a b'. Use letters"),
        ({"message_id": "-"}, "message ID '-'. Use letters, digits and _ . + = @ ~, not beginning"),
        ({"user": "6f9619ff", "message_id": "8b86-d011-b42d-00c04fc964ff-1"}, "not a valid request name. Shorten"),
        ({"user": "alice", "message_id": "m" * 185}, "not a valid request name. Shorten"),
        ({"kind": "SVG"}, "kind 'SVG'. Use lower-case letters"),
        ({"kind": "error"}, "kind 'error': reserved for names of attachments and results. Use another"),
        ({"kind": "mask"}, "kind 'mask'"),
        (
            {"inputs": ["a.gif"]},
            "input image a.gif: its name does not end in png, jpg, jpeg, webp. Rename or convert it",
        ),
        ({"inputs": ["a.png"] * 11}, "11 input images: the limit is 10"),
        ({"inputs": ["missing.png"]}, "image missing.png: not a readable file"),
        ({"mask": "m.jpg"}, "mask m.jpg: its name does not end in .png. Convert it to PNG"),
        ({"control": "c.webp"}, "control image c.webp: its name does not end in .png"),
        ({"options": {"a": {1}}}, "options: cannot be written as JSON"),
        ({"options": {"a": float("nan")}}, "options: cannot be written as JSON"),
        ({"prompt": "\ud800"}, "prompt: not valid Unicode"),
    ],
)
def test_what_cannot_be_a_request_is_refused_before_anything_is_written(
    spool: Path, wrong: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        submit(**{"spool": spool, "prompt": "x", **wrong})
    assert message in str(caught.value)
    assert isinstance(caught.value, ValueError) and isinstance(caught.value, SpectacleError)
    assert os.listdir(spool) == []


def test_a_failed_submission_leaves_nothing_behind(
    spool: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsync, calls = os.fsync, []

    def full(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 3:
            raise OSError(28, "No space left on device")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SpoolUnavailable, match=r"No space left on device\. Free some space"):
        submit(spool, "x", inputs=[picture(tmp_path / "a.png")], options={"seed": 1})
    assert os.listdir(spool) == []


def test_a_missing_spool_is_named(tmp_path: Path) -> None:
    with pytest.raises(SpoolUnavailable, match=r"does not exist\. Mount it"):
        submit(tmp_path / "nowhere", "x")
    with pytest.raises(SpoolUnavailable, match=r"does not exist\. Mount it"):
        wait(Ticket(tmp_path / "nowhere", "u-1-64x64"))


def test_an_empty_prompt_still_makes_a_file_that_is_complete(spool: Path) -> None:
    assert submit(spool, "").request.stat().st_size > 0


# Waiting


def test_the_picture_is_returned_once_the_request_is_answered(
    spool: Path, daemon: Callable[[Callable[[], None]], None]
) -> None:
    ticket = submit(spool, "x")
    daemon(lambda: answer(ticket, png=b"picture"))
    result = wait(ticket, timeout=60)
    assert result.paths == (result.primary,)
    assert result.primary.read_bytes() == b"picture"


def test_candidates_come_in_order_and_previews_last(spool: Path) -> None:
    ticket = submit(spool, "x", kind="svg", user="u", message_id="1")
    picture(spool / "u-1-1024x1024.png")  # another request's, of the default kind
    for number in (10, 3):
        picture(spool / f"{ticket.stem}-{number}.svg")
    for suffix in ("-input-processed.png", "-thumbnail.png", "-10.png"):
        picture(spool / f"{ticket.stem}{suffix}")
    answer(ticket, png=b"preview", svg2=b"2", svg=b"1")
    names = [path.name.removeprefix(ticket.stem) for path in wait(ticket).paths]
    last = [".png", "-10.png", "-thumbnail.png", "-input-processed.png"]
    assert names == [".svg", "-2.svg", "-3.svg", "-10.svg", *last]


def test_a_picture_beside_a_waiting_request_is_not_yet_the_answer(spool: Path) -> None:
    ticket = submit(spool, "x")
    picture(spool / f"{ticket.stem}.png")
    with pytest.raises(WaitTimeout, match="no result within 0 s") as caught:
        wait(ticket, timeout=0)
    assert isinstance(caught.value, TimeoutError)
    assert ticket.request.exists()


def test_an_older_answer_under_the_same_name_is_not_taken_for_the_new_one(spool: Path) -> None:
    answer(submit(spool, "x", user="u", message_id="1"), png=b"old", error=b"old error\n")
    again = submit(spool, "x", user="u", message_id="1")
    again.request.unlink()
    with pytest.raises(RequestCancelled, match="u-1-1024x1024: gone without a result"):
        wait(again)
    answer(submit(spool, "x", user="u", message_id="1"), png=b"new")
    assert wait(again).primary.read_bytes() == b"new"


def test_an_answer_that_appears_while_the_directory_is_being_listed_is_found(
    spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = submit(spool, "x")
    listing = os.listdir
    listings = []

    def torn(directory: Path) -> list[str]:
        """A listing that passes the place of the answer too early and the place of the request too late."""
        names = listing(directory)
        listings.append(names)
        if len(listings) == 1:
            answer(ticket, png=b"picture")
            return [name for name in names if name != ticket.request.name]
        return names

    monkeypatch.setattr(waiting.os, "listdir", torn)
    assert wait(ticket, timeout=60).primary.read_bytes() == b"picture"


def test_an_error_answer_is_raised_with_its_details(spool: Path) -> None:
    ticket = submit(spool, "x")
    answer(ticket, error=b"too large: ask for less\n\ncode: bad-size\nhost: a: b\nmessage: m\nnonsense\n")
    with pytest.raises(RequestFailed) as caught:
        wait(ticket)
    assert str(caught.value) == caught.value.message == "too large: ask for less"
    assert caught.value.details == {"code": "bad-size", "host": "a: b", "message": "m"}


def test_cancelling_ends_the_wait_and_takes_the_attachments_along(
    spool: Path, tmp_path: Path, daemon: Callable[[Callable[[], None]], None]
) -> None:
    ticket = submit(spool, "x", inputs=[picture(tmp_path / "a.png")], options={"seed": 1})
    daemon(lambda: cancel(ticket) or None)
    with pytest.raises(RequestCancelled):
        wait(ticket, timeout=60)
    daemon_is_done = time.monotonic() + 10
    while os.listdir(spool) and time.monotonic() < daemon_is_done:
        time.sleep(0.005)
    assert os.listdir(spool) == []
    assert cancel(ticket) is False


def test_progress_is_reported_when_it_changes(spool: Path) -> None:
    ticket = submit(spool, "x", options={"progress": True})
    progress = spool / f"{ticket.stem}-progress.json"
    seen: list[Progress] = []

    def note(found: Progress) -> None:
        seen.append(found)
        if len(seen) == 1:
            progress.write_text('{"state": "running", "fraction": 0.5, "step": 4, "steps": 8, "host": 3, "new": 1}')
        else:
            answer(ticket, png=b"picture")

    progress.write_text('{"state": "loading", "fraction": 0, "generator": "g", "host": "h"}')
    wait(ticket, timeout=60, on_progress=note)
    assert seen == [
        Progress("loading", fraction=0, generator="g", host="h"),
        Progress("running", fraction=0.5, step=4, steps=8),
    ]


@pytest.mark.parametrize("text", ["", "[]", "{", '{"fraction": 1}', "[" * 100_000])
def test_a_progress_file_that_is_none_is_passed_over(text: str) -> None:
    assert Progress.parse(text) is None


def test_a_link_in_the_place_of_the_progress_file_is_not_followed(spool: Path, tmp_path: Path) -> None:
    ticket = submit(spool, "x")
    (tmp_path / "secret").write_text('{"state": "secret"}')
    (spool / f"{ticket.stem}-progress.json").symlink_to(tmp_path / "secret")
    seen: list[Progress] = []
    with pytest.raises(WaitTimeout):
        wait(ticket, timeout=0, on_progress=seen.append)
    assert seen == []


def test_a_pipe_in_the_place_of_the_progress_file_is_passed_over(spool: Path) -> None:
    ticket = submit(spool, "x")
    pipe = spool / f"{ticket.stem}-progress.json"
    os.mkfifo(pipe)
    writer = os.open(pipe, os.O_RDWR)
    try:
        with pytest.raises(WaitTimeout):
            wait(ticket, timeout=0, on_progress=lambda _progress: None)
    finally:
        os.close(writer)


@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "-1", "1e300", "1" + "0" * 400, '"1"', "[1]"], ids=lambda number: number[:9]
)
def test_numbers_of_a_progress_file_that_make_no_sense_are_left_out(number: str) -> None:
    text = f'{{"state": "s", "fraction": {number}, "step": {number}, "steps": {number}, "eta_s": {number}}}'
    assert Progress.parse(text) == Progress("s")


def test_an_attachment_is_never_written_through_a_link_that_lies_in_wait(
    spool: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    (spool / ".u-1-64x64-input.png.tmp").symlink_to(victim)
    source = picture(tmp_path / "a.png")
    submit(spool, "x", user="u", message_id="1", width=64, height=64, inputs=[source])
    assert victim.read_bytes() == b"mine"
    assert (spool / "u-1-64x64-input.png").read_bytes() == source.read_bytes()
    # One that is put there just before the file is opened is not followed either.
    monkeypatch.setattr(Path, "unlink", lambda *_, **__: None)
    (spool / ".u-2-64x64-input.png.tmp").symlink_to(victim)
    with pytest.raises(SpoolUnavailable):
        submit(spool, "x", user="u", message_id="2", width=64, height=64, inputs=[source])
    assert victim.read_bytes() == b"mine"


def test_many_requests_are_awaited_in_one_event_loop(spool: Path) -> None:
    async def talk() -> list[bytes]:
        tickets = [await submit_async(spool, "x", width=64, height=64) for _ in range(50)]
        waits = [asyncio.create_task(wait_async(ticket, timeout=60)) for ticket in tickets]
        await asyncio.sleep(0)
        for number, ticket in enumerate(tickets):
            await asyncio.to_thread(answer, ticket, png=str(number).encode())
        return [(await each).primary.read_bytes() for each in waits]

    assert asyncio.run(talk()) == [str(number).encode() for number in range(50)]


def test_giving_up_an_awaited_request_leaves_it_in_the_spool(spool: Path) -> None:
    async def talk() -> bool:
        ticket = await submit_async(spool, "x")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(wait_async(ticket), 0.05)
        assert ticket.request.exists()
        return await cancel_async(ticket)

    assert asyncio.run(talk()) is True


def count_listings(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The directories that are listed from now on."""
    listed: list[Path] = []
    listing = os.listdir

    def counted(directory: Path) -> list[str]:
        listed.append(directory)
        return listing(directory)

    monkeypatch.setattr(waiting.os, "listdir", counted)
    return listed


class Tray:
    """A waiting ticket that keeps what it is told of."""

    def __init__(self, ticket: Ticket) -> None:
        self.found: list[Finding] = []
        self.waiter = Waiter(ticket, lambda _progress: None, self.found.append)


@pytest.fixture
def trays(spool: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[DirectoryWatch, list[Tray]]:
    """A watch, which lists only when told to, and many tickets that wait on it."""
    monkeypatch.setattr(waiting.threading, "Thread", lambda **_options: SimpleNamespace(start=lambda: None))
    watch = DirectoryWatch(spool)
    trays = [Tray(submit(spool, "x", user="u", message_id=f"{number}")) for number in range(300)]
    for tray in trays:
        watch.add(tray.waiter)
    return watch, trays


def test_however_many_tickets_wait_the_directory_is_listed_once_a_poll(
    trays: tuple[DirectoryWatch, list[Tray]], monkeypatch: pytest.MonkeyPatch
) -> None:
    watch, waiting_ones = trays
    listed = count_listings(monkeypatch)
    for polls in range(1, 4):
        watch.poll()
        assert len(listed) == polls
    assert all(tray.found == [None] for tray in waiting_ones), "told once that they wait, and no more"


def test_of_many_tickets_those_that_are_answered_are_told_and_listing_twice_serves_all_of_them(
    trays: tuple[DirectoryWatch, list[Tray]], monkeypatch: pytest.MonkeyPatch
) -> None:
    watch, waiting_ones = trays
    watch.poll()
    for tray in waiting_ones[::3]:
        answer(tray.waiter.ticket, png=b"picture", png2=b"another")
    listed = count_listings(monkeypatch)
    watch.poll()
    assert len(listed) == 2
    for number, tray in enumerate(waiting_ones):
        stem = tray.waiter.ticket.stem
        answered = [frozenset({f"{stem}.png", f"{stem}-2.png"})] if number % 3 == 0 else []
        assert tray.found == [None, *answered]


def test_a_spool_that_goes_away_is_told_to_all_who_wait(trays: tuple[DirectoryWatch, list[Tray]], spool: Path) -> None:
    watch, waiting_ones = trays
    spool.rename(spool.with_name("elsewhere"))
    watch.poll()
    assert all(isinstance(tray.found[0], SpoolUnavailable) for tray in waiting_ones)


def test_threads_and_tasks_wait_together_and_each_gets_its_own_answer(
    spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tickets = [submit(spool, "x", user="u", message_id=f"{number}") for number in range(20)]

    async def wait_for_half() -> list[str]:
        return [(await each).primary.name for each in [asyncio.create_task(wait_async(each)) for each in tickets[:10]]]

    with ThreadPoolExecutor(11) as pool:
        tasks = pool.submit(lambda: asyncio.run(wait_for_half()))
        results = [pool.submit(wait, ticket, 30) for ticket in tickets[10:]]
        for ticket in reversed(tickets):
            answer(ticket, png=ticket.stem.encode())
        names = tasks.result(30) + [each.result(30).primary.name for each in results]
    assert names == [f"{ticket.stem}.png" for ticket in tickets]


def answer_first(spool: Path, suffix: str = ".png") -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        for path in spool.glob("*.txt"):
            (spool / f"{path.stem}{suffix}").write_text("no\n\ncode: bad-size\n")
            path.unlink()
            return
        time.sleep(0.005)


def test_generating_asks_and_waits(spool: Path, daemon: Callable[[Callable[[], None]], None]) -> None:
    daemon(lambda: answer_first(spool))
    assert generate(spool, "a fox", width=8, height=8, user="ann", timeout=60).primary.name.startswith("ann-")
    daemon(lambda: answer_first(spool, "-error.txt"))
    with pytest.raises(RequestFailed):
        asyncio.run(generate_async(spool, "a fox", timeout=60))


def test_generating_without_a_result_takes_the_request_back(spool: Path) -> None:
    with pytest.raises(WaitTimeout):
        generate(spool, "a fox", timeout=0)
    with pytest.raises(WaitTimeout):
        asyncio.run(generate_async(spool, "a fox", timeout=0))
    assert not list(spool.iterdir())


def test_with_a_strict_umask_the_group_of_a_shared_spool_can_read_what_is_written(spool: Path, tmp_path: Path) -> None:
    (tmp_path / "in.png").write_bytes(b"x")
    modes = {}
    for mode in (0o2770, 0o700):
        spool.chmod(mode)
        before = os.umask(0o077)
        try:
            ticket = submit(spool, "a fox", options={"seed": 1}, inputs=[tmp_path / "in.png"])
        finally:
            os.umask(before)
        modes[mode] = {path.stat().st_mode & 0o777 for path in spool.glob(f"{ticket.stem}*")}
    assert modes == {0o2770: {0o640}, 0o700: {0o600}}
