"""Every message about a wrong input names the file or setting, the value, and what to do."""

from __future__ import annotations

import io
import json
import os
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

from spectacle.cli import main
from spectacle.config import Settings, load
from spectacle.daemon.request import read_request
from spectacle.errors import ConfigurationError, RequestError, SpectacleError
from spectacle.generators import registry
from spectacle.generators.base import MediaType, Resources
from spectacle.spool.directory import Spool
from spectacle.spool.naming import RequestName
from spectacle.worker.contract import Attachment, JobSpec
from spectacle.worker.job import build_job

REMEDY = re.compile(
    r"(: |it )must (not )?be |Did you mean |\. (Attach|Change|Convert|Fix|Flatten|Install|Make|Mount|Move|Omit|Remove"
    r"|Rename|Request|Run|Save|Set|Shorten|Use|Write) |; use |Allowed here: "
)
"""How a remedy begins: with what the value must be, or in the imperative."""


def assert_helpful(message: str, *named: str) -> None:
    assert "\n" not in message
    for name in named:
        assert name in message
    assert REMEDY.search(message), message
    assert ".." not in message


SETTINGS = [
    ("[spool]\npoll_interval = 'fast'", "spool.poll_interval", "'fast'"),
    ("[spool]\npoll_interval = -1", "spool.poll_interval", "-1"),
    ("[spool]\npoll_interval = 100", "spool.poll_interval", "100"),
    ("[spool]\npol_interval = 1", "spool.pol_interval", "Did you mean poll_interval?"),
    ("[spool]\npath = 3", "spool.path", "3"),
    ("[spool]\nsettle = 700", "spool.settle", "at most 600"),
    ("[spool]\nmin_free = '10 bananas'", "spool.min_free", "'10 bananas'"),
    ("[spool]\nmax_attempts = 2.5", "spool.max_attempts", "a whole number"),
    ("[spool]\nmax_attempts = true", "spool.max_attempts", "true"),
    ("[spool]\norphan_grace = nan", "spool.orphan_grace", "nan"),
    ("[limits]\nmax_pixels = 0", "limits.max_pixels", "at least 1"),
    ("[limits]\njob = 0", "limits.job", "more than 0"),
    ("[limits]\nload = '10m'", "limits.load", "'10m'"),
    ("[workers]\ndevices = ['gpu0']", "workers.devices", "invalid device 'gpu0'"),
    ("[workers]\ndevices = []", "workers.devices", "[]"),
    ("[workers]\ndevices = 'cuda:0'", "workers.devices", "a list"),
    ("[workers]\npreload = 'maybe'", "workers.preload", "true or false"),
    ("[weights]\ndirectory = 5", "weights.directory", "a path"),
    ("[weights]\nprepared = 'x'", "weights.prepared", "a table"),
    ("[placement]\nquantization = 'int3'", "placement.quantization", "'int8'"),
    ("[placement]\nvram_limit = 'much'", "placement.vram_limit", "10GB"),
    ("[sanitize]\nblocked = ['(']", "sanitize.blocked", "'('"),
    ("[sanitize]\nblocked = ['(?<=a)b']", "sanitize.blocked", "'(?<=a)b'"),
    ("[sanitize]\nblocked = 'abc'", "sanitize.blocked", "a list"),
    ("[log]\nlevel = 'loud'", "log.level", "'debug'"),
    ("[log]\nform = 'xml'", "log.format", "line 2"),
    ("[logs]\nlevel = 'info'", "logs", "Did you mean log?"),
    ("default_kind = 'Photo'", "default_kind", "'Photo'"),
    ("[kinds.Photo]\ngenerator = 'illustration'", "kinds.Photo", "line 1"),
    ("[kinds.input]\ngenerator = 'illustration'", "kinds.input", "reserved"),
    ("[kinds.photo]\npreset = 'x'", "kinds.photo.generator", "Set it"),
    ("[kinds.photo]\ngenerator = 3", "kinds.photo.generator", "text in quotes"),
    ("[kinds.photo]\ngenerator = 'x'\nformat = 'gif'", "kinds.photo.format", "'gif'"),
    ("[kinds.photo]\ngenerator = 'x'\noptions = 3", "kinds.photo.options", "a table"),
    ("[kinds.photo]\ngenerator = 'x'\nsteps = 3", "kinds.photo.steps", "line 3"),
    ("[kinds]\nphoto = 'illustration'", "kinds.photo", "a section"),
    ("spool = 'here'", "spool", "a section"),
    ("[spool", "invalid TOML", "Expected ']'"),
    ("[spool]\npath = 'a'\npath = 'b'", "invalid TOML", "overwrite a value"),
    ('[spool]\nmode = "xx0664yy"', "spool.mode = 'xx0664yy'", "three octal digits"),
    ('[gateway]\nlisten = "nowhere"', "gateway.listen = 'nowhere'", "must be HOST:PORT, such as 127.0.0.1:8000"),
    ('[gateway]\nlisten = "http://127.0.0.1:8000/x"', "gateway.listen", "must be HOST:PORT"),
    ('[gateway]\nrate = "lots of 5/minute or so"', "gateway.rate", "such as 120/minute"),
    ('[loras.ink]\nfile = "a"\nrepository = "/etc/owner/x"', "loras.ink.repository", "must be owner/name"),
]


