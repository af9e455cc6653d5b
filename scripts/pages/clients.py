"""The references of the clients, from their docstrings and doc comments."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

from spectacle import client

_PYTHON = """\
# Python client

<!-- Generated from the docstrings of spectacle/client/ by scripts/build_docs.py; do not edit. -->

```python
from spectacle.client import generate

print(generate("spool", "a red fox in the snow", width=640, height=480, timeout=60).primary)
```

In two steps, so that the program can do something else in between or wait again:

```python
from spectacle.client import submit, wait

ticket = submit("spool", "a red fox in the snow", width=640, height=480)
print(wait(ticket, timeout=60).primary)
```

Without blocking an event loop, with `generate_async`, or with `submit_async`, `wait_async` and `cancel_async`:

```python
import asyncio

from spectacle.client import generate_async


async def main() -> None:
    requests = (generate_async("spool", prompt, width=320, height=240, timeout=60) for prompt in ("a fox", "an owl"))
    for result in await asyncio.gather(*requests):
        print(result.primary)


asyncio.run(main())
```

If `generate` is interrupted by Ctrl-C, it cancels the request. SIGTERM ends a Python program immediately, and the
request stays, unless the program turns the signal into an exception:

```python
import signal
import sys

signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
```

The module `spectacle.client` needs only the standard library. On a host that runs no daemon, install the package
without its dependencies, in the clone:

<!-- test: skip pip install would need a package index -->
```sh
pip install --no-deps .
```

The [tutorial](../tutorial/first-request.md) introduces it.
"""

_TYPESCRIPT = """\
# TypeScript client

<!-- Generated from clients/typescript/spectacle-client.ts by scripts/build_docs.py; do not edit. -->

Copy [`spectacle-client.ts`](../../clients/typescript/spectacle-client.ts) into your program: one file without
dependencies, for Node 20 and later.

```ts
import { cancel, submit, wait } from './spectacle-client.js';

const ticket = await submit('spool', { prompt: 'a red fox in the snow', width: 640, height: 480 });
try {
    console.log((await wait(ticket, { timeoutMs: 60_000 })).paths);
} catch (error) {
    await cancel(ticket);
    throw error;
}
```

A program that a signal ends while it waits leaves its request in the spool. To cancel it, abort the wait:

```ts
import { generate } from './spectacle-client.js';

const ending = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(name, () => ending.abort(new Error(`${name}: the request was cancelled`)));
}
const request = { prompt: 'a red fox in the snow', width: 640, height: 480 };
console.log((await generate('spool', request, { signal: ending.signal })).primary);
```

How the import is written depends on what runs your program:

| program | import from |
|---|---|
| CommonJS (no `"type": "module"` in `package.json`): `tsc`, ts-node, tsx | `./spectacle-client` |
| ES modules (`"type": "module"`): `tsc`, tsx | `./spectacle-client.js` |
| ES modules whose source Node runs itself (22.18 or later); Deno, Bun | `./spectacle-client.ts` |

