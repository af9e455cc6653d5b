"""What the documentation says is true: its commands and programs run, and what it names exists.

Blocks marked `sh`, `python` and `ts` are run in a sandbox with a daemon on `./spool`, all of one page in order, unless
a comment `<!-- test: skip REASON -->` stands before one. A block that is said to be the content of a file becomes that
file; any other one marked `toml` is part of the daemon's configuration.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest
from daemon_process import running
from documentation import PAGES, ROOT, Block, blocks, commands, inline, read

from spectacle import cli, config, errors
from spectacle.client import Progress
from spectacle.config import UNSETTING
from spectacle.generators import registry
from spectacle.generators.base import GeneratorOptions
from spectacle.spool.naming import RESERVED_KINDS, RequestName

LANGUAGES = {"sh", "python", "ts", "toml", "json", "text"}
TYPESCRIPT = ROOT / "clients/typescript"
BEYOND_A_SANDBOX = re.compile(
    r"\b(systemctl|systemd-sysusers|apt-get|usermod|make|pip install)\b|/etc/"
    r"|spectacle (pull|prepare|train|weights --remove)|--kind"
)
"""What a test cannot do, or must not do to its machine: only blocks with such commands may be skipped."""

SETTINGS = {".".join(keys) for keys, _ in config.fields()} | {
    f"kinds.NAME.{name}" for name in config.KindSettings.model_fields
}
OPTIONS = {name for each in registry.available() for name in registry.find(each).Options.model_fields}
FOREIGN = {"kind_details", "media_type", "options_schema", "weights_only", "pytorch_model", "model_index"}
"""Names that other libraries have given."""
PROGRESS = {field.name for field in dataclasses.fields(Progress)}
VARIABLES = {"SPECTACLE_" + name.replace(".", "_").upper() for name in SETTINGS} | set(UNSETTING)


def sandbox(page: str, directory: Path) -> tuple[str, dict[str, str]]:
    """Prepare a directory for what a page does.

    Returns:
        The configuration of its daemon, and the variables of its commands and its daemon.
    """
    (directory / "clients").symlink_to(ROOT / "clients")
    configuration = '[spool]\npath = "spool"\n'
    for block in blocks(page, "toml", "python"):
        if block.file is not None:
            (directory / block.file).write_text(block.code, encoding="utf-8")
        elif block.language == "toml":
            configuration += block.code
    if (directory / "pyproject.toml").exists():
        install(directory)
    variables = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(directory),
        "SPECTACLE_CONFIG": str(directory / "spectacle.toml"),
    }
    return configuration, variables


def install(directory: Path) -> None:
    """What `pip install` does with a package of one module, as far as entry points are concerned."""
    project = tomllib.loads((directory / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    information = directory / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    groups = "".join(
        f"[{group}]\n" + "".join(f"{name} = {target}\n" for name, target in entries.items())
        for group, entries in project["entry-points"].items()
    )
    (information / "entry_points.txt").write_text(groups)


def run(directory: Path, variables: dict[str, str], *command: str | Path) -> None:
    done = subprocess.run(
        command, cwd=directory, env={**os.environ, **variables}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def run_shell(block: Block, directory: Path, variables: dict[str, str]) -> None:
    """What the block leaves running, such as a daemon, ends with it."""
    script = f"trap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT\n{block.code}"
    run(directory, variables, "bash", "-euo", "pipefail", "-c", script)


def run_python(block: Block, directory: Path, variables: dict[str, str]) -> None:
    run(directory, variables, sys.executable, "-W", "error", "-c", block.code)


def run_typescript(block: Block, directory: Path, variables: dict[str, str]) -> None:
    """Compile it, strictly, together with the client, and run it."""
    compiler = TYPESCRIPT / "node_modules/.bin/tsc"
    assert compiler.exists(), "TypeScript is missing: run `make test`, or `npm install` in clients/typescript"
    sources = directory / "typescript"
    sources.mkdir()
    (sources / "spectacle-client.ts").write_text((TYPESCRIPT / "spectacle-client.ts").read_text())
    (sources / "example.ts").write_text(block.code)
    (sources / "package.json").write_text('{"type": "module"}')
    (sources / "node_modules").symlink_to(TYPESCRIPT / "node_modules")
    options = json.loads((TYPESCRIPT / "tsconfig.json").read_text())["compilerOptions"]
    (sources / "tsconfig.json").write_text(json.dumps({"compilerOptions": options, "files": ["example.ts"]}))
    run(sources, variables, compiler)
    run(directory, variables, "node", sources / options["outDir"] / "example.js")


RUNNERS = {"sh": run_shell, "python": run_python, "ts": run_typescript}


def runnable(page: str) -> list[Block]:
    return [block for block in blocks(page, *RUNNERS) if block.skipped is None and block.file is None]


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, marks=[pytest.mark.models] if page == "docs/vector.md" else [])
        for page in PAGES
        if runnable(page)
    ],
)
def test_what_a_page_shows_works(page: str, tmp_path: Path) -> None:
    configuration, variables = sandbox(page, tmp_path)
    with running(tmp_path, configuration, name="spectacle", environment=variables) as daemon:
        for block in runnable(page):
            RUNNERS[block.language](block, tmp_path, variables)
        names = daemon.public()
    assert not [name for name in names if RequestName.parse(name) or name.endswith("-error.txt")]
    asked = any(re.search(r"submit|\.txt|Client", block.code) for block in runnable(page))
    assert not asked or [name for name in names if name.endswith((".png", ".svg"))]


@pytest.mark.parametrize("page", PAGES)
def test_only_what_a_sandbox_cannot_do_is_not_run(page: str) -> None:
    for block in blocks(page):
        assert block.language in LANGUAGES, f"{block}: nobody knows whether this runs"
        if block.skipped is not None:
            assert block.skipped, f"{block}: say why it is skipped"
            assert BEYOND_A_SANDBOX.search(block.code), f"{block}: nothing in it has to be skipped"


def test_the_pages_show_something_that_works() -> None:
    assert {block.language for block in runnable("README.md")} == RUNNERS.keys()
    assert runnable("docs/protocol.md")
    assert runnable("docs/generators.md")


# --- what is named --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    prose = read(page)
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        if not target.startswith("https://"):
            path, _, heading = target.partition("#")
            assert ((ROOT / page).parent / path).exists(), f"{page} links to {target}"
            assert not heading, f"{page} links to {target}: headings change, so link to pages"


@pytest.mark.parametrize("page", PAGES)
def test_every_command_and_option_that_is_shown_exists(page: str) -> None:
    context = click.Context(cli.main)
    for words in commands(page):
        command = cli.main if words[0].startswith("-") else cli.main.get_command(context, words[0])
        assert command is not None, f"{page}: spectacle {words[0]}"
        known = {name for parameter in command.params for name in [*parameter.opts, *parameter.secondary_opts]}
        known |= {"--help"}
        options = [word.partition("=")[0] for word in words if word.startswith("--")]
        assert known.issuperset(options), f"{page}: spectacle {' '.join(words)}"


@pytest.mark.parametrize("page", PAGES)
def test_every_setting_that_is_named_exists(page: str) -> None:
    leaves = {name.rpartition(".")[2] for name in SETTINGS}
    if page == "docs/architecture.md":
        leaves |= {path.stem for path in (ROOT / "spectacle").rglob("*.py")}
    for word in inline(page):
        name, equals, _ = word.partition(" = ")
        if re.fullmatch(r"SPECTACLE_[A-Z_]+", name) and "SECTION" not in name:
            assert name in VARIABLES, f"{page}: {word}"
        elif (section := re.fullmatch(r"\[(\w+)(\.\w+)?\]", name)) is not None:
            assert any(each.startswith(f"{section[1]}.") for each in SETTINGS), f"{page}: {word}"
        elif re.fullmatch(r"[a-z]+(_[a-z]+)+", name) or (equals and name.isidentifier()):
            assert name in leaves | PROGRESS | OPTIONS | FOREIGN, f"{page}: {word}"


def test_the_log_messages_in_the_operations_guide_are_the_daemons() -> None:
    sources = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "spectacle").rglob("*.py"))
    said = re.findall(r"(?:Log: |the log says |`…-error.txt` says a \w+ )`([^`]+)`", read("docs/operations.md"))
    assert len(said) > 5
    for message in said:
        assert message in sources, message


def test_the_architecture_page_names_every_module_once_and_no_other() -> None:
    page = read("docs/architecture.md").partition("## Where do I change")[0]
    named = re.findall(r"`(spectacle/[^`]+)`", page.partition("## Where things are")[2])
    described = ["spectacle", "spectacle/daemon", "spectacle/spool", "spectacle/worker"]
    modules = {
        path.relative_to(ROOT).as_posix()
        for folder in described
        for path in (ROOT / folder).glob("*.py")
        if path.name[:2] != "__"
    }
    assert all((ROOT / name).exists() for name in named)
    assert modules <= set(named)
    assert len(named) == len(set(named))


def test_the_modules_that_the_architecture_page_speaks_of_by_one_word_are_there() -> None:
    page = read("docs/architecture.md").partition("## One request, file by file")[2]
    modules = {path.stem for path in (ROOT / "spectacle").rglob("*.py")}
    words = set(re.findall(r"`([a-z_]+)`", page))
    assert words <= modules
    assert len(words) > 20


# --- what the protocol page says ------------------------------------------------------------------------------------


def protocol_table(first: str) -> list[str]:
    """The words between backticks in the first column of the table whose head begins with `first`."""
    rows = read("docs/protocol.md").partition(f"| {first} |")[2].partition("\n\n")[0].splitlines()[2:]
    return [word for row in rows for word in re.findall(r"`([^`]+)`", row.split("|")[1])]


def test_the_names_the_protocol_page_gives_are_requests_and_the_others_are_not() -> None:
    (block,) = (block for block in blocks("docs/protocol.md", "text") if ".txt\n" in block.code)
    names = block.code.split()
    assert len(names) == 4
    assert all(RequestName.parse(name) for name in names)
    foreign = [word for word in inline("docs/protocol.md") if re.fullmatch(r"\.?alice\S*-?\S*\.txt|notes\.txt", word)]
    assert len(foreign) == 4
    assert not any(RequestName.parse(name) for name in foreign)


def test_the_protocol_page_tells_which_kinds_are_reserved() -> None:
    paragraph = read("docs/protocol.md").partition("No kind can be called")[2].partition("because")[0]
    named = set(re.findall(r"`(\w+)`", paragraph)) | {f"input{number}" for number in range(2, 11)}
    assert named == RESERVED_KINDS


def test_the_protocol_page_tells_every_error_a_request_may_get() -> None:
    families = [errors.RequestError, errors.GeneratorError]
    codes = {error.code for family in families for error in [*family.__subclasses__()]}
    codes |= {errors.GeneratorError.code, errors.WorkerTimeout.code, errors.TooManyAttempts.code}
    assert set(protocol_table("code")) == codes - {"request-failed", "invalid-request"}


def test_the_protocol_page_tells_every_option_that_all_generators_take() -> None:
    assert set(protocol_table("option")) == set(GeneratorOptions.model_fields)


def test_the_protocol_page_shows_progress_as_clients_read_it() -> None:
    (block,) = blocks("docs/protocol.md", "json")
    progress = Progress.parse(block.code)
    assert progress is not None
    assert json.loads(block.code) == {name: getattr(progress, name) for name in PROGRESS}
