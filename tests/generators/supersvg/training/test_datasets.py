"""Pictures to train on."""

from __future__ import annotations

import io
import pickle
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spectacle.errors import ConfigurationError, GeneratorError
from spectacle.generators.supersvg.training.datasets import make_icons, make_test
from spectacle.generators.supersvg.training.quickdraw import ADDRESS, CATEGORIES, make_quickdraw
from spectacle.svg import Rasteriser


def nothing(*_told: object) -> None:
    """No progress."""


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture)


def times(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in folder.rglob("*.png")}


def test_synthetic_pictures_are_made_on_the_spot(tmp_path: Path) -> None:
    told = []
    assert make_test(tmp_path, lambda done, count: told.append((done, count)), count=5, size=64) == 5
    assert told == [(number, 5) for number in range(1, 6)]
    pictures = [pixels(path) for path in tmp_path.iterdir()]
    assert {picture.shape for picture in pictures} == {(64, 64, 3)}
    assert len({picture.tobytes() for picture in pictures}) == 5


def test_only_what_is_missing_is_made_and_just_as_before(tmp_path: Path) -> None:
    make_test(tmp_path, nothing, count=4, size=32)
    before, lost = times(tmp_path), tmp_path / "test-0002.png"
    content = lost.read_bytes()
    lost.unlink()
    assert make_test(tmp_path, nothing, count=5, size=32) == 2
    assert lost.read_bytes() == content
    after = times(tmp_path)
    assert {name for name in before if before[name] != after[name]} == {"test-0002.png"}


def test_nothing_is_left_of_a_picture_that_the_disk_has_no_room_for(tmp_path: Path) -> None:
    (tmp_path / ".test-0000.png.writing").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        make_test(tmp_path, nothing, count=1, size=64)
    assert list(tmp_path.iterdir()) == []


ICON = """<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24" viewBox="0 0 24 24" fill="none"
 stroke="currentColor" stroke-width="2" stroke-linecap="round"><path stroke="none" d="M0 0h24v24H0z" fill="none"/>
 <path d="M5 12l14 0"/></svg>"""


def test_icons_are_drawn_black_on_white(tmp_path: Path) -> None:
    icons, into = tmp_path / "icons", tmp_path / "pictures"
    (icons / "outline").mkdir(parents=True)
    (icons / "outline/minus.svg").write_text(ICON)
    (icons / "broken.svg").write_text("<svg")
    with Rasteriser() as rasteriser:
        made, failed = make_icons(icons, into, nothing, rasteriser, size=48)
        assert made == 1
        assert len(failed) == 1
        assert failed[0].startswith(f"{icons / 'broken.svg'}: the SVG was rejected")
        picture = pixels(into / "outline/minus.png")
        assert picture[24, 24].tolist() == [0, 0, 0]
        assert picture[10, 24].tolist() == [255, 255, 255]
        (icons / "outline/more.svg").write_text(ICON)
        assert make_icons(icons, into, nothing, rasteriser, size=48)[0] == 1
    assert set(times(into)) == {"outline/minus.png", "outline/more.png"}


def test_a_folder_without_icons_is_refused(tmp_path: Path) -> None:
    with Rasteriser() as rasteriser, pytest.raises(GeneratorError, match="contains no SVG files"):
        make_icons(tmp_path, tmp_path / "out", nothing, rasteriser)


# --- Quick, Draw! ---------------------------------------------------------------------------------------------------


class Bitmaps(ThreadingHTTPServer):
    """Serves arrays by HTTP, with ranges, as the storage of the public bitmaps does."""

    daemon_threads = True
    # Closing early, as the client does, breaks the server's pipe.
    handle_error = nothing

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.ranges = True
        self.break_after: int | None = None
        self.asked: list[tuple[str, str | None]] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Bitmaps

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        self.server.asked.append((self.path, asked))
        content = self.server.files.get(self.path)
        if content is None:
            self.send_error(404)
            return
        first = int(asked.removeprefix("bytes=").rstrip("-")) if asked and self.server.ranges else 0
        self.send_response(206 if first else 200)
        if first:
            self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - first))
        self.end_headers()
        last = None if self.server.break_after is None else first + self.server.break_after
        self.wfile.write(content[first:last])

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Bitmaps]:
    with Bitmaps() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


def array(value: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, value, allow_pickle=False)
    return file.getvalue()


def drawings(count: int) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 256, (count, 784), np.uint8)


