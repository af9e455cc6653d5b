"""What the documentation says is true: its commands and programs run, and what it names exists.

Blocks marked `sh`, `python` and `ts` are run in a sandbox with a daemon on `./spool`, all of one page in order, unless
a comment `<!-- test: skip REASON -->` stands before one. A block that is said to be the content of a file becomes that
file; any other one marked `toml` is part of the daemon's configuration.
"""

from __future__ import annotations

import ast
import dataclasses
import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import build_docs
import click
import pytest
from daemon_process import running
from documentation import PAGES, ROOT, Block, blocks, commands, inline, read

from spectacle import cli, config, errors
from spectacle.client import Progress
from spectacle.config import UNSETTING
from spectacle.generators import registry
from spectacle.generators.base import GeneratorOptions
from spectacle.spool.naming import RESERVED_KINDS, RESULT_EXTENSIONS, RequestName
from spectacle.worker.results import Provenance

LANGUAGES = {"sh", "python", "ts", "toml", "json", "text"}
TYPESCRIPT = ROOT / "clients/typescript"
BEYOND_A_SANDBOX = re.compile(
    r"\b(systemctl|systemd-sysusers|apt-get|usermod|make|git clone|pip install|docker|sky|ray start)\b|/etc/|/srv/"
    r"|spectacle (pull|prepare|train|doctor|weights --remove)|--kind"
)
"""What a test cannot do, or must not do to its machine: only blocks with such commands may be skipped."""

SETTINGS = (
    {".".join(keys) for keys, _ in config.fields()}
    | {f"kinds.NAME.{name}" for name in config.KindSettings.model_fields}
    | {f"loras.NAME.{name}" for name in config.LoraSettings.model_fields}
    | {f"models.NAME.{name}" for name in config.ModelSettings.model_fields}
    | {f"models.NAME.sizes.{name}" for name in config.SizeSettings.model_fields}
    | {f"models.NAME.presets.PRESET.{name}" for name in config.ModelPresetSettings.model_fields}
    | {f"models.NAME.loras.{name}" for name in config.ModelLoraSettings.model_fields}
)
OPTIONS = {name for each in registry.available() for name in registry.find(each).Options.model_fields}
FOREIGN = {
    "kind_details", "media_type", "options_schema", "weights_only", "zsh_source", "fish_source", "disable_hardlink",
    "dcache_timeout", "callback_url", "huggingface_hub", "image_url", "memory_allocated", "memory_reserved",
}  # fmt: skip
"""Names that other libraries have given, or that reports have."""
METRICS = {
    re.sub(r"_(bucket|sum|count)$", "", name)
    for path in (ROOT / "monitoring").iterdir()
    for name in re.findall(r"spectacle_[a-z_]+", path.read_text(encoding="utf-8"))
}
"""Names of metrics, which a test compares with those that are written."""
SOURCES = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "spectacle").rglob("*.py")))
METADATA = {
    *(field.name for field in dataclasses.fields(Provenance)),
    *re.findall(r'"(\w+)"(?::|\])', SOURCES),
    *re.findall(r"(?m)^    (\w+): (?:int|float|str|bool)\b", SOURCES),
    *re.findall(r'(?m)^    name = "(\w+)"', SOURCES),
}
"""Names of the metadata of results, of other JSON, and of MCP tools."""
OF_CODE = {
    "docs/how-to/write-a-generator.md",
    "docs/reference/python-client.md",
    "docs/explanation/architecture.md",
    "docs/explanation/coordination.md",
    "docs/reference/log-events.md",
    "docs/tutorial/first-request.md",
}
"""Pages that name parts of the code."""
PROGRESS = {field.name for field in dataclasses.fields(Progress)}
VARIABLES = {"SPECTACLE_" + name.replace(".", "_").upper() for name in SETTINGS} | set(UNSETTING)
VARIABLES |= set(
    re.findall(r"\$\{(SPECTACLE_\w+)", "".join(read(str(path)) for path in sorted(ROOT.glob("compose*.yaml"))))
)


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
        stderr=subprocess.STDOUT, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def run_shell(block: Block, directory: Path, variables: dict[str, str]) -> None:
    """What the block leaves running, such as a daemon, ends with it."""
    # A signal that comes before bash has begun the program in its new process is lost, so one is not enough.
    script = f"trap 'while kill $(jobs -pr) 2>/dev/null; do sleep 0.2; done; wait' EXIT\n{block.code}"
    run(directory, variables, "bash", "-euo", "pipefail", "-c", script)


def run_python(block: Block, directory: Path, variables: dict[str, str]) -> None:
    run(directory, variables, sys.executable, "-W", "error", "-c", block.code)


