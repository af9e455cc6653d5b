"""The options of a kind by their JSON Schema: which there are, and fitting what clients of other servers send."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_TRUE, _FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off", "")


@dataclass(frozen=True, slots=True)
class OptionSchema:
    """What `STEM-options.json` may contain.

    Attributes:
        schema: The JSON Schema; None when it is not known.
    """

    schema: Mapping[str, Any] | None

    @property
    def names(self) -> list[str]:
        """The options that are known."""
        return sorted(self._properties)

    def has(self, name: str) -> bool:
        """Whether there is such an option; False when that is not known."""
        return name in self._properties

    def allows(self, name: str, value: object) -> bool:
        """Whether an option is one of several values, and this is among them."""
        return any(value in form.get("enum", ()) for form in self._forms(name))

    def first_of(self, *names: str) -> str | None:
        """The first of several names that is an option's."""
        return next((name for name in names if self.has(name)), None)

    def clamped(self, name: str, value: float) -> float:
        """A number, not beyond what the option allows."""
        for form in self._forms(name):
            if form.get("type") in ("integer", "number"):
                low, high = form.get("minimum"), form.get("maximum")
                value = value if high is None else min(value, high)
                value = value if low is None else max(value, low)
                return round(value) if form["type"] == "integer" else value
        return value

    def read(self, name: str, text: str) -> Any:
        """The value that a form field's text stands for: what the option's type says, else the text itself."""
        types = {form.get("type") for form in self._forms(name)}
        if "boolean" in types and text.strip().lower() in _TRUE + _FALSE:
            return text.strip().lower() in _TRUE
        for kind, convert in (("integer", int), ("number", float)):
            if kind in types:
                try:
                    return convert(text)
                except ValueError:
                    continue
        if types & {"array", "object"}:
            try:
                return json.loads(text)
            except (ValueError, RecursionError):
                return text
        return text

    def most(self, name: str) -> int:
        """The largest whole number that an option allows; 1 without such an option."""
        found = [form["maximum"] for form in self._forms(name) if isinstance(form.get("maximum"), int | float)]
        return int(max(found)) if found else 1

    @property
    def _properties(self) -> Mapping[str, Any]:
        found = (self.schema or {}).get("properties")
        return found if isinstance(found, dict) else {}

    def _forms(self, name: str) -> Iterator[Mapping[str, Any]]:
        """The alternatives of an option's schema."""
        definitions = (self.schema or {}).get("$defs", {})
        waiting, seen = [self._properties.get(name, {})], 0
        while waiting and seen < 50:
            form, seen = waiting.pop(0), seen + 1
            if not isinstance(form, dict):
                continue
            if "$ref" in form:
                waiting.append(definitions.get(str(form["$ref"]).rpartition("/")[2], {}))
            waiting += form.get("anyOf", [])
            yield form
