"""What the gateway keeps and reads of files for one HTTP request: no more than that request needs."""

from __future__ import annotations

import asyncio
import io
import tracemalloc
from pathlib import Path

import pytest
from PIL import Image

from spectacle.gateway.rendering import read_result
from spectacle.gateway.uploads import Scratch


def test_reading_a_result_takes_memory_for_the_result_only(tmp_path: Path) -> None:
    result = tmp_path / "a-1-8x8.png"
    result.write_bytes(b"x" * 10_000)
    tracemalloc.start()
    try:
        assert read_result(result) == b"x" * 10_000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000


def test_a_temporary_directory_is_made_for_attachments_only_and_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    image = io.BytesIO()
    Image.new("RGB", (4, 4)).save(image, "PNG")

    async def one_request(*contents: bytes) -> list[Path]:
        files = Scratch("test-", 10_000, 10_000)
        kept = [await files.image(content, "image") for content in contents]
        assert all(path.read_bytes() == content for path, content in zip(kept, contents, strict=True))
        made = list(tmp_path.iterdir())
        await files.close()
        return made

    assert asyncio.run(one_request()) == []
    assert len(asyncio.run(one_request(image.getvalue(), image.getvalue()))) == 1
    assert list(tmp_path.iterdir()) == []