def run_typescript(block: Block, directory: Path, variables: dict[str, str]) -> None:
    """Compile it, strictly, together with the client, and run it."""
    compiler = TYPESCRIPT / "node_modules/.bin/tsc"
    assert compiler.exists(), "TypeScript is missing: run `make test`, or `npm install` in clients/typescript"
    sources = Path(tempfile.mkdtemp(prefix="typescript-", dir=directory))
    (sources / "spectacle-client.ts").write_text((TYPESCRIPT / "spectacle-client.ts").read_text())
    (sources / "example.ts").write_text(block.code)
    (sources / "package.json").write_text('{"type": "module"}')
    (sources / "node_modules").symlink_to(TYPESCRIPT / "node_modules")
    options = json.loads((TYPESCRIPT / "tsconfig.json").read_text())["compilerOptions"]
    (sources / "tsconfig.json").write_text(json.dumps({"compilerOptions": options, "files": ["example.ts"]}))
    run(sources, variables, compiler)
    run(directory, variables, "node", sources / options["outDir"] / "example.js")


WITH_MODELS = {
    "docs/how-to/http.md",
    "docs/how-to/vectorize.md",
    "docs/how-to/train.md",
    "docs/reference/generators/supersvg.md",
}
"""Pages that show what needs further libraries: those of models, or those of the gateway."""
FIRST = {"README.md", "docs/protocol.md"}
"""What a newcomer reads first. The commands of all other pages are run among the slow tests."""
ON_A_MACHINE_OF_THEIR_OWN = {"docs/how-to/worked-set-ups.md"}
"""Pages whose commands another test runs, on a copy of this machine: tests/test_worked_set_ups.py."""
RUNNERS = {"sh": run_shell, "python": run_python, "ts": run_typescript}


def runnable(page: str) -> list[Block]:
    return [block for block in blocks(page, *RUNNERS) if block.skipped is None and block.file is None]


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(
            page, marks=[pytest.mark.models] * (page in WITH_MODELS) + [pytest.mark.slow] * (page not in FIRST)
        )
        for page in PAGES
        if runnable(page) and page not in ON_A_MACHINE_OF_THEIR_OWN
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
    assert not asked or {f".{each}" for each in RESULT_EXTENSIONS} & {path.suffix for path in tmp_path.rglob("*")}


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
    assert runnable("docs/how-to/write-a-generator.md")
    assert all(runnable(f"docs/tutorial/{page}.md") for page in ("first-image", "first-request", "first-model"))


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
        for word in words[1:]:
            if isinstance(command, click.Group) and word in command.commands:
                command = command.commands[word]
        known = {name for parameter in command.params for name in [*parameter.opts, *parameter.secondary_opts]}
        known |= {"--help"}
        # `spectacle runpod` passes those of the package runpod on.
        own = (word for word in words if word.startswith("--") and not word.startswith(("--rp_", "--test_")))
        options = [word.partition("=")[0] for word in own]
        assert known.issuperset(options), f"{page}: spectacle {' '.join(words)}"


@pytest.mark.parametrize("page", PAGES)
def test_every_setting_that_is_named_exists(page: str) -> None:
    leaves = {name.rpartition(".")[2] for name in SETTINGS} | METADATA
    if page in OF_CODE:
        leaves |= set(re.findall(r"\w+", SOURCES)) | {path.stem for path in (ROOT / "spectacle").rglob("*.py")}
    for word in inline(page):
        name, equals, _ = word.partition(" = ")
        if re.fullmatch(r"SPECTACLE_[A-Z_]+", name) and "SECTION" not in name:
            assert name in VARIABLES, f"{page}: {word}"
        elif (section := re.fullmatch(r"\[(\w+)(\.\w+)*\]", name)) is not None:
            assert any(each.startswith(f"{section[1]}.") for each in SETTINGS), f"{page}: {word}"
        elif re.fullmatch(r"[a-z]+(_[a-z]+)+", name) or (equals and name.isidentifier()):
            assert name in leaves | PROGRESS | OPTIONS | FOREIGN | METRICS, f"{page}: {word}"


def test_the_messages_in_the_troubleshooting_guide_are_those_of_the_program() -> None:
    said = re.findall(
        r"(?:Log: |the log says |`…-error.txt` says (?:a|of a) \w+ )`([^`]+)`", read("docs/how-to/troubleshoot.md")
    )
    assert len(said) > 5
    for message in said:
        assert message in SOURCES, message


