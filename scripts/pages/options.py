"""The tables of options on the generators' pages."""

from __future__ import annotations

import json

from spectacle.cli.generators import describe_options
from spectacle.generators import registry


def fill(page: str, name: str) -> str:
    """Put the table of a generator's options between its marks on the generator's page.

    Args:
        page: The page's text.
        name: The generator.
    """
    begin, end = f"<!-- options of {name} -->\n", "<!-- end of options -->"
    before, _, rest = page.partition(begin)
    _, _, after = rest.partition(end)
    return before + begin + _table(name) + end + after


def _table(name: str) -> str:
    rows = ["| option | allowed | default | meaning |", "|---|---|---|---|"]
    for option, about in describe_options(registry.find(name)).items():
        default = "" if about["default"] is None else f"`{json.dumps(about['default'], ensure_ascii=False)}`"
        rows.append(f"| `{option}` | {about['allowed']} | {default} | {about['summary']} |")
    return "\n".join(rows) + "\n"
