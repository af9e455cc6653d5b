"""What a user may rely on when a drawing is turned into pixels."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cairosvg
import pytest
from PIL import Image, ImageChops

import spectacle
from spectacle.errors import GeneratorError, SpectacleError
from spectacle.svg import Rasteriser, clean_svg

NS = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
LEVELS = "".join(f'<g id="l{n + 1}">' + f'<use href="#l{n}"/>' * 10 + "</g>" for n in range(8))
ENDLESS = f'<g id="l0"><rect width="1" height="1"/></g>{LEVELS}<use href="#l8"/>'


@pytest.fixture(scope="module")
def rasteriser() -> Iterator[Rasteriser]:
    with Rasteriser(cpu_seconds=1) as rasteriser:
        yield rasteriser


def drawing(body: str, width: int = 40, height: int = 20) -> str:
    return f'<svg {NS} width="{width}" height="{height}" viewBox="0 0 {width} {height}">{body}</svg>'


def child_pid(rasteriser: Rasteriser) -> int:
    assert rasteriser._child
    return rasteriser._child.process.pid


def wait_until_ended(pid: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return
        if state in "ZX":
            return
        time.sleep(0.01)
    raise AssertionError(f"process {pid} still runs")


def test_a_drawing_becomes_a_picture_of_the_size_asked_for(rasteriser: Rasteriser) -> None:
    picture = rasteriser.render(drawing('<rect width="20" height="20" fill="#ff8000"/>'), 80, 40)
    assert (picture.mode, picture.size) == ("RGBA", (80, 40))
    assert picture.getpixel((10, 10)) == (255, 128, 0, 255)
    assert picture.getpixel((60, 10)) == (0, 0, 0, 0)


def test_colours_of_half_transparent_shapes_are_not_premultiplied(rasteriser: Rasteriser) -> None:
    picture = rasteriser.render(drawing('<rect width="40" height="20" fill="#fc8" opacity=".5"/>'), 40, 20)
    pixel = picture.getpixel((5, 5))
    assert isinstance(pixel, tuple)
    assert pixel[3] == 128
    assert all(abs(have - want) <= 1 for have, want in zip(pixel, (255, 204, 136), strict=False))


@pytest.mark.parametrize(("width", "height"), [(1, 1), (7, 300), (4096, 4096)])
def test_any_size_within_the_limits_is_drawn(rasteriser: Rasteriser, width: int, height: int) -> None:
    picture = rasteriser.render(drawing('<rect width="40" height="20"/>', width, height), width, height)
    assert picture.size == (width, height)


def test_every_shape_gets_the_stops_its_gradient_inherits(rasteriser: Rasteriser) -> None:
    gradients = (
        '<linearGradient id="a"><stop stop-color="red"/></linearGradient>'
        '<linearGradient id="b" xlink:href="#a" x2=".5"/><linearGradient id="c" href="#b"/>'
    )
    shapes = "".join(f'<rect x="{10 * n}" width="9" height="20" fill="url(#c)"/>' for n in range(4))
    picture = rasteriser.render(drawing(gradients + shapes), 40, 20)
    assert [picture.getpixel((10 * n + 4, 9)) for n in range(4)] == [(255, 0, 0, 255)] * 4


def test_repeated_use_draws_every_repeat(rasteriser: Rasteriser) -> None:
    body = '<defs><symbol id="s"><rect width="4" height="20" fill="blue"/></symbol></defs>'
    body += "".join(f'<use href="#s" x="{8 * n}"/>' for n in range(5))
    picture = rasteriser.render(drawing(body), 40, 20)
    assert [picture.getpixel((4 * n + 2, 9))[3] for n in range(10)] == [255, 0] * 5  # type: ignore[index]


def test_a_drawing_looks_as_cairosvg_draws_it(rasteriser: Rasteriser) -> None:
    body = (
        '<defs><symbol id="s" viewBox="0 0 4 4"><path d="M0 0h4v4z" fill="#08f"/><g id="inner"><circle r="2"/></g>'
        "</symbol>"
        '<g id="t" fill="red"><use href="#s" width="9" height="9" transform="rotate(9)"/>'
        '<rect width="3" height="3"/></g><linearGradient id="l"><stop stop-color="red"/>'
        '<stop offset="1" stop-color="blue" stop-opacity=".3"/>'
        '</linearGradient><clipPath id="c"><circle cx="20" cy="10" r="9"/></clipPath>'
        '<mask id="m" maskUnits="userSpaceOnUse"><rect width="30" height="15" fill="#fff"/></mask></defs>'
        '<rect width="40" height="20" fill="url(#l)"/><use href="#t" x="3" fill="green"/><use xlink:href="#t" y="5"/>'
        '<g clip-path="url(#c)" opacity=".7"><use href="#inner" x="20" y="10" fill="lime"/><use href="#none"/></g>'
        '<g mask="url(#m)"><use href="#w" y="12"/></g><text id="w" x="20" y="8" font-size="6">wörd</text>'
    )
    theirs = Image.open(io.BytesIO(cairosvg.svg2png(drawing(body).encode(), output_width=80, output_height=40)))
    ours = rasteriser.render(drawing(body), 80, 40)
    difference = ImageChops.difference(ours, theirs.convert("RGBA")).getextrema()
    assert max(most for _, most in difference) <= 1, "rounding when alpha is divided out"  # type: ignore[misc]


def test_one_warm_process_draws_drawing_after_drawing() -> None:
    with Rasteriser() as rasteriser:
        rasteriser.start()
        pid = child_pid(rasteriser)
        for _ in range(3):
            rasteriser.render(drawing("<g/>"), 4, 4)
        assert child_pid(rasteriser) == pid
    wait_until_ended(pid)


def test_the_process_is_replaced_after_a_number_of_drawings() -> None:
    with Rasteriser(renders_per_child=2) as rasteriser:
        pids = []
        for _ in range(4):
            rasteriser.render(drawing("<g/>"), 4, 4)
            pids.append(child_pid(rasteriser))
    assert pids[0] == pids[1] != pids[2] == pids[3]


def test_a_killed_process_is_replaced() -> None:
    with Rasteriser() as rasteriser:
        rasteriser.render(drawing("<g/>"), 4, 4)
        os.kill(child_pid(rasteriser), signal.SIGKILL)
        wait_until_ended(child_pid(rasteriser))
        assert rasteriser.render(drawing("<g/>"), 4, 4).size == (4, 4)


def test_a_drawing_that_takes_too_much_cpu_time_is_given_up() -> None:
    with Rasteriser(cpu_seconds=1) as rasteriser:
        with pytest.raises(GeneratorError, match="too much time to render"):
            rasteriser.render(drawing(ENDLESS), 40, 20)
        assert rasteriser.render(drawing("<g/>"), 4, 4).size == (4, 4)


def test_a_drawing_that_takes_too_long_is_given_up() -> None:
    with Rasteriser(wall_seconds=0.2) as rasteriser:
        rasteriser.render(drawing("<g/>"), 4, 4)
        pid = child_pid(rasteriser)
        with pytest.raises(GeneratorError, match="too much time to render"):
            rasteriser.render(drawing(ENDLESS), 40, 20)
        wait_until_ended(pid)


@pytest.mark.slow
def test_the_cpu_limit_is_for_each_drawing_not_for_all() -> None:
    small = drawing("<rect width='9' height='9'/>" * 500)  # a tenth of the limit, even on a slow machine
    with Rasteriser(cpu_seconds=1, renders_per_child=1000) as rasteriser:
        rasteriser.render(drawing("<g/>"), 4, 4)
        pid = child_pid(rasteriser)
        used = 0.0
        while used < 2.5:
            rasteriser.render(small, 40, 20)
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            used = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
            assert child_pid(rasteriser) == pid


def test_a_drawing_that_takes_too_much_memory_is_given_up() -> None:
    nested = '<g opacity=".9">' * 60 + '<rect width="9" height="9"/>' + "</g>" * 60
    with Rasteriser(memory=100 * 2**20) as rasteriser:
        with pytest.raises(GeneratorError, match="too much memory to render"):
            rasteriser.render(drawing(nested), 2048, 2048)
        assert rasteriser.render(drawing("<g/>"), 4, 4).size == (4, 4)
    with Rasteriser() as rasteriser:
        assert rasteriser.render(drawing(nested), 1024, 1024).size == (1024, 1024)


@pytest.mark.parametrize(("width", "height"), [(0, 5), (40_000, 5)])
def test_a_size_that_cairo_cannot_draw_is_refused(rasteriser: Rasteriser, width: int, height: int) -> None:
    with pytest.raises(GeneratorError, match="sides of 1 to 32767 pixels"):
        rasteriser.render(drawing("<g/>"), width, height)


HOSTILE = {
    "external entity": '<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg width="9" height="9">&x;</svg>',
    "internal entity": '<!DOCTYPE svg [<!ENTITY c "x">]><svg width="9" height="9"><text>&c;</text></svg>',
    "billion laughs": '<!DOCTYPE svg [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><svg width="9" height="9">&b;</svg>',
    "nested groups": f"<svg {NS} width='9' height='9'>" + "<g>" * 20_000 + "</g>" * 20_000 + "</svg>",
    "nested uses": drawing(ENDLESS),
    "circular use": drawing('<g id="a"><use href="#a"/></g>'),
    "circular pattern": drawing(
        '<pattern id="p" width="1" height="1"><rect width="9" height="9" fill="url(#p)"/></pattern>'
        '<rect width="9" height="9" fill="url(#p)"/>'
    ),
    "not a number": drawing('<rect width="9" height="9" opacity="lots"/>'),
    "no drawing": "<html/>",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_drawing_ends_in_a_clear_error_even_when_it_was_not_cleaned(
    rasteriser: Rasteriser, name: str
) -> None:
    with pytest.raises(GeneratorError) as caught:
        rasteriser.render(HOSTILE[name], 20, 20)
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 400
    if name != "not a number":  # cleaning drops the bad value
        with pytest.raises(GeneratorError):
            clean_svg(HOSTILE[name], width=20, height=20)


@pytest.mark.parametrize("href", ["file://{}", "{}", "http://127.0.0.1:9/x.png", "../x.png"])
@pytest.mark.parametrize("element", ["image", "use"])
def test_nothing_outside_the_drawing_is_read(rasteriser: Rasteriser, tmp_path: Path, href: str, element: str) -> None:
    target = tmp_path / "red.png"
    Image.new("RGB", (8, 8), "red").save(target)
    (tmp_path / "red.svg").write_text(drawing('<rect id="r" width="40" height="20" fill="red"/>'))
    where = href.format(target if element == "image" else f"{tmp_path}/red.svg#r")
    body = f'<{element} href="{where}" xlink:href="{where}" width="40" height="20"/>'
    try:
        picture = rasteriser.render(drawing(body), 40, 20)
    except GeneratorError:
        return
    assert picture.getextrema() == ((0, 0),) * 4


def test_filters_as_an_attack_are_not_drawn(rasteriser: Rasteriser) -> None:
    filtered = drawing(
        '<filter id="f"><feTurbulence numOctaves="100000"/><feGaussianBlur stdDeviation="1000000"/></filter>'
        '<rect width="40" height="20" filter="url(#f)"/>'
    )
    assert "filter" not in clean_svg(filtered, width=40, height=20)
    rasteriser.render(filtered, 40, 20)


def test_a_drawing_without_any_size_is_drawn_once_cleaned(rasteriser: Rasteriser) -> None:
    text = clean_svg(f"<svg {NS}><rect width='64' height='48' fill='lime'/></svg>", width=64, height=48)
    assert rasteriser.render(text, 64, 48).getextrema() == ((0, 0), (255, 255), (0, 0), (255, 255))


def test_a_huge_declared_size_does_not_matter(rasteriser: Rasteriser) -> None:
    text = clean_svg(
        f"<svg {NS} width='100000' height='100000'><rect width='1e5' height='1e5'/></svg>", width=9, height=9
    )
    assert rasteriser.render(text, 9, 9).getextrema() == ((0, 0), (0, 0), (0, 0), (255, 255))


def test_modules_in_the_working_directory_are_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cairosvg.py").write_text(f"open({str(tmp_path / 'taken')!r}, 'w')")
    monkeypatch.chdir(tmp_path)
    with Rasteriser() as rasteriser:
        rasteriser.render(drawing("<g/>"), 4, 4)
    assert not (tmp_path / "taken").exists()


def _child_command(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    popen = subprocess.Popen

    def start(command: list[str], **options: object) -> object:
        return popen([sys.executable, "-c", program, *command[4:]], **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "Popen", start)


def test_a_missing_libcairo_is_said_with_the_package_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    _child_command(
        monkeypatch,
        "import builtins, spectacle.svg.child as child\n"
        "real = builtins.__import__\n"
        "def missing(name, *a):\n"
        "    if name == 'spectacle.svg.drawing': raise OSError('no library called cairo was found\\nmore')\n"
        "    return real(name, *a)\n"
        "builtins.__import__ = missing\n"
        "child.main()",
    )
    with Rasteriser() as rasteriser, pytest.raises(SpectacleError) as caught:
        rasteriser.render(drawing("<g/>"), 4, 4)
    assert caught.value.message == "libcairo is missing. Install the Debian package libcairo2."
    assert caught.value.details == {"reason": "no library called cairo was found"}


def test_a_process_that_cannot_start_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    _child_command(monkeypatch, "raise SystemExit(3)")
    with Rasteriser() as rasteriser, pytest.raises(SpectacleError, match="did not start"):
        rasteriser.render(drawing("<g/>"), 4, 4)


def test_the_process_dies_with_its_parent() -> None:
    program = (
        "import os, signal\n"
        "from spectacle.svg import Rasteriser\n"
        "rasteriser = Rasteriser()\n"
        'rasteriser.render(\'<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"/>\', 4, 4)\n'
        "print(rasteriser._child.process.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    package = str(Path(spectacle.__file__).parent.parent)
    parent = subprocess.run(
        [sys.executable, "-c", program],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": package},
    )
    assert parent.returncode == -signal.SIGKILL
    wait_until_ended(int(parent.stdout))