def test_the_log_reference_lists_every_event_with_its_level_and_no_other() -> None:
    logged = set()
    for call in ast.walk(ast.parse(SOURCES.replace("from __future__ import annotations", ""))):
        if (
            isinstance(call, ast.Call)
            and isinstance(call.func, ast.Attribute)
            and ast.unparse(call.func.value) == "log"
        ):
            level = {"exception": "error"}.get(call.func.attr, call.func.attr)
            logged |= {(event, level) for event in events(call.args[0])}
    listed = re.findall(r"(?m)^\| `([^`]+)` \| (debug|info|warning|error) \|", read("docs/reference/log-events.md"))
    assert len(listed) == len(set(listed))
    assert set(listed) == logged


def events(argument: ast.expr) -> set[str]:
    """The events that the first argument of a call on a log can be."""
    if isinstance(argument, ast.IfExp):
        return events(argument.body) | events(argument.orelse)
    if isinstance(argument, ast.Constant):
        return {argument.value}
    assert ast.unparse(argument) == "result.name.lower()"
    return {"answered", "refused", "cancelled"}


def test_the_architecture_page_names_every_module_once_and_no_other() -> None:
    page = read("docs/explanation/architecture.md").partition("## Where to change what")[0]
    named = re.findall(r"`(spectacle/[^`]+)`", page.partition("## Modules")[2])
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
    page = read("docs/explanation/architecture.md").partition("## Life of a request")[2]
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
    foreign = [word for word in inline("docs/protocol.md") if re.fullmatch(r"\.?alice\S*\.txt|notes\.txt", word)]
    assert len(foreign) == 4
    assert not any(RequestName.parse(name) for name in foreign)


def test_the_protocol_page_tells_which_kinds_are_reserved() -> None:
    paragraph = read("docs/protocol.md").partition("The kinds ")[2].partition("reserved")[0]
    named = set(re.findall(r"`(\w+)`", paragraph)) | {f"input{number}" for number in range(2, 11)}
    assert named == RESERVED_KINDS


def test_the_protocol_page_tells_every_error_a_request_may_get() -> None:
    families = [errors.RequestError, errors.GeneratorError]
    codes = {error.code for family in families for error in [*family.__subclasses__()]}
    codes |= {errors.GeneratorError.code, errors.WorkerTimeout.code, errors.TooManyAttempts.code}
    codes |= {errors.SigningFailed.code}
    assert set(protocol_table("code")) == codes - {"request-failed", "invalid-request"}


def test_the_protocol_page_tells_every_option_that_all_generators_take() -> None:
    assert set(protocol_table("option")) == set(GeneratorOptions.model_fields)


def test_the_protocol_page_shows_progress_as_clients_read_it() -> None:
    (block,) = blocks("docs/protocol.md", "json")
    progress = Progress.parse(block.code)
    assert progress is not None
    assert json.loads(block.code) == {name: getattr(progress, name) for name in PROGRESS}


# --- what is generated, and how the pages hang together -------------------------------------------------------------

GENERATOR_HEADINGS = ["Requirements", "Quick start", "Presets", "Options", "Metadata", "Limitations"]


def test_what_is_generated_from_code_is_up_to_date() -> None:
    stale = [str(path) for path, text in build_docs.build().items() if path.read_text(encoding="utf-8") != text]
    assert not stale, "run `.venv/bin/python scripts/build_docs.py`"


def test_every_generator_has_a_page_with_the_same_headings() -> None:
    pages = [page for page in PAGES if page.startswith("docs/reference/generators/")]
    assert {Path(page).stem for page in pages} == set(registry.available()) - {"test-double"}
    for page in pages:
        headings = re.findall(r"(?m)^## (.+)$", read(page))
        assert headings == GENERATOR_HEADINGS, page


def test_every_page_can_be_reached_from_the_way_in() -> None:
    reached, left = set(), ["README.md"]
    while left:
        page = left.pop()
        if page not in reached:
            reached.add(page)
            folder = (ROOT / page).parent
            targets = re.findall(r"\]\(([^)\s]+\.md)\)", read(page))
            left += [(folder / each).resolve().relative_to(ROOT).as_posix() for each in targets]
    assert set(PAGES) == reached
    listed = {(ROOT / "docs" / each).resolve() for each in re.findall(r"\]\(([^)\s]+\.md)\)", read("docs/README.md"))}
    assert {ROOT / page for page in PAGES if page.startswith("docs/") and page != "docs/README.md"} <= listed