@pytest.mark.parametrize(("text", "setting", "said"), SETTINGS)
def test_a_wrong_setting(tmp_path: Path, text: str, setting: str, said: str) -> None:
    file = tmp_path / "spectacle.toml"
    file.write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        load(file, environment={}, warn=lambda _: None)
    assert_helpful(caught.value.message, str(file), setting, said)


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("SPECTACLE_SPOOL_PATHS", "x", "Did you mean SPECTACLE_SPOOL_PATH?"),
        ("SPECTACLE_NOTHING", "x", "Remove it"),
        ("SPECTACLE_LOG_LEVEL", "loud", "'loud'"),
        ("SPECTACLE_LIMITS_JOB", "long", "'long'"),
        ("SPECTACLE_WORKERS_DEVICES", "gpu", "'gpu'"),
        ("SPECTACLE_SANITIZE_BLOCKED", "[", "a list"),
    ],
)
def test_a_wrong_variable(variable: str, value: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(environment={variable: value})
    assert_helpful(caught.value.message, variable, said)


@pytest.mark.parametrize(
    ("content", "said"), [(None, "does not exist"), (b"\xff\xfe", "UTF-8"), (b"=", "line 1"), (b"[" * 9000, "")]
)
def test_a_configuration_that_cannot_be_read(tmp_path: Path, content: bytes | None, said: str) -> None:
    file = tmp_path / "spectacle.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        load(file, environment={})
    assert_helpful(caught.value.message, str(file), said)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a-1-0x0.txt", b"a fox", "0x0"),
        ("a-1-9999x9999.txt", b"a fox", "the limit is 16000000"),
        ("a-1-8x8.txt", b"", "empty"),
        ("a-1-8x8.txt", b"x" * 70_000, "70000 bytes"),
        ("a-1-8x8.txt", b"\x80abc", "byte 0x80 at offset 0"),
        ("a-1-8x8.txt", b"\xff\xfe\xfa", "UTF-16"),
        ("a-1-8x8.txt", b"a\0b", "NUL at offset 1"),
        ("a-1-8x8.txt", b"\x89PNG\r\n\x1a\n", "PNG"),
        ("a-1-8x8.txt", b"a weapon", "blocklist"),
    ],
)
def test_a_wrong_request(spool: Spool, name: str, content: bytes, said: str) -> None:
    (spool.path / name).write_bytes(content)
    request = RequestName.parse(name)
    assert request is not None
    status = spool.peek(name)
    assert status is not None
    with pytest.raises(RequestError) as caught:
        read_request(spool, request, status, Settings(sanitize={"blocked": ["weapon"]}))
    subject = {"bad-size": request.stem.split("-")[-1], "blocked-prompt": "the prompt"}.get(caught.value.code, name)
    assert_helpful(caught.value.message, subject, said)


