"""The page at `/` as a browser gets it, without a browser: what it is made of, and what it may load."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

httpx = pytest.importorskip("httpx")

PARTS = sorted(entry.name for entry in files("spectacle.gateway.page").iterdir() if not entry.name.startswith("_"))
PARTS = [name for name in PARTS if name.rpartition(".")[2] in ("css", "html", "js", "svg")]


def text(name: str) -> str:
    return (files("spectacle.gateway.page") / name).read_text(encoding="utf-8")


def test_the_page_is_at_the_root_and_may_load_nothing_from_elsewhere(client: httpx.Client) -> None:
    page = client.get("/")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    policy = dict(each.split(" ", 1) for each in page.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert (policy["script-src"], policy["style-src"], policy["connect-src"]) == ("'self'",) * 3
    assert policy["frame-ancestors"] == "'none'"
    assert client.head("/").status_code == 200


@pytest.mark.parametrize("name", PARTS)
def test_every_part_is_served_and_asked_for_again_only_when_it_has_changed(client: httpx.Client, name: str) -> None:
    path = "/" if name == "index.html" else f"/page/{name}"
    part = client.get(path)
    assert part.status_code == 200
    again = client.get(path, headers={"if-none-match": part.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("name", ["__init__.py", "nothing.js", "..%2Fcore.py", "%2e%2e/core.py"])
def test_nothing_else_of_the_package_is_served(client: httpx.Client, name: str) -> None:
    assert client.get(f"/page/{name}").status_code == 404


@pytest.mark.parametrize("name", PARTS)
def test_no_part_names_an_address_elsewhere_or_writes_markup_from_data(name: str) -> None:
    addresses = set(re.findall(r"https?://[^\s\"'`<>)]+", text(name))) - {"http://www.w3.org/2000/svg"}
    assert not addresses
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text(name))
    assert not re.search(r"\son\w+=|\sstyle=", text(name)) or name.endswith((".js", ".css"))


def test_every_part_that_is_named_exists() -> None:
    for name in PARTS:
        for named in re.findall(r'(?:from "\./|(?:src|href)="page/)([\w.-]+)"', text(name)):
            assert named in PARTS, f"{name} names {named}"


def test_every_element_that_a_module_asks_for_is_on_the_page() -> None:
    ids = set(re.findall(r'\sid="([\w-]+)"', text("index.html")))
    made = set(re.findall(r'\bid: "([\w-]+)"', "".join(text(name) for name in PARTS if name.endswith(".js"))))
    for name in PARTS:
        if name.endswith(".js"):
            assert set(re.findall(r'byId\("([\w-]+)"\)', text(name))) <= ids | made, name