def test_pages_that_messages_units_and_clients_point_to_exist() -> None:
    places = [ROOT / "Makefile", ROOT / "pyproject.toml", ROOT / ".ci/run", ROOT / "spectacle.toml"]
    for folder, endings in (("spectacle", "py toml"), ("systemd", "service example conf"), ("scripts", "py"),
                            ("clients", "ts"), ("tests", "py"), ("benchmarks", "py")):  # fmt: skip
        for ending in endings.split():
            places += [each for each in (ROOT / folder).rglob(f"*.{ending}") if "node_modules" not in each.parts]
    for place in places:
        for page in re.findall(r"\bdocs/[\w/.-]+\.md\b", place.read_text(encoding="utf-8")):
            assert (ROOT / page).exists(), f"{place}: {page}"


QUESTIONS = [
    ("How do I get a PNG and not an SVG?", "png svg", "docs/protocol.md", "option|`true` also writes a PNG"),
    ("How do I run it at boot?", "starts boot", "docs/how-to/service.md", "service"),
    ("Why does my request stay .txt?", "request stays .txt", "docs/how-to/troubleshoot.md", "spectacle status"),
    ("Which model fits a GPU of 8 GB?", "8 GB", "docs/how-to/choose-a-model.md", "int8, streamed"),
    ("How do I delete old results?", "delete old results", "docs/how-to/maintain.md", "gc --older-than"),
    ("Can two machines share a spool?", "hosts one spool", "docs/how-to/nfs-and-several-hosts.md", "share the work"),
    ("Is my prompt logged?", "prompts log", "docs/how-to/maintain.md", "only at the level `debug`"),
    ("How do I change the port?", "port", "docs/how-to/choose-a-model.md", "opens no network port"),
    ("How do I uninstall it?", "uninstall", "docs/how-to/maintain.md", "pip uninstall|systemctl disable"),
    ("What do I need a backup of?", "backup", "docs/how-to/maintain.md", "configuration file"),
    ("How do I upgrade?", "upgrade", "docs/how-to/upgrade.md", "one host after another"),
    ("What do I do when it is out of memory?", "out memory", "docs/README.md", "fit-a-model-into-memory.md"),
    ("Permission denied: why?", "permission denied", "docs/how-to/troubleshoot.md", "compare `id spectacle`"),
    ("My job timed out: what now?", "timed out", "docs/how-to/troubleshoot.md", "raise `job`"),
    ("Why is my prompt truncated?", "truncated prompt", "docs/protocol.md", "4,000 characters"),
    ("Does it use polling?", "polling", "docs/how-to/nfs-and-several-hosts.md", "`poll_interval`"),
    ("Does the limit of my cgroup count?", "cgroup limit", "docs/how-to/fit-a-model-into-memory.md", "counts like"),
    ("Which metadata field names the model?", "metadata", "docs/reference/options-and-metadata.md", "JSON object"),
    ("How do I cancel a request?", "cancel delete", "docs/protocol.md", "`STEM.txt`"),
    ("How do I make the same image again?", "image again", "docs/reference/options-and-metadata.md", "spectacle again"),
    ("Does my AMD GPU work?", "AMD GPU", "docs/how-to/install.md", "not been tried"),
    ("Is there a Docker image?", "image published", "docs/how-to/container.md", "locked requirements"),
    ("Does it work offline?", "offline", "docs/how-to/weights.md", "--from"),
    ("Does it run on Windows?", "windows", "docs/how-to/choose-a-model.md", "needs Linux"),
    ("Can I use the images commercially?", "commercial", "README.md", "qwen-image-2.1"),
    ("Where is the log file?", "log file", "docs/how-to/monitor.md", "standard error"),
    ("Is there a filter for NSFW content?", "NSFW", "docs/how-to/choose-a-model.md", "`sanitize.blocked`"),
    ("What is a conditioning image?", "conditioning image", "docs/reference/glossary.md", "STEM-control.png"),
    ("How full may the disk be?", "disk free", "docs/how-to/monitor.md", "min_free"),
    ("How do I wait for a result in my language?", "wait list", "docs/protocol.md", "second"),
]
"""What a newcomer asks, the words they would search for, and the page and the words of the answer."""


def passages(page: str) -> list[str]:
    """The paragraphs, list items and rows of tables of a page."""
    return [
        part
        for part in re.split(r"\n\s*\n|\n(?=\s*(?:[-|]|\d+\.) ?)", read(page))
        if part.strip() and "|---" not in part
    ]


@pytest.mark.parametrize(("question", "search", "page", "answer"), QUESTIONS)
def test_a_search_for_a_newcomers_words_finds_the_answer(question: str, search: str, page: str, answer: str) -> None:
    assert question.endswith("?")
    found = [
        each
        for each in passages(page)
        if all(re.search(re.escape(word), each, re.IGNORECASE) for word in search.split())
    ]
    assert any(re.search(answer, each) for each in found), found