@pytest.mark.parametrize("kind", ["link", "directory", "pipe"])
def test_a_request_that_is_not_a_regular_file(spool: Spool, kind: str) -> None:
    path = spool.path / "a-1-8x8.txt"
    {"link": lambda: path.symlink_to("x"), "directory": path.mkdir, "pipe": lambda: os.mkfifo(path)}[kind]()
    request = RequestName.parse(path.name)
    status = spool.peek(path.name)
    assert request is not None and status is not None
    with pytest.raises(RequestError) as caught:
        read_request(spool, request, status, Settings())
    assert_helpful(caught.value.message, path.name, kind)


def refusal(generator: str, *attachments: Attachment, defaults: dict[str, object] | None = None) -> str:
    """The error of a job of a kind `photo`."""
    spec = JobSpec(
        (generator, None), "a-1-8x8-photo", "photo", MediaType.SVG if generator == "supersvg" else MediaType.PNG, 8, 8,
        "a fox", (), "", defaults or {}, 1000, 1500, 10_000, attachments,
    )  # fmt: skip
    with pytest.raises(SpectacleError) as caught:
        build_job(registry.find(generator)(None, Resources()), spec)
    return caught.value.message


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('{"seed": "7"}', ['seed is "7"']),
        ('{"seed": -1}', ["seed is -1", "at least 0"]),
        ('{"seed": 1.5}', ["seed is 1.5", "a whole number"]),
        ('{"seed": NaN}', ["NaN"]),
        ('{"seed": 1, "seed": 2}', ['"seed"', "twice"]),
        ('{"seed": 99999999999999999999999}', ["at most 20 digits"]),
        ('{"sed": 1}', ['"sed"', "Did you mean seed?"]),
        ('{"style": "oil"}', ['style is "oil"', "'watercolour'"]),
        ('{"num_images_per_prompt": 100}', ["is 100", "at most 8"]),
        ('{"progress": 1}', ["progress is 1", "true or false"]),
        ('{"plan": 3}', ["plan is 3"]),
        ('{"plan": {"x": 1}}', ["plan.x", "Remove it"]),
        ("[1]", ["[1]"]),
        ("{", ["line 1"]),
        ("", ["line 1"]),
        ('{"a":' * 20 + "1" + "}" * 20, ["more than 8"]),
    ],
)
def test_wrong_options(text: str, named: list[str]) -> None:
    message = refusal("illustration", Attachment("options", "o", text.encode()))
    assert_helpful(message, "a-1-8x8-photo-options.json", *named)


def test_a_wrong_option_of_the_configuration_is_not_the_requests() -> None:
    message = refusal("illustration", defaults={"steps": 4})
    assert_helpful(message, "kinds.photo.options", '"steps"', "configuration")
    assert "options.json" not in message


def image(format_: str = "PNG", size: tuple[int, int] = (8, 8)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size).save(file, format_)
    return file.getvalue()


STEM = "a-1-8x8-photo"
PICTURE = Attachment("input", f"{STEM}-input.png", image())


@pytest.mark.parametrize(
    ("generator", "attachments", "named"),
    [
        ("illustration", [PICTURE], [f"{STEM}-input.png"]),
        ("illustration", [Attachment("mask", f"{STEM}-mask.png", image())], [f"{STEM}-mask.png"]),
        ("supersvg", [], [f"{STEM}-input.png", "at least 1 input image"]),
        ("supersvg", [PICTURE, Attachment("input", f"{STEM}-input2.png", image())], [f"{STEM}-input2.png", "got 2"]),
        ("supersvg", [PICTURE, Attachment("control", f"{STEM}-control.png", image())], [f"{STEM}-control.png"]),
        *[
            ("supersvg", [Attachment("input", f"{STEM}-input.png", content)], [f"{STEM}-input.png", said])
            for content, said in [
                (b"", "empty"),
                (b"hello", "text"),
                (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "an SVG"),
                (image("GIF"), "a GIF image"),
                (image()[:40], "PNG image"),
                (image("JPEG")[:200], "JPEG image"),
                (image(size=(100, 100)), "100x100 pixels; the limit is 1000"),
                (b"x" * 20_000, "10000 bytes"),
            ]
        ],
    ],
)
def test_a_wrong_attachment(generator: str, attachments: list[Attachment], named: list[str]) -> None:
    if generator == "supersvg":
        pytest.importorskip("torch")
    assert_helpful(refusal(generator, *attachments), *named)


