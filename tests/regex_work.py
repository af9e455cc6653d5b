"""Has every regular expression of some modules search texts that are bad for backtracking, each within a few seconds.

Prints the name of each before it is tried. Ends with SIGXCPU at one that takes too long.
"""

from __future__ import annotations

import importlib
import json
import re
import resource
import sys
from collections.abc import Iterator

LENGTH = 64 * 1024
SECONDS = 8
"""Processor time for all texts of one expression. Those of linear time take a tenth of a second, others minutes."""

_UNITS = [
    *("a", "A", "1", " ", "\t", "_", "-", "--", ".", ",", "'", '"', "/", "\\", "<", ">", "(", ")", "[", "]", "{", "|"),
    *("#", "%", "&", "+", "*", ":", ";", "=", "!", "@", "\n", "\u200d", "\ufe0f", "\u0301", "寿", "ü", "😀", "🇩🇪"),
    *("a ", "a,", "a'a", "a-", "1.", "1e", "1 1", "-1", ".1", "a1", "<a", "</", "/*", "*/", "url(", "url(#a", " ,"),
    *("--a ", "<|", "[/", "a.", "hey ", "ok, ", "can you ", "a picture ", "the ", "rgb(1,", "matrix(1 ", "rotate(1) "),
]


def texts(source: str) -> Iterator[str]:
    """Texts of `LENGTH` characters: what the expression may take many of, and an end that it may not like."""
    words = re.findall(r"[A-Za-z0-9_]{2,}", source)[:12]
    for unit in sorted({*_UNITS, *(word + end for word in words for end in ("", " ", "-", "("))}):
        row = unit * (LENGTH // len(unit))
        for start, end in (("", ""), ("", "!"), ("#", "x"), ("a-1-64x64", "\0")):
            yield start + row + end


def main() -> None:
    """Try the expressions that a JSON object on standard input gives, by module and name, each as it is used."""
    for name, uses in json.load(sys.stdin).items():
        module = importlib.import_module(name)
        for attribute, use in uses.items():
            print(f"{name}.{attribute}", flush=True)
            try_out(getattr(module, attribute), use)


def try_out(pattern: re.Pattern[str] | re.Pattern[bytes], use: str) -> None:
    """Apply an expression to all texts as its method `use` does."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(used.ru_utime + used.ru_stime) + 1 + SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.getrlimit(resource.RLIMIT_CPU)[1]))
    is_text = isinstance(pattern.pattern, str)
    for text in texts(pattern.pattern if is_text else pattern.pattern.decode("latin-1")):
        subject = text if is_text else text.encode()
        if use == "sub":
            pattern.sub("" if is_text else b"", subject)
        else:
            getattr(pattern, use)(subject)


if __name__ == "__main__":
    main()