CommonJS has no `await` outside functions. Deno needs `--allow-read` and `--allow-write` for the spool, and
`--allow-sys` unless you set `user`. The tests compile both kinds of modules for Node, and run the source under Deno 2.9
and Bun 1.4. ts-node (CommonJS), tsx and Node 24 were tried by hand. The [tutorial](../tutorial/first-request.md)
introduces it.
"""

_ORDER = (
    *("generate", "submit", "wait", "cancel", "generate_async", "submit_async", "wait_async", "cancel_async"),
    "new_message_id",
)
_EXPORTED = re.compile(
    r"^(?:/\*\*(?P<doc>(?:(?!\*/).)*?)\*/\n)?export "
    r"(?P<head>(?:async function|abstract class|class|interface|type) (?P<name>\w+)[^\n]*)\n"
    r"(?P<body>.*?)^(?=\}|/\*\*|export|const|async|function)",
    re.MULTILINE | re.DOTALL,
)
_FIELDS = re.compile(r"^(Args|Attributes|Returns|Raises):$", re.MULTILINE)


def python() -> str:
    """The page `docs/reference/python-client.md`."""
    functions = [name for name in _ORDER if name in client.__all__]
    classes = sorted(set(client.__all__) - set(functions))
    errors = [name for name in classes if issubclass(getattr(client, name), Exception)]
    values = [name for name in classes if name not in errors]
    parts = [_PYTHON]
    for title, names in (("Functions", functions), ("Values", values), ("Exceptions", errors)):
        parts.append(f"## {title}\n")
        parts += [_python_section(name) for name in names]
    return "\n".join(parts)


def _python_section(name: str) -> str:
    found = getattr(client, name)
    lines = [f"### {name}\n"]
    if inspect.isfunction(found):
        lines.append(f"```text\n{_signature(name, found)}\n```\n")
    elif issubclass(found, Exception):
        lines.append(f"Code: [`{found.code}`](error-codes.md).\n")
    return "\n".join([*lines, _as_markdown(inspect.getdoc(found) or "")])


def _signature(name: str, function: object) -> str:
    """As it stands in the source, on several lines."""
    source = inspect.getsource(function)  # type: ignore[arg-type]
    (node,) = ast.parse(source).body
    assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    lines = source.splitlines()[: node.body[0].lineno - 1]
    return "\n".join(lines).removesuffix(":")


def _as_markdown(docstring: str) -> str:
    """A docstring whose sections `Args` and the like become lists."""
    head, *sections = _FIELDS.split(docstring)
    text = head.strip() + "\n"
    for title, body in zip(sections[::2], sections[1::2], strict=True):
        items = "\n".join(_items(inspect.cleandoc("\n" + body.rstrip()), listed=title != "Returns"))
        text += f"\n{title}:\n\n{items}\n"
    return text


def _items(body: str, *, listed: bool) -> Iterator[str]:
    if not listed:
        yield body
        return
    for line in body.splitlines():
        name = re.match(r"(\w+): ", line)
        yield f"- `{name[1]}`: {line[name.end() :]}" if name else f"  {line.strip()}"


def typescript(source: Path) -> str:
    """The page `docs/reference/typescript-client.md`.

    Args:
        source: The client.
    """
    code = source.read_text(encoding="utf-8")
    exported = _EXPORTED.finditer(code)
    kinds: dict[str, list[str]] = {"Functions": [], "Types": [], "Classes": []}
    for match in exported:
        head = match["head"]
        title = "Functions" if "function" in head else "Classes" if "class " in head else "Types"
        kinds[title].append(_typescript_section(match["name"], head, match["doc"] or "", match["body"]))
    parts = [_TYPESCRIPT]
    for title, sections in kinds.items():
        parts += [f"## {title}\n", *sections]
    return "\n".join(parts)


def _typescript_section(name: str, head: str, doc: str, body: str) -> str:
    text = "\n".join(line.strip().removeprefix("*").strip() for line in doc.strip().splitlines())
    text = re.sub(r"(?m)^@throws (.*)$", r"Throws: \1", text)
    text = re.sub(r"(?m)^@returns (.*)$", r"Returns: \1", text)
    parts = [f"### {name}\n"]
    if text:
        parts.append(f"{text}\n")
    if "function" in head or head.startswith("type"):
        parts.append(f"```text\n{head.removeprefix('async ').rstrip(' {;')}\n```\n")
    elif "interface" in head:
        parts.append("\n".join(_members(body)) + "\n")
    elif (base := re.search(r"extends (\w+)", head)) is not None and "super(message, '" in body:
        code = re.search(r"super\(message, '([\w-]+)'\)", body)
        assert code is not None
        parts.append(f"A `{base[1]}` with the code [`{code[1]}`](error-codes.md).\n")
    return "\n".join(parts)


def _members(body: str) -> Iterator[str]:
    """The fields of an interface, with the comment before each."""
    comment = ""
    for line in body.splitlines():
        stripped = line.strip()
        if stripped.startswith("/**"):
            comment = ""
        if stripped.startswith(("/**", "*")):
            comment = f"{comment} {stripped.removeprefix('/**').removesuffix('*/').lstrip('*').strip()}".strip()
        elif field := re.match(r"(?:readonly )?(\w+\??): (.*);$", stripped):
            kind = field[2].replace("|", "\\|") if "`" in field[2] else field[2]
            yield f"- `{field[1]}: {kind}`" + (f" – {comment}" if comment else "")
            comment = ""
