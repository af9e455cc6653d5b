"""The TypeScript client: it type-checks strictly, passes its own tests under Node, and writes names that we read."""

from __future__ import annotations

import json
import os
import pwd
import signal
import subprocess
from pathlib import Path

import pytest
from daemon_process import wait_for

from spectacle.spool.naming import RequestName

SOURCE = Path(__file__).parents[2] / "clients" / "typescript"
COMPILER = SOURCE / "node_modules" / ".bin" / "tsc"


def run(*command: str | Path) -> str:
    done = subprocess.run(command, cwd=SOURCE, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled client, which is compiled once, strictly."""
    assert COMPILER.exists(), "TypeScript is missing: run `make test`, or `npm install` in clients/typescript"
    directory = tmp_path_factory.mktemp("typescript")
    run(COMPILER, "--project", SOURCE, "--outDir", directory)
    (directory / "package.json").write_text('{"type": "module"}')
    return directory


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled example."""
    directory = tmp_path_factory.mktemp("example")
    options = ("--module", "NodeNext", "--target", "ES2022", "--types", "node", "--skipLibCheck", "--ignoreConfig")
    extensions = ("--allowImportingTsExtensions", "--rewriteRelativeImportExtensions", "--strict")
    run(COMPILER, *options, *extensions, "--outDir", directory, SOURCE / "example.ts")
    (directory / "package.json").write_text('{"type": "module"}')
    return directory / "example.js"


def test_the_client_passes_its_tests_under_node(build: Path) -> None:
    said = run("node", "--test", "--test-reporter=tap", build / "spectacle-client.test.js")
    assert "# fail 0" in said
    assert "# pass 0" not in said


def test_the_client_writes_names_that_the_daemon_reads(build: Path, tmp_path: Path) -> None:
    uuid = "6f9619ff-8b86-d011-b42d-00c04fc964ff"
    requests = [
        {"user": uuid, "messageId": "17", "width": 640, "height": 480},
        {"user": "+15551234567", "messageId": uuid, "width": 1, "height": 99999, "kind": "svg"},
        {"user": "xyz8fGRPab+9z", "messageId": "0xf00fb00b123456"},
        {"user": "alice.b", "messageId": "a-b-640x480", "kind": "draft_2"},
        {},
    ]
    program = build / "write.mjs"
    program.write_text(
        "import { submit } from './spectacle-client.js';\n"
        "const [spool, requests] = process.argv.slice(2);\n"
        "for (const request of JSON.parse(requests)) {\n"
        "    console.log((await submit(spool, { prompt: 'x', ...request })).stem);\n"
        "}\n"
    )
    stems = run("node", program, tmp_path, json.dumps(requests)).split()
    assert sorted(os.listdir(tmp_path)) == sorted(f"{stem}.txt" for stem in stems)
    for request, stem in zip(requests, stems, strict=True):
        name = RequestName.parse(f"{stem}.txt")
        assert name is not None
        assert name.user == request.get("user", name.user)
        assert name.msgid == request.get("messageId", name.msgid)
        assert (name.width, name.height) == (request.get("width", 1024), request.get("height", 1024))
        assert name.kind == request.get("kind")


def test_the_client_is_one_file_that_needs_nothing_but_node() -> None:
    lines = (SOURCE / "spectacle-client.ts").read_text().splitlines()
    imports = [line for line in lines if line.startswith("import ")]
    assert imports
    assert all(" from 'node:" in line for line in imports)
    assert "dependencies" not in json.loads((SOURCE / "package.json").read_text())


@pytest.mark.parametrize("kind", ["commonjs", "module"])
def test_the_client_runs_under_both_kinds_of_modules(tmp_path: Path, kind: str) -> None:
    (tmp_path / "package.json").write_text(json.dumps({"type": kind}))
    (tmp_path / "spectacle-client.ts").write_text((SOURCE / "spectacle-client.ts").read_text())
    source = "./spectacle-client" if kind == "commonjs" else "./spectacle-client.js"
    (tmp_path / "program.ts").write_text(
        f"import {{ submit }} from '{source}';\n"
        "submit(process.argv[2] ?? '', { prompt: 'a fox' }).then(({ stem }) => console.log(stem));\n"
    )
    (tmp_path / "spool").mkdir(mode=0o770)
    options = ("--module", "NodeNext", "--target", "ES2022", "--types", "node", "--skipLibCheck", "--ignoreConfig")
    roots = ("--typeRoots", SOURCE / "node_modules" / "@types")
    run(COMPILER, *options, *roots, "--outDir", tmp_path, tmp_path / "program.ts")
    stem = run("sh", "-c", f"umask 077 && exec node {tmp_path}/program.js {tmp_path}/spool").strip()
    request = tmp_path / "spool" / f"{stem}.txt"
    assert request.read_text() == "a fox\n"
    assert request.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_the_example_takes_its_request_back_when_a_signal_ends_it(tmp_path: Path, example: Path, number: int) -> None:
    process = subprocess.Popen(
        ["node", example, tmp_path, "a", "fox"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        wait_for(lambda: list(tmp_path.glob("[!.]*.txt")), "the request", 60)
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, said) == (1, f"{signal.Signals(number).name}: the request was cancelled\n")
    assert os.listdir(tmp_path) == []


RUNTIMES = {
    "deno": ("deno@2.9.6", "deno", ["run", "--no-prompt", "--allow-read=.", "--allow-write=.", "--allow-sys"]),
    "bun": ("bun@1.4.5", "bun", ["run"]),
}


@pytest.mark.slow
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_the_client_and_its_example_run_as_they_are_under_deno_and_bun(tmp_path: Path, runtime: str) -> None:
    package, program, options = RUNTIMES[runtime]
    (tmp_path / "package.json").write_text('{"type": "module"}')
    run("npm", "install", "--prefix", tmp_path, "--silent", "--no-audit", "--no-fund", package)
    for name in ("spectacle-client.ts", "example.ts"):
        (tmp_path / name).write_text((SOURCE / name).read_text())
    spool = tmp_path / "spool"
    spool.mkdir()
    # Nobody says who the user is, as in cron; Bun, for one, asks the environment alone.
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    process = subprocess.Popen(
        [tmp_path / "node_modules/.bin" / program, *options, "example.ts", "spool", "a", "red", "fox"], cwd=tmp_path,
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        (request,) = wait_for(lambda: list(spool.glob("[!.]*.txt")), "the request", 60)
        assert request.read_text() == "a red fox\n"
        assert request.name.startswith(pwd.getpwuid(os.getuid()).pw_name + "-")
        (spool / f"{request.stem}.png").touch()
        request.unlink()
        said, _ = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, said) == (0, f"spool/{request.stem}.png\n")
