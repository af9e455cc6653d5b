"""What a user may rely on in a batch: what is made of what, and that nothing is made twice or lost."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from PIL import Image

from spectacle.batch.items import BadBatch, Defaults, Item, read_items
from spectacle.batch.running import JOURNAL, Batch, read_journal
from spectacle.batch.template import BadTemplate, Wildcards, fill
from spectacle.cli import main


class Daemon:
    """Answers requests, with their text; those that contain `fail` with an error."""

    def __init__(self, spool: Path) -> None:
        self.spool = spool
        self.seen: list[str] = []
        self.most = 0
        self.paused = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(0.01):
            requests = sorted(self.spool.glob("*.txt"))
            requests = [each for each in requests if not each.name.endswith("-error.txt")]
            self.most = max(self.most, len(requests))
            for request in [] if self.paused.is_set() else requests[:1]:
                text = request.read_text()
                self.seen.append(text)
                if "fail" in text:
                    (self.spool / f"{request.stem}-error.txt").write_text("it failed. Try again.\n\ncode: x\n")
                else:
                    (self.spool / f"{request.stem}-2.png").write_text(f"second of {text}")
                    (self.spool / f"{request.stem}.png").write_text(f"{request.stem}: {text}")
                for each in self.spool.glob(f"{request.stem}-input*"):
                    each.unlink()
                (self.spool / f"{request.stem}-options.json").unlink(missing_ok=True)
                request.unlink()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    (tmp_path / "spool").mkdir()
    return tmp_path / "spool"


@pytest.fixture
def daemon(spool: Path) -> Iterator[Daemon]:
    daemon = Daemon(spool)
    yield daemon
    daemon.stop()


@pytest.fixture
def batch(spool: Path, tmp_path: Path) -> Callable[..., Result]:
    def run(source: Path, *arguments: object) -> Result:
        given = ["batch", source, tmp_path / "out", "--spool", spool, *arguments]
        result = CliRunner().invoke(main, [str(each) for each in given])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return run


def names(output: Path) -> list[str]:
    return sorted(path.relative_to(output).as_posix() for path in output.rglob("*") if path.is_file())


def write(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return path


def image(path: Path, size: tuple[int, int] = (60, 40)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, "teal").save(path)
    return path


def prompts(source: Path, **defaults: object) -> list[str]:
    return [item.prompt for item in read_items(source, source.parent / "out", Defaults(**defaults))]  # type: ignore[arg-type]


# --- running ----------------------------------------------------------------------------------------------------------


def test_results_are_collected_and_a_second_run_makes_only_what_is_missing(
    batch: Callable[..., Result], daemon: Daemon, tmp_path: Path, spool: Path
) -> None:
    source = write(tmp_path / "prompts.txt", "a fox", "# a remark", "", "please fail", "an owl")
    first = batch(source, "--in-flight", 2)
    assert first.exit_code == 1
    assert "00002-please-fail: it failed. Try again." in first.stderr
    assert "2 done, 0 done before, 1 failed" in first.stderr
    output = tmp_path / "out"
    made = ["00001-a-fox-2.png", "00001-a-fox.png", "00003-an-owl-2.png", "00003-an-owl.png"]
    assert names(output) == sorted([JOURNAL, *made, "00002-please-fail-error.txt"])
    assert first.stdout.split() != []
    assert (output / "00001-a-fox.png").read_text().endswith(": a fox\n")
    assert list(spool.iterdir()) == []
    assert daemon.most <= 2

    # A line that is inserted changes the others' numbers, but they are known.
    write(source, "a bee", "a fox", "no problem", "an owl")
    (output / "00003-an-owl.png").unlink()
    second = batch(source)
    assert second.exit_code == 0
    assert "3 done, 1 done before, 0 failed" in second.stderr
    assert daemon.seen.count("a fox\n") == 1 or daemon.seen.count("a fox") == 1


@pytest.mark.usefixtures("daemon")
def test_results_that_cannot_be_written_wait_in_the_spool(
    batch: Callable[..., Result], tmp_path: Path, spool: Path
) -> None:
    source = write(tmp_path / "prompts.txt", "a fox")
    (tmp_path / "out/00001-a-fox.png").mkdir(parents=True)
    failed = batch(source)
    assert failed.exit_code == 1
    assert "Is a directory. Make it writable or make room, and run this again" in failed.stderr
    assert len(list(spool.glob("*.png"))) == 2
    (tmp_path / "out/00001-a-fox.png").rmdir()
    assert batch(source).exit_code == 0
    assert (tmp_path / "out/00001-a-fox.png").read_text().endswith(": a fox\n")


def test_a_run_that_was_killed_finds_its_requests_again(spool: Path, tmp_path: Path, daemon: Daemon) -> None:
    import asyncio

    daemon.paused.set()
    item = Item("fox", "a fox", size=(64, 64))

    async def killed() -> None:
        lost = Batch(spool, tmp_path / "out", "alice", 10**6)
        await lost._submit(item, item.digest)

    asyncio.run(killed())
    (request,) = spool.glob("*.txt")
    daemon.paused.clear()
    batch = Batch(spool, tmp_path / "out", "alice", 10**6)
    asyncio.run(batch.run([item], 1, lambda _outcome: None))
    assert len(daemon.seen) == 1
    assert (tmp_path / "out/fox.png").read_text().startswith(request.stem)
    assert batch.counts == {"done": 1}


def test_a_journal_that_a_crash_has_cut_off_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    whole = json.dumps({"item": "ab", "files": ["x.png"]})
    (tmp_path / JOURNAL).write_text(f'{whole}\n[]\n{{"item": 1, "files": []}}\n{{"item": "cd", "fi')
    assert read_journal(tmp_path) == {"ab": ["x.png"]}


def test_links_in_the_spool_are_not_followed(spool: Path, tmp_path: Path) -> None:
    from spectacle.batch.running import _content

    (tmp_path / "secret").write_text("secret")
    (spool / "a.png").symlink_to(tmp_path / "secret")
    with pytest.raises(OSError, match="symbolic links"):
        _content(spool / "a.png")
    os.mkfifo(spool / "b.png")
    with pytest.raises(OSError, match="regular"):
        _content(spool / "b.png")


# --- what it is made of -----------------------------------------------------------------------------------------------


def test_a_directory_gives_its_images_with_what_belongs_to_them(tmp_path: Path) -> None:
    source = tmp_path / "in"
    image(source / "fox.png", (60, 40))
    image(source / "fox-mask.png")
    write(source / "fox.txt", "the fox at night")
    image(source / "owl.png")
    image(source / "owl.jpg")
    image(source / "deep/bee.webp")
    image(source / ".hidden.png")
    write(source / "alone.txt", "a hill")
    write(source / "notes.md", "nothing")
    image(source / "out/fox.png")
    (source / "link.png").symlink_to(source / "fox.png")
    items = {item.name: item for item in read_items(source, source / "out", Defaults())}
    assert list(items) == ["alone", "deep/bee", "fox", "owl.jpg", "owl.png"]
    assert (items["fox"].prompt, items["fox"].mask) == ("the fox at night", source / "fox-mask.png")
    assert (items["alone"].prompt, items["alone"].inputs) == ("a hill", ())
    assert items["deep/bee"].inputs == (source / "deep/bee.webp",)
    told = {
        item.name: item.prompt
        for item in read_items(source, source / "out", Defaults(prompt="{folder}/{name}: {text}"))
    }
    assert told["deep/bee"] == "deep/bee: "
    assert told["fox"] == "/fox: the fox at night"


def test_a_request_is_as_large_as_its_image_and_no_larger_than_allowed(spool: Path, tmp_path: Path) -> None:
    batch = Batch(spool, tmp_path / "out", "alice", 600)
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.new("RGB", (30, 20)).save(tmp_path / "turned.jpg", exif=turned)
    assert batch._size(Item("x", "", inputs=(tmp_path / "turned.jpg",))) == (20, 30)
    assert batch._size(Item("x", "", inputs=(image(tmp_path / "large.png", (300, 200)),))) == (30, 20)
    assert batch._size(Item("x", "")) == (1024, 1024)


def test_a_table_fills_placeholders_and_sets_what_its_columns_say(tmp_path: Path) -> None:
    image(tmp_path / "fox.png")
    table = write(
        tmp_path / "table.csv",
        "name;animal;size;option:steps;seed;input",
        "one;fox, red;64x48;8;7;fox.png",
        "two;owl;;;;",
    )
    one, two = read_items(
        table, tmp_path / "out", Defaults(prompt="a {animal} in the {place}", values={"place": "snow"})
    )
    assert (one.name, one.prompt, one.size) == ("one", "a fox, red in the snow", (64, 48))
    assert one.options == {"steps": 8, "seed": 7}
    assert one.inputs == (tmp_path / "fox.png",)
    assert (two.prompt, two.size, two.options) == ("a owl in the snow", None, {})


def test_repetitions_differ_and_choices_stay_the_same(tmp_path: Path) -> None:
    write(tmp_path / "lists/animal.txt", "fox", "# none", "owl", "__bird__")
    write(tmp_path / "lists/bird.txt", "wren", "crow")
    source = write(tmp_path / "prompts.txt", "a {red|green|blue} __animal__")
    lists = Wildcards(tmp_path / "lists")
    items = read_items(source, tmp_path / "out", Defaults(repeat=40, seed=5, wildcards=lists))
    made = {item.prompt for item in items}
    assert len(made) > 6
    assert {prompt.split()[2] for prompt in made} == {"fox", "owl", "wren", "crow"}
    assert [item.options["seed"] for item in items] == list(range(5, 45))
    assert items == read_items(source, tmp_path / "out", Defaults(repeat=40, seed=5, wildcards=lists))
    assert len({item.name for item in items}) == len({item.digest for item in items}) == 40


def test_braces_may_be_written_and_values_are_not_looked_through(tmp_path: Path) -> None:
    assert fill("{{x}} {a} {}", {"a": "{b} __c__"}, Wildcards(None), "") == "{x} {b} __c__ {}"
    assert prompts(write(tmp_path / "x.txt", "a {warm|warm} day"), prompt="{text}, in oil") == ["a warm day, in oil"]


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("x.txt", "a {animal}", r"x.txt, line 1: placeholder {animal} is unknown. Known are: line"),
        ("x.txt", "a __animal__", "wildcard __animal__: no directory of wildcards is given"),
        ("x.txt", "# nothing", "contains no prompts"),
        ("x.txt", b"\xff\xfea", "x.txt: byte 3 is not UTF-16, as which it begins"),
        ("x.txt", b"a\xe4", "x.txt: byte 2 is not UTF-8. Save the file as UTF-8"),
        ("x.txt", "a fox\n" * 20, "x.txt: has more than 100 bytes. Split it"),
        ("x.png", "x", "is neither a directory nor a .txt or .csv file"),
        ("x.csv", "animal\nfox", "has no column `prompt`"),
        ("x.csv", "prompt,prompt\na,b", "has two equal names, or an empty one"),
        ("x.csv", "prompt\na fox, red", "has more values than there are columns"),
        ("x.csv", "prompt,size\na,10", "size '10' is not valid"),
        ("x.csv", "prompt,seed\na,-1", "seed '-1' is not valid"),
        ("x.csv", "prompt,input\na,none.png", "none.png: no such file"),
        ("x.csv", "prompt,name\na,../x", "name '../x' is not valid"),
        ("x.csv", "prompt,name\na,/etc/x", "name '/etc/x' is not valid"),
    ],
)
def test_what_no_batch_can_be_made_of_is_refused_before_anything_is_submitted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, content: str | bytes, said: str
) -> None:
    monkeypatch.setattr("spectacle.batch.items.MAX_TEXT_BYTES", 100)
    (tmp_path / file).write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises((BadBatch, BadTemplate)) as refused:
        read_items(tmp_path / file, tmp_path / "out", Defaults())
    assert said in refused.value.message


def test_lists_that_name_each_other_in_a_circle_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", "__b__")
    write(tmp_path / "b.txt", "__a__")
    with pytest.raises(BadTemplate, match="wildcards contain each other"):
        fill("__a__", {}, Wildcards(tmp_path), "")
    with pytest.raises(BadTemplate, match=r"none.txt: cannot be read: No such file"):
        fill("__none__", {}, Wildcards(tmp_path), "")


def test_a_list_that_is_too_long_is_refused_and_not_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spectacle.batch.template.MAX_WILDCARD_BYTES", 10)
    (tmp_path / "animal.txt").write_text("fox\nbear\nwolverine\n")
    with pytest.raises(BadTemplate, match=r"wildcard __animal__: .*animal.txt: has more than 10 bytes"):
        Wildcards(tmp_path).lines("animal")


def test_names_are_kept_apart(tmp_path: Path) -> None:
    table = write(tmp_path / "x.csv", "prompt,name", "a,x", "b,x", "c,x_1", "d,x")
    assert [item.name for item in read_items(table, tmp_path, Defaults())] == ["x_2", "x_3", "x_1", "x_4"]


def test_results_may_not_go_where_the_input_is(tmp_path: Path, spool: Path) -> None:
    image(tmp_path / "in/fox.png")
    result = CliRunner().invoke(main, ["batch", str(tmp_path / "in"), str(tmp_path / "in/."), "--spool", str(spool)])
    assert result.exit_code == 1
    assert "contains the input, so it cannot be OUT" in result.stderr
    dry = CliRunner().invoke(main, ["batch", str(tmp_path / "in"), str(tmp_path / "out"), "--dry-run", "--prompt", "x"])
    assert dry.stdout == "fox  x\n"
    assert not (tmp_path / "out").exists()