def test_pulling_without_the_libraries_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("spectacle.cli.pull", "spectacle.generators.base"):
        monkeypatch.setattr(f"{module}.find_spec", lambda _: None)
    result = CliRunner().invoke(main, ["pull", "qwen-image", "--dry-run"], prog_name="spectacle")
    assert isinstance(result.exception, SystemExit) and result.exit_code == 1
    assert_helpful(result.output.strip(), "qwen-image: needs torch", "pip install '.[diffusion]'")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ("submit --spool nowhere cat", ["nowhere", "spectacle init"]),
        ("submit --spool spool --size 640 cat", ["--size", "'640'"]),
        ("submit --spool spool --size 999999x1 cat", ["'999999x1'", "99999"]),
        ("submit --spool spool --user a/b cat", ["user 'a/b'"]),
        ("submit --spool spool --kind Photo cat", ["kind 'Photo'"]),
        ("submit --spool spool --kind input cat", ["kind 'input'", "reserved"]),
        ("submit --spool spool --option steps cat", ["'steps'", "KEY=VALUE"]),
        ("submit --spool spool --options bad.json cat", ["bad.json", "JSON"]),
        ("submit --spool spool --options list.json cat", ["list.json", "object"]),
        ("submit --spool spool --input list.json cat", ["list.json", "png"]),
        ("submit --spool spool --mask ok.jpg cat", ["ok.jpg", "PNG"]),
        ("submit --config none.toml cat", ["none.toml", "--config"]),
        ("status --spool nowhere", ["nowhere", "spectacle init"]),
        ("status --spool bad.json", ["bad.json", "Not a directory"]),
        ("gc --spool spool --older-than soon", ["'soon'", "7d"]),
        ("show bad.json", ["bad.json"]),
        ("again bad.json --spool spool", ["bad.json"]),
        ("explain bad-siz", ["'bad-siz'", "bad-size"]),
        ("generators no-such", ["'no-such'", "illustration"]),
        ("schema no-such", ["'no-such'", "illustration"]),
        ("pull illustration --preset none", ["illustration", "'none'"]),
        ("weights --remove nothing/here", ["'nothing/here'", "spectacle weights"]),
        ("prepare illustration --into x", ["illustration"]),
        ("datasets icons --into x", ["icons", "--from"]),
        ("datasets icons --from spool --into x", ["spool", "SVG"]),
        ("datasets quickdraw --into x --count 9999999", ["--count 9999999", "500"]),
        ("datasets quickdraw --into x --url ftp://x", ["ftp://x", "https://"]),
        ("illustrate", ["--from-plan"]),
        ("illustrate --from-plan bad.json", ["bad.json", "plan"]),
        ("init spool --group no-such-group", ["'no-such-group'", "groupadd"]),
        ("init bad.json", ["bad.json"]),
    ],
)
def test_a_wrong_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: str, named: list[str]) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "spool").mkdir()
    (tmp_path / "bad.json").write_text('{"a":')
    (tmp_path / "list.json").write_text(json.dumps([1]))
    (tmp_path / "ok.jpg").write_bytes(image("JPEG"))
    before = sorted(tmp_path.rglob("*"))
    result = CliRunner().invoke(main, arguments.split(), prog_name="spectacle")
    assert isinstance(result.exception, SystemExit) and result.exit_code in (1, 2)
    message = result.output.strip().rpartition("Error: ")[2]
    if "is a file" not in message:  # click says it
        assert_helpful(message, *named)
    assert sorted(tmp_path.rglob("*")) == before