def test_the_first_drawings_of_each_category_are_brought(server: Bitmaps, tmp_path: Path) -> None:
    server.files = {"/cat.npy": array(drawings(50)), "/ice%20cream.npy": array(drawings(3))}
    told = []
    made = make_quickdraw(
        tmp_path, lambda *told_now: told.append(told_now), address=server.address, categories=("cat", "ice cream"),
        count=4, size=28,
    )  # fmt: skip
    assert made == 4 + 3
    assert sorted(path.name for path in (tmp_path / "cat").iterdir()) == [
        f"cat-00{number}.png" for number in (1, 2, 3, 4)
    ]
    first = pixels(tmp_path / "cat/cat-001.png")
    assert np.array_equal(first, 255 - drawings(50)[0].reshape(28, 28))
    assert told[-1] == ("ice cream", 128 + 3 * 784, 128 + 3 * 784)


def test_what_is_there_is_not_asked_for_again(server: Bitmaps, tmp_path: Path) -> None:
    server.files = {"/cat.npy": array(drawings(9)), "/dog.npy": array(drawings(9))}
    make_quickdraw(tmp_path, nothing, address=server.address, categories=("cat",), count=5, size=28)
    before, server.asked[:] = times(tmp_path), []
    made = make_quickdraw(tmp_path, nothing, address=server.address, categories=("cat", "dog"), count=5, size=28)
    assert made == 5
    assert [path for path, _ in server.asked] == ["/dog.npy"]
    after = times(tmp_path)
    assert all(after[name] == before[name] for name in before)


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("arrived", [5, 60, 1000, 200_000])
def test_a_broken_download_goes_on_where_it_stopped(
    server: Bitmaps, tmp_path: Path, ranges: bool, arrived: int
) -> None:
    server.files, server.ranges, server.break_after = {"/cat.npy": array(drawings(400))}, ranges, arrived
    ask = {"address": server.address, "categories": ("cat",), "count": 300, "size": 28}
    with pytest.raises(
        GeneratorError,
        match=r"/cat\.npy: could not be read \(the connection ended after .* bytes\)\. Run the same command later to "
        r"resume",
    ):
        make_quickdraw(tmp_path, nothing, **ask)
    assert times(tmp_path) == {}
    server.break_after = None
    assert make_quickdraw(tmp_path, nothing, **ask) == 300
    assert server.asked[-1] == ("/cat.npy", f"bytes={arrived}-")
    last = pixels(tmp_path / "cat/cat-300.png")
    assert np.array_equal(last, 255 - drawings(400)[299].reshape(28, 28))
    assert list((tmp_path / "cat").glob(".*")) == []


class Evil:
    """Would run code if it were unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return pytest.fail, ("unpickled",)


def objects() -> bytes:
    file = io.BytesIO()
    np.save(file, np.array([[Evil()] * 784], dtype=object), allow_pickle=True)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<html>not found</html>", "is not a NumPy array"),
        (pickle.dumps(Evil()), "is not a NumPy array"),
        (objects(), r"contains object \(1, 784\)"),
        (array(np.zeros((3, 100), np.uint8)), r"contains uint8 \(3, 100\)"),
        (array(np.zeros((3, 784), np.float32)), "contains float32"),
        (array(np.zeros(784, np.uint8)), r"contains uint8 \(784,\)"),
        (array(drawings(3)) + b"x", "has 2481 bytes, and by its head it should have 2480"),
        (array(drawings(3)).replace(b"descr", b"doscr"), "has a damaged head"),
    ],
)
def test_other_content_is_refused_and_not_kept(server: Bitmaps, tmp_path: Path, content: bytes, said: str) -> None:
    server.files = {"/cat.npy": content}
    with pytest.raises(GeneratorError, match=said):
        make_quickdraw(tmp_path, nothing, address=server.address, categories=("cat",), count=2)
    assert list((tmp_path / "cat").iterdir()) == []


def test_a_category_that_is_not_there_is_named(server: Bitmaps, tmp_path: Path) -> None:
    with pytest.raises(GeneratorError, match=r"/griffin\.npy: not found\. Check the category's name"):
        make_quickdraw(tmp_path, nothing, address=server.address, categories=("griffin",))


@pytest.mark.parametrize("category", ["../cat", "/tmp/cat", "..", "", "a/b", ".cat"])
def test_nothing_is_written_outside_of_the_folder(server: Bitmaps, tmp_path: Path, category: str) -> None:
    with pytest.raises(ConfigurationError, match=r"invalid category .*\. Use one such as"):
        make_quickdraw(tmp_path / "in", nothing, address=server.address, categories=(category,))
    assert list(tmp_path.iterdir()) == []


def test_only_the_web_is_an_address(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"invalid address\. Use one that begins"):
        make_quickdraw(tmp_path, nothing, address=f"file://{tmp_path}", categories=("cat",))


def test_there_are_25_categories_of_the_public_bitmaps() -> None:
    assert len(set(CATEGORIES)) == 25
    assert ADDRESS.startswith("https://")
