"""`spectacle show` and `spectacle again`."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from spectacle.generators.base import Artifact, MediaType
from spectacle.spool.directory import Spool
from spectacle.svg import Rasteriser
from spectacle.worker.encoding import FORMATS
from spectacle.worker.results import Provenance, Wanted, finish

SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8" viewBox="0 0 8 8"><rect width="8" height="8"/></svg>'
)
Made = Callable[..., Path]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """Writes a result that tells of its making."""

    def made(extension: str = "png", **changes: Any) -> Path:
        details: dict[str, Any] = {
            "prompt": "a red fox",
            "generator": "illustration",
            "model": "illustration",
            "revision": None,
            "preset": None,
            "kind": "picture",
            "seed": 41,
            "width": 8,
            "height": 8,
            "options": {"steps": 3, "progress": True},
            "notes": ("shortened", "cleaned"),
            "request_digest": "0" * 64,
            "version": "0.1.0",
            "facts": {"engine": "composition", "scene": {"fox": 1}},
        }
        provenance = Provenance(**{**details, **changes})
        content = SVG if extension == "svg" else Image.new("RGB", (8, 8))
        with Rasteriser() as rasteriser:
            (file,) = finish(
                [Artifact(content, {}, changes.get("seed"))],
                provenance,
                Wanted(MediaType.SVG) if extension == "svg" else Wanted(form=FORMATS[extension]),
                rasteriser=rasteriser,
            )
        path = tmp_path / f"result{file.suffix}"
        path.write_bytes(file.content)
        return path

    return made


@pytest.mark.parametrize("extension", ["png", "jpeg", "webp", "avif", "svg"])
class TestShow:
    def test_how_a_picture_was_made_is_told(self, run, made: Made, extension: str) -> None:
        output = run("show", made(extension)).stdout
        lines = {tuple(line.split(maxsplit=1)) for line in output.splitlines() if line}
        for told in (
            ("prompt", "a red fox"), ("seed", "41"), ("options.steps", "3"), ("notes", "shortened"),
            ("notes", "cleaned"),
            ("facts.engine", "composition"), ("facts.scene.fox", "1"),
        ):  # fmt: skip
            assert told in lines
        assert "revision" not in output

    def test_programs_get_json(self, run, made: Made, extension: str) -> None:
        told = json.loads(run("show", "--json", made(extension)).stdout)
        assert (told["prompt"], told["seed"], told["revision"]) == ("a red fox", 41, None)

    def test_no_terminal_obeys_what_a_picture_says(self, run, made: Made, extension: str) -> None:
        output = run("show", made(extension, facts={"x\x1b[2J": "\x1b]0;title\x07 [bold]x\nprompt  forged"})).stdout
        assert "\x1b" not in output
        assert "[bold]x prompt  forged" in output


@pytest.mark.parametrize("command", ["show", "again"])
def test_a_file_that_tells_nothing_is_refused(run, tmp_path: Path, command: str) -> None:
    plain, text = tmp_path / "plain.png", tmp_path / "text.svg"
    Image.new("RGB", (8, 8)).save(plain)
    text.write_text("no drawing")
    for path in (plain, text):
        result = run(command, path)
        assert result.exit_code == 1
        assert "contains no Spectacle metadata" in result.stderr
    assert run(command, tmp_path / "none.png").exit_code == 2


@pytest.mark.parametrize("command", ["show", "again"])
@pytest.mark.parametrize("kind", ["nested", "pipe", "endless"])
def test_a_file_laid_out_as_a_trap_is_refused(run, tmp_path: Path, command: str, kind: str) -> None:
    path = tmp_path / "trap.svg"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "endless":
        path.touch()
        os.truncate(path, 1 << 40)
    else:
        nested = "[" * 100_000 + "]" * 100_000
        provenance = f'<metadata><s:making xmlns:s="urn:spectacle:1">{nested}</s:making></metadata>'
        path.write_text(f'<svg xmlns="http://www.w3.org/2000/svg">{provenance}</svg>')
    result = run(command, path)
    assert result.exit_code == 1
    assert str(path) in result.stderr


class TestAgain:
    def test_a_size_that_is_none_is_refused(self, run, spool: Spool, made: Made) -> None:
        path = made("svg")
        path.write_text(path.read_text().replace('"width":8', '"width":Infinity'))
        result = run("again", path, "--spool", spool.path)
        assert result.exit_code == 1
        assert "its metadata is incomplete" in result.stderr

    def asked(self, spool: Spool, output: str) -> tuple[Path, Any]:
        request = Path(output.strip())
        assert request.parent == spool.path
        return request, json.loads(request.with_name(f"{request.stem}-options.json").read_text())

    @pytest.mark.parametrize("extension", ["png", "svg"])
    def test_the_same_is_asked_for_again(self, run, spool: Spool, made: Made, extension: str) -> None:
        kind = "svg" if extension == "svg" else "picture"
        result = run("again", made(extension, kind=kind), "--spool", spool.path)
        assert result.exit_code == 0
        request, options = self.asked(spool, result.stdout)
        assert request.name.endswith(f"-8x8-{kind}.txt")
        assert request.read_text() == "a red fox\n"
        assert options == {"steps": 3, "seed": 41}

    def test_a_candidate_is_asked_for_by_its_own_seed(self, run, spool: Spool, made: Made) -> None:
        result = run("again", made(seed=77, options={"seed": 41}), "--spool", spool.path)
        assert self.asked(spool, result.stdout)[1] == {"seed": 77}

    def test_what_may_have_been_attached_is_named(self, run, spool: Spool, made: Made, tmp_path: Path) -> None:
        path = made(generator="test-double")
        result = run("again", path, "--spool", spool.path)
        assert "attach them again with --input, --mask, --control" in result.stderr
        sketch = tmp_path / "sketch.png"
        Image.new("RGB", (4, 4)).save(sketch)
        result = run("again", path, "--spool", spool.path, "--input", sketch)
        assert "attach them again with --mask, --control" in result.stderr
        request = Path(result.stdout.strip())
        assert request.with_name(f"{request.stem}-input.png").read_bytes() == sketch.read_bytes()

    def test_a_generator_that_takes_no_pictures_is_not_asked_about_them(self, run, spool: Spool, made: Made) -> None:
        assert "attached" not in run("again", made(), "--spool", spool.path).stderr

    def test_a_kind_that_is_served_differently_now_is_told(self, run, spool: Spool, made: Made) -> None:
        result = run("again", made(generator="gone", preset="big"), "--spool", spool.path)
        assert result.exit_code == 0
        assert "was served by gone, preset big, and is now served by illustration" in result.stderr

    def test_a_lora_that_is_another_now_is_told(self, run, spool: Spool, made: Made, tmp_path: Path) -> None:
        (tmp_path / "ink.safetensors").write_bytes(b"")
        configuration = tmp_path / "spectacle.toml"
        configuration.write_text(
            f'[spool]\npath = "{spool.path}"\n[loras.ink]\nfile = "{tmp_path / "ink.safetensors"}"\n'
        )
        same = {"name": "ink", "sha256": hashlib.sha256(b"").hexdigest()}
        result = run("again", made(facts={"loras": [same]}), "--config", configuration)
        assert result.exit_code == 0
        assert "LoRA" not in result.stderr
        result = run("again", made(facts={"loras": [{**same, "sha256": "0"}, "?"]}), "--config", configuration)
        assert result.exit_code == 0
        assert "LoRA ink: has another content now. Expect a different image." in result.stderr

    @pytest.mark.parametrize("changes", [{"options": ["x"]}, {"kind": "no kind"}, {"width": 0}, {"prompt": "\ud800"}])
    def test_a_making_that_makes_no_sense_is_refused(
        self, run, spool: Spool, made: Made, changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        told = {"prompt": "x", "width": 8, "height": 8, "kind": "picture", "seed": 1, "generator": "x", "options": {}}
        monkeypatch.setattr("spectacle.provenance.read_provenance", lambda _path: {**told, **changes})
        result = run("again", made(), "--spool", spool.path)
        assert result.exit_code == 1
        assert spool.names() == [".spectacle"]
