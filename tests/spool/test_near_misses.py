"""Names that look like requests are named with the reason, and nothing else is."""

from __future__ import annotations

import pytest

from spectacle.spool.near_misses import FURTHER, MAX_TOLD, merged, near_miss, near_misses, odd_names


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("u:alice.01-17-512x512.txt", "':' in the user"),
        ("alice-17-640X480.txt", "'X' in the size 640X480: use a lower-case x"),
        ("alice-17-640×480.txt", "'×' in the size"),
        ("José-1-64x64.txt", "'é' in the user"),
        ("alice-a b-64x64.txt", "' ' in the message ID"),
        ("alice-1-64x64.TXT", "the extension is '.TXT'"),
        ("alice-1-64x64.txt.txt", "the extension is '.txt.txt'"),
        ("alice-1-64x64-SVG.txt", "capitals in the kind 'SVG': use 'svg'"),
        ("alice-1-64x64 (1).txt", "' ' in the kind"),
        ("alice-1-64x64-2nd.txt", "'-2nd' after the size is not a kind"),
        ("alice-1-0064x64.txt", "the size 0064x64"),
        ("alice-1-640000x64.txt", "the size 640000x64"),
        ("alice-64x64.txt", "the user or the message ID is missing"),
        ("alice_1_64x64.txt", "the user or the message ID is missing"),
        ("-1-64x64.txt", "the user or the message ID is missing"),
        ("alice--1-64x64.txt", "malformed"),
        ("a" * 190 + "-1-64x64.txt", "202 bytes long: use at most 200"),
        ("al\udcffice-1-64x64.txt", "in the user"),
        ("alice-1-64x64.txt ", "' ' after '.txt': remove it"),
        ("alice-1-64x64.txt\r", "'\\r' after '.txt': remove it"),
        ("alice-1-64x64.txt\n", "'\\n' after '.txt': remove it"),
        ("alice-1-64x64.tXt", "the extension is '.tXt': use '.txt'"),
        ("alice-1-64x64", "no extension: add '.txt'"),
        ("alice-1-64x64-svg", "no extension: add '.txt'"),
        ("alice-1-64x64.md", "the extension is '.md': use '.txt'"),
        ("alice-1-64 x 64.txt", "' x ' in the size 64 x 64: use a lower-case x"),
        ("alice-1-64х64.txt", "in the size"),
        ("alice-1-６４x６４.txt", "use one to five digits 0 to 9"),
        ("alice-1-640x.txt", "the size 640x: use one such as 640x480"),
        ("alice-1-x480-svg.txt", "the size x480: use one such as 640x480"),
        ("alice-1-64x64.sync-conflict-20260101.txt", "after the size is not a kind"),
    ],
)
def test_a_near_miss_is_told_with_its_reason(name: str, reason: str) -> None:
    assert reason in (near_miss(name) or "")


@pytest.mark.parametrize(
    "name",
    [
        "alice-1-64x64.txt", "alice-1-64x64-svg.txt", "alice-1-64x64-error.txt", "alice-1-64x64.png", "notes.txt",
        "README.TXT", ".alice-1-64X64.txt", "alice-1-64x64.lock", "x.txt", "4x4.txt", "", "Makefile", "report-2026",
        "notes-2026-11-30.txt", "notes-1,5.txt", "alice-1-64x64.jpg", "alice-1-64x64-2.png", "alice-1-64x64.txt.part",
    ],
)  # fmt: skip
def test_requests_results_and_other_files_are_no_near_misses(name: str) -> None:
    assert near_miss(name) is None


@pytest.mark.parametrize("name", ["a-1-64x64.tXT", "a-1-64x64", "a-1-64x64-svg", "a-1-64x64.odt", "a-1-64x64.txt\r"])
def test_near_misses_are_found_among_names_that_do_not_end_as_requests_do(name: str) -> None:
    assert odd_names(["a-1-64x64.png", "a-1-64x64-error.txt", name, "a-1-64x64.lock"]) == [name]
    assert near_misses(odd_names([name]))


def test_only_so_many_are_told() -> None:
    names = [f"alice-{number}-64X64.txt" for number in range(100)]
    told = near_misses(names)
    assert len(told) == MAX_TOLD + 1
    assert told[-1] == FURTHER
    assert FURTHER not in near_misses(names[:MAX_TOLD])


def test_those_of_two_listings_are_told_as_one() -> None:
    names = [f"alice-{number}-64X64.txt" for number in range(100)]
    for count in (MAX_TOLD, MAX_TOLD + 1, 60, 100):
        told = merged(near_misses(names[:7]), near_misses(names[7:count]))
        assert len(told) == min(count, MAX_TOLD + 1)
        assert (FURTHER in told) == (count > MAX_TOLD)
    assert merged(near_misses(names), []).count(FURTHER) == 1
